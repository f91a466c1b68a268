"""Paired tests of two systems on the same cases: clusters of cases are swapped between them, all at once for many pairs.

If two systems are alike, it does not matter whose is whose within a cluster (patient, else study). A test swaps the systems in
random clusters and counts how often the difference becomes as large as the one seen, in either direction:
p = (count + 1) / (draws + 1). With 2 ** clusters <= draws all swaps are gone through once, and p is exact.

All pairs and all systems of a table share the swaps. A swapped difference that is undefined counts as large. Of more than 4,096
clusters random groups of equal size change places together, which bounds the work: swaps of groups are a subgroup of all swaps, so
that the test holds its level, and of a difference t standard errors wide it takes t ** 2 / 4096 for chance in addition.

Where the correction of many pairs takes more swaps than were asked for (`most`), those that 100 of the first ones reached are
settled: their p is known to a tenth, and too large to gain. The test holds its level: p is at most a only where that of all swaps is
(a below 100 / draws), or that of the first ones (a above).

Sources: Edgington, Randomization Tests, 1995; Riezler and Maxwell 2005 (swaps of a corpus metric's statistics); Phipson and
Smyth, Stat Appl Genet Mol Biol 2010 (the + 1); Hemerik and Goeman, TEST 2018 (any subgroup of the swaps will do).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pairs = NDArray[np.intp]  # (n_pairs, 2): places of systems
Valued: TypeAlias = Callable[[Floats], Floats]  # sums (m, k) -> values (v, m)
Aggregated: TypeAlias = Callable[[Floats, Floats], Floats]  # rows (n, k), weights (m, n) -> values (v, m)

SETTLED: Final = 100  # swaps that reach a difference
MOST_UNITS: Final = 4096  # of clusters that are swapped one by one
_BLOCK_CELLS: Final = 2_000_000  # of one block of swaps: 16 MB as float64
_TOLERANCE: Final = 1e-12  # of the sizes summed: a swapped difference this near is equal but for rounding


@dataclass(frozen=True, slots=True)
class Swaps:
    """The clusters that are swapped in each draw; the same numbers give the same draws."""

    n_clusters: int
    draws: int  # asked for
    seed: int
    most: int = 0  # for differences that few of these reach; fewer than `draws`: no more

    @property
    def n_units(self) -> int:
        """How many units change places: clusters, or where these are many, groups of them."""
        return min(self.n_clusters, MOST_UNITS)

    @property
    def is_exact(self) -> bool:
        """True where all swaps are gone through."""
        return self.n_clusters < 63 and 2**self.n_clusters <= max(self.draws, self.most)

    @property
    def count(self) -> int:
        """How many there are."""
        return 2**self.n_clusters if self.is_exact else max(self.draws, self.most)

    @property
    def n_first(self) -> int:
        """How many every difference is held against."""
        return self.count if self.is_exact else self.draws

    def blocks(self) -> Iterator[Floats]:
        """Blocks (b, n_units) of 1 where a unit is swapped and 0 where not; `count` rows in all, a block ends with row `n_first`."""
        size = max(1, _BLOCK_CELLS // max(1, self.n_units))
        words = -(-self.n_units // 64)  # a row is drawn as whole words, so that blocks of any size give the same rows
        rng = np.random.default_rng(self.seed)
        starts = [*range(0, self.n_first, size), *range(self.n_first, self.count, size)]
        for start, stop in pairwise([*starts, self.count]):
            n_rows = stop - start
            if self.is_exact:
                drawn = np.arange(start, start + n_rows, dtype="<u8")[:, None]
            else:
                drawn = rng.integers(0, 2**64, size=(n_rows, words), dtype=np.uint64).astype("<u8", copy=False)
            bits = np.unpackbits(drawn.view(np.uint8), axis=1, count=self.n_units, bitorder="little")
            yield bits.astype(np.float64)

    def units(self) -> Pairs:
        """The unit of each cluster, shape (n_clusters,)."""
        places = np.arange(self.n_clusters)
        return places if self.n_units == self.n_clusters else np.random.default_rng([self.seed, 1]).permutation(places) % self.n_units

    def by_unit(self, of_clusters: Floats) -> Floats:
        """Sums over the clusters of each unit, along the last axis."""
        if self.n_units == self.n_clusters:
            return of_clusters
        units = self.units()
        flat = of_clusters.reshape(-1, self.n_clusters)
        sums = np.array([np.bincount(units, weights=one) for one in flat], dtype=np.float64)
        return sums.reshape(*of_clusters.shape[:-1], self.n_units)


class _Tally:
    """How many swaps reached each difference, as far as they count."""

    def __init__(self, shape: tuple[int, ...], swaps: Swaps) -> None:
        self.is_open = np.ones(shape, dtype=np.bool_)
        self._reached, self._taken, self._swaps = np.zeros(shape, dtype=np.int64), 0, swaps

    def add(self, reached: NDArray[np.int64], n: int) -> None:
        """Count n further swaps for the differences that are open."""
        self._reached += np.where(self.is_open, reached, 0)
        self._taken += n
        if self._taken == self._swaps.n_first < self._swaps.count:
            self.is_open = self._reached < SETTLED

    def p_values(self) -> Floats:
        """Two-sided p of each difference."""
        if self._swaps.is_exact:
            return np.asarray(self._reached / self._swaps.count)
        return np.asarray((self._reached + 1) / (np.where(self.is_open, self._swaps.count, self._swaps.n_first) + 1))


def sign_flip(differences: Floats, swaps: Swaps) -> Floats:
    """Two-sided p, shape (p,), of differences (p, n_clusters): of each pair the sum over each cluster.

    The statistic is the absolute sum; a swap turns a cluster's sign.
    """
    differences = swaps.by_unit(differences)
    total = differences.sum(axis=1)
    least = np.abs(total) - _TOLERANCE * np.abs(differences).sum(axis=1)
    tally = _Tally(total.shape, swaps)
    for block in swaps.blocks():
        tally.add((~(np.abs(total - 2 * (block @ differences.T)) < least)).sum(axis=0), len(block))
    return np.where(np.isnan(total), np.nan, tally.p_values())


def sign_flip_pairs(scores: Floats, pairs: Pairs, swaps: Swaps) -> Floats:
    """As `sign_flip`, shape (pairs,), from the scores of systems summed by cluster, shape (systems, n_clusters).

    A swapped sum of differences is the difference of swapped sums, so one product with the systems serves all pairs.
    """
    first, second = pairs.T
    scores = swaps.by_unit(scores)
    centred = scores - scores.mean(axis=0)  # differences stay as they are and lose fewer digits
    total, size = centred.sum(axis=1), np.abs(centred).sum(axis=1)
    least = np.abs(total[first] - total[second]) - _TOLERANCE * (size[first] + size[second])
    swapped = np.ascontiguousarray(np.concatenate([total - 2 * (block @ centred.T) for block in swaps.blocks()]).T)  # (systems, draws)
    tally = _Tally(least.shape, swaps)
    for stage in (swapped[:, : swaps.n_first], swapped[:, swaps.n_first :]):
        reached = np.zeros(len(pairs), dtype=np.int64)
        for place in np.flatnonzero(tally.is_open):
            reached[place] = np.count_nonzero(np.abs(stage[first[place]] - stage[second[place]]) >= least[place])
        tally.add(reached, stage.shape[1])
    return np.where(np.isnan(least), np.nan, tally.p_values())


def swap_sums(sums: Floats, pairs: Pairs, value: Valued, swaps: Swaps) -> Floats:
    """Two-sided p, shape (v, pairs), of v values that follow from summed statistics (BLEU from its counts, F1 from tp, fp, fn).

    Args:
        sums: the statistics of systems summed by cluster, shape (systems, n_clusters, k).
        pairs: the pairs of systems.
        value: from statistics (m, k) to values (v, m).
        swaps: the draws.
    """
    n_systems, _, k = sums.shape
    whole = sums.sum(axis=1)
    observed = value(whole)
    seen = np.abs(observed[:, pairs[:, 0]] - observed[:, pairs[:, 1]])
    tally = _Tally(seen.shape, swaps)
    flat = swaps.by_unit(sums.transpose(0, 2, 1).reshape(n_systems * k, -1)).T
    for block in swaps.blocks():
        moved = (block @ flat).reshape(len(block), n_systems, k)
        reached = np.zeros(seen.shape, dtype=np.int64)
        for place in np.flatnonzero(tally.is_open.any(axis=0)):
            i, j = pairs[place]
            change = moved[:, j] - moved[:, i]
            values = value(np.concatenate([whole[i] + change, whole[j] - change]))
            reached[:, place] = _reached(values, len(block), seen[:, place], observed[:, [i, j]])
        tally.add(reached, len(block))
    return np.where(np.isnan(seen), np.nan, tally.p_values())


def swap_rows(rows: tuple[Floats, Floats], clusters: Pairs, weights: Floats, value: Aggregated, swaps: Swaps) -> Floats:
    """Two-sided p, shape (v,), of v values of two systems that need the order of cases (average precision, a median).

    Scores of a system must be rank-transformed within it before: two systems' scales are not one scale.

    Args:
        rows: of each system, shape (n, k).
        clusters: of each case, shape (n,), numbered from 0.
        weights: of each case, shape (n,).
        value: from rows (2 n, k) and weights (m, 2 n) to values (v, m).
        swaps: the draws.
    """
    both, no = np.concatenate(rows), np.zeros_like(weights)
    observed = value(both, np.stack([np.append(weights, no), np.append(no, weights)]))
    seen = np.abs(observed[:, 0] - observed[:, 1])
    tally, units = _Tally(seen.shape, swaps), swaps.units()[clusters]
    for block in swaps.blocks():
        if not tally.is_open.any():
            break
        moved = block[:, units] * weights
        kept = weights - moved
        values = value(both, np.concatenate([np.hstack([kept, moved]), np.hstack([moved, kept])]))
        tally.add(_reached(values, len(block), seen, observed), len(block))
    return np.where(np.isnan(seen), np.nan, tally.p_values())


def _reached(values: Floats, n: int, seen: Floats, observed: Floats) -> NDArray[np.int64]:
    """How many of n swaps, whose values (v, 2 n) are first those of one system, then of the other, reach the difference seen (v,)."""
    least = seen - _TOLERANCE * (1 + np.abs(observed).sum(axis=1))
    return np.asarray((~(np.abs(values[:, :n] - values[:, n:]) < least[:, None])).sum(axis=1))


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p of McNemar's test: cases that only the first, or only the second, got right. It takes cases for independent.

    >>> round(mcnemar(1, 8), 7)
    0.0390625

    Source: McNemar, Psychometrika 1947; the exact form is the binomial test of the cases that differ.
    """
    n, i = only_first + only_second, np.arange(min(only_first, only_second))
    ways = np.append(0.0, np.log((n - i) / (i + 1)).cumsum())  # the logarithm of how many there are to have 0, 1 ... of n
    return min(1.0, float(np.exp(ways - (n - 1) * np.log(2)).sum()))
