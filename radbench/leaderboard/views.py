"""Parts of a board as a reader looks at them: one heading, lines found by name or class. Standings stay those of the whole board."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import KINDS, Line


def headings(board: Board) -> list[str]:
    """The headings over the columns, in their order; "" for columns without one."""
    return list(dict.fromkeys(column.group for column in board.columns))


def under(board: Board, heading: str) -> Board:
    """The columns of a heading and the lines that have a number there, the best in the first column first within each kind."""
    part = at_places(board, [place for place, column in enumerate(board.columns) if column.group == heading])
    lower = [part.lower_is_better(place) for place in range(len(part.columns))]
    return replace(part, lines=tuple(sorted(part.lines, key=lambda line: _key(line, lower))))


def at_places(board: Board, places: Sequence[int]) -> Board:
    """Some columns, in the order given, and the lines that have a number in one of them."""
    card = board.card.model_copy(update={"columns": tuple(board.columns[place] for place in places)})
    lines = (replace(line, cells=tuple(line.cells[place] for place in places)) for line in board.lines)
    outside = {new: board.outside[old] for new, old in enumerate(places) if old in board.outside}
    return replace(board, card=card, lines=tuple(line for line in lines if any(line.cells)), outside=outside)


def where(board: Board, *, text: str = "", kinds: Collection[str] = (), classes: Collection[str] = ()) -> Board:
    """The lines whose name holds a text, of some kinds, and with a cell of some classes of exposure; no kinds or classes: all."""
    wanted = text.strip().casefold()
    kept = [
        line
        for line in board.lines
        if wanted in line.name.casefold()
        and (not kinds or line.kind in kinds)
        and (not classes or any(cell is not None and cell.exposure in classes for cell in line.cells))
    ]
    return replace(board, lines=tuple(kept))


def _key(line: Line, lower: list[bool]) -> tuple[int, list[float], str]:
    values = [
        math.inf if cell is None or cell.value is None else cell.value if less else -cell.value
        for cell, less in zip(line.cells, lower, strict=True)
    ]
    return KINDS.index(line.kind), values, line.name
