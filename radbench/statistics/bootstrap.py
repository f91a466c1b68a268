"""Cluster bootstrap on stored rows: draws of clusters as weights, and intervals of what is made of them.

Clusters (patients, else studies) are drawn with replacement, not rows: rows of one patient are not independent, and an
interval by row is too narrow. A draw is a vector of counts, one a cluster, that sums to the number of clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

_BLOCK_CELLS: Final = 2_000_000  # of one block of draws: 16 MB as float64


def draw_clusters(n_clusters: int, draws: int, seed: int, size: int = 0) -> Iterator[NDArray[np.float64]]:
    """Blocks of cluster weights, shapes (b, n_clusters), `draws` rows in all; each row sums to n_clusters.

    Blocks have `size` rows, or as many as are handled well (0); which, is no matter to the rows.

    Of a single cluster nothing is drawn: one patient tells nothing of how others would differ, and all draws would be equal.

    The same `n_clusters`, `draws` and `seed` give the same rows whatever is measured, so all models of a task share
    their draws and differences between them can be taken draw by draw.
    """
    rng = np.random.default_rng(seed)
    size = size or max(1, _BLOCK_CELLS // max(1, n_clusters))
    for start in range(0, draws if n_clusters > 1 else 0, size):
        n_rows = min(size, draws - start)
        picks = rng.integers(0, n_clusters, size=(n_rows, n_clusters))
        picks += np.arange(n_rows)[:, None] * n_clusters
        counts = np.bincount(picks.ravel(), minlength=n_rows * n_clusters)
        yield counts.reshape(n_rows, n_clusters).astype(np.float64)


def percentile_interval(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The middle `level` of the bootstrap values that are defined, shape (draws,); NaN where fewer than half are.

    Linear interpolation between order statistics, as numpy's quantile. A draw may leave a value undefined (no case of a rare
    class in it): the interval is then conditional on its being defined, and whoever prints it says in how many draws it was not.
    """
    defined = values[~np.isnan(values)]
    if 2 * defined.size < max(1, values.size):
        return (float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return (float(low), float(high))


def bca_interval(values: NDArray[np.float64], point: float, jackknife: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The bias-corrected and accelerated interval; NaN where fewer than half the draws are defined, or all lie on one side of the point.

    Args:
        values: of the bootstrap draws, shape (draws,).
        point: the value of all clusters.
        jackknife: the value without each cluster in turn, shape (n_clusters,).
        level: the share that the interval is to cover, such as 0.95.

    Source: Efron, J Am Stat Assoc 1987; acceleration and the half counting of draws equal to the point as scipy 1.17 has them.
    """
    defined = values[~np.isnan(values)]
    if np.isnan(point) or 2 * defined.size < max(1, values.size):
        return (float("nan"), float("nan"))
    share = ((defined < point).sum() + (defined <= point).sum()) / (2 * defined.size)
    if not 0 < share < 1:
        return (float("nan"), float("nan"))
    normal = NormalDist()
    bias, spread = normal.inv_cdf(float(share)), np.nanmean(jackknife) - jackknife
    scale = float(np.nansum(spread**2)) ** 1.5
    acceleration = float(np.nansum(spread**3)) / (6 * scale) if scale else 0.0
    shifted = [bias + normal.inv_cdf(tail) for tail in ((1 - level) / 2, (1 + level) / 2)]
    low, high = np.quantile(defined, [normal.cdf(bias + z / (1 - acceleration * z)) for z in shifted])
    return (float(low), float(high))
