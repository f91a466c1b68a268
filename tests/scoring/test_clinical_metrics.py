"""Clinical metrics end to end: a run scored by tiny readers of checkpoints, whose annotations are stored and shared."""

from __future__ import annotations

import json

import pytest
from bench import Bench
from fakes import FakeModel
from tiny_encoders import REPORTS, write_chexbert, write_encoder, write_tagger

from radbench.models.chexbert import Chexbert
from radbench.models.encoder import Encoder
from radbench.models.ratescore_ner import RatescoreNer
from radbench.sample import Reply

pytest.importorskip("torch", reason="needs the `local` extra")
pytest.importorskip("transformers", reason="needs the `local` extra")

METRICS = {
    "chexbert": "f1_14_micro",
    "semb-score": "semb_score",
    "bertscore": "bertscore",
    "similarity": "similarity",
    "ratescore": "ratescore",
}
SAID = [REPORTS[1], REPORTS[4]]


def graph(request):
    """Each word an entity, none related."""
    words = enumerate(str(request.turns[0].parts[0]).split())
    return Reply(output=json.dumps({"entities": {str(i): {"tokens": word, "label": "OBS-DP", "relations": []} for i, word in words}}))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    return {"chexbert": write_chexbert(folder / "c"), "encoder": write_encoder(folder / "e"), "tagger": write_tagger(folder / "t")}


@pytest.fixture
def clinical(bench: Bench, weights) -> Bench:
    bench.models = {
        "fake": FakeModel(answer=lambda request: Reply(output=SAID[int(request.sample_id[1:]) % 2])),
        "chexbert": Chexbert(weights=weights["chexbert"]),
        "radgraph": FakeModel(answer=graph, name="radgraph"),
        **{name: Encoder(weights=weights["encoder"]) for name in ("distilroberta-base", "all-minilm-l6-v2")},
        "biolord-2023-c": Encoder(weights=weights["encoder"], pooling="cls", max_tokens=30),
        "rate-ner-deberta": RatescoreNer(weights=weights["tagger"]),
    }
    bench.write_rows(
        {"id": f"q{i}", "question": "Report?", "answer": SAID[0], "patient": f"p{i}", "kind": "film", "image": [], "follows": ""}
        for i in range(6)
    )
    bench.score |= {"metrics": [*METRICS, "radcliq"], "primary": "f1_14_micro"}
    bench.write_card()
    return bench


def test_every_metric_is_scored_and_scoring_again_asks_nothing(clinical: Bench, monkeypatch):
    summary = clinical.run().summary
    assert summary.problems == ()
    found = {value.id: value.value for value in summary.values}
    assert {*METRICS.values(), "radcliq_v0", "radcliq_v1"} <= found.keys()
    assert None not in found.values()
    for value in METRICS.values():
        assert 0 < found[value] < 1, value

    def refuse(*_: object) -> None:
        raise AssertionError("asked again")

    for family in (Chexbert, Encoder, RatescoreNer):
        for way in ("annotate", "embed"):
            monkeypatch.setattr(family, way, refuse, raising=False)
    assert clinical.rescore().summary.values == summary.values


def test_without_weights_the_metric_is_named_and_the_others_are_scored(clinical: Bench):
    clinical.models["chexbert"] = Chexbert()
    summary = clinical.run().summary
    blocked = [problem for problem in summary.problems if "chexbert.pth" in problem]
    assert [problem.partition(":")[0] for problem in blocked] == ["chexbert", "semb-score", "radcliq"]
    assert {"bertscore", "similarity", "ratescore"} <= {value.id for value in summary.values}
