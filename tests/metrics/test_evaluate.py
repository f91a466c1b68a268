"""Metrics of the package `evaluate` inside radbench: rows, whole sets, what a black box may do wrong, and scripts beside a card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import radbench
from radbench.catalog import Catalog
from radbench.catalog.cards import TaskCard
from radbench.catalog.reading import parse_card
from radbench.errors import ContentError, MissingPackageError, ScoringError
from radbench.evaluation import rescore
from radbench.metrics.evaluate import Evaluate
from radbench.running.annotations import Annotators
from radbench.sample import Case
from radbench.scoring import IntervalSettings

pytest.importorskip("evaluate", reason="needs the extra `evaluate`")

SCRIPT = str(Path(__file__).parent / "overlap.py")
CASES = [
    Case.of("a small effusion", ["small left effusion"], id="1"),
    Case.of(None, ["clear"], id="2"),
    Case.of("clear lungs", ["clear lungs"], id="3"),
]
# 2 of 3 words, 0 of 1, 2 of 2: in the mean (2/3 + 0 + 1) / 3, of the whole set 4 of 6 words
BY_CASE, WHOLE = 5 / 9, 4 / 6


def values(metric, cases=CASES, weights=None):
    metric.prepare(cases)
    rows = metric.measure(cases)
    kept = rows.array[[reason is None for reason in rows.excluded]]
    return metric.aggregate(kept, np.ones((1, len(kept))) if weights is None else np.array(weights)), rows.excluded


TEXTS = '{"predictions": text, "references": text}'
NUMBERS = TEXTS.replace("text", "datasets.Value('int32')")


def module(folder: Path, name: str, compute: str, features: str = TEXTS) -> str:
    """A script whose `_compute` has this body."""
    (folder / f"{name}.py").write_text(
        "import datasets\nimport evaluate\n"
        "text = datasets.Value('string')\n"
        "class Made(evaluate.Metric):\n"
        "    def _info(self):\n"
        f"        features = datasets.Features({features})\n"
        "        return evaluate.MetricInfo(description='', citation='', inputs_description='', features=features)\n"
        f"    def _compute(self, predictions, references):\n        {compute}\n"
    )
    return str(folder / f"{name}.py")


def test_a_value_is_the_mean_of_what_the_module_gives_for_each_case():
    found, excluded = values(Evaluate(module=SCRIPT, value="overlap"))

    assert found["overlap:overlap"] == pytest.approx([BY_CASE])
    assert excluded == (None, None, None)


def test_a_list_with_a_number_for_each_case_is_taken_as_it_is():
    listed, _ = values(Evaluate(module=SCRIPT, value="shares"))

    assert listed["overlap:shares"] == pytest.approx([BY_CASE])


def test_the_whole_set_has_the_modules_own_value_in_any_subset_and_none_in_a_draw():
    weights = [[1, 1, 1], [0.5, 0.5, 0], [2, 1, 0], [0, 0, 0]]
    found, _ = values(Evaluate(module=SCRIPT, value="overlap", aggregation="corpus"), weights=weights)

    np.testing.assert_allclose(found["overlap:overlap"], [WHOLE, 2 / 4, np.nan, np.nan])


def test_settings_go_to_the_module_and_into_the_signature():
    metric = Evaluate(module=SCRIPT, value=("overlap", "shares"), scale=100.0)
    found, _ = values(metric)

    assert found["overlap:overlap"] == pytest.approx([100 * BY_CASE])
    assert found["overlap:shares"] == pytest.approx([100 * BY_CASE])
    assert metric.signature()["args"] == '{"scale":100.0}'


def test_the_signature_tells_the_code_the_aggregation_and_the_package(tmp_path):
    signature = Evaluate(module=SCRIPT, value="overlap").signature()
    changed = tmp_path / "overlap.py"
    changed.write_text(Path(SCRIPT).read_text().replace("len(other) for", "max(1, len(other)) for"))

    assert signature["module"].startswith("overlap@")
    assert signature["module"] != Evaluate(module=str(changed), value="overlap").signature()["module"]
    assert signature["agg"] == "mean of cases"
    assert Evaluate(module=SCRIPT, value="overlap", aggregation="corpus").signature()["agg"] == "corpus"


def test_cases_that_the_module_cannot_measure_are_left_out_with_the_reason(tmp_path):
    failing = module(tmp_path, "failing", "return {'v': 1 / len(predictions[0])}")
    undefined = module(tmp_path, "undefined", "return {'v': float('nan') if not predictions[0] else 'high'}")
    cases = [*CASES[:2], Case.of("a", ["b", "c"]), Case.of("a", [" "])]

    reasons = ("several references, of which the module takes one", "no reference text")
    assert values(Evaluate(module=failing, value="v"), cases)[1] == (None, "the module raised ZeroDivisionError", *reasons)
    assert values(Evaluate(module=undefined, value="v"), cases)[1] == (*["the module gave no finite number"] * 2, *reasons)


def test_a_module_that_takes_several_references_is_given_all(tmp_path):
    several = module(
        tmp_path, "several", "return {'n': sum(map(len, references))}", '{"predictions": text, "references": datasets.Sequence(text)}'
    )
    found, _ = values(Evaluate(module=several, value="n"), [Case.of("a", ["b", "c"]), Case.of("a", ["b"])])

    assert found["several:n"] == pytest.approx([1.5])


@pytest.mark.parametrize(
    ("compute", "features", "told"),
    [
        ("return {'w': 1}", TEXTS, "gives no v; it gives w"),
        ("return 3", TEXTS, "no values by name"),
        ("return {}", NUMBERS, "expected a module that takes texts"),
    ],
)
def test_a_module_of_another_kind_is_refused_with_what_it_gives_or_takes(tmp_path, compute, features, told):
    with pytest.raises(ScoringError, match=told):
        values(Evaluate(module=module(tmp_path, "other", compute, features), value="v"))


def test_a_module_that_raises_on_the_whole_set_is_a_scoring_error_without_its_texts(tmp_path):
    quoting = module(tmp_path, "quoting", "raise ValueError(predictions[0])")

    with pytest.raises(ScoringError, match="raised on the whole set: ValueError") as caught:
        values(Evaluate(module=quoting, value="v", aggregation="corpus"))
    assert "effusion" not in str(caught.value)


def test_a_script_that_cannot_be_loaded_says_why(tmp_path):
    broken, needy = tmp_path / "broken.py", tmp_path / "needy.py"
    broken.write_text("import evaluate\nclass Made(evaluate.Metric):\n    raise RuntimeError('secret')\n")
    needy.write_text("import nowhere_to_be_found\n")

    with pytest.raises(ScoringError, match=r"cannot be loaded: RuntimeError at broken.py:3"):
        values(Evaluate(module=str(broken), value="v"))
    with pytest.raises(MissingPackageError, match="nowhere_to_be_found"):
        values(Evaluate(module=str(needy), value="v"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"module": "./nowhere.py"}, "no script at `nowhere.py`"),
        ({}, "no script at"),
        ({"module": "some-lab/metric"}, "expected `revision` beside a hub id"),
    ],
)
def test_a_script_that_is_not_there_and_a_hub_id_without_revision_are_refused(options, told):
    with pytest.raises(ContentError, match=told):
        Evaluate(value="v", **options)


def test_a_module_of_the_hub_that_cannot_be_fetched_is_said_to_be(caplog):
    with pytest.raises(ScoringError, match="cannot be had"):
        values(Evaluate(module="some-lab/metric", revision="0123abc", value="v"))
    assert "fetched from the Hugging Face Hub at 0123abc" in caplog.text


def test_lower_is_better_where_it_is_said_so():
    assert Evaluate(module=SCRIPT, value="overlap", lower_is_better=True).lower_is_better == {"overlap:overlap"}
    assert Evaluate(module=SCRIPT, value="overlap").lower_is_better == frozenset()


def test_the_catalogue_makes_it_of_a_name_with_the_script():
    metric = Catalog().build("metrics", f"evaluate:{SCRIPT}", {"value": ["overlap"], "scale": 2})

    assert values(metric)[0]["overlap:overlap"] == pytest.approx([2 * BY_CASE])
    with pytest.raises(ContentError, match="needs the option `value`"):
        Catalog().build("metrics", f"evaluate:{SCRIPT}")


@pytest.fixture
def card(tmp_path):
    """A task card with a script of its own beside it."""
    (tmp_path / "my_overlap.py").write_text(Path(SCRIPT).read_text())
    task = (Path(radbench.__file__).parents[1] / "tasks" / "demo.text.yaml").read_text("utf-8")
    before, _, after = task.partition("  metrics:")
    metrics = "[{'evaluate:./my_overlap.py': {value: overlap}}]\n  primary: 'my_overlap:overlap'"
    path = tmp_path / "demo.own.yaml"
    path.write_text(f"{before}  metrics: {metrics}\n{after.partition('primary:')[2].partition(chr(10))[2]}")
    return path


def test_a_script_lies_beside_its_card(card):
    (use,) = parse_card(card.read_text(), card, TaskCard).score.metrics

    assert use.name == f"evaluate:{card.parent / 'my_overlap.py'}"
    assert values(Catalog().build("metrics", use.name, use.options))[0]["my_overlap:overlap"] == pytest.approx([BY_CASE])


def test_a_run_is_scored_with_it_and_scored_again_without_its_card(card, monkeypatch):
    out = card.parent / "runs"
    run = radbench.evaluate("constant-normal-report", card, limit=5, draws=20, out=out)
    monkeypatch.chdir(card.parent)
    again = rescore(run.folder, Annotators(Catalog(), out / "annotations"), IntervalSettings(draws=20)).summary

    assert run.primary.id == "my_overlap:overlap"
    assert run.primary.ci is not None
    assert run.primary.signature.startswith("evaluate|module:my_overlap@")
    assert (run.summary.problems, again.problems) == ((), ())
    assert again.values == run.summary.values


def test_plain_texts_are_scored_through_the_python_door_with_an_interval():
    metrics = [{f"evaluate:{SCRIPT}": {"value": "overlap"}}]
    found = radbench.score(["small left effusion", "clear"], ["a small effusion", ""], metrics, draws=50)

    assert found["overlap:overlap"].value == pytest.approx(1 / 3)
    assert found["overlap:overlap"].ci is not None


def test_a_whole_set_has_no_interval():
    options = {"value": "overlap", "aggregation": "corpus"}
    references, candidates = zip(*[(case.references[0], case.text) for case in CASES], strict=True)
    found = radbench.score(references, candidates, [{f"evaluate:{SCRIPT}": options}], draws=50)

    assert found["overlap:overlap"].value == pytest.approx(WHOLE)
    assert found["overlap:overlap"].ci in (None, (None, None))
