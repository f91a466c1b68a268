"""BERTScore, semantic similarity and SembScore as arithmetic on what annotators say."""

from __future__ import annotations

import numpy as np
import pytest

from radbench.errors import ContentError, ScoringError
from radbench.metrics.base import Excluded
from radbench.metrics.bertscore import Bertscore
from radbench.metrics.semb_score import SembScore
from radbench.metrics.similarity import Similarity
from radbench.sample import Case, Reply, Vectors


def compared(precision, recall, f1, cosine=0.5):
    return Reply(output={"precision": precision, "recall": recall, "f1": f1, "cosine": cosine})


def annotated(candidate, references, *replies):
    plain = Case.of(candidate, references)
    return Case(plain.sample, plain.answer, 0, replies)


def value(metric, case):
    return {name: array[0] for name, array in metric.value(metric.row(case)[None]).items()}


def test_the_annotators_values_are_the_cases_own():
    case = annotated("Edema.", ["Wet."], compared(0.7, 0.8, 0.75))
    assert value(Bertscore(), case) == pytest.approx({"bertscore": 0.75, "bertscore_precision": 0.7, "bertscore_recall": 0.8})
    assert value(Similarity(), case) == {"similarity": 0.5}


def test_a_baseline_moves_each_part_by_its_own_number():
    case = annotated("Edema.", ["Wet."], compared(0.9, 0.8, 0.7))
    found = value(Bertscore(baseline=(0.8, 0.6, 0.4)), case)
    assert found == pytest.approx({"bertscore": 0.5, "bertscore_precision": 0.5, "bertscore_recall": 0.5})


def test_each_part_takes_its_best_reference():
    case = annotated("Edema.", ["Wet.", "Dry."], compared(0.9, 0.2, 0.3, 0.1), compared(0.4, 0.6, 0.5, 0.2))
    assert value(Bertscore(), case) == pytest.approx({"bertscore": 0.5, "bertscore_precision": 0.9, "bertscore_recall": 0.6})
    assert value(Similarity(), case) == {"similarity": 0.2}


@pytest.mark.parametrize("metric", [Bertscore(annotator="mine"), Similarity(annotator="mine")])
def test_pairs_are_asked_about_once_and_no_empty_text(metric):
    asks = metric.asks(Case.of("Edema.", ["Wet.", "", "Dry."]), [])
    assert [(ask.annotator, ask.request.turns[0].parts) for ask in asks] == [("mine", ("Edema.", "Wet.")), ("mine", ("Edema.", "Dry."))]
    assert metric.asks(Case.of("Edema.", ["Wet."]), [compared(1, 1, 1)]) == []
    assert metric.asks(Case.of("", ["Wet."]), []) == []


def test_an_empty_candidate_has_0_before_rescaling():
    case = Case.of(" ", ["Wet."])
    assert set(value(Bertscore(), case).values()) == {0}
    assert value(Bertscore(baseline=(0.5, 0.5, 0.5)), case)["bertscore"] == -1
    assert value(Similarity(), case) == {"similarity": 0}
    assert value(SembScore(), annotated(" ", ["Wet."], Reply(output=Vectors.of(np.ones((1, 2)))))) == {"semb_score": 0}


@pytest.mark.parametrize("metric", [Bertscore(), Similarity(), SembScore()])
def test_a_case_without_reference_or_with_a_failed_annotator_is_left_out(metric):
    assert metric.row(Case.of("Edema.", [""])) == Excluded("no reference text")
    assert metric.row(annotated("Edema.", ["Wet."], Reply(error="too long"), Reply(error="too long"))) == Excluded("annotator failed")


@pytest.mark.parametrize("metric", [Bertscore(), Similarity(), SembScore()])
def test_an_annotator_of_something_else_is_named_as_such(metric):
    with pytest.raises(ScoringError, match=f"metric `{metric.name}`: its annotator"):
        metric.row(annotated("Edema.", ["Wet."], Reply(output="prose"), Reply(output="prose")))


@pytest.mark.parametrize("baseline", [(0.5,), (0.5, 0.5, 1.0)])
def test_a_baseline_that_is_none_is_refused(baseline):
    with pytest.raises(ContentError, match="three numbers below 1"):
        Bertscore(baseline=baseline)


def test_semb_score_is_the_cosine_with_the_closest_reference():
    metric = SembScore(annotator="mine")
    vectors = [Reply(output=Vectors.of(np.array([row], dtype=np.float64))) for row in ((1, 0), (0, 2), (3, 4))]
    case = annotated("Edema.", ["Dry.", "Wet."], *vectors)
    assert [(ask.annotator, ask.request.kind) for ask in metric.asks(case, [])] == [("mine", "embed")] * 3
    assert value(metric, case) == pytest.approx({"semb_score": 0.6})
