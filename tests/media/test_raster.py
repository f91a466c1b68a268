"""PNG and JPEG, written by Pillow."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from radbench.errors import MediaError
from radbench.media import Image, Reader
from radbench.sample import Media

RAMP = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5


def encoded(picture: Pillow.Image, kind: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def load(data: bytes, path: str = "a.png") -> Image:
    return Reader({}).load(Media(name="here", path=path, data=data))


def test_grey_png_keeps_its_values() -> None:
    image = load(encoded(Pillow.fromarray(RAMP)))
    assert np.array_equal(image.array, RAMP)
    assert (image.unit, image.spacing_mm, image.notes, image.ndim) == ("raw", None, (), 2)


def test_png_of_16_bits_keeps_them() -> None:
    deep = RAMP.astype(np.uint16) * 273
    image = load(encoded(Pillow.fromarray(deep)))
    assert np.array_equal(image.array, deep)
    assert image.array.dtype == np.uint16


def test_colour_stays_and_grey_written_as_colour_is_grey() -> None:
    colour = np.stack([RAMP, RAMP, 255 - RAMP], axis=-1)
    assert np.array_equal(load(encoded(Pillow.fromarray(colour))).array, colour)
    assert load(encoded(Pillow.fromarray(colour))).unit == "rgb"
    grey = load(encoded(Pillow.fromarray(np.stack([RAMP] * 3, axis=-1))))
    assert np.array_equal(grey.array, RAMP)
    assert (grey.unit, grey.notes) == ("raw", ("grey written as colour",))


def test_palettes_are_resolved() -> None:
    picture = Pillow.fromarray(RAMP // 100).convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    assert np.array_equal(load(encoded(picture)).array, np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]], np.uint8)[RAMP // 100])


def test_one_bit_is_black_and_white() -> None:
    assert np.array_equal(load(encoded(Pillow.fromarray(RAMP > 100))).array, np.where(RAMP > 100, 255, 0))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_pixels_lie_on_black(mode: str) -> None:
    picture = Pillow.fromarray(RAMP).convert(mode)
    alpha = np.where(np.arange(48).reshape(6, 8) < 20, 0, 255).astype(np.uint8)
    picture.putalpha(Pillow.fromarray(alpha))
    image = load(encoded(picture))
    assert np.array_equal(image.array, np.where(alpha, RAMP, 0))
    assert "transparency laid on black" in image.notes


def test_exif_orientation_is_applied_and_noted() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # the first row is the right side: turn a quarter clockwise
    image = load(encoded(Pillow.fromarray(RAMP), "JPEG", quality=100, exif=exif), "a.jpg")
    assert np.abs(image.array.astype(int) - np.rot90(RAMP, -1)).max() <= 3  # JPEG's own rounding
    assert image.notes == ("turned as EXIF says",)


def test_cmyk_jpeg_becomes_rgb() -> None:
    picture = Pillow.new("CMYK", (8, 8), (0, 255, 255, 0))
    image = load(encoded(picture, "JPEG", quality=100), "a.jpg")
    assert image.unit == "rgb"
    assert np.abs(image.array.astype(int) - [255, 0, 0]).max() <= 3


def test_content_decides_between_png_and_jpeg() -> None:
    assert np.array_equal(load(encoded(Pillow.fromarray(RAMP)), "a.JPG").array, RAMP)


def test_a_file_that_is_cut_off_is_an_error_and_no_half_grey_image() -> None:
    rng = np.random.default_rng(0)
    picture = Pillow.fromarray(rng.integers(0, 255, (64, 64), np.uint8))
    for kind, path in (("PNG", "a.png"), ("JPEG", "a.jpg")):
        whole = encoded(picture, kind)
        for share in (0.3, 0.6, 0.9):
            with pytest.raises(MediaError, match=path):
                load(whole[: int(len(whole) * share)], path)


def test_too_many_pixels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (47, 20):  # Pillow warns above its limit and raises above twice the limit
        monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(MediaError, match="pixels"):
            load(encoded(Pillow.fromarray(RAMP)))


def test_other_content_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"here/a\.png`: neither PNG nor JPEG"):
        load(b"GIF89a nothing")
    with pytest.raises(MediaError, match=r"here/a\.xyz`: no known format"):
        load(b"anything", "a.xyz")
