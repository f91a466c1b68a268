"""Several systems side by side: rows of one metric on the cases that all of them have, and what follows from them.

Everything is made of the same rows: values, values of single cases, bootstrap draws that all systems share, swaps of clusters
between two systems. Axes: v values, s systems, n cases, C clusters, p pairs, g groups of cases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.leaderboard.comparing.mixing import mixable
from radbench.metrics.base import Metric, SumMetric, Values, ratio
from radbench.metrics.discrimination import Discrimination
from radbench.scoring.values import uneven
from radbench.statistics.bootstrap import draw_clusters
from radbench.statistics.paired import Pairs, Swaps, sign_flip, sign_flip_pairs, swap_rows, swap_sums
from radbench.statistics.roc import auroc_shares

Floats = NDArray[np.float64]

_PROBED: Final = 8  # cases; where none of these has a value by itself, none has
_EQUAL: Final = 1e-9  # a mean of cases is the value itself, but for rounding
_CELLS: Final = 2_000_000  # of one block of weightings: 16 MB as float64


@dataclass(frozen=True, slots=True)
class Panel:
    """One metric of several systems, row by row on the same cases."""

    metric: Metric
    names: tuple[str, ...]  # of the values wanted; `metric` gives each of them
    rows: tuple[Floats, ...]  # of each system (n, k)
    clusters: NDArray[np.intp]  # of each case, numbered from 0
    weights: Floats  # of each case: 1 / repeats
    means: Floats | None = None  # (v, s, n): values of single cases, where each value is their mean; draws of these are quicker

    @property
    def n_clusters(self) -> int:
        """How many clusters the cases stand in."""
        return int(self.clusters.max(initial=-1)) + 1

    def points(self) -> Floats:
        """Values of all cases, shape (v, s)."""
        return self._of_systems(lambda rows: self._picked(self.metric.aggregate(rows, self.weights[None])))[:, :, 0]

    def cases(self) -> Floats:
        """Values of each case by itself, shape (v, s, n); NaN where a value is not defined for one case (AUROC)."""
        if isinstance(self.metric, SumMetric):
            return self._of_systems(lambda rows: self._picked(self.metric.value(rows)))  # type: ignore[attr-defined]  # a SumMetric has it
        return self._of_systems(self._one_by_one)

    def are_means(self, cases: Floats) -> list[bool]:
        """Of each value whether it is the mean of the values of single `cases` (v, s, n), for all systems."""
        weights = self.weights * uneven(len(self.weights))
        values = self._of_systems(lambda rows: self._picked(self.metric.aggregate(rows, weights[None])))[:, :, 0]
        means = cases @ weights / weights.sum()
        return [bool(np.allclose(values[v], means[v], rtol=0, atol=_EQUAL)) for v in range(len(values))]

    def drawn(self, draws: int, seed: int, groups: Floats) -> Floats:
        """Values in bootstrap draws of clusters, of groups of cases given as masks (g, n): shape (v, g, s, draws)."""
        values = [self._under(mask) for mask in groups]
        blocks = [np.stack([of_group(block) for of_group in values], axis=1) for block in draw_clusters(self.n_clusters, draws, seed)]
        return np.concatenate(blocks, axis=3) if blocks else np.empty((len(self.names), len(groups), len(self.rows), 0))

    def grouped(self, groups: Floats) -> Floats:
        """Values of groups of cases, shape (v, g, s)."""
        every = np.ones((1, self.n_clusters))
        return np.stack([self._under(mask)(every)[:, :, 0] for mask in groups], axis=1)

    def jackknifed(self) -> Floats:
        """Values without each cluster in turn, shape (v, s, C)."""
        values, size = self._under(np.ones(len(self.weights))), max(1, _CELLS // self.n_clusters)
        starts = range(0, self.n_clusters, size)
        left_out = (1 - np.eye(min(size, self.n_clusters - start), self.n_clusters, start) for start in starts)
        return np.concatenate([values(block) for block in left_out], axis=2)

    def tested(self, pairs: Pairs, swaps: Swaps, are_means: Sequence[bool]) -> tuple[Floats, tuple[str, ...]]:
        """Two-sided p of each value and pair, shape (v, p), and the test behind each value; NaN and why where there is none."""
        p = np.full((len(self.names), len(pairs)), np.nan)
        tests = [""] * len(self.names)
        for v, name in enumerate(self.names):
            if are_means[v]:
                p[v], tests[v] = sign_flip_pairs(self._by_cluster(self.cases()[v]), pairs, swaps), "sign flips of cluster sums"
            elif isinstance(self.metric, Discrimination) and name.startswith("auroc"):
                shares = np.stack([self._auroc_shares(name, i, j) for i, j in pairs])
                p[v], tests[v] = sign_flip(self._by_cluster(shares), swaps), "swaps of scores, ranked within each system"
        left = [v for v, test in enumerate(tests) if not test]
        if left:
            p[left], said = self._swapped([self.names[v] for v in left], pairs, swaps)
            for v in left:
                tests[v] = said
        return p, tuple(tests)

    def _swapped(self, names: Sequence[str], pairs: Pairs, swaps: Swaps) -> tuple[Floats, str]:
        """The test that serves any value: whole clusters of rows change places."""
        metric = self.metric
        if isinstance(metric, SumMetric):
            sums = np.stack([self._by_cluster(rows.T).T for rows in self.rows])
            return swap_sums(sums, pairs, lambda found: _stacked(metric.value(found), names), swaps), "swaps of cluster statistics"
        rows = mixable(metric, self.rows)
        if rows is None:
            return np.full((len(names), len(pairs)), np.nan), "none: the systems' rows are not laid out alike"
        found = [
            swap_rows((rows[i], rows[j]), self.clusters, self.weights, lambda both, w: _stacked(metric.aggregate(both, w), names), swaps)
            for i, j in pairs
        ]
        return np.stack(found, axis=1), "swaps of cases by cluster"

    def _auroc_shares(self, name: str, first: int, second: int) -> Floats:
        """Of each case its share in the difference of two AUROCs; of `auroc_macro` in the mean over labels that have both kinds."""
        labels = self.metric.labels  # type: ignore[attr-defined]  # called for Discrimination alone
        _, _, wanted = name.partition(":")
        a, b = self.rows[first], self.rows[second]
        places = range(len(labels)) if name == "auroc_macro" else [labels.index(wanted) if wanted else 0]
        found = [auroc_shares((a[:, i], b[:, i]), a[:, len(labels) + i] > 0, self.weights) for i in places]
        return np.asarray(np.mean([share for share in found if not np.isnan(share).any()] or found[:1], axis=0))

    def _by_cluster(self, of_cases: Floats) -> Floats:
        return _by_cluster(of_cases, self.weights, self.clusters, self.n_clusters)

    def _under(self, mask: Floats) -> Callable[[Floats], Floats]:
        """From weightings of clusters (b, C) to values (v, s, b) of the cases of a mask (n,)."""
        metric, weights = self.metric, self.weights * mask
        if self.means is not None:
            v, s, n = self.means.shape
            of_clusters = _by_cluster(self.means.reshape(v * s, n), weights, self.clusters, self.n_clusters).T
            total = np.bincount(self.clusters, weights=weights, minlength=self.n_clusters)
            return lambda block: ratio(block @ of_clusters, (block @ total)[:, None]).T.reshape(v, s, len(block))
        if isinstance(metric, SumMetric):
            k = self.rows[0].shape[1]
            columns = [column for rows in self.rows for column in rows.T]
            sums = _by_cluster(columns, weights, self.clusters, self.n_clusters).T

            def of_sums(block: Floats) -> Floats:
                drawn = (block @ sums).reshape(len(block), len(self.rows), k)
                return np.stack([self._picked(metric.value(drawn[:, s])) for s in range(len(self.rows))], axis=1)

            return of_sums
        inside = mask > 0

        def of_cases(block: Floats) -> Floats:
            spread = block[:, self.clusters[inside]] * weights[inside]
            return self._of_systems(lambda rows: self._picked(metric.aggregate(rows[inside], spread)))

        return of_cases

    def _one_by_one(self, rows: Floats) -> Floats:
        n = len(rows)
        probe = self._picked(self.metric.aggregate(rows, np.eye(min(_PROBED, n), n)))
        if np.isnan(probe).all():
            return np.full((len(self.names), n), np.nan)
        size = max(1, _CELLS // n)
        parts = (np.eye(min(size, n - start), n, start) for start in range(0, n, size))
        return np.concatenate([self._picked(self.metric.aggregate(rows, part)) for part in parts], axis=1)

    def _of_systems(self, values: Callable[[Floats], Floats]) -> Floats:
        return np.stack([values(rows) for rows in self.rows], axis=1)

    def _picked(self, values: Values) -> Floats:
        return _stacked(values, self.names)


def _stacked(values: Values, names: Sequence[str]) -> Floats:
    return np.stack([values[name] for name in names])


def _by_cluster(of_cases: Sequence[Floats] | Floats, weights: Floats, clusters: NDArray[np.intp], n_clusters: int) -> Floats:
    """Weighted sums over clusters, shape (m, C), of numbers of cases (m, n)."""
    sums = np.empty((len(of_cases), n_clusters))
    for own, one in zip(sums, of_cases, strict=True):
        own[:] = np.bincount(clusters, weights=one * weights, minlength=n_clusters)
    return sums
