"""What `radbench reproduce` finds, as records; and which published cells it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from radbench.catalog import Catalog
from radbench.errors import ContentError
from radbench.leaderboard.published import PublishedRow, rows_of

Cause: TypeAlias = Literal["selection", "section", "cleaning", "metric", "tokenizer", "label policy", "aggregation"]
Verdict: TypeAlias = Literal["reproduced", "within interval", "not reproduced", "not measured"]

CAUSES: Final[tuple[Cause, ...]] = ("selection", "section", "cleaning", "metric", "tokenizer", "label policy", "aggregation")
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


def published_cells(catalog: Catalog, task: str) -> list[Wanted]:
    """The published rows that belong in columns of this task alone, over all boards of the catalogue.

    Raises:
        ContentError: a file of published rows is damaged.
    """
    found: dict[tuple[PublishedRow, str], Wanted] = {}
    for name in catalog.names("leaderboards"):
        card = catalog.board(name)
        columns = [column for column in card.columns if tuple(column.task) == (task,) and column.published]
        rows = rows_of(card) if columns else []
        for column in columns:
            for row in rows:
                if row.fits(column.published):
                    found.setdefault((replace(row, line=0), column.value), Wanted(row, column.value, _rounding(row, rows)))
    return list(found.values())


def of_model(wanted: Sequence[Wanted], names: Sequence[str], stated: str = "") -> list[Wanted]:
    """The cells of one published model: the one stated, else that which is called like the run's model.

    Raises:
        ContentError: there is none.
    """
    known = list(dict.fromkeys(one.row.model for one in wanted))
    chosen = [name for name in known if name == stated] if stated else [name for name in known if _plain(name) in map(_plain, names)]
    if not chosen:
        what = f"`{stated}`" if stated else f"a model called `{names[0]}`"
        raise ContentError(f"no published row of {what} belongs to this task; --as one of: {', '.join(known) or 'none is known'}")
    return [one for one in wanted if one.row.model in chosen]


def _plain(name: str) -> str:
    """A name without case, marks, and what stands in parentheses."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)", "", name).lower())


def _rounding(row: PublishedRow, rows: Sequence[PublishedRow]) -> float:
    """Half of the last digit: as many decimals as the source prints of this metric at most, since 20.0 is read as 20."""
    alike = [other.value for other in rows if (other.source, other.metric, other.unit) == (row.source, row.metric, row.unit)]
    places = max(len(f"{value:.10g}".partition(".")[2]) for value in alike)
    return 0.5 * 10.0**-places * (row.scaled / row.value if row.value else 1.0)
