"""Heat maps as the sample page lays them over images."""

from __future__ import annotations

import json
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from radbench.app.heat import COLOURS, OPACITY, Heat, coloured, laid
from radbench.app.pictures import packed, png, reduced
from radbench.errors import MediaError
from radbench.media import Image
from radbench.sample import HeatMap


def test_a_map_of_a_film_is_one_slice_and_of_a_volume_as_many_as_it_has():
    film = laid("m", HeatMap.of(np.eye(3)), is_volume=False, axis=0)
    volume = laid("m", HeatMap.of(np.ones((4, 2, 3))), is_volume=True, axis=0)
    assert (film.weights.shape, volume.weights.shape) == ((1, 3, 3), (4, 2, 3))


@pytest.mark.parametrize(
    ("shape", "is_volume", "said"), [((2, 2), True, "2 axes, and this is a volume"), ((2, 2, 2), False, "3 axes, and this is an image")]
)
def test_a_map_of_another_kind_of_medium_is_refused(shape: tuple[int, ...], is_volume: bool, said: str):
    with pytest.raises(MediaError, match=said):
        laid("m", HeatMap.of(np.ones(shape)), is_volume=is_volume, axis=0)


def test_a_map_whose_bytes_do_not_fill_its_shape_is_refused():
    with pytest.raises(MediaError, match="the heat map of m is damaged"):
        laid("m", HeatMap(HeatMap.of(np.ones((2, 2))).uint8, (3, 3)), is_volume=False, axis=0)


def test_a_map_is_turned_as_the_volume_is_whose_slices_lie_across_another_axis():
    volume = np.arange(4 * 3 * 5, dtype=np.int16).reshape(4, 3, 5)
    picture = reduced(Image(array=volume, spacing_mm=(1.0, 5.0, 1.0)))
    heat = laid("m", HeatMap.of(volume), is_volume=True, axis=picture.axis)
    for at, place in enumerate(picture.places):
        shown = picture.array[at] * picture.scale + picture.offset
        np.testing.assert_array_equal(heat.slice_at(place, picture.depth), np.rint(shown * (255 / 59)))


def test_a_map_of_fewer_slices_is_stretched_over_the_whole_depth():
    heat = Heat("m", np.array([[[1]], [[2]]], dtype=np.uint8))
    assert [int(heat.slice_at(place, 5)[0, 0]) for place in range(5)] == [1, 1, 2, 2, 2]  # slice 2 of 0-4 begins at its middle, 2.5 of 5


def test_where_a_map_is_strongest_is_told_in_words():
    weights = np.zeros((4, 10, 5), dtype=np.uint8)
    weights[3, 1, 4] = 7
    assert Heat("m", weights).words == "heat map of m: strongest 90 % from the left, 15 % from the top, 88 % through the slices"


def test_no_weight_leaves_the_image_and_the_largest_one_shows_its_colour_in_the_share_stated():
    grey = np.full((1, 2), 100, dtype=np.uint8)
    shown = coloured(grey, np.array([[0, 255]], dtype=np.uint8), 0.5)
    pale = np.array([int(COLOURS[-1][i : i + 2], 16) for i in (1, 3, 5)])
    assert shown[0, 0].tolist() == [100, 100, 100]
    np.testing.assert_allclose(shown[0, 1], 0.5 * pale + 50, atol=0.5)


def test_colours_rise_in_lightness_so_that_they_tell_their_order_without_hue():
    red, green, blue = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS]).T
    lightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # ITU-R BT.709
    assert (np.diff(lightness) > 0).all()


def test_the_viewer_is_sent_the_weights_after_the_pixels():
    picture = reduced(Image(array=np.full((2, 2), 9, np.uint8)))
    heats = [Heat("<b>", np.array([[[1, 2, 3]]], dtype=np.uint8)), Heat("n", np.array([[[4], [5]]], dtype=np.uint8))]
    sent = packed(picture, alt="", heats=heats)
    length = int.from_bytes(sent[:4], "little")
    head = json.loads(sent[4 : 4 + length])
    assert head["heats"] == [{"author": "<b>", "shape": [1, 1, 3]}, {"author": "n", "shape": [1, 2, 1]}]
    assert list(zlib.decompress(sent[4 + length :])) == [9] * 4 + [1, 2, 3, 4, 5]


def test_the_image_drawn_by_the_server_shows_the_map_stretched_over_it():
    picture = reduced(Image(array=np.zeros((8, 8), np.uint8)))
    drawn = np.asarray(Pillow.open(BytesIO(png(picture, 0, heat=Heat("m", np.array([[[0, 255]]], dtype=np.uint8))))))
    assert drawn.shape == (8, 8, 3)
    assert drawn[:, 0].max() == 0
    assert drawn[0, 7].tolist() == [round(int(COLOURS[-1][i : i + 2], 16) * OPACITY) for i in (1, 3, 5)]
