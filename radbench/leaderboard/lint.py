"""What looks wrong on a board: numbers to be checked before anyone leans on them. Nothing is changed or left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Final

import numpy as np

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line
from radbench.leaderboard.published import UNSTATED

_MIN_SHARED: Final = 3  # equal cells in which two models look like one copied row
_MIN_LINES: Final = 8  # under one heading, to say what is usual there
_MIN_COLUMNS: Final = 4  # of one heading, to say what a model's other metrics expect
_STALE_DAYS: Final = 90  # between judgements in one column
_JUDGED: Final = re.compile(r"\|judged:(?:[0-9-]+\.\.)?(\d{4}-\d\d-\d\d)")
_SHARES: Final = ("fraction", "percent")  # units
_FAR: Final = 0.5  # of all lines, between a cell's rank and the line's usual one: chance alone seldom goes this far


def lint(board: Board) -> list[str]:
    """One sentence on each thing to check."""
    return [*_copied(board), *_odd(board), *_wholes(board), *_intervals(board), *_unstated(board), *_judges(board), *_stale(board)]


def _copied(board: Board) -> Iterator[str]:
    """Two lines for which one source reports the same numbers."""
    by_source: dict[str, dict[str, dict[int, float | None]]] = {}
    for line in board.lines:
        for place, cell in enumerate(line.cells):
            if cell is not None and cell.reported is not None:
                by_source.setdefault(cell.reported.source, {}).setdefault(line.name, {})[place] = cell.value
    for source, lines in by_source.items():
        for (first, own), (second, other) in combinations(lines.items(), 2):
            if len(own) >= _MIN_SHARED and own == other:
                yield f"{first} and {second} have the same {len(own)} numbers in {source}: one row may be a copy of the other"


def _odd(board: Board) -> Iterator[str]:
    """Reported cells that disagree with what the model's other metrics on the same data expect."""
    groups: dict[str, list[int]] = {}
    for place, column in enumerate(board.columns):
        if column.group and column.published:
            groups.setdefault(column.group, []).append(place)
    for places in groups.values():
        lines = [line for line in board.lines if line.kind == "reported" and sum(line.cells[p] is not None for p in places) >= _MIN_COLUMNS]
        if len(places) < _MIN_COLUMNS or len(lines) < _MIN_LINES:
            continue
        for row, at in _outliers(board, lines, places):
            cell = lines[row].cells[places[at]]
            column = board.columns[places[at]]
            yield f"{lines[row].name}, {column.group} {column.name}: {_number(cell)} does not go with its other numbers there"


def _outliers(board: Board, lines: list[Line], places: list[int]) -> Iterator[tuple[int, int]]:
    """Where a line's rank in one column is far from its usual rank in the others; shares of the lines there, 0 best to 1 worst."""
    values = np.array([[_value(line.cells[place]) for place in places] for line in lines])
    values *= [1 if board.lower_is_better(place) else -1 for place in places]
    below = (values[:, None, :] > values[None, :, :]).sum(axis=1) + ((values[:, None, :] == values[None, :, :]).sum(axis=1) - 1) / 2
    shares = np.where(np.isnan(values), np.nan, below / np.maximum(1, (~np.isnan(values)).sum(axis=0) - 1))
    for row in range(len(lines)):
        for at in np.flatnonzero(~np.isnan(shares[row])):
            others = np.delete(shares[row], at)
            if not np.isnan(others).all() and abs(shares[row, at] - np.nanmedian(others)) > _FAR:
                yield row, int(at)


def _wholes(board: Board) -> Iterator[str]:
    """Reported shares of more than a whole."""
    for line in board.lines:
        for column, cell in zip(board.columns, line.cells, strict=True):
            share = _value(cell) if cell is not None and cell.reported and cell.reported.unit in _SHARES else 0
            if share > 1:
                yield f"{line.name}, {column.group} {column.name}: {share:.4g} of a whole is reported: its unit may be another one"


def _intervals(board: Board) -> Iterator[str]:
    for line in board.lines:
        for column, cell in zip(board.columns, line.cells, strict=True):
            if cell is None or cell.reported is None or cell.ci is None or cell.value is None:
                continue
            if not cell.ci[0] <= cell.value <= cell.ci[1]:
                yield f"{line.name}, {column.group} {column.name}: {_number(cell)} lies outside its stated interval"
            elif cell.ci[0] < cell.ci[1] and cell.value in cell.ci:
                yield f"{line.name}, {column.group} {column.name}: its stated interval ends at the value itself, {_number(cell)}"


def _unstated(board: Board) -> Iterator[str]:
    """How many reported cells lack what is needed to compare them with anything, source by source."""
    lacking: dict[str, Counter[str]] = {}
    for line in board.lines:
        for cell in line.cells:
            if cell is not None and cell.reported is not None:
                own = lacking.setdefault(cell.reported.source, Counter())
                own.update(name for name in ("n", "protocol", "exposure") if getattr(cell.reported, name) == UNSTATED)
    for source, counts in lacking.items():
        if counts:
            yield f"{source} does not state {', '.join(f'{name} ({_cells(count)})' for name, count in counts.items())}"


def _judges(board: Board) -> Iterator[str]:
    """Columns whose cells were scored with different annotators or judges."""
    for place, column in enumerate(board.columns):
        by: dict[str, list[str]] = {}
        for line, cell in board.column(place):
            for part in cell.parts:
                asked = next((text for text in part.value.signature.split("|") if text.startswith("by:")), "")
                if asked:
                    by.setdefault(asked.removeprefix("by:"), []).append(line.name)
        if len(by) > 1:
            listed = "; ".join(f"{name} for {', '.join(dict.fromkeys(lines))}" for name, lines in by.items())
            yield f"{column.name} ({column.value}) was scored by different annotators: {listed}"


def _stale(board: Board) -> Iterator[str]:
    """Cells judged long before others of their column: a judge behind a name may have been replaced in between."""
    for place, column in enumerate(board.columns):
        days = {
            line.name: max(date.fromisoformat(found[1]) for part in cell.parts if (found := _JUDGED.search(part.value.signature)))
            for line, cell in board.column(place)
            if any(_JUDGED.search(part.value.signature) for part in cell.parts)
        }
        newest = max(days.values(), default=None)
        for name, day in days.items():
            if newest is not None and (newest - day).days > _STALE_DAYS:
                yield f"{name}, {column.name} ({column.value}): judged on {day}, others as late as {newest}: the judge may have changed"


def _cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"


def _value(cell: Cell | None) -> float:
    return np.nan if cell is None or cell.value is None else cell.value


def _number(cell: Cell | None) -> str:
    return f"{_value(cell):g}"
