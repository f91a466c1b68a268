"""Labels made elsewhere: a table of report texts and their 14 observations, as the CheXpert and CheXbert labellers write it.

Source: CheXpert, arXiv 1901.07031; stanfordmlgroup/chexpert-labeler and CheXbert, README (columns and codes).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from radbench.errors import ContentError, MissingDataError
from radbench.findings import LABELS
from radbench.models._encoders import texts
from radbench.sample import Reply, Request
from radbench.terms import cell_told, names_told

if TYPE_CHECKING:
    from radbench.media import Reader

_CODES: Final = {"": 0, "nan": 0, "1": 1, "0": 2, "-1": 3}  # blank, positive, negative, uncertain


class LabelFile:
    """Labels a report by looking its text up: {observation: 0 blank, 1 positive, 2 negative, 3 uncertain}, the 14 by name.

    A CSV file with a column for each of CheXbert's 14 observations, in any order, and one of report texts; cells are blank, 1,
    0 or -1. Texts are compared with white space collapsed, case kept. A text that the file lacks is an error of its
    own, so that the case is left out and counted.

    Args:
        file: the table; of a card, a relative path lies in the card's folder.
        column: the column of texts; CheXbert's is `Report Impression`, the CheXpert labeller's `Reports`.
    """

    batch_size: int = 4096

    def __init__(self, *, file: str | Path, column: str = "Report Impression") -> None:
        self.file, self.column = Path(file).expanduser(), column
        self._labels: dict[str, dict[str, float]] = {}
        self._digest = ""

    def load(self, reader: Reader) -> None:  # noqa: ARG002 - it reads texts alone
        """Read the table.

        Raises:
            MissingDataError: there is no such file. ContentError: it lacks a column, a cell is no label, or two rows disagree.
        """
        try:
            data = self.file.read_bytes()
        except OSError as error:
            expected = f"a CSV file with `{self.column}` and the 14 observations as columns"
            raise MissingDataError(f"annotator `label-file`: no file `{self.file}`; expected {expected}") from error
        self._digest = hashlib.sha256(data).hexdigest()
        try:
            rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        except UnicodeDecodeError as error:
            raise ContentError(f"{self.file}: is not UTF-8 text (byte {error.start}): save it as `CSV UTF-8`") from error
        missing = [name for name in (self.column, *LABELS) if name not in (rows.fieldnames or ())]
        if missing:
            raise ContentError(
                f"{self.file}: no column {', '.join(f'`{name}`' for name in missing)}; it has {names_told(rows.fieldnames or ())}"
            )
        self._labels = {}
        for row in rows:
            if None in row or None in row.values():  # cells that are over, or lack
                raise ContentError(f"{self.file}, line {rows.line_num}: expected {len(rows.fieldnames or ())} cells, as in the header")
            text = _collapsed(row[self.column] or "")
            labels = {label: self._code(row[label], label, rows.line_num) for label in LABELS}
            if self._labels.setdefault(text, labels) != labels:
                raise ContentError(f"{self.file}, line {rows.line_num}: other labels than an earlier row has for the same text")

    @property
    def known(self) -> Sequence[str]:
        """The texts it has labels of, white space collapsed; what a check can ask it about."""
        return list(self._labels)

    def identity(self) -> Mapping[str, object]:
        """The digest of the table."""
        return {"family": "label-file", "version": 1, "file": self._digest, "column": self.column}

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The labels of each text, or an error where the table lacks it."""
        found = (self._labels.get(_collapsed(" ".join(texts(request)))) for request in requests)
        return [Reply(error="the label file lacks this text") if labels is None else Reply(output=labels) for labels in found]

    def _code(self, cell: str | None, label: str, line: int) -> float:
        code = (cell or "").strip().lower().removesuffix(".0")
        if code not in _CODES:
            raise ContentError(f"{self.file}, line {line}: `{label}` should be blank, 1, 0 or -1, got {cell_told((cell or '').strip())}")
        return _CODES[code]


def _collapsed(text: str) -> str:
    return " ".join(text.split())
