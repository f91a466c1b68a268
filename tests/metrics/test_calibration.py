"""Brier score against scikit-learn 1.9, calibration error against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from radbench.errors import ContentError
from radbench.metrics.calibration import Calibration, reliability
from radbench.sample import Case, Choice, Unparsed


def case(scores, *right):
    return Case.of(Choice(max(scores, key=scores.get), scores), [Choice(label) for label in right])


def measured(cases, weights=None, bins=15):
    metric = Calibration(bins=bins)
    rows = metric.measure(cases)
    return {
        name: value[0]
        for name, value in metric.aggregate(rows.array, np.ones((1, len(cases))) if weights is None else weights[None]).items()
    }


def test_the_brier_score_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    p, weights = rng.dirichlet([1, 1, 1], 50), rng.integers(1, 5, 50).astype(float)
    truth = rng.integers(0, 3, 50)
    cases = [case(dict(zip("abc", map(float, row), strict=True)), "abc"[t]) for row, t in zip(p, truth, strict=True)]
    expected = brier_score_loss(truth, p, sample_weight=weights, labels=[0, 1, 2], scale_by_half=True)

    assert measured(cases, weights)["brier"] == pytest.approx(expected)


def test_two_options_give_the_binary_brier_score():
    assert measured([case({"yes": 0.7, "no": 0.3}, "yes")])["brier"] == pytest.approx(0.3**2)


def test_calibration_error_is_the_weighted_gap_between_confidence_and_accuracy():
    cases = [case({"a": 0.9, "b": 0.1}, "a"), case({"a": 0.95, "b": 0.05}, "b"), case({"a": 0.6, "b": 0.4}, "a")]

    # bin [0.8, 1]: confidence 0.925, accuracy 0.5, two of three cases; bin [0.6, 0.8): confidence 0.6, accuracy 1
    assert measured(cases, bins=5)["ece"] == pytest.approx(2 / 3 * 0.425 + 1 / 3 * 0.4)


def test_reliability_gives_share_confidence_and_accuracy_of_each_bin():
    rows = Calibration(bins=2).measure([case({"a": 0.8, "b": 0.2}, "a"), case({"a": 1.0}, "b")])

    assert reliability(rows.array.sum(axis=0)) == pytest.approx(np.array([[0, np.nan, np.nan], [1, 0.9, 0.5]]), nan_ok=True)


def test_the_likeliest_of_several_references_is_the_truth():
    assert measured([case({"a": 0.2, "b": 0.8}, "a", "b")])["brier"] == pytest.approx(0.2**2)


def test_what_states_no_probability_is_left_out():
    cases = [Case.of(Choice("a"), [Choice("a")]), Case.of(Unparsed("prose"), [Choice("a")]), Case.of("a", ["a"])]

    assert Calibration().measure(cases).excluded == ("no scores", "no readable answer", "no choice among the references")


def test_no_bins_are_refused():
    with pytest.raises(ContentError, match="bins: 0"):
        Calibration(bins=0)
