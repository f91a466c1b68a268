"""Sections, cleaning and published conventions, as the score pass applies them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from radbench.catalog import Catalog
from radbench.evaluation import Asking, Result, evaluate_all, plan_all, score_as_published
from radbench.metrics.rouge import Rouge
from radbench.running.annotations import Annotators
from radbench.running.engine import Control
from radbench.sample import Case
from radbench.scoring import IntervalSettings, score

CARD = Catalog().task("demo.report")


@pytest.fixture
def result(tmp_path: Path) -> Result:
    catalog = Catalog()
    asking = Asking(out=tmp_path)
    plans = plan_all(catalog, [catalog.model("majority")], [CARD], asking)
    (found,) = evaluate_all(plans, asking, Control(), IntervalSettings(draws=0))
    return found


def annotators(result: Result) -> Annotators:
    return Annotators(Catalog(), result.folder.path.parents[2] / "annotations")


def scored(result: Result, settings: IntervalSettings | None = None, **half: object) -> dict[str, object]:
    card = CARD.model_copy(update={"score": CARD.score.model_copy(update=half)})
    known = annotators(result)
    summary = score(result.folder, card, known.catalog, known, settings or IntervalSettings(draws=0), to=result.folder.path / "other.json")
    return {value.id: value for value in summary.values}


def test_a_section_is_compared_by_itself_and_stands_in_the_signature(result: Result) -> None:
    whole, findings = scored(result), scored(result, section="findings")

    assert findings["rougeL"].value != whole["rougeL"].value
    assert "|section:findings|" in findings["rougeL"].signature
    assert "section" not in whole["rougeL"].signature


def test_cleaning_is_what_the_metric_would_give_on_cleaned_texts(result: Result) -> None:
    cleaned = scored(result, clean=("lower", "punctuation"))["rougeL"]

    assert cleaned.value == pytest.approx(scored(result)["rougeL"].value)  # rouge drops case and punctuation by itself
    assert "|clean:lower+punctuation|" in cleaned.signature


def test_rows_of_one_convention_are_not_taken_for_those_of_another(result: Result) -> None:
    first = scored(result, section="findings")["rougeL"].value
    scored(result, section="impression")

    assert scored(result, section="findings")["rougeL"].value == first


def test_a_preset_leaves_the_strict_summary_alone(result: Result) -> None:
    before = result.folder.summary.read_bytes()

    summary, preset = score_as_published(result.folder, "r2gen", annotators(result))

    assert result.folder.summary.read_bytes() == before
    assert (result.folder.path / "summary-r2gen.json").exists()
    assert {"bleu-4", "meteor", "rougeL_coco"} <= {value.id for value in summary.values}
    assert preset.differs


def test_the_published_median_is_the_median_of_draws_by_row(result: Result) -> None:
    settings = IntervalSettings(draws=500, by_row=True, medians_of=("rouge",))
    median = scored(result, settings)["rougeL"]

    metric = Rouge()
    samples = list(result.folder.iter_samples())
    rows = metric.measure([Case(sample, answer) for sample, answer in zip(samples, answers(result), strict=True)]).array
    picks = np.random.default_rng(1).integers(0, len(rows), size=(4000, len(rows)))
    draws = [metric.value(rows[pick].sum(axis=0, keepdims=True))["rougeL"][0] for pick in picks]

    assert median.value == pytest.approx(np.median(draws), abs=0.003)  # Monte-Carlo error of the median of 500 draws
    assert median.value != scored(result)["rougeL"].value
    assert "|agg:median/500/row|" in median.signature


def answers(result: Result) -> list[object]:
    from radbench.folder import PredictionIndex

    protocol = Catalog().build("protocols", CARD.ask.protocol, {**CARD.ask.options, "answer": CARD.ask.answer})
    with PredictionIndex(result.folder.predictions) as index:
        return [protocol.read(sample, index.get(sample.keys[0])) for sample in result.folder.iter_samples()]
