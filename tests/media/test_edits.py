"""Edits of images: same size and kind; controls leave nothing of the picture, perturbations nearly all."""

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
@pytest.mark.parametrize("text", ["blank", "noise:3", "mirror", "window:0.5", "grain:0.1", "jpeg:30"])
def test_an_edit_keeps_shape_type_unit_and_spacing(name: str, text: str) -> None:
    image = IMAGES[name]
    edited = edit(image, text)
    assert (edited.array.shape, edited.array.dtype) == (image.array.shape, image.array.dtype)
    assert (edited.unit, edited.spacing_mm, edited.modality) == (image.unit, image.spacing_mm, image.modality)


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("text", ["blank", "noise:3", "mirror"])
def test_blank_noise_and_mirrored_values_stay_in_the_range_of_the_image(name: str, text: str) -> None:
    image = IMAGES[name]
    edited = edit(image, text)
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


@pytest.mark.parametrize("name", IMAGES)
def test_mirroring_twice_gives_the_image_and_once_turns_x_round(name: str) -> None:
    image = IMAGES[name]
    once = edit(image, "mirror")
    axis = image.array.ndim - (2 if image.unit == "rgb" else 1)
    assert np.array_equal(once.array, np.flip(image.array, axis))
    assert np.array_equal(edit(once, "mirror").array, image.array)


def test_a_narrower_window_raises_contrast_about_its_centre() -> None:
    ramp = Image(array=np.arange(256, dtype=np.uint8).reshape(16, 16))
    narrow = edit(ramp, "window:0.5")
    assert (narrow.window, narrow.array.min(), narrow.array.max()) == ((127.5, 127.5), 64, 191)  # 63.75 to 191.25, rounded
    assert (film(narrow).ravel()[:60] <= 1).all()
    ct = Image(array=np.array([[-1000, 40, 3000]], np.int16), unit="HU")
    assert edit(ct, "window:0.5").array.tolist() == [[-60, 40, 140]]  # the soft tissue window, 40 and 400 wide, halved


def test_grain_is_small_and_the_same_for_the_same_pixels() -> None:
    image = Image(array=np.full((64, 64), 100, np.uint8))
    one, again, other = edit(image, "grain:0.05"), edit(image, "grain:0.05"), edit(image, "grain:0.02")
    assert np.array_equal(one.array, again.array)
    assert one.array.std() == pytest.approx(0.05 * 255, rel=0.05)  # 4,096 draws: the standard error of an SD is 1.1%
    assert other.array.std() == pytest.approx(0.02 * 255, rel=0.05)


@pytest.mark.parametrize("name", IMAGES)
def test_a_jpeg_of_high_quality_is_close_to_what_is_shown(name: str) -> None:
    shown, back = film(IMAGES[name]), film(edit(IMAGES[name], "jpeg:95"))
    limit = 60 if name == "colour" else 12  # colour is stored at half the resolution, and this one is noise
    assert np.abs(shown.astype(int) - back.astype(int)).mean() < limit


@pytest.mark.parametrize("text", ["window:0.5", "grain:0.1", "jpeg:50"])
def test_padding_stays_padding(text: str) -> None:
    padded = Image(array=np.array([[-2000, -2000, 0, 100], [0, 50, 60, 70]], np.int16), padding=-2000)
    edited = edit(padded, text)
    assert edited.padding == -2000
    assert edited.array[0, :2].tolist() == [-2000, -2000]
    assert edited.array[1].min() > -500
