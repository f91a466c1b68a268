"""Power and its inverses against statsmodels, and non-inferiority against its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import normal_power

from radbench.statistics.bootstrap import percentile_interval
from radbench.statistics.planning import clusters_needed, minimum_detectable_difference, non_inferiority_p, power


@given(st.floats(-1, 1), st.floats(0.05, 2), st.integers(2, 400))
def test_power_is_that_of_statsmodels(difference: float, spread: float, n: int):
    theirs = normal_power(difference / spread, n, 0.05, alternative="two-sided")
    assert power(difference, spread / n**0.5) == pytest.approx(theirs, abs=1e-9)


@given(st.floats(0.01, 1), st.sampled_from([0.01, 0.05]), st.sampled_from([0.8, 0.9]))
def test_the_detectable_difference_is_found_with_the_power_asked_for(error: float, alpha: float, wanted: float):
    difference = minimum_detectable_difference(error, alpha, wanted)
    assert power(difference, error, alpha) == pytest.approx(wanted, abs=1e-5)  # without the far tail


def test_the_clusters_needed_make_the_difference_detectable():
    n = clusters_needed(0.02, 0.02, 100)
    assert n is not None
    assert minimum_detectable_difference(0.02 * (100 / n) ** 0.5) <= 0.02 < minimum_detectable_difference(0.02 * (100 / (n - 1)) ** 0.5)


@pytest.mark.parametrize(("difference", "error"), [(0.0, 0.1), (0.1, 0.0), (float("nan"), 0.1), (0.1, float("nan"))])
def test_nothing_is_needed_for_what_cannot_be_found(difference: float, error: float):
    assert clusters_needed(difference, error, 100) is None


@given(st.floats(-0.5, 0.5), st.integers(0, 2**32))
def test_non_inferiority_agrees_with_the_two_sided_interval(difference: float, seed: int):
    draws = difference + np.random.default_rng(seed).normal(scale=0.1, size=3999)
    low, _ = percentile_interval(draws, 0.95)
    p = non_inferiority_p(draws, 0.2)
    assert (p <= 0.025) == (low > -0.2) or abs(p - 0.025) < 0.001


def test_undefined_draws_count_against_non_inferiority():
    assert non_inferiority_p(np.array([1.0, np.nan, 1.0]), 0.1) == 2 / 4
