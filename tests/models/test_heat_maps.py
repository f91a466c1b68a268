"""Heat maps that predictions name: read as weights over a medium, or refused with the place and the reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from radbench.errors import ContentError
from radbench.models.heat_maps import MOST_WEIGHTS
from radbench.models.predictions import read_predictions
from radbench.models.replay import Replay
from radbench.sample import HeatMap, Request, Turn

WEIGHTS = np.array([[0.0, 0.5], [1.0, 2.0], [0.0, 0.0]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of predictions with maps, below one that holds what they must not name."""
    below = tmp_path / "sent"
    (below / "maps").mkdir(parents=True)
    np.save(below / "maps" / "a.npy", WEIGHTS)
    Image.fromarray(np.array([[0, 51], [102, 204]], np.uint8)).save(below / "maps" / "a.png")
    np.save(tmp_path / "private.npy", WEIGHTS)
    return below


def read(folder: Path, stated: object) -> tuple[HeatMap, ...]:
    """The heat maps of the one prediction of a file."""
    (folder / "p.jsonl").write_text(json.dumps({"id": "s", "prediction": "Clear.", "heat_map": stated}) + "\n")
    (prediction,) = read_predictions(folder / "p.jsonl")
    assert prediction.output == "Clear."
    return prediction.heat_maps


def test_an_array_beside_the_predictions_becomes_a_heat_map_of_the_first_medium(folder: Path):
    (found,) = read(folder, "maps/a.npy")
    assert (found.shape, found.media) == ((3, 2), 0)
    assert found.array().tolist() == [[0, 64], [128, 255], [0, 0]]  # 255 times the share of the largest weight, 2


def test_a_grey_png_is_read_and_scaled_to_its_own_largest_weight(folder: Path):
    (found,) = read(folder, "maps/a.png")
    assert found.array().tolist() == [[0, 64], [128, 255]]


def test_a_list_names_a_map_for_each_medium_and_null_for_those_without(folder: Path):
    assert [(found.media, found.shape) for found in read(folder, ["maps/a.npy", None, "maps/a.png"])] == [(0, (3, 2)), (2, (2, 2))]


@pytest.mark.parametrize("nothing", [None, "", []])
def test_a_prediction_without_a_map_has_none(folder: Path, nothing: object):
    assert read(folder, nothing) == ()


def test_a_cell_of_a_csv_names_a_map_too(folder: Path):
    (folder / "p.csv").write_text("id,prediction,heat_map\na,Clear.,maps/a.npy\nb,Clear.,\n")
    assert [len(prediction.heat_maps) for prediction in read_predictions(folder / "p.csv")] == [1, 0]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("../private.npy", "`../private.npy` leads out of the folder of the predictions"),
        ("/etc/passwd", "leads out of the folder"),
        ("maps/link.npy", "leads out of the folder"),
        ("maps/none.npy", "`maps/none.npy`: there is no such file"),
        ("maps/notes.txt", r"expected a \.npy array or a greyscale \.png, got `\.txt`"),
        ("maps/words.npy", "it holds no array of real numbers but <U1"),
        ("maps/objects.npy", "`maps/objects.npy`: "),
        ("maps/cut.npy", "`maps/cut.npy`: "),
        ("maps/empty.npy", "`maps/empty.npy`: "),
        ("maps/four.npy", r"shape \(rows, columns\) or \(slices, rows, columns\), not \(2, 2, 2, 2\)"),
        ("maps/negative.npy", "finite and not negative"),
        ("maps/nan.npy", "finite and not negative"),
        ("maps/large.npy", f"{MOST_WEIGHTS + 1024} weights, and {MOST_WEIGHTS} are the most"),
        ("maps/colour.png", "it is in colour, and colours are no weights"),
        ("maps/cut.png", "`maps/cut.png`: "),
        ("nul\0.npy", "expected the path"),
        (3, r"expected the path of a \.npy or \.png file, got int"),
        ([["maps/a.npy"]], "got list"),
    ],
)
def test_what_is_no_such_array_is_refused_with_line_and_reason(folder: Path, stated: object, message: str):
    maps = folder / "maps"
    (maps / "link.npy").symlink_to(folder.parent / "private.npy")
    (maps / "notes.txt").write_text("x")
    for name, array in {
        "words": np.array([["a"]]),
        "four": np.ones((2, 2, 2, 2)),
        "negative": -WEIGHTS,
        "nan": WEIGHTS * np.nan,
        "large": np.ones((1025, 1024), np.uint8),
    }.items():
        np.save(maps / f"{name}.npy", array)
    np.save(maps / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (maps / "cut.npy").write_bytes((maps / "a.npy").read_bytes()[:-8])
    (maps / "empty.npy").write_bytes(b"")
    Image.fromarray(np.array([[[255, 0, 0]]], np.uint8)).save(maps / "colour.png")
    (maps / "cut.png").write_bytes((maps / "a.png").read_bytes()[:40])
    with pytest.raises(ContentError, match=message) as caught:
        read(folder, stated)
    assert "p.jsonl, line 1: heat_map: " in str(caught.value)


def test_replay_gives_the_maps_back_and_another_map_is_another_model(folder: Path):
    (folder / "p.jsonl").write_text('{"id": "s", "prediction": "Clear.", "heat_map": "maps/a.npy"}\n')

    def loaded() -> Replay:
        model = Replay(file=folder / "p.jsonl")
        model.load(None)  # type: ignore[arg-type]  # it looks at no image
        return model

    first = loaded()
    (reply,) = first.generate([Request(sample_id="s", turns=(Turn("user", ("Describe.",)),))])
    assert reply.heat_maps == (HeatMap.of(WEIGHTS),)
    assert loaded().identity() == first.identity()
    np.save(folder / "maps" / "a.npy", WEIGHTS.T)
    assert loaded().identity() != first.identity()
