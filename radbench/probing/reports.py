"""The reports that are edited: a small set of our own, or a user's file."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from radbench.catalog import Catalog
from radbench.errors import ContentError
from radbench.terms import Access, names_told

OWN: Final = Path(__file__).with_name("reports.jsonl")  # chest X-rays, in our own words, with a German translation each

_COLUMNS: Final = {
    "report": ("report", "reference", "findings", "text"),
    "id": ("id", "sample_id", "study_id", "study"),
    "cluster": ("cluster", "patient", "patient_id", "subject_id"),
    "translation": ("translation",),
}  # part -> the names under which it is looked for, in this order


@dataclass(frozen=True, slots=True)
class Report:
    """A report to be edited."""

    id: str
    text: str
    cluster: str = ""  # patient, else study; "": a cluster of its own
    translation: str = ""  # into another language, where there is one


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of one file."""

    name: str
    reports: tuple[Report, ...]
    access: Access


def own_reports(catalog: Catalog) -> Reports:
    """The 30 reports that come with radbench."""
    return read_reports(OWN, "open", catalog)


def read_reports(path: Path, access: Access, catalog: Catalog) -> Reports:
    """The reports of a JSONL or CSV file: a column `report`; `id`, `cluster` and `translation` where there are such.

    Raises:
        ContentError: the file is not there, cannot be read, has no such column, or a report or id is missing or stands twice.
    """
    columns = _columns(path)
    texts = {part: columns[part] for part in ("report", "translation") if part in columns}
    options = {"file": path.name, "columns": {p: columns[p] for p in ("id", "cluster") if p in columns}, "texts": texts, "access": access}
    rows = catalog.build("datasets", path.suffix[1:].lower(), options, where=str(path), split="test", root=path.parent)
    found: dict[str, Report] = {}
    for row in rows:
        if "report" not in row.texts:
            raise ContentError(f"{path}: the row `{row.id}` has no report in `{columns['report']}`; give it one, or take it out")
        if row.id in found:
            raise ContentError(f"{path}: two rows have the id `{row.id}`; ids must differ")
        found[row.id] = Report(row.id, row.texts["report"], row.cluster, row.texts.get("translation", ""))
    if not found:
        raise ContentError(f"{path}: holds no report")
    return Reports(path.stem, tuple(found.values()), access)


def _columns(path: Path) -> dict[str, str]:
    """The column of each part that a file has."""
    if path.suffix.lower() not in {".jsonl", ".csv"}:
        raise ContentError(f"{path}: reports are read from .jsonl and .csv files, got `{path.suffix}`")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = next((line for line in file if line.strip()), "")
        names = list(json.loads(head)) if path.suffix.lower() == ".jsonl" else [name.strip() for name in next(csv.reader([head]), [])]
    except OSError as error:
        raise ContentError(f"{path}: there is no such file of reports, or it cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, csv.Error) as error:
        raise ContentError(f"{path}: its first line is neither a JSON object nor a CSV header in UTF-8") from error
    found = {part: name for part, known in _COLUMNS.items() for name in reversed(known) if name in names}
    if "report" not in found:
        raise ContentError(f"{path}: expected a column {' or '.join(f'`{n}`' for n in _COLUMNS['report'])}; it has {names_told(names)}")
    return found
