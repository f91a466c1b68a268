"""AUROC and average precision against scikit-learn 1.9 with sample weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from radbench.metrics.discrimination import Discrimination
from radbench.sample import Abstained, Case, Choice, LabelSet, Unparsed


def binary(score, is_positive):
    return Case.of(Choice("yes", {"yes": score, "no": 1 - score}), [Choice("yes" if is_positive else "no")])


def measured(metric, cases, weights=None):
    metric.prepare(cases)
    rows = metric.measure(cases)
    kept = np.array([reason is None for reason in rows.excluded])
    weights = np.ones((1, len(cases))) if weights is None else np.atleast_2d(weights)
    return metric.aggregate(rows.array[kept], weights[:, kept])


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_areas_under_many_weightings_are_those_of_scikit_learn(rows):
    scores, positive, *weights = (np.array(column) for column in zip(*rows, strict=True))
    values = measured(Discrimination(positive="yes"), [binary(s / 6, p) for s, p in zip(scores, positive, strict=True)], weights)

    for i, weight in enumerate(weights):
        if weight[positive].sum() == 0 or weight[~positive].sum() == 0:
            expected = (np.nan, np.nan)
        else:
            expected = (
                roc_auc_score(positive, scores, sample_weight=weight),
                average_precision_score(positive, scores, sample_weight=weight),
            )
        assert (values["auroc"][i], values["auprc"][i]) == pytest.approx(expected, nan_ok=True)


def test_three_hundred_weightings_agree_with_one_by_one():
    rng = np.random.default_rng(0)
    cases = [binary(score, rng.random() < score) for score in rng.random(40).round(2)]
    weights = rng.poisson(1, (300, 40)).astype(float)
    together = measured(Discrimination(positive="yes"), cases, weights)
    alone = [measured(Discrimination(positive="yes"), cases, weight)["auprc"][0] for weight in weights]

    assert together["auprc"] == pytest.approx(np.array(alone))


def test_each_label_of_a_set_has_its_area_and_the_macro_mean_takes_the_defined_ones():
    rng = np.random.default_rng(1)
    truth = rng.random((30, 3)) < [0.3, 0.6, 0.0]
    scores = rng.random((30, 3)).round(1)
    names = ("edema", "effusion", "fracture")
    cases = [
        Case.of(LabelSet((), dict(zip(names, map(float, s), strict=True))), [LabelSet(tuple(np.array(names)[t]))], options=names)
        for s, t in zip(scores, truth, strict=True)
    ]
    values = measured(Discrimination(), cases)
    expected = [roc_auc_score(truth[:, i], scores[:, i]) for i in range(2)]

    assert [values["auroc:edema"][0], values["auroc:effusion"][0]] == pytest.approx(expected)
    assert np.isnan(values["auroc:fracture"][0])
    assert values["auroc_macro"][0] == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("answer", [None, Unparsed("prose"), Abstained("unclear")])
def test_an_unreadable_answer_is_the_worst_for_its_case(answer):
    cases = [binary(0.0, True), binary(1.0, False)]
    worst = [Case.of(answer, [Choice("yes")]), Case.of(answer, [Choice("no")])]
    values = measured(Discrimination(positive="yes"), cases + worst)

    # of the four pairs each is lost, but for none: the readable ones are reversed too
    assert values["auroc"][0] == 0
    assert measured(Discrimination(positive="yes"), [binary(0.9, True), worst[1]])["auroc"][0] == 0


def test_where_no_answer_has_scores_the_unreadable_ones_are_not_measured_alone():
    cases = [Case.of(Choice("yes"), [Choice("yes")]), Case.of(Unparsed("prose"), [Choice("no")]), Case.of(None, [Choice("yes")])]
    metric = Discrimination(positive="yes")
    metric.prepare(cases)

    assert metric.measure(cases).excluded == ("no probabilities in any answer",) * 3
    metric.prepare([*cases, binary(0.5, True)])
    assert metric.measure(cases).excluded == ("no scores", None, None)


def test_an_answer_without_scores_is_left_out():
    rows = Discrimination(positive="yes").measure([Case.of(Choice("yes"), [Choice("yes")]), Case.of("yes", ["yes"])])

    assert rows.excluded == ("no scores", "no label among the references")
