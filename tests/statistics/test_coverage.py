"""How often intervals of simulated clustered data hold the truth: patients with 1 to 8 studies, correlated by 0.5."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from radbench.statistics.bootstrap import bca_interval, draw_clusters, percentile_interval
from radbench.statistics.proportions import effective_cases, wilson_interval

TRIALS, N_CLUSTERS, DRAWS = 500, 120, 600


def simulated() -> tuple[np.ndarray, np.ndarray]:
    """Sums over patients (trials, patients) of paired differences whose true mean is 0, and the number of studies of each patient."""
    rng = np.random.default_rng(20261122)
    sizes = rng.integers(1, 9, size=N_CLUSTERS)
    clusters = np.repeat(np.arange(N_CLUSTERS), sizes)
    rows = np.sqrt(0.5) * (rng.normal(size=(TRIALS, N_CLUSTERS))[:, clusters] + rng.normal(size=(TRIALS, len(clusters))))
    return np.add.reduceat(rows, np.append(0, sizes.cumsum()[:-1]), axis=1), sizes.astype(float)


def test_percentile_and_bca_intervals_of_a_paired_difference_cover_it():
    sums, sizes = simulated()
    drawn = np.concatenate([block @ sums.T / (block @ sizes)[:, None] for block in draw_clusters(N_CLUSTERS, DRAWS, 0)])
    points = sums.sum(axis=1) / sizes.sum()
    jackknife = (sums.sum(axis=1, keepdims=True) - sums) / (sizes.sum() - sizes)
    percentile = [percentile_interval(drawn[:, i], 0.95) for i in range(TRIALS)]
    bca = [bca_interval(drawn[:, i], points[i], jackknife[i], 0.95) for i in range(TRIALS)]
    for intervals in (percentile, bca):
        assert 0.92 <= np.mean([low <= 0 <= high for low, high in intervals]) <= 0.97


@pytest.mark.parametrize("share", [0.5, 0.9, 0.98])
def test_intervals_of_a_share_cover_it_near_one_too(share: float):
    rng = np.random.default_rng(20261122)
    bound = NormalDist().inv_cdf(share)
    held = []
    for _ in range(TRIALS):
        clusters = np.repeat(np.arange(N_CLUSTERS), rng.integers(1, 9, size=N_CLUSTERS))
        seen = np.sqrt(0.5) * (rng.normal(size=N_CLUSTERS)[clusters] + rng.normal(size=len(clusters)))
        hits = (seen < bound).astype(float)
        worth = effective_cases(hits, clusters)
        low, high = wilson_interval(hits.mean() * worth, worth)
        held.append(low <= share <= high)
    assert 0.92 <= np.mean(held) <= 0.97
