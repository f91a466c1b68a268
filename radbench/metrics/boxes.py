"""Agreement of boxes drawn by a model with those drawn by people: IoU, precision, recall, average precision.

Sources: Everingham et al., IJCV 2010 (average precision as the area under the interpolated curve); Lin et al., ECCV 2014
(COCO: the mean over IoU 0.50, 0.55 ... 0.95; greedy assignment in the order of scores).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Metric, Row, Values, ratio
from radbench.sample import Box, Case
from radbench.sample import Boxes as BoxesAnswer

Floats = NDArray[np.float64]

THRESHOLDS: Final = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


class Boxes(Metric):
    """Every value lies in [0, 1], higher is better.

    Made for detection in everyday photographs; it serves images of any kind.

    Means over cases: `mean_iou`, the best IoU that any predicted box has with a reference box, averaged over the reference
    boxes; `precision@0.5`, `recall@0.5`, `f1@0.5` of boxes paired one to one, highest IoU first, from IoU 0.5 on. A case
    without any box on either side is perfect in these; with boxes on one side alone it scores 0.

    Over all boxes of all cases: `map@0.5` and `map@0.5:0.95`, the area under the precision-recall curve with precision made
    monotone, averaged over the labels of reference boxes, and over IoU thresholds; NaN without reference boxes. (COCO samples
    the curve at 101 recalls, which differs by less than 0.01.) Boxes of equal score enter the curve together, so without
    scores the curve is one point: precision times recall of all boxes. A box without a score among scored ones comes last.

    Only boxes of the same label match; where no reference box seen by `prepare` has a label, all match. Of several references
    the one with the best `f1@0.5`, then `mean_iou`, counts. An unparsed or absent answer scores 0 and has no boxes.
    """

    name = "boxes"
    papers = ("everingham2010voc", "lin2014coco")

    def __init__(self) -> None:
        self.prepare([])

    def prepare(self, cases: Iterable[Case]) -> None:
        """Collect the labels of reference boxes, and the number of boxes that a row must hold."""
        labels: set[str] = set()
        self._n_slots = 0
        for case in cases:
            labels.update(box.label for reference in _references(case) for box in reference)
            self._n_slots = max(self._n_slots, len(_predicted(case)))
        self.labels = tuple(sorted(labels)) or ("",)
        slots = (f"{part}:{i}" for part in ("score", "label", "matched") for i in range(self._n_slots))
        self.columns = ("n", "iou", "precision", "recall", "f1", *(f"true:{label}" for label in self.labels), *slots)

    def fingerprint(self) -> str:
        return hashlib.sha256("\0".join(self.labels).encode()).hexdigest()[:16]

    def row(self, case: Case) -> Row | Excluded:
        """Means of the case; reference boxes per label; of each predicted box its score, its label (-1: none of these, or no
        box) and the thresholds at which it is assigned a reference box, as a sum of powers of two.
        """
        references = _references(case)
        if not references:
            return Excluded("no boxes among the references")
        predicted = sorted(_predicted(case), key=_score, reverse=True)
        overlaps = [self._overlaps(predicted, reference) for reference in references]
        means = [_means(overlap) for overlap in overlaps]
        best = max(range(len(references)), key=lambda i: (means[i][3], means[i][0]))
        row = np.zeros(len(self.columns))
        row[:5] = 1, *means[best]
        true = [box.label for box in references[best]]
        row[5 : 5 + len(self.labels)] = [true.count(label) for label in self.labels]
        slots = row[5 + len(self.labels) :].reshape(3, self._n_slots)
        slots[1] = -1
        slots[0, : len(predicted)] = [_score(box) for box in predicted]
        slots[1, : len(predicted)] = [self._label(box) for box in predicted]
        slots[2, : len(predicted)] = sum(2.0**t * _assigned(overlaps[best], threshold) for t, threshold in enumerate(THRESHOLDS))
        return row

    def missing(self, case: Case) -> Row | Excluded:
        row = self.row(Case(case.sample, BoxesAnswer(()), case.repeat))
        if not isinstance(row, Excluded):
            row[1:5] = 0
        return row

    def _label(self, box: Box) -> int:
        if self.labels == ("",):
            return 0
        return self.labels.index(box.label) if box.label in self.labels else -1

    def _overlaps(self, predicted: Sequence[Box], reference: Sequence[Box]) -> Floats:
        """IoU of each predicted with each reference box, 0 where their labels differ."""
        iou = intersection_over_union(_corners(predicted), _corners(reference))
        same = np.equal.outer([self._label(box) for box in predicted], [self._label(box) for box in reference])
        return np.where(same, iou, 0)

    def aggregate(self, rows: Floats, weights: Floats) -> Values:
        sums = weights @ rows[:, :5]
        names = ("mean_iou", "precision@0.5", "recall@0.5", "f1@0.5")
        values = {name: ratio(sums[:, i + 1], sums[:, 0]) for i, name in enumerate(names)}
        true = weights @ rows[:, 5 : 5 + len(self.labels)]
        scores, labels, assigned = np.split(rows[:, 5 + len(self.labels) :], 3, axis=1)
        areas = np.zeros((len(THRESHOLDS), len(weights)))
        for i in range(len(self.labels)):
            case, slot = np.nonzero(labels == i)
            hits = (assigned[case, slot].astype(np.int64) >> np.arange(len(THRESHOLDS))[:, None]) & 1
            areas += _average_precisions(scores[case, slot], hits, weights[:, case], true[:, i])
        areas = ratio(areas, np.broadcast_to((true > 0).sum(axis=1).astype(np.float64), areas.shape))
        return values | {"map@0.5": areas[0], "map@0.5:0.95": areas.mean(axis=0)}


def intersection_over_union(boxes: Floats, others: Floats) -> Floats:
    """IoU, shape (n, m), of boxes (n, 4) and others (m, 4) as x0, y0, x1, y1; 0 where both are empty."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area, other_area = ((b[:, 2:] - b[:, :2]).prod(axis=1) for b in (boxes, others))
    return np.nan_to_num(ratio(shared, area[:, None] + other_area - shared))


def _references(case: Case) -> list[tuple[Box, ...]]:
    return [reference.boxes for reference in case.sample.references if isinstance(reference, BoxesAnswer)]


def _predicted(case: Case) -> tuple[Box, ...]:
    return case.answer.boxes if isinstance(case.answer, BoxesAnswer) else ()


def _score(box: Box) -> float:
    return -np.inf if box.score is None else box.score


def _corners(boxes: Sequence[Box]) -> Floats:
    return np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes], dtype=np.float64).reshape(-1, 4)


def _means(overlaps: Floats) -> tuple[float, float, float, float]:
    """Mean best IoU, precision, recall and F1 at IoU 0.5 of one case, from IoU (predicted, reference)."""
    n_predicted, n_reference = overlaps.shape
    if n_predicted == 0 or n_reference == 0:
        perfect = float(n_predicted == n_reference)
        return perfect, perfect, perfect, perfect
    pairs = 0
    free = overlaps.copy()
    while free.max() >= THRESHOLDS[0]:
        i, j = np.unravel_index(free.argmax(), free.shape)
        free[i], free[:, j] = -1, -1
        pairs += 1
    return overlaps.max(axis=0).mean(), pairs / n_predicted, pairs / n_reference, 2 * pairs / (n_predicted + n_reference)


def _assigned(overlaps: Floats, threshold: float) -> Floats:
    """1 for each predicted box, surest first, that takes a free reference box of IoU at or above the threshold; else 0."""
    free = overlaps.copy()
    hit = np.zeros(len(overlaps))
    for i in range(len(overlaps) if overlaps.size else 0):
        j = free[i].argmax()
        if free[i, j] >= threshold:
            hit[i] = 1
            free[:, j] = -1
    return hit


def _average_precisions(scores: Floats, hits: NDArray[np.int64], weights: Floats, n_true: Floats) -> Floats:
    """Areas under the interpolated curves, shape (t, m), of boxes (n,) that hit or not at thresholds (t, n).

    The boxes have weightings (m, n), the reference boxes the weights (m,); where these are 0 so is the area.
    """
    areas = np.zeros((len(hits), len(weights)))
    if not len(scores):
        return areas
    order = np.argsort(-scores, kind="stable")
    ranked, weights = scores[order], weights[:, order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))  # the first of each run of equal scores
    n_boxes = np.add.reduceat(weights, starts, axis=1).cumsum(axis=1)
    for t, hit in enumerate(hits[:, order]):
        found = np.add.reduceat(weights * hit, starts, axis=1)
        precision = np.nan_to_num(ratio(found.cumsum(axis=1), n_boxes))
        best_from_here = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        areas[t] = np.nan_to_num(ratio((found * best_from_here).sum(axis=1), n_true))
    return areas
