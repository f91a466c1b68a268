"""Windows, sizes and slices: expected values are worked out here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_phantoms import told

from radbench.media import Image, display_window, film, resize, slices, window


def test_a_window_maps_its_ends_to_black_and_white_and_its_centre_to_the_middle() -> None:
    values = np.array([-1000, -160, -60, 40, 140, 240, 3000], np.int16)
    assert window(values, 40, 400).tolist() == [0, 0, 64, 128, 191, 255, 255]


def test_a_window_without_width_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0, got 0"):
        window(np.zeros((2, 2)), 40, 0)


def test_what_an_image_is_shown_with_depends_on_what_is_known() -> None:
    deep = np.array([[0, 1000, 4000]], np.int16)
    assert display_window(Image(array=deep, window=(10, 20), unit="HU")) == (10, 20)
    assert display_window(Image(array=deep, unit="HU")) == (40, 400)
    assert display_window(Image(array=deep)) == (2000, 4000)
    assert display_window(Image(array=deep, padding=4000)) == (500, 1000)
    assert display_window(Image(array=deep.astype(np.uint8))) is None
    assert display_window(Image(array=np.zeros((1, 2, 3), np.uint8), unit="rgb")) is None


def test_eight_bits_are_shown_as_they_are() -> None:
    ramp = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(film(Image(array=ramp)), ramp)


def test_padding_is_black() -> None:
    assert film(Image(array=np.array([[9000, 0, 100, 200]], np.int16), padding=9000)).tolist() == [[0, 0, 128, 255]]


def test_a_volume_gives_its_middle_slice_or_evenly_spaced_ones() -> None:
    volume = Image(array=(told(depth=10) // 10).astype(np.uint8))
    assert film(volume).shape == (4, 3)
    assert film(volume)[0, 0] == 50
    assert film(volume, slices=3)[:, 0, 0].tolist() == [10, 50, 80]
    assert film(volume, slices=3, size=(8, 9)).shape == (3, 8, 9)
    assert film(volume, slices=99).shape == (10, 4, 3)
    assert film(Image(array=volume.array[0]), slices=3).shape == (1, 4, 3)


def test_thick_sagittal_slices_are_shown_as_acquired_with_the_head_up() -> None:
    volume = Image(array=(told() // 3).astype(np.uint8), spacing_mm=(0.5, 0.5, 5.0))
    assert np.array_equal(film(volume), volume.array[::-1, :, 1])


def test_a_volume_in_colour_gives_colour() -> None:
    assert film(Image(array=np.zeros((4, 5, 6, 3), np.uint8), unit="rgb"), slices=2, size=(7, 8)).shape == (2, 7, 8, 3)


@given(st.integers(1, 40), st.integers(1, 50))
def test_slices_are_distinct_in_order_and_symmetric(depth: int, n: int) -> None:
    indices = slices(np.zeros((depth, 1, 1)), n)
    assert len(indices) == min(depth, n)
    assert indices == sorted(set(indices))
    assert 0 <= indices[0] <= indices[-1] < depth
    assert abs(indices[0] - (depth - 1 - indices[-1])) <= 1


def test_slices_of_none_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        slices(np.zeros((3, 1, 1)), 0)


def test_resizing_keeps_a_ramp_a_ramp() -> None:
    ramp = np.tile(np.arange(8, dtype=np.float32), (4, 1))
    shrunk = resize(ramp, (2, 4))
    assert shrunk[0, 1:3] == pytest.approx([2.5, 4.5])  # centres of pixel pairs, away from the border
    assert resize(ramp.astype(np.int16), (4, 16)).dtype == np.float32
    assert resize(np.zeros((4, 4, 3), np.uint8), (2, 5)).shape == (2, 5, 3)


def test_resizing_a_volume_goes_between_slice_centres() -> None:
    volume = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    assert resize(volume, (2, 2, 2))[:, 0, 0].tolist() == [0.5, 2.5]
    assert resize(volume, (8, 3, 3))[:, 0, 0].tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]
    assert resize(volume.astype(np.uint8), (2, 2, 2)).dtype == np.uint8
