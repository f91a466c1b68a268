"""What commands print and write: text for people, one JSON document for programs, or both as files of a folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def tell(text: str, document: Mapping[str, object], *, as_json: bool, folder: Path | None, name: str) -> None:
    """Text or JSON on stdout; with a folder, both as files in it, `<name>.txt` and `<name>.json`."""
    if as_json:
        print_json(document)
    else:
        sys.stdout.write(text)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.txt").write_text(text, "utf-8")
        (folder / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def print_json(document: object) -> None:
    """One JSON document on stdout, and a newline."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n")


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Rows of text on stdout, their columns aligned; the last column is as long as it is."""
    if rows:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
        for row in rows:
            cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)]
            sys.stdout.write("  ".join([*cells, row[-1]]).rstrip() + "\n")
