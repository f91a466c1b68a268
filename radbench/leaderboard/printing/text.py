"""A board as text for a terminal: a block of columns for each heading, as many side by side as fit; models down."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final
from unicodedata import east_asian_width

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell
from radbench.leaderboard.printing.reading import decimals, headed, interval, legend, number, remarks
from radbench.leaderboard.views import headings, under

_GAP: Final = "  "
_USUAL: Final = 100  # characters where there is no terminal
_NAMES: Final = 3  # a name takes at most this part of the width, and goes on in the next line
_HEAD: Final = 24  # characters of the heading of a column, about as many as of a number with its interval

Row = tuple[str, Sequence[str]]  # a name and its cells; no cells: a heading over lines


def text(board: Board, width: int | None = None) -> str:
    """The table and its notes in lines of at most `width` characters (None: as the terminal is wide), where no single number is wider.

    `*` marks the best value of a column, parentheses a cell that is not compared. Of each heading, the best
    in its first column come first, and lines without a number there are left out.
    """
    width = width or shutil.get_terminal_size((_USUAL, 24)).columns
    blocks = ["\n".join(block) for heading in headings(board) for block in _blocks(under(board, heading), heading, width)]
    said = [*legend(board, best="*"), *remarks(board)]
    notes = [textwrap.fill(note, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False) for note in said]
    return "\n\n".join([board.title, *blocks, "\n".join(notes)]) + "\n"


def _blocks(part: Board, group: str, width: int) -> Iterator[list[str]]:
    """The columns of one heading, in as many blocks as they need."""
    places = range(len(part.columns))
    if not part.lines:
        yield [f"{group or ', '.join(map(part.heading, places))}: no numbers"]
        return
    n = [decimals(part, place) for place in places]
    rows: list[Row] = []
    for heading, lines in headed(part):
        rows += [(heading, ())] if heading else []
        rows += [(line.name, list(map(_shown, line.cells, n))) for line in lines]
    heads = [_head(part, place) for place in places]
    names = min(max(_wide(name) for name, cells in rows if cells), width // _NAMES)
    columns = [max(map(_wide, [*head, *(cells[at] for _, cells in rows if cells)])) for at, head in enumerate(heads)]
    start = 0
    while start < len(heads):
        end = start + 1
        while end < len(heads) and names + sum(len(_GAP) + wide for wide in columns[start : end + 1]) <= width:
            end += 1
        shown = slice(start, end)
        yield [*([group] if group else []), *_block(rows, heads[shown], [names, *columns[shown]], shown)]
        start = end


def _head(board: Board, place: int) -> list[str]:
    """The name of a column, then its value with the direction in which it is better, in lines above each other."""
    column, arrow = board.columns[place], "↓" if board.lower_is_better(place) else "↑"
    shown = [f"{board.heading(place)} {arrow}"] if column.cost else [board.heading(place), f"{column.value} {arrow}"]
    return [line for said in shown for line in textwrap.wrap(said, _HEAD)]


def _block(rows: Sequence[Row], heads: Sequence[list[str]], widths: Sequence[int], part: slice) -> Iterator[str]:
    deepest = max(map(len, heads))
    above = [[""] * (deepest - len(head)) + head for head in heads]
    yield from (_line(["", *cells], widths) for cells in zip(*above, strict=True))
    yield _GAP.join("-" * wide for wide in widths)
    for name, cells in rows:
        if not cells:
            yield name
            continue
        *first, last = textwrap.wrap(name, widths[0], subsequent_indent=" ")
        yield from first
        yield _line([last, *cells[part]], widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(cell + " " * (wide - _wide(cell)) for cell, wide in zip(cells, widths, strict=False)).rstrip()


def _wide(shown: str) -> int:
    """The columns of a terminal that a text takes: two for each wide character, as of Chinese."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in shown)


def _shown(cell: Cell | None, places: int) -> str:
    if cell is None:
        return "--"
    shown = number(cell, places)
    if cell.outlay is not None:
        return shown
    value = f"{shown}{'*' if cell.order == 1 else ' '}" if cell.is_comparable or cell.reported else f"({shown})"
    return f"{value} {interval(cell, places)}".rstrip()
