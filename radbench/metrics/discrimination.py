"""How well the probabilities of a label set its cases apart from the others: AUROC and average precision.

Sources: Fawcett, Pattern Recognit Lett 2006 (ROC, ties as diagonals); scikit-learn 1.9, `roc_auc_score` and
`average_precision_score` with sample weights, whose values these are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Metric, Row, Values, ratio
from radbench.sample import Case, Choice, LabelSet

Floats = NDArray[np.float64]

_WEIGHTINGS_AT_ONCE = 64  # with 10,000 cases a block of 5 MB, which stays near the processor


class Discrimination(Metric):
    """Every value lies in [0, 1], higher is better; `auroc` is 0.5 by chance, `auprc` then the share of positive cases.

    Made for any task with a probability for each label.

    Each label is set against all others. With `positive` the values are `auroc` and `auprc`; without it they are
    `auroc:<label>` and `auprc:<label>` for the labels of the references and options seen by `prepare`, and
    `auroc_macro` and `auprc_macro`, the means over labels that have both kinds of cases under the weighting.
    Where all cases are of one kind a value is NaN.

    A case is positive where any of its references holds the label. An answer without a probability for each of the labels
    leaves the case out; an unparsed or absent answer counts as the worst: below all others for a positive case, above all
    for a negative one. Where no answer at all has probabilities, there is no order to be worst in, and every case is left out.

    Args:
        positive: the label to be detected; None takes all labels.
    """

    name = "discrimination"
    papers = ("fawcett2006roc", "pedregosa2011sklearn")

    def __init__(self, *, positive: str | None = None) -> None:
        self.positive = positive
        self.labels: tuple[str, ...] = (positive,) if positive is not None else ()
        self._is_scored = True
        self._lay_out()

    def prepare(self, cases: Iterable[Case]) -> None:
        """Collect the labels of references and options, unless one is named; see whether any answer has probabilities."""
        labels: set[str] = set()
        self._is_scored = False
        for case in cases:
            labels.update(case.sample.options, _true_labels(case))
            self._is_scored = self._is_scored or (isinstance(case.answer, Choice | LabelSet) and bool(case.answer.scores))
        if self.positive is None:
            self.labels = tuple(sorted(labels))
            self._lay_out()

    def _lay_out(self) -> None:
        self.columns = (*(f"score:{label}" for label in self.labels), *(f"true:{label}" for label in self.labels))

    def fingerprint(self) -> str:
        return hashlib.sha256("\0".join(self.labels).encode()).hexdigest()[:16]

    def signature(self) -> Mapping[str, str]:
        return {"positive": self.positive} if self.positive is not None else {}

    def row(self, case: Case) -> Row | Excluded:
        if not self._is_scored:
            return Excluded("no probabilities in any answer")
        if not any(isinstance(r, Choice | LabelSet) for r in case.sample.references):
            return Excluded("no label among the references")
        scores = case.answer.scores if isinstance(case.answer, Choice | LabelSet) else {}
        if any(label not in scores for label in self.labels):
            return Excluded("no scores")
        true = set(_true_labels(case))
        return np.array([*(scores[label] for label in self.labels), *(label in true for label in self.labels)], dtype=np.float64)

    def missing(self, case: Case) -> Row | Excluded:
        true = set(_true_labels(case))
        worst = {label: -np.inf if label in true else np.inf for label in self.labels}
        return self.row(Case(case.sample, LabelSet((), worst), case.repeat))

    def aggregate(self, rows: Floats, weights: Floats) -> Values:
        n_labels = len(self.labels)
        areas = np.full((2, n_labels, len(weights)), np.nan)
        for i in range(n_labels):
            areas[:, i] = _areas(rows[:, i], rows[:, n_labels + i] > 0, weights)
        if self.positive is not None:
            return {"auroc": areas[0, 0], "auprc": areas[1, 0]}
        defined = ~np.isnan(areas)
        macro = ratio(np.where(defined, areas, 0).sum(axis=1), defined.sum(axis=1).astype(np.float64))
        values = {"auroc_macro": macro[0], "auprc_macro": macro[1]}
        for i, label in enumerate(self.labels):
            values |= {f"auroc:{label}": areas[0, i], f"auprc:{label}": areas[1, i]}
        return values


def _true_labels(case: Case) -> Iterator[str]:
    for reference in case.sample.references:
        match reference:
            case Choice(label=label):
                yield label
            case LabelSet(labels=labels):
                yield from labels


def _areas(scores: Floats, positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """AUROC and average precision, shape (2, m), of scores and truths (n,) under weightings (m, n); NaN: one kind only."""
    areas = np.full((2, len(weights)), np.nan)
    if not len(scores):
        return areas
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    thresholds = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))  # the first of each run of equal scores
    is_positive = positive[order].astype(np.float64)
    for start in range(0, len(weights), _WEIGHTINGS_AT_ONCE):
        block = slice(start, start + _WEIGHTINGS_AT_ONCE)
        weight = weights[block][:, order]
        here = np.add.reduceat(weight * is_positive, thresholds, axis=1)  # positive weight at each threshold
        others = np.add.reduceat(weight * (1 - is_positive), thresholds, axis=1)
        above, above_others = here.cumsum(axis=1), others.cumsum(axis=1)  # at or above it
        n_positive, n_others = above[:, -1], above_others[:, -1]
        areas[0, block] = ratio(((above - here / 2) * others).sum(axis=1), n_positive * n_others)
        precision = np.nan_to_num(ratio(above, above + above_others))
        areas[1, block] = ratio((precision * here).sum(axis=1), np.where(n_others > 0, n_positive, 0))
    return areas
