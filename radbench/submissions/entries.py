"""Predictions of strangers, entry by entry: what is wrong with one does not hide what is wrong with the next.

The same formats as `radbench.models.predictions`, which scoring reads; here each fault comes with its line, no entry takes more
memory than a bound, and nothing is quoted but ids.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from radbench.errors import ContentError
from radbench.models.predictions import RADFM
from radbench.submissions.entry import Entry, Fault, of_journal_line, of_row, shown

MOST_LINE_BYTES: Final = 1 << 22  # of one line, whatever it holds
MOST_BYTES: Final = 1 << 29  # of a file

_ARCHIVES: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
_ARCHIVE_SUFFIXES: Final = frozenset({".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst"})
_GAP: Final = re.compile(r"[ \t\n\r]*")


def read_entries(path: Path) -> Iterator[Entry | Fault]:
    """The entries of a file of predictions and its faults, in the order of the file.

    Raises:
        ContentError: the file is no plain file, is too large, or is an archive or of another format; with the mend.
    """
    _accept(path)
    return _READERS[path.suffix.lower()](path)


def _accept(path: Path) -> None:
    if path.is_symlink() or not path.is_file():
        raise ContentError(f"{path}: is no plain file: give the file of predictions itself, no link to it and no folder")
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_ARCHIVES) or path.suffix.lower() in _ARCHIVE_SUFFIXES:
        raise ContentError(f"{path}: is an archive: unpack it, and give the one file of predictions ({', '.join(_READERS)})")
    if path.suffix.lower() not in _READERS:
        raise ContentError(f"{path}: predictions are read from {', '.join(_READERS)} files, got `{path.suffix}`")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        raise ContentError(f"{path}: is not UTF-8 text, it looks like UTF-16: save it as UTF-8")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ContentError(f"{path}: has {size} bytes, and a submission has {MOST_BYTES} at most: keep ids and predictions alone")


def _lines(path: Path) -> Iterator[tuple[int, str | Fault]]:
    """Each line that is not blank with its number, or why it cannot be read."""
    number = 0
    with path.open("rb") as file:
        while line := file.readline(MOST_LINE_BYTES + 1):
            number += 1
            if len(line) > MOST_LINE_BYTES:
                while line and not line.endswith(b"\n"):
                    line = file.readline(MOST_LINE_BYTES)
                yield number, Fault(number, f"is longer than {MOST_LINE_BYTES} bytes")
                continue
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                yield number, Fault(number, f"is not UTF-8 text (byte {error.start} of the line): save the file as UTF-8")
                continue
            if text.strip():
                yield number, text


def _jsonl(path: Path) -> Iterator[Entry | Fault]:
    journal: bool | None = None  # told by the first line
    for number, text in _lines(path):
        if isinstance(text, Fault):
            yield text
            continue
        twice: list[str] = []
        try:
            row = json.loads(text, object_pairs_hook=_noting(twice))
        except (ValueError, RecursionError) as error:
            yield Fault(number, f"is no JSON ({_plainly(error)})")
            continue
        if journal is None:
            journal = isinstance(row, dict) and row.keys() >= {"key", "sample_id"} and not row.keys().isdisjoint({"output", "error"})
        if twice:
            yield _stands_twice(number, twice)
        else:
            yield of_journal_line(number, text) if journal else of_row(number, row)


def _json(path: Path) -> Iterator[Entry | Fault]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Fault(0, f"is not UTF-8 text (byte {error.start}): save it as UTF-8")
        return
    twice: list[str] = []
    line = 1
    try:
        for line, key, value in _members(text, json.JSONDecoder(object_pairs_hook=_noting(twice))):
            if twice:
                yield _stands_twice(line, twice)
                twice.clear()
            else:
                yield of_row(line, {**value, "sample_id": key} if key is not None and isinstance(value, dict) else value)
    except json.JSONDecodeError as error:
        yield Fault(error.lineno, f"is no JSON ({error.msg}); what follows was not read")
    except (ValueError, RecursionError) as error:
        yield Fault(line, f"is, or what follows is, no JSON ({_plainly(error)}); what follows was not read")


def _members(text: str, decoder: json.JSONDecoder) -> Iterator[tuple[int, str | None, Any]]:
    """Line, key (None in a list) and value of each member of the one object or list in a text."""

    def skip(place: int) -> int:
        found = _GAP.match(text, place)
        return found.end() if found else place

    def expect(signs: str, place: int) -> str:
        if not text[place : place + 1] or text[place] not in signs:
            raise json.JSONDecodeError(f"expected {' or '.join(f'`{sign}`' for sign in signs)}", text, place)
        return text[place]

    at = skip(0)
    closing = {"{": "}", "[": "]"}[expect("{[", at)]
    at, line, counted = skip(at + 1), 1, 0
    while text[at : at + 1] != closing or counted:
        line, counted = line + text.count("\n", counted, at), at
        key: str | None = None
        if closing == "}":
            expect('"', at)
            key, at = decoder.raw_decode(text, at)
            at = skip(at)
            expect(":", at)
            at = skip(at + 1)
        value, at = decoder.raw_decode(text, at)
        yield line, key, value
        at = skip(at)
        if expect(f",{closing}", at) == closing:
            break
        at = skip(at + 1)
    if skip(at + 1) < len(text):
        raise json.JSONDecodeError("expected nothing more", text, skip(at + 1))


def _csv(path: Path) -> Iterator[Entry | Fault]:
    stopped: list[Fault] = []
    table = csv.DictReader(_rows(path, stopped), strict=True)
    try:
        names = table.fieldnames or ()
        is_radfm = set(names) >= RADFM
        for count, row in enumerate(table, start=1):
            if stopped:
                break
            line = table.reader.line_num
            if None in row or None in row.values():
                yield Fault(line, f"expected {len(names)} cells, as in the header")
            elif is_radfm:
                yield Entry(line, str(count), "text", is_empty=not row["Pred"].strip("[]'\" "))
            else:
                yield of_row(line, row)
    except csv.Error as error:
        yield Fault(table.reader.line_num, f"{error}; what follows was not read")
    for fault in stopped:
        yield Fault(fault.line, f"{fault.what}; what follows was not read")


def _rows(path: Path, stopped: list[Fault]) -> Iterator[str]:
    """The lines of a table, to the first that cannot be read: where quotes are open, nobody knows where the next row begins."""
    expected = 1
    for number, text in _lines(path):
        if isinstance(text, Fault):
            stopped.append(text)
            return
        while expected < number:  # blank lines count, and may stand within quotes
            yield "\n"
            expected += 1
        yield text
        expected += 1


def _noting(twice: list[str]) -> Callable[[list[tuple[str, object]]], dict[str, object]]:
    """A maker of dicts that notes the keys that stand twice in one object."""

    def made(pairs: list[tuple[str, object]]) -> dict[str, object]:
        held = dict(pairs)
        if len(held) < len(pairs):
            names = [name for name, _ in pairs]
            twice.extend(name for name in held if names.count(name) > 1)
        return held

    return made


def _stands_twice(line: int, names: list[str]) -> Fault:
    return Fault(line, f"the key {shown(names[0])} stands twice in one object")


def _plainly(error: Exception) -> str:
    """What json says of its text without quoting it."""
    return error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__


_READERS: Final[Mapping[str, Callable[[Path], Iterator[Entry | Fault]]]] = {".jsonl": _jsonl, ".json": _json, ".csv": _csv}
