"""Which files the viewer may show, and that it gets their values as they are."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from demo_runs import asked
from PIL import Image as Pillow

from radbench.app.pictures import MOST_SLICES, Gallery, Overlay, packed, png, reduced
from radbench.catalog import Catalog
from radbench.errors import MediaError, MissingDataError
from radbench.media import Image
from radbench.records import RunRecord
from radbench.sample import Box, Media


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    (folder,) = asked(tmp_path_factory.mktemp("pictures"), "demo.grounding", "constant-yes", limit=2)
    return folder.read_run()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one film, beside a file that is nobody's business."""
    folder = tmp_path / "data"
    folder.mkdir()
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    Pillow.fromarray(grey).save(folder / "film.png")
    Pillow.fromarray(grey).save(tmp_path / "private.png")
    return folder


def film(path: str) -> Media:
    return Media(name="films", path=path)


def test_an_image_below_the_folder_given_for_its_name_is_shown(run: RunRecord, data: Path):
    found = Gallery(run, Catalog(), {"films": data}).picture("a", film("film.png"))
    assert found.array[0].tolist() == np.arange(12).reshape(3, 4).tolist()
    assert found.size_px == (4, 3)


@pytest.mark.parametrize("path", ["../private.png", "a/../../private.png", "/etc/hostname", "..\\private.png", "film.png\0"])
def test_a_path_that_climbs_out_is_refused(run: RunRecord, data: Path, path: str):
    with pytest.raises(MediaError, match="no relative path"):
        Gallery(run, Catalog(), {"films": data}).picture("a", film(path))


def test_a_link_that_leads_out_is_refused(run: RunRecord, data: Path):
    (data / "link.png").symlink_to(data.parent / "private.png")
    with pytest.raises(MediaError, match="leads out of its folder by a link"):
        Gallery(run, Catalog(), {"films": data}).picture("a", film("link.png"))


def test_a_link_inside_a_series_folder_that_leads_out_is_refused(run: RunRecord, data: Path):
    (data / "series").mkdir()
    (data / "series" / "1.dcm").symlink_to(data.parent / "private.png")
    with pytest.raises(MediaError, match="leads out of its folder by a link"):
        Gallery(run, Catalog(), {"films": data}).picture("a", Media(name="films", path="series", ndim=3))


def test_no_folder_is_served_that_was_not_given(run: RunRecord, data: Path):
    with pytest.raises(MissingDataError, match="--data-dir films=PATH"):
        Gallery(run, Catalog(), {"others": data}).picture("a", film("film.png"))


def test_the_card_in_a_run_folder_names_no_folder_to_serve(run: RunRecord, data: Path):
    (data / "rows.jsonl").write_text('{"id": "a", "image": ["film.png"]}\n')
    ask = {**run.task_card["ask"], "dataset": "jsonl", "dataset_options": {"file": str(data / "rows.jsonl"), "columns": {"id": "id"}}}
    foreign = run.model_copy(update={"task": "foreign.task", "task_card": {**run.task_card, "ask": ask}})
    with pytest.raises(MissingDataError):
        Gallery(foreign, Catalog(), {}).picture("a", Media(name="jsonl", path="film.png"))


def test_a_damaged_or_missing_file_is_told(run: RunRecord, data: Path):
    (data / "torn.png").write_bytes((data / "film.png").read_bytes()[:40])
    gallery = Gallery(run, Catalog(), {"films": data})
    with pytest.raises(MediaError, match="cannot read"):
        gallery.picture("a", film("torn.png"))
    with pytest.raises(MediaError, match="no file"):
        gallery.picture("a", film("absent.png"))


def test_a_changed_file_is_read_again(run: RunRecord, data: Path):
    gallery = Gallery(run, Catalog(), {"films": data})
    assert gallery.picture("a", film("film.png")).array.max() == 11
    Pillow.fromarray(np.full((5, 5), 200, np.uint8)).save(data / "film.png")
    assert gallery.picture("a", film("film.png")).array.max() == 200


def test_images_that_lie_in_no_file_come_from_the_catalogues_own_data_set(run: RunRecord):
    found = Gallery(run, Catalog(), {}).picture("test-000-film1", Media(name="demo", path="test-000-film1.png"))
    assert found.array.shape == (1, 128, 128)
    with pytest.raises(MissingDataError):
        Gallery(run, Catalog(), {}).picture("no such sample", Media(name="demo", path="test-000-film1.png"))


def unpacked(sent: bytes) -> tuple[dict, np.ndarray]:
    """What the viewer's script makes of the bytes."""
    length = int.from_bytes(sent[:4], "little")
    head = json.loads(sent[4 : 4 + length])
    raw = np.frombuffer(zlib.decompress(sent[4 + length :]), np.uint8)
    if head["kind"] == "rgb":
        return head, raw.reshape(*head["shape"], 3)
    if head["kind"] == "wide":
        high, low = raw.reshape(2, *head["shape"]).astype(np.int64)
        raw = high * 256 + low
    return head, raw.reshape(head["shape"]) * head["scale"] + head["offset"]


def test_hounsfield_units_arrive_exactly():
    volume = np.random.default_rng(0).integers(-1024, 3072, (5, 8, 9)).astype(np.int16)
    picture = reduced(Image(array=volume, unit="HU", spacing_mm=(1.0, 1.0, 1.0)))
    head, values = unpacked(packed(picture, alt="a CT"))
    np.testing.assert_array_equal(values, volume)
    assert head["window"] == [40.0, 400.0]
    assert {"Lung", "Bone", "Full range"} <= set(head["presets"])


def test_values_of_any_range_arrive_to_one_part_in_sixty_five_thousand():
    film = np.random.default_rng(0).normal(0, 1e6, (7, 5)).astype(np.float32)
    head, values = unpacked(packed(reduced(Image(array=film)), alt=""))
    assert np.abs(values[0] - film).max() <= np.ptp(film) / 65535
    assert set(head["presets"]) == {"Default", "Full range"}


def test_constant_images_and_colour_are_packed_too():
    _, values = unpacked(packed(reduced(Image(array=np.full((3, 3), 7, np.int16))), alt=""))
    assert values.tolist() == np.full((1, 3, 3), 7).tolist()
    colour = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    head, sent = unpacked(packed(reduced(Image(array=colour, unit="rgb")), alt=""))
    np.testing.assert_array_equal(sent[0], colour)
    assert head["presets"] == {}


def test_large_volumes_are_thinned_and_say_so():
    volume = np.zeros((200, 20, 1024), np.int16)
    picture = reduced(Image(array=volume, spacing_mm=(1.0, 1.0, 1.0)))
    assert picture.array.shape == (MOST_SLICES, 10, 512)
    assert picture.notes[:2] == ("64 of 200 slices are shown, evenly spaced", "shown at 512 x 10 of 1024 x 20 pixels")
    assert picture.size_px == (1024, 20)
    assert len(picture.places) == MOST_SLICES
    assert picture.depth == 200


def test_pixels_that_are_no_squares_keep_their_proportion():
    assert reduced(Image(array=np.zeros((3, 4, 4), np.int16), spacing_mm=(1.0, 1.5, 0.75))).aspect == pytest.approx(2.0)


def test_slices_lie_across_the_thick_axis_with_the_head_up():
    volume = np.arange(4 * 3 * 5, dtype=np.int16).reshape(4, 3, 5)
    picture = reduced(Image(array=volume, spacing_mm=(1.0, 5.0, 1.0)))
    assert picture.array.shape == (3, 4, 5)
    np.testing.assert_array_equal(picture.array[1] + picture.offset, volume[::-1, 1])


def test_boxes_and_the_view_are_handed_on_in_pixels_of_the_file():
    picture = reduced(Image(array=np.zeros((4, 4), np.uint8)))
    sent = packed(picture, alt="x", overlays=[Overlay("reference", boxes=(Box(1, 2, 3, 4, label="<b>"),))], view=(0, 40, 400))
    head, _ = unpacked(sent)
    assert head["overlays"][0]["boxes"][0] == {"x0": 1, "y0": 2, "x1": 3, "y1": 4, "label": "<b>", "score": None}
    assert head["view"] == [0, 40, 400]


def test_the_plain_image_is_one_slice_under_its_window():
    volume = np.zeros((2, 4, 4), np.int16)
    volume[1] = 100
    picture = replace(reduced(Image(array=volume, unit="HU")), aspect=2.0)
    shown = np.asarray(Pillow.open(BytesIO(png(picture, 1, (100.0, 100.0)))))
    assert shown.shape == (8, 4)
    assert set(shown.ravel()) == {128}
