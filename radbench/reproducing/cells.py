"""What `radbench reproduce` finds, as records; and which published cells it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, TypeAlias, get_args

from radbench.catalog import Catalog
from radbench.conventions import Preset, preset
from radbench.errors import ContentError
from radbench.leaderboard.published import PublishedRow, rows_of

Cause: TypeAlias = Literal["selection", "section", "cleaning", "reader", "metric", "tokenizer", "label policy", "aggregation"]
Verdict: TypeAlias = Literal["reproduced", "within interval", "not reproduced", "not measured"]

CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)
ALIKE: Final = "alike"  # what is said of a cause that both ways share


@dataclass(frozen=True, slots=True)
class Part:
    """What one change, made after those before it, does to the value."""

    cause: Cause
    change: float | None  # None: the value is not defined before or after it
    said: str  # what was changed; why nothing was


@dataclass(frozen=True, slots=True)
class Scored:
    """One of our values."""

    id: str  # `1 / id` where the paper prints the reciprocal
    value: float | None
    ci: tuple[float, float] | None
    signature: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReproduced:
    """One published number beside ours; all in the unit of our values."""

    model: str  # as published
    metric: str  # as published
    source: str
    reported: float
    reported_ci: tuple[float, float] | None
    rounding: float  # half of the last digit that the source prints
    strict: Scored | None
    convention: Scored | None
    parts: tuple[Part, ...]  # in the order of CAUSES; they add up to convention - strict
    unexplained: float | None  # reported - convention
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A run held against what a paper reports."""

    task: str
    paper: str  # the preset
    title: str
    source: str
    run: str
    model: str
    status: str
    cells: tuple[CellReproduced, ...]
    differs: tuple[str, ...]  # what the preset does not re-enact
    problems: tuple[str, ...]  # metrics that could not run

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A published row and the value of ours that its column shows."""

    row: PublishedRow
    value: str
    rounding: float


def published_cells(catalog: Catalog, task: str, paper: str) -> list[Wanted]:
    """The published rows that belong in columns of this task alone, over all boards of the catalogue.

    Raises:
        UnknownNameError: there is no convention called `paper`.
        ContentError: no row belongs to this task, with the tasks that have rows; or a file of rows is damaged.
    """
    known, tasks = preset(paper), _by_task(catalog)
    if task not in tasks:
        of_paper = [name for name, cells in tasks.items() if any(names_source(known, one.row) for one in cells)]
        raise ContentError(
            f"no published row belongs to the task `{task}`. Tasks with rows of {paper}: {_listed(of_paper, catalog)}. "
            f"Tasks with any rows: {_listed(tasks, catalog)}"
        )
    return tasks[task]


def names_source(known: Preset, row: PublishedRow) -> bool:
    """True if a row's source is one that scores by this convention."""
    return any(words in f"{row.model}: {row.source}" for words in known.rows)


def of_model(wanted: Sequence[Wanted], names: Sequence[str], stated: str = "") -> list[Wanted]:
    """The cells of one published model: the one stated, else that which is called like the run's model.

    Raises:
        ContentError: there is none, with the models that there are and who reports them.
    """
    sources: dict[str, dict[str, None]] = {}
    for one in wanted:
        sources.setdefault(one.row.model, {})[one.row.source] = None
    chosen = [name for name in sources if name == stated] if stated else [name for name in sources if _plain(name) in map(_plain, names)]
    if not chosen:
        what = f"`{stated}`" if stated else f"a model called `{names[0]}`"
        listed = "".join(f"\n  --as {model!r}: {'; '.join(said)}" for model, said in sources.items())
        raise ContentError(f"no published row of {what} belongs to this task; it has rows of{listed}")
    return [one for one in wanted if one.row.model in chosen]


def _by_task(catalog: Catalog) -> dict[str, list[Wanted]]:
    """The published cells of each task that has a column of its own with rows."""
    found: dict[str, dict[tuple[PublishedRow, str], Wanted]] = {}
    for name in catalog.names("leaderboards"):
        card = catalog.board(name)
        columns = [column for column in card.columns if len(column.task) == 1 and column.published]
        rows = rows_of(card) if columns else []
        for column in columns:
            for row in rows:
                if row.fits(column.published):
                    cells = found.setdefault(column.task[0], {})
                    cells.setdefault((replace(row, line=0), column.value), Wanted(row, column.value, _rounding(row, rows)))
    return {task: list(cells.values()) for task, cells in found.items()}


def _listed(tasks: Iterable[str], catalog: Catalog) -> str:
    """Names of tasks, those that the catalogue has first."""
    ready, others = list[str](), list[str]()
    for name in tasks:
        (ready if catalog.has("tasks", name) else others).append(name)
    return (
        ", ".join(ready) + ("; " if ready and others else "") + (f"not in the catalogue: {', '.join(others)}" if others else "") or "none"
    )


def _plain(name: str) -> str:
    """A name without case, marks, and what stands in parentheses."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)", "", name).lower())


def _rounding(row: PublishedRow, rows: Sequence[PublishedRow]) -> float:
    """Half of the last digit: as many decimals as the source prints of this metric at most, since 20.0 is read as 20."""
    alike = [other.value for other in rows if (other.source, other.metric, other.unit) == (row.source, row.metric, row.unit)]
    places = max(len(f"{value:.10g}".partition(".")[2]) for value in alike)
    return 0.5 * 10.0**-places * (row.scaled / row.value if row.value else 1.0)
