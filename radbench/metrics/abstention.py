"""Whether a model that may decline to answer declines in the right places.

Source: El-Yaniv and Wiener, JMLR 2010 (coverage and selective risk).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.classification import label_of
from radbench.sample import Abstained, Answer, Case, Choice, LabelSet, Reference, Text, Unparsed

Floats = NDArray[np.float64]


class Abstention(SumMetric):
    """Every value is a share in [0, 1]; `selective_risk` and `unreadable` are better lower, the others higher.

    Made for questions that may have no answer, of any kind.

    `coverage`: cases that were answered; `unreadable`: cases whose reply was unparsed or absent; the rest abstained.
    `selective_risk`: wrong ones among the answered; an answer to a question that has none is wrong.
    `abstention_recall`: abstentions among the questions without an answer (an `Abstained` among their references);
    `abstention_precision`: such questions among the abstentions. A share of nothing is NaN.

    Labels and texts are right when equal to a reference as they stand, label sets when they hold the same labels; a case
    whose references are none of these is left out.
    """

    name = "abstention"
    papers = ("elyaniv2010selective",)
    columns = ("n", "answered", "wrong", "abstained", "unanswerable", "abstained_rightly")
    lower_is_better = frozenset({"selective_risk", "unreadable"})

    def row(self, case: Case) -> Row | Excluded:
        references = case.sample.references
        if not all(isinstance(r, Text | Choice | LabelSet | Abstained) for r in references) or not references:
            return Excluded("no label or text among the references")
        abstained = isinstance(case.answer, Abstained)
        answered = not (abstained or case.answer is None or isinstance(case.answer, Unparsed))
        unanswerable = any(isinstance(r, Abstained) for r in references)
        wrong = answered and not _is_right(case.answer, references)
        return np.array([1, answered, wrong, abstained, unanswerable, abstained and unanswerable], dtype=np.float64)

    def missing(self, case: Case) -> Row | Excluded:
        return self.row(case)

    def value(self, sums: Floats) -> Values:
        n, answered, wrong, abstained, unanswerable, abstained_rightly = sums.T
        return {
            "coverage": ratio(answered, n),
            "unreadable": ratio(n - answered - abstained, n),
            "selective_risk": ratio(wrong, answered),
            "abstention_recall": ratio(abstained_rightly, unanswerable),
            "abstention_precision": ratio(abstained_rightly, abstained),
        }


def _is_right(answer: Answer | None, references: Sequence[Reference]) -> bool:
    if isinstance(answer, LabelSet):
        said = set(answer.labels)
        return any(isinstance(r, LabelSet) and set(r.labels) == said for r in references)
    label = label_of(answer)
    return label is not None and any(label_of(r) == label for r in references)
