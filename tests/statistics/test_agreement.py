"""Coefficients of agreement against other packages and published tables, and their cluster intervals."""

from __future__ import annotations

from functools import partial

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from radbench.statistics.agreement import (
    cohen_kappa,
    complete,
    estimate,
    fleiss_kappa,
    gwet_ac,
    icc,
    krippendorff_alpha,
    percent_agreement,
    prevalence,
)

NAN = np.nan

# Shrout and Fleiss 1979, table 2: six targets, four judges
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)

# Krippendorff's example of twelve units and four coders, with missing ratings; Gwet's package ships it as cac.raw4raters
TWELVE_UNITS = np.array(
    [
        *([1, 1, NAN, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4]),
        *([4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [NAN, 5, 5, 5], [NAN, NAN, 1, 1], [NAN, NAN, 3, NAN]),
    ]
)

ALL = {
    "percent": percent_agreement,
    "alpha-nominal": krippendorff_alpha,
    "alpha-ordinal": partial(krippendorff_alpha, level="ordinal"),
    "alpha-interval": partial(krippendorff_alpha, level="interval"),
    "icc": icc,
    "icc-k": partial(icc, average=True),
    "cohen": cohen_kappa,
    "cohen-quadratic": partial(cohen_kappa, distance="quadratic"),
    "fleiss": fleiss_kappa,
    "ac1": gwet_ac,
    "ac2": partial(gwet_ac, distance="linear", categories=range(6)),
}


def random_ratings(seed: int, shape: tuple[int, int], missing: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 6, (shape[0], 1))
    ratings = np.clip(truth + rng.integers(-1, 2, shape), 0, 5).astype(float)
    ratings[rng.random(shape) < missing] = NAN
    return ratings


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_alpha_equals_that_of_the_package_krippendorff(level: str, missing: float):
    for seed in range(5):
        ratings = random_ratings(seed, (40, 4), missing)
        theirs = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=level)
        assert krippendorff_alpha(ratings, level=level)[0] == pytest.approx(theirs, abs=1e-12)


def test_alpha_of_krippendorffs_own_example():
    # Content Analysis, 4th ed., section 12.3: 0.743 nominal, 0.815 ordinal, 0.849 interval
    found = [krippendorff_alpha(TWELVE_UNITS, level=level)[0] for level in ("nominal", "ordinal", "interval")]
    assert found == pytest.approx([0.743, 0.815, 0.849], abs=5e-4)


def test_alpha_at_interval_level_is_the_same_in_any_unit():
    ratings = random_ratings(1, (30, 3))
    in_small_units = krippendorff_alpha(1e-9 * ratings + 4e-6, level="interval")
    assert in_small_units == pytest.approx(krippendorff_alpha(ratings, level="interval"), rel=1e-5)


def test_icc_equals_the_published_values_of_shrout_and_fleiss():
    # their table 4: ICC(2,1) = .29 and ICC(2,4) = .62
    assert icc(SHROUT_FLEISS)[0] == pytest.approx(0.29, abs=0.005)
    assert icc(SHROUT_FLEISS, average=True)[0] == pytest.approx(0.62, abs=0.005)


def test_icc_follows_from_the_mean_squares_of_a_two_way_analysis_of_variance():
    ratings = random_ratings(3, (12, 3))
    n, k = ratings.shape
    rows, columns, grand = ratings.mean(axis=1), ratings.mean(axis=0), ratings.mean()
    items = k * ((rows - grand) ** 2).sum() / (n - 1)
    raters = n * ((columns - grand) ** 2).sum() / (k - 1)
    error = ((ratings - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))
    assert icc(ratings)[0] == pytest.approx((items - error) / (items + (k - 1) * error + k / n * (raters - error)))
    assert icc(ratings, average=True)[0] == pytest.approx((items - error) / (items + (raters - error) / n))


@pytest.mark.parametrize(("distance", "theirs"), [("none", None), ("linear", "linear"), ("quadratic", "quadratic")])
def test_cohens_kappa_equals_that_of_scikit_learn(distance: str, theirs: str | None):
    ratings = random_ratings(4, (60, 2))
    labels = list(range(6))
    expected = cohen_kappa_score(*ratings.astype(int).T, labels=labels, weights=theirs)
    assert cohen_kappa(ratings, distance=distance)[0] == pytest.approx(expected)


def test_cohens_kappa_of_three_raters_is_the_mean_over_their_pairs():
    ratings = random_ratings(5, (40, 3))
    pairs = [cohen_kappa(ratings[:, pair])[0] for pair in ([0, 1], [0, 2], [1, 2])]
    assert cohen_kappa(ratings)[0] == pytest.approx(np.mean(pairs))


def test_fleiss_kappa_equals_that_of_statsmodels():
    ratings = random_ratings(6, (50, 5))
    assert fleiss_kappa(ratings)[0] == pytest.approx(statsmodels_fleiss(aggregate_raters(ratings.astype(int))[0]))


def test_gwets_coefficients_equal_those_of_irrcac_on_its_example():
    # irrCAC 0.4.4, CAC(table, weights=...).gwet(): 0.77544, 0.914 and 0.85874
    assert gwet_ac(TWELVE_UNITS)[0] == pytest.approx(0.77544, abs=5e-6)
    assert gwet_ac(TWELVE_UNITS, distance="quadratic")[0] == pytest.approx(0.914, abs=5e-6)
    assert gwet_ac(TWELVE_UNITS, distance="linear")[0] == pytest.approx(0.85874, abs=5e-6)


def test_percent_agreement_and_prevalence_are_counted():
    ratings = np.array([[1, 1, 1], [1, 1, 2], [1, NAN, 2], [2, NAN, NAN]])
    assert percent_agreement(ratings)[0] == pytest.approx((1 + 1 / 3 + 0) / 3)  # the last item has one rating
    assert prevalence(ratings) == pytest.approx({1.0: 6 / 9, 2.0: 3 / 9})


def test_where_nearly_all_is_of_one_kind_kappa_is_low_and_gwets_coefficient_is_not():
    ratings = np.array([[0, 0]] * 96 + [[0, 1], [1, 0], [0, 1], [1, 0]], dtype=float)
    assert percent_agreement(ratings)[0] == pytest.approx(0.96)
    assert cohen_kappa(ratings)[0] < 0
    assert gwet_ac(ratings)[0] > 0.95


@pytest.mark.parametrize("name", ALL)
def test_a_weight_counts_an_item_that_often(name: str):
    ratings = random_ratings(7, (15, 3), 0.1)
    weights = np.random.default_rng(8).integers(0, 4, (6, 15)).astype(float)
    for weighted, row in zip(ALL[name](ratings, weights), weights, strict=True):
        repeated = np.repeat(ratings, row.astype(int), axis=0)
        assert weighted == pytest.approx(ALL[name](repeated)[0])


@pytest.mark.parametrize("name", ALL)
def test_raters_who_agree_in_all_agree_perfectly(name: str):
    ratings = np.repeat(np.arange(6.0)[:, None], 3, axis=1)
    assert ALL[name](ratings)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("percent", "ac1", "ac2")])
def test_agreement_on_one_value_alone_is_undefined_rather_than_perfect(name: str):
    assert np.isnan(ALL[name](np.full((8, 3), 2.0))[0])


@pytest.mark.parametrize("name", ALL)
def test_one_rater_is_no_agreement(name: str):
    found = estimate(ALL[name], np.arange(5.0)[:, None], list("abcde"), draws=10)
    assert (found.n_items, found.n_clusters) == (0, 0)
    assert np.isnan([found.value, found.low, found.high]).all()


@given(st.integers(0, 1000), st.sampled_from(sorted(ALL)))
def test_the_order_of_items_and_raters_is_irrelevant(seed: int, name: str):
    ratings = random_ratings(seed, (12, 3))
    rng = np.random.default_rng(seed)
    shuffled = ratings[rng.permutation(12)][:, rng.permutation(3)]
    assert ALL[name](shuffled)[0] == pytest.approx(ALL[name](ratings)[0], nan_ok=True)


def test_complete_keeps_the_items_that_every_rater_rated_and_their_weights():
    kept, weights = complete(np.array([[1, 2], [NAN, 2], [3, 3]]), np.array([[1.0, 5.0, 2.0]]))
    assert kept.tolist() == [[1, 2], [3, 3]]
    assert weights.tolist() == [[1, 2]]


def test_an_interval_is_by_cluster_and_depends_on_the_seed_alone():
    ratings = np.repeat(random_ratings(9, (20, 3)), 4, axis=0)  # four equal texts a study
    studies = [f"study-{number // 4}" for number in range(80)]
    by_study = estimate(icc, ratings, studies, draws=500, seed=1)
    by_item = estimate(icc, ratings, [str(number) for number in range(80)], draws=500, seed=1)
    assert by_study == estimate(icc, ratings, studies, draws=500, seed=1)
    assert (by_study.n_items, by_study.n_clusters) == (80, 20)
    assert by_study.low < by_study.value < by_study.high
    assert by_study.high - by_study.low > 1.5 * (by_item.high - by_item.low)  # twice, but for chance


def test_draws_without_a_value_are_counted():
    ratings = np.array([[1, 1], [1, 1], [1, 1], [2, 2]], dtype=float)
    found = estimate(krippendorff_alpha, ratings, list("abcd"), draws=1000)
    assert found.undefined_draws / 1000 == pytest.approx(0.75**4 + 0.25**4, abs=0.05)  # all of one value


def test_no_draws_give_a_value_without_an_interval():
    found = estimate(icc, SHROUT_FLEISS, list("abcdef"), draws=0)
    assert found.value == pytest.approx(icc(SHROUT_FLEISS)[0])
    assert np.isnan([found.low, found.high]).all()
