"""The answers of a study: SQLite with a write-ahead log, one durable transaction an answer, nothing ever changed.

A rater's answers go from position 1 upwards without a gap. An undo takes back the last of them by a record of its own; the answer
that follows it has the next `attempt`. (rater, position, attempt) so names one page that was shown: however often it is
sent, it is stored once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from radbench.errors import ContentError, RunError
from radbench.ratings.studies.local_disk import file_system, require_local_disk

SCHEMA: Final = 1
_WAIT_S: Final = 60.0  # for other writers; each takes milliseconds

Outcome: TypeAlias = Literal["stored", "repeated", "answered"]

_COLUMNS: Final = "id, rater, position, attempt, kind, item, arms, answer, seconds, time, version"
_TABLES: Final = f"""
CREATE TABLE about (schema INTEGER NOT NULL, study TEXT NOT NULL);
CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    schema INTEGER NOT NULL DEFAULT {SCHEMA},
    study TEXT NOT NULL,
    rater TEXT NOT NULL,
    position INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('answer', 'undo')),
    item TEXT NOT NULL,
    arms TEXT NOT NULL,
    answer TEXT NOT NULL,
    seconds REAL NOT NULL,
    time TEXT NOT NULL,
    version TEXT NOT NULL,
    UNIQUE (rater, position, attempt, kind)
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    time TEXT NOT NULL,
    version TEXT NOT NULL
);
CREATE TRIGGER records_stay BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'records are never changed'); END;
CREATE TRIGGER records_remain BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was shown: the place in a rater's order, and which time it stands open."""

    rater: str
    position: int  # from 1
    attempt: int  # undone answers of this position before
    item: str
    arms: tuple[str, ...]  # as shown: left, right


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Page):
    """An answer, or the undo of one."""

    id: int
    kind: Literal["answer", "undo"]
    answer: dict[str, Any]
    seconds: float  # on the page
    time: str  # ISO 8601 with offset
    version: str  # of radbench


@dataclass(frozen=True, slots=True)
class Event:
    """Something the owner did: `unblind`."""

    kind: str
    about: dict[str, str]
    time: str


class Store:
    """The answers of one study in one file, opened anew for each operation, so that any number of processes may share it.

    Args:
        path: as `create` made it.
        study: hash of the study whose answers these are.

    Raises:
        ContentError: there is no such file, it lies on a network file system, or holds the answers of another study.
    """

    def __init__(
        self,
        path: Path,
        study: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC).astimezone(),
        kind_of: Callable[[Path], str] = file_system,
    ) -> None:
        self.path, self._study, self._now = path, study, now
        require_local_disk(path.parent, kind_of)
        if not path.is_file():
            raise ContentError(f"no {path}: the answers of this study are gone; take them from your backup")
        self._version = version("radbench")
        with self._reading() as connection:
            schema, found = connection.execute("SELECT schema, study FROM about").fetchone()
        if schema != SCHEMA:
            raise ContentError(f"{path} has schema {schema}; this radbench writes {SCHEMA}: use the one that made it")
        if found != study:
            raise ContentError(f"{path} holds the answers of another study ({found[:12]}...): take this study's own file")

    @classmethod
    def create(cls, path: Path, study: str, *, kind_of: Callable[[Path], str] = file_system) -> Store:
        """The store of a new study, still empty.

        Raises:
            ContentError: the file exists, or would lie in a run folder or on a network file system.
        """
        refuse_place(path.parent, kind_of)
        if path.exists():
            raise ContentError(f"{path} holds answers already; choose another folder")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # kept in the file: every later connection has it
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLES}")
            connection.execute("INSERT INTO about VALUES (?, ?)", (SCHEMA, study))
            connection.commit()
        return cls(path, study, kind_of=kind_of)

    def submit(self, page: Page, answer: dict[str, Any], seconds: float) -> Outcome:
        """Store the answer to a page; once this returns "stored" it is on disk.

        "repeated": the same answer to this page is there already. "answered": another one is, or the page is not the one
        that is open now; nothing was stored.
        """
        text = json.dumps(answer, sort_keys=True, ensure_ascii=False)
        with self._writing() as connection:
            found = connection.execute(
                "SELECT answer FROM records WHERE rater = ? AND position = ? AND attempt = ? AND kind = 'answer'",
                (page.rater, page.position, page.attempt),
            ).fetchone()
            if found is not None:
                return "repeated" if found[0] == text else "answered"
            if (page.position, page.attempt) != _open_page(connection, page.rater):
                return "answered"
            self._insert(connection, page, "answer", text, seconds)
            return "stored"

    def undo(self, page: Page) -> bool:
        """Take back the answer to a page, if it is the rater's last one; False where it is not."""
        with self._writing() as connection:
            position, _ = _open_page(connection, page.rater)
            last = _attempt(connection, page.rater, page.position)
            if (page.position, page.attempt) != (position - 1, last):
                return False
            self._insert(connection, page, "undo", "{}", 0.0)
            return True

    def open_page(self, rater: str) -> tuple[int, int]:
        """Position and attempt of the page that a rater is to answer next; after the last one, a position that is not there."""
        with self._reading() as connection:
            return _open_page(connection, rater)

    def answers(self, rater: str | None = None) -> list[Record]:
        """The answers that hold (not undone), of one rater or of all, by rater and position."""
        return [record for record in self._records(_HOLDING, rater) if record.kind == "answer"]

    def history(self, rater: str | None = None) -> list[Record]:
        """Every record, undone answers and undos too, in the order written."""
        return self._records("SELECT {columns} FROM records r WHERE (:rater IS NULL OR rater = :rater) ORDER BY id", rater)

    def log(self, kind: str, **about: str) -> None:
        """Add an event."""
        with self._writing() as connection:
            row = (kind, json.dumps(about, ensure_ascii=False), self._time(), self._version)
            connection.execute("INSERT INTO events (kind, about, time, version) VALUES (?, ?, ?, ?)", row)

    def events(self) -> list[Event]:
        """The events, in order."""
        with self._reading() as connection:
            rows = connection.execute("SELECT kind, about, time FROM events ORDER BY id").fetchall()
        return [Event(kind, json.loads(about), time) for kind, about, time in rows]

    def _insert(self, connection: sqlite3.Connection, page: Page, kind: str, answer: str, seconds: float) -> None:
        about = (self._study, page.rater, page.position, page.attempt, kind, page.item, " ".join(page.arms))
        columns = "study, rater, position, attempt, kind, item, arms, answer, seconds, time, version"
        statement = f"INSERT INTO records ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants
        connection.execute(statement, (*about, answer, seconds, self._time(), self._version))

    def _records(self, query: str, rater: str | None) -> list[Record]:
        with self._reading() as connection:
            rows = connection.execute(query.format(columns=_COLUMNS), {"rater": rater}).fetchall()
        names = _COLUMNS.split(", ")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [Record(**{**row, "arms": tuple(row["arms"].split()), "answer": json.loads(row["answer"])}) for row in found]

    def _time(self) -> str:
        return self._now().isoformat(timespec="milliseconds")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that no other writer shares; durable when the block ends, undone when it raises."""
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)
            try:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise RunError(f"{self.path}: {error}. What was answered before is kept; mend the cause and go on") from error


def refuse_place(folder: Path, kind_of: Callable[[Path], str] = file_system) -> None:
    """Refuse a folder in which answers cannot be kept.

    Raises:
        ContentError: it is inside a run folder, or on a network file system.
    """
    if run := next((above for above in (folder.resolve(), *folder.resolve().parents) if (above / "run.json").exists()), None):
        raise ContentError(f"{folder} is inside the run folder {run}, which holds what models said and nothing else: choose another place")
    require_local_disk(folder, kind_of)


_HOLDING: Final = """
SELECT {columns} FROM records r
WHERE kind = 'answer' AND (:rater IS NULL OR rater = :rater) AND NOT EXISTS (
    SELECT 1 FROM records u WHERE u.kind = 'undo' AND u.rater = r.rater AND u.position = r.position AND u.attempt = r.attempt)
ORDER BY rater, position
"""


def _open_page(connection: sqlite3.Connection, rater: str) -> tuple[int, int]:
    """Answers that hold fill the positions from 1, so there are as many as the last one's position."""
    count = "SELECT COALESCE(SUM(CASE kind WHEN 'answer' THEN 1 ELSE -1 END), 0) FROM records WHERE rater = ?"
    position = int(connection.execute(count, (rater,)).fetchone()[0]) + 1
    return position, _attempt(connection, rater, position)


def _attempt(connection: sqlite3.Connection, rater: str, position: int) -> int:
    count = "SELECT COUNT(*) FROM records WHERE rater = ? AND position = ? AND kind = 'undo'"
    return int(connection.execute(count, (rater, position)).fetchone()[0])
