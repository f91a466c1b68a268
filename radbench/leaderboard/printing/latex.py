"""A board as a LaTeX table for a paper: booktabs and siunitx, its footnotes written from the board itself.

A board too wide to be read in one row of columns is divided between its columns, where it can be between their headings.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line
from radbench.leaderboard.printing.reading import decimals, digits, headed, interval, legend, number, plain, remarks
from radbench.leaderboard.printing.tex import NAME, TITLE, WIDEST, Tabular, column_title, escaped, row_name, table
from radbench.leaderboard.views import at_places

_SMALL: Final = 0.75  # the size of intervals and marks
_GAP: Final = 2.5  # characters between columns


def latex(board: Board, *, caption: str = "", label: str = "", compare_to: str = "", intervals: bool = True) -> str:
    """A table environment, or several that go on; `% needs` names the packages. Best bold, second underlined, within their class.

    Args:
        board: reports stand in a group of their own and are never marked.
        caption: LaTeX-escaped here; by default the board's title.
        label: of `\\label`.
        compare_to: the line from which others that differ significantly carry a star.
        intervals: print them, as subscripts.
    """
    notes = [*legend(board, best="bold", second="underlined", groups="letters"), *remarks(board)]
    if compare_to:
        notes.insert(1, f"*: differs significantly from {compare_to}; models of its class alone are tested")
    widths = [_width(board, place, intervals=intervals) for place in range(len(board.columns))]
    names = min(NAME, max((len(line.name) for line in board.lines), default=0))
    blocks = list(_blocks(board, widths, names))
    parts = [part for part in (at_places(board, block) for block in blocks) if part.lines] or [board]
    tabulars = [_tabular(part, compare_to, intervals=intervals) for part in parts]
    width = names + max(sum(widths[place] for place in block) for block in blocks)
    return table(tabulars, notes, caption=caption or board.title, label=label, width=width)


def _blocks(board: Board, widths: Sequence[float], names: int) -> Iterator[list[int]]:
    """Places of the columns that stand side by side; those under one heading are divided only where they are too wide for a block."""
    room = WIDEST - names
    block: list[int] = []
    for _, group in groupby(range(len(board.columns)), key=lambda place: board.columns[place].group):
        places = list(group)
        n_parts = math.ceil(sum(widths[place] for place in places) / room)
        at_once = math.ceil(len(places) / n_parts)
        for start in range(0, len(places), at_once):
            more = places[start : start + at_once]
            if block and sum(widths[place] for place in [*block, *more]) > room:
                yield block
                block = []
            block += more
    yield block


def _width(board: Board, place: int, *, intervals: bool) -> float:
    """Of a column with the space beside it, in characters."""
    places = decimals(board, place)
    cells = [
        len(number(cell, places))
        + _SMALL * (intervals * (len(interval(cell, places)) + 1) + len(cell.standing.letters if cell.standing else ""))
        for _, cell in board.column(place)
    ]
    return max([*cells, *map(len, textwrap.wrap(_title(board, place), TITLE))], default=0) + _GAP


def _title(board: Board, place: int) -> str:
    column = board.columns[place]
    return f"{column.title or f'{column.name} {column.value}'.strip()}{'‡' if place in board.outside else ''}"


def _tabular(board: Board, compare_to: str, *, intervals: bool) -> Tabular:
    places = [decimals(board, place) for place in range(len(board.columns))]
    kinds = ["r" if column.cost else f"S[table-format={_whole(board, at)}.{places[at]}]" for at, column in enumerate(board.columns)]
    groups = [(heading, [_row(line, places, compare_to, intervals=intervals) for line in lines]) for heading, lines in headed(board)]
    return Tabular("".join(kinds), _head(board), groups, len(places))


def _whole(board: Board, place: int) -> str:
    """The digits before the point that a column needs, with a sign where one of its numbers has one."""
    values = [cell.value for _, cell in board.column(place) if cell.value is not None] or [0.0]
    return f"{'-' if min(values) < 0 else ''}{max(len(str(int(abs(value)))) for value in values)}"


def _head(board: Board) -> list[str]:
    """The names of columns with the direction in which they are better, below the headings that several share."""
    arrows = [r"$\downarrow$" if board.lower_is_better(place) else r"$\uparrow$" for place in range(len(board.columns))]
    names = [column_title(_title(board, place), arrow) for place, arrow in enumerate(arrows)]
    head = [" & ".join(["{Model}", *names]) + r" \\"]
    if not any(column.group for column in board.columns):
        return head
    cells, rules, at = [], [], 2
    for group, columns in groupby(board.columns, key=lambda column: column.group):
        n = len(list(columns))
        cells.append(f"\\multicolumn{{{n}}}{{c}}{{{escaped(group)}}}")
        rules += [f"\\cmidrule(lr){{{at}-{at + n - 1}}}"] if group else []
        at += n
    return [" & ".join(["", *cells]) + r" \\", " ".join(rules), *head]


def _row(line: Line, places: Sequence[int], compare_to: str, *, intervals: bool) -> str:
    cells = [_cell(cell, n, compare_to, intervals=intervals) for cell, n in zip(line.cells, places, strict=True)]
    return " & ".join([row_name(line.name), *cells]) + r" \\"


def _cell(cell: Cell | None, places: int, compare_to: str, *, intervals: bool) -> str:
    """A number that siunitx aligns, or, where it carries marks, mathematics in braces."""
    if cell is not None and cell.outlay is not None:
        return f"{{{escaped(number(cell, places))}}}"
    if cell is None or cell.value is None:
        return "{--}" if cell is None else "{n/a}"
    places = digits(cell, places)
    shown, bounds = plain(cell.value, places), cell.ci if intervals else None
    marks = [r"\dagger"] if cell.is_partial else []
    marks += ["*"] if cell.standing is not None and compare_to in cell.standing.differs else []
    marks += [f"\\mathrm{{{cell.standing.letters}}}"] if cell.standing is not None and cell.standing.letters else []
    if not bounds and not marks and cell.order is None and (cell.is_comparable or cell.reported is not None):
        return shown
    styled = {1: f"\\mathbf{{{shown}}}", 2: f"\\underline{{{shown}}}"}.get(cell.order or 0, shown)
    whole = styled if cell.is_comparable or cell.reported is not None else f"({styled})"
    raised = "^{" + r"\,".join(marks) + "}" if marks else ""
    lowered = f"_{{\\,[{plain(bounds[0], places)},\\,{plain(bounds[1], places)}]}}" if bounds else ""
    return f"{{${whole}{raised}{lowered}$}}"
