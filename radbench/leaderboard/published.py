"""Published rows: values that papers and other boards report, read from CSV beside a board's card, number by number as stated.

They stand beside our own numbers and are never ranked with them. What a source does not say is `unstated`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Final

from radbench.catalog.cards import BoardCard
from radbench.errors import ContentError, nearest

UNSTATED: Final = "unstated"
_DIVISOR: Final = {"percent": 100.0}  # of units that our own values do not have; others are taken as they stand


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One reported value; texts as its source has them."""

    model: str
    task: str
    dataset: str
    split: str
    protocol: str  # who asked and scored, and how: the values of two protocols are not comparable
    n: str  # samples, or `unstated`
    exposure: str  # zero-shot, trained-on-train, or `unstated`
    metric: str
    value: float
    low: float | None  # of a stated interval
    high: float | None
    unit: str  # fraction, percent, raw, or `unstated`
    version: str  # of the source: boards change silently
    source: str
    note: str
    line: int  # in its file
    decimals: int  # of the value as its source prints it, in the unit of our own values

    @property
    def scaled(self) -> float:
        """The value in the unit of our own values."""
        return self.value / _DIVISOR.get(self.unit, 1.0)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The stated interval in the unit of our own values."""
        if self.low is None or self.high is None:
            return None
        by = _DIVISOR.get(self.unit, 1.0)
        return self.low / by, self.high / by

    def fits(self, wanted: Mapping[str, Sequence[str]]) -> bool:
        """True if each named field holds one of the texts wanted."""
        return all(getattr(self, name) in texts for name, texts in wanted.items())


COLUMNS: Final = tuple(field.name for field in fields(PublishedRow) if field.name not in ("line", "decimals"))


def read_published(path: Path) -> list[PublishedRow]:
    """The rows of a CSV file with the columns of `PublishedRow`.

    Raises:
        ContentError: the file is missing or has other columns, or a line lacks a model, metric or number; with its line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(_rows(csv.DictReader(file), path))
    except OSError as error:
        raise ContentError(f"{path}: cannot be read ({error.strerror or error}): the board's card names it as `rows`") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ContentError(f"{path}: is no CSV file in UTF-8 ({error})") from error


def _rows(reader: csv.DictReader[str], path: Path) -> Iterator[PublishedRow]:
    head = tuple(reader.fieldnames or ())
    for name in COLUMNS:
        if name not in head:
            raise ContentError(f"{path}:1: no column `{name}`{nearest(name, head)} Expected {', '.join(COLUMNS)}")
    for row in reader:
        where = f"{path}:{reader.line_num}"
        if None in row or None in row.values():
            raise ContentError(f"{where}: expected {len(head)} cells")
        texts = {name: row[name].strip() for name in COLUMNS}
        for name in ("model", "metric", "source"):
            if not texts[name]:
                raise ContentError(f"{where}: column `{name}` is empty")
        stated = {name: texts[name] or UNSTATED for name in ("protocol", "n", "exposure", "unit")}
        numbers = {name: _number(texts[name], f"{where}: column `{name}`") for name in ("value", "low", "high")}
        if numbers["value"] is None:
            raise ContentError(f"{where}: column `value` is empty")
        made = {"line": reader.line_num, "decimals": _decimals(texts["value"], stated["unit"])}
        yield PublishedRow(**{**texts, **stated, **numbers, **made})  # type: ignore[arg-type]  # numbers where numbers belong


def _number(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ContentError(f"{where}: expected a number, got `{text}`")
    return number


def _decimals(text: str, unit: str) -> int:
    """Digits after the point of a number as a fraction: `71.0` percent has three."""
    return max(0, -int(Decimal(text).as_tuple().exponent) + round(math.log10(_DIVISOR.get(unit, 1.0))))


def rows_of(card: BoardCard) -> list[PublishedRow]:
    """All published rows that a board's card names.

    Raises:
        ContentError: as `read_published`.
    """
    beside = card.file.parent if card.file else Path()
    return [row for name in card.rows for row in read_published(beside / name)]
