"""Cluster bootstrap on stored rows: draws of clusters as weights, and percentile intervals of what is made of them.

Clusters (patients, else studies) are drawn with replacement, not rows: rows of one patient are not independent, and an
interval by row is too narrow. A draw is a vector of counts, one a cluster, that sums to the number of clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

_BLOCK_CELLS: Final = 2_000_000  # of one block of draws: 16 MB as float64


def draw_clusters(n_clusters: int, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Blocks of cluster weights, shapes (b, n_clusters), `draws` rows in all; each row sums to n_clusters.

    The same `n_clusters`, `draws` and `seed` give the same rows whatever is measured, so all models of a task share
    their draws and differences between them can be taken draw by draw.
    """
    rng = np.random.default_rng(seed)
    size = max(1, _BLOCK_CELLS // max(1, n_clusters))
    for start in range(0, draws, size):
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
