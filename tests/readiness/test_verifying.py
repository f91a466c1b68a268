"""Weights held against canaries: tiny ones that pass what they gave before, and fail once they are altered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from radgraph_archives import Size, write_archive
from tiny_encoders import REPORTS, change_safetensors, write_chexbert, write_encoder, write_tagger

from radbench.catalog import Catalog
from radbench.certificates import read_certificate
from radbench.cli import main
from radbench.errors import ContentError, UnknownNameError, WeightsError
from radbench.readiness.canaries import find_canaries, read_canary
from radbench.readiness.verifying import differences, verify
from radbench.running.annotations import Annotators
from radbench.sample import Request, Turn

CANARIES = sorted((Path(__file__).parents[2] / "radbench" / "readiness" / "canaries").glob("*.yaml"))
CARDS = {
    "tiny-chexbert": "family: chexbert\narguments: {device: cpu}\n",
    "tiny-encoder": "family: encoder\narguments: {device: cpu, pooling: cls, max_tokens: 30}\n",
    "tiny-tagger": "family: ratescore-ner\narguments: {device: cpu}\n",
    "tiny-radgraph": "family: radgraph\narguments: {device: cpu, model_type: radgraph-xl}\n",
    "tiny-rules": "family: rules-14\n",
    "tiny-judge": "family: constant\narguments: {text: 'Equivalent: yes'}\n",
}


def run(*arguments) -> int:
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


@pytest.fixture
def folder(tmp_path):
    """A catalogue folder of cards, to which tests add canaries."""
    for name, text in CARDS.items():
        (tmp_path / f"{name}.yaml").write_text(f"title: {name}\n{text}")
    (tmp_path / "canaries").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    pytest.importorskip("torch", reason="needs the `local` extra")
    pytest.importorskip("transformers", reason="needs the `local` extra")
    folder = tmp_path_factory.mktemp("weights")
    return {
        "tiny-chexbert": write_chexbert(folder / "c"),
        "tiny-encoder": write_encoder(folder / "e"),
        "tiny-tagger": write_tagger(folder / "t"),
        "tiny-radgraph": write_archive(folder / "r", "radgraph-xl", Size(entity_bias=-2.0)),
    }


def write_canary(folder: Path, model: str, *checks: dict, **more: object) -> Path:
    file = folder / "canaries" / f"{model}.yaml"
    filled = [{"tolerance": 0, "source": "made by this test", **check} for check in checks]
    file.write_text(yaml.safe_dump({"title": model, "checks": filled, **more}))
    return file


def got(folder: Path, weights, model: str, **check) -> dict:
    """What a model gives today, from the certificate of a canary that expects something else."""
    write_canary(folder, model, {**check, "expect": dict.fromkeys(check["expect"], "something else")})
    certificate = verify(Catalog([folder]), model, weights, {}, folder / "before")[1]
    assert not certificate.passed
    return certificate.checks[0].got


TEXT = REPORTS[1]
PAIRS = [{"reference": REPORTS[4], "candidate": REPORTS[1]}, {"reference": REPORTS[0], "candidate": REPORTS[0]}]
CHECKS = {
    "tiny-chexbert": {"text": TEXT, "expect": ["Edema", "Fracture", "No Finding"]},
    "tiny-radgraph": {"text": TEXT, "expect": ["entities"]},
    "tiny-tagger": {
        "metric": {"ratescore": {"ner": "tiny-tagger", "encoder": "tiny-encoder"}},
        "pairs": PAIRS,
        "expect": ["ratescore"],
        "tolerance": 1e-6,
    },
    "tiny-encoder": {"text": [TEXT, REPORTS[4]], "expect": ["f1", "cosine"], "tolerance": 1e-6},
}


@pytest.mark.parametrize("model", CHECKS)
def test_weights_pass_on_what_they_gave_before(folder, weights, model):
    check = CHECKS[model]
    write_canary(folder, model, {**check, "expect": got(folder, weights, model, **check)})

    file, certificate = verify(Catalog([folder]), model, weights, {}, folder / "runs")

    assert certificate.passed
    assert certificate.n_published == 1
    assert file == folder / "runs" / "certificates" / model / f"{certificate.identity}.json"
    assert read_certificate(folder / "runs", model, certificate.identity[:8]) == certificate
    assert len(certificate.weights) == 64
    assert {"python", "numpy", "torch", "transformers"} <= certificate.versions.keys()
    assert certificate.date.endswith("+00:00")


def test_a_model_that_a_check_asked_besides_is_covered_by_the_certificate(folder, weights):
    check = CHECKS["tiny-tagger"]
    write_canary(folder, "tiny-tagger", {**check, "expect": got(folder, weights, "tiny-tagger", **check)})
    certificate = verify(Catalog([folder]), "tiny-tagger", weights, {}, folder / "runs")[1]

    assert read_certificate(folder / "runs", "tiny-encoder", certificate.others["tiny-encoder"][:8]) == certificate
    assert read_certificate(folder / "runs", "tiny-encoder", "0" * 8) is None
    assert read_certificate(folder / "runs", "chexbert", certificate.identity) is None


def test_altered_weights_fail_and_get_a_certificate_of_their_own(folder, weights, tmp_path):
    check = CHECKS["tiny-encoder"]
    write_canary(folder, "tiny-encoder", {**check, "expect": got(folder, weights, "tiny-encoder", **check)})
    sound = verify(Catalog([folder]), "tiny-encoder", weights, {}, folder / "runs")[1]
    altered = write_encoder(tmp_path / "altered")
    change_safetensors(altered, lambda state: state["encoder.layer.1.output.dense.weight"].mul_(1.5))

    certificate = verify(Catalog([folder]), "tiny-encoder", {"tiny-encoder": altered}, {}, folder / "runs")[1]

    assert not certificate.passed
    assert certificate.identity != sound.identity
    assert read_certificate(folder / "runs", "tiny-encoder", sound.identity).passed


def test_weights_of_another_make_are_refused_by_their_reader(folder, weights, tmp_path):
    write_canary(folder, "tiny-chexbert", {"text": TEXT, "expect": {"Edema": 1}})
    broken = write_chexbert(tmp_path / "broken", lambda state: state.pop("module.linear_heads.3.bias"))

    with pytest.raises(WeightsError, match=r"linear_heads\.3\.bias"):
        verify(Catalog([folder]), "tiny-chexbert", {"tiny-chexbert": broken}, {}, folder / "runs")


def verified(folder, *checks, options=None, **more):
    write_canary(folder, "tiny-rules", *checks, **more)
    return verify(Catalog([folder]), "tiny-rules", {}, options or {}, folder / "runs")[1]


def test_a_certificate_bears_the_digits_that_signatures_show(folder):
    certificate = verified(folder, {"text": "No edema.", "expect": {"Edema": 2}})
    annotators = Annotators(Catalog([folder]), folder / "annotations")
    annotators.answer("tiny-rules", [Request(kind="annotate", turns=(Turn("user", ("No edema.",)),))], "open")

    assert annotators.identity("tiny-rules") == certificate.identity[:8]
    assert (folder / "annotations" / "tiny-rules" / certificate.identity).is_dir()


def test_any_of_several_answers_may_be_right(folder):
    text = "Small left pleural effusion."
    assert verified(folder, {"text": text, "expect": {"Pleural Effusion": {"one_of": [1, 3]}}}).passed
    assert not verified(folder, {"text": text, "expect": {"Pleural Effusion": {"one_of": [0, 2]}}}).passed


def test_every_check_is_run_and_told(folder):
    certificate = verified(
        folder,
        {"text": "No edema.", "expect": {"Edema": 1}},
        {"text": "No edema.", "expect": {"Edema": 2}, "basis": "definition"},
        {"text": "No edema.", "expect": {"Oedema": 2}},
    )
    assert [check.passed for check in certificate.checks] == [False, True, False]
    assert [check.got for check in certificate.checks] == [{"Edema": 2.0}, {"Edema": 2.0}, {"Oedema": None}]
    assert certificate.n_published == 2


def test_a_difference_within_the_tolerance_passes(folder):
    metric = {"metric": {"chexbert": {"annotator": "tiny-rules"}}, "pairs": [{"reference": "Edema.", "candidate": "Edema."}]}
    assert verified(folder, {**metric, "expect": {"f1_14_micro": 0.95}, "tolerance": 0.06}).passed
    assert not verified(folder, {**metric, "expect": {"f1_14_micro": 0.95}, "tolerance": 0.04}).passed


def test_a_difference_is_told_at_its_place(folder, weights):
    """Of dozens of entities, the one that differs."""
    found = got(folder, weights, "tiny-radgraph", text=TEXT, expect=["entities"])
    first = next(iter(found["entities"]))
    expected = {
        "entities": {**found["entities"], first: {**found["entities"][first], "label": "Anatomy::uncertain"}, "99": {"tokens": "x"}}
    }
    write_canary(folder, "tiny-radgraph", {"text": TEXT, "expect": expected})

    certificate = verify(Catalog([folder]), "tiny_radgraph", weights, {}, folder / "runs")[1]

    assert differences(certificate.checks[0]) == [
        (f"entities.{first}.label", "Anatomy::uncertain", found["entities"][first]["label"]),
        ("entities.99", {"tokens": "x"}, None),
    ]
    assert certificate.model == "tiny-radgraph"


def test_a_pair_that_a_metric_leaves_out_fails_with_the_reason(folder):
    check = {"metric": {"chexbert": {"annotator": "tiny-rules"}}, "pairs": [{"reference": " ", "candidate": "Edema."}]}
    certificate = verified(folder, {**check, "expect": {"f1_14_micro": 1}})
    assert not certificate.passed
    assert certificate.checks[0].got == {"error": "no reference text"}


def test_what_a_canary_leaves_to_the_user_must_be_brought(folder, tmp_path):
    (tmp_path / "question.yaml").write_text("user: 'Same? {question} {reference} {answer} {candidate}'\n")
    check = {
        "metric": {"equivalence": {"judge": "tiny-judge"}},
        "pairs": [{"reference": "Left.", "candidate": "On the left."}],
        "expect": {"equivalence": 1},
    }
    catalog = Catalog([folder])
    write_canary(folder, "tiny-judge", check, options={"prompt": "the published prompt"})

    with pytest.raises(ContentError, match=r"needs --option prompt=\.\.\.: the published prompt"):
        verify(catalog, "tiny-judge", {}, {}, folder / "runs")
    with pytest.raises(ContentError, match="has no such option; it takes prompt"):
        verify(catalog, "tiny-judge", {}, {"prompt": "x", "repeats": "2"}, folder / "runs")
    certificate = verify(catalog, "tiny-judge", {}, {"prompt": str(tmp_path / "question.yaml")}, folder / "runs")[1]
    assert certificate.passed


def test_a_model_that_cannot_do_what_is_asked_is_named(folder):
    write_canary(folder, "tiny-judge", {"text": "No edema.", "expect": {"Edema": 2}})
    with pytest.raises(ContentError, match="`tiny-judge` cannot annotate"):
        verify(Catalog([folder]), "tiny-judge", {}, {}, folder / "runs")


def test_a_model_without_a_canary_is_told_where_one_goes():
    with pytest.raises(UnknownNameError, match=r"no canary of `constant`.*canaries/constant\.yaml"):
        find_canaries(Catalog(), "constant")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"tolerance": -1}, "tolerance"),
        ({"expect": {}}, "expect"),
        ({"source": ""}, "source"),
        ({"text": []}, "expected either `text`, or `metric` with `pairs`"),
        ({"pairs": [{"reference": "a", "candidate": "b"}]}, "expected either `text`, or `metric` with `pairs`"),
        ({"basis": "hope"}, "basis"),
        ({"expected": {"Edema": 1}}, "expected"),
    ],
)
def test_a_canary_of_another_form_is_refused_with_file_and_line(folder, change, problem):
    file = write_canary(folder, "tiny-rules", {"text": "No edema.", "expect": {"Edema": 2}, **change})
    with pytest.raises(ContentError, match=rf"tiny-rules\.yaml:\d+: .*{problem}"):
        read_canary(file)


@pytest.mark.parametrize("file", CANARIES, ids=lambda file: file.stem)
def test_a_published_canary_names_what_exists(file):
    catalog, canary = Catalog(), read_canary(file)
    assert canary.model == file.stem
    card = catalog.model(canary.model)
    for check in canary.checks:
        assert check.basis == "definition" or any(host in check.source for host in ("Stanford-AIMI/", "jbdel/RadEval"))
        if check.metric is None:
            assert card.family in {"radgraph", "chexbert"}
            continue
        metric = catalog.build("metrics", check.metric.name, check.metric.options)
        assert canary.model in metric.annotators
        assert all(catalog.has("adapters", one) for one in metric.annotators)
        values = metric.aggregate(_rows(metric), _ones())
        assert check.expect.keys() <= values.keys()


def _rows(metric):
    import numpy as np

    return np.ones((1, len(metric.columns)))


def _ones():
    import numpy as np

    return np.ones((1, 1))


def test_the_example_of_the_documentation_is_a_canary(tmp_path):
    docs = (Path(__file__).parents[2] / "docs" / "clinical-metrics.md").read_text("utf-8")
    (example,) = [block for block in docs.split("```") if block.startswith("\ntitle: Our labels")]
    (tmp_path / "canaries").mkdir()
    (tmp_path / "canaries" / "chexbert.yaml").write_text(example)
    own, ours = find_canaries(Catalog([tmp_path]), "chexbert").values()
    assert own.title != ours.title == "Our labels"


def test_the_models_with_canaries_are_those_of_the_published_metrics():
    named = {"radgraph", "radgraph-xl", "modern-radgraph-xl", "chexbert", "rate-ner-deberta", "green-radllama2-7b"}
    assert named <= {file.stem for file in CANARIES}


def test_the_command_prints_what_failed_and_leaves_with_1(folder, capsys):
    write_canary(
        folder, "tiny-rules", {"text": "No edema.", "expect": {"Edema": 2}}, {"text": "Edema.", "expect": {"Edema": 2, "Fracture": 0}}
    )

    assert run("doctor", "--verify", "tiny-rules", "--catalog", folder, "--out", folder / "runs") == 1
    out = capsys.readouterr().out
    assert "pass  No edema.\nFAIL  Edema.\n" in out
    assert "FAIL  Edema.\n      Edema: expected 2, got 1.0\n      within 0; made by this test\n" in out
    assert "tiny-rules: 1 of 2 expectations met, 2 of them published" in out


def test_the_command_leaves_with_0_where_all_is_met_and_gives_json(folder, capsys):
    write_canary(folder, "tiny-rules", {"text": "No edema.", "expect": {"Edema": 2}})

    assert run("doctor", "--verify", "tiny-rules", "--catalog", folder, "--out", folder / "runs", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["passed"]
    assert Path(document["certificate"]).is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--verify", "chexbert"),  # weights are not named
        ("--verify", "nobody"),
        ("--verify", "chexbert", "constant"),
        ("--verify", "chexbert", "--option", "prompt=x"),
        ("constant", "--option", "prompt=x"),
    ],
)
def test_a_mistake_of_the_user_leaves_with_2(arguments, tmp_path, capsys):
    assert run("doctor", *arguments, "--out", tmp_path) == 2
    assert capsys.readouterr().err.startswith("radbench: ")
