"""PERM-BOTH by cluster: against brute force, Williams' test, and itself under no difference."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from radbench.statistics.correlation import Items
from radbench.statistics.swapping import SwapTests


def z(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / x.std()


def correlation(name: str, x: np.ndarray, y: np.ndarray) -> float:
    test = {"tau_b": stats.kendalltau, "spearman": stats.spearmanr, "pearson": stats.pearsonr}[name]
    return float(test(x, y).statistic)


def williams(a: np.ndarray, b: np.ndarray, y: np.ndarray) -> float:
    """Two-sided p of Williams' test that two dependent Pearson correlations with y are equal (Graham and Baldwin, EMNLP 2014)."""
    n, (r_a, r_b, r_ab) = len(y), (np.corrcoef(u, v)[0, 1] for u, v in ((a, y), (b, y), (a, b)))
    k = 1 - r_a**2 - r_b**2 - r_ab**2 + 2 * r_a * r_b * r_ab
    t = (r_a - r_b) * np.sqrt((n - 1) * (1 + r_ab) / (2 * k * (n - 1) / (n - 3) + (r_a + r_b) ** 2 / 4 * (1 - r_ab) ** 3))
    return float(2 * stats.t.sf(abs(t), n - 3))


@pytest.mark.parametrize("coefficient", ["tau_b", "spearman", "pearson"])
def test_pooled_p_is_the_share_of_all_swaps_with_as_large_a_difference(coefficient: str):
    rng = np.random.default_rng(1)
    studies, n_studies = [str(i // 2) for i in range(12)], 6
    items = Items.of(studies, ["1", "2"] * 6)
    y = np.round(rng.normal(size=12), 1)
    a, b = np.round(y + rng.normal(size=12), 1), np.round(rng.normal(size=12), 1)

    found = SwapTests(np.stack([a, b]), y, items, coefficient=coefficient, draws=4000).difference(0, 1)

    observed = correlation(coefficient, a, y) - correlation(coefficient, b, y)
    assert found.value == pytest.approx(observed)
    differences = []
    for swaps in product([False, True], repeat=n_studies):
        swapped = np.array(swaps)[items.clusters]
        first, second = np.where(swapped, z(b), z(a)), np.where(swapped, z(a), z(b))
        differences.append(correlation(coefficient, first, y) - correlation(coefficient, second, y))
    exact = np.mean(np.abs(differences) >= abs(observed) - 1e-9)
    assert found.p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4000))  # four standard errors


def test_pearson_on_independent_items_agrees_with_williams():
    rng = np.random.default_rng(2)
    n = 150
    y = rng.normal(size=n)
    for noise in (1.0, 1.3, 1.6):
        a, b = y + rng.normal(size=n), y + noise * rng.normal(size=n)
        items = Items.of([f"{i:03}" for i in range(n)], ["1"] * n)
        found = SwapTests(np.stack([a, b]), y, items, coefficient="pearson", draws=4000).difference(0, 1)
        assert found.p == pytest.approx(williams(a, b, y), abs=0.05)  # both are approximations of another kind


def test_within_studies_a_swap_turns_the_difference_of_that_study():
    items = Items.of(["a", "a", "b", "b", "c", "c"], ["1", "2"] * 3)
    y = np.array([1.0, 2, 1, 2, 1, 2])
    good, bad = y, -y

    found = SwapTests(np.stack([good, bad]), y, items, within=True, draws=2000).difference(0, 1)

    assert found.value == 2
    assert found.p == pytest.approx(0.25, abs=0.04)  # all three the same way: two of eight swaps


def test_a_metric_differs_from_itself_by_nothing():
    y = np.arange(10.0)
    items = Items.of([str(i) for i in range(10)], ["1"] * 10)

    for within in (False, True):
        test = SwapTests(np.stack([y, y]), y, items, within=within, draws=100).difference(0, 1)
        assert (test.p == 1 and test.value == 0) if not within else np.isnan(test.p)  # one text a study: nothing within


def test_a_constant_metric_is_not_tested():
    y = np.arange(6.0)
    items = Items.of([str(i) for i in range(6)], ["1"] * 6)

    found = SwapTests(np.stack([y, np.ones(6)]), y, items, draws=50).difference(0, 1)

    assert np.isnan(found.value)
    assert np.isnan(found.p)


def test_the_same_seed_gives_the_same_p():
    rng = np.random.default_rng(4)
    y, a, b = rng.normal(size=(3, 30))
    items = Items.of([str(i // 3) for i in range(30)], ["1", "2", "3"] * 10)

    p = [SwapTests(np.stack([a, b]), y, items, draws=300, seed=seed).difference(0, 1).p for seed in (5, 5, 6)]

    assert p[0] == p[1] != p[2]


def test_equal_metrics_are_seldom_found_different_where_texts_share_their_study():
    """Two metrics with equally large errors, part of which texts of one study share: 5 % of tests may be significant at .05."""
    rng = np.random.default_rng(20261124)
    trials, n_studies, size = 400, 30, 4
    items = Items.of([f"{i:02}" for i in range(n_studies) for _ in range(size)], list("1234") * n_studies)
    positives = 0
    for trial in range(trials):
        y = rng.normal(size=n_studies * size)
        errors = np.repeat(rng.normal(size=(2, n_studies)), size, axis=1) + rng.normal(size=(2, n_studies * size))
        positives += SwapTests(y + errors, y, items, draws=199, seed=trial).difference(0, 1).p <= 0.05
    assert positives / trials <= 0.07
