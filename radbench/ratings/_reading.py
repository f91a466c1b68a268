"""What readers of rating files share: rows with their lines, cells as numbers and words, and files found among several.

Messages name file, line and column, never a text: it may be closed data.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from radbench.errors import ContentError, nearest
from radbench.ratings.table import ERROR_CATEGORIES, Rating, Scale, Significance
from radbench.terms import Access, cell_told, names_told

_TRUE: Final = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
COUNTS: Final = Scale("count", low=0, lower_is_better=True)  # of errors
PREFERENCE: Final = Scale("preference")
_IMPLIED: Final = {"errors": COUNTS, "preference": PREFERENCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the user says of a rating file that it does not say itself."""

    scales: Mapping[str, Scale] = field(default_factory=dict)  # by criterion
    mapping: Mapping[str, Any] = field(default_factory=dict)  # which column plays which part
    access: Access | None = None  # of the texts


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV file, or one object of a JSON file, and where it stands."""

    where: str  # file and line, for messages
    cells: Mapping[str, Any]

    def text(self, column: str) -> str:
        """A cell as text, without blanks around it; "" where it is blank or null."""
        value = self._cell(column)
        if value is None:
            return ""
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise ContentError(f"{self.where}, `{column}`: expected a text or a number, got {type(value).__name__}")

    def name(self, column: str) -> str:
        """A cell that must hold a name or an id."""
        found = self.text(column)
        if not found:
            raise ContentError(f"{self.where}, `{column}`: expected a name or an id, got a blank")
        return found

    def number(self, column: str) -> float:
        """A cell that must hold a finite number."""
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ContentError(f"{self.where}, `{column}`: expected a number, got {cell_told(text)}")
        return value

    def count(self, column: str) -> float:
        """A cell that must hold a whole number of things."""
        value = self.number(column)
        if value < 0 or value != int(value):
            raise ContentError(f"{self.where}, `{column}`: expected a count (0, 1, 2 ...), got `{value:g}`")
        return value

    def claim(self, column: str) -> bool:
        """A cell that must hold true or false."""
        value = self._cell(column)
        found = _TRUE.get(str(value).strip().lower())
        if found is None:
            raise ContentError(f"{self.where}, `{column}`: expected true or false, got {cell_told(str(value).strip())}")
        return found

    def one_of(self, column: str, known: Iterable[str]) -> str:
        """A cell that must hold one of some words."""
        text, known = self.text(column), list(known)
        if text not in known:
            raise ContentError(f"{self.where}, `{column}`: expected one of {', '.join(known)}, got {cell_told(text)}")
        return text

    def part(self, key: str) -> Row:
        """The object under a key of an object."""
        value = self._cell(key)
        if not isinstance(value, Mapping):
            raise ContentError(f"{self.where}, `{key}`: expected an object, got {type(value).__name__}")
        return Row(f"{self.where}, `{key}`", value)

    def _cell(self, column: str) -> Any:  # noqa: ANN401  # whatever JSON holds
        if column not in self.cells:
            near = nearest(column, map(str, self.cells))
            raise ContentError(f"{self.where}: no `{column}`{near} There is {names_told(self.cells)}")
        return self.cells[column]


def csv_rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV file with a header; columns without a name are left out.

    Raises:
        ContentError: as `csv_cells`, or a name stands twice in the header.
    """
    rows = csv_cells(path)
    _, header = next(rows, (1, []))
    named = [name.strip() for name in header if name.strip()]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise ContentError(f"{path}, line 1: column `{twice}` stands twice; rename one")
    for line, cells in rows:
        yield Row(f"{path}, line {line}", {name.strip(): cell for name, cell in zip(header, cells, strict=True) if name.strip()})


def csv_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The line and cells of each row of a CSV file in UTF-8, the header first; blank rows are left out.

    Raises:
        ContentError: the file cannot be read, or a row has more or fewer cells than the header.
    """
    width = 0
    with _opened(path) as file:
        rows = csv.reader(file, strict=True)
        try:
            for cells in rows:
                if not any(map(str.strip, cells)):
                    continue
                width = width or len(cells)
                if len(cells) != width:
                    raise ContentError(f"{path}, line {rows.line_num}: {len(cells)} cells, the header has {width}")
                yield rows.line_num, cells
        except csv.Error as error:
            raise ContentError(f"{path}, line {rows.line_num}: not readable as CSV: {error}") from error
        except UnicodeDecodeError as error:
            raise ContentError(f"{path}: is not UTF-8 text (byte {error.start}): save it as `CSV UTF-8`") from error


def header_of(path: Path) -> list[str]:
    """The column names of a CSV file, blanks around them removed; none where it cannot be read as one.

    Bytes that are no UTF-8 are no hindrance here: whoever reads the rows refuses them.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, csv.Error):
        return []


def objects(path: Path) -> Iterator[Row]:
    """The objects of a JSON file (a list of them, or an object keyed by id, which becomes `id`), or of a JSONL file.

    Raises:
        ContentError: the file cannot be read, or holds something else.
    """
    held = [(f"line {n}", item) for n, item in _lines(path)] if path.suffix == ".jsonl" else _entries(path, json_of(path))
    for place, item in held:
        if not isinstance(item, dict):
            raise ContentError(f"{path}, {place}: expected an object, got {type(item).__name__}")
        yield Row(f"{path}, {place}", item)


def json_of(path: Path) -> Any:  # noqa: ANN401  # whatever JSON holds
    """What a JSON file holds.

    Raises:
        ContentError: it is not there, or no JSON.
    """
    with _opened(path) as file:
        return _parsed(path, file.read())


def find(paths: Sequence[Path], pattern: str, layout: str) -> list[Path]:
    """The files of a name (with `*` for any part) among `paths`, and in those of them that are folders.

    Raises:
        ContentError: there is none; `layout` says what was expected.
    """
    found = [path for path in paths if path.is_file() and path.match(pattern)]
    found += [path for folder in paths if folder.is_dir() for path in sorted(folder.glob(pattern))]
    if not found:
        raise ContentError(f"{', '.join(map(str, paths))}: no file `{pattern}`. The layout: {layout}")
    return found


def csv_with(paths: Sequence[Path], columns: Iterable[str], layout: str) -> Path:
    """The one CSV file whose header holds some columns, among `paths` and in those of them that are folders.

    Raises:
        ContentError: there is none, or there are several; `layout` says what was expected.
    """
    wanted = set(columns)
    files = [path for path in paths if path.is_file()] + [file for path in paths if path.is_dir() for file in sorted(path.glob("*.csv"))]
    found = [file for file in files if wanted <= set(header_of(file))]
    if len(found) != 1:
        which = "no file" if not found else f"{len(found)} files ({', '.join(file.name for file in found)})"
        raise ContentError(f"{', '.join(map(str, paths))}: {which} with the columns {', '.join(sorted(wanted))}. The layout: {layout}")
    return found[0]


def scale_of(criterion: str, stated: Stated, source: object, found: Scale | None = None) -> Scale:
    """The scale of a criterion: as stated, else as found, else the one that its name implies.

    Raises:
        ContentError: no one says what its values mean.
    """
    known = stated.scales.get(criterion) or found or _IMPLIED.get(criterion)
    if known is None:
        raise ContentError(
            f"{source}: what do the values of `{criterion}` mean? Say it: --scale {criterion}=ordinal:1..5 "
            "(or nominal, interval:0..100, count, preference; with `:lower` at the end where lower is better)"
        )
    return known


def error_count(item: tuple[str, str], rater: str, kind: tuple[str, Significance], count: float) -> Rating:
    """A rater's count of one category and significance of error in a text (study, system)."""
    (study, system), (category, significance) = item, kind
    return Rating(
        study=study, system=system, rater=rater, criterion="errors", value=float(count), category=category, significance=significance
    )


def category_of(number: float, where: str) -> str:
    """The name of one of ReXVal's categories 1 to 6."""
    if number not in range(1, len(ERROR_CATEGORIES) + 1):
        raise ContentError(f"{where}: expected an error category from 1 to {len(ERROR_CATEGORIES)}, got `{number:g}`")
    return ERROR_CATEGORIES[int(number) - 1]


def _opened(path: Path) -> Any:  # noqa: ANN401  # a text file
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except FileNotFoundError as error:
        raise ContentError(f"{path}: there is no such file of ratings") from error


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _parsed(path, line, f", line {number}")


def _entries(path: Path, held: object) -> list[tuple[str, Any]]:
    if isinstance(held, list):
        return [(f"entry {number}", item) for number, item in enumerate(held, start=1)]
    if isinstance(held, dict):
        return [(f"`{key}`", {"id": key, **item} if isinstance(item, dict) else item) for key, item in held.items()]
    raise ContentError(f"{path}: expected a list of objects, or an object of objects keyed by id, got {type(held).__name__}")


def _parsed(path: Path, text: str, place: str = "") -> Any:  # noqa: ANN401  # whatever JSON holds
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # json's own message quotes no text
        raise ContentError(f"{path}{place}: not JSON: {error}") from error
