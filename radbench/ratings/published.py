"""Published facts on ratings: how metrics agree with radiologists, how radiologists agree with each other, how they rate systems.

They stand in published.csv, each with its source; what a source does not say is `unstated`. Values of different sets, coefficients
or poolings are not comparable, and none is ever ranked with values that are measured here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from radbench.errors import ContentError
from radbench.ratings._reading import Row, csv_rows

What: TypeAlias = Literal["metric against radiologists", "ceiling", "radiologists' rating of a system"]

UNSTATED: Final = "unstated"
_FILE: Final = Path(__file__).with_name("published.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One published value; None where the source does not say."""

    what: What
    name: str  # the metric's value as radbench names it, or the system
    statistic: str
    value: float | None  # None: the source gives a range alone
    low: float | None
    high: float | None
    interval: str  # what low and high are; "unstated" where there are none
    n_items: int | None
    n_raters: int | None
    source: str
    note: str


@cache
def published(file: Path = _FILE) -> tuple[Published, ...]:
    """All published values.

    Raises:
        ContentError: a row holds neither a value nor a range, an empty range, or no source.
    """
    return tuple(map(_read, csv_rows(file)))


def agreement_of(name: str) -> list[Published]:
    """What is published on the agreement of a metric with radiologists, by the name of its value: `rougeL`, `green`.

    >>> agreement_of("grad")[0].value
    0.55
    """
    return [one for one in published() if one.what == "metric against radiologists" and one.name == name]


def _read(row: Row) -> Published:
    value, low, high = (None if row.name(column) == UNSTATED else row.number(column) for column in ("value", "low", "high"))
    n_items, n_raters = (None if row.name(column) == UNSTATED else int(row.count(column)) for column in ("n_items", "n_raters"))
    what = next(known for known in get_args(What) if known == row.one_of("what", get_args(What)))
    interval = row.name("interval")
    if (low is None) != (high is None) or (low is None) != (interval == UNSTATED) or (value is None and low is None):
        raise ContentError(f"{row.where}: expected a value, or low and high with what they are in `interval`, or all of them")
    if low is not None and high is not None and not low <= (low if value is None else value) <= high:
        raise ContentError(f"{row.where}: expected low <= value <= high")
    return Published(
        what=what,
        name=row.name("name"),
        statistic=row.name("statistic"),
        value=value,
        low=low,
        high=high,
        interval=interval,
        n_items=n_items,
        n_raters=n_raters,
        source=row.name("source"),
        note=row.text("note"),
    )
