"""Whether stated probabilities can be taken at their word: Brier score, expected calibration error, reliability bins.

Sources: Brier, Mon Weather Rev 1950, halved so that two options give the usual binary score; Guo et al., ICML 2017
(expected calibration error of the likeliest option, bins of equal width).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ContentError
from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.sample import Case, Choice

Floats = NDArray[np.float64]


class Calibration(SumMetric):
    """`brier` and `ece` lie in [0, 1], lower is better.

    Made for classifiers that state probabilities, of any kind.

    `brier` is half the squared distance between the probabilities of the options and 1 for the true one, 0 for the others.
    `ece` is the distance between confidence (the probability of the likeliest option) and accuracy (the share of cases in
    which that option is right), over bins of confidence [i / bins, (i + 1) / bins), the last one with its upper end.
    With several references the likeliest of them is the truth.

    An answer without probabilities leaves its case out, and so does one that is unparsed or absent: it states nothing that
    could be well or ill calibrated.

    Args:
        bins: the number of bins of `ece`.
    """

    name = "calibration"
    papers = ("brier1950verification", "guo2017calibration")
    lower_is_better = frozenset({"brier", "ece"})
    when_missing = "excluded"

    def __init__(self, *, bins: int = 15) -> None:
        if bins < 1:
            raise ContentError(f"`bins: {bins}`: at least one bin is needed")
        self.bins = bins
        self.columns = ("n", "brier", *(f"{part}:{i}" for part in ("n", "confidence", "correct") for i in range(bins)))

    def signature(self) -> Mapping[str, str]:
        return {"bins": str(self.bins)}

    def row(self, case: Case) -> Row | Excluded:
        right = [r.label for r in case.sample.references if isinstance(r, Choice)]
        if not right:
            return Excluded("no choice among the references")
        scores = case.answer.scores if isinstance(case.answer, Choice) else None
        if not scores:
            return Excluded("no scores")
        likeliest = max(scores, key=scores.__getitem__)
        confidence = scores[likeliest]
        p_true = max(scores.get(label, 0.0) for label in right)
        row = np.zeros(len(self.columns))
        squares = sum(p * p for p in scores.values())
        row[:2] = 1, (squares - p_true**2 + (1 - p_true) ** 2) / 2
        i = min(int(confidence * self.bins), self.bins - 1)
        row[2:].reshape(3, self.bins)[:, i] = 1, confidence, likeliest in right
        return row

    def value(self, sums: Floats) -> Values:
        _, confidence, correct = sums[:, 2:].reshape(len(sums), 3, self.bins).transpose(1, 0, 2)
        return {"brier": ratio(sums[:, 1], sums[:, 0]), "ece": ratio(np.abs(confidence - correct).sum(axis=1), sums[:, 0])}


def reliability(sums: Floats) -> Floats:
    """The reliability diagram of summed rows (k,): per bin its share of the cases, mean confidence and accuracy.

    Returns:
        Shape (bins, 3); confidence and accuracy of an empty bin are NaN.
    """
    n, confidence, correct = sums[2:].reshape(3, -1)
    return np.stack([ratio(n, sums[:1]), ratio(confidence, n), ratio(correct, n)], axis=1)
