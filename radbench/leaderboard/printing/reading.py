"""How the cells of a board are put into words: numbers, intervals, and the footnotes that every table carries."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line, Outlay, Part
from radbench.leaderboard.lint import lint

NOT_RECORDED: Final = "n/r"
_USUAL: Final = 3  # decimals of a column without intervals


def decimals(board: Board, place: int) -> int:
    """Decimals of a column: two significant digits of the narrowest half width of its intervals, one to four."""
    halves = [(cell.ci[1] - cell.ci[0]) / 2 for _, cell in board.column(place) if cell.ci and cell.parts and cell.ci[1] > cell.ci[0]]
    return min(4, max(1, 1 - math.floor(math.log10(min(halves))))) if halves else _USUAL


def plain(value: float, places: int) -> str:
    """The number, rounded; never a negative zero."""
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def number(cell: Cell, places: int) -> str:
    """The value, rounded; a dash where it is undefined, a dagger where some replies are missing."""
    if cell.outlay is not None:
        return f"{amount(cell.outlay)}{'°' if cell.is_frontier else ''}"
    text = "-" if cell.value is None else plain(cell.value, places)
    return f"{text}†" if cell.is_partial else text


def amount(outlay: Outlay) -> str:
    """A cost in three significant digits, never with an exponent; a price with its currency."""
    if outlay.value is None:
        return NOT_RECORDED
    places = 2 - math.floor(math.log10(outlay.value)) if outlay.value > 0 else 0
    return f"{outlay.value:.{max(0, places)}f} {outlay.currency}".rstrip()


def interval(cell: Cell, places: int) -> str:
    """The interval in brackets, or ""."""
    return "" if cell.ci is None else f"[{plain(cell.ci[0], places)}, {plain(cell.ci[1], places)}]"


def headed(board: Board) -> list[tuple[str, list[Line]]]:
    """The lines under headings: models by what the card groups them by, then baselines, controls and reports; "" over models alone."""
    found: dict[str, list[Line]] = {}
    for line in board.lines:
        found.setdefault(_HEADINGS.get(line.kind) or _group_of(line, board.card.group), []).append(line)
    return [("" if list(found) == ["Models"] else heading, lines) for heading, lines in found.items()]


_HEADINGS: Final = {"baseline": "Baselines", "control": "Controls", "reported": "Reported, not reproduced"}


def _group_of(line: Line, by: str) -> str:
    """The heading of a model: a fact of its card (`open`, `family`, `parameters`, `licence`), or its class of exposure."""
    cell = next(cell for cell in line.cells if cell is not None)
    if by == "exposure":
        return cell.exposure
    card = cell.runs[0].run.model_card
    fact = card.get(by, card.get("about", {}).get(by)) if by else "Models"
    if isinstance(fact, bool):
        return "Open weights" if fact else "Closed weights"
    return str(fact or f"{by} unstated")


def remarks(board: Board) -> list[str]:
    """All that stands below a table: its footnotes, how values were scored, what the card notes, and what looks wrong."""
    return [*footnotes(board), *scored_by(board), *board.card.about.notes, *(f"to check: {said}" for said in lint(board))]


def scored_by(board: Board) -> list[str]:
    """How each value was scored: the signatures of the columns, each once, without what was asked."""
    found = {part.value.signature.partition("|ask:")[0]: None for line in board.lines for cell in line.cells if cell for part in cell.parts}
    return [f"scored by {'; '.join(found)}"] if found else []


def footnotes(board: Board) -> list[str]:
    """What a reader must know: sample sizes, how intervals were made, missing replies, reports, cells that are not compared."""
    cells = [cell for line in board.lines for cell in line.cells if cell is not None]
    if not cells:
        return ["no runs yet", *board.notes]
    notes = [*_sizes(board), *_made(part for cell in cells for part in cell.parts)]
    broken = [
        f"{part.run.model} on {part.run.task}: {part.run.status}, {part.summary.counts.n_failed} failed"
        for cell in cells
        for part in cell.parts
        if part.is_partial
    ]
    if broken:
        notes.append(f"† replies are missing: {'; '.join(dict.fromkeys(broken))}")
    classes = sorted({cell.exposure for line in board.lines if line.kind == "model" for cell in line.cells if cell})
    if len(classes) > 1:
        notes.append(f"models are ranked, and best values marked, within their class: {', '.join(classes)}")
    if any(cell.outlay for cell in cells):
        notes.append(f"costs: as runs record them and cards state them, compared with nothing; {NOT_RECORDED}: not recorded, or not stated")
    if any(cell.is_frontier for cell in cells):
        notes.append("° no line has a better value of the same task at the same or a lower cost")
    sources = {cell.reported.source: None for cell in cells if cell.reported}
    if sources:
        notes.append(f"reported, not reproduced, and not ranked: {'; '.join(sources)}")
    return [*notes, *(f"‡ {said}" for said in board.outside.values()), *board.tests, *board.notes]


def _sizes(board: Board) -> list[str]:
    """The sizes of each column, once for columns of the same tasks."""
    sizes: dict[str, dict[str, None]] = {}
    for place, column in enumerate(board.columns):
        found = sizes.setdefault(" + ".join(column.task), {})
        for _, cell in board.column(place):
            found |= dict.fromkeys(_size(part) for part in cell.parts if part.value.n_scored)
    listed = [f"{task} {' or '.join(found)}" for task, found in sizes.items() if found]
    return [f"n (clusters): {'; '.join(listed)}"] if listed else []


def _size(part: Part) -> str:
    how = part.summary.intervals
    return f"{part.value.n_scored} ({how['n_clusters']} {_plural(str(how['cluster']))})"


def _made(parts: Iterable[Part]) -> list[str]:
    made = sorted({_how(part) for part in parts})
    return [f"intervals: {' or '.join(made)}"] if made else []


def _how(part: Part) -> str:
    how = part.summary.intervals
    if not how["draws"]:
        return "none"
    return f"{float(how['level']):.0%}, {how['method']}, {how['draws']} draws, seed {how['seed']}"


def _plural(unit: str) -> str:
    return unit[:-1] + "ies" if unit.endswith("y") else f"{unit}s"
