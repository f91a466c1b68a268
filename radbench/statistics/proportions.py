"""Intervals and standard errors that need no draws: Wilson's for a share of cases, and the error of a mean; by cluster."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


def wilson_interval(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
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


def effective_cases(hits: NDArray[np.float64], clusters: NDArray[np.intp]) -> float:
    """How many independent cases clustered ones are worth for their share; `hits` (n,) are 1 or 0, clusters are numbered from 0.

    It is n over the design effect, which is the variance of the share by cluster over that of independent cases, and never more
    than n. At 0 and at 1, where no variance is seen, and within one cluster, a cluster is worth one case. Wilson's interval of so
    many cases holds a clustered share more often than draws of clusters do, which collapse at 0 and 1.

    Sources: Kish, Survey Sampling, 1965 (design effect); Franco et al, J Surv Stat Methodol 2019 (Wilson's interval with it).
    """
    n, n_clusters = len(hits), np.count_nonzero(np.bincount(clusters))
    share = float(hits.mean()) if n else 0.0
    if n_clusters < 2 or not 0 < share < 1:
        return float(n_clusters)
    return n / max(1.0, clustered_standard_error(hits, clusters) ** 2 * (n - 1) / (share * (1 - share)))


def clustered_standard_error(values: NDArray[np.float64], clusters: NDArray[np.intp], weights: NDArray[np.float64] | None = None) -> float:
    """The standard error of the (weighted) mean of values (n,) in clusters, numbered from 0; NaN with fewer than two clusters.

    sqrt(C / (C - 1) * sum over clusters of (sum of the cluster's deviations from the mean) ** 2) / n. With each case a cluster of
    its own it is the usual standard error.

    Source: arXiv 2411.00640, section 2.2, with the finite-cluster factor C / (C - 1).
    """
    w = np.ones_like(values) if weights is None else weights
    total, n_clusters = w.sum(), np.count_nonzero(np.bincount(clusters))
    if n_clusters < 2:
        return float("nan")
    sums = np.bincount(clusters, weights=w * (values - (w @ values) / total))
    return float(np.sqrt(n_clusters / (n_clusters - 1) * (sums @ sums)) / total)
