"""Does one metric correlate better with a rating than another: the permutation test PERM-BOTH, by cluster.

Source: Deutsch, Dror and Roth, A Statistical Analysis of Summarization Evaluation Metrics using Resampling Methods, TACL
2021 (arXiv 2104.00054), algorithm 5. Values of both metrics are z-scored, then a fair coin decides for each cluster whether
its values change places; p = (c + 1) / (B + 1), where c counts the differences of correlations at least as large as the
observed one, two-sided. Swapping clusters, not items, keeps the dependence of texts on one study.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.statistics.correlation import (
    Floats,
    Items,
    Within,
    blocks,
    divide,
    levels,
    pair_sums,
    pearson_by_row,
    quadratic,
    ranks_by_row,
    signs,
)

TestedCoefficient: TypeAlias = Literal["tau_b", "spearman", "pearson"]
_Sums: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]  # by pair of clusters: of sign(x) sign(y), of |sign(x)|

_TOLERANCE: Final = 1e-12  # of equal differences, by the order of their sums


@dataclass(frozen=True, slots=True)
class Difference:
    """Correlation of the first metric minus that of the second, and the two-sided p of there being none."""

    value: float  # NaN where a correlation is undefined; so is p
    p: float


class SwapTests:
    """Tests of some metrics on the same items, all pairs under the same swaps."""

    def __init__(
        self,
        metrics: Floats,
        rating: Floats,
        items: Items,
        *,
        coefficient: TestedCoefficient = "tau_b",
        within: bool = False,
        draws: int = 2000,
        seed: int = 0,
    ) -> None:
        """Metrics, shape (k, n), and a rating, shape (n,), higher is better; correlations pooled, or within studies and averaged."""
        self._metrics = np.stack([_z(metric) for metric in metrics])
        self._rating, self._items = rating, items
        self._coefficient, self._is_within = coefficient, within
        self._draws, self._seed = draws, seed
        self._rank = levels(rating)
        present, self._codes = np.unique(items.clusters, return_inverse=True)
        self._n_present = len(present)
        if within:
            self._within = [Within(metric, rating, items) for metric in self._metrics]
        elif coefficient == "tau_b":
            self._untied_rating = float(pair_sums(lambda i, j: np.abs(signs(self._rank, i, j)), self._codes).sum(dtype=np.float64))
            self._own = [self._sums(u, u) for u in map(levels, self._metrics)]

    def difference(self, first: int, second: int) -> Difference:
        """The test of two of the metrics, by their places."""
        if self._is_within:
            observed, drawn = self._of_studies(first, second)
        elif self._coefficient == "tau_b":
            observed, drawn = self._of_pairs(first, second)
        else:
            observed, drawn = self._of_rows(first, second)
        if np.isnan(observed):
            return Difference(observed, float("nan"))
        n_as_large = sum(int((np.abs(values) >= abs(observed) - _TOLERANCE).sum()) for values in drawn)
        return Difference(observed, (n_as_large + 1) / (self._draws + 1))

    def _swaps(self) -> Iterator[Floats]:
        """Blocks of swaps, shapes (m, clusters present), 1 where the values of a cluster change places."""
        rng = np.random.default_rng(self._seed)
        for rows in blocks(self._draws, len(self._rating)):
            yield rng.integers(0, 2, size=(rows.stop - rows.start, self._n_present)).astype(np.float64)

    def _of_pairs(self, first: int, second: int) -> tuple[float, Iterator[Floats]]:
        """Pooled tau-b. With s the swaps, A, B and X the sums of pairs within the first metric, the second, and across,

        of the first metric  (1-s)'A(1-s) + 2 (1-s)'X s + s'B s  =  1'A1 + 2 (X'1 - A1)'s + s'(A - 2X + B)s
        of the second         s'A s + 2 s'X(1-s) + (1-s)'B(1-s)  =  1'B1 + 2 (X1 - B1)'s + s'(A - 2X + B)s
        """
        joint = levels(np.concatenate([self._metrics[first], self._metrics[second]]))
        across = self._sums(*np.split(joint, 2))
        forms = [_Form(a, b, x) for a, b, x in zip(self._own[first], self._own[second], across, strict=True)]

        def differences(swaps: Floats) -> Floats:
            (balance_1, balance_2), (untied_1, untied_2) = (form.values(swaps) for form in forms)
            return divide(balance_1, np.sqrt(untied_1 * self._untied_rating)) - divide(balance_2, np.sqrt(untied_2 * self._untied_rating))

        return float(differences(np.zeros((1, self._n_present)))[0]), map(differences, self._swaps())

    def _of_rows(self, first: int, second: int) -> tuple[float, Iterator[Floats]]:
        """Pooled Spearman or Pearson, of each swapped row of values."""
        a, b = self._metrics[first], self._metrics[second]
        of_rank = self._coefficient == "spearman"
        other = ranks_by_row(self._rating[None]) if of_rank else self._rating[None]

        def correlations(x: Floats) -> Floats:
            return pearson_by_row(ranks_by_row(x) if of_rank else x, other.repeat(len(x), axis=0))

        def differences(swaps: Floats) -> Floats:
            is_swapped = swaps[:, self._codes] == 1
            return correlations(np.where(is_swapped, b, a)) - correlations(np.where(is_swapped, a, b))

        return float(differences(np.zeros((1, self._n_present)))[0]), map(differences, self._swaps())

    def _of_studies(self, first: int, second: int) -> tuple[float, Iterator[Floats]]:
        """Within studies: a swapped study changes the sign of its difference; studies constant for either metric are left out."""
        by_study = self._within[first].by_study[self._coefficient] - self._within[second].by_study[self._coefficient]
        defined = ~np.isnan(by_study)
        if not defined.any():
            return float("nan"), iter(())
        by_study, clusters = by_study[defined], self._within[first].clusters[defined]
        place = np.searchsorted(np.unique(self._items.clusters), clusters)
        by_cluster = np.bincount(place, by_study, self._n_present) / len(by_study)
        return float(by_cluster.sum()), ((1 - 2 * swaps) @ by_cluster for swaps in self._swaps())

    def _sums(self, u: NDArray[np.float32], v: NDArray[np.float32]) -> _Sums:
        """By clusters of i and j: of sign(u_i - v_j) sign(y_i - y_j), and of |sign(u_i - v_j)|; u and v are levels of one order."""
        return (
            pair_sums(lambda i, j: np.clip(u[i, None] - v[None, j], -1, 1) * signs(self._rank, i, j), self._codes),
            pair_sums(lambda i, j: (u[i, None] != v[None, j]).astype(np.float32), self._codes),
        )


class _Form:
    """A sum over pairs of items as a function of swaps, for the first metric and for the second."""

    def __init__(self, a: NDArray[np.float32], b: NDArray[np.float32], x: NDArray[np.float32]) -> None:
        self._squares = a - 2 * x + b
        of_a, of_b, down, across = (m.sum(axis=axis, dtype=np.float64) for m, axis in ((a, 1), (b, 1), (x, 0), (x, 1)))
        self._linear = np.stack([2 * (down - of_a), 2 * (across - of_b)], axis=1)
        self._constant = np.array([of_a.sum(), of_b.sum()])

    def values(self, swaps: Floats) -> tuple[Floats, Floats]:
        """Of the first and of the second metric, shapes (m,)."""
        both = self._constant + swaps @ self._linear + quadratic(swaps, self._squares)[:, None]
        return both[:, 0], both[:, 1]


def _z(x: Floats) -> Floats:
    spread = x.std()
    return np.asarray((x - x.mean()) / spread) if spread else x - x.mean()
