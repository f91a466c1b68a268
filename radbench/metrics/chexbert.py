"""Clinical efficacy by labels: F1 of the 14 CheXpert observations that two reports state, as CheXbert or any labeller reads them.

Source: Smit et al., CheXbert, arXiv 2004.09167 (labels and classes); the averages are those of scikit-learn's
`classification_report` with zero_division=0, as the packages f1chexbert and RadEval print them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.findings import FIVE, LABELS
from radbench.metrics._annotated import ask_each, numbers, replies_to_each
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.sample import Case, Reply

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_POSITIVE: Final = 1  # of the classes 0 blank, 1 positive, 2 negative, 3 uncertain
_UNCERTAIN: Final = 3
_SETS: Final = {"14": np.arange(len(LABELS)), "5": np.array([LABELS.index(label) for label in FIVE])}


class Chexbert(SumMetric):
    """F1 over the labels of two reports, in [0, 1], higher is better; `support:<label>`, the weight of reports with it, is no score.

    Made for reports of chest X-rays (MIMIC-CXR, CheXpert): the labels are those of adult chest films.

    Of all 14 labels (No Finding among them) and of the five: `f1_14_micro`, `f1_14_macro`, `f1_14_weighted`, `f1_14_samples` (mean of each
    report's F1), `precision_14_micro`, `recall_14_micro`, `exact_14` (share of reports with all labels equal), and the like with
    `5`; `exact_5` is f1chexbert's accuracy. F1 is 0 where nothing is stated, so a label without support counts 0 in
    `macro`; `f1_14_macro_supported` averages over the labels with support. Labels are matched by name.

    An empty candidate has all labels blank and is not put to the labeller. With several references, the one whose labels
    agree best counts.

    Args:
        annotator: the labeller: `chexbert`, `rules-14`, or a card of family `label-file`.
        uncertain: `positive` counts uncertain as present (f1chexbert, RadEval), `negative` as absent (LLaVA-Rad's F1-14),
            `drop` leaves a label out of a report where either side is uncertain of it.
    """

    name: ClassVar[str] = "chexbert"
    papers = ("smit2020chexbert",)
    scope: ClassVar[str] = "chest X-ray reports"
    columns: tuple[str, ...] = (
        *("reports", "f1_14", "f1_5", "exact_14", "exact_5"),
        *(f"{part}:{label}" for part in ("hit", "extra", "missed") for label in LABELS),
    )

    def __init__(self, *, annotator: str = "chexbert", uncertain: Literal["positive", "negative", "drop"] = "positive") -> None:
        self.annotator, self.annotators = annotator, (annotator,)
        self.uncertain = uncertain

    def signature(self) -> dict[str, str]:
        return {"uncertain": self.uncertain, "refs": "max"}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return [] if replies else ask_each(self.annotator, case)

    def row(self, case: Case) -> Row | Excluded:
        found = replies_to_each(case)
        if isinstance(found, Excluded):
            return found
        said = self._classes(found[0]) if found[0] else np.zeros(len(LABELS))
        rows = [self._compare(said, self._classes(reference)) for reference in found[1]]
        return max(rows, key=lambda row: (row[1], row[3]))

    def value(self, sums: Floats) -> Values:
        n = sums[:, 0]
        hit, extra, missed = sums[:, 5:].reshape(len(sums), 3, len(LABELS)).transpose(1, 0, 2)
        support = hit + missed
        f1 = _or_zero(ratio(2 * hit, 2 * hit + extra + missed), n[:, None])
        values: Values = {}
        for i, (name, labels) in enumerate(_SETS.items()):
            own_hit, own_support, own_f1 = hit[:, labels], support[:, labels], f1[:, labels]
            n_hit, n_said, n_wanted = own_hit.sum(axis=1), (own_hit + extra[:, labels]).sum(axis=1), own_support.sum(axis=1)
            values[f"f1_{name}_micro"] = _or_zero(ratio(2 * n_hit, n_said + n_wanted), n)
            values[f"f1_{name}_macro"] = own_f1.mean(axis=1)
            values[f"f1_{name}_macro_supported"] = ratio(np.where(own_support > 0, own_f1, 0).sum(axis=1), (own_support > 0).sum(axis=1))
            values[f"f1_{name}_weighted"] = _or_zero(ratio((own_f1 * own_support).sum(axis=1), n_wanted), n)
            values[f"f1_{name}_samples"] = ratio(sums[:, 1 + i], n)
            values[f"precision_{name}_micro"] = _or_zero(ratio(n_hit, n_said), n)
            values[f"recall_{name}_micro"] = _or_zero(ratio(n_hit, n_wanted), n)
            values[f"exact_{name}"] = ratio(sums[:, 3 + i], n)
        for i, label in enumerate(LABELS):
            values[f"f1:{label}"] = f1[:, i]
            values[f"support:{label}"] = np.where(n > 0, support[:, i], np.nan)
        return values

    def _classes(self, reply: Reply) -> Floats:
        return np.array(numbers(reply, LABELS, self.name))

    def _compare(self, said: Floats, wanted: Floats) -> Row:
        """The row of a candidate's and a reference's classes, each (14,)."""
        is_said, is_wanted = self._present(said), self._present(wanted)
        if self.uncertain == "drop":
            kept = (said != _UNCERTAIN) & (wanted != _UNCERTAIN)
            is_said, is_wanted = is_said & kept, is_wanted & kept
        hit, extra, missed = is_said & is_wanted, is_said & ~is_wanted, is_wanted & ~is_said
        row = np.empty(len(self.columns))
        row[0] = 1
        row[5:] = np.concatenate([hit, extra, missed])
        for i, labels in enumerate(_SETS.values()):
            n_hit, n_wrong = hit[labels].sum(), (extra | missed)[labels].sum()
            row[1 + i] = 2 * n_hit / (2 * n_hit + n_wrong) if n_hit else 0.0
            row[3 + i] = n_wrong == 0
        return row

    def _present(self, classes: Floats) -> Bools:
        present: Bools = classes == _POSITIVE
        return present | (classes == _UNCERTAIN) if self.uncertain == "positive" else present


def _or_zero(values: Floats, n: Floats) -> Floats:
    """0 in place of NaN wherever there are reports at all."""
    return np.where(n > 0, np.nan_to_num(values), np.nan)
