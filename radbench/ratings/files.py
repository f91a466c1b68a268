"""Ratings in CSV files: radbench's own long table, read and written, and any other long or wide table through a mapping.

The own table has the columns of `Rating`, and may have `scale` ("ordinal:1..5"), `text` and `reference` (`reference_2` ...).

A mapping says which column plays which part, or states a constant; in a wide table, what each rated column holds:

    study: case_id                     study: case_id
    system: {value: my-model}          system: model
    rater: reader                      columns:
    criterion: question                  reader1_quality: {rater: reader1, criterion: quality}
    value: score                         reader2_quality: {rater: reader2, criterion: quality}
    scales: {quality: "ordinal:1..5"}  scales: {quality: "ordinal:1..5"}

`values: {good: 2, fair: 1, poor: 0}` turns words into numbers. Further parts: category, significance, seconds, position, years,
subspecialty, scale, text, reference (several columns: a list).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, get_args

from radbench.errors import ContentError, nearest
from radbench.ratings._reading import COUNTS, Row, Stated, csv_rows, header_of, scale_of
from radbench.ratings.table import RatedText, Rating, Ratings, Scale, ScaleKind, Significance
from radbench.terms import cell_told

PARTS: Final = tuple(field.name for field in fields(Rating))
_NEEDED: Final = ("study", "system", "rater", "criterion")
_NUMBERS: Final = ("seconds", "position", "years")
_BESIDE: Final = ("scale", "text", "reference")
_KEYS: Final = (*PARTS, *_BESIDE, "columns", "scales", "values")
_SCALE: Final = re.compile(r"(\w+)(?::(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?))?(:lower)?")


def parse_scale(text: str) -> Scale:
    """A scale as it is written: `ordinal:1..5`, `interval:0..100:lower`, `nominal`, `count` (of errors), `preference`.

    Raises:
        ContentError: it is not of that form.
    """
    found = _SCALE.fullmatch(text.strip())
    kind = next((known for known in get_args(ScaleKind) if found and found[1] == known), None)
    low, high = (float(end) if found and end else None for end in (found.group(2, 3) if found else (None, None)))
    if kind is None or found is None or (low is not None and high is not None and low >= high):
        kinds = ", ".join(get_args(ScaleKind))
        raise ContentError(f"`{text}` is no scale: write {kinds}, with `:1..5` for its ends and `:lower` where lower is better")
    if kind == "count":
        return replace(COUNTS, high=high)
    return Scale(kind, low, high, found[4] is not None)


def written(scale: Scale) -> str:
    """A scale as `parse_scale` reads it."""
    ends = f":{scale.low:g}..{scale.high:g}" if scale.low is not None and scale.high is not None else ""
    return f"{scale.kind}{ends}{':lower' if scale.lower_is_better and scale.kind != 'count' else ''}"


def write(ratings: Ratings, path: Path, *, with_texts: bool = False) -> None:
    """Write the long table, a rating a line; with the rated texts and their references only if asked: they may be closed data."""
    texts = {(text.study, text.system): text for text in ratings.texts} if with_texts else {}
    n_references = max((len(text.references) for text in texts.values()), default=0)
    columns = [*PARTS, "scale", *(["text", *_reference_columns(n_references)] if with_texts else [])]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        for row in ratings.rows:
            cells = [_cell(getattr(row, part)) for part in PARTS] + [written(ratings.scales[row.criterion])]
            if with_texts:
                text = texts.get((row.study, row.system), RatedText(row.study, row.system, ""))
                cells += [text.text, *text.references, *[""] * (n_references - len(text.references))]
            table.writerow(cells)


def read_long(paths: Sequence[Path], stated: Stated) -> Ratings:
    """Tables with the columns of `Rating`, as `write` writes them."""
    header = header_of(paths[0])
    missing = [part for part in (*_NEEDED, "value") if part not in header]
    if missing:
        raise ContentError(f"{paths[0]}, line 1: no column `{missing[0]}`; the long table has {', '.join((*_NEEDED, 'value'))} at least")
    references = [name for name in header if name == "reference" or name.startswith("reference_")]
    mapping: dict[str, Any] = {part: part for part in (*PARTS, "scale", "text") if part in header}
    return read_mapped(paths, replace(stated, mapping={**mapping, **({"reference": references} if references else {})}))


def read_mapped(paths: Sequence[Path], stated: Stated) -> Ratings:
    """Any tables through `stated.mapping`. Cells without a value are not rated, and counted in long tables.

    Raises:
        ContentError: the mapping is not one, a column it names is not there, a cell is no number or off the scale, a criterion
            has no scale, or one text has two versions.
    """
    plan = _Plan.of(stated.mapping)
    rows: list[tuple[str, Rating]] = []
    texts: dict[tuple[str, str], RatedText] = {}
    scales: dict[str, Scale] = {name: parse_scale(str(text)) for name, text in plan.scales.items()}
    blanks = 0
    for path in paths:
        for row in csv_rows(path):
            for rating in plan.ratings(row):
                if rating is None:
                    blanks += 0 if plan.columns else 1
                    continue
                if "scale" in plan.parts and (text := plan.parts["scale"].of(row)):
                    said = parse_scale(text)
                    if scales.setdefault(rating.criterion, said) != said:
                        raise ContentError(f"{row.where}: `{rating.criterion}` is on the scale {text} here, on another one before")
                rows.append((row.where, rating))
                plan.add_text(row, rating, texts)
    source = str(paths[0])
    criteria = dict.fromkeys(rating.criterion for _, rating in rows)
    scales = {criterion: scale_of(criterion, stated, source, scales.get(criterion)) for criterion in criteria}
    for where, rating in rows:
        scale = scales[rating.criterion]
        if not scale.holds(rating.value):
            raise ContentError(f"{where}: the value {rating.value:g} of `{rating.criterion}` is off its scale {written(scale)}")
    notes = (f"{blanks} rows without a value are left out",) if blanks else ()
    return Ratings(tuple(rating for _, rating in rows), scales, source, tuple(texts.values()), stated.access or "credentialed", notes)


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a part of a rating comes from: a column, or a constant."""

    column: str
    constant: str = ""

    def of(self, row: Row) -> str:
        return row.text(self.column) if self.column else self.constant


@dataclass(frozen=True, slots=True)
class _Plan:
    """A mapping, checked."""

    parts: Mapping[str, _Part]
    references: tuple[str, ...]
    columns: Mapping[str, Mapping[str, _Part]]  # of a wide table: rated column -> parts that it fixes
    scales: Mapping[str, object]
    words: Mapping[str, float]  # what stands for a number

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> _Plan:
        for key in mapping:
            if key not in _KEYS:
                raise ContentError(f"the mapping: `{key}` is no part of a rating{nearest(str(key), _KEYS)} Parts: {', '.join(_KEYS)}")
        columns = {
            str(column): {str(part): _Part("", str(value)) for part, value in _dict(fixed, f"columns: {column}").items()}
            for column, fixed in _dict(mapping.get("columns", {}), "columns").items()
        }
        parts = {part: _part(part, mapping[part]) for part in (*PARTS, "scale", "text") if part in mapping}
        for fixed in columns.values() or [{}]:
            missing = [part for part in (*_NEEDED, *([] if columns else ["value"])) if part not in {**parts, **fixed}]
            if missing:
                raise ContentError(
                    f"the mapping: nothing says what the `{missing[0]}` of a rating is: name its column, or a constant as {{value: ...}}"
                )
        references = mapping.get("reference", ())
        words = {str(word): float(number) for word, number in _dict(mapping.get("values", {}), "values").items()}
        listed = (references,) if isinstance(references, str) else tuple(map(str, references))
        return cls(parts, listed, columns, _dict(mapping.get("scales", {}), "scales"), words)

    def ratings(self, row: Row) -> Iterator[Rating | None]:
        """The ratings of a row; None where there is no value."""
        if not self.columns:
            part = self.parts["value"]
            yield self._rating(row, self.parts, self._value(row, part.column) if part.column else float(part.constant))
        for column, fixed in self.columns.items():
            yield self._rating(row, {**self.parts, **fixed}, self._value(row, column))

    def _value(self, row: Row, column: str) -> float | None:
        text = row.text(column)
        return None if not text else self.words[text] if text in self.words else row.number(column)

    def _rating(self, row: Row, parts: Mapping[str, _Part], value: float | None) -> Rating | None:
        if value is None:
            return None
        said: dict[str, Any] = {part: parts[part].of(row) for part in PARTS if part in parts and part != "value"}
        for part in _NEEDED:
            if not said[part]:
                raise ContentError(f"{row.where}: the `{part}` is blank (column `{parts[part].column}`)")
        if said.get("significance", "") not in get_args(Significance):
            raise ContentError(f"{row.where}: expected significant or insignificant, got {cell_told(said['significance'])}")
        for part in _NUMBERS:
            number = row.number(parts[part].column) if said.get(part) and parts[part].column else said.get(part)
            said[part] = None if number in ("", None) else int(number) if part == "position" else float(number)
        return Rating(**said, value=value)

    def add_text(self, row: Row, rating: Rating, texts: dict[tuple[str, str], RatedText]) -> None:
        """Keep the rated text of a row, which must be the same wherever it stands."""
        if "text" not in self.parts:
            return
        references = tuple(text for column in self.references if (text := row.text(column)))
        rated = RatedText(rating.study, rating.system, self.parts["text"].of(row), references)
        if texts.setdefault((rating.study, rating.system), rated) != rated:
            raise ContentError(
                f"{row.where}: the text or reference of `{rating.system}` on `{rating.study}` is another one than in an earlier row"
            )


def _part(name: str, said: object) -> _Part:
    if isinstance(said, str):
        return _Part(said)
    if isinstance(said, Mapping) and set(said) == {"value"}:
        return _Part("", str(said["value"]))
    raise ContentError(f"the mapping: `{name}` expects the name of a column, or a constant as {{value: ...}}")


def _dict(said: object, key: str) -> Mapping[str, Any]:
    if not isinstance(said, Mapping):
        raise ContentError(f"the mapping: `{key}` expects a mapping, got {type(said).__name__}")
    return said


def _reference_columns(n: int) -> list[str]:
    return ["reference", *(f"reference_{number}" for number in range(2, n + 1))][:n]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
