"""How the cells of a board are put into words: numbers, intervals, and the footnotes that every table carries."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line, Outlay, Part
from radbench.leaderboard.exposure import Exposure
from radbench.leaderboard.lint import lint
from radbench.records import FEW

NOT_RECORDED: Final = "n/r"
_USUAL: Final = 3  # decimals of a column without intervals


def decimals(board: Board, place: int) -> int:
    """Decimals of a column: two significant digits of the narrowest half width of its intervals, one to four."""
    halves = [(cell.ci[1] - cell.ci[0]) / 2 for _, cell in board.column(place) if cell.ci and cell.parts and cell.ci[1] > cell.ci[0]]
    return min(4, max(1, 1 - math.floor(math.log10(min(halves))))) if halves else _USUAL


def digits(cell: Cell, places: int) -> int:
    """Decimals of a cell: those of its column, of a report no more than its source prints."""
    return min(places, cell.reported.decimals) if cell.reported else places


def plain(value: float, places: int) -> str:
    """The number, rounded; never a negative zero."""
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def number(cell: Cell, places: int) -> str:
    """The value, rounded; a dash where it is undefined, a dagger where some replies are missing."""
    if cell.outlay is not None:
        return f"{amount(cell.outlay)}{'°' if cell.is_frontier else ''}"
    text = "-" if cell.value is None else plain(cell.value, digits(cell, places))
    return f"{text}†" if cell.is_partial else text


def amount(outlay: Outlay) -> str:
    """A cost in three significant digits, never with an exponent; a price with its currency."""
    if outlay.value is None:
        return NOT_RECORDED
    places = 2 - math.floor(math.log10(outlay.value)) if outlay.value > 0 else 0
    return f"{outlay.value:.{max(0, places)}f} {outlay.currency}".rstrip()


def interval(cell: Cell, places: int) -> str:
    """The interval in brackets, or ""."""
    if cell.ci is None:
        return ""
    low, high = (plain(bound, digits(cell, places)) for bound in cell.ci)
    return f"[{low}, {high}]"


def headed(board: Board) -> list[tuple[str, list[Line]]]:
    """The lines under headings: models by what the card groups them by and, as ranks and marks go by class, by class of exposure, then
    baselines, controls and reports; "" over models alone."""
    found: dict[str, list[Line]] = {}
    apart = len(_classes(board)) > 1
    for line in board.lines:
        found.setdefault(_HEADINGS.get(line.kind) or _group_of(line, board.card.group, apart=apart), []).append(line)
    return [("" if list(found) == ["Models"] else heading, lines) for heading, lines in found.items()]


_HEADINGS: Final = {"baseline": "Baselines", "control": "Controls", "reported": "Reported, not reproduced"}
EXPOSED: Final[dict[Exposure, str]] = {
    "zero-shot": "zero-shot",
    "trained-on-train": "trained on the train split",
    "unknown": "exposure unknown",
    "trained-on-test": "trained on the test split",
}
_MIXED: Final = "exposure differs by column"


def _group_of(line: Line, by: str, *, apart: bool) -> str:
    """The heading of a model: a fact of its card (`open`, `family`, `parameters`, `licence`), and its class where classes stand apart."""
    classes = dict.fromkeys(cell.exposure for cell in line.cells if cell is not None)
    exposed = EXPOSED[next(iter(classes))] if len(classes) == 1 else _MIXED
    if by == "exposure":
        return exposed
    card = next(cell for cell in line.cells if cell is not None).runs[0].run.model_card
    fact = card.get(by, card.get("about", {}).get(by)) if by else "Models"
    named: dict[object, str] = {True: "Open weights", False: "Closed weights", None: "Weights unstated"} if by == "open" else {}
    heading = named.get(fact) or str(fact or f"{by} unstated")
    return f"{heading}, {exposed}" if apart else heading


def _classes(board: Board) -> dict[str, dict[str, None]]:
    """The classes of exposure of the models, each with the names of its lines."""
    found: dict[str, dict[str, None]] = {}
    for line in board.lines:
        for cell in line.cells if line.kind == "model" else ():
            if cell is not None:
                found.setdefault(cell.exposure, {})[line.name] = None
    return found


def remarks(board: Board) -> list[str]:
    """All that stands below a table: its footnotes, how values were scored, what the card notes, and what looks wrong."""
    return [*footnotes(board), *scored_by(board), *board.card.about.notes, *(f"to check: {said}" for said in lint(board))]


def scored_by(board: Board) -> list[str]:
    """How each value was scored: the signatures, without what was asked, each with its columns where there are several."""
    found: dict[str, dict[str, None]] = {}
    for place, name in enumerate(board.names):
        for _, cell in board.column(place):
            for part in cell.parts:
                found.setdefault(part.value.signature.partition("|ask:")[0], {})[name] = None
    told = [f"{how} ({', '.join(of)})" if len(found) > 1 else how for how, of in found.items()]
    return [f"scored by {'; '.join(told)}"] if told else []


def footnotes(board: Board) -> list[str]:
    """What a reader must know: sample sizes, how intervals were made, missing replies, reports, cells that are not compared."""
    cells = [cell for line in board.lines for cell in line.cells if cell is not None]
    if not cells:
        return ["no numbers yet", *board.notes]
    made = _made(part for cell in cells for part in cell.parts)
    notes = [*_sizes(board), *_together(board), *made, *_few(board), *_broken(board), *_apart(board)]
    if any(cell.outlay for cell in cells):
        notes.append(f"costs: as runs record them and cards state them, compared with nothing; {NOT_RECORDED}: not recorded, or not stated")
    if any(cell.is_frontier for cell in cells):
        notes.append("° no line has a better value of the same task at the same or a lower cost")
    sources = {cell.reported.source: None for cell in cells if cell.reported}
    if sources:
        notes.append(f"reported, not reproduced, and not ranked: {'; '.join(sources)}")
    return [*notes, *(f"‡ {said}" for said in board.outside.values()), *board.tests, *_unlike(board), *board.notes]


def _together(board: Board) -> Iterator[str]:
    """How the columns of several tasks were made of them, where they hold numbers of ours."""
    words = {"average": "the mean of the values of", "pooled": "the value of all cases of"}
    shares = {"average": "put together from Wilson's of each", "pooled": "Wilson's of all cases"}
    for place, (name, column) in enumerate(zip(board.names, board.columns, strict=True)):
        if len(column.task) > 1 and any(cell.parts for _, cell in board.column(place)):
            told = f"intervals of shares {shares[column.over]}, others from draws of clusters within each data set"
            yield f"{name}: {words[column.over]} {', '.join(column.task)}; {told}"


def _broken(board: Board) -> Iterator[str]:
    """Which runs lack replies, by the names of their lines."""
    parts = {
        (line.name, part.run.id): part for line in board.lines for cell in line.cells if cell for part in cell.parts if part.is_partial
    }
    said = []
    for (name, _), part in parts.items():
        counts = part.summary.counts
        failed = [f"{counts.n_failed} of {counts.n_total} failed"] if counts.n_failed else []
        said.append(f"{name} on {part.run.task}: {', '.join([*failed, *([part.run.status] if part.run.status != 'complete' else [])])}")
    if said:
        yield f"† replies are missing: {'; '.join(said)}"


def _apart(board: Board) -> Iterator[str]:
    """That ranks and marks go by class of exposure, where there are several; and the classes of lines that have several."""
    classes = _classes(board)
    if len(classes) > 1:
        yield f"models are ranked, and best values marked, within their class: {', '.join(sorted(classes))}"
    names = board.names
    for line in board.lines:
        known = {name: cell.exposure for name, cell in zip(names, line.cells, strict=True) if cell is not None}
        if line.kind == "model" and len(set(known.values())) > 1:
            yield f"{line.name}: {', '.join(f'{exposed} on {column}' for column, exposed in known.items())}"


def _unlike(board: Board) -> Iterator[str]:
    """Why cells are not compared."""
    for place, name in enumerate(board.names):
        for line, cell in board.column(place):
            if cell.unlike:
                yield f"{line.name} on {name}: not compared, {cell.unlike}"


def legend(board: Board, *, best: str, second: str = "", groups: str = "", other: str = "in parentheses") -> list[str]:
    """What the marks of a table mean, of those that stand in it.

    Args:
        best: how the best value of a class is marked.
        second: how the second best is; "" where it is not.
        groups: how the letters of groups are set; "" where they are not shown.
        other: how a number is set that is not compared; "" where that is said beside it.
    """
    cells = [cell for line in board.lines for cell in line.cells if cell is not None]
    orders = {cell.order for cell in cells}
    marks = [f"{best}: best of its class, and no baseline is better"] if 1 in orders else []
    marks += [f"{second}: second best"] if second and 2 in orders else []
    if groups and any(cell.standing and cell.standing.letters for cell in cells):
        marks.append(f"{groups}: models that share one are not told apart")
    marks += [f"{other}: not compared"] if other and any(not (cell.is_comparable or cell.reported) for cell in cells) else []
    marks += ["--: no run, or not reported"] if any(None in line.cells for line in board.lines) else []
    return ["; ".join(marks)] if marks else []


def _sizes(board: Board) -> list[str]:
    """The sizes of each column, once for columns of the same tasks."""
    sizes: dict[str, dict[str, None]] = {}
    for place, column in enumerate(board.columns):
        found = sizes.setdefault(" + ".join(column.task), {})
        for _, cell in board.column(place):
            if any(part.value.n_scored for part in cell.parts):
                found[" + ".join(map(_size, cell.parts))] = None
    listed = [f"{task} {' or '.join(found)}" for task, found in sizes.items() if found]
    return [f"n (clusters): {'; '.join(listed)}"] if listed else []


def _size(part: Part) -> str:
    """Cases of the value and, where some are left out, of the run, whose clusters are counted."""
    how, n, of = part.summary.intervals, part.value.n_scored, part.summary.counts.n_total
    return f"{n if n == of else f'{n} of {of}'} ({how['n_clusters']} {_plural(str(how['cluster']))})"


def _made(parts: Iterable[Part]) -> list[str]:
    """How intervals were made; a method that another one goes on from ("..., Wilson for shares") is told with it."""
    made = {_how(part) for part in parts}
    told = sorted(how for how in made if not any(how[1:] == other[1:] and other[0].startswith(f"{how[0]}, ") for other in made))
    return [f"intervals: {' or '.join(f'{method}{drawn}' for method, drawn in told)}"] if told else []


def _few(board: Board) -> Iterator[str]:
    """Which columns have bootstrap intervals of too few clusters, and how many these are."""
    found = []
    for place, name in enumerate(board.names):
        drawn = [cell for _, cell in board.column(place) if cell.ci and any(part.value.n_effective is None for part in cell.parts)]
        clusters = sorted({int(part.summary.intervals["n_clusters"]) for cell in drawn for part in cell.parts})
        found += [f"{name} ({', '.join(map(str, clusters))})"] if clusters and clusters[0] < FEW else []
    if found:
        yield f"fewer than {FEW} clusters, so that bootstrap intervals are too narrow to lean on: {'; '.join(found)}"


def _how(part: Part) -> tuple[str, str]:
    """The level and the method, and how often and from which seed was drawn."""
    how = part.summary.intervals
    if not how["draws"]:
        return "none", ""
    return f"{float(how['level']):.0%}, {how['method']}", f", {how['draws']} draws, seed {how['seed']}"


def _plural(unit: str) -> str:
    return unit[:-1] + "ies" if unit.endswith("y") else f"{unit}s"
