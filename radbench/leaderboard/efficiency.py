"""Quality against what it costs: for each line of a board's column its costs, and the lines that no other beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from radbench.catalog.cards import Cost
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line, Outlay
from radbench.leaderboard.costs import costs, frontier


@dataclass(frozen=True, slots=True)
class Spent:
    """A line's quality and costs."""

    line: Line
    cell: Cell
    costs: Mapping[Cost, Outlay]

    def cost(self, name: Cost) -> float | None:
        """One of the costs; None: not stated or not recorded."""
        return self.costs[name].value


def efficiency(board: Board, place: int) -> list[Spent]:
    """Each line of our own that has a defined value in a column, with its costs over the tasks of that column."""
    return [
        Spent(line, cell, costs(cell.parts))
        for line, cell in board.column(place)
        if cell.parts and cell.value is not None and line.kind in ("model", "baseline")
    ]


def pareto(spent: Sequence[Spent], name: Cost) -> list[Spent]:
    """The lines that no other beats in quality at the same or a lower cost, the cheapest first; cells not compared take no part."""
    compared = [one for one in spent if one.cell.is_comparable]
    return [compared[at] for at in frontier([(one.costs[name], one.cell.goodness) for one in compared])]
