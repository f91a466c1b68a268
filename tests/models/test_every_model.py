"""What every family that needs no weights must keep; a new one in radbench/models is listed in FAMILIES, or the first test fails."""

from __future__ import annotations

import io
import json
import math
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import radbench
from radbench.folder import to_line
from radbench.media import Reader
from radbench.models.base import Embedder, Example, Generator, Learner, Model, Ranker
from radbench.models.constant import Constant
from radbench.models.majority import Majority
from radbench.models.nearest_neighbour import NearestNeighbour
from radbench.models.replay import Replay
from radbench.records import Prediction
from radbench.sample import Media, Request, Turn, Vectors

FAMILIES = {
    "constant": lambda folder: Constant(text="yes"),
    "majority": lambda folder: Majority(),
    "nearest_neighbour": lambda folder: NearestNeighbour(k=2),
    "replay": lambda folder: Replay(file=folder / "predictions.jsonl"),
}
SHARED = {"base", "heat_maps", "predictions"}  # modules of the room that hold no family
NEED_MORE = {
    "hf_text",
    "openai",
}  # families whose parts (weights, servers, packages) a plain test run does not have; tested in their own files
# answer what metrics ask about texts, and nothing else; tested in their own files
ANNOTATORS = {"chexbert", "encoder", "label_file", "radgraph", "ratescore_ner", "rules_14", "term_list"}

OPTIONS = ("yes", "no", "maybe")


def _image(seed: int) -> Media:
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 24), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return Media(name="phantom", path=f"{seed}.png", data=file.getvalue())


IMAGES = [_image(seed) for seed in range(6)]


def _requests(kind: str) -> list[Request]:
    texts = ["Is there an effusion?", "Is the heart large?", ""]
    options = OPTIONS if kind == "rank" else ()
    return [
        Request(sample_id=f"{kind}-{i}", kind=kind, turns=(Turn("user", (image, texts[i % 3], "Answer.")),), options=options)
        for i, image in enumerate(IMAGES)
    ]


REQUESTS = {kind: _requests(kind) for kind in ("generate", "rank", "embed")}
EXAMPLES = [Example(request, OPTIONS[i % 2]) for i, request in enumerate(REQUESTS["generate"])]


def _write_predictions(folder: Path) -> None:
    outputs = {"generate": "yes", "rank": {"yes": -0.1, "no": -2.0, "maybe": -4.0}, "embed": Vectors.of(np.eye(3))}
    lines = [
        to_line(Prediction(key=request.sample_id, sample_id=request.sample_id, output=outputs[kind]))
        for kind, requests in REQUESTS.items()
        for request in requests
    ]
    (folder / "predictions.jsonl").write_bytes(b"".join(lines))


def _ready(family: str, folder: Path, examples: list[Example] = EXAMPLES) -> Model:
    _write_predictions(folder)
    model = FAMILIES[family](folder)
    model.load(Reader({}))
    if isinstance(model, Learner):
        model.learn(examples)
    return model


def _ask(model: Model, kind: str, requests: list[Request]) -> list:
    return list(getattr(model, kind)(requests))


def _kinds(model: Model) -> list[str]:
    contracts = {"generate": Generator, "rank": Ranker, "embed": Embedder}
    return [kind for kind, contract in contracts.items() if isinstance(model, contract)]


every_family = pytest.mark.parametrize("family", FAMILIES)


def test_every_family_of_the_room_is_listed_here():
    files = {path.stem for path in (Path(radbench.__file__).parent / "models").glob("[a-z]*.py")}
    assert files - SHARED - NEED_MORE - ANNOTATORS == set(FAMILIES)


@every_family
def test_the_class_is_named_after_its_file(family, tmp_path):
    name = "".join(part.capitalize() for part in family.split("_"))
    assert isinstance(FAMILIES[family](tmp_path), getattr(import_module(f"radbench.models.{family}"), name))


@every_family
def test_construction_touches_no_file(family, tmp_path):
    model = FAMILIES[family](tmp_path / "absent")
    assert isinstance(model, Model)
    assert _kinds(model)
    assert model.batch_size >= 1


@every_family
def test_there_is_one_reply_a_request_that_holds_what_was_asked_for(family, tmp_path):
    model = _ready(family, tmp_path)
    for kind in _kinds(model):
        replies = _ask(model, kind, REQUESTS[kind])
        assert len(replies) == len(REQUESTS[kind])
        for request, reply in zip(REQUESTS[kind], replies, strict=True):
            assert reply.error is None
            if kind == "generate":
                assert isinstance(reply.output, str)
            elif kind == "rank":
                assert tuple(reply.output) == request.options
                assert all(math.isfinite(score) for score in reply.output.values())
            else:
                assert reply.output.shape[0] == len(request.turns[-1].parts)
                assert np.isfinite(reply.output.array()).all()


@every_family
def test_nothing_asked_is_nothing_answered(family, tmp_path):
    model = _ready(family, tmp_path)
    assert [_ask(model, kind, []) for kind in _kinds(model)] == [[] for _ in _kinds(model)]


@every_family
def test_a_batch_equals_one_by_one_in_any_order(family, tmp_path):
    model = _ready(family, tmp_path)
    for kind in _kinds(model):
        together = _ask(model, kind, REQUESTS[kind])
        alone = [_ask(model, kind, [request])[0] for request in reversed(REQUESTS[kind])]
        assert together == alone[::-1]


@every_family
def test_equal_identities_give_equal_answers(family, tmp_path):
    one, other = (_ready(family, tmp_path) for _ in range(2))
    assert one.identity() == other.identity()
    for kind in _kinds(one):
        assert _ask(one, kind, REQUESTS[kind]) == _ask(other, kind, REQUESTS[kind])


@every_family
def test_the_identity_is_json_and_names_the_family(family, tmp_path):
    identity = _ready(family, tmp_path).identity()
    assert json.loads(json.dumps(identity)) == identity
    assert identity["family"] == family.replace("_", "-")


@every_family
def test_answering_changes_neither_identity_nor_later_answers(family, tmp_path):
    model = _ready(family, tmp_path)
    before = dict(model.identity())
    for kind in _kinds(model):
        assert _ask(model, kind, REQUESTS[kind]) == _ask(model, kind, REQUESTS[kind])
    assert model.identity() == before


@pytest.mark.parametrize("family", [family for family, make in FAMILIES.items() if isinstance(make(Path()), Learner)])
def test_learning_forgets_the_task_before(family, tmp_path):
    other_task = [Example(Request(sample_id="z", turns=(Turn("user", ("Plane?",)),)), "axial")]
    model, fresh = _ready(family, tmp_path, other_task), _ready(family, tmp_path)
    assert model.identity() != fresh.identity()
    model.learn(EXAMPLES)
    assert model.identity() == fresh.identity()
    for kind in _kinds(model):
        assert _ask(model, kind, REQUESTS[kind]) == _ask(fresh, kind, REQUESTS[kind])


@every_family
def test_a_request_with_text_alone_is_answered(family, tmp_path):
    model = _ready(family, tmp_path)
    request = Request(sample_id="generate-0", turns=(Turn("system", ("Be brief.",)), Turn("user", ("Which organ?",))))
    assert isinstance(model.generate([request])[0].output, str)
