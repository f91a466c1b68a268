"""A user's CSV file as a data set: a header and one row a record, comma-separated, in UTF-8 with or without a BOM.

How a card describes the columns stands in `_table.py`. Cells may hold commas and line breaks in quotes. A cell with
several images, options or labels parts them by `|`, or is a JSON list; several answers stand in several columns;
boxes are a JSON list. Blanks around header names are dropped. The rows are held in memory.
"""

from __future__ import annotations

import csv
from array import array
from typing import ClassVar, Final

from radbench.datasets._table import Row, Table
from radbench.errors import ContentError
from radbench.terms import names_told

_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .ods begin (zip archives), and .xls
_SEPARATORS: Final = {b";": "semicolons", b"\t": "tabs"}
_HEADER_BYTES: Final = 1 << 16  # more than any header


class Csv(Table):
    """One split of a CSV file; the arguments are those of `Table`."""

    name: ClassVar[str] = "csv"
    separator: ClassVar[str] = "|"

    def _index(self) -> None:
        self._refuse_other_kinds()
        self._rows: list[list[str]] = []
        self._lines = array("Q")  # the last line of each row: a row may hold line breaks
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            try:
                self._header = header = [name.strip() for name in next(rows, [])]
                self._check_header()
                split = header.index(self._split_column) if self._split_column else None
                for row in rows:
                    if row and len(row) != len(header):
                        raise ContentError(f"{self.path.name}, line {rows.line_num}: {len(row)} cells, the header has {len(header)}")
                    if row and (split is None or row[split].strip() == self._split):
                        self._rows.append(row)
                        self._lines.append(rows.line_num)
            except UnicodeDecodeError as error:
                raise ContentError(f"{self.path.name} is not in UTF-8: save it as `CSV UTF-8`, as Excel calls it") from error
            except csv.Error as error:
                raise ContentError(f"{self.path.name}, line {rows.line_num}: not readable as CSV: {error}") from error

    def _refuse_other_kinds(self) -> None:
        """Refuse what spreadsheets write instead of CSV, as far as the first line tells."""
        with self.path.open("rb") as file:
            first = file.readline(_HEADER_BYTES)
        if first.startswith(_WORKBOOKS):
            raise ContentError(f"{self.path.name} is a workbook, not CSV: save its sheet as `CSV UTF-8` and name that file")
        separator = None if b"," in first else next((name for mark, name in _SEPARATORS.items() if mark in first), None)
        if separator:
            raise ContentError(
                f"{self.path.name}, line 1: its columns are separated by {separator}: save it as `CSV UTF-8` with commas. Excel takes "
                "the separator from the list separator of the system's regional settings; LibreOffice asks for it"
            )

    def _check_header(self) -> None:
        named = (*self._column.values(), *self._images, *self._answers, *dict(self._texts).values(), *self._subgroups)
        for name in filter(None, (*named, *dict(self._sections).values())):
            times = self._header.count(name)
            if times != 1:
                raise ContentError(
                    f"{self.path.name}, line 1: column `{name}`, which the card names, stands {times} times; "
                    f"the header has {names_told(self._header)}"
                )

    def _row(self, index: int) -> Row:
        return dict(zip(self._header, self._rows[index], strict=True))

    def _line(self, index: int) -> int:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._rows)
