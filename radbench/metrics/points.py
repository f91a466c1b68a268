"""Whether a model points at what it was asked for (the pointing game, Zhang et al., IJCV 2018)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.sample import Boxes, Case
from radbench.sample import Points as PointsAnswer


class Points(SumMetric):
    """Both values are means over cases in [0, 1], higher is better.

    Made for any image in which a place is asked for.

    `pointing_accuracy`: the share of the points that lie in any reference box (on its upper ends they do not);
    `box_recall`: the share of the reference boxes that hold a point. Where there is no reference box, no point is right (1)
    and any point wrong (0). No point where there are boxes, and an unparsed or absent answer, scores 0. Of several references
    the one with the best values counts.
    """

    name = "points"
    papers = ("zhang2018excitation",)
    columns = ("n", "points_inside", "boxes_hit")

    def row(self, case: Case) -> Row | Excluded:
        references = [reference for reference in case.sample.references if isinstance(reference, Boxes)]
        if not references:
            return Excluded("no boxes among the references")
        points = case.answer.points if isinstance(case.answer, PointsAnswer) else ()
        return np.array([1.0, *max(_shares(points, reference) for reference in references)])

    def missing(self, case: Case) -> Row | Excluded:
        row = self.row(Case(case.sample, PointsAnswer(()), case.repeat))
        return row if isinstance(row, Excluded) else np.array([1.0, 0.0, 0.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        n, inside, hit = sums.T
        return {"pointing_accuracy": ratio(inside, n), "box_recall": ratio(hit, n)}


def _shares(points: tuple[tuple[float, float], ...], reference: Boxes) -> tuple[float, float]:
    """The share of points inside a box, the share of boxes that hold a point."""
    if not points or not reference.boxes:
        perfect = float(not points and not reference.boxes)
        return perfect, perfect
    inside = [[box.x0 <= x < box.x1 and box.y0 <= y < box.y1 for box in reference.boxes] for x, y in points]
    return sum(map(any, inside)) / len(points), sum(map(any, zip(*inside, strict=True))) / len(reference.boxes)
