"""One number of several data sets: the mean of their values, or the value of all their cases; clusters are drawn within each."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.catalog import Catalog
from radbench.errors import ScoringError
from radbench.folder import RunFolder
from radbench.records import ValueRecord
from radbench.scoring.stored import StoredRun
from radbench.scoring.values import Measured
from radbench.statistics.bootstrap import draw_clusters, percentile_interval

Floats = NDArray[np.float64]

_CORPUS: Final = re.compile(r"\|(corpus|judged):[^|]*")  # each data set has its own


def combine(
    parts: Sequence[tuple[RunFolder, ValueRecord]], over: Literal["average", "pooled"], intervals: Mapping[str, object], catalog: Catalog
) -> tuple[float | None, tuple[float, float] | None]:
    """The value of several runs of one model together, and its interval.

    Args:
        parts: a value of one run a data set, all of the same metric.
        intervals: `draws`, `level` and `seed` as a summary has them.

    Raises:
        ScoringError: the metric differs between the runs, or its value depends on the one corpus it saw; or rows are not there.
    """
    draws, seed, level = int(str(intervals["draws"])), int(str(intervals["seed"])), float(str(intervals["level"]))
    point, drawn = drawn_together(parts, over, draws, seed, catalog)
    value = None if np.isnan(point) else float(point)
    low, high = percentile_interval(drawn, level) if draws else (np.nan, np.nan)
    return value, None if np.isnan(low) else (low, high)


def drawn_together(
    parts: Sequence[tuple[RunFolder, ValueRecord]], over: Literal["average", "pooled"], draws: int, seed: int, catalog: Catalog
) -> tuple[float, Floats]:
    """The combined value and its `draws` bootstrap values, shape (draws,); draws of a data set are shared by all models."""
    how = {_CORPUS.sub("", value.signature.partition("|ask:")[0]) for _, value in parts}
    if len(how) > 1:
        raise ScoringError(f"values scored in different ways are not put together: {' or '.join(sorted(how))}")
    runs = [StoredRun.open(folder, catalog) for folder, _ in parts]
    measured = [run.measured(value) for run, (_, value) in zip(runs, parts, strict=True)]
    if over == "pooled" and measured[0].metric.fingerprint():
        raise ScoringError(f"{measured[0].metric.name} depends on the corpus it saw: `over: average` instead of `pooled`")
    name = parts[0][1].id
    sources = [_Source(run, one, draws, seed) for run, one in zip(runs, measured, strict=True)]
    if over == "average":
        points, drawn = [source.values(name) for source in sources], [source.drawn(name) for source in sources]
        return float(np.mean(points)), np.mean(drawn, axis=0)
    metric, rows = measured[0].metric, np.concatenate([source.rows for source in sources])
    whole = np.concatenate([np.full(len(source.rows), source.weight) for source in sources])
    blocks = [metric.aggregate(rows, np.concatenate(weights, axis=1))[name] for weights in zip(*(s.blocks() for s in sources), strict=True)]
    return float(metric.aggregate(rows, whole[None])[name][0]), np.concatenate(blocks) if blocks else np.empty(0)


_BLOCK: Final = 256  # draws at a time: weights of all cases are held


class _Source:
    """The rows of one data set, and weightings of them by draws of its clusters."""

    def __init__(self, run: StoredRun, measured: Measured, draws: int, seed: int) -> None:
        kept = np.array([reason is None for reason in measured.rows.excluded], dtype=bool)
        names, cluster = np.unique(np.array(run.clusters, dtype=np.str_), return_inverse=True)
        self._metric, self.rows, self._cluster = measured.metric, measured.rows.array[kept], cluster[kept]
        self.weight = 1.0 / run.run.settings.repeats
        own_seed = seed + zlib.crc32(run.run.task.encode())  # two data sets with as many clusters must not share their draws
        self._draws = np.concatenate(list(draw_clusters(len(names), draws, own_seed)) or [np.empty((0, len(names)))])

    def blocks(self) -> Sequence[Floats]:
        """Weights of the rows, (b, n) a block."""
        starts = range(0, len(self._draws), _BLOCK)
        return [self._draws[start : start + _BLOCK][:, self._cluster] * self.weight for start in starts]

    def values(self, name: str) -> float:
        return float(self._metric.aggregate(self.rows, np.full((1, len(self.rows)), self.weight))[name][0])

    def drawn(self, name: str) -> Floats:
        found = [self._metric.aggregate(self.rows, block)[name] for block in self.blocks()]
        return np.concatenate(found) if found else np.empty(0)
