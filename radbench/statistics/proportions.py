"""Intervals and standard errors that need no draws: Wilson's for a proportion, and the error of a mean of clustered cases."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


def wilson_interval(successes: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of a proportion of n independent cases, within [0, 1]; NaN without cases. It has a width at 0 and at 1 too.

    >>> "%.3f %.3f" % wilson_interval(0, 20)
    '0.000 0.161'

    Source: Wilson, J Am Stat Assoc 1927.
    """
    if not n:
        return (float("nan"), float("nan"))
    z2 = NormalDist().inv_cdf((1 + level) / 2) ** 2
    share = successes / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * share * (1 - share) / n + (z2 / (2 * n)) ** 2) ** 0.5 / (1 + z2 / n)
    return (max(0.0, centre - half), min(1.0, centre + half))


def clustered_standard_error(values: NDArray[np.float64], clusters: NDArray[np.intp], weights: NDArray[np.float64] | None = None) -> float:
    """The standard error of the (weighted) mean of values (n,) in clusters, numbered from 0; NaN with fewer than two clusters.

    sqrt(C / (C - 1) * sum over clusters of (sum of the cluster's deviations from the mean) ** 2) / n. With each case a cluster of
    its own it is the usual standard error.

    Source: arXiv 2411.00640, section 2.2, with the finite-cluster factor C / (C - 1).
    """
    w = np.ones_like(values) if weights is None else weights
    total, n_clusters = w.sum(), len(np.unique(clusters))
    if n_clusters < 2:
        return float("nan")
    sums = np.bincount(clusters, weights=w * (values - (w @ values) / total))
    return float(np.sqrt(n_clusters / (n_clusters - 1) * (sums @ sums)) / total)
