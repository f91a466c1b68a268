"""The figure of quality against cost: marks are numbered in the order of the board, numbers beside one another, names below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from radbench.catalog.cards import Cost
from radbench.leaderboard.board import Board
from radbench.leaderboard.costs import COSTS
from radbench.leaderboard.efficiency import Spent, pareto
from radbench.leaderboard.printing.panels import ACROSS, MARKS, WIDTH, Axes, drawable, key, named, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Spot: TypeAlias = tuple[float, float, str]  # cost, quality, number

_SPREAD: Final = 20.0  # ratio of the largest cost to the smallest from which on the axis is logarithmic
_SIZE_PT: Final = 6.0  # of a number
_APART_PT: Final = 6.5  # numbers above each other
_DIGIT_PT: Final = 4.0
_BESIDE_PT: Final = 4.0  # from a mark to its number
_NEAR: Final = 0.08  # of the width of a panel, within which numbers would cover one another


def costs_figure(board: Board, spent: Mapping[int, Sequence[Spent]], costs: Sequence[Cost]) -> Figure:
    """A block a column, a panel a cost. The dashes join what nothing beats at the same or a lower cost."""
    paid = {one.line.name for found in spent.values() for one in found if any(one.cost(cost) is not None for cost in costs)}
    numbers = {line.name: str(number) for number, line in enumerate((line for line in board.lines if line.name in paid), start=1)}
    unpaid = {one.line.name for found in spent.values() for one in found} - paid
    lines = [line for names in (paid, unpaid) for line in board.lines if line.name in names]
    across = max(2, len(costs) if len(costs) <= ACROSS else -(-len(costs) // 2))
    deep = -(-len(costs) // across)

    def height(row: int) -> float:
        found, of = list(spent.values())[row // deep], costs[row % deep * across :][:across]
        return max(2.4, 0.6 + max(_crowd(found, cost) for cost in of) * _APART_PT / 72)

    in_block = across * deep
    figure, axes = panels(len(spent) * in_block, width=WIDTH, heights=height, across=across, left=0.3)
    spots: list[tuple[Axes, list[Spot]]] = []
    for block, (place, found) in enumerate(spent.items()):
        own = axes[block * in_block : (block + 1) * in_block]
        for ax in own[len(costs) :]:
            ax.set_axis_off()
        for ax, cost in zip(own, costs, strict=False):
            named(ax, board, place, axis="y")
            known = [one for one in found if one.cost(cost) is not None]
            _cost(ax, cost, known)
            spots.append((ax, list(_spots(known, cost, numbers))))
    labels = [f"{numbers.get(line.name, '–')}  {drawable(line.label)}{' (no cost known)' * (line.name in unpaid)}" for line in lines]
    abreast = max(1, int(figure.get_figwidth() / (0.5 + 0.05 * max(map(len, labels)))))  # inches of a mark and of a letter
    figure.set_figheight(figure.get_figheight() + 0.16 * -(-len(lines) // abreast))
    figure.legend(key(line.kind for line in lines), labels, loc="outside lower center", ncols=abreast, fontsize=6, frameon=False)
    figure.draw_without_rendering()  # after which panels are where they will be
    for ax, of in spots:
        _number(ax, of, 72 / figure.dpi)
    return figure


def _cost(ax: Axes, cost: Cost, known: Sequence[Spent]) -> None:
    """The marks of a panel and its axes."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for one in known:
        shape, colour, fill = MARKS[one.line.kind]
        ax.plot(one.cost(cost), one.cell.value, shape, color=colour, markerfacecolor=fill, markersize=4.5)
    front = pareto(known, cost)
    ax.plot([one.cost(cost) for one in front], [one.cell.value for one in front], color="black", linewidth=0.8, linestyle="--")
    costs = [x for one in known if (x := one.cost(cost)) is not None]
    ax.locator_params(axis="x", nbins=4)  # costs that are nearly the same have long numbers
    if costs and _is_wide(costs):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))  # the usual one writes mathematics, which is switched off
        ax.xaxis.set_minor_formatter(NullFormatter())
    currencies = sorted({one.costs[cost].currency for one in known} - {""})
    unit = drawable(f", {' or '.join(currencies)}" if currencies else "")
    ax.set_xlabel(f"{COSTS[cost]}{unit}\ndashes: Pareto line" if known else f"{COSTS[cost]}: not recorded", fontsize=7)
    ax.margins(x=0.15, y=0.1)


def _spots(known: Sequence[Spent], cost: Cost, numbers: Mapping[str, str]) -> Iterator[Spot]:
    for one in known:
        x, y = one.cost(cost), one.cell.value
        if x is not None and y is not None:
            yield x, y, numbers[one.line.name]


def _number(ax: Axes, spots: Sequence[Spot], points: float) -> None:
    """Write the numbers to the right of their marks, those that would cover one another moved apart, with a line to the mark.

    Args:
        points: the size of a pixel.
    """
    from matplotlib.patheffects import withStroke

    if not spots:
        return
    marks = [(float(x) * points, float(y) * points) for x, y in ax.transData.transform([(x, y) for x, y, _ in spots])]
    bounds = ax.get_window_extent()
    texts = [text for _, _, text in spots]
    for at, y in enumerate(spread(marks, texts, bounds.y0 * points, bounds.y1 * points)):
        moved = y - marks[at][1]
        ax.annotate(
            texts[at],
            spots[at][:2],
            (_BESIDE_PT, moved),
            textcoords="offset points",
            fontsize=_SIZE_PT,
            va="center",
            path_effects=[withStroke(linewidth=1.2, foreground="white")],
            arrowprops={"arrowstyle": "-", "linewidth": 0.3, "color": "#626567", "shrinkA": 0, "shrinkB": 0} if abs(moved) > 1 else None,
        ).set_in_layout(False)  # or the panel would be laid out anew


def spread(marks: Sequence[tuple[float, float]], texts: Sequence[str], bottom: float, top: float) -> list[float]:
    """The height of each text beside its mark: its own where there is room, else as near as those above and below let it be.

    Texts that would cover one another are pushed down from the top, and up from the bottom; the mean of both keeps them apart too.

    Args:
        marks: from left and from below, in points.
        texts: written to the right of them.
        bottom: of the panel, which texts leave only where it is too low for all.
        top: of the panel.
    """
    upwards = sorted(range(len(marks)), key=lambda at: (marks[at][1], -marks[at][0], -at))
    reach = [marks[at][0] + _DIGIT_PT * len(text) + 1 for at, text in enumerate(texts)]

    def covers(one: int, other: int) -> bool:
        return marks[one][0] < reach[other] and marks[other][0] < reach[one]

    def pushed(heights: Sequence[float], order: Sequence[int], floor: float) -> list[float]:
        found = list(heights)
        for place, at in enumerate(order):
            found[at] = max([found[at], floor, *(found[other] + _APART_PT for other in order[:place] if covers(at, other))])
        return found

    def up(heights: Sequence[float]) -> list[float]:
        return pushed(heights, upwards, bottom + _APART_PT / 2)

    def down(heights: Sequence[float]) -> list[float]:
        return [-y for y in pushed([-y for y in heights], upwards[::-1], -(top - _APART_PT / 2))]

    own = [y for _, y in marks]
    return [(one + other) / 2 for one, other in zip(up(down(own)), down(up(own)), strict=True)]


def _crowd(found: Sequence[Spent], cost: Cost) -> int:
    """The most marks that one number's width holds: all of them must have their numbers above each other."""
    from math import log

    costs = sorted(x for one in found if (x := one.cost(cost)) is not None)
    if not costs:
        return 0
    at = list(map(log, costs)) if _is_wide(costs) else costs
    near = _NEAR * (at[-1] - at[0])
    return max(sum(0 <= other - one <= near for other in at) for one in at)


def _is_wide(costs: Sequence[float]) -> bool:
    return min(costs) > 0 and max(costs) / min(costs) > _SPREAD
