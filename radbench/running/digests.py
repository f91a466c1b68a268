"""Digests of large media files, remembered across runs by path, size and time of change: `runs/digests/*.jsonl`.

A volume of hundreds of megabytes is hashed once, however many models are asked about it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel

from radbench.folder import read_lines
from radbench.running.journal import Journal, own_file

_SMALLEST: Final = 1 << 20  # bytes; hashing less takes no longer than remembering it


class MediaDigest(BaseModel):
    """A line of the store."""

    path: Path
    size: int  # bytes
    mtime_ns: int
    sha256: str


class DigestStore(dict[tuple[Path, int, int], str]):
    """A mapping from (path, size, time of change in ns) to sha256; what is set for large files is kept on disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = own_file(folder, "media")
        for file in sorted(folder.glob("*.jsonl")):
            self.update({(d.path, d.size, d.mtime_ns): d.sha256 for d in read_lines(file, MediaDigest)})

    def __setitem__(self, key: tuple[Path, int, int], sha256: str) -> None:
        super().__setitem__(key, sha256)
        path, size, mtime_ns = key
        if size >= _SMALLEST:
            with Journal(self._path) as journal:
                line = MediaDigest(path=path, size=size, mtime_ns=mtime_ns, sha256=sha256).model_dump_json()
                journal.append(line.encode() + b"\n")
