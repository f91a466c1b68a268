"""A board as text for a terminal: columns of the board down, models across."""

from __future__ import annotations

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell
from radbench.leaderboard.printing.reading import decimals, footnotes, interval, number


def text(board: Board) -> str:
    """The table and its notes; `*` marks the best value of a row, parentheses a cell that is not compared, `r` a report."""
    head = ["task", "value", *(line.label for line in board.lines)]
    rows = [head]
    for place, column in enumerate(board.columns):
        places = decimals(board, place)
        name = f"{column.group}: {board.heading(place)}" if column.group and column.title else board.heading(place)
        rows.append([name, column.value, *(_shown(line.cells[place], places) for line in board.lines)])
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"  {note}" for note in footnotes(board)]
    return "\n".join([board.title, "", *lines, "", *notes]) + "\n"


def _shown(cell: Cell | None, places: int) -> str:
    if cell is None:
        return "--"
    shown = number(cell, places)
    if cell.reported:
        return f"{shown}r {interval(cell, places)}".rstrip()
    value = f"{shown}{'*' if cell.order == 1 else ' '}" if cell.is_comparable else f"({shown})"
    return f"{value} {interval(cell, places)}"
