"""Which cells of a column are compared, how they rank within their class, and the order of lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from radbench.catalog.cards import BoardCard
from radbench.leaderboard.cells import KINDS, Cell, Line, LineKind
from radbench.leaderboard.costs import frontier
from radbench.records import comparable


def compared(card: BoardCard, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines in order, each cell marked as comparable or not and ranked within its class."""
    marked: list[list[Cell | None]] = [list(line.cells) for line in lines]
    kinds = {row: line.kind for row, line in enumerate(lines)}
    for place, column in enumerate(card.columns):
        present = {row: cell for row, cells in enumerate(marked) if (cell := cells[place]) and kinds[row] in ("model", "baseline")}
        if column.cost or not present:
            continue
        shared = _shared(list(present.values()))
        for row, cell in present.items():
            if comparable(cell.signature) != shared:
                present[row] = replace(cell, is_comparable=False, unlike=difference(comparable(cell.signature), shared))
        for row, cell in _ranked(present, kinds).items():
            marked[row][place] = cell
    for place, of in _qualities(card).items():
        pairs = {row: (cells[of], cells[place]) for row, cells in enumerate(marked) if kinds[row] in ("model", "baseline")}
        for row, cell in _frontier(pairs).items():
            marked[row][place] = replace(cell, is_frontier=True)
    done = [replace(line, cells=tuple(cells)) for line, cells in zip(lines, marked, strict=True)]
    return tuple(sorted(done, key=_in_order))


def _shared(cells: Sequence[Cell]) -> str:
    """The signature that most whole runs share."""
    whole = [cell for cell in cells if all(part.run.settings.limit is None and part.run.status == "complete" for part in cell.parts)]
    return Counter(comparable(cell.signature) for cell in whole or cells).most_common(1)[0][0]


def _ranked(cells: Mapping[int, Cell], kinds: Mapping[int, LineKind]) -> dict[int, Cell]:
    """The cells; those of models that are comparable with their rank in their class and their order among class and baselines."""
    done = dict(cells)
    alike = {row: cell for row, cell in cells.items() if cell.is_comparable and cell.value is not None}
    floors = [cell for row, cell in alike.items() if kinds[row] == "baseline"]
    for row, cell in alike.items():
        if kinds[row] != "model":
            continue
        rivals = [other for at, other in alike.items() if kinds[at] == "model" and other.exposure == cell.exposure]
        field = [*rivals, *floors]
        order = 1 + len({other.goodness for other in field if other.goodness > cell.goodness})
        rank = 1 + sum(other.goodness > cell.goodness for other in rivals)
        done[row] = replace(cell, rank=rank, order=order if order < 3 and len(field) > 1 else None)
    return done


def _qualities(card: BoardCard) -> dict[int, int]:
    """The column of values that each column of costs belongs to: the first of the same tasks."""
    values = {column.task: place for place, column in reversed(list(enumerate(card.columns))) if not column.cost}
    return {place: values[column.task] for place, column in enumerate(card.columns) if column.cost and column.task in values}


def _frontier(pairs: Mapping[int, tuple[Cell | None, Cell | None]]) -> dict[int, Cell]:
    """The cells of cost (second) of the lines that no other beats in quality (first) at the same or a lower cost."""
    known = [
        (row, cost, (cost.outlay, quality.goodness))
        for row, (quality, cost) in pairs.items()
        if quality and cost and quality.is_comparable and quality.value is not None and cost.outlay
    ]
    return {row: cost for row, cost, _ in (known[at] for at in frontier([point for _, _, point in known]))}


def _in_order(line: Line) -> tuple[int, tuple[tuple[bool, float], ...], str]:
    """By kind, then by value, column by column, then by name."""
    keys = tuple((cell is None or cell.value is None, 0.0 if cell is None or cell.value is None else -cell.goodness) for cell in line.cells)
    return KINDS.index(line.kind), keys, line.name


def difference(signature: str, shared: str) -> str:
    """Where two signatures differ, in words of their own: `data 506f6c4e against 1a2b3c4d, n 55 against 40`."""
    own, other = (dict(part.partition(":")[::2] for part in text.split("|")) for text in (signature, shared))
    parts = [f"{key} {own.get(key) or '-'} against {other.get(key) or '-'}" for key in {**own, **other} if own.get(key) != other.get(key)]
    return ", ".join(parts)
