"""Adjusted p-values against statsmodels, and what a number of draws can show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from radbench.statistics.multiplicity import adjusted, benjamini_hochberg, draws_needed, holm, smallest_adjusted

RNG = np.random.default_rng(0)
P_VALUES = [np.array([0.03]), RNG.random(40) ** 3, RNG.random(25).round(1)]  # one, many small ones, ties with 0 and 1


@pytest.mark.parametrize("p", P_VALUES)
def test_holm_is_that_of_statsmodels(p: np.ndarray):
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


@pytest.mark.parametrize("p", P_VALUES)
def test_benjamini_hochberg_is_that_of_statsmodels(p: np.ndarray):
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])


@pytest.mark.parametrize("correction", ["holm", "bh"])
def test_what_was_not_tested_does_not_count_in_the_family(correction):
    found = adjusted(np.array([0.01, np.nan, 0.04]), correction)
    np.testing.assert_allclose(found[[0, 2]], adjusted(np.array([0.01, 0.04]), correction))
    assert np.isnan(found[1])


def test_the_least_adjusted_p_of_three_hundred_pairs():
    assert smallest_adjusted(300, 10_000) == pytest.approx(0.030, abs=5e-4)
    assert smallest_adjusted(300, 1_000) == pytest.approx(0.30, abs=5e-3)


@given(st.integers(1, 2000), st.sampled_from([0.01, 0.05, 0.1]))
def test_the_draws_needed_are_the_fewest_that_suffice(family: int, alpha: float):
    draws = draws_needed(family, alpha)
    assert smallest_adjusted(family, draws) <= alpha * (1 + 1e-9)
    assert draws == 1 or smallest_adjusted(family, draws - 1) > alpha
