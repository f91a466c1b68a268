"""One value of a task taken apart: by the levels of a subgroup, by what a multilabel metric gives one by one, or by data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from radbench.catalog import Catalog
from radbench.catalog.cards import BoardCard, Column
from radbench.folder import RunFolder
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.cells import Line
from radbench.leaderboard.comparing.comparison import Interval
from radbench.records import ValueRecord

DATA_SETS = "data set"


@dataclass(frozen=True, slots=True)
class Part:
    """A value on some of the cases."""

    value: float | None
    ci: Interval | None
    n: int  # cases; of a value of one finding: those that have it


@dataclass(frozen=True, slots=True)
class BrokenDown:
    """Lines by levels."""

    by: str
    value: str
    lower_is_better: bool
    levels: tuple[str, ...]
    lines: tuple[tuple[Line, Part | None, tuple[Part | None, ...]], ...]  # the whole, then a part a level; None: no such cases

    def span(self) -> tuple[float, float]:
        """The least and the greatest value of any level; (0, 0) where there is none."""
        found = [part.value for _, _, parts in self.lines for part in parts if part is not None and part.value is not None]
        return (min(found), max(found)) if found else (0.0, 0.0)


def board_of(task: str, value: str, folders: Iterable[RunFolder], catalog: Catalog, others: Sequence[str] = ()) -> Board:
    """A board of one value of a task, "" for its primary one, and of further tasks beside it; rules are those of every board.

    Raises:
        ContentError: the catalogue's card of a task is damaged.
    """
    columns = tuple(Column(task=(name,), value=value) for name in (task, *others))
    return build(BoardCard(name=task, title=task, columns=columns), folders, catalog)


def ways(board: Board) -> list[str]:
    """What the first column can be broken down by: subgroups, then the families of values one by one (`f1:`)."""
    found: dict[str, None] = {}
    for _, cell in board.column(0):
        for part in cell.parts:
            found |= dict.fromkeys(part.value.subgroups)
    for _, cell in board.column(0):
        for part in cell.parts:
            ids = (value.id for value in part.summary.values)
            found |= dict.fromkeys(name.partition(":")[0] + ":" for name in ids if ":" in name and not name.startswith("support:"))
    return list(found)


def break_down(board: Board, by: str) -> BrokenDown:
    """The first column of a board by one of its `ways`, or by its columns (`DATA_SETS`)."""
    rows = []
    levels: dict[str, None] = {}
    for line in board.lines:
        cell = line.cells[0]
        if cell is None and by != DATA_SETS:
            continue
        own = _by_column(board, line) if by == DATA_SETS else _by_level(line, by)
        levels |= dict.fromkeys(own)
        whole = None if cell is None or not cell.parts else Part(cell.value, cell.ci, sum(part.value.n_scored for part in cell.parts))
        rows.append((line, whole, own))
    named = tuple(levels)
    return BrokenDown(
        by,
        board.columns[0].value,
        board.lower_is_better(0),
        named,
        tuple((line, whole, tuple(own.get(level) for level in named)) for line, whole, own in rows),
    )


def _by_level(line: Line, by: str) -> dict[str, Part]:
    cell = line.cells[0]
    found: dict[str, Part] = {}
    for part in cell.parts if cell else ():
        if by.endswith(":"):
            values = {value.id: value for value in part.summary.values}
            for name, value in values.items():
                if name.startswith(by):
                    support = values.get(f"support:{name.removeprefix(by)}")
                    n = value.n_scored if support is None or support.value is None else round(support.value)
                    found[name.removeprefix(by)] = _part(value, n)
        else:
            found |= {level or "(none)": _part(value, value.n_scored) for level, value in part.value.subgroups.get(by, {}).items()}
    return found


def _by_column(board: Board, line: Line) -> dict[str, Part]:
    return {
        name: Part(cell.value, cell.ci, sum(part.value.n_scored for part in cell.parts))
        for name, cell in zip(board.names, line.cells, strict=True)
        if cell is not None and cell.parts
    }


def _part(value: ValueRecord, n: int) -> Part:
    ci = None if value.ci is None or value.ci[0] is None or value.ci[1] is None else (value.ci[0], value.ci[1])
    return Part(value.value, ci, n)
