"""Figures of a board for print: values with intervals, rank intervals, quality against cost; as SVG, PDF and PNG.

Kinds of lines are told by the shape of their marks and by words, never by colour alone. The same board gives the same bytes
with the same matplotlib.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from radbench.extras import need
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import KINDS, Cell, Line
from radbench.leaderboard.costs import COSTS
from radbench.leaderboard.efficiency import efficiency
from radbench.leaderboard.printing.cost_figure import costs_figure
from radbench.leaderboard.printing.panels import ACROSS, MARKS, WIDTH, Names, drawable, legend, measure, named, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
                figure.suptitle(drawable(f"{board.title}: {group}" if group else board.title), fontsize=9)
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
        yield "cost", "quality against cost", costs_figure(board, spent, known)


def _forest(board: Board, places: Sequence[int]) -> Figure:
    """A panel a column: each line's value with its interval."""
    lines = [line for line in reversed(board.lines) if any(line.cells[place] is not None for place in places)]
    names = Names(line.label for line in lines)
    height = 0.9 + names.height * len(lines)
    across = min(len(places), ACROSS)
    figure, axes = panels(len(places), width=WIDTH, heights=lambda _: height, across=across, left=names.width, share=True)
    for ax, place in zip(axes, places, strict=True):
        for y, line in enumerate(lines):
            cell = line.cells[place]
            if cell is None:
                continue
            if cell.value is None:
                ax.text(0.5, y, "undefined", va="center", ha="center", fontsize=6, transform=ax.get_yaxis_transform())
                continue
            shape, colour, fill = MARKS[line.kind]
            if cell.ci:
                ax.hlines(y, *cell.ci, color=colour, linewidth=1.1)
            ax.plot(cell.value, y, shape, color=colour, markerfacecolor=fill, markersize=4.5)
            if not cell.is_comparable and cell.reported is None:
                ax.annotate("not compared", (cell.value, y), (0, 4), textcoords="offset points", ha="center", fontsize=5)
        named(ax, board, place)
        ax.set_ylim(-0.6, len(lines) - 0.4)
        ax.set_yticks(range(len(lines)), names.shown)
        ax.grid(axis="x", linewidth=0.3)
    legend(figure, [kind for kind in KINDS if any(line.kind == kind for line in lines)])
    return figure


def _ranks(board: Board, ranked: Sequence[tuple[int, str]]) -> Figure:
    """A panel a column and class: ranks with their intervals, and the letters of groups that are not told apart."""
    most = max(len(_members(board, place, known)) for place, known in ranked)
    room = Names(line.name for place, known in ranked for line, _ in _members(board, place, known))
    height = 0.9 + room.height * most
    figure, axes = panels(len(ranked), width=WIDTH, heights=lambda _: height, across=min(len(ranked), 2), left=room.width)
    for ax, (place, known) in zip(axes, ranked, strict=True):
        members = sorted(_members(board, place, known), key=lambda member: -(member[1].rank or 0))
        for y, (_, cell) in enumerate(members):
            if cell.standing is None or cell.rank is None:
                continue
            ax.hlines(y, cell.standing.low, cell.standing.high, color=MARKS["model"][1], linewidth=2.5)
            ax.plot(cell.rank, y, "|", color="black", markersize=8, markeredgewidth=1.5)
            ax.annotate(cell.standing.letters, (cell.standing.high, y), (5, 0), textcoords="offset points", va="center", fontsize=6)
        ax.set_yticks(range(len(members)), Names(line.name for line, _ in members).shown)
        ax.set_ylim(-0.6, len(members) - 0.4)
        ax.set_xlim(0.5, len(members) + 0.9)
        ax.set_xticks(range(1, len(members) + 1, 1 + len(members) // 12))
        of = drawable(f"rank by {measure(board, place)}, 1 is best")
        ax.set_title(drawable(board.columns[place].name))
        ax.set_xlabel(f"{of}\namong models whose exposure is {known}\nbars: interval; a shared letter: not told apart", fontsize=6)
    return figure


def _classes(board: Board, place: int) -> list[str]:
    """The classes of exposure in which a column has rank intervals."""
    return sorted({cell.exposure for _, cell in board.column(place) if cell.standing is not None})


def _members(board: Board, place: int, known: str) -> list[tuple[Line, Cell]]:
    return [(line, cell) for line, cell in board.column(place) if cell.standing is not None and cell.exposure == known]
