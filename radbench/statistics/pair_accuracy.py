"""How often a metric orders two texts, or two systems, as a rating does.

Pairwise accuracy with tie calibration: Deutsch, Foster and Freitag, Ties Matter, EMNLP 2023 (arXiv 2305.14324), `acc_eq`: a
pair is right where metric and rating give the same sign; differences of the metric of at most epsilon count as ties, and
epsilon is the one that makes most pairs right. It is chosen once, on all pairs; draws keep it.

Soft pairwise accuracy: Thompson et al., WMT 2024 (arXiv 2409.09598): 1 - the mean over pairs of systems of
|p(metric) - p(rating)|, where p is the one-sided p-value of a paired permutation test that the first system is better.

Higher is better on both sides, as in `correlation`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from radbench.statistics.correlation import (
    Codes,
    Floats,
    Items,
    blocks,
    divide,
    groups,
    levels,
    pair_sums,
    quadratic,
    signs,
    system_means,
    weighted_mean,
)

_SAMPLE: Final = 600  # items of whose pairs candidates for epsilon are taken: all pairs of up to that many
_TOLERANCE: Final = 1e-12  # differences of equal means, by the order of their sums


class PooledAccuracy:
    """Accuracy over all pairs of items."""

    def __init__(self, x: Floats, y: Floats, clusters: Codes) -> None:
        self._present, codes = np.unique(clusters, return_inverse=True)
        some = np.linspace(0, len(x) - 1, min(len(x), _SAMPLE)).astype(np.intp)
        first, second = some[np.stack(np.triu_indices(len(some), 1))]
        self.epsilon = tie_threshold(x[first] - x[second], y[first] - y[second], np.ones(len(first)))
        rank = levels(y)
        right = pair_sums(lambda i, j: (_judged(x[i, None] - x[None, j], self.epsilon) == signs(rank, i, j)).astype(np.float32), codes)
        self._sizes = np.bincount(codes).astype(np.float64)
        self._right = right - np.diag(self._sizes.astype(np.float32))  # an item beside itself is no pair

    def values(self, weights: Floats) -> Floats:
        """Accuracies, shape (m,), under weightings of clusters, shape (m, n_clusters)."""
        drawn = weights[:, self._present]
        sizes = drawn @ self._sizes
        same = drawn**2 @ self._sizes  # an item beside its copies
        return divide(quadratic(drawn, self._right), sizes**2 - same)


class WithinAccuracy:
    """Accuracy over the pairs of each study, then the mean over studies with two items or more."""

    def __init__(self, x: Floats, y: Floats, items: Items) -> None:
        self.epsilon, self._clusters, self._values = 0.0, np.empty(0, dtype=np.intp), np.empty(0)
        several = [members for members in groups(items.studies) if members.shape[1] > 1]
        if not several:
            return
        self._clusters = np.concatenate([items.clusters[members[:, 0]] for members in several])
        chosen = [np.triu_indices(members.shape[1], 1) for members in several]
        n_pairs = np.concatenate([np.full(len(members), len(i)) for members, (i, _) in zip(several, chosen, strict=True)])
        dx, dy = (
            np.concatenate([(side[members[:, i]] - side[members[:, j]]).ravel() for members, (i, j) in zip(several, chosen, strict=True)])
            for side in (x, y)
        )
        study = np.repeat(np.arange(len(n_pairs)), n_pairs)
        self.epsilon = tie_threshold(dx, dy, 1 / n_pairs[study])
        right = (_judged(dx, self.epsilon) == np.sign(dy)).astype(np.float64)
        self._values = np.bincount(study, right) / n_pairs

    def values(self, weights: Floats) -> Floats:
        """Accuracies, shape (m,), under weightings of clusters, shape (m, n_clusters)."""
        return weighted_mean(weights[:, self._clusters], self._values)


class SystemAccuracy:
    """Accuracy over the pairs of systems, by their means."""

    def __init__(self, x: Floats, y: Floats) -> None:
        """Means of all systems, shape (n_systems,), of all items."""
        self._first, self._second = np.triu_indices(len(x), 1)
        dx, dy = x[self._first] - x[self._second], y[self._first] - y[self._second]
        self.epsilon = tie_threshold(dx, dy, np.ones(len(dx))) if len(dx) else 0.0

    def values(self, x: Floats, y: Floats) -> Floats:
        """Accuracies, shape (m,), of drawn means, shapes (m, n_systems); NaN where a system was not drawn."""
        dx, dy = (side[:, self._first] - side[:, self._second] for side in (x, y))
        right = (_judged(dx, self.epsilon) == np.sign(dy)).astype(np.float64)
        absent = np.isnan(dx.sum(axis=1) + dy.sum(axis=1))
        return np.where(absent, np.nan, right.mean(axis=1)) if dx.shape[1] else np.full(len(dx), np.nan)


def tie_threshold(dx: Floats, dy: Floats, weights: Floats) -> float:
    """The least epsilon, 0 or one of |dx|, for which most weight of pairs is right; differences of pairs, shape (p,).

    >>> tie_threshold(np.array([0.1, 0.2, 3.0]), np.array([0.0, 0.0, 1.0]), np.ones(3))
    0.2
    """
    size = np.abs(dx)
    order = np.argsort(size, kind="stable")
    ordered, gain = size[order], (weights * (dy == 0))[order] - (weights * ((np.sign(dx) == np.sign(dy)) & (dy != 0)))[order]
    total = np.cumsum(gain)  # against calling no pair a tie: ties won, orders lost
    is_last = np.append(ordered[1:] != ordered[:-1], True)
    candidates, gains = ordered[is_last], total[is_last]
    if candidates[0] > 0:
        candidates, gains = np.insert(candidates, 0, 0.0), np.insert(gains, 0, 0.0)
    return float(candidates[np.argmax(gains > gains.max() - 1e-9)])


def soft_pairwise_accuracy(x: Floats, y: Floats, items: Items, draws: int, seed: int) -> float:
    """Soft pairwise accuracy of systems, in [0, 1]; NaN where no two systems share a cluster.

    The sign of a whole cluster's differences is drawn, the same for all pairs and for both sides. A pair is compared on
    the studies that both systems have; equal draws count one half, so that equal systems have p = 0.5.
    """
    n_systems, n_studies = int(items.systems.max()) + 1, int(items.studies.max()) + 1
    tables = []
    for side in (x, y):
        table = np.full((n_studies, n_systems), np.nan)
        table[items.studies, items.systems] = side
        tables.append(table)
    cluster_of = np.zeros(n_studies, dtype=np.intp)
    cluster_of[items.studies] = items.clusters
    first, second = np.triu_indices(n_systems, 1)
    differences = [np.nan_to_num(table[:, first] - table[:, second]) for table in tables]  # (studies, pairs)
    shared = ~np.isnan(tables[0][:, first] - tables[0][:, second]).all(axis=0)
    if not shared.any():
        return float("nan")
    rng = np.random.default_rng(seed)
    counts = np.zeros((2, len(first)))
    for rows in blocks(draws, max(n_studies, len(first))):
        flips = rng.choice([-1.0, 1.0], size=(rows.stop - rows.start, items.n_clusters))[:, cluster_of]
        for which, difference in enumerate(differences):
            excess = flips @ difference - difference.sum(axis=0)
            counts[which] += (excess > _TOLERANCE).sum(axis=0) + (np.abs(excess) <= _TOLERANCE).sum(axis=0) / 2
    p = (counts[:, shared] + 0.5) / (draws + 1)
    return float(1 - np.abs(p[0] - p[1]).mean())


def accuracy_of_systems(x: Floats, y: Floats, items: Items) -> SystemAccuracy:
    """Calibrated on the means of all items."""
    whole = np.ones((1, items.n_clusters))
    return SystemAccuracy(system_means(x, items, whole)[0], system_means(y, items, whole)[0])


def _judged(dx: Floats, epsilon: float) -> Floats:
    """The sign of a difference of the metric, 0 up to epsilon."""
    return np.where(np.abs(dx) <= epsilon, 0.0, np.sign(dx))
