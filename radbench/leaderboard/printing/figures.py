"""Figures of a board for print: values with intervals, rank intervals, quality against cost; as SVG, PDF and PNG.

Kinds of lines are told by the shape of their marks and by words, never by colour alone. The same board gives the same bytes
with the same matplotlib.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from radbench.catalog.cards import Cost
from radbench.extras import need
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import KINDS, Cell, Line, LineKind
from radbench.leaderboard.costs import COSTS
from radbench.leaderboard.efficiency import Spent, efficiency, pareto

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Axes: TypeAlias = Any  # of matplotlib, whose own type knows no attribute of the kinds of axes

_STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "radbench",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # fonts that journals' checks accept
    "text.parse_math": False,  # a name may hold dollar signs
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
_MARKS: Final[dict[LineKind, tuple[str, str, str]]] = {  # shape, colour, fill
    "model": ("o", "#1b4f72", "#1b4f72"),
    "baseline": ("s", "#626567", "white"),
    "control": ("^", "#626567", "white"),
    "reported": ("D", "#b9770e", "white"),
}
_ACROSS: Final = 4  # panels side by side
_SPREAD: Final = 20.0  # ratio of the largest cost to the smallest from which on the axis is logarithmic


def draw(board: Board, folder: Path) -> list[Path]:
    """Write the figures of a board: for each heading of columns `forest`, and `ranks` and `cost` where there is something to show.

    Args:
        board: with standings, for ranks.
        folder: made where it is not there.

    Returns:
        The files written.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, title, figure in figures(board):
        for suffix, metadata in _FORMATS.items():
            path = folder / f"{name}.{suffix}"
            about = {"Title": f"{board.title}: {title}"} if suffix != "png" else {}
            figure.savefig(path, metadata={**metadata, **about}, dpi=200)
            written.append(path)
    return written


def figures(board: Board) -> Iterator[tuple[str, str, Figure]]:
    """Names of files, what they show, and the figures, each to be saved before the next is asked for."""
    need("matplotlib", extra="plots", purpose="drawing figures of a board")
    from matplotlib import rc_context

    groups: dict[str, list[int]] = {}
    for place, column in enumerate(board.columns):
        groups.setdefault(column.group, []).append(place)
    with rc_context(_STYLE):
        for i, (group, places) in enumerate(groups.items(), start=1):
            slug = re.sub(r"[^a-z0-9]+", "-", group.lower()).strip("-")
            end = f"-{i}" + (f"-{slug}" if slug else "") if len(groups) > 1 else ""
            for name, title, figure in _of_group(board, places):
                figure.suptitle(_drawable(f"{board.title}: {group}" if group else board.title), fontsize=9)
                yield name + end, f"{title}, {group}".rstrip(", "), figure


def _of_group(board: Board, places: Sequence[int]) -> Iterator[tuple[str, str, Figure]]:
    """The figures of columns under one heading."""
    shown = [p for p in places if not board.columns[p].cost and any(cell.value is not None for _, cell in board.column(p))]
    if shown:
        yield "forest", "values", _forest(board, shown)
    if ranked := [(place, known) for place in shown for known in _classes(board, place)]:
        yield "ranks", "ranks", _ranks(board, ranked)
    spent = {place: efficiency(board, place) for place in shown}
    if known := [cost for cost in COSTS if any(one.cost(cost) is not None for found in spent.values() for one in found)]:
        yield "cost", "quality against cost", _costs(board, spent, known)


def _forest(board: Board, places: Sequence[int]) -> Figure:
    """A panel a column: each line's value with its interval."""
    lines = [line for line in reversed(board.lines) if any(line.cells[place] is not None for place in places)]
    figure, panels = _panels(len(places), height=0.9 + 0.2 * len(lines), share=True)
    for ax, place in zip(panels, places, strict=True):
        for y, line in enumerate(lines):
            cell = line.cells[place]
            if cell is None:
                continue
            if cell.value is None:
                ax.text(0.5, y, "undefined", va="center", ha="center", fontsize=6, transform=ax.get_yaxis_transform())
                continue
            shape, colour, fill = _MARKS[line.kind]
            if cell.ci:
                ax.hlines(y, *cell.ci, color=colour, linewidth=1.1)
            ax.plot(cell.value, y, shape, color=colour, markerfacecolor=fill, markersize=4.5)
            if not cell.is_comparable and cell.reported is None:
                ax.annotate("not compared", (cell.value, y), (0, 4), textcoords="offset points", ha="center", fontsize=5)
        _named(ax, board, place)
        ax.set_ylim(-0.6, len(lines) - 0.4)
        ax.set_yticks(range(len(lines)), [_drawable(line.label) for line in lines])
        ax.grid(axis="x", linewidth=0.3)
    _legend(figure, [kind for kind in KINDS if any(line.kind == kind for line in lines)])
    return figure


def _ranks(board: Board, ranked: Sequence[tuple[int, str]]) -> Figure:
    """A panel a column and class: ranks with their intervals, and the letters of groups that are not told apart."""
    most = max(len(_members(board, place, known)) for place, known in ranked)
    figure, panels = _panels(len(ranked), height=0.9 + 0.22 * most, width=3.4, across=min(len(ranked), 2))
    for ax, (place, known) in zip(panels, ranked, strict=True):
        members = sorted(_members(board, place, known), key=lambda member: -(member[1].rank or 0))
        for y, (_, cell) in enumerate(members):
            if cell.standing is None or cell.rank is None:
                continue
            ax.hlines(y, cell.standing.low, cell.standing.high, color=_MARKS["model"][1], linewidth=2.5)
            ax.plot(cell.rank, y, "|", color="black", markersize=8, markeredgewidth=1.5)
            ax.annotate(cell.standing.letters, (cell.standing.high, y), (5, 0), textcoords="offset points", va="center", fontsize=6)
        ax.set_yticks(range(len(members)), [_drawable(line.name) for line, _ in members])
        ax.set_ylim(-0.6, len(members) - 0.4)
        ax.set_xlim(0.5, len(members) + 0.9)
        ax.set_xticks(range(1, len(members) + 1, 1 + len(members) // 12))
        of = _drawable(f"rank by {_measure(board, place)}, 1 is best")
        ax.set_title(_drawable(board.columns[place].name))
        ax.set_xlabel(f"{of}\namong models whose exposure is {known}\nbars: interval; a shared letter: not told apart", fontsize=6)
    return figure


def _costs(board: Board, spent: Mapping[int, Sequence[Spent]], costs: Sequence[Cost]) -> Figure:
    """A row a column, a panel a cost; marks are numbered, since names would cover one another, and named below.

    The dashes join what nothing beats at the same or a lower cost.
    """
    lines = [line for line in board.lines if any(one.line is line for found in spent.values() for one in found)]
    numbers = {line.name: number for number, line in enumerate(lines, start=1)}
    figure, axes = _panels(len(spent) * len(costs), height=2.4, across=min(max(len(costs), 2), _ACROSS))
    for ax, (place, cost) in zip(axes, product(spent, costs), strict=True):
        _named(ax, board, place, axis="y")
        _cost(ax, cost, [one for one in spent[place] if one.cost(cost) is not None], numbers)
    labels = [f"{numbers[line.name]}  {_drawable(line.label)}" for line in lines]
    abreast = max(1, int(figure.get_figwidth() / (0.5 + 0.05 * max(map(len, labels)))))  # inches of a mark and of a letter
    figure.set_figheight(figure.get_figheight() + 0.16 * -(-len(lines) // abreast))
    figure.legend(_key(line.kind for line in lines), labels, loc="outside lower center", ncols=abreast, fontsize=6, frameon=False)
    return figure


def _cost(ax: Axes, cost: Cost, known: Sequence[Spent], numbers: Mapping[str, int]) -> None:
    """One panel of `_costs`."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    spots: dict[tuple[float | None, float | None], list[str]] = {}
    for one in known:
        shape, colour, fill = _MARKS[one.line.kind]
        ax.plot(one.cost(cost), one.cell.value, shape, color=colour, markerfacecolor=fill, markersize=4.5)
        spots.setdefault((one.cost(cost), one.cell.value), []).append(str(numbers[one.line.name]))
    for spot, there in spots.items():
        ax.annotate(", ".join(there), spot, (3, 3), textcoords="offset points", fontsize=6)
    front = pareto(known, cost)
    ax.plot([one.cost(cost) for one in front], [one.cell.value for one in front], color="black", linewidth=0.8, linestyle="--")
    costs = [x for one in known if (x := one.cost(cost)) is not None]
    ax.locator_params(axis="x", nbins=4)  # costs that are nearly the same have long numbers
    if costs and min(costs) > 0 and max(costs) / min(costs) > _SPREAD:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))  # the usual one writes mathematics, which is switched off
        ax.xaxis.set_minor_formatter(NullFormatter())
    currencies = sorted({one.costs[cost].currency for one in known} - {""})
    unit = _drawable(f", {' or '.join(currencies)}" if currencies else "")
    ax.set_xlabel(f"{COSTS[cost]}{unit}\ndashes: Pareto line" if known else f"{COSTS[cost]}: not recorded", fontsize=7)
    ax.margins(x=0.15, y=0.1)


def _panels(n: int, *, height: float, width: float = 2.2, across: int | None = None, share: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of n panels, some side by side; sizes of a panel in inches."""
    from matplotlib.figure import Figure

    across = across or min(n, _ACROSS)
    down = -(-n // across)
    figure = Figure(figsize=(1.2 + width * across, 0.5 + (height + 0.5) * down), layout="constrained")
    axes = list(figure.subplots(down, across, sharey=share, squeeze=False).ravel())
    for ax in axes[n:]:
        ax.set_axis_off()
    return figure, axes[:n]


def _named(ax: Axes, board: Board, place: int, axis: str = "x") -> None:
    """The column's name, its value, and in which direction it is better."""
    better = "lower" if board.lower_is_better(place) else "higher"
    ax.set_title(_drawable(board.columns[place].name))
    label = _drawable(f"{_measure(board, place)} ({better} is better)")
    (ax.set_xlabel if axis == "x" else ax.set_ylabel)(label, fontsize=7)


def _measure(board: Board, place: int) -> str:
    return board.columns[place].value or "value"


def _legend(figure: Figure, kinds: Sequence[LineKind]) -> None:
    """What the marks stand for, where there is more than one kind."""
    if len(kinds) > 1:
        figure.legend(_key(kinds), kinds, loc="outside lower center", ncols=len(kinds), fontsize=7, frameon=False)


def _key(kinds: Iterable[LineKind]) -> list[Any]:
    """A mark for each."""
    from matplotlib.lines import Line2D

    marks = map(_MARKS.__getitem__, kinds)
    return [Line2D([], [], linestyle="", marker=shape, color=colour, markerfacecolor=fill) for shape, colour, fill in marks]


def _classes(board: Board, place: int) -> list[str]:
    """The classes of exposure in which a column has rank intervals."""
    return sorted({cell.exposure for _, cell in board.column(place) if cell.standing is not None})


def _members(board: Board, place: int, known: str) -> list[tuple[Line, Cell]]:
    return [(line, cell) for line, cell in board.column(place) if cell.standing is not None and cell.exposure == known]


def _drawable(text: str) -> str:
    """A text with characters that the font lacks written as their code."""
    return "".join(char if _has_glyph(char) else f"U+{ord(char):04X}" for char in text)


@cache
def _has_glyph(char: str) -> bool:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return char.isprintable() and get_font(findfont(FontProperties())).get_char_index(ord(char)) > 0
