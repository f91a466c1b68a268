"""An append-only JSONL file: one whole line a record, handed to the system at once; a torn last line is cut first.

What a process had appended is safe when the process is killed; `sync` makes it safe from a power cut too.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from radbench.errors import RunError

_PROCESS: Final = uuid.uuid4().hex[:8]
_STEP: Final = 1 << 16  # bytes read at a time when looking for the last line's start


def rewrite(path: Path, lines: Iterable[bytes]) -> None:
    """Put these lines in the place of a journal's, all or none: beside its place first, then moved.

    Raises:
        RunError: the disk is full or read-only; what stood there before still does.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with Journal(beside) as journal:
        for line in lines:
            journal.append(line)
    beside.replace(path)


def own_file(folder: Path, kind: str) -> Path:
    """This process's file in a store that several share: each appends to its own and reads those of all."""
    return folder / f"{kind}-{socket.gethostname()}-{os.getpid()}-{_PROCESS}.jsonl"


class Journal:
    """Appends lines to `path`, made with its folders where absent. A context manager.

    Raises:
        RunError: the disk is full or read-only; what was written before stays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._length = self._cut_torn_line()
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.sync()
        finally:
            os.close(self._file)

    def append(self, line: bytes) -> None:
        """Add one line (or several whole ones); all of it or nothing."""
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            os.ftruncate(self._file, self._length)  # the disk filled up in the middle of the line: take its first part back
            raise self._failed(error) from error
        self._length += written

    def sync(self) -> None:
        """Wait until the disk holds what was appended."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._failed(error) from error

    def _cut_torn_line(self) -> int:
        end = size = os.fstat(self._file).st_size
        while end > 0:
            start = max(0, end - _STEP)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end != size:
            os.ftruncate(self._file, end)
        return end

    def _failed(self, error: OSError) -> RunError:
        return RunError(
            f"cannot write {self.path}: {error.strerror or error}. All replies up to here are kept; "
            "mend the cause and run the same command again to go on"
        )
