"""A board: what runs scored on the values that a board card names, ready to be written as text, Markdown, LaTeX or HTML.

Read from run folders alone. Numbers with different signatures are never ranked against each other: in each column the
signature most whole runs share is the one that is compared, and a cell with another one says so. Runs with ablated images
are controls and baselines are floors: both are shown, neither is ranked as a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from radbench.catalog import Catalog
from radbench.catalog.cards import Ask, BoardCard, Column
from radbench.errors import RunError
from radbench.folder import RunFolder, RunRecord, Summary, ValueRecord

LineKind: TypeAlias = Literal["model", "baseline", "control"]

BASELINES: Final = frozenset({"constant", "majority", "nearest-neighbour"})  # families that see nothing of what they are asked


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of one run."""

    value: ValueRecord
    run: RunRecord
    summary: Summary
    folder: RunFolder
    is_comparable: bool = True  # False: its signature is not the one the column compares
    is_best: bool = False  # of the comparable cells of models and baselines, by the unrounded value


@dataclass(frozen=True, slots=True)
class Line:
    """A model, asked in one way."""

    name: str
    kind: LineKind
    cells: tuple[Cell | None, ...]  # one a column; None: no run


@dataclass(frozen=True, slots=True)
class Board:
    """Columns of a card, a line for each model that has a run in one of them."""

    title: str
    columns: tuple[Column, ...]  # `value` is filled in
    lines: tuple[Line, ...]
    notes: tuple[str, ...]  # why cells are not compared, what was left out

    def _repr_markdown_(self) -> str:
        from radbench.leaderboard.markdown import markdown

        return markdown(self)


def build(card: BoardCard, folders: Iterable[RunFolder], catalog: Catalog) -> Board:
    """The board of a card from the run folders that fit its columns; of several runs asked alike the latest is taken.

    Runs on a task's validation split, where operating points are chosen, are left out.
    """
    tasks = {column.task: catalog.task(column.task).ask for column in card.columns}
    found: dict[tuple[str, LineKind], dict[str, tuple[RunRecord, Summary, RunFolder]]] = {}
    notes: list[str] = []
    for folder in folders:
        try:
            run = folder.read_run()
            if run.task not in tasks or run.data.split == tasks[run.task].validation:
                continue
            summary = folder.read_summary()
        except RunError as error:
            notes.append(f"left out: {error}")
            continue
        runs = found.setdefault(_name(run, tasks[run.task]), {})
        if run.task not in runs or run.started > runs[run.task][0].started:
            runs[run.task] = (run, summary, folder)
    columns = tuple(_filled(column, found.values()) for column in card.columns)
    lines = [Line(name, kind, tuple(_cell(column, runs.get(column.task)) for column in columns)) for (name, kind), runs in found.items()]
    lines.sort(key=lambda line: (("model", "baseline", "control").index(line.kind), line.name))
    return _compared(Board(card.title, columns, tuple(lines), tuple(notes)))


def _name(run: RunRecord, ask: Ask) -> tuple[str, LineKind]:
    """How a line is named: the model, and where it or the task was changed on the command line."""
    settings = run.settings
    card, options = run.model_card, run.model_card.get("options", {})
    changed = [f"{key}={value}" for key, value in options.items() if card.get("arguments", {}).get(key, card.get(key)) != value]
    usual, asked = ask.model_dump(mode="json"), run.task_card["ask"]
    changed += [f"{key}={value}" for key, value in asked.items() if value != usual.get(key)]
    if settings.repeats > 1:
        changed.append(f"{settings.repeats} repeats")
    if settings.limit is not None:
        changed.append(f"first {settings.limit}")
    if settings.images != "real":
        changed.append(f"images {settings.images}")
    name = f"{run.model} ({', '.join(changed)})" if changed else run.model
    return name, "control" if settings.images != "real" else "baseline" if card["family"] in BASELINES else "model"


def _filled(column: Column, runs: Iterable[dict[str, tuple[RunRecord, Summary, RunFolder]]]) -> Column:
    """The column with its value named: the card's, else the primary value of the task."""
    if column.value:
        return column
    primary = next((str(of[column.task][1].score["primary"]) for of in runs if column.task in of), "")
    return column.model_copy(update={"value": primary})


def _cell(column: Column, found: tuple[RunRecord, Summary, RunFolder] | None) -> Cell | None:
    if found is None:
        return None
    run, summary, folder = found
    value = next((value for value in summary.values if value.id == column.value), None)
    return None if value is None else Cell(value, run, summary, folder)


def _compared(board: Board) -> Board:
    """The board with each column's cells marked as comparable or not, and the best of the comparable ones."""
    notes = list(board.notes)
    marked: list[list[Cell | None]] = [list(line.cells) for line in board.lines]
    for place, column in enumerate(board.columns):
        rivals = [(row, cells[place]) for row, cells in enumerate(marked) if board.lines[row].kind != "control"]
        present = [(row, cell) for row, cell in rivals if cell is not None]
        if not present:
            continue
        whole = [cell for _, cell in present if cell.run.settings.limit is None and cell.run.status == "complete"]
        shared, _ = Counter(cell.value.signature for cell in whole or [cell for _, cell in present]).most_common(1)[0]
        alike = [(row, cell) for row, cell in present if cell.value.signature == shared and cell.value.value is not None]
        best = _best([cell for _, cell in alike])
        for row, cell in present:
            is_comparable = cell.value.signature == shared
            marked[row][place] = replace(
                cell, is_comparable=is_comparable, is_best=is_comparable and len(alike) > 1 and cell.value.value == best
            )
            if not is_comparable:
                notes.append(f"{board.lines[row].name} on {column.task}: not compared, {_difference(cell.value.signature, shared)}")
    lines = tuple(replace(line, cells=tuple(cells)) for line, cells in zip(board.lines, marked, strict=True))
    return replace(board, lines=lines, notes=tuple(notes))


def _best(cells: Sequence[Cell]) -> float | None:
    values = [cell.value.value for cell in cells if cell.value.value is not None]
    if not values:
        return None
    return min(values) if cells[0].value.lower_is_better else max(values)


def _difference(signature: str, shared: str) -> str:
    """Where two signatures differ, in words of their own."""
    own, other = (dict(part.partition(":")[::2] for part in text.split("|")) for text in (signature, shared))
    parts = [f"{key} {own.get(key) or '-'} against {other.get(key) or '-'}" for key in {**own, **other} if own.get(key) != other.get(key)]
    return ", ".join(parts)
