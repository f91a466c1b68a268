"""What is wrong with a file of predictions, told without references: by those who send it in, before they do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from radbench.catalog.cards import TaskCard
from radbench.errors import ContentError, RadbenchError
from radbench.models.predictions import read_predictions
from radbench.submissions.entries import read_entries
from radbench.submissions.entry import Entry, Fault, Kind, shown

MOST_FAULTS: Final = 200  # told of one file; the rest is counted
_NOUN: Final = {"text": "text", "scores": "a probability for each option", "vectors": "vectors"}


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found."""

    file: Path
    faults: tuple[Fault, ...]  # the first of them
    n_faults: int
    n_predictions: int
    n_empty: int  # texts without a word: answers that say nothing
    n_none: int  # entries that say that there is no prediction: failures
    n_answered: int  # samples with a prediction
    missing: tuple[str, ...] | None  # ids without an entry: failures; None: the ids were not given

    @property
    def is_acceptable(self) -> bool:
        """True if nothing has to be mended."""
        return not self.n_faults

    def told(self) -> list[str]:
        """One line for each fault, with file and line."""
        lines = [f"{self.file}:{fault.line}: {fault.what}" if fault.line else f"{self.file}: {fault.what}" for fault in self.faults]
        rest = self.n_faults - len(self.faults)
        return [*lines, f"{self.file}: {rest} more faults"] if rest else lines


def kind_of(task: TaskCard) -> Kind:
    """The kind of output that a task asks for."""
    if task.ask.protocol == "retrieval":
        return "vectors"
    return "scores" if task.ask.answer == "ranked" else "text"


def read_ids(path: Path) -> tuple[str, ...]:
    """The ids of a task's samples, one a line, as `radbench submit ids` prints them.

    Raises:
        ContentError: the file is not there, is not UTF-8, holds no id, or one of them twice.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: cannot be read ({error}): expected ids in UTF-8, one a line") from error
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not (name := line.rstrip("\r")):
            continue
        if name in seen:
            raise ContentError(f"{path}:{number}: the id {shown(name)} stands in line {seen[name]} already")
        seen[name] = number
    if not seen:
        raise ContentError(f"{path}: holds no id; expected one a line")
    return tuple(seen)


def check(path: Path, kind: Kind, ids: Collection[str] | None) -> Report:
    """Hold a file of predictions against the kind of output and the ids that a task has; None: any ids.

    What is found acceptable here is read by scoring.

    Raises:
        ContentError: the file is none of predictions at all: an archive, a link, too large, another format.
    """
    tally = _Tally(kind, frozenset(ids) if ids is not None else None)
    for found in read_entries(path):
        tally.take(found)
    if not tally.n_faults and not tally.entries:
        tally.take(Fault(0, "holds no predictions"))
    if not tally.n_faults:
        try:
            read_predictions(path)
        except RadbenchError as error:
            tally.take(Fault(0, f"cannot be read for scoring: {error}"))
    return Report(
        file=path,
        faults=tuple(tally.faults),
        n_faults=tally.n_faults,
        n_predictions=len(tally.entries),
        n_empty=sum(entry.is_empty for entry in tally.entries.values()),
        n_none=sum(entry.kind == "none" for entry in tally.entries.values()),
        n_answered=sum(entry.kind != "none" for entry in tally.entries.values()),
        missing=None if ids is None else tuple(name for name in ids if name not in tally.entries),
    )


class _Tally:
    """Entries by id, and faults."""

    def __init__(self, kind: Kind, ids: frozenset[str] | None) -> None:
        self._kind, self._ids = kind, ids
        self.entries: dict[str, Entry] = {}
        self.faults: list[Fault] = []
        self.n_faults = 0

    def take(self, found: Entry | Fault) -> None:
        if isinstance(found, Entry):
            fault = self._wrong(found)
            if not fault:
                self.entries[found.id] = found
                return
            found = Fault(found.line, fault)
        self.n_faults += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(found)

    def _wrong(self, entry: Entry) -> str:
        """What is wrong with an entry that can be read; "" if nothing is."""
        name = shown(entry.id)
        if entry.repeat:
            return f"{name}: is repeat {entry.repeat + 1}; a submission has one prediction a sample"
        earlier = self.entries.get(entry.id)
        if earlier is not None and not (earlier.may_replace and earlier.kind == "none"):
            return f"the id {name} stands in line {earlier.line} already"
        if self._ids is not None and entry.id not in self._ids:
            return f"the task has no sample {name}"
        if entry.kind not in {self._kind, "none"}:
            return f"{name}: the task asks for {_NOUN[self._kind]}, and this is {_NOUN[entry.kind]}"
        return ""
