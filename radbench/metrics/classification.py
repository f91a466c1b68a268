"""Agreement of one label a case with the reference label: accuracy, F1, MCC, kappa, sensitivity, specificity.

Sources: scikit-learn 1.9 user guide, "Classification metrics" (averages of F1 with zero_division=0, balanced accuracy);
Gorodkin, Comput Biol Chem 2004 (MCC of several classes); Cohen, Psychol Bull 1968 (weighted kappa);
Youden, Cancer 1950 (operating point).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ContentError, ScoringError
from radbench.metrics.base import Excluded, Row, Rows, SumMetric, Values, is_readable, ratio
from radbench.sample import Answer, Case, Choice, Text

Floats = NDArray[np.float64]

# A row holds three columns a label; beyond this many labels (open answers) a row holds the agreement alone.
MOST_LABELS: Final = 200
_RULE: Final = re.compile(r"(sensitivity|specificity)>=(0?\.\d+|1(?:\.0*)?)")


class Classification(SumMetric):
    """Every value lies in [0, 1] and higher is better, but for `mcc` and `quadratic_kappa` in [-1, 1] and
    `mean_absolute_error` in [0, grades - 1], lower is better.

    Made for any task with one label a case.

    The labels are those of the references and options seen by `prepare`. An answer that is none of them, is unparsed or
    absent stands in a predicted class of its own that no reference holds: always wrong, no label's false positive. With
    several references any match is right, and where none matches the first is the truth. A case whose references hold no
    label is left out.

    As in scikit-learn, F1 is 0 where nothing is true or predicted positive, `f1_macro` averages over labels that are
    referenced or predicted, `balanced_accuracy` over labels that are referenced, and `mcc` is 0 where either side is
    constant. A ratio without a denominator is NaN. With more than `MOST_LABELS` labels only `accuracy` is given.

    Args:
        positive: the label that `f1`, `sensitivity`, `specificity`, `ppv` and `npv` are about, against all others.
        threshold: the positive label is predicted where its probability reaches this; else the likeliest other label.
            None takes the label of the answer. A case without probabilities is then left out. A rule (`youden`,
            `sensitivity>=0.9`, `specificity>=0.9`) has the threshold found on the validation split (`operating_point`), and
            gives it as the value `threshold`.
        ordinal: the options are grades in rising order, the same for all cases: adds `quadratic_kappa` and
            `mean_absolute_error` in grades; an answer that is no grade counts as the grade farthest from the truth.
    """

    name = "classification"
    papers = ("pedregosa2011sklearn", "gorodkin2004comparing", "cohen1968weighted")
    lower_is_better = frozenset({"mean_absolute_error"})

    def __init__(self, *, positive: str | None = None, threshold: float | str | None = None, ordinal: bool = False) -> None:
        if threshold is not None and positive is None:
            raise ContentError(f"`threshold: {threshold}` is about no label: name it by `positive`")
        self.positive = positive
        self.rule = _checked(threshold) if isinstance(threshold, str) else None
        self.threshold = None if isinstance(threshold, str) else threshold
        self.needs_validation = self.rule is not None
        self.ordinal = ordinal
        self.labels: tuple[str, ...] = ()
        self._index: dict[str, int] = {}
        self._lay_out()

    def fit(self, cases: Iterable[Case]) -> None:
        """Find the threshold by the rule; validation cases without a label or a probability are passed over.

        Raises:
            ScoringError: no answer has a probability of the positive label, or all cases are positive, or none is.
        """
        positive = self.positive or ""
        pairs = [(label_of(case.sample.references[0]), case.answer) for case in cases if case.sample.references]
        scored = [(label == positive, a.scores[positive]) for label, a in pairs if isinstance(a, Choice) and positive in a.scores]
        if not scored:
            wanted = f"`threshold: {self.rule}` needs probabilities, and no validation answer has one of `{positive}`"
            raise ScoringError(f"{wanted}: ask with `--answer ranked`")
        labels, scores = np.array([p for p, _ in scored], dtype=np.bool_), np.array([s for _, s in scored], dtype=np.float64)
        self.threshold = operating_point(labels, scores, self.rule or "")

    def prepare(self, cases: Iterable[Case]) -> None:
        """Collect the labels of references and options.

        Raises:
            ScoringError: `ordinal`, and the cases have no options or different ones; there are options
                and `positive` is none of them nor of the references.
        """
        options: set[tuple[str, ...]] = set()
        found: set[str] = set()
        for case in cases:
            options.add(case.sample.options)
            found.update(filter(None, map(label_of, case.sample.references)))
        if self.ordinal:
            if len(options) != 1 or not found.issubset(*options):
                raise ScoringError("`ordinal` needs the same options, the grades in rising order, in all cases")
            (self.labels,) = options
        else:
            self.labels = tuple(sorted(found.union(*options)))
        if self.positive is not None and self.positive not in self.labels:
            if any(options):
                raise ScoringError(f"`positive: {self.positive}` is none of the labels: {', '.join(self.labels[:10])}")
            self.labels = tuple(sorted({self.positive, *self.labels}))  # open answers, none of which happens to be positive
        self._lay_out()

    def _lay_out(self) -> None:
        self._index = {label: i for i, label in enumerate(self.labels)}
        columns = ["n", "correct"]
        if len(self.labels) <= MOST_LABELS:
            columns += [f"{part}:{label}" for part in ("hit", "true", "predicted") for label in self.labels]
            columns += ["true_negative"] if self.positive is not None else []
        if self.ordinal:
            columns += ["true_grade", "true_grade^2", "grade", "grade^2", "distance", "distance^2"]
        self.columns = tuple(columns)

    def fingerprint(self) -> str:
        return hashlib.sha256("\0".join(self.labels).encode()).hexdigest()[:16]

    def signature(self) -> Mapping[str, str]:
        stated = {
            "positive": self.positive,
            "threshold": f"{self.rule} on validation" if self.rule else self.threshold,
            "ordinal": "yes" if self.ordinal else None,
        }
        return {name: str(value) for name, value in stated.items() if value is not None}

    def row(self, case: Case) -> Row | Excluded:
        rows = self.measure([case])
        (reason,) = rows.excluded
        return rows.array[0] if reason is None else Excluded(reason)

    def missing(self, case: Case) -> Row | Excluded:
        return self.row(Case(case.sample, None, case.repeat))

    def measure(self, cases: Sequence[Case]) -> Rows:
        truth = np.zeros(len(cases), dtype=np.intp)
        predicted = np.zeros(len(cases), dtype=np.intp)
        excluded: list[str | None] = [None] * len(cases)
        for i, case in enumerate(cases):
            pair = self._pair(case)
            if isinstance(pair, str):
                excluded[i] = pair
            else:
                truth[i], predicted[i] = pair
        kept = np.array([reason is None for reason in excluded], dtype=bool)
        array = np.full((len(cases), len(self.columns)), np.nan)
        array[kept] = self._encode(truth[kept], predicted[kept])
        return Rows(array, tuple(excluded))

    def _pair(self, case: Case) -> tuple[int, int] | str:
        """Indices of the true and the predicted label, the latter `len(labels)` for none of them; or why neither."""
        right = [label for label in map(label_of, case.sample.references) if label is not None]
        if not right:
            return "no label among the references"
        said = label_of(case.answer)
        if self.threshold is not None and is_readable(case.answer):
            if not isinstance(case.answer, Choice) or self.positive not in case.answer.scores:
                return f"no probability of `{self.positive}`"
            said = self._at_threshold(case.answer.scores)
        neither = len(self.labels)
        truth = self._index.get(said if said in right else right[0])
        if truth is None:
            raise ScoringError(f"`prepare` saw no case with the reference `{right[0]}`: it needs all cases before any is measured")
        return truth, neither if said is None else self._index.get(said, neither)

    def _at_threshold(self, scores: Mapping[str, float]) -> str | None:
        if self.positive is not None and self.threshold is not None and scores[self.positive] >= self.threshold:
            return self.positive
        others = {label: score for label, score in scores.items() if label != self.positive}
        return max(others, key=others.__getitem__) if others else None

    def _encode(self, truth: NDArray[np.intp], predicted: NDArray[np.intp]) -> Floats:
        n, n_labels = len(truth), len(self.labels)
        case = np.arange(n)
        array = np.zeros((n, len(self.columns)))
        array[:, 0] = 1
        array[:, 1] = truth == predicted
        answered = predicted < n_labels
        if n_labels <= MOST_LABELS:
            array[case, 2 + truth] = array[:, 1]
            array[case, 2 + n_labels + truth] = 1
            array[case[answered], 2 + 2 * n_labels + predicted[answered]] = 1
            if self.positive is not None:
                positive = self._index[self.positive]
                array[:, 2 + 3 * n_labels] = answered & (truth != positive) & (predicted != positive)
        if self.ordinal:
            farthest = np.where(2 * truth < n_labels - 1, n_labels - 1, 0)
            grade = np.where(answered, predicted, farthest)
            distance = np.abs(truth - grade)
            array[:, -6:] = np.stack([truth, truth**2, grade, grade**2, distance, distance**2], axis=1)
        return array

    def value(self, sums: Floats) -> Values:
        n = sums[:, 0]
        values = {"accuracy": ratio(sums[:, 1], n)}
        n_labels = len(self.labels)
        if n_labels <= MOST_LABELS:
            hit, true, predicted = sums[:, 2 : 2 + 3 * n_labels].reshape(len(sums), 3, n_labels).transpose(1, 0, 2)
            values |= _averages(n, sums[:, 1], hit, true, predicted)
            if self.positive is not None:
                values |= _rates(self._index[self.positive], hit, true, predicted, sums[:, 2 + 3 * n_labels])
        if self.rule is not None and self.threshold is not None:
            values["threshold"] = np.where(n > 0, self.threshold, np.nan)
        if self.ordinal:
            true_grade, true_square, grade, square, distance, distance_square = sums[:, -6:].T
            by_chance = n * true_square + n * square - 2 * true_grade * grade
            values["quadratic_kappa"] = 1 - ratio(n * distance_square, by_chance)
            values["mean_absolute_error"] = ratio(distance, n)
        return values


def label_of(answer: Answer | None) -> str | None:
    """The label of a choice, or a text taken as a label as it stands; None for any other answer and for none."""
    if isinstance(answer, Choice):
        return answer.label
    return answer.text if isinstance(answer, Text) else None


def _checked(rule: str) -> str:
    if rule != "youden" and not _RULE.fullmatch(rule):
        raise ContentError(f"no rule `{rule}` for an operating point: a number, `youden`, `sensitivity>=0.9` or `specificity>=0.9`")
    return rule


def operating_point(labels: NDArray[np.bool_], scores: Floats, rule: str) -> float:
    """The threshold, to be found on validation cases, from which on a score is called positive.

    Args:
        labels: shape (n,), True for a positive case; both kinds must occur.
        scores: shape (n,), higher for positive.
        rule: `youden` (largest sensitivity + specificity), or `sensitivity>=0.9` (the most specific threshold that is so
            sensitive), or `specificity>=0.9` (the most sensitive one that is so specific), with any share in place of 0.9.
            Of equally good thresholds the highest is taken.

    Returns:
        One of the scores, or the next number above the highest one where only calling nothing positive meets the rule.

    Raises:
        ContentError: the rule is none of these.
        ScoringError: all labels are the same.
    """
    if not labels.any() or labels.all():
        raise ScoringError("an operating point needs positive and negative cases; the validation labels are all the same")
    thresholds = np.append(np.unique(scores), np.nextafter(scores.max(), np.inf))[::-1]
    positives, negatives = np.sort(scores[labels]), np.sort(scores[~labels])
    sensitivity = 1 - np.searchsorted(positives, thresholds) / len(positives)
    specificity = np.searchsorted(negatives, thresholds) / len(negatives)
    match = _RULE.fullmatch(_checked(rule))
    if match is None:
        return float(thresholds[np.argmax(sensitivity + specificity)])
    share = float(match[2])
    if match[1] == "sensitivity":
        return float(thresholds[np.argmax(sensitivity >= share)])
    allowed = np.where(specificity >= share, sensitivity, -1)
    return float(thresholds[np.argmax(allowed)])


def _averages(n: Floats, correct: Floats, hit: Floats, true: Floats, predicted: Floats) -> Values:
    """Values over all labels from sums: `n`, `correct` of shape (m,), per label `hit`, `true`, `predicted` of (m, labels)."""
    f1 = np.nan_to_num(ratio(2 * hit, true + predicted))
    supported = true > 0
    share_true, share_predicted = ratio(true, n[:, None]), ratio(predicted, n[:, None])
    share_unanswered = 1 - share_predicted.sum(axis=1)
    covariance = ratio(correct, n) - (share_true * share_predicted).sum(axis=1)
    spread = (1 - (share_true**2).sum(axis=1)) * (1 - (share_predicted**2).sum(axis=1) - share_unanswered**2)
    varied = spread > 1e-12  # below is rounding: one side is constant
    mcc = np.divide(covariance, np.sqrt(spread, where=varied, out=np.ones_like(spread)), where=varied, out=np.zeros_like(spread))
    return {
        "balanced_accuracy": ratio(np.nan_to_num(ratio(hit, true)).sum(axis=1), supported.sum(axis=1)),
        "f1_macro": ratio(f1.sum(axis=1), (true + predicted > 0).sum(axis=1)),
        "f1_micro": ratio(2 * hit.sum(axis=1), (true + predicted).sum(axis=1)),
        "f1_weighted": ratio((f1 * true).sum(axis=1), n),
        "mcc": np.where(n > 0, mcc, np.nan),
    }


def _rates(k: int, hit: Floats, true: Floats, predicted: Floats, true_negative: Floats) -> Values:
    """Values about label `k` against the rest, from the same sums and `true_negative` of shape (m,)."""
    n, answered = true.sum(axis=1), predicted.sum(axis=1)
    hit, true, predicted = hit[:, k], true[:, k], predicted[:, k]
    return {
        "f1": np.where(n > 0, np.nan_to_num(ratio(2 * hit, true + predicted)), np.nan),
        "sensitivity": ratio(hit, true),
        "specificity": ratio(true_negative, n - true),
        "ppv": ratio(hit, predicted),
        "npv": ratio(true_negative, answered - predicted),
    }
