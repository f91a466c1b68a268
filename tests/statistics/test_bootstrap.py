"""Draws of clusters and the intervals that follow from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from radbench.statistics.bootstrap import bca_interval, draw_clusters, percentile_interval


def all_draws(n_clusters: int, draws: int, seed: int) -> np.ndarray:
    return np.concatenate(list(draw_clusters(n_clusters, draws, seed)))


@given(st.integers(2, 50), st.integers(1, 40), st.integers(0, 2**32))
def test_each_draw_sums_to_the_number_of_clusters(n_clusters: int, draws: int, seed: int):
    weights = all_draws(n_clusters, draws, seed)
    assert weights.shape == (draws, n_clusters)
    assert (weights >= 0).all()
    assert (weights == weights.round()).all()
    assert (weights.sum(axis=1) == n_clusters).all()


def test_a_single_cluster_is_not_drawn_from_and_has_no_interval():
    assert list(draw_clusters(1, 1000, 0)) == []
    assert np.isnan(percentile_interval(np.empty(0), 0.95)).all()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    assert all_draws(20, 100, 3).tobytes() == all_draws(20, 100, 3).tobytes()
    assert all_draws(20, 100, 3).tobytes() != all_draws(20, 100, 4).tobytes()


def test_draws_come_in_blocks_of_bounded_size_that_add_up():
    blocks = list(draw_clusters(30_000, 150, 0))
    assert len(blocks) == 3
    assert all(block.size <= 2_000_000 for block in blocks)
    assert sum(map(len, blocks)) == 150


def test_the_first_draws_are_the_same_however_many_follow():
    np.testing.assert_array_equal(all_draws(30_000, 150, 0)[:70], all_draws(30_000, 70, 0))


def test_no_draws_are_no_blocks():
    assert list(draw_clusters(5, 0, 0)) == []


def test_clusters_are_drawn_alike():
    counts = all_draws(10, 20_000, 1).mean(axis=0)
    np.testing.assert_allclose(counts, 1.0, atol=0.05)  # five standard errors of a mean of 20,000 draws of variance 0.9


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_an_interval_holds_the_middle_of_the_draws(level: float):
    low, high = percentile_interval(np.arange(1001.0), level)
    assert (low, high) == pytest.approx((1000 * (1 - level) / 2, 1000 * (1 + level) / 2))


def test_an_interval_is_that_of_the_draws_that_are_defined():
    values = np.array([*np.arange(101.0), *[np.nan] * 50])
    assert percentile_interval(values, 0.9) == pytest.approx((5, 95))


@pytest.mark.parametrize("values", [[], [1.0, float("nan"), float("nan")]])
def test_an_interval_of_draws_most_of_which_are_undefined_is_undefined(values: list[float]):
    assert np.isnan(percentile_interval(np.array(values), 0.95)).all()


def test_the_order_of_draws_is_irrelevant():
    values = np.random.default_rng(0).normal(size=500)
    assert percentile_interval(values, 0.95) == percentile_interval(values[::-1].copy(), 0.95)


def test_intervals_by_cluster_cover_the_mean_of_clustered_data_and_intervals_by_row_do_not():
    rng = np.random.default_rng(20261122)
    n_clusters, size, trials = 60, 5, 600
    hits_by_cluster = hits_by_row = 0
    for trial in range(trials):
        rows = rng.normal(size=(n_clusters, 1)) + rng.normal(scale=0.5, size=(n_clusters, size))  # true mean 0
        by_cluster = all_draws(n_clusters, 400, trial) @ rows.sum(axis=1) / (n_clusters * size)
        low, high = percentile_interval(by_cluster, 0.95)
        hits_by_cluster += low <= 0 <= high
        by_row = all_draws(n_clusters * size, 400, trial) @ rows.ravel() / (n_clusters * size)
        low, high = percentile_interval(by_row, 0.95)
        hits_by_row += low <= 0 <= high
    assert 0.90 <= hits_by_cluster / trials <= 0.98
    assert hits_by_row / trials < 0.80


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_bca_of_the_same_draws_is_that_of_scipy(level: float):
    rng = np.random.default_rng(5)
    x = rng.exponential(size=40)  # skewed, so that bias and acceleration matter
    theirs = stats.bootstrap((x,), np.mean, n_resamples=2000, confidence_level=level, method="BCa", rng=rng)
    jackknife = (x.sum() - x) / (len(x) - 1)
    ours = bca_interval(theirs.bootstrap_distribution, x.mean(), jackknife, level)
    assert ours == pytest.approx(tuple(theirs.confidence_interval), rel=1e-9)
    assert ours != pytest.approx(percentile_interval(theirs.bootstrap_distribution, level), rel=1e-3)


def test_percentile_and_bca_intervals_are_those_of_scipy_within_monte_carlo_error():
    x = np.random.default_rng(6).normal(size=60)
    drawn = all_draws(60, 20_000, 1) @ x / 60
    jackknife = (x.sum() - x) / 59
    for method, ours in (("percentile", percentile_interval(drawn, 0.95)), ("BCa", bca_interval(drawn, x.mean(), jackknife, 0.95))):
        theirs = stats.bootstrap((x,), np.mean, n_resamples=20_000, method=method, rng=np.random.default_rng(2)).confidence_interval
        assert ours == pytest.approx(tuple(theirs), abs=0.01)  # five standard errors of a 2.5% quantile of 20,000 draws of SD 0.12


def test_bca_of_constant_draws_is_their_value():
    assert bca_interval(np.full(100, 0.5), 0.5, np.full(10, 0.5), 0.95) == (0.5, 0.5)


def test_bca_is_undefined_where_all_draws_lie_on_one_side_of_the_point():
    assert np.isnan(bca_interval(np.arange(100.0), 200.0, np.arange(10.0), 0.95)).all()
