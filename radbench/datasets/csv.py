"""A user's CSV file as a data set: a header and one row a record, comma-separated, in UTF-8 with or without a BOM.

How a card describes the columns stands in `_table.py`. Cells may hold commas and line breaks in quotes. A cell with
several images, options or labels parts them by `|`, or is a JSON list; several answers stand in several columns;
boxes are a JSON list. Blanks around header names are dropped. The rows are held in memory.
"""

from __future__ import annotations

import csv
from array import array
from typing import ClassVar

from radbench.datasets._table import Row, Table
from radbench.errors import ContentError


class Csv(Table):
    """One split of a CSV file; the arguments are those of `Table`."""

    name: ClassVar[str] = "csv"
    separator: ClassVar[str] = "|"

    def _index(self) -> None:
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
            except (csv.Error, UnicodeDecodeError) as error:
                raise ContentError(f"{self.path.name}, line {rows.line_num}: not readable as CSV in UTF-8: {error}") from error

    def _check_header(self) -> None:
        named = (*self._column.values(), *self._images, *self._answers, *dict(self._texts).values(), *self._subgroups)
        for name in filter(None, (*named, *dict(self._sections).values())):
            times = self._header.count(name)
            if times != 1:
                raise ContentError(
                    f"{self.path.name}, line 1: column `{name}`, which the card names, stands {times} times; "
                    f"the header has {', '.join(self._header) or 'no column'}"
                )

    def _row(self, index: int) -> Row:
        return dict(zip(self._header, self._rows[index], strict=True))

    def _line(self, index: int) -> int:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._rows)
