"""A board as a Markdown table: models down, columns across, with a footnote on how to read the numbers."""

from __future__ import annotations

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell
from radbench.leaderboard.printing.reading import decimals, interval, legend, number, remarks


def markdown(board: Board) -> str:
    """The table and its notes; best values bold, reports in italics, cells that are not compared in parentheses."""
    heads = [_head(board, place) for place in range(len(board.columns))]
    rows = [["model", *heads], ["---", *("---:" for _ in board.columns)]]
    places = [decimals(board, place) for place in range(len(board.columns))]
    rows += [[escaped(line.label), *map(_shown, line.cells, places)] for line in board.lines]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = "\n".join(f"- {escaped(note)}" for note in [*legend(board, best="bold"), *remarks(board)])
    return f"**{escaped(board.title)}**\n\n{table}\n\n{notes}\n"


def _head(board: Board, place: int) -> str:
    """The heading that columns share, the column's name, its direction and value, below each other."""
    column, arrow = board.columns[place], "&darr;" if board.lower_is_better(place) else "&uarr;"
    said = [column.group, board.heading(place), f"{arrow} {column.value}".rstrip()]
    return "<br>".join(dict.fromkeys(map(escaped, filter(None, said))))


def _shown(cell: Cell | None, places: int) -> str:
    if cell is None:
        return "--"
    shown = number(cell, places)
    ours = f"**{shown}**" if cell.order == 1 else shown if cell.is_comparable else f"({shown})"
    marked = f"*{shown}*" if cell.reported else ours
    return f"{marked} {interval(cell, places)}".strip()


def escaped(text: str) -> str:
    """Any text for a cell of a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
