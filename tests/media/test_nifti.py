"""NIfTI files, written by nibabel from phantoms with known places and values."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest
from media_phantoms import told
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

from radbench.errors import MediaError
from radbench.media import Image, Reader
from radbench.sample import Media

LPS = np.diag([-1.5, -2.0, 4.0, 1.0])  # affine whose array axes are x to the left, y to the back, z to the head


def save(path: Path, stored: np.ndarray, affine: np.ndarray | None = LPS, **header: object) -> None:
    image = nibabel.Nifti1Image(stored, affine)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)


def load(root: Path, path: str, **media: object) -> Image:
    return Reader({"here": root}).load(Media(name="here", path=path, ndim=3, **media))


def test_axes_and_spacing_are_z_y_x(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", told().T)
    image = load(tmp_path, "a.nii.gz")
    assert np.array_equal(image.array, told())
    assert (image.spacing_mm, image.unit, image.notes) == ((4.0, 2.0, 1.5), "raw", ())


@pytest.mark.parametrize("codes", ["".join(c) for p in itertools.permutations(["LR", "PA", "SI"]) for c in itertools.product(*p)])
def test_every_one_of_the_48_orientations_gives_the_same_volume(tmp_path: Path, codes: str) -> None:
    transform = ornt_transform(axcodes2ornt("LPS"), axcodes2ornt(codes))
    stored = nibabel.orientations.apply_orientation(told().T, transform)
    save(tmp_path / "a.nii", stored, LPS @ inv_ornt_aff(transform, told().T.shape))
    image = load(tmp_path, "a.nii")
    assert np.array_equal(image.array, told())
    assert image.spacing_mm == (4.0, 2.0, 1.5)


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.array([[[0, 255]]], np.uint8), LPS)
    image.header.set_slope_inter(2.0, 1.0)
    (tmp_path / "a.nii").write_bytes(image.to_bytes())
    assert load(tmp_path, "a.nii").array.ravel().tolist() == nibabel.load(tmp_path / "a.nii").get_fdata().ravel().tolist()


def test_whole_shifts_stay_16_bit_and_a_ct_below_air_is_in_hounsfield_units(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.array([[[24, 1024]]], np.int16), LPS)
    image.header.set_slope_inter(1.0, -1024.0)
    (tmp_path / "a.nii").write_bytes(image.to_bytes())
    loaded = load(tmp_path, "a.nii", modality="CT")
    assert (loaded.array.dtype, loaded.array.min(), loaded.unit, loaded.modality) == (np.int16, -1000, "HU", "CT")
    assert load(tmp_path, "a.nii", modality="MR").unit == "raw"


def test_of_a_4d_file_the_first_or_the_named_volume_is_read(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", np.stack([told().T, told().T + 1000], axis=-1))
    assert np.array_equal(load(tmp_path, "a.nii.gz").array, told())
    assert load(tmp_path, "a.nii.gz").notes == ("the first of 2 volumes",)
    assert np.array_equal(load(tmp_path, "a.nii.gz#1").array, told() + 1000)
    assert load(tmp_path, "a.nii.gz#1").notes == ()
    with pytest.raises(MediaError, match=r"a\.nii\.gz#2.*#2 is asked for, and it holds 2"):
        load(tmp_path, "a.nii.gz#2")


def test_big_endian_and_nifti_2_are_read(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    (tmp_path / "a.nii").write_bytes(nibabel.Nifti1Image(told().T, LPS, header).to_bytes())
    (tmp_path / "b.nii").write_bytes(nibabel.Nifti2Image(told().T, LPS).to_bytes())
    for name in ("a.nii", "b.nii"):
        image = load(tmp_path, name)
        assert np.array_equal(image.array, told())
        assert image.array.dtype == np.dtype("=i2")


def test_colour_codes_become_rgb_or_grey_where_all_channels_agree(tmp_path: Path) -> None:
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    grey = told().astype(np.uint8).T
    coloured = np.empty(grey.shape, rgb)
    for name in "RGB":
        coloured[name] = grey
    save(tmp_path / "grey.nii", coloured)
    coloured["R"] = 7
    save(tmp_path / "red.nii", coloured)
    assert np.array_equal(load(tmp_path, "grey.nii").array, told().astype(np.uint8))
    red = load(tmp_path, "red.nii")
    assert (red.unit, red.array.shape, red.ndim) == ("rgb", (5, 4, 3, 3), 3)
    assert set(red.array[..., 0].ravel()) == {7}
    assert np.array_equal(red.array[..., 2], told().astype(np.uint8))


def test_without_an_affine_the_order_stays_and_is_called_unknown(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", told().T, None, pixdim=[1, 1.5, 2, 4, 0, 0, 0, 0], sform_code=0, qform_code=0)
    image = load(tmp_path, "a.nii")
    assert np.array_equal(image.array, told())
    assert image.spacing_mm == (4.0, 2.0, 1.5)
    assert image.notes == ("orientation unknown: axes in the file's order",)


def test_a_singular_affine_gives_no_spacing(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", told().T, LPS, srow_x=[0, 0, 0, 0])
    header = nibabel.load(tmp_path / "a.nii").header
    assert header["sform_code"] > 0
    data = bytearray((tmp_path / "a.nii").read_bytes())
    data[280:296] = bytes(16)  # srow_x, which nibabel writes anew when saving
    (tmp_path / "a.nii").write_bytes(data)
    image = load(tmp_path, "a.nii")
    assert image.spacing_mm is None
    assert "its affine is singular or absurd: spacing unknown" in image.notes


def test_spacing_in_other_units_comes_in_mm(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(told().T, LPS / 1000)
    image.header.set_xyzt_units("meter")
    (tmp_path / "a.nii").write_bytes(image.to_bytes())
    assert load(tmp_path, "a.nii").spacing_mm == (4.0, 2.0, 1.5)


def test_the_display_range_of_the_header_is_the_window(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", told().T, cal_min=100, cal_max=300)
    assert load(tmp_path, "a.nii").window == (200.0, 200.0)


def test_values_that_are_not_finite_become_the_lowest_and_are_counted(tmp_path: Path) -> None:
    stored = told().T.astype(np.float32)
    stored[0, 0, 0], stored[1, 0, 0] = np.nan, np.inf
    save(tmp_path / "a.nii", stored)
    image = load(tmp_path, "a.nii")
    assert image.array[0, 0, :2].tolist() == [2.0, 2.0]
    assert image.notes == ("2 values are not finite: set to the lowest",)
    save(tmp_path / "b.nii", np.full((2, 2, 2), np.nan, np.float32))
    with pytest.raises(MediaError, match="not one of its values is finite"):
        load(tmp_path, "b.nii")


def test_complex_values_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", told().T.astype(np.complex64))
    with pytest.raises(MediaError, match="complex"):
        load(tmp_path, "a.nii")


def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", told().T)
    whole = (tmp_path / "a.nii").read_bytes()
    (tmp_path / "a.nii").write_bytes(whole[:-1])
    with pytest.raises(MediaError, match="cut off: 119 of 120 bytes"):
        load(tmp_path, "a.nii")
    packed = gzip.compress(whole)
    for damaged in (packed[:-1], packed[:-8] + bytes(8), packed[: len(packed) // 2]):
        (tmp_path / "b.nii.gz").write_bytes(damaged)
        with pytest.raises(MediaError, match="damaged or cut off"):
            load(tmp_path, "b.nii.gz")


def test_a_header_that_promises_too_much_is_refused_before_reading(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", told().T)
    data = bytearray((tmp_path / "a.nii").read_bytes())
    data[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    (tmp_path / "a.nii").write_bytes(data)
    with pytest.raises(MediaError, match="the limit is 4 GiB"):
        load(tmp_path, "a.nii")
