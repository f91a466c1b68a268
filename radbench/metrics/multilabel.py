"""Agreement of sets of labels: F1 in the averages of scikit-learn, exact match, F1 and support of each label.

Source: scikit-learn 1.9, `classification_report` of label indicators with zero_division=0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.sample import Case, LabelSet

Floats = NDArray[np.float64]


class Multilabel(SumMetric):
    """Every value lies in [0, 1] and higher is better; `support:<label>`, the weight of cases with that label, is no score.

    Made for any task with a set of labels a case.

    The labels are those of the references and options seen by `prepare`; any other label that an answer holds is a false
    positive of `f1_micro`, `f1_samples` and `exact_match`. With several references the one of the best F1 counts. An answer
    that is unparsed or absent holds no label, matches no reference exactly and scores 0 in `f1_samples`.

    F1 is 0 where nothing is true or predicted. So a label without support counts 0 in `f1_macro`; `f1_macro_supported`
    averages over labels with support, and two empty sets match exactly but count 0 in `f1_samples`.
    """

    name = "multilabel"
    papers = ("pedregosa2011sklearn",)

    def __init__(self) -> None:
        self.labels: tuple[str, ...] = ()
        self._lay_out()

    def prepare(self, cases: Iterable[Case]) -> None:
        """Collect the labels of references and options."""
        found: set[str] = set()
        for case in cases:
            found.update(case.sample.options, *(r.labels for r in case.sample.references if isinstance(r, LabelSet)))
        self.labels = tuple(sorted(found))
        self._lay_out()

    def _lay_out(self) -> None:
        self._index = {label: i for i, label in enumerate(self.labels)}
        counts = (f"{part}:{label}" for part in ("hit", "true", "predicted") for label in self.labels)
        self.columns = ("n", "exact", "f1", "n_predicted", *counts)

    def fingerprint(self) -> str:
        return hashlib.sha256("\0".join(self.labels).encode()).hexdigest()[:16]

    def row(self, case: Case) -> Row | Excluded:
        references = [frozenset(r.labels) for r in case.sample.references if isinstance(r, LabelSet)]
        if not references:
            return Excluded("no label set among the references")
        said = frozenset(case.answer.labels) if isinstance(case.answer, LabelSet) else None
        answer = said or frozenset()
        reference = max(references, key=lambda r: (r == answer, _f1(answer, r)))
        row = np.zeros(len(self.columns))
        row[:4] = 1, said == reference, _f1(answer, reference), len(answer)
        parts = row[4:].reshape(3, -1)
        for part, labels in zip(parts, (answer & reference, reference, answer), strict=True):
            part[[self._index[label] for label in labels if label in self._index]] = 1
        return row

    def missing(self, case: Case) -> Row | Excluded:
        return self.row(Case(case.sample, None, case.repeat))

    def value(self, sums: Floats) -> Values:
        n, exact, f1_samples, n_predicted = sums[:, :4].T
        hit, true, predicted = sums[:, 4:].reshape(len(sums), 3, len(self.labels)).transpose(1, 0, 2)
        n_hit, n_true = hit.sum(axis=1), true.sum(axis=1)
        f1 = np.nan_to_num(ratio(2 * hit, true + predicted))
        n_labels = np.where(n > 0, len(self.labels), 0)
        values = {
            "f1_micro": _or_zero(ratio(2 * n_hit, n_true + n_predicted), n),
            "f1_macro": ratio(f1.sum(axis=1), n_labels),
            "f1_macro_supported": ratio((f1 * (true > 0)).sum(axis=1), (true > 0).sum(axis=1)),
            "f1_weighted": _or_zero(ratio((f1 * true).sum(axis=1), n_true), n),
            "f1_samples": ratio(f1_samples, n),
            "precision_micro": _or_zero(ratio(n_hit, n_predicted), n),
            "recall_micro": _or_zero(ratio(n_hit, n_true), n),
            "exact_match": ratio(exact, n),
        }
        for i, label in enumerate(self.labels):
            values[f"f1:{label}"] = np.where(n > 0, f1[:, i], np.nan)
            values[f"support:{label}"] = np.where(n > 0, true[:, i], np.nan)
        return values


def _f1(answer: frozenset[str], reference: frozenset[str]) -> float:
    """F1 of two sets, 0 where both are empty."""
    total = len(answer) + len(reference)
    return 2 * len(answer & reference) / total if total else 0.0


def _or_zero(values: Floats, n: Floats) -> Floats:
    """0 in place of NaN wherever there are cases at all."""
    return np.where(n > 0, np.nan_to_num(values), np.nan)
