"""How the cells of a board are put into words: numbers, intervals, and the footnotes that every table carries."""

from __future__ import annotations

from radbench.leaderboard.board import Board, Cell


def number(cell: Cell) -> str:
    """The value with three places; a dash where it is undefined, a dagger where some replies are missing."""
    value = cell.value.value
    text = "-" if value is None else f"{value:.3f}"
    return f"{text}†" if cell.summary.counts.n_failed or cell.run.status != "complete" else text


def interval(cell: Cell) -> str:
    """The interval in brackets, or ""."""
    if cell.value.ci is None or None in cell.value.ci:
        return ""
    low, high = cell.value.ci
    return f"[{low:.3f}, {high:.3f}]"


def footnotes(board: Board) -> list[str]:
    """What a reader must know: sample sizes, how intervals were made, missing replies, cells that are not compared."""
    cells = [cell for line in board.lines for cell in line.cells if cell is not None]
    if not cells:
        return ["no runs yet", *board.notes]
    sizes = []
    for place, column in enumerate(board.columns):
        of_column = [line.cells[place] for line in board.lines if line.cells[place]]
        found = sorted(
            {
                (cell.value.n_scored, str(cell.summary.intervals["n_clusters"]), str(cell.summary.intervals["cluster"]))
                for cell in of_column
                if cell
            }
        )
        if found:
            sizes.append(f"{column.task} " + " or ".join(f"{n} ({clusters} {_plural(unit)})" for n, clusters, unit in found))
    made = sorted({_made(cell) for cell in cells})
    notes = [f"n (clusters): {'; '.join(sizes)}", f"intervals: {' or '.join(made)}"]
    broken = [
        f"{cell.run.model} on {cell.run.task}: {cell.run.status}, {cell.summary.counts.n_failed} failed"
        for cell in cells
        if number(cell).endswith("†")
    ]
    if broken:
        notes.append(f"† replies are missing: {'; '.join(broken)}")
    return [*notes, *board.notes]


def _made(cell: Cell) -> str:
    how = cell.summary.intervals
    if not how["draws"]:
        return "none"
    return f"{float(how['level']):.0%}, {how['method']}, {how['draws']} draws, seed {how['seed']}"


def _plural(unit: str) -> str:
    return unit[:-1] + "ies" if unit.endswith("y") else f"{unit}s"
