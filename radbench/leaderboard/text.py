"""A board as text for a terminal: columns of the board down, models across."""

from __future__ import annotations

from radbench.leaderboard.board import Board, Cell
from radbench.leaderboard.reading import footnotes, interval, number


def text(board: Board) -> str:
    """The table and its notes; `*` marks the best value of a row, parentheses a cell that is not compared."""
    head = ["task", "value", *(line.name if line.kind == "model" else f"{line.name} [{line.kind}]" for line in board.lines)]
    rows = [
        head,
        *(
            [column.title or column.task, column.value, *(_shown(line.cells[i]) for line in board.lines)]
            for i, column in enumerate(board.columns)
        ),
    ]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"  {note}" for note in footnotes(board)]
    return "\n".join([board.title, "", *lines, "", *notes]) + "\n"


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return "--"
    value = f"{number(cell)}{'*' if cell.is_best else ' '}"
    return f"{value if cell.is_comparable else f'({number(cell)})'} {interval(cell)}"
