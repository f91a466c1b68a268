"""Edits of images: same size and kind, nothing left of the picture."""

from __future__ import annotations

import numpy as np
import pytest
from media_phantoms import told

from radbench.media import Image, edit, film

IMAGES = {
    "grey": Image(array=np.arange(48, dtype=np.uint8).reshape(6, 8)),
    "colour": Image(array=np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8), unit="rgb"),
    "ct": Image(array=told() - 1000, unit="HU", spacing_mm=(2.0, 1.0, 1.0)),
    "float": Image(array=told().astype(np.float32) ** 2),
}


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("text", ["blank", "noise:3"])
def test_an_edit_keeps_shape_type_unit_and_spacing(name: str, text: str) -> None:
    image = IMAGES[name]
    edited = edit(image, text)
    assert (edited.array.shape, edited.array.dtype) == (image.array.shape, image.array.dtype)
    assert (edited.unit, edited.spacing_mm, edited.modality) == (image.unit, image.spacing_mm, image.modality)
    assert image.array.min() <= edited.array.min() <= edited.array.max() <= image.array.max()


def test_blank_is_the_mean_and_is_shown_as_bright_as_the_image_was() -> None:
    blank = edit(IMAGES["float"], "blank")
    assert blank.array.ravel() == pytest.approx(IMAGES["float"].array.mean(dtype=np.float64))
    mean = (told().astype(float) ** 2).mean()
    assert film(blank)[0, 0] == int(255 * mean / 432**2 + 0.5)  # values go from 0 to 432 squared
    assert edit(IMAGES["grey"], "blank").array[0, 0] == 24  # 23.5, to the even one
    colour = edit(IMAGES["colour"], "blank").array
    assert np.array_equal(colour[0, 0], np.rint(IMAGES["colour"].array.mean(axis=(0, 1))))


def test_padding_has_no_part_in_the_mean() -> None:
    padded = Image(array=np.array([[-2000, -2000, 0, 100]], np.int16), padding=-2000)
    assert edit(padded, "blank").array.tolist() == [[50, 50, 50, 50]]
    assert edit(padded, "noise:1").array.min() >= 0


def test_noise_depends_on_its_seed_alone_and_fills_the_range() -> None:
    image = Image(array=np.tile(np.array([[0, 99]], np.int16), (200, 50)))
    one, same, other = (edit(image, text).array for text in ("noise:a", "noise:a", "noise:b"))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    counts = np.bincount(one.ravel(), minlength=100)
    assert len(counts) == 100
    assert np.all(np.abs(counts - 200) < 6 * np.sqrt(200))  # 20,000 draws over 100 values, six standard deviations


def test_noise_over_a_constant_image_is_that_constant() -> None:
    assert set(edit(Image(array=np.full((4, 4), 7, np.int16)), "noise:1").array.ravel()) == {7}
