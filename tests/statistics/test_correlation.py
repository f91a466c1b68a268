"""Correlations under weightings, held against scipy on the repeated items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from radbench.statistics.bootstrap import draw_clusters
from radbench.statistics.correlation import (
    COEFFICIENTS,
    Items,
    Pooled,
    Within,
    by_row,
    mean_absolute_difference,
    ranks_by_row,
    system_means,
)


def by_scipy(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return {
        "tau_b": stats.kendalltau(x, y, variant="b").statistic,
        "tau_c": stats.kendalltau(x, y, variant="c").statistic,
        "spearman": stats.spearmanr(x, y).statistic,
        "pearson": stats.pearsonr(x, y).statistic,
    }


def rated(n_studies: int, n_systems: int, seed: int) -> tuple[np.ndarray, np.ndarray, Items]:
    """A metric in tenths and a rating from 0 to 5, both with ties, of texts that share the difficulty of their study."""
    rng = np.random.default_rng(seed)
    quality = np.repeat(rng.normal(size=n_studies), n_systems) + rng.normal(size=n_studies * n_systems)
    x = np.round(quality + rng.normal(size=len(quality)), 1)
    y = np.clip(np.round(2.5 + quality), 0, 5)
    studies = [f"study {i:03}" for i in range(n_studies) for _ in range(n_systems)]
    return x, y, Items.of(studies, [f"system {j}" for _ in range(n_studies) for j in range(n_systems)])


def test_pooled_coefficients_of_draws_are_those_of_the_repeated_items():
    x, y, items = rated(30, 4, 0)
    weights = np.concatenate(list(draw_clusters(30, 25, 1)))

    found = Pooled(x, y, items.clusters).values(weights)

    for draw, weight in enumerate(weights):
        repeated = np.repeat(np.arange(len(x)), weight[items.clusters].astype(int))
        expected = by_scipy(x[repeated], y[repeated])
        assert {name: found[name][draw] for name in COEFFICIENTS} == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=30))
def test_pooled_coefficients_are_those_of_scipy_and_undefined_where_a_side_is_constant(pairs: list[tuple[int, int]]):
    x, y = np.array(pairs, dtype=float).T

    found = {name: values[0] for name, values in Pooled(x, y, np.arange(len(x))).values(np.ones((1, len(x)))).items()}

    if len(set(x)) == 1 or len(set(y)) == 1:
        assert np.isnan(list(found.values())).all()
    else:
        assert found == pytest.approx(by_scipy(x, y), abs=1e-9)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=12))
def test_coefficients_by_row_are_those_of_scipy(pairs: list[tuple[int, int]]):
    x, y = np.array(pairs, dtype=float).T

    found = {name: values[0] for name, values in by_row(x[None], y[None]).items()}

    if len(set(x)) == 1 or len(set(y)) == 1:
        assert np.isnan(list(found.values())).all()
    else:
        assert found == pytest.approx(by_scipy(x, y), abs=1e-9)


def test_sums_in_blocks_are_those_of_one_block(monkeypatch: pytest.MonkeyPatch):
    x, y, items = rated(20, 3, 2)
    weights = np.concatenate(list(draw_clusters(20, 10, 0)))
    whole = Pooled(x, y, items.clusters).values(weights)

    monkeypatch.setattr("radbench.statistics.correlation._CELLS", 70)
    in_blocks = Pooled(x, y, items.clusters).values(weights)

    for name in COEFFICIENTS:
        np.testing.assert_allclose(in_blocks[name], whole[name], atol=1e-12)


def test_turning_one_side_turns_the_sign_and_nothing_else():
    x, y, items = rated(20, 3, 3)
    whole = np.ones((1, 20))

    turned = Pooled(-x, y, items.clusters).values(whole)

    for name, values in Pooled(x, y, items.clusters).values(whole).items():
        np.testing.assert_allclose(turned[name], -values, atol=1e-12)


def test_within_studies_is_the_mean_of_the_studies_that_vary():
    studies = ["a"] * 3 + ["b"] * 3 + ["c"] * 2 + ["d"]
    systems = ["1", "2", "3", "1", "2", "3", "1", "2", "1"]
    x = np.array([1.0, 2, 3, 1, 3, 2, 5, 5, 9])  # agrees in a, has two of three pairs right in b, is constant in c
    y = np.array([1.0, 2, 3, 1, 2, 3, 1, 2, 9])

    within = Within(x, y, Items.of(studies, systems))

    assert (within.n_studies, within.n_constant) == (3, 1)  # d has one text
    assert within.values(np.ones((1, 4)))["tau_b"][0] == pytest.approx((1 + 1 / 3) / 2)
    assert within.values(np.array([[1.0, 2, 0, 1]]))["tau_b"][0] == pytest.approx((1 + 2 / 3) / 3)


def test_within_studies_agrees_with_scipy_study_by_study():
    x, y, items = rated(25, 5, 4)

    found = Within(x, y, items).values(np.ones((1, 25)))

    rows = [(a, b) for a, b in zip(x.reshape(25, 5), y.reshape(25, 5), strict=True) if len(set(a)) > 1 and len(set(b)) > 1]
    for name in COEFFICIENTS:
        assert found[name][0] == pytest.approx(np.mean([by_scipy(a, b)[name] for a, b in rows]))


def test_studies_of_one_patient_are_drawn_together():
    studies, clusters = ["a", "a", "b", "b", "c", "c"], ["p", "p", "p", "p", "q", "q"]
    items = Items.of(studies, ["1", "2"] * 3, clusters)
    x, y = np.array([1.0, 2, 1, 2, 1, 2]), np.array([1.0, 2, 1, 2, 2, 1])

    assert items.n_clusters == 2
    assert Within(x, y, items).values(np.array([[2.0, 0], [0, 2.0]]))["tau_b"].tolist() == [1, -1]


def test_means_of_systems_follow_the_draw_and_are_undefined_where_nothing_was_drawn():
    items = Items.of(["a", "a", "b"], ["1", "2", "1"])
    values = np.array([1.0, 5.0, 4.0])

    found = system_means(values, items, np.array([[1.0, 1.0], [2.0, 1.0], [0.0, 2.0]]))

    np.testing.assert_allclose(found, [[2.5, 5], [2, 5], [4, np.nan]])


def test_the_mean_absolute_difference_counts_drawn_items():
    clusters = np.array([0, 0, 1])

    found = mean_absolute_difference(np.array([1.0, 2, 3]), np.array([1.0, 4, 6]), clusters, np.array([[1.0, 1], [0, 2], [0, 0]]))

    np.testing.assert_allclose(found, [5 / 3, 3, np.nan])


def test_ranks_by_row_are_midranks():
    x = np.random.default_rng(5).integers(0, 6, size=(20, 15)).astype(float)

    np.testing.assert_allclose(ranks_by_row(x) + 1, stats.rankdata(x, axis=1))


def test_intervals_by_study_cover_the_correlation_of_clustered_texts():
    """Three texts a study share its difficulty; the true tau-b of two normal sides is 2/pi asin(rho)."""
    rng = np.random.default_rng(20261123)
    trials, n_studies, size, rho = 120, 40, 3, 0.6
    weights = np.concatenate(list(draw_clusters(n_studies, 200, 0)))
    clusters = np.repeat(np.arange(n_studies), size)
    hits = 0
    for _ in range(trials):
        shared, own = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=(2, n_studies * size))
        x, y = (np.sqrt(0.5) * shared[::size][clusters] + np.sqrt(0.5) * own).T
        low, high = np.quantile(Pooled(x, y, clusters).values(weights)["tau_b"], [0.025, 0.975])
        hits += low <= 2 / np.pi * np.arcsin(rho) <= high
    assert 0.88 <= hits / trials <= 0.99  # three standard errors of a share of 120 trials either side
