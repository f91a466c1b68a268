"""A board as a Markdown table: models down, columns across, with a footnote on how to read the numbers."""

from __future__ import annotations

from radbench.leaderboard.board import Board, Cell, Line
from radbench.leaderboard.reading import footnotes, interval, number


def markdown(board: Board) -> str:
    """The table and its notes; best values bold, cells that are not compared in parentheses."""
    heads = [
        "model",
        *(f"{column.title or column.task}<br>{_arrow(board, place)} {column.value}" for place, column in enumerate(board.columns)),
    ]
    rows = [heads, ["---", *("---:" for _ in board.columns)]]
    rows += [[_escaped(_label(line)), *map(_shown, line.cells)] for line in board.lines]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = "\n".join(f"- {_escaped(note)}" for note in footnotes(board))
    return f"**{_escaped(board.title)}**\n\n{table}\n\n{notes}\n"


def _label(line: Line) -> str:
    return line.name if line.kind == "model" else f"{line.name} [{line.kind}]"


def _arrow(board: Board, place: int) -> str:
    cell = next((line.cells[place] for line in board.lines if line.cells[place]), None)
    return "&darr;" if cell is not None and cell.value.lower_is_better else "&uarr;"


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return "--"
    text = number(cell)
    text = f"**{text}**" if cell.is_best else text if cell.is_comparable else f"({text})"
    return f"{text} {interval(cell)}".strip()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
