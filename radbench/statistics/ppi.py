"""Prediction-powered inference: a mean rating from a few rated texts and the automatic scores of all, by cluster.

Source: Angelopoulos et al., Prediction-powered inference, Science 382, 2023 (arXiv 2301.09633); the weight of the scores is
that of PPI++ (Angelopoulos, Duchi and Zrnic, arXiv 2311.01453, section 6), here for clusters. The estimate is the mean rating of
the rated texts plus lambda times how much higher the automatic scores of the unrated are than those of the rated. It is
unbiased for any lambda fixed beforehand, provided that the rated clusters were drawn at random from all; lambda is chosen
for the least variance, so scores need no common scale with the ratings, and scores that know nothing get a lambda near 0.

Each cluster's pull on the estimate is a (on the mean rating) - lambda b (on the difference of scores); the variance is the sum of the
squared pulls, times C / (C - 1 - controls) for C rated clusters, and intervals are of Student's t with that many degrees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.statistics.correlation import Codes, Floats

_POWER: Final = 0.8  # of a further study to separate two systems
_LEAST_DEGREES: Final = 4  # of freedom, below which nothing is inferred: six rated clusters, seven for a difference


@dataclass(frozen=True, slots=True)
class Arm:
    """One system on a test set: scores of all texts, ratings of some."""

    scores: Floats  # (n,), automatic, without NaN
    ratings: Floats  # (n,); NaN: not rated
    clusters: Codes  # (n,), codes that all arms share


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """A mean rating, or a difference of two, anchored in ratings."""

    value: float
    se: float
    low: float
    high: float
    level: float
    lambdas: tuple[float, ...]  # weight of each arm's scores; none where nothing is inferred
    n_rated: int
    n_rated_clusters: int
    n: int
    n_clusters: int
    rated_alone: float  # by the rated texts alone
    rated_alone_se: float
    se_of_unrated: float  # what no further rating of the same share would take away: the spread of the scores of the unrated

    @property
    def worth(self) -> float:
        """How many ratings one rating is worth with the scores beside it: the variance without them over that with them."""
        return (self.rated_alone_se / self.se) ** 2 if self.se else math.nan


def anchored_mean(arm: Arm, level: float = 0.95) -> Anchored:
    """The mean rating that all texts of an arm would get; NaN with fewer than six rated clusters."""
    return _anchored([arm], (1.0,), level)


def anchored_difference(first: Arm, second: Arm, level: float = 0.95) -> Anchored:
    """The mean rating of the first minus that of the second, paired by common clusters; NaN with fewer than seven rated clusters."""
    return _anchored([first, second], (1.0, -1.0), level)


def further_ratings(difference: Anchored, level: float = 0.95) -> int | None:
    """How many more rated clusters would set a difference apart from 0 at `level`, with a power of 80 %.

    Assumes that the true difference is the one found, that further clusters are rated like those so far (as many texts each,
    the same spread), and lambdas as now. 0: enough are rated. None: the texts that have no rating, being too few or too
    spread, leave more uncertainty than that difference.
    """
    normal = NormalDist()
    wanted = abs(difference.value) / (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(_POWER))
    if math.isnan(wanted) or wanted <= difference.se_of_unrated:
        return None
    per_cluster = (difference.se**2 - difference.se_of_unrated**2) * difference.n_rated_clusters
    needed = per_cluster / (wanted**2 - difference.se_of_unrated**2)
    return max(0, math.ceil(needed) - difference.n_rated_clusters)


@cache
def student_quantile(p: float, degrees: int) -> float:
    """The quantile of Student's t for p from one half on and two or more whole degrees of freedom, however far out.

    Bisection of its closed form, a series in the cosine of atan(t / sqrt(degrees)).

    >>> round(student_quantile(0.975, 10), 3)
    2.228

    Source: Abramowitz and Stegun 26.7.3 and 26.7.4.
    """
    odd, k = degrees % 2, np.arange(1, degrees // 2)
    coefficients = np.append(1.0, np.cumprod((2 * k - 1 + odd) / (2 * k + odd)))
    powers = 2 * np.arange(len(coefficients)) + odd
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        within = math.sin(angle) * float(coefficients @ math.cos(angle) ** powers)  # the probability of a smaller |t|
        within = (angle + within) * 2 / math.pi if odd else within
        low, high = (low, angle) if within > 2 * p - 1 else (angle, high)
    return math.tan(low) * math.sqrt(degrees)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one arm brings to an estimate: its means, and how each cluster pulls on them, shape (n_clusters,)."""

    rated_mean: float
    shift: float  # mean score of the rated minus that of the unrated; 0 where all are rated
    on_mean: Floats
    on_rated_scores: Floats
    on_unrated_scores: Floats


def _anchored(arms: Sequence[Arm], sign_of: Sequence[float], level: float) -> Anchored:
    n_clusters = max(int(arm.clusters.max()) for arm in arms) + 1
    rated = [~np.isnan(arm.ratings) for arm in arms]
    c = len(np.unique(np.concatenate([arm.clusters[of_arm] for arm, of_arm in zip(arms, rated, strict=True)])))
    counts = {
        "n_rated": int(sum(of_arm.sum() for of_arm in rated)),
        "n_rated_clusters": c,
        "n": sum(len(arm.scores) for arm in arms),
        "n_clusters": len(np.unique(np.concatenate([arm.clusters for arm in arms]))),
    }
    if not all(of_arm.any() for of_arm in rated) or c - 1 - len(arms) < _LEAST_DEGREES:
        return _undefined(level, counts)
    parts = [_parts(arm, of_arm, n_clusters) for arm, of_arm in zip(arms, rated, strict=True)]
    signs = np.array(sign_of)
    pull = signs @ np.stack([part.on_mean for part in parts])
    of_unrated = signs[:, None] * np.stack([part.on_unrated_scores for part in parts])
    controls = signs[:, None] * np.stack([part.on_rated_scores for part in parts]) - of_unrated
    lambdas, _, n_controls, _ = np.linalg.lstsq(controls.T, pull, rcond=None)
    alone = float(signs @ np.array([part.rated_mean for part in parts]))
    value = alone - float(lambdas @ (signs * np.array([part.shift for part in parts])))
    degrees = c - 1 - int(n_controls)
    se, se_of_unrated = (math.sqrt(c / degrees * float(of @ of)) for of in (pull - lambdas @ controls, lambdas @ of_unrated))
    half = se * student_quantile((1 + level) / 2, degrees)
    return Anchored(
        value=value,
        se=se,
        low=value - half,
        high=value + half,
        level=level,
        lambdas=tuple(map(float, lambdas)),
        rated_alone=alone,
        rated_alone_se=math.sqrt(c / (c - 1) * float(pull @ pull)),
        se_of_unrated=se_of_unrated,
        **counts,
    )


def _undefined(level: float, counts: dict[str, int]) -> Anchored:
    nan = math.nan
    return Anchored(
        value=nan,
        se=nan,
        low=nan,
        high=nan,
        level=level,
        lambdas=(),
        rated_alone=nan,
        rated_alone_se=nan,
        se_of_unrated=nan,
        **counts,
    )


def _parts(arm: Arm, rated: NDArray[np.bool_], n_clusters: int) -> _Parts:
    on_mean = _pulls(arm.ratings[rated], arm.clusters[rated], n_clusters)
    if rated.all():  # nothing is left for scores to stand in for
        return _Parts(float(arm.ratings.mean()), 0.0, on_mean, np.zeros(n_clusters), np.zeros(n_clusters))
    return _Parts(
        float(arm.ratings[rated].mean()),
        float(arm.scores[rated].mean() - arm.scores[~rated].mean()),
        on_mean,
        _pulls(arm.scores[rated], arm.clusters[rated], n_clusters),
        _pulls(arm.scores[~rated], arm.clusters[~rated], n_clusters),
    )


def _pulls(values: Floats, clusters: Codes, n_clusters: int) -> Floats:
    """How each cluster moves the mean of values: its summed deviations over their number, shape (n_clusters,)."""
    return np.bincount(clusters, values - values.mean(), n_clusters) / len(values)
