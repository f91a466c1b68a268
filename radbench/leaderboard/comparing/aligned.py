"""Runs laid side by side: the cases that all of them have under one metric, in one order, with what they are grouped by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radbench.errors import RadbenchError, RunError
from radbench.leaderboard.comparing.contenders import Contender
from radbench.leaderboard.comparing.panel import Panel
from radbench.records import ValueRecord
from radbench.scoring.values import Measured


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
    kept = [dict(_kept(contender, measured)) for contender, measured in rows]
    if len(rows) < 2:
        raise RunError(f"{_few(rows)} left to compare: {'; '.join(left_out)}")
    common = [case for case in kept[0] if all(case in others for others in kept[1:])]
    if not common:
        raise RunError(f"{', '.join(contender.name for contender, _ in rows)} have no case in common, so nothing can be compared")
    first, metric = rows[0][0].stored, rows[0][1].metric
    at = [kept[0][case] for case in common]
    clusters = np.unique(np.array([first.clusters[i] for i in at], dtype=np.str_), return_inverse=True)[1]
    arrays = tuple(measured.rows.array[[own[case] for case in common]] for (_, measured), own in zip(rows, kept, strict=True))
    weights = np.full(len(common), 1 / first.run.settings.repeats)
    given = metric.aggregate(arrays[0][:1], np.ones((1, 1)))
    return Aligned(
        tuple(contender for contender, _ in rows),
        Panel(metric, tuple(name for name in names if name in given), arrays, clusters, weights),
        np.unique(np.array([sample for sample, _ in common], dtype=np.str_), return_inverse=True)[1],
        np.array([repeat for _, repeat in common], dtype=np.intp),
        {name: np.array([levels[i] for i in at], dtype=np.str_) for name, levels in first.subgroups.items()},
        tuple(_notes(rows, kept, len(common))),
        tuple(left_out),
    )


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


def _kept(contender: Contender, measured: Measured) -> list[tuple[tuple[str, int], int]]:
    """The cases that the metric scored, with their places."""
    return [
        (case, i) for i, (case, reason) in enumerate(zip(contender.stored.cases, measured.rows.excluded, strict=True)) if reason is None
    ]


def _few(rows: Sequence[tuple[Contender, Measured]]) -> str:
    return f"only {rows[0][0].name} is" if rows else "no run is"


def _notes(rows: Sequence[tuple[Contender, Measured]], kept: Sequence[Mapping[tuple[str, int], int]], n: int) -> list[str]:
    notes = []
    n_any = len(set().union(*kept))
    if n < n_any:
        fewest = min(range(len(kept)), key=lambda i: len(kept[i]))
        notes.append(f"compared on the {n} cases that all have, of {n_any}; {rows[fewest][0].name} has the fewest, {len(kept[fewest])}")
    first = rows[0][0].stored
    if n_any < len(first.cases):
        reasons = sorted({reason for reason in rows[0][1].rows.excluded if reason})
        notes.append(f"{len(first.cases) - n_any} of {len(first.cases)} cases are left out of all: {', '.join(reasons)}")
    if all(cluster == sample for cluster, (sample, _) in zip(first.clusters, first.cases, strict=True)):
        notes.append("no sample names a cluster (patient, study): each counts as its own")
    for contender, _ in rows:
        counts = contender.stored.summary.counts
        if contender.stored.run.status != "complete" or counts.n_failed:
            notes.append(f"{contender.name}: {contender.stored.run.status}, {counts.n_failed} of {counts.n_total} replies failed")
    return notes
