"""Rows of several systems made fit to stand in one set, as a test does that gives some cases of one system to the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Metric
from radbench.metrics.boxes import Boxes
from radbench.metrics.discrimination import Discrimination
from radbench.statistics.roc import midranks

Floats = NDArray[np.float64]


def mixable(metric: Metric, rows: Sequence[Floats]) -> list[Floats] | None:
    """Each system's rows (n, k), with scores ranked within the system: two systems' scores are not on one scale.

    None where rows are not laid out alike, so that they cannot be mixed.
    """
    if isinstance(metric, Discrimination):
        return [_ranked(each, len(metric.labels)) for each in rows]
    if isinstance(metric, Boxes):
        head = next((i for i, column in enumerate(metric.columns) if column.startswith("score:")), len(metric.columns))
        slots = max((each.shape[1] - head) // 3 for each in rows)
        return [_boxes(each, head, slots) for each in rows]
    return list(rows) if len({each.shape[1] for each in rows}) == 1 else None


def _ranked(rows: Floats, n_scores: int) -> Floats:
    """Rows whose first columns are scores, each on a scale of its own."""
    return np.column_stack([*map(midranks, rows[:, :n_scores].T), rows[:, n_scores:]])


def _boxes(rows: Floats, head: int, slots: int) -> Floats:
    """Rows of boxes with so many places; the scores of all boxes are on one scale. An empty place has the label -1."""
    scores, labels, matched = np.split(rows[:, head:], 3, axis=1)
    more = ((0, 0), (0, slots - scores.shape[1]))
    ranked = midranks(scores.ravel()).reshape(scores.shape)
    filled = [np.pad(ranked, more), np.pad(labels, more, constant_values=-1), np.pad(matched, more)]
    return np.hstack([rows[:, :head], *filled])
