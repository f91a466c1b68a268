"""Paired tests against enumeration, scipy, statsmodels and sacrebleu, and under clustered nulls."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from radbench.metrics.bleu import Bleu
from radbench.sample import Case
from radbench.statistics.paired import MOST_UNITS, SETTLED, Swaps, mcnemar, sign_flip, sign_flip_pairs, swap_rows, swap_sums


def enumerated(differences: np.ndarray) -> float:
    """The share of all sign patterns whose sum is at least as far from 0 as the observed one."""
    sums = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=len(differences))]
    return float(np.mean(np.array(sums) >= abs(differences.sum()) - 1e-12))


def mean(sums: np.ndarray) -> np.ndarray:
    return (sums[:, 0] / sums[:, 1])[None]


def error_of(p: float, draws: int) -> float:
    """Four standard errors of a p from so many draws."""
    return 4 * (p * (1 - p) / draws) ** 0.5 + 1 / draws


@given(st.integers(1, 12), st.integers(0, 2**32), st.booleans())
def test_up_to_twelve_clusters_p_is_that_of_all_sign_patterns(n_clusters: int, seed: int, rounded: bool):
    differences = np.random.default_rng(seed).normal(0.5, size=n_clusters)
    differences = differences.round() if rounded else differences  # ties must count
    swaps = Swaps(n_clusters, 5000, 0)
    assert swaps.is_exact
    assert sign_flip(differences[None], swaps)[0] == pytest.approx(enumerated(differences))


def test_an_exact_p_is_that_of_scipy():
    x, y = np.random.default_rng(1).normal([[0.3], [0.0]], size=(2, 11))

    def difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return (a - b).mean(axis=axis)

    theirs = stats.permutation_test((x, y), difference, permutation_type="samples", n_resamples=np.inf, vectorized=True)
    assert sign_flip((x - y)[None], Swaps(11, 2**11, 0))[0] == pytest.approx(theirs.pvalue)


def test_a_drawn_p_is_that_of_scipy_within_monte_carlo_error():
    x, y = np.random.default_rng(2).normal([[0.2], [0.0]], size=(2, 60))

    def difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return (a - b).mean(axis=axis)

    theirs = stats.permutation_test(
        (x, y), difference, permutation_type="samples", n_resamples=9999, vectorized=True, rng=np.random.default_rng(3)
    ).pvalue
    (ours,) = sign_flip((x - y)[None], Swaps(60, 9999, 0))
    assert 0.05 < theirs < 0.95
    assert ours == pytest.approx(theirs, abs=2 * error_of(theirs, 9999))


def test_the_tests_agree_on_means():
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(4, 80)) + np.array([[0.0], [0.1], [0.2], [0.3]])
    pairs = np.array([(i, j) for i in range(4) for j in range(i + 1, 4)])
    swaps = Swaps(80, 2000, 7)
    by_pairs = sign_flip_pairs(scores, pairs, swaps)
    clusters, weights = np.arange(80), np.ones(80)
    rows = [np.column_stack([system, np.ones(80)]) for system in scores]

    def mean_of_rows(both: np.ndarray, weighting: np.ndarray) -> np.ndarray:
        return mean(weighting @ both)

    np.testing.assert_array_equal(by_pairs, sign_flip(scores[pairs[:, 0]] - scores[pairs[:, 1]], swaps))
    np.testing.assert_array_equal(by_pairs, swap_sums(np.stack(rows), pairs, mean, swaps)[0])
    np.testing.assert_array_equal(by_pairs, [swap_rows((rows[i], rows[j]), clusters, weights, mean_of_rows, swaps)[0] for i, j in pairs])


def test_bleu_is_tested_as_sacrebleu_tests_it():
    rng = np.random.default_rng(8)
    words = ["no", "acute", "effusion", "left", "right", "small", "large", "heart", "size", "is", "normal", "lungs", "are", "clear"]
    references = [" ".join(rng.choice(words, size=14)) for _ in range(80)]

    def noisy(share: float) -> list[str]:
        return [" ".join(w if rng.random() > share else rng.choice(words) for w in text.split()) for text in references]

    first, second = noisy(0.35), noisy(0.40)
    test = PairedTest([("first", first), ("second", second)], {"BLEU": BLEU()}, [references], test_type="ar", n_samples=4000)
    theirs = test()[1]["BLEU"][1].p_value
    metric = Bleu(tokenizer="13a", case="mixed", smoothing="exp")
    rows = np.stack([metric.measure([Case.of(c, [r]) for c, r in zip(said, references, strict=True)]).array for said in (first, second)])
    ours = swap_sums(rows, np.array([[0, 1]]), lambda sums: metric.value(sums)["bleu-4"][None], Swaps(80, 4000, 0))[0, 0]
    assert 0.02 < theirs < 0.98
    assert ours == pytest.approx(theirs, abs=2 * error_of(theirs, 4000))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    differences = np.random.default_rng(0).normal(size=(3, 200))
    assert sign_flip(differences, Swaps(200, 500, 1)).tobytes() == sign_flip(differences, Swaps(200, 500, 1)).tobytes()
    assert sign_flip(differences, Swaps(200, 500, 1)).tobytes() != sign_flip(differences, Swaps(200, 500, 2)).tobytes()


def test_the_first_swaps_are_the_same_however_many_follow():
    few, many = (np.concatenate(list(Swaps(30_000, draws, 0).blocks())) for draws in (70, 150))
    np.testing.assert_array_equal(few, many[:70])
    assert set(np.unique(many)) == {0.0, 1.0}
    assert many.mean() == pytest.approx(0.5, abs=0.002)


def test_of_many_clusters_random_groups_of_equal_size_change_places_together():
    swaps = Swaps(3 * MOST_UNITS + 5, 20, 3)
    units = swaps.units()
    assert sorted(set(np.bincount(units))) == [3, 4]
    scores = np.random.default_rng(0).normal(size=(2, 3 * MOST_UNITS + 5))
    np.testing.assert_allclose(swaps.by_unit(scores).sum(axis=1), scores.sum(axis=1))
    assert swaps.by_unit(scores)[1, 7] == pytest.approx(scores[1, units == 7].sum())
    few = Swaps(MOST_UNITS, 20, 3)
    np.testing.assert_array_equal(few.units(), np.arange(MOST_UNITS))


def test_all_tests_swap_the_same_groups_of_many_clusters():
    """A mean is a corpus value of its sums and a value of its rows, so that three tests must agree."""
    n = 2 * MOST_UNITS + 9
    rng, swaps = np.random.default_rng(1), Swaps(n, 200, 0)
    x, y = rng.random((2, n))
    rows = [np.stack([one, np.ones(n)], axis=1) for one in (x, y)]

    def mean(sums: np.ndarray) -> np.ndarray:
        return (sums[:, 0] / sums[:, 1])[None]

    (p,) = sign_flip((x - y)[None], swaps)
    pairs = np.array([[0, 1]])
    assert swap_sums(np.stack(rows), pairs, mean, swaps)[0, 0] == p
    assert swap_rows((rows[0], rows[1]), np.arange(n), np.ones(n), lambda both, w: mean(w @ both), swaps)[0] == p
    assert sign_flip_pairs(np.stack([x, y]), pairs, swaps)[0] == p


def test_groups_of_many_clusters_hold_the_level_and_find_what_single_clusters_find():
    rng, trials, n = np.random.default_rng(20261122), 400, 3 * MOST_UNITS
    skewed = rng.exponential(size=(trials, n)) * rng.choice([-1.0, 1.0], size=(trials, n))
    swaps = Swaps(n, 199, 0)
    share = (sign_flip(skewed, swaps) <= 0.05).mean()
    assert 0.05 - 3 * np.sqrt(0.05 * 0.95 / trials) <= share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    shifted = skewed + 4 * skewed.std() / np.sqrt(n)  # a difference of four standard errors, found by all but 2% of tests
    assert (sign_flip(shifted, swaps) <= 0.05).mean() > 0.93


@pytest.mark.parametrize("n_clusters", [80, MOST_UNITS + 50])
def test_differences_that_many_of_the_first_swaps_reach_are_settled_by_them(n_clusters: int):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(6, n_clusters))
    scores = noise + np.linspace(0, 4.5, 6)[:, None] / np.sqrt(n_clusters)
    pairs = np.array(list(combinations(range(6), 2)))
    differences = scores[pairs[:, 0]] - scores[pairs[:, 1]]
    first, every = (sign_flip(differences, Swaps(n_clusters, draws, 0)) for draws in (1000, 4000))
    by_both = sign_flip(differences, Swaps(n_clusters, 1000, 0, most=4000))

    is_settled = first >= (SETTLED + 1) / 1001
    assert 0 < is_settled.sum() < len(pairs)
    np.testing.assert_array_equal(by_both, np.where(is_settled, first, every))
    sums = np.stack([scores, np.ones_like(scores)], axis=2)

    def mean(total: np.ndarray) -> np.ndarray:
        return (total[:, 0] / total[:, 1])[None]

    swaps = Swaps(n_clusters, 1000, 0, most=4000)
    np.testing.assert_array_equal(by_both, sign_flip_pairs(scores, pairs, swaps))
    np.testing.assert_array_equal(by_both, swap_sums(sums, pairs, mean, swaps)[0])
    rows = [
        swap_rows((sums[i], sums[j]), np.arange(n_clusters), np.ones(n_clusters), lambda both, w: mean(w @ both), swaps)[0]
        for i, j in pairs[:4]
    ]
    np.testing.assert_array_equal(by_both[:4], rows)


def test_equal_systems_have_a_p_of_one_and_p_is_never_zero():
    scores = np.random.default_rng(0).random((1, 100))
    assert sign_flip(scores - scores, Swaps(100, 999, 0))[0] == 1
    assert sign_flip(scores + 1, Swaps(100, 999, 0))[0] == 1 / 1000


def test_an_undefined_difference_is_not_tested_and_an_undefined_swap_counts_against():
    assert np.isnan(sign_flip(np.array([[np.nan, 1.0]]), Swaps(2, 100, 0))).all()
    sums = np.array([[[1.0], [1.0], [3.0]], [[0.0], [0.0], [0.0]]])  # defined as they are, and undefined wherever one of them is swapped

    def value(total: np.ndarray) -> np.ndarray:
        return np.where((total[:, 0] == 5) | (total[:, 0] == 0), total[:, 0], np.nan)[None]

    assert swap_sums(sums, np.array([[0, 1]]), value, Swaps(3, 100, 0))[0, 0] == 1


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_that_of_statsmodels(only_first: int, only_second: int):
    theirs = statsmodels_mcnemar([[5, only_first], [only_second, 5]], exact=True).pvalue if only_first + only_second else 1.0
    assert mcnemar(only_first, only_second) == pytest.approx(theirs)


def test_mcnemar_of_thousands_of_cases_does_not_overflow():
    for fewer, more in ((2000, 2100), (20_000, 20_300), (0, 5000)):
        assert mcnemar(fewer, more) == pytest.approx(stats.binomtest(fewer, fewer + more).pvalue, rel=1e-9)


def test_under_a_clustered_null_swaps_by_cluster_hold_their_level_and_swaps_by_row_do_not():
    rng = np.random.default_rng(20261122)
    trials, n_clusters = 600, 120
    sizes = rng.integers(1, 9, size=n_clusters)
    clusters = np.repeat(np.arange(n_clusters), sizes)
    shared = rng.normal(size=(trials, n_clusters))[:, clusters]
    rows = np.sqrt(0.5) * (shared + rng.normal(size=(trials, len(clusters))))  # differences within a patient correlate by 0.5
    by_cluster = np.add.reduceat(rows, np.append(0, sizes.cumsum()[:-1]), axis=1)
    false_by_cluster = (sign_flip(by_cluster, Swaps(n_clusters, 999, 0)) <= 0.05).mean()
    false_by_row = (sign_flip(rows, Swaps(len(clusters), 999, 0)) <= 0.05).mean()
    assert 0.03 <= false_by_cluster <= 0.07
    assert false_by_row > 0.2
