"""What the figures of a board share: marks for kinds of lines, panels side by side, names of any length and of any script."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import LineKind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Axes: TypeAlias = Any  # of matplotlib, whose own type knows no attribute of the kinds of axes

MARKS: Final[dict[LineKind, tuple[str, str, str]]] = {  # shape, colour, fill
    "model": ("o", "#1b4f72", "#1b4f72"),
    "baseline": ("s", "#626567", "white"),
    "control": ("^", "#626567", "white"),
    "reported": ("D", "#b9770e", "white"),
}
ACROSS: Final = 4  # panels side by side
WIDTH: Final = 2.2  # of a panel, in inches
_LONG: Final = 36  # characters from which on a name goes on in the next line
_LETTER_IN: Final = 0.07  # width of one at the usual size, in inches
_LINE_IN: Final = 0.14


class Names:
    """Names of rows as they are written beside a panel, and the room they take, in inches."""

    def __init__(self, names: Iterable[str]) -> None:
        self.shown = ["\n".join(textwrap.wrap(drawable(name), _LONG)) for name in names]
        lines = [shown.split("\n") for shown in self.shown]
        self.width = max(1.0, 0.3 + _LETTER_IN * max((len(line) for of_one in lines for line in of_one), default=0))
        self.height = 0.07 + _LINE_IN * max(map(len, lines), default=1)  # of a row


def panels(
    n: int, *, width: float, heights: Callable[[int], float], across: int, left: float, share: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure of n panels, some side by side; sizes in inches.

    Args:
        width: of a panel.
        heights: of the panels in a row, by its number from 0.
        left: room beside each panel, or beside the first of a row where they `share` their names.
    """
    from matplotlib.figure import Figure

    rows = list(map(heights, range(-(-n // across))))
    whole = width * across + left * (1 if share else across)
    figure = Figure(figsize=(whole, 0.5 + sum(rows) + 0.5 * len(rows)), layout="constrained")
    axes = list(figure.subplots(len(rows), across, sharey=share, squeeze=False, height_ratios=rows).ravel())
    for ax in axes[n:]:
        ax.set_axis_off()
    return figure, axes[:n]


def named(ax: Axes, board: Board, place: int, axis: str = "x") -> None:
    """The column's name, its value, and in which direction it is better."""
    better = "lower" if board.lower_is_better(place) else "higher"
    ax.set_title(drawable(board.columns[place].name))
    label = drawable(f"{measure(board, place)} ({better} is better)")
    (ax.set_xlabel if axis == "x" else ax.set_ylabel)(label, fontsize=7)


def measure(board: Board, place: int) -> str:
    """The value of a column."""
    return board.columns[place].value or "value"


def legend(figure: Figure, kinds: Sequence[LineKind]) -> None:
    """What the marks stand for, where there is more than one kind."""
    if len(kinds) > 1:
        figure.legend(key(kinds), kinds, loc="outside lower center", ncols=len(kinds), fontsize=7, frameon=False)


def key(kinds: Iterable[LineKind]) -> list[Any]:
    """A mark for each."""
    from matplotlib.lines import Line2D

    marks = map(MARKS.__getitem__, kinds)
    return [Line2D([], [], linestyle="", marker=shape, color=colour, markerfacecolor=fill) for shape, colour, fill in marks]


def drawable(text: str) -> str:
    """A text with characters that the font lacks written as their code."""
    return "".join(char if _has_glyph(char) else f"U+{ord(char):04X}" for char in text)


@cache
def _has_glyph(char: str) -> bool:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return char.isprintable() and get_font(findfont(FontProperties())).get_char_index(ord(char)) > 0
