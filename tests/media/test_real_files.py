"""Real files: those that ship inside the pydicom and nibabel wheels, and the shared ones where they are present."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from radbench.errors import MediaError, MissingPackageError
from radbench.media import Image, Reader
from radbench.sample import Media

WHEELS = {
    "pydicom": Path(pydicom.__file__).parent / "data" / "test_files",
    "nibabel": Path(nibabel.__file__).parent / "tests" / "data",
}


def load(name: str, path: str, ndim: int = 2, modality: str = "") -> Image:
    return Reader(WHEELS).load(Media(name=name, path=path, ndim=ndim, modality=modality))


@pytest.mark.parametrize(
    ("path", "shape", "unit", "modality"),
    [
        ("CT_small.dcm", (128, 128), "HU", "CT"),
        ("MR_small.dcm", (64, 64), "raw", "MR"),
        ("MR_small_implicit.dcm", (64, 64), "raw", "MR"),
        ("MR_small_bigendian.dcm", (64, 64), "raw", "MR"),
        ("MR_small_RLE.dcm", (64, 64), "raw", "MR"),
        ("MR_small_jp2klossless.dcm", (64, 64), "raw", "MR"),
        ("JPEG2000.dcm", (1024, 256), "raw", "NM"),
        ("J2K_pixelrep_mismatch.dcm", (512, 512), "HU", "CT"),
        ("examples_overlay.dcm", (300, 484), "raw", "MR"),
        ("examples_rgb_color.dcm", (240, 320, 3), "rgb", "US"),
        ("examples_palette.dcm", (350, 800, 3), "rgb", "US"),
        ("examples_ybr_color.dcm", (30, 240, 320, 3), "rgb", "US"),
        ("ExplVR_BigEnd.dcm", (60, 80, 3), "rgb", "US"),
        ("rtdose.dcm", (15, 10, 10), "raw", "RTDOSE"),
        ("image_dfl.dcm", (512, 512), "raw", "OT"),
    ],
)
def test_files_of_pydicom_are_read(path: str, shape: tuple[int, ...], unit: str, modality: str) -> None:
    image = load("pydicom", path)
    assert (image.array.shape, image.unit, image.modality) == (shape, unit, modality)


def test_every_encoding_of_one_mr_slice_gives_the_same_values() -> None:
    reference = load("pydicom", "MR_small.dcm").array
    for kind in ("implicit", "bigendian", "RLE", "jp2klossless", "expb", "padded"):
        assert np.array_equal(load("pydicom", f"MR_small_{kind}.dcm").array, reference)


def test_hounsfield_units_are_those_of_pydicom() -> None:
    dataset = pydicom.dcmread(WHEELS["pydicom"] / "CT_small.dcm")
    expected = pydicom.pixels.apply_rescale(dataset.pixel_array, dataset)
    assert np.array_equal(load("pydicom", "CT_small.dcm").array, expected)


def test_every_dicom_file_of_pydicom_is_read_or_refused() -> None:
    outcomes = {"read": 0, "refused": 0}
    for path in sorted(WHEELS["pydicom"].glob("*.dcm")):
        try:
            load("pydicom", path.name)
        except (MediaError, MissingPackageError):
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
    assert outcomes["read"] >= 45
    assert outcomes["refused"] >= 10  # plans, reports and structures hold no image, some files are damaged on purpose


def test_a_file_that_is_cut_off_says_so() -> None:
    with pytest.raises(MediaError, match=r"MR_truncated\.dcm`: cut off"):
        load("pydicom", "MR_truncated.dcm")


def test_a_series_of_pydicom_is_sorted_and_has_the_spacing_of_its_header() -> None:
    image = load("pydicom", "dicomdirtests/98892001/CT5N", ndim=3)
    assert image.array.shape == (5, 16, 16)
    assert image.spacing_mm == pytest.approx((2.5, 0.488281, 0.488281))
    with pytest.raises(MediaError, match="3 series"):
        load("pydicom", "dicomdirtests/98892003/MR1", ndim=3)


@pytest.mark.parametrize("name", ["anatomical.nii", "functional.nii", "example4d.nii.gz", "standard.nii.gz", "example_nifti2.nii.gz"])
def test_values_of_nifti_files_are_those_of_nibabel_in_our_axes(name: str) -> None:
    oracle = nibabel.as_closest_canonical(nibabel.load(WHEELS["nibabel"] / name))
    values = oracle.get_fdata()[..., 0] if oracle.ndim == 4 else oracle.get_fdata()
    image = load("nibabel", name, ndim=3)
    assert image.array == pytest.approx(values[::-1, ::-1].T, rel=1e-6)  # RAS to LPS, then z first
    assert image.spacing_mm == pytest.approx(oracle.header.get_zooms()[:3][::-1], abs=1e-4)


def test_a_shared_head_ct_has_air_bone_and_its_tilt(shared_dir: Path) -> None:
    reader = Reader({"shared": shared_dir / "data"})
    volume = reader.load(Media(name="shared", path="ct_head_volume/ct_head.nii.gz", ndim=3, modality="CT"))
    assert (volume.array.shape, volume.unit) == ((28, 256, 256), "HU")
    assert (volume.array.min(), volume.array.max()) == (-1500, 2092)
    assert volume.spacing_mm == pytest.approx((4.0, 0.9765624, 0.9765624), abs=1e-5)
    plane = reader.load(Media(name="shared", path="ct_head_volume/slice_10.dcm"))
    assert (plane.window, plane.padding, plane.notes) == ((35.0, 100.0), -1500.0, ("gantry tilt 18.5 degrees",))
    both = reader.load(Media(name="shared", path="ct_head_volume", ndim=3))
    assert both.array.shape == (2, 512, 512)
    assert np.array_equal(both.array[0], plane.array)
    assert any("gantry tilt 18.5 degrees" in note for note in both.notes)


def test_the_stroke_of_a_shared_brain_lies_on_the_left(shared_dir: Path) -> None:
    media = Media(name="shared", path="mr_brain_volume/FLAIR.nii.gz", ndim=3, modality="MR")
    image = Reader({"shared": shared_dir / "data"}).load(media)
    assert (image.array.shape, image.array.dtype, image.modality) == ((140, 160, 124), np.uint8, "MR")
    bright = (image.array > 180).sum(axis=(0, 1))  # gliosis is bright on FLAIR
    assert bright[62:].sum() > 2 * bright[:62].sum()  # a rising x goes to the patient's left


def test_shared_images_are_read(shared_dir: Path) -> None:
    root = shared_dir / "data" / "vqa_rad_sample"
    reader = Reader({"vqarad": root})
    paths = sorted((root / "images").glob("*.jpg"))
    assert len(paths) == 47
    for path in paths[:8]:
        assert reader.film(Media(name="vqarad", path=f"images/{path.name}"), size=(64, 64)).shape == (64, 64)
