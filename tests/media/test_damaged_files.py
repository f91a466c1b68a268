"""Whatever the bytes: an image or one of our errors, with the path and without a warning."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_phantoms import header, told
from PIL import Image as Pillow

from radbench.errors import MediaError, MissingPackageError
from radbench.media import Image, Reader
from radbench.sample import Media

NAMES = ("a.png", "a.jpg", "a.npy", "a.nii", "a.nii.gz", "a.dcm", "rle.dcm", "frames.dcm")
FAST = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@cache
def whole(name: str) -> bytes:
    """A valid file of each kind."""
    out = BytesIO()
    picture = np.random.default_rng(1).integers(0, 255, (16, 16), np.uint8)
    match name:
        case "a.png" | "a.jpg":
            Pillow.fromarray(picture).save(out, "PNG" if name == "a.png" else "JPEG")
        case "a.npy":
            np.save(out, told())
        case "a.nii" | "a.nii.gz":
            import gzip

            data = nibabel.Nifti1Image(told().T, np.diag([-1.0, -1.0, 2.0, 1.0])).to_bytes()
            return data if name == "a.nii" else gzip.compress(data, mtime=0)
        case "frames.dcm":
            header(told(), RescaleSlope=1, RescaleIntercept=-1024).save_as(out, enforce_file_format=True)
        case _:
            dataset = header(picture, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=400, PixelPaddingValue=3)
            if name == "rle.dcm":
                from pydicom.uid import RLELossless

                dataset.compress(RLELossless, generate_instance_uid=False)
            dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def load(name: str, data: bytes) -> Image | None:
    """The image, held against what `Image` promises; None where one of our errors says no."""
    media = Media(name="here", path=name, data=data)
    try:
        image = Reader({}).load(media)
    except MissingPackageError:
        return None
    except MediaError as error:
        message = str(error)
        refused = f"here/{name}" in message and "\n" not in message
        return None if refused else pytest.fail(f"not one line with the path: {message}")
    assert image.array.dtype.name in {"uint8", "uint16", "int16", "int32", "uint32", "float32"}
    assert image.array.size > 0
    assert np.isfinite(image.array).all()
    assert image.ndim in (2, 3)
    assert image.spacing_mm is None or (len(image.spacing_mm) == image.ndim and min(image.spacing_mm) > 0)
    assert Reader({}).film(media).dtype == np.uint8
    return image


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_file_is_read(name: str) -> None:
    assert load(name, whole(name)) is not None


@pytest.mark.parametrize("name", NAMES)
@FAST
@given(st.data())
def test_a_file_that_is_cut_off_is_refused_or_complete(name: str, data: st.DataObject) -> None:
    complete = load(name, whole(name))
    cut = load(name, whole(name)[: data.draw(st.integers(0, len(whole(name)) - 1))])
    assert complete is not None
    assert cut is None or np.array_equal(cut.array, complete.array)


@pytest.mark.parametrize("name", NAMES)
@FAST
@given(st.data())
def test_changed_bytes_never_raise_anything_else(name: str, data: st.DataObject) -> None:
    damaged = bytearray(whole(name))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, min(len(damaged), 1200) - 1))] = data.draw(st.integers(0, 255))
    load(name, bytes(damaged))


@pytest.mark.parametrize("name", NAMES)
@FAST
@given(st.binary(max_size=400))
def test_random_bytes_never_raise_anything_else(name: str, noise: bytes) -> None:
    load(name, noise)
    load(name, whole(name)[:140] + noise)
