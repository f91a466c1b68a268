"""Parts of a board for a table: some columns, some models. What was compared and inferred on the whole board stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from radbench.errors import ContentError, nearest
from radbench.leaderboard.board import Board
from radbench.leaderboard.views import at_places


def select(board: Board, columns: Sequence[str] = (), models: Sequence[str] = ()) -> Board:
    """The board with the columns and lines named, in the order named; all of them where none is.

    Args:
        columns: titles, values, tasks or headings; one that several columns share takes them all.
        models: names of lines.

    Raises:
        ContentError: a name that the board does not have.
    """
    places = list(range(len(board.columns)))
    if columns:
        named = [{column.name, column.cost or column.value, column.group, *column.task} for column in board.columns]
        known = [name for names in named for name in names if name]
        places = list(dict.fromkeys(p for wanted in columns for p in _matching(wanted, named, known, "column")))
    lines = list(board.lines)
    if models:
        named = [{line.name} for line in lines]
        known = [line.name for line in lines]
        lines = [lines[i] for i in dict.fromkeys(i for wanted in models for i in _matching(wanted, named, known, "model"))]
    return at_places(replace(board, lines=tuple(lines)), places)


def _matching(wanted: str, named: Sequence[set[str]], known: Sequence[str], what: str) -> list[int]:
    found = [i for i, names in enumerate(named) if wanted in names]
    if not found:
        raise ContentError(f"the board has no {what} `{wanted}`{nearest(wanted, known)} It has: {', '.join(dict.fromkeys(known))}")
    return found
