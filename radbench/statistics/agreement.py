"""Agreement of raters, each coefficient under many weightings of the items at once, so that a cluster bootstrap is one call.

Ratings are arrays (items, raters) with NaN where a rater did not rate; weights are (m, items), and a coefficient comes back as
(m,), NaN where it is undefined. A weight counts an item that often, as a bootstrap draw does.

Sources: K. Krippendorff, Content Analysis, 4th ed. 2018, ch. 12; P. Shrout and J. Fleiss, Psychol Bull 86 (1979) 420 with the
names of K. McGraw and S. Wong, Psychol Methods 1 (1996) 30; J. Cohen, Psychol Bull 70 (1968) 213; J. Fleiss, Psychol Bull 76
(1971) 378; K. Gwet, Br J Math Stat Psychol 61 (2008) 29 and Handbook of Inter-Rater Reliability, 4th ed. 2014, ch. 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.statistics.bootstrap import draw_clusters, percentile_interval

Array: TypeAlias = NDArray[np.float64]
Coefficient: TypeAlias = Callable[[Array, Array], Array]  # ratings (items, raters), weights (m, items) -> (m,)
Distance: TypeAlias = Literal["none", "linear", "quadratic"]  # how far apart two categories are: 0 or 1, |a - b|, (a - b)^2

_TINY: Final = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient and its percentile interval from a cluster bootstrap."""

    value: float  # NaN: undefined
    low: float
    high: float
    n_items: int  # with two ratings or more
    n_clusters: int  # that hold such items
    undefined_draws: int  # draws without a value, left out of the interval


def estimate(
    coefficient: Coefficient, ratings: Array, clusters: Sequence[str], *, draws: int = 2000, seed: int = 0, level: float = 0.95
) -> Estimate:
    """A coefficient with an interval by cluster: `clusters` (items) names the study, or patient, of each item.

    Items with fewer than two ratings tell nothing of agreement and are left out first.
    """
    kept = (~np.isnan(ratings)).sum(axis=1) >= 2
    ratings = ratings[kept]
    names, cluster_of = np.unique(np.array(clusters, dtype=str)[kept], return_inverse=True)
    if not names.size:
        return Estimate(np.nan, np.nan, np.nan, 0, 0, 0)
    value = float(coefficient(ratings, np.ones((1, len(ratings))))[0])
    blocks = [coefficient(ratings, weights[:, cluster_of]) for weights in draw_clusters(names.size, draws, seed)]
    drawn = np.concatenate(blocks) if blocks else np.empty(0)
    low, high = percentile_interval(drawn, level)
    return Estimate(value, low, high, len(ratings), int(names.size), int(np.isnan(drawn).sum()))


def percent_agreement(ratings: Array, weights: Array | None = None) -> Array:
    """The share of equal pairs of ratings: of each item, then their mean over items with two ratings or more; in [0, 1]."""
    counts, _ = _counts(ratings)
    m = counts.sum(axis=1)
    paired = m >= 2
    weights = _weights(weights, len(ratings))[:, paired]
    agreeing = (counts * (counts - 1)).sum(axis=1)[paired] / (m * (m - 1))[paired]
    return _ratio(weights @ agreeing, weights.sum(axis=1))


def prevalence(ratings: Array) -> dict[float, float]:
    """The share of each category among all ratings: a kappa is low where nearly all are of one."""
    counts, categories = _counts(ratings)
    shares = counts.sum(axis=0) / counts.sum()
    return {float(category): float(share) for category, share in zip(categories, shares, strict=True)}


def krippendorff_alpha(
    ratings: Array, weights: Array | None = None, *, level: Literal["nominal", "ordinal", "interval"] = "nominal"
) -> Array:
    """Krippendorff's alpha, at most 1: 0 is chance. Missing ratings are no hindrance; items with fewer than two do not count.

    `ordinal` measures distances in the ranks of the values found, which a draw changes; NaN where all values are the same.
    """
    counts, categories = _counts(ratings)
    m = counts.sum(axis=1)
    paired = m >= 2
    counts, m = counts[paired], m[paired]
    weights = _weights(weights, len(ratings))[:, paired]
    marginals = weights @ counts  # (draws, categories)
    n = marginals.sum(axis=1)
    if level == "nominal":
        together = (counts * (counts - 1)).sum(axis=1) / (m - 1)
        observed = n - weights @ together
        expected = n**2 - (marginals**2).sum(axis=1)
    else:
        # distances are differences of positions: of the value itself, or of its mid-rank
        if level == "interval":
            positions = np.broadcast_to((categories - categories.mean()) / max(float(np.ptp(categories)), _TINY), marginals.shape)
        else:
            positions = np.cumsum(marginals, axis=1) - marginals / 2 - n[:, None] / 2
        squares, sums = positions**2 @ counts.T, positions @ counts.T  # (draws, items)
        observed = 2 * (weights * (m * squares - sums**2) / (m - 1)).sum(axis=1)
        expected = 2 * (n * (marginals * positions**2).sum(axis=1) - (marginals * positions).sum(axis=1) ** 2)
    expected[expected <= 1e-12 * np.maximum(n, 1) ** 2] = 0  # one value only, but for rounding
    return np.asarray(1 - (n - 1) * _ratio(observed, expected))


def icc(ratings: Array, weights: Array | None = None, *, average: bool = False) -> Array:
    """ICC(A,1), or with `average` ICC(A,k): absolute agreement of one rater, or of the mean of k, two-way random effects.

    Only items that every rater rated count: see `complete`. At most 1; Shrout and Fleiss call them ICC(2,1) and ICC(2,k).
    """
    ratings, weights = complete(ratings, weights)
    k = ratings.shape[1]
    n = weights.sum(axis=1)
    ratings = ratings - ratings.mean() if ratings.size else ratings  # against cancellation in the sums of squares
    rows, columns = ratings.mean(axis=1), _ratio(weights @ ratings, n[:, None])
    grand = columns.mean(axis=1)
    total = weights @ (ratings**2).sum(axis=1) - n * k * grand**2
    between_items = k * (weights @ rows**2 - n * grand**2)
    between_raters = n * ((columns - grand[:, None]) ** 2).sum(axis=1)
    one = np.ones_like(n)
    ms_items = _ratio(between_items, n - 1)
    ms_raters = between_raters / (k - 1) * one
    ms_error = _ratio(np.maximum(total - between_items - between_raters, 0), (n - 1) * (k - 1))
    spread = (ms_raters - ms_error) / n
    below = ms_items + spread if average else ms_items + (k - 1) * ms_error + k * spread
    return _ratio(ms_items - ms_error, below)


def cohen_kappa(ratings: Array, weights: Array | None = None, *, distance: Distance = "none") -> Array:
    """Cohen's kappa, weighted by `distance` of the values; of more than two raters the mean over their pairs. At most 1.

    A pair counts the items that both rated; a draw in which a pair's kappa is undefined is undefined.
    """
    weights = _weights(weights, len(ratings))
    pairs = list(combinations(range(ratings.shape[1]), 2))
    if not pairs:
        return np.full(len(weights), np.nan)
    return np.asarray(np.mean([_kappa_of_pair(ratings[:, pair], weights, distance) for pair in pairs], axis=0))


def fleiss_kappa(ratings: Array, weights: Array | None = None) -> Array:
    """Fleiss' kappa for categories without order; only items that every rater rated count. At most 1."""
    ratings, weights = complete(ratings, weights)
    counts, _ = _counts(ratings)
    shares = _ratio(weights @ counts, (weights.sum(axis=1) * ratings.shape[1])[:, None])
    chance = (shares**2).sum(axis=1)
    return _corrected(percent_agreement(ratings, weights), chance)


def gwet_ac(ratings: Array, weights: Array | None = None, *, distance: Distance = "none", categories: Sequence[float] = ()) -> Array:
    """Gwet's AC1, or AC2 where `distance` weighs the categories: steady where nearly all ratings are of one category. At most 1.

    Args:
        categories: all values that could have been given; those found, unless named. Their number is part of the coefficient.
    """
    counts, values = _counts(ratings, categories)
    q = len(values)
    if q < 2:
        return np.full(len(_weights(weights, len(ratings))), np.nan)
    alike = 1 - _distances(values, distance)
    m = counts.sum(axis=1)
    weights = _weights(weights, len(ratings))
    paired, rated = weights[:, m >= 2], weights[:, m >= 1]
    some, any_ = counts[m >= 2], counts[m >= 1]
    agreeing = (some * (some @ alike - 1)).sum(axis=1) / (m * (m - 1))[m >= 2]
    observed = _ratio(paired @ agreeing, paired.sum(axis=1))
    shares = _ratio(rated @ (any_ / any_.sum(axis=1, keepdims=True)), rated.sum(axis=1)[:, None])
    chance = alike.sum() / (q * (q - 1)) * (shares * (1 - shares)).sum(axis=1)
    return _corrected(observed, chance)


def complete(ratings: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """The items that every rater rated, and their weights."""
    kept = ~np.isnan(ratings).any(axis=1)
    return ratings[kept], _weights(weights, len(ratings))[:, kept]


def _kappa_of_pair(pair: Array, weights: Array, distance: Distance) -> Array:
    pair, weights = complete(pair, weights)
    values = np.unique(pair)
    apart = _distances(values, distance)
    first, second = (np.searchsorted(values, column) for column in pair.T)
    one_hot = np.eye(len(values))
    shares = [weights @ one_hot[column] for column in (first, second)]
    n = weights.sum(axis=1)
    observed = weights @ apart[first, second]
    expected = _ratio(((shares[0] @ apart) * shares[1]).sum(axis=1), n)
    return 1 - _ratio(observed, expected)


def _distances(values: Array, distance: Distance) -> Array:
    """Distances of categories, in [0, 1], shape (categories, categories)."""
    apart = np.abs(values[:, None] - values[None, :])
    if distance == "none":
        return (apart > 0).astype(np.float64)
    scaled = apart / max(float(apart.max(initial=0)), _TINY)
    return np.asarray(scaled if distance == "linear" else scaled**2)


def _counts(ratings: Array, categories: Sequence[float] = ()) -> tuple[Array, Array]:
    """How often each item was given each category, shape (items, categories), and the categories, sorted."""
    rated = ~np.isnan(ratings)
    values = np.unique(np.concatenate([ratings[rated], np.array(categories, dtype=np.float64)]))
    counts = np.zeros((len(ratings), len(values)))
    np.add.at(counts, (np.nonzero(rated)[0], np.searchsorted(values, ratings[rated])), 1)
    return counts, values


def _weights(weights: Array | None, n_items: int) -> Array:
    return np.ones((1, n_items)) if weights is None else weights


def _corrected(observed: Array, chance: Array) -> Array:
    return _ratio(observed - chance, 1 - chance)


def _ratio(numerator: Array, denominator: Array) -> Array:
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out
