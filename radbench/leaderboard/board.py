"""A board: what runs scored on the values that a board card names, beside what others published; every cell with its provenance.

Read from run folders and the card's files of published rows. Numbers with different signatures are never compared: in each
column the signature most whole runs share is the one that is compared, and a cell with another one says so. Models are ranked
within their class of exposure. Runs with ablated images are controls, baselines are floors, published rows are reports:
all are shown, none is ranked as a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from radbench.catalog import Catalog
from radbench.catalog.cards import PATHS, Ask, BoardCard, Column
from radbench.errors import RadbenchError, RunError
from radbench.folder import RunFolder
from radbench.leaderboard.cells import Asked, Cell, Line, LineKind, Part
from radbench.leaderboard.combined import combine
from radbench.leaderboard.costs import COSTS, costs
from radbench.leaderboard.exposure import exposure, stated, worst
from radbench.leaderboard.published import PublishedRow, rows_of
from radbench.leaderboard.ranking import compared
from radbench.leaderboard.remarks import outside_scope, uncertified
from radbench.records import RunRecord

BASELINES: Final = frozenset(
    {"constant", "majority", "nearest-neighbour"}
)  # floors: they know no medicine, or only what the nearest training case said


@dataclass(frozen=True, slots=True)
class Board:
    """Columns of a card, a line for each model that has a number in one of them."""

    card: BoardCard  # of its columns `value` is filled in
    lines: tuple[Line, ...]
    notes: tuple[str, ...]  # what was left out, and what else is to be known of the whole
    outside: Mapping[int, str] = field(default_factory=dict)  # place of a column -> why its metric was not made for its task

    @property
    def title(self) -> str:
        """The card's."""
        return self.card.title

    @property
    def columns(self) -> tuple[Column, ...]:
        """The card's."""
        return self.card.columns

    @property
    def names(self) -> list[str]:
        """What each column is called where columns must be told apart: its name; where others have the same, with its heading, then with
        its value, then with how several tasks are put together."""
        headed = [f"{column.group} {column.name}".strip() for column in self.columns]
        values = [column.cost or column.value for column in self.columns]
        ways = [
            [column.name for column in self.columns],
            headed,
            [f"{name} ({value})" for name, value in zip(headed, values, strict=True)],
            [f"{name} ({value}, {column.over})" for name, value, column in zip(headed, values, self.columns, strict=True)],
        ]
        return [next((way[place] for way in ways if way.count(way[place]) == 1), ways[-1][place]) for place in range(len(self.columns))]

    @property
    def tests(self) -> tuple[str, ...]:
        """How standings were inferred, a sentence for columns and classes inferred alike; none where they were not."""
        found: dict[str, dict[str, None]] = {}
        for place, (name, column) in enumerate(zip(self.names, self.columns, strict=True)):
            called = name if column.value in name else f"{name} ({column.value})"
            for _, cell in self.column(place):
                if cell.standing is not None:
                    found.setdefault(cell.standing.how, {})[f"{called}, exposure {cell.exposure}"] = None
        return tuple(f"ranks and groups of {'; '.join(of)}: {how}" for how, of in found.items())

    def heading(self, place: int) -> str:
        """The name of a column, with a mark where its metric is used outside its scope."""
        return f"{self.columns[place].name}{'‡' if place in self.outside else ''}"

    def column(self, place: int) -> Iterator[tuple[Line, Cell]]:
        """The lines that have a cell in a column."""
        return ((line, cell) for line in self.lines if (cell := line.cells[place]) is not None)

    def lower_is_better(self, place: int) -> bool:
        """The direction of a column: as its metric has it, else as its card says."""
        found = next((cell for _, cell in self.column(place) if cell.parts), None)
        return found.lower_is_better if found else self.columns[place].lower_is_better

    def __repr__(self) -> str:
        from radbench.leaderboard.printing.text import text

        return text(self)

    def _repr_markdown_(self) -> str:
        from radbench.leaderboard.printing.markdown import markdown

        return markdown(self)


def build(card: BoardCard, folders: Iterable[RunFolder], catalog: Catalog) -> Board:
    """The board of a card from the run folders that fit its columns; of several runs asked alike the latest is taken.

    Runs on a task's validation split, where operating points are chosen, are left out.

    Raises:
        ContentError: a file of published rows is missing or damaged.
    """
    names = dict.fromkeys(task for column in card.columns for task in column.task)
    tasks = {name: catalog.task(name).ask for name in names if catalog.has("tasks", name)}
    found: dict[tuple[str, LineKind], dict[str, Asked]] = {}
    notes: list[str] = []
    repeated: dict[str, None] = {}
    cardless: Counter[str] = Counter()  # runs of tasks of this board whose cards are not known
    for folder in folders:
        try:
            run = folder.read_run()
            cardless[run.task] += run.task in names and run.task not in tasks
            if run.task not in tasks or run.data.split == tasks[run.task].validation:
                continue
            summary = folder.read_summary()
        except RunError as error:
            notes.append(f"left out: {error}")
            continue
        name, kind = _name(run, tasks[run.task])
        runs = found.setdefault((name, kind), {})
        if run.task in runs:
            repeated[f"{name} on {run.task}"] = None
        if run.task not in runs or run.started > runs[run.task].run.started:
            runs[run.task] = Asked(run, summary, folder)
    card = card.model_copy(update={"columns": tuple(_filled(column, found.values()) for column in card.columns)})
    columns = [_cells(column, list(found.values()), catalog, notes) for column in card.columns]
    lines = [Line(name, kind, tuple(cells[row] for cells in columns)) for row, (name, kind) in enumerate(found)]
    if repeated:
        notes.append(f"several runs were asked alike, and the latest is shown: {', '.join(repeated)}")
    notes += _without_numbers(card, lines, found.values())
    lines = [line for line in lines if any(line.cells)] + list(_reported(card, rows_of(card), notes))
    notes += _without_cards(card, lines, tasks, cardless)
    ordered = compared(card, lines)
    said = dict.fromkeys([*notes, *uncertified(card.columns, ordered)])
    return Board(card, ordered, tuple(said), outside_scope(card.columns, ordered, catalog))


def _name(run: RunRecord, ask: Ask) -> tuple[str, LineKind]:
    """How a line is named: the model, and where it or the task was changed on the command line."""
    settings = run.settings
    card, stated = run.model_card, _stated(run.model_card)
    changed = [said for key, value in card.get("options", {}).items() for said in _changed(key, value, stated.get(key))]
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


def _stated(card: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the model's card has them, by the names that its family takes."""
    weights = card.get("weights") or {}
    return {**card, "weights": weights.get("hub") or weights.get("path"), "revision": weights.get("revision"), **card.get("arguments", {})}


def _changed(key: str, value: object, stated: object) -> Iterator[str]:
    """What to say of an option that is not as the card has it: of several settings in one those that differ, of files no place."""
    if isinstance(value, Mapping):
        usual = stated if isinstance(stated, Mapping) else {}
        yield from (f"{name}={own}" for name, own in value.items() if own != usual.get(name))
    elif value != stated and not _is_placed(value, stated):
        yield f"{key}={Path(str(value)).name if key in {*PATHS, 'weights'} else value}"


def _is_placed(value: object, stated: object) -> bool:
    """True for a relative path of a card: it starts at the card's folder, wherever that lay."""
    if not isinstance(value, str) or not isinstance(stated, str):
        return False
    parts = Path(stated).expanduser().parts
    return bool(parts) and Path(value).parts[-len(parts) :] == parts


def _filled(column: Column, runs: Iterable[Mapping[str, Asked]]) -> Column:
    """The column with its value named: the card's, else the primary value of the task; a cost with its name in words."""
    if column.cost:
        return column.model_copy(update={"title": column.title or COSTS[column.cost], "lower_is_better": True})
    if column.value:
        return column
    first = column.task[0]
    primary = next((str(of[first].summary.score["primary"]) for of in runs if first in of), "")
    return column.model_copy(update={"value": primary})


def _cells(column: Column, lines: Sequence[Mapping[str, Asked]], catalog: Catalog, notes: list[str]) -> list[Cell | None]:
    """The cells of a column; None where a task of the column has no run with that value, or several cannot be put together."""
    cells = [_cell(column, runs) for runs in lines]
    several = [(row, cell) for row, cell in enumerate(cells) if cell is not None and len(cell.parts) > 1]
    models = [[(part.folder, part.value) for part in cell.parts] for _, cell in several]
    made = combine(models, column.over, [cell.parts[0].summary.intervals for _, cell in several], catalog)
    for (row, cell), one in zip(several, made, strict=True):
        if isinstance(one, RadbenchError):
            notes.append(f"{column.name}: {one}")
        cells[row] = None if isinstance(one, RadbenchError) else replace(cell, value=one[0], ci=one[1])
    return cells


def _cell(column: Column, runs: Mapping[str, Asked]) -> Cell | None:
    """The cell of a line, as far as one data set makes it; None where a task of the column has no run with that value."""
    if not all(task in runs for task in column.task):
        return None
    asked = tuple(runs[task] for task in column.task)
    known = worst(exposure(one.run) for one in asked)
    if column.cost:
        outlay = costs(asked)[column.cost]
        return Cell(value=outlay.value, ci=None, exposure=known, outlay=outlay, spent_by=asked, lower_is_better=True)
    values = [next((value for value in one.summary.values if value.id == column.value), None) for one in asked]
    parts = tuple(Part(one.run, one.summary, one.folder, value) for one, value in zip(asked, values, strict=True) if value is not None)
    if len(parts) < len(asked):
        return None
    first = parts[0].value
    return Cell(value=first.value, ci=_whole(first.ci), exposure=known, parts=parts, lower_is_better=first.lower_is_better)


def _without_numbers(card: BoardCard, lines: Sequence[Line], runs: Iterable[Mapping[str, Asked]]) -> Iterator[str]:
    """One sentence on each column whose value no run has, though there are runs of its tasks."""
    asked = {task for of in runs for task in of}
    given = {(task, value.id) for of in runs for task, one in of.items() for value in one.summary.values}
    for place, column in enumerate(card.columns):
        is_given = all((task, column.value) in given for task in column.task)
        if asked.issuperset(column.task) and not is_given and not any(line.cells[place] for line in lines):
            yield f"{column.name}: no model has a run of {' and '.join(column.task)} with a value `{column.value}`"


def _without_cards(card: BoardCard, lines: Sequence[Line], tasks: Collection[str], cardless: Mapping[str, int]) -> Iterator[str]:
    """One sentence on each task whose card is not known, where runs of it are left out or its column stays empty."""
    empty = {task for place, column in enumerate(card.columns) if not any(line.cells[place] for line in lines) for task in column.task}
    for task in dict.fromkeys(task for column in card.columns for task in column.task if task not in tasks):
        n = cardless.get(task, 0)
        if n or task in empty:
            said = f", and its {n} run{'s are' if n > 1 else ' is'} left out" if n else ""
            yield f"no card of the task {task} is known{said}: --catalog DIR adds the folder that holds it"


def _whole(ci: tuple[float | None, float | None] | None) -> tuple[float, float] | None:
    return None if ci is None or ci[0] is None or ci[1] is None else (ci[0], ci[1])


def _reported(card: BoardCard, rows: Sequence[PublishedRow], notes: list[str]) -> Iterator[Line]:
    """A line for each model and protocol of the published rows that a column asks for."""
    lines: dict[tuple[str, str], list[Cell | None]] = {}
    for place, column in enumerate(card.columns):
        for row in rows if column.published else ():
            if not row.fits(column.published):
                continue
            cells = lines.setdefault((row.model, row.protocol), [None] * len(card.columns))
            if (first := cells[place]) is not None and first.reported is not None:
                said = f"{first.reported.scaled:g} is shown, {row.scaled:g} ({row.source}) is not"
                notes.append(f"{row.model} on {column.name} is reported twice: {said}")
                continue
            cells[place] = Cell(
                value=row.scaled,
                ci=row.interval,
                exposure=stated(row.exposure),
                reported=row,
                lower_is_better=column.lower_is_better,
                is_comparable=False,
            )
    for (model, protocol), cells in lines.items():
        yield Line(model if protocol == "unstated" else f"{model} ({protocol})", "reported", tuple(cells))
