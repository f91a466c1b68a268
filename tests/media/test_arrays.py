"""NumPy files: what each number of axes means."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from media_phantoms import told

from radbench.errors import MediaError
from radbench.media import Image, Reader
from radbench.sample import Media


def load(root: Path, array: np.ndarray, path: str = "a.npy", ndim: int = 3) -> Image:
    np.save(root / "a.npy", array)
    image = Reader({"here": root}).load(Media(name="here", path=path, ndim=ndim))
    data = (root / "a.npy").read_bytes()
    in_memory = Reader({}).load(Media(name="here", path=path, ndim=ndim, data=data))
    assert np.array_equal(image.array, in_memory.array)
    return image


def test_two_axes_are_an_image_and_three_a_volume(tmp_path: Path) -> None:
    assert np.array_equal(load(tmp_path, told()[0], ndim=2).array, told()[0])
    volume = load(tmp_path, told())
    assert np.array_equal(volume.array, told())
    assert volume.spacing_mm is None
    assert volume.array.flags.writeable


def test_three_uint8_channels_at_the_end_are_colour(tmp_path: Path) -> None:
    colour = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
    assert load(tmp_path, colour, ndim=2).unit == "rgb"
    assert load(tmp_path, colour.astype(np.float32)).unit == "raw"


def test_a_leading_channel_of_one_is_dropped(tmp_path: Path) -> None:
    image = load(tmp_path, told()[None].astype(np.float64) / 500)
    assert np.array_equal(image.array, (told() / 500).astype(np.float32))


def test_a_radfm_case_holds_several_images(tmp_path: Path) -> None:
    grey = np.moveaxis(told(), 0, 2)  # (y, x, z)
    case = np.stack([np.stack([grey] * 3), np.stack([grey + 1000] * 3)]).astype(np.float32)
    assert case.shape == (2, 3, 4, 3, 5)
    first = load(tmp_path, case)
    assert np.array_equal(first.array, told())
    assert "the first of 2 images" in first.notes
    assert np.array_equal(load(tmp_path, case, "a.npy#1").array, told() + 1000)
    with pytest.raises(MediaError, match="#2 is asked for, and it holds 2"):
        load(tmp_path, case, "a.npy#2")
    with pytest.raises(MediaError, match="#1 is asked for, and it holds one"):
        load(tmp_path, told(), "a.npy#1")


def test_masks_and_wide_integers_get_a_type_of_images(tmp_path: Path) -> None:
    assert load(tmp_path, told() > 200).array.max() == 255
    assert load(tmp_path, told().astype(np.int64)).array.dtype == np.int32
    assert load(tmp_path, told().astype(">i2")).array.dtype == np.dtype("=i2")


@pytest.mark.parametrize(
    ("array", "cause"),
    [
        (np.zeros((2, 2, 2, 2)), "neither image nor volume"),
        (np.zeros(4), "neither image nor volume"),
        (np.zeros((0, 4)), "holds no pixel"),
        (told().astype(complex), "no intensities"),
        (np.array([["text"]]), "no intensities"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path: Path, array: np.ndarray, cause: str) -> None:
    with pytest.raises(MediaError, match=cause):
        load(tmp_path, array)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    for data in (None, (tmp_path / "a.npy").read_bytes()):
        with pytest.raises(MediaError, match="type object are no intensities"):
            Reader({"here": tmp_path}).load(Media(name="here", path="a.npy", data=data))


def test_a_header_that_promises_too_much_is_refused() -> None:
    out = BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    with pytest.raises(MediaError, match="promises 8000000000000 bytes of values, 64 are there"):
        Reader({}).load(Media(name="here", path="a.npy", data=out.getvalue() + b"0" * 64))


def test_an_archive_under_the_name_of_an_array_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", told())
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(MediaError, match=r"here/a\.npy`: damaged"):
        Reader({"here": tmp_path}).load(Media(name="here", path="a.npy"))
