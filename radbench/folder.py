"""The run folder: names and readers of its files. The only module that knows how a run lies on disk.

    runs/<task>/<model>/<run id>/
      run.json            RunRecord: what was asked, by whom, with which versions, and how far it came
      samples.jsonl       SampleRecord a line, in order; of lines with the same id the last one holds
      predictions.jsonl   Prediction a line, append-only; a key occurs twice only where the first line holds an error
      cases.npz           of each scored case its sample, repeat, cluster and subgroups
      scores/<family>.npz statistics rows of a metric's variants, a row a case
      shards/<i>-of-<n>/  the same files of one shard, until merged
      summary.json        Summary: values with signature, interval and counts

What the files hold is in `radbench.records`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from radbench.errors import RunError, RunFormatError
from radbench.records import FORMAT, Prediction, RecordT, RunRecord, SampleRecord, Summary, adapter
from radbench.sample import Reply, Request, Sample
from radbench.terms import opened

HIDDEN: Final = "hidden.txt"  # in a folder whose references nobody may see


class RunFolder:
    """Paths and readers of one run's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = path / "run.json"
        self.samples = path / "samples.jsonl"
        self.predictions = path / "predictions.jsonl"
        self.cases = path / "cases.npz"
        self.scores = path / "scores"
        self.summary = path / "summary.json"
        self.lock = path / "lock"

    @property
    def name(self) -> str:
        """`<task>/<model>/<run id>`: what a run is called where it must not be told in which folder it lies."""
        return "/".join(self.path.parts[-3:])

    def shard(self, index: int, of: int) -> RunFolder:
        """The folder of shard `index` (counted from 1) of `of`."""
        return RunFolder(self.path / "shards" / f"{index}-of-{of}")

    def read_run(self) -> RunRecord:
        """run.json.

        Raises:
            RunError: absent, damaged, or of a newer format.
        """
        absent = "this is no run folder, or its run never started"
        record = _read_json(self.run, RunRecord, absent, "run the same command again to write it anew")
        opened.note(record.data.access)
        return record

    def read_summary(self, preset: str = "") -> Summary:
        """summary.json, or that of a published convention (`preset`); raises RunError as `read_run`, naming what writes it."""
        path, how = (self.path / f"summary-{preset}.json", f" --preset {preset}") if preset else (self.summary, "")
        anew = f"radbench score {self.path}{how}"
        return _read_json(path, Summary, f"it was not scored{' so' if preset else ''} yet: {anew}", f"{anew} writes it anew")

    def iter_samples(self) -> Iterator[SampleRecord]:
        """The samples in the order asked, the last line of each id."""
        if not self._has_repeated_ids():
            yield from read_lines(self.samples, SampleRecord)
            return
        last = {record.id: number for number, record in enumerate(read_lines(self.samples, SampleRecord))}
        for number, record in enumerate(read_lines(self.samples, SampleRecord)):
            if last[record.id] == number:
                yield record

    def _has_repeated_ids(self) -> bool:
        """False only if all ids differ; told without parsing, from the lines up to the end of their first field."""
        if not self.samples.exists():
            return False
        with self.samples.open("rb") as file:
            heads = [line[: line.find(b'"', 7)] for line in file]
        return len(set(heads)) < len(heads)


class PredictionIndex:
    """The predictions of a journal by key; of a key's lines the last one with an output holds, else the last one.

    Only places in the file are held in memory. A context manager, since it keeps the file open.
    """

    def __init__(self, path: Path) -> None:
        self._places: dict[str, tuple[int, int, bool]] = {}  # key -> offset, length, has an output
        self._end = 0
        for line, prediction in _read_lines(path, Prediction):
            self.add(prediction, len(line))
        self._file = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._file)

    def add(self, prediction: Prediction, length: int) -> None:
        """Note the next line of the file, of so many bytes."""
        has_output = prediction.error is None
        if has_output or not self.is_answered(prediction.key):
            self._places[prediction.key] = (self._end, length, has_output)
        self._end += length

    def is_answered(self, key: str) -> bool:
        """True if there is an output under this key."""
        place = self._places.get(key)
        return place is not None and place[2]

    def get(self, key: str) -> Prediction | None:
        """The prediction under a key."""
        place = self._places.get(key)
        if place is None:
            return None
        found: Prediction = adapter(Prediction).validate_json(os.pread(self._file, place[1], place[0]))
        return found


def find_runs(path: Path) -> list[RunFolder]:
    """The run folders at or below a path, in the order of their names; shards are parts of runs, not runs."""
    found = []
    for folder, below, files in os.walk(path):
        if "run.json" in files:
            found.append(Path(folder))
            below.clear()  # no run lies in another one
    return [RunFolder(folder) for folder in sorted(found) if folder.parent.name != "shards"]


def is_hidden(path: Path) -> bool:
    """True for a file or folder that nothing may serve: it lies in or below a folder with such a mark."""
    return bool(hidden_among([path]))


def hidden_among(paths: Iterable[Path]) -> set[Path]:
    """Those of many files and folders that are hidden; each folder above them is looked at once."""

    @cache
    def is_marked(folder: Path) -> bool:
        return (folder / HIDDEN).is_file() or (folder != folder.parent and is_marked(folder.parent))

    return {path for path in paths if is_marked(path.resolve())}


def to_line(record: Sample | Request | Reply) -> bytes:
    """A record as one JSON line with its newline; defaults are left out, halves of surrogate pairs become U+FFFD."""
    serializer = adapter(type(record))
    try:
        line: bytes = serializer.dump_json(record, exclude_defaults=True)
    except PydanticSerializationError:  # such a half, which UTF-8 cannot hold
        text = json.dumps(serializer.dump_python(record, mode="json", exclude_defaults=True), ensure_ascii=False)
        line = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    return line + b"\n"


def read_lines(path: Path, kind: type[RecordT]) -> Iterator[RecordT]:
    """The records of a JSONL file; a torn last line (no newline at its end) is left out, as it will be cut and asked again.

    Raises:
        RunError: a line that does not hold such a record, with its number.
    """
    return (record for _, record in _read_lines(path, kind))


def _read_lines(path: Path, kind: type[RecordT]) -> Iterator[tuple[bytes, RecordT]]:
    if not path.exists():
        return
    parse = adapter(kind).validate_json
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield line, parse(line)
            except ValidationError as error:
                raise RunError(f"{path}:{number}: {_first_fault(error)}. Delete that line to have its sample asked again.") from error


def write_json(path: Path, record: BaseModel) -> None:
    """Write a record as indented JSON, whole or not at all: beside its place first, then moved.

    Raises:
        RunError: the disk is full or read-only; what stood there before still does.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            json.dump(record.model_dump(mode="json"), file, indent=1, ensure_ascii=False, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}. Mend the cause and run the same command again") from error


def _read_json(path: Path, kind: type[RecordT], absent: str, mend: str) -> RecordT:
    """A record from a file; `absent` says what its absence means, `mend` what writes it anew."""
    try:
        text = path.read_bytes()
        held = json.loads(text)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(f"no {path.name} in {path.parent}: {absent}") from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged (it is no JSON): {mend}") from error
    if not isinstance(held, dict):
        raise RunError(f"{path} is damaged (it holds no JSON object): {mend}")
    found = held.get("format", FORMAT)
    if not isinstance(found, int):
        raise RunError(f"{path} is damaged (its `format` is no number): {mend}")
    if found > FORMAT:
        raise RunFormatError(f"{path} has format {found}; this radbench reads up to {FORMAT}: install a newer one")
    try:
        record: RecordT = adapter(kind).validate_json(text)
    except ValidationError as error:
        raise RunError(f"{path} is damaged ({_first_fault(error)}): {mend}") from error
    return record


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_input=False, include_url=False)[0]
    return f"`{'.'.join(map(str, fault['loc']))}`: {fault['msg']}"
