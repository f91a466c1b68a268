"""What commands print and write: text for people, one JSON document for programs, or both as files of a folder."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from radbench.errors import ContentError


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


def check_folder(folder: Path | None) -> None:
    """Refuse, before anything is asked, a folder that `tell` could not write to at the end.

    Raises:
        ContentError: a file is in its place, or it may not be written.
    """
    if folder is None:
        return
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ContentError(f"nothing can be written to {folder}: {there} {'may not be written' if there.is_dir() else 'is no folder'}")


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
