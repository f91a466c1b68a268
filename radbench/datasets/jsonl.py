"""A user's JSONL file as a data set: one JSON object a line, in UTF-8; blank lines are skipped.

How a card describes the columns stands in `_table.py`. A cell may be a list where several things can stand: images,
options, answers. The file is mapped, not loaded: memory stays flat, and a row is parsed when it is asked for.
"""

from __future__ import annotations

import json
import mmap
from array import array
from typing import ClassVar, Final

from radbench.datasets._table import Row, Table
from radbench.errors import ContentError

_BOM: Final = b"\xef\xbb\xbf"


class Jsonl(Table):
    """One split of a JSONL file; the arguments are those of `Table`."""

    name: ClassVar[str] = "jsonl"

    def _index(self) -> None:
        self._starts, self._ends = array("Q"), array("Q")
        self._lines = array("Q")
        with self.path.open("rb") as file:
            if not file.read(1):
                self._bytes: mmap.mmap | bytes = b""
                return
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        end, number, size = 0, 0, len(self._bytes)
        start = len(_BOM) if self._bytes[:3] == _BOM else 0
        while start < size:
            number += 1
            end = self._bytes.find(b"\n", start)
            end = size if end < 0 else end
            if not self._bytes[start:end].isspace() and start < end:
                self._add(start, end, number)
            start = end + 1

    def _add(self, start: int, end: int, line: int) -> None:
        self._starts.append(start)
        self._ends.append(end)
        self._lines.append(line)
        if not self._split_column:
            return
        name = self._split_column
        try:
            wanted = self._row(-1).get(name) == self._split
        except ValueError as error:
            raise ContentError(f"{self.path.name}, line {line}: {error}") from error
        if not wanted:
            del self._starts[-1], self._ends[-1], self._lines[-1]

    def _row(self, index: int) -> Row:
        text = str(self._bytes[self._starts[index] : self._ends[index]], "utf-8")
        row = json.loads(text)
        if not isinstance(row, dict):
            raise ValueError("expected a JSON object, got another JSON value")  # noqa: TRY004  # a fault of the file, not of a type
        return row

    def _line(self, index: int) -> int:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._starts)
