"""Prediction-powered inference by cluster."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from radbench.statistics.ppi import Arm, anchored_difference, anchored_mean, further_ratings, student_quantile


def two_arms(rng: np.random.Generator, n_clusters: int, n_rated: int, gap: float = 0.0, share: float = 1.0) -> tuple[Arm, Arm]:
    """Two systems on the same studies, one to four a patient; true mean ratings 0 and `gap`; patients share their difficulty."""
    clusters = np.repeat(np.arange(n_clusters), rng.integers(1, 5, n_clusters))
    n, difficulty = len(clusters), rng.normal(size=n_clusters)[clusters]
    rated = np.isin(clusters, rng.permutation(n_clusters)[:n_rated]) & (rng.random(n) < share)
    arms = []
    for mean in (0.0, gap):
        quality = mean + difficulty + 0.5 * rng.normal(size=n_clusters)[clusters] + rng.normal(size=n)
        scores, ratings = 0.1 * (quality + 0.7 * rng.normal(size=n)), quality + 0.5 * rng.normal(size=n)
        arms.append(Arm(scores, np.where(rated, ratings, np.nan), clusters))
    return arms[0], arms[1]


@pytest.mark.parametrize(("n_clusters", "n_rated", "share"), [(200, 20, 1.0), (200, 80, 1.0), (200, 100, 0.6)])
def test_intervals_cover_the_mean_and_the_difference_in_19_of_20_test_sets(n_clusters: int, n_rated: int, share: float):
    """With share < 1, patients have rated and unrated studies."""
    rng = np.random.default_rng(20261122)
    trials, covered = 1000, np.zeros(2)
    for _ in range(trials):
        first, second = two_arms(rng, n_clusters, n_rated, share=share)
        for i, found in enumerate((anchored_mean(first), anchored_difference(first, second))):
            covered[i] += found.low <= 0 <= found.high
    assert (covered / trials >= 0.92).all()
    assert (covered / trials <= 0.97).all()


def test_intervals_that_took_rows_for_clusters_would_be_too_narrow():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        arm, _ = two_arms(rng, 100, 40)
        found = anchored_mean(replace(arm, clusters=np.arange(len(arm.scores))))
        hits += found.low <= 0 <= found.high
    assert hits / 300 < 0.9


def test_scores_that_follow_the_ratings_make_the_interval_narrower_and_noise_does_not_widen_it():
    rng = np.random.default_rng(2)
    arm, _ = two_arms(rng, 400, 100)

    helped = anchored_mean(arm)
    unhelped = anchored_mean(replace(arm, scores=rng.normal(size=len(arm.scores))))

    assert helped.se < 0.85 * helped.rated_alone_se
    assert helped.worth > 1.3
    assert unhelped.se <= 1.02 * unhelped.rated_alone_se


def test_scores_on_another_scale_and_the_other_way_round_give_the_same_estimate():
    arm, _ = two_arms(np.random.default_rng(3), 100, 40)

    found, turned = anchored_mean(arm), anchored_mean(replace(arm, scores=7 - 100 * arm.scores))

    assert (turned.value, turned.se) == pytest.approx((found.value, found.se))
    assert turned.lambdas[0] == pytest.approx(-found.lambdas[0] / 100)


def test_the_estimate_is_that_of_ppi_plus_plus_where_each_text_is_a_cluster():
    """Mean of ratings + lambda (mean score of unrated - of rated), lambda = cov(Y, f) / ((1 + n / N) var(f))."""
    rng = np.random.default_rng(4)
    scores = rng.normal(size=3000)
    ratings = np.where(np.arange(3000) < 1000, 2 * scores + rng.normal(size=3000), np.nan)

    found = anchored_mean(Arm(scores, ratings, np.arange(3000)))

    y, f, u = ratings[:1000], scores[:1000], scores[1000:]
    weight = np.cov(y, f)[0, 1] / ((1 + 1000 / 2000) * scores.var(ddof=1))
    assert found.lambdas[0] == pytest.approx(weight, rel=0.05)  # ours takes the variance of scores from both parts as they are
    assert found.value == pytest.approx(y.mean() + found.lambdas[0] * (u.mean() - f.mean()))
    variance = np.var(y - found.lambdas[0] * f) / 1000 + found.lambdas[0] ** 2 * u.var() / 2000
    assert found.se == pytest.approx(math.sqrt(variance), rel=0.01)


def test_where_all_is_rated_the_scores_play_no_part():
    rng = np.random.default_rng(5)
    ratings, clusters = rng.normal(size=60), np.arange(60)

    found = anchored_mean(Arm(rng.normal(size=60), ratings, clusters))

    expected = stats.t.interval(0.95, 59, ratings.mean(), stats.sem(ratings))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-4)
    assert (found.value, found.se_of_unrated) == (found.rated_alone, 0)


def test_a_difference_of_an_arm_with_itself_is_nothing():
    arm, _ = two_arms(np.random.default_rng(6), 60, 20)

    found = anchored_difference(arm, arm)

    assert (found.value, found.se) == pytest.approx((0, 0), abs=1e-12)


@pytest.mark.parametrize("of", [lambda a, b: anchored_mean(a), anchored_difference])
def test_too_few_rated_clusters_give_no_estimate(of: Callable[[Arm, Arm], object]):
    first, second = two_arms(np.random.default_rng(7), 60, 5)

    found = of(first, second)

    assert math.isnan(found.value)
    assert math.isnan(found.low)
    assert found.n_rated_clusters == 5
    assert further_ratings(anchored_difference(first, second)) is None


def test_an_arm_without_ratings_gives_no_difference():
    first, second = two_arms(np.random.default_rng(8), 60, 20)

    found = anchored_difference(first, replace(second, ratings=np.full(len(second.ratings), np.nan)))

    assert math.isnan(found.value)


def test_the_further_ratings_told_are_those_that_separate_with_a_power_of_80_percent():
    rng = np.random.default_rng(9)
    n_rated, n_clusters, gap = 30, 3000, 0.35
    pilot = replace(anchored_difference(*two_arms(rng, n_clusters, n_rated)), value=gap)  # as if the pilot had found the truth
    more = further_ratings(pilot)
    assert more is not None
    assert more > 0

    n_separated = sum(
        found.low > 0 or found.high < 0
        for found in (anchored_difference(*two_arms(rng, n_clusters, n_rated + more, gap)) for _ in range(200))
    )

    assert 0.65 <= n_separated / 200 <= 0.95  # the spread is known from 30 patients only


def test_a_large_difference_needs_no_further_ratings_and_none_at_all_cannot_be_had():
    found = anchored_difference(*two_arms(np.random.default_rng(10), 200, 60, gap=3.0))

    assert further_ratings(found) == 0
    assert further_ratings(replace(found, value=0.0)) is None


@pytest.mark.parametrize("degrees", [2, 3, 4, 5, 10, 31, 2000])
@pytest.mark.parametrize("p", [0.5, 0.75, 0.975, 1 - 0.05 / 4950 / 2])  # the last: one of all pairs of a hundred models
def test_the_quantile_of_t_is_that_of_scipy(degrees: int, p: float):
    assert student_quantile(p, degrees) == pytest.approx(stats.t.ppf(p, degrees), rel=1e-7, abs=1e-12)
