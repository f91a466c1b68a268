"""Pairwise accuracy with tie calibration, and soft pairwise accuracy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from radbench.statistics.correlation import Items
from radbench.statistics.pair_accuracy import (
    PooledAccuracy,
    WithinAccuracy,
    accuracy_of_systems,
    soft_pairwise_accuracy,
    tie_threshold,
)


def accuracy(x: np.ndarray, y: np.ndarray, pairs: list[tuple[int, int]], epsilon: float) -> float:
    right = [(abs(x[i] - x[j]) > epsilon) * np.sign(x[i] - x[j]) == np.sign(y[i] - y[j]) for i, j in pairs]
    return float(np.mean(right))


def best(x: np.ndarray, y: np.ndarray, pairs: list[tuple[int, int]]) -> tuple[float, float]:
    """The least epsilon of the highest accuracy, by trying all."""
    tried = {epsilon: accuracy(x, y, pairs, epsilon) for epsilon in sorted({0.0, *(abs(x[i] - x[j]) for i, j in pairs)})}
    return max(tried, key=lambda epsilon: (round(tried[epsilon], 12), -epsilon)), max(tried.values())


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), min_size=2, max_size=25))
def test_pooled_accuracy_is_the_best_that_any_epsilon_gives(held: list[tuple[int, int]]):
    x, y = np.array(held, dtype=float).T
    pairs = list(combinations(range(len(x)), 2))

    found = PooledAccuracy(x, y, np.arange(len(x)))

    epsilon, expected = best(x, y, pairs)
    assert found.epsilon == epsilon
    assert found.values(np.ones((1, len(x))))[0] == pytest.approx(expected)


def test_a_draw_counts_pairs_of_drawn_items_and_no_item_beside_its_copy():
    x, y = np.array([1.0, 2, 3]), np.array([1.0, 3, 2])
    found = PooledAccuracy(x, y, np.arange(3))
    assert found.epsilon == 0

    drawn = found.values(np.array([[2.0, 1, 0], [0, 2, 1], [3, 0, 0]]))

    np.testing.assert_allclose(drawn, [1, 0, np.nan])


def test_within_studies_each_study_has_the_same_say():
    studies = ["a"] * 3 + ["b"] * 2 + ["c"]
    x, y = np.array([1.0, 2, 3, 1, 2, 7]), np.array([1.0, 2, 3, 2, 1, 7])

    found = WithinAccuracy(x, y, Items.of(studies, ["1", "2", "3", "1", "2", "1"]))

    assert found.values(np.array([[1.0, 1, 1], [1, 3, 5]])).tolist() == [0.5, 0.25]


def test_without_several_texts_a_study_there_are_no_pairs_within():
    found = WithinAccuracy(np.arange(3.0), np.arange(3.0), Items.of(["a", "b", "c"], ["1", "1", "1"]))

    assert np.isnan(found.values(np.ones((2, 3)))).all()


def test_small_differences_become_ties_where_raters_see_none():
    dx, dy = np.array([0.01, -0.02, 0.5, 0.7]), np.array([0.0, 0, 1, 1])

    assert tie_threshold(dx, dy, np.ones(4)) == 0.02
    assert tie_threshold(dx, dy, np.array([0.1, 0.1, 1, 1])) == 0.02
    assert tie_threshold(dx, np.sign(dx), np.ones(4)) == 0.0  # raters see a difference each time


def test_accuracy_of_systems_goes_by_their_means():
    items = Items.of(["a", "a", "a", "b", "b", "b"], ["1", "2", "3"] * 2)
    x, y = np.array([1.0, 2, 3, 1, 2, 3]), np.array([1.0, 3, 2, 1, 3, 2])

    found = accuracy_of_systems(x, y, items)

    assert found.values(np.array([[1.0, 2, 3]]), np.array([[1.0, 3, 2]]))[0] == pytest.approx(2 / 3)


def test_soft_accuracy_is_one_minus_the_mean_difference_of_p():
    """Against scipy's paired permutation test, pair by pair."""
    rng = np.random.default_rng(0)
    n_studies, n_systems = 40, 3
    items = Items.of([f"{i:02}" for i in range(n_studies) for _ in range(n_systems)], list("abc") * n_studies)
    y = rng.normal(size=(n_studies, n_systems)) + np.array([0.0, 0.2, 0.3])
    x = y + rng.normal(size=y.shape) + np.array([0.2, 0.0, 0.0])

    found = soft_pairwise_accuracy(x.ravel(), y.ravel(), items, 10_000, 1)

    def p(side: np.ndarray, i: int, j: int) -> float:
        test = stats.permutation_test(
            (side[:, i], side[:, j]),
            lambda a, b, axis: (a - b).mean(axis=axis),
            permutation_type="samples",
            n_resamples=10_000,
            alternative="greater",
            vectorized=True,
            rng=np.random.default_rng(2),
        )
        return float(test.pvalue)

    expected = 1 - np.mean([abs(p(x, i, j) - p(y, i, j)) for i, j in combinations(range(n_systems), 2)])
    assert found == pytest.approx(expected, abs=0.02)  # three standard errors of two p-values from 10,000 draws


def test_a_metric_that_is_the_rating_has_a_soft_accuracy_of_one():
    y = np.random.default_rng(3).normal(size=12)
    items = Items.of([str(i // 3) for i in range(12)], list("abc") * 4)

    assert soft_pairwise_accuracy(y, y, items, 200, 0) == 1


def test_systems_that_share_no_study_have_no_soft_accuracy():
    items = Items.of(["a", "b"], ["1", "2"])

    assert np.isnan(soft_pairwise_accuracy(np.ones(2), np.ones(2), items, 100, 0))
