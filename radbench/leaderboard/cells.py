"""Cells and lines of a board: numbers with their provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from radbench.folder import RunFolder
from radbench.leaderboard.exposure import Exposure
from radbench.leaderboard.published import PublishedRow
from radbench.records import RunRecord, Summary, ValueRecord

LineKind: TypeAlias = Literal["model", "baseline", "control", "reported"]

KINDS: Final[tuple[LineKind, ...]] = ("model", "baseline", "control", "reported")  # in the order they are shown


@dataclass(frozen=True, slots=True)
class Asked:
    """One run."""

    run: RunRecord
    summary: Summary
    folder: RunFolder

    @property
    def is_partial(self) -> bool:
        """True where replies are missing: the run was not finished, or some requests failed."""
        return bool(self.summary.counts.n_failed) or self.run.status != "complete"

    @property
    def is_imported(self) -> bool:
        """True for predictions made elsewhere and read from a file: of how they were made and what it took the run tells nothing."""
        return bool(self.run.model_card["family"] == "replay")


@dataclass(frozen=True, slots=True)
class Part(Asked):
    """One value of one run."""

    value: ValueRecord


@dataclass(frozen=True, slots=True)
class Outlay:
    """One cost of some runs."""

    value: float | None  # None: not recorded by a run, or not stated by the card
    n: int = 0  # replies that it is the mean of; 0: it is none of replies
    currency: str = ""  # of a price


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a cell stands in its class, and how surely; computed once on the whole board, so that a selection changes nothing."""

    low: int  # of the interval of its rank
    high: int
    letters: str  # models that share one are not told apart, each class has its own; "" where single values cannot be tested
    differs: frozenset[str]  # names of the lines it differs from significantly, after correction
    how: str  # the test, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number of the board and where it comes from: runs of ours, one a task of the column, or a published row.

    A cell of a column of costs holds what its runs took. It has no parts, so that nothing compares, ranks or marks it.
    """

    value: float | None  # None: undefined
    ci: tuple[float, float] | None
    exposure: Exposure
    parts: tuple[Part, ...] = ()
    reported: PublishedRow | None = None
    outlay: Outlay | None = None
    spent_by: tuple[Asked, ...] = ()  # the runs behind an outlay
    is_frontier: bool = False  # of an outlay: no line is better at the same or a lower cost
    lower_is_better: bool = False
    is_comparable: bool = True  # False: its signature is not the one the column compares, or it is a report
    unlike: str = ""  # where its signature differs from the one the column compares
    rank: int | None = None  # among the comparable cells of models of its class; None: not ranked
    standing: Standing | None = None  # None: not inferred, or no rival
    order: int | None = None  # 1: best, 2: second best value of its class and the baselines, by unrounded values

    @property
    def signature(self) -> str:
        """Of all its parts; "" of a report."""
        return " & ".join(part.value.signature for part in self.parts)

    @property
    def runs(self) -> tuple[Asked, ...]:
        """The runs behind it; none behind a report."""
        return self.parts or self.spent_by

    @property
    def goodness(self) -> float:
        """The value, turned so that higher is better; of a defined one alone."""
        assert self.value is not None
        return -self.value if self.lower_is_better else self.value

    @property
    def is_partial(self) -> bool:
        """True where replies are missing."""
        return any(part.is_partial for part in self.parts)


@dataclass(frozen=True, slots=True)
class Line:
    """A model, asked in one way, or reported by one source."""

    name: str
    kind: LineKind
    cells: tuple[Cell | None, ...]  # one a column; None: no run

    @property
    def label(self) -> str:
        """The name with what kind of line it is."""
        return self.name if self.kind == "model" else f"{self.name} [{self.kind}]"
