"""Correlation of two sides (a metric and a rating) under many weightings of clusters at once: pooled, within studies, of systems.

Both sides are oriented before they come here: higher means better on either, so that agreement is positive. Nothing is
turned by its absolute value.

Kendall tau-b and tau-c: Kendall, Rank Correlation Methods, 1970; Stuart, Biometrika 40, 1953. Spearman: Pearson of midranks.
A weight counts how often a cluster was drawn, so a weighting gives what the repeated items would give. An item and its own
copy are a pair tied on both sides.

    pooled    all items together
    within    each study by itself, then the mean over studies; a study with a constant side is dropped, and counted
    system    the systems' means
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]
Values: TypeAlias = dict[str, Floats]
Coefficient: TypeAlias = Literal["tau_b", "tau_c", "spearman", "pearson"]

COEFFICIENTS: Final[tuple[Coefficient, ...]] = ("tau_b", "tau_c", "spearman", "pearson")

_CELLS: Final = 2_000_000  # of one block of intermediate values


@dataclass(frozen=True, slots=True)
class Items:
    """Where each of n items belongs, as codes from 0."""

    studies: Codes
    systems: Codes
    clusters: Codes  # what is drawn: the study, or the patient that studies share
    n_clusters: int

    @classmethod
    def of(cls, studies: list[str], systems: list[str], clusters: list[str] | None = None) -> Items:
        """From names; without `clusters` a study is a cluster."""
        codes = [np.unique(np.array(names, dtype=np.str_), return_inverse=True) for names in (studies, systems, clusters or studies)]
        return cls(codes[0][1], codes[1][1], codes[2][1], len(codes[2][0]))

    def take(self, kept: NDArray[np.bool_]) -> Items:
        """Some of the items; clusters keep their codes, so that draws of all of them still fit."""
        return Items(self.studies[kept], self.systems[kept], self.clusters[kept], self.n_clusters)


class Pooled:
    """The four coefficients of all items together."""

    def __init__(self, x: Floats, y: Floats, clusters: Codes) -> None:
        """Two sides, shape (n,), without NaN, and the cluster of each item."""
        self._present, self._codes = np.unique(clusters, return_inverse=True)
        a, b = levels(x), levels(y)
        self._x, self._y = a.astype(np.intp), b.astype(np.intp)
        self._pairs = pair_sums(lambda i, j: signs(a, i, j) * signs(b, i, j), self._codes)
        self._untied_x = pair_sums(lambda i, j: np.abs(signs(a, i, j)), self._codes)
        self._untied_y = pair_sums(lambda i, j: np.abs(signs(b, i, j)), self._codes)
        u, v = _standard(x), _standard(y)
        self._moments = cluster_sums(np.stack([np.ones_like(u), u, v, u * u, v * v, u * v], axis=1), self._codes)

    def values(self, weights: Floats) -> Values:
        """Coefficients, shape (m,) each, under weightings of all clusters, shape (m, n_clusters); NaN where a side is constant."""
        drawn = weights[:, self._present]
        balance, x, y = (quadratic(drawn, matrix) for matrix in (self._pairs, self._untied_x, self._untied_y))
        spearman, fewest = self._by_rank(drawn)
        n = drawn @ self._moments[:, 0]
        stuart = divide(n**2 * (fewest - 1), fewest)
        pearson = _pearson(drawn @ self._moments)
        found = {"tau_b": divide(balance, np.sqrt(x * y)), "tau_c": divide(balance, stuart), "spearman": spearman, "pearson": pearson}
        constant = (x == 0) | (y == 0)
        return {name: np.where(constant, np.nan, values) for name, values in found.items()}

    def _by_rank(self, drawn: Floats) -> tuple[Floats, Floats]:
        """Spearman's coefficient, and the number of levels drawn on the side that has fewer, each (m,)."""
        spearman, fewest = np.empty(len(drawn)), np.empty(len(drawn))
        for rows in blocks(len(drawn), len(self._codes)):
            weights = drawn[rows][:, self._codes]
            (x, spread_x, n_x), (y, spread_y, n_y) = (_midranks(side, weights) for side in (self._x, self._y))
            together = np.einsum("mi,mi,mi->m", weights, x, y)
            spearman[rows] = divide(together, np.sqrt(spread_x * spread_y))
            fewest[rows] = np.minimum(n_x, n_y)
        return spearman, fewest


class Within:
    """The four coefficients of each study with two items or more, then their mean; constant studies left out of it."""

    def __init__(self, x: Floats, y: Floats, items: Items) -> None:
        per_study = [
            (items.clusters[members[:, 0]], by_row(x[members], y[members])) for members in groups(items.studies) if members.shape[1] > 1
        ]
        self.clusters = np.concatenate([np.empty(0, dtype=np.intp), *(clusters for clusters, _ in per_study)])  # of each such study
        self.by_study = {name: np.concatenate([np.empty(0), *(values[name] for _, values in per_study)]) for name in COEFFICIENTS}
        self.n_studies = len(self.clusters)
        self.n_constant = int(np.isnan(self.by_study["tau_b"]).sum())

    def values(self, weights: Floats) -> Values:
        """Means over studies, shape (m,) each, under weightings of clusters, shape (m, n_clusters)."""
        return {name: weighted_mean(weights[:, self.clusters], values) for name, values in self.by_study.items()}


def system_means(values: Floats, items: Items, weights: Floats) -> Floats:
    """The mean of each system's items, shape (m, n_systems), under weightings; NaN where none of them was drawn.

    Rounded to 12 decimals: systems that are equal must not differ by the order in which their items were added.
    """
    n_systems = int(items.systems.max()) + 1
    place = items.clusters * n_systems + items.systems
    shape = (items.n_clusters, n_systems)
    sums, counts = (np.bincount(place, of, items.n_clusters * n_systems).reshape(shape) for of in (values, np.ones_like(values)))
    return np.round(divide(weights @ sums, weights @ counts), 12)


def by_row(x: Floats, y: Floats) -> Values:
    """The four coefficients of each row, shapes (m, s) to (m,); NaN where a side is constant or holds a NaN."""
    absent = np.isnan(x.sum(axis=1) + y.sum(axis=1))
    x, y = (np.where(absent[:, None], 0.0, side) for side in (x, y))
    m, s = x.shape
    balance, untied_x, untied_y = np.empty(m), np.empty(m), np.empty(m)
    for rows in blocks(m, s * s):
        a, b = (np.sign(side[rows, :, None] - side[rows, None, :]) for side in (x, y))
        balance[rows], untied_x[rows], untied_y[rows] = (pairs.sum(axis=(1, 2)) for pairs in (a * b, a * a, b * b))
    fewest = np.minimum(*(1 + (np.diff(np.sort(side, axis=1)) > 0).sum(axis=1) for side in (x, y))).astype(np.float64)
    found = {
        "tau_b": divide(balance, np.sqrt(untied_x * untied_y)),
        "tau_c": divide(balance, divide(s**2 * (fewest - 1), fewest)),
        "spearman": pearson_by_row(ranks_by_row(x), ranks_by_row(y)),
        "pearson": pearson_by_row(x, y),
    }
    constant = absent | (untied_x == 0) | (untied_y == 0)
    return {name: np.where(constant, np.nan, values) for name, values in found.items()}


def mean_absolute_difference(x: Floats, y: Floats, clusters: Codes, weights: Floats) -> Floats:
    """The mean over items of |x - y|, shape (m,): of counts of errors, the error in counting them."""
    sums = cluster_sums(np.stack([np.abs(x - y), np.ones_like(x)], axis=1), clusters, weights.shape[1])
    drawn = weights @ sums
    return divide(drawn[:, 0], drawn[:, 1])


def pearson_by_row(x: Floats, y: Floats) -> Floats:
    """Pearson's coefficient of each row, shapes (m, n) to (m,)."""
    u, v = (side - side.mean(axis=1, keepdims=True) for side in (x, y))
    return divide(np.einsum("mi,mi->m", u, v), np.sqrt(np.einsum("mi,mi->m", u, u) * np.einsum("mi,mi->m", v, v)))


def ranks_by_row(x: Floats) -> Floats:
    """Midranks of each row, from 0, shape (m, n)."""
    n = x.shape[1]
    order = np.argsort(x, axis=1, kind="stable")
    ordered = np.take_along_axis(x, order, axis=1)
    place = np.broadcast_to(np.arange(n), x.shape)
    is_new = np.ones(x.shape, dtype=bool)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    is_last = np.ones(x.shape, dtype=bool)
    is_last[:, :-1] = is_new[:, 1:]
    first = np.maximum.accumulate(np.where(is_new, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(is_last, place, n)[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(x.shape)
    np.put_along_axis(ranks, order, (first + last) / 2, axis=1)
    return ranks


def pair_sums(of: Callable[[Codes, Codes], NDArray[np.float32]], clusters: Codes) -> NDArray[np.float32]:
    """Sums over ordered pairs of items by the clusters of both, shape (c, c), of values `of(i, j)`, shape (len(i), len(j)).

    `clusters` are codes 0 .. c - 1, each of which occurs. Single precision holds whole sums up to 2**24.
    """
    order = np.argsort(clusters, kind="stable")
    starts = np.searchsorted(clusters[order], np.arange(clusters[order[-1]] + 1))
    by_column = np.concatenate([np.add.reduceat(of(order[rows], order), starts, axis=1) for rows in blocks(len(order), len(order))])
    summed: NDArray[np.float32] = np.add.reduceat(by_column, starts, axis=0)
    return summed


def quadratic(weights: Floats, matrix: NDArray[np.float32], others: Floats | None = None) -> Floats:
    """w' M v for each row of weights w (m, c) and of `others` v, by default w itself."""
    inner = weights.astype(np.float32) @ matrix
    values: Floats = (inner * (weights if others is None else others)).sum(axis=1)
    return values


def levels(x: Floats) -> NDArray[np.float32]:
    """Values as the whole numbers of their order; equal values share one."""
    return np.unique(x, return_inverse=True)[1].astype(np.float32)


def signs(x: NDArray[np.float32], i: Codes, j: Codes) -> NDArray[np.float32]:
    """The sign of x_i - x_j, where `x` are `levels`."""
    found: NDArray[np.float32] = np.clip(x[i, None] - x[None, j], -1, 1)
    return found


def groups(studies: Codes) -> Iterator[Codes]:
    """The items of each study, studies of one size together, shapes (studies of that size, size)."""
    order = np.argsort(studies, kind="stable")
    _, starts, sizes = np.unique(studies[order], return_index=True, return_counts=True)
    for size in np.unique(sizes):
        yield order[starts[sizes == size][:, None] + np.arange(size)]


def weighted_mean(weights: Floats, values: Floats) -> Floats:
    """Means, shape (m,), of those of `values` (n,) that are defined, under weights (m, n)."""
    defined = ~np.isnan(values)
    return divide(weights[:, defined] @ values[defined], weights[:, defined].sum(axis=1))


def cluster_sums(rows: Floats, clusters: Codes, n_clusters: int = 0) -> Floats:
    """Rows (n, k) summed by cluster, shape (n_clusters, k)."""
    return np.stack([np.bincount(clusters, column, n_clusters) for column in rows.T], axis=1)


def blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Slices of rows that keep a block of so many columns in bounded memory."""
    size = max(1, _CELLS // max(1, n_columns))
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise quotient; NaN where the denominator is 0."""
    out = np.full(denominator.shape, np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out


def _midranks(side: Codes, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Of levels (n,) under item weights (m, n): centred midranks (m, n), their weighted sum of squares (m,), levels drawn (m,)."""
    order = np.argsort(side, kind="stable")
    starts = np.searchsorted(side[order], np.arange(side[order[-1]] + 1))
    counts = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks = np.cumsum(counts, axis=1) - counts / 2
    ranks -= counts.sum(axis=1, keepdims=True) / 2
    return ranks[:, side], np.einsum("ml,ml,ml->m", counts, ranks, ranks), (counts > 0).sum(axis=1).astype(np.float64)


def _pearson(moments: Floats) -> Floats:
    """From sums of 1, u, v, uu, vv, uv, shape (m, 6)."""
    n, u, v, uu, vv, uv = moments.T
    spread = np.clip(n * uu - u * u, 0, None) * np.clip(n * vv - v * v, 0, None)
    return divide(n * uv - u * v, np.sqrt(spread))


def _standard(x: Floats) -> Floats:
    """Centred and scaled, so that sums of squares lose no digits."""
    centred = x - x.mean()
    spread = centred.std()
    return np.asarray(centred / spread) if spread else centred
