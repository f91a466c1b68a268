"""Runs laid side by side: the cases that all of them have under one metric, in one order, with what they are grouped by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import RadbenchError, RunError
from radbench.leaderboard.comparing.contenders import Contender
from radbench.leaderboard.comparing.panel import Panel
from radbench.records import ValueRecord
from radbench.scoring.values import Measured

_LISTED: Final = 3  # runs that a sentence names


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the cases: a level of a subgroup, or one repeat."""

    of: str  # the subgroup; "repeat" for a repeat; "" for all cases
    level: str
    mask: NDArray[np.float64]  # (n,), 1 inside


@dataclass(frozen=True, slots=True)
class Aligned:
    """A panel of runs, and of each of its cases the sample, the repeat and the levels of subgroups."""

    contenders: tuple[Contender, ...]
    panel: Panel
    samples: NDArray[np.intp]  # numbered from 0
    repeats: NDArray[np.intp]
    subgroups: Mapping[str, NDArray[np.str_]]
    notes: tuple[str, ...]  # what a reader must know of the cases
    left_out: tuple[str, ...]  # runs that have no rows, or no cases

    @property
    def cluster(self) -> str:
        """What the clusters are: patient, study ..., or each sample by itself."""
        return str(self.contenders[0].stored.summary.intervals["cluster"])

    def groups(self) -> list[Group]:
        """All cases, then each level of each subgroup that has several."""
        found = [Group("", "", np.ones(len(self.samples)))]
        for name, of_cases in self.subgroups.items():
            levels = np.unique(of_cases)
            if len(levels) > 1:
                found += [Group(name, str(level) or "(none)", (of_cases == level).astype(np.float64)) for level in levels]
        return found

    def by_repeat(self) -> list[Group]:
        """Each repeat; none where there is one alone."""
        numbers = np.unique(self.repeats)
        return [Group("repeat", str(r + 1), (self.repeats == r).astype(np.float64)) for r in numbers] if len(numbers) > 1 else []


def align(chosen: Sequence[tuple[Contender, ValueRecord]], names: Sequence[str]) -> Aligned:
    """The runs on the cases that all of them have, with those of the values `names` that their metric gives from stored rows.

    Raises:
        RunError: fewer than two runs are left, or they have no case in common.
    """
    rows, left_out = _with_rows(chosen)
    if len(rows) < 2:
        raise RunError(f"{_few(rows)} left to compare: {listed(left_out)}")
    first, metric = rows[0][0].stored, rows[0][1].metric
    places, n_any = _places(rows)
    common = np.flatnonzero((places >= 0).all(axis=0))
    if not len(common):
        raise RunError(f"{', '.join(contender.name for contender, _ in rows)} have no case in common, so nothing can be compared")
    at = places[0, common]
    arrays = tuple(_taken(measured.rows.array, own[common]) for (_, measured), own in zip(rows, places, strict=True))
    weights = np.full(len(common), 1 / first.run.settings.repeats)
    given = metric.aggregate(arrays[0][:1], np.ones((1, 1)))
    return Aligned(
        tuple(contender for contender, _ in rows),
        Panel(
            metric,
            tuple(name for name in names if name in given),
            arrays,
            np.unique(first.cases.clusters[at], return_inverse=True)[1],
            weights,
        ),
        np.unique(first.cases.samples[at], return_inverse=True)[1],
        first.cases.repeats[at],
        {name: levels[at] for name, levels in first.cases.subgroups.items()},
        tuple(_notes(rows, (places >= 0).sum(axis=1), len(common), n_any)),
        tuple(left_out),
    )


def _places(rows: Sequence[tuple[Contender, Measured]]) -> tuple[NDArray[np.intp], int]:
    """Where each case of the first run stands in each run, shape (runs, n), -1 where that run's metric left it out or it is not there.

    Beside it the number of cases that any run has.
    """
    first = rows[0][0].stored.cases
    number = {case: i for i, case in enumerate(first.pairs())}
    elsewhere: dict[tuple[str, int], None] = {}
    of_table: dict[int, NDArray[np.intp]] = {}  # tables are shared: their cases are looked up once
    found = np.full((len(rows), len(first)), -1, dtype=np.intp)
    for own, (contender, measured) in zip(found, rows, strict=True):
        table = contender.stored.cases
        if id(table) not in of_table:
            of_table[id(table)] = np.array([number.get(case, -1) for case in table.pairs()], dtype=np.intp)
        kept = np.array([reason is None for reason in measured.rows.excluded], dtype=bool)
        numbers = of_table[id(table)]
        is_known = numbers >= 0
        own[numbers[kept & is_known]] = np.flatnonzero(kept & is_known)
        if not is_known.all():
            elsewhere |= dict.fromkeys(case for case, so in zip(table.pairs(), kept & ~is_known, strict=True) if so)
    return found, int((found >= 0).any(axis=0).sum()) + len(elsewhere)


def _taken(array: NDArray[np.float64], at: NDArray[np.intp]) -> NDArray[np.float64]:
    """These rows; the array itself where they are all of its rows in their order, since a hundred runs are not held twice."""
    return array if len(at) == len(array) and np.array_equal(at, np.arange(len(at))) else array[at]


def _with_rows(chosen: Sequence[tuple[Contender, ValueRecord]]) -> tuple[list[tuple[Contender, Measured]], list[str]]:
    found: list[tuple[Contender, Measured]] = []
    left_out: list[str] = []
    for contender, record in chosen:
        try:
            measured = contender.stored.measured(record)
        except RadbenchError as error:
            left_out.append(f"{contender.name}: {error}")
            continue
        if any(reason is None for reason in measured.rows.excluded):
            found.append((contender, measured))
        else:
            reasons = ", ".join(sorted({str(reason) for reason in measured.rows.excluded})) or "it has no cases"
            left_out.append(f"{contender.name}: no case has a `{record.id}`: {reasons}")
    return found, left_out


def listed(left_out: Sequence[str]) -> str:
    """What is said of runs that are left out, of many of the first ones."""
    more = len(left_out) - _LISTED
    return "; ".join([*left_out[:_LISTED], *([f"and {more} more"] if more > 0 else [])])


def _few(rows: Sequence[tuple[Contender, Measured]]) -> str:
    return f"only {rows[0][0].name} is" if rows else "no run is"


def _notes(rows: Sequence[tuple[Contender, Measured]], counts: NDArray[np.intp], n: int, n_any: int) -> list[str]:
    notes = []
    if n < n_any:
        fewest = int(counts.argmin())
        notes.append(f"compared on the {n} cases that all have, of {n_any}; {rows[fewest][0].name} has the fewest, {counts[fewest]}")
    first = rows[0][0].stored
    if n_any < len(first.cases):
        reasons = sorted({reason for reason in rows[0][1].rows.excluded if reason})
        notes.append(f"{len(first.cases) - n_any} of {len(first.cases)} cases are left out of all: {', '.join(reasons)}")
    if np.array_equal(first.cases.clusters, first.cases.samples):
        notes.append("no sample names a cluster (patient, study): each counts as its own")
    for contender, _ in rows:
        became = contender.stored.summary.counts
        if contender.stored.run.status != "complete" or became.n_failed:
            notes.append(f"{contender.name}: {contender.stored.run.status}, {became.n_failed} of {became.n_total} replies failed")
    return notes
