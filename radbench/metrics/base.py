"""What a metric is: rows of statistics, one a case, and an aggregate of rows under many weightings at once.

    measure(cases) -> Rows (n, k)            once per case: n-gram counts, tp/fp/fn, ranks, a judge's counts
    aggregate(rows, weights) -> {value: (m,)}   for m weightings: the plain value, subgroups, bootstrap draws

So intervals, paired tests, subgroups and per-case values come from the same rows and nothing is scored twice.
A sum metric writes `row` and `value`; one that needs the order of scores (AUROC) writes `row` and `aggregate`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.sample import Abstained, Answer, Case, Reply, Request, Text, Unparsed

Row: TypeAlias = NDArray[np.float64]
Values: TypeAlias = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Excluded:
    """In place of a row: this metric is not defined for this case, and why (one short reason, counted as it stands)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Objection:
    """What a metric holds against a candidate, for people who read the case: no value is made of it."""

    kind: str  # the type of error, in words
    words: str = ""  # the words it is about, as the metric or its judge gives them; "" where it gives none
    of: Literal["candidate", "reference"] = "candidate"  # whose words; what the candidate omits is the reference's
    place: tuple[int, int] | None = None  # where they stand in that text, in characters; None: not told
    note: str = ""
    n: int = 1  # errors, where a judge only counts them


@dataclass(frozen=True, slots=True)
class Ask:
    """A question a metric puts to an annotator or judge, by its name in the catalogue of models."""

    annotator: str
    request: Request


@dataclass(frozen=True, slots=True)
class Rows:
    """Statistics of n cases, in their order: `array` (n, k), all NaN where excluded; `excluded` (n) reason or None."""

    array: NDArray[np.float64]
    excluded: tuple[str | None, ...]


class Metric(ABC):
    """The contract every metric keeps (tests/metrics/test_every_metric.py holds all of them against it).

    A subclass in `metrics/<name>.py` is the CamelCase of its file's name; its constructor takes keyword options
    only, each of which stands in `signature()` where it changes the number.
    """

    name: ClassVar[str]  # the family: the name in the catalogue
    version: ClassVar[int] = 1  # raised when the same cases give another number
    columns: tuple[str, ...]  # what the k columns of a row hold; class attribute, or set when prepared
    lower_is_better: ClassVar[frozenset[str]] = frozenset()  # names of values, of those that `aggregate` gives
    best: ClassVar[float] = 1.0  # the value of a perfect candidate, for every value not in `lower_is_better`
    when_missing: ClassVar[Literal["worst", "excluded"]] = "worst"  # what a case without a readable answer counts as
    sums: ClassVar[bool] = False  # True: `aggregate` depends on the weighted sums of rows alone
    papers: ClassVar[tuple[str, ...]] = ()  # what it cites: keys of references.bib, or arXiv ids, DOIs and other words
    scope: ClassVar[str] = "any"  # what the metric was made for: "any", "chest X-ray" ...
    annotators: tuple[str, ...] = ()  # whom `asks` may name; a run makes sure of them before it asks anything
    needs_validation: bool = False  # True: `fit` must see the cases of the same model on the task's validation split first

    def fit(self, cases: Iterable[Case]) -> None:  # noqa: B027 - most metrics choose nothing
        """Choose what may be chosen on validation cases alone, never on those that are measured: an operating point."""

    def prepare(self, cases: Iterable[Case]) -> None:  # noqa: B027 - most metrics need no corpus
        """See the whole corpus once (IDF, label vocabulary, retrieval pool); it stays fixed under resampling."""

    def fingerprint(self) -> str:
        """A hash of what `prepare` kept of the corpus and the value depends on; "" where it keeps nothing."""
        return ""

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:  # noqa: ARG002 - most metrics ask nothing
        """The next round of questions to annotators, given all replies so far; empty when there is no more to ask."""
        return ()

    def objections(self, case: Case) -> Sequence[Objection]:  # noqa: ARG002 - most metrics tell no single errors
        """The errors that the metric finds in an annotated case, as far as it tells them one by one."""
        return ()

    def signature(self) -> Mapping[str, str]:
        """The options that change the number, in a fixed order: `{"tok": "13a", "case": "lower"}`."""
        return {}

    @abstractmethod
    def row(self, case: Case) -> Row | Excluded:
        """The statistics of one case that has a readable answer, shape (k,)."""

    def missing(self, case: Case) -> Row | Excluded:
        """The statistics of a case without a readable answer: as for an empty text, or left out."""
        if self.when_missing == "excluded":
            return Excluded("no readable answer")
        return self.row(Case(case.sample, Text(""), case.repeat, case.annotations))

    def measure(self, cases: Sequence[Case]) -> Rows:
        """The rows of some cases, in their order."""
        rows: list[Row | Excluded] = [self.row(c) if is_readable(c.answer) else self.missing(c) for c in cases]
        array = np.full((len(rows), len(self.columns)), np.nan)
        for i, row in enumerate(rows):
            if not isinstance(row, Excluded):
                array[i] = row
        return Rows(array, tuple(r.reason if isinstance(r, Excluded) else None for r in rows))

    @abstractmethod
    def aggregate(self, rows: NDArray[np.float64], weights: NDArray[np.float64]) -> Values:
        """Values, each of shape (m,), of rows (n, k) without excluded ones under weightings (m, n); NaN: undefined."""


class SumMetric(Metric):
    """A metric whose values follow from the weighted sum of its rows."""

    sums: ClassVar[bool] = True

    @abstractmethod
    def value(self, sums: NDArray[np.float64]) -> Values:
        """Values, each of shape (m,), from summed rows (m, k)."""

    def aggregate(self, rows: NDArray[np.float64], weights: NDArray[np.float64]) -> Values:
        return self.value(weights @ rows)


def is_readable(answer: Answer | None) -> bool:
    """True for an answer that says something; an abstention does not, nor does an unparsed or absent reply."""
    return not (answer is None or isinstance(answer, Unparsed | Abstained))


def ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Elementwise quotient; NaN where the denominator is 0: nothing was there to be measured."""
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out
