"""One writer a folder: a lock file made exclusively, with host, pid and a heartbeat.

Holds on network file systems too, where advisory locks may not: it needs only exclusive creation and rename.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from radbench.errors import RunError

BEAT_S: Final = 15.0  # a live owner touches its lock this often
STALE_S: Final = 120.0  # an owner that was silent for so long is taken for dead

_log = logging.getLogger(__name__)


class FolderLock:
    """Holds the lock at `path` while in its `with` block.

    Raises:
        RunError: another live process holds it, or took it over meanwhile; the message names host, pid and age.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._token = uuid.uuid4().hex
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._create():
                self._take_over()
        except OSError as error:
            raise RunError(f"cannot make the lock {self._path}: {error.strerror or error}") from error
        self._beat = threading.Thread(target=self._keep_beating, name="lock heartbeat", daemon=True)
        self._beat.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._beat.join()
        if self._is_ours():
            self._path.unlink(missing_ok=True)

    def check(self) -> None:
        """Raise RunError if another process took the lock over: this one was suspended, or cut off, for longer than STALE_S."""
        if not self._is_ours():
            raise RunError(f"{self._path.parent} was taken over by another process while this one did not run; stopped before writing")

    def _create(self) -> bool:
        content = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "token": self._token}).encode()
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False
        with os.fdopen(file, "wb") as out:
            out.write(content)
        return True

    def _take_over(self) -> None:
        """Move a stale lock aside and make our own; give way to a live owner, or to one that was quicker."""
        content, age = self._read()
        owner = _parse(content)
        if not _is_stale(owner, age):
            raise self._held_by(owner, age)
        aside = self._path.with_name(f"{self._path.name}.{self._token}")
        try:
            self._path.rename(aside)
            if aside.read_bytes() != content:  # a quicker process had already replaced it: give its lock back
                os.link(aside, self._path)
                raise self._held_by(_parse(aside.read_bytes()), 0.0)
        except (FileNotFoundError, FileExistsError):
            pass  # moved away by a quicker process: exclusive creation below decides
        finally:
            aside.unlink(missing_ok=True)
        if not self._create():
            raise self._held_by(_parse(self._read()[0]), 0.0)
        _log.warning("took over the lock of a dead process (host %s, pid %s)", owner.get("host", "?"), owner.get("pid", "?"))

    def _read(self) -> tuple[bytes, float]:
        try:
            return self._path.read_bytes(), time.time() - self._path.stat().st_mtime
        except FileNotFoundError:
            return b"", STALE_S + 1

    def _held_by(self, owner: dict[str, object], age: float) -> RunError:
        who = f"process {owner.get('pid', '?')} on {owner.get('host', '?')}"
        return RunError(f"{self._path.parent} is being written by {who} (seen {age:.0f} s ago): wait for it, or stop it first")

    def _is_ours(self) -> bool:
        return _parse(self._read()[0]).get("token") == self._token

    def _keep_beating(self) -> None:
        while not self._ended.wait(BEAT_S):
            if not self._is_ours():
                return
            try:
                os.utime(self._path)
            except OSError as error:
                _log.warning("the heartbeat of %s failed: %s", self._path, error)


def _parse(content: bytes) -> dict[str, object]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}  # its owner was killed between creating and writing it
    return found if isinstance(found, dict) else {}


def _is_stale(owner: dict[str, object], age: float) -> bool:
    if age > (STALE_S if owner else BEAT_S):
        return True  # whatever its pid says: another process may have it by now
    pid = owner.get("pid")
    if owner.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it lives, as another user
    return False
