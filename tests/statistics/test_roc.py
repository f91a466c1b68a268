"""The shares of cases in a difference of AUROCs against AUROCs computed anew after every swap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from radbench.statistics.paired import Swaps, sign_flip
from radbench.statistics.roc import auroc_shares, midranks


@given(st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0, np.inf]), min_size=1, max_size=30))
def test_midranks_are_those_of_scipy(scores: list[float]):
    np.testing.assert_array_equal(midranks(np.array(scores)), rankdata(scores))


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.booleans())
def test_swapped_shares_add_up_to_the_difference_of_aurocs_computed_anew(seed: int, weighted: bool):
    rng = np.random.default_rng(seed)
    n = 40
    positive = rng.permutation(np.arange(n) < 15)
    first, second = (np.round(rng.normal(size=(2, n)) + positive, 1)) * [[1], [100]]  # on scales of their own, with ties
    weights = rng.integers(1, 4, size=n).astype(float) if weighted else np.ones(n)
    shares = auroc_shares((first, second), positive, weights)
    ranks = midranks(first), midranks(second)
    for swapped in (np.zeros(n, bool), np.ones(n, bool), rng.random(n) < 0.5):
        a, b = np.where(swapped, ranks[1], ranks[0]), np.where(swapped, ranks[0], ranks[1])
        anew = roc_auc_score(positive, a, sample_weight=weights) - roc_auc_score(positive, b, sample_weight=weights)
        assert (shares * np.where(swapped, -1, 1)).sum() == pytest.approx(anew, abs=1e-12)


def test_shares_of_cases_of_one_kind_are_undefined():
    scores = np.arange(5.0)
    assert np.isnan(auroc_shares((scores, scores), np.ones(5, bool), np.ones(5))).all()


def test_two_readers_who_are_alike_are_seldom_told_apart():
    rng = np.random.default_rng(3)
    trials, n = 300, 90
    positive = np.arange(n) < 35
    truth = rng.normal(size=(trials, n)) + positive
    scores = truth[:, None] + rng.normal(size=(trials, 2, n))
    shares = np.stack([auroc_shares((a, b), positive, np.ones(n)) for a, b in scores])
    assert (sign_flip(shares, Swaps(n, 499, 0)) <= 0.05).mean() <= 0.08  # two standard errors above 0.05
