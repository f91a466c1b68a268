"""Wilson's interval and the clustered standard error against statsmodels and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from radbench.statistics.proportions import clustered_standard_error, effective_cases, wilson_interval


def test_none_of_twenty_may_still_be_one_in_six():
    low, high = wilson_interval(0, 20)
    assert low == 0
    assert high == pytest.approx(0.161, abs=5e-4)


@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.99]))
def test_wilson_is_that_of_statsmodels(n: int, share: float, level: float):
    successes = round(n * share)
    theirs = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    assert wilson_interval(successes, n, level) == pytest.approx(theirs, abs=1e-9)


def test_no_cases_have_no_interval():
    assert np.isnan(wilson_interval(0, 0)).all()


@given(st.integers(1, 60), st.integers(0, 60))
def test_with_each_case_a_cluster_all_cases_count(n: int, successes: int):
    hits = (np.arange(n) < successes).astype(float)
    assert effective_cases(hits, np.arange(n)) == pytest.approx(n)


def test_twins_are_worth_one_case_but_for_the_finite_number_of_clusters():
    hits = np.repeat([1.0, 0.0, 1.0, 1.0, 0.0], 2)
    assert effective_cases(hits, np.arange(10) // 2) == pytest.approx(10 / (2 * 9 / 8))  # both variances have n / (n - 1), of 5 and 10


def test_clusters_that_differ_less_than_chance_are_worth_no_more_than_their_cases():
    assert effective_cases(np.tile([0.0, 1.0], 10), np.arange(20) // 2) == 20


def test_a_cluster_is_worth_one_case_where_no_variance_is_seen():
    assert effective_cases(np.ones(12), np.arange(12) // 3) == 4
    assert effective_cases(np.array([1.0, 0.0, 1.0, 0.0]), np.full(4, 3)) == 1
    assert effective_cases(np.empty(0), np.empty(0, dtype=np.intp)) == 0


def test_the_clustered_error_is_that_of_a_regression_on_a_constant():
    rng = np.random.default_rng(0)
    clusters = rng.integers(0, 25, size=200)
    values = rng.normal(size=25)[clusters] + rng.normal(size=200)
    theirs = sm.OLS(values, np.ones(200)).fit(cov_type="cluster", cov_kwds={"groups": clusters}).bse[0]
    assert clustered_standard_error(values, clusters) == pytest.approx(theirs)


def test_with_each_case_a_cluster_it_is_the_usual_error():
    values = np.random.default_rng(1).normal(size=50)
    assert clustered_standard_error(values, np.arange(50)) == pytest.approx(values.std(ddof=1) / 50**0.5)


def test_repeats_of_half_weight_count_as_one_case():
    values = np.random.default_rng(2).normal(size=20)
    twice = clustered_standard_error(values.repeat(2), np.arange(20).repeat(2), np.full(40, 0.5))
    assert twice == pytest.approx(clustered_standard_error(values, np.arange(20)))


def test_one_cluster_has_no_error():
    assert np.isnan(clustered_standard_error(np.arange(3.0), np.zeros(3, dtype=np.intp)))
