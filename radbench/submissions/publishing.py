"""Run folders as static files that any web server can hand out: boards, an index, and the aggregates of each run.

DIR/index.html                    all snapshots, the newest first
DIR/<date>-<content hash>/        one snapshot; once written it is never changed
    index.html  snapshot.json     what it holds, when it was made, the sha256 of each file
    boards/<name>.html, .json     each board, and where its numbers come from
    runs/<hash>.json              run.json and summary.json of a run, redacted
    samples/<hash>.jsonl          only of open data, and only where asked for
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from radbench.catalog import Catalog
from radbench.catalog.cards import BoardCard
from radbench.errors import ContentError, RunError
from radbench.folder import PredictionIndex, RunFolder, find_runs, is_hidden
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.cells import Asked, Cell, Part
from radbench.leaderboard.printing.page import page
from radbench.leaderboard.printing.provenance import provenance
from radbench.leaderboard.standing import infer
from radbench.places import HERE, without_places
from radbench.records import SampleRecord, adapter
from radbench.submissions.redaction import public_run, public_summary
from radbench.submissions.site import RunEntry, root_page, snapshot_page
from radbench.terms import Access

AskedT = TypeVar("AskedT", bound=Asked)

_CONTENT = {"id", "texts", "options", "references", "subgroups"}  # of a sample; media stay where they are


@dataclass(frozen=True, slots=True)
class Published:
    """What was written."""

    folder: Path  # of the snapshot
    is_new: bool  # False: the same content was published before, and stays as it is
    boards: tuple[str, ...]
    n_runs: int
    left_out: tuple[str, ...]


def publish(
    catalog: Catalog, paths: Sequence[Path], to: Path, boards: Sequence[str] = (), *, samples: bool = False, now: datetime | None = None
) -> Published:
    """Publish the runs at and below some folders.

    Args:
        paths: run folders, or folders that hold some.
        to: the site's folder; earlier snapshots in it are kept.
        boards: by name or file; none: all of the catalogue that have a number of these runs.
        samples: also the samples of runs on open data, with references and outputs; never of hidden ones.
        now: the time stated; None: that of the clock.

    Raises:
        ContentError: there is no run, or the runs lie in the folder that is to be served.
    """
    folders = {folder.path.resolve(): folder for path in paths for folder in find_runs(path)}
    if not folders:
        raise ContentError(f"{', '.join(map(str, paths))}: no run folder is here (a folder with run.json)")
    if inside := [str(path) for path in folders if path.is_relative_to(to.resolve())]:
        raise ContentError(f"{inside[0]} lies within {to}, which is to be served: publish into a folder of its own")
    writer = _Snapshot()
    found = list(_run_files(folders.values(), writer, samples=samples))
    names = list(boards) or catalog.names("leaderboards")
    made = [(name, board) for name in names if (board := _board(catalog.board(name), folders.values(), catalog, must=bool(boards)))]
    listed = [writer.add_board(board, {entry.run.id: entry.file for entry in found}) for _, board in made]
    moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    folder, is_new = writer.write(to, moment, listed, found)
    return Published(folder, is_new, tuple(board.card.name for _, board in made), len(found), tuple(writer.left_out))


def _board(card: BoardCard, folders: Iterable[RunFolder], catalog: Catalog, *, must: bool) -> Board | None:
    """The board with standings; None where no run has a number on it and it was not asked for."""
    board = build(card, folders, catalog)
    return infer(board, catalog) if must or any(line.kind != "reported" for line in board.lines) else None


def _redacted(board: Board, files: Mapping[str, str]) -> Board:
    """The board as everyone may see it; `files`: run id -> where its aggregates are."""

    def public(one: AskedT) -> AskedT:
        place = RunFolder(Path(files.get(one.run.id, HERE)))
        return replace(one, run=public_run(one.run), summary=public_summary(one.summary), folder=place)

    def of_value(part: Part) -> Part:
        made = public(part)
        pairs = zip(made.summary.values, part.summary.values, strict=True)
        return replace(made, value=next(new for new, old in pairs if old is part.value))

    def of(cell: Cell | None) -> Cell | None:
        return cell and replace(cell, parts=tuple(map(of_value, cell.parts)), spent_by=tuple(map(public, cell.spent_by)))

    lines = tuple(replace(line, name=without_places(line.name), cells=tuple(map(of, line.cells))) for line in board.lines)
    return replace(board, lines=lines, notes=tuple(map(without_places, board.notes)))


def _run_files(folders: Iterable[RunFolder], writer: _Snapshot, *, samples: bool) -> Iterator[RunEntry]:
    for folder in sorted(folders, key=lambda folder: str(folder.path)):
        try:
            record = folder.read_run()
            if record.data.split == record.task_card["ask"].get("validation"):
                continue  # where an operating point was chosen, which is no result
            run, summary = public_run(record), public_summary(folder.read_summary())
        except RunError as error:
            writer.leave_out(f"{folder.name}: {error}")
            continue
        text = json.dumps({"run": run.model_dump(mode="json"), "summary": summary.model_dump(mode="json")}, indent=1, ensure_ascii=False)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        shown = ""
        if samples:
            try:
                shown = writer.add(f"samples/{name}.jsonl", "".join(_sample_lines(folder, run.data.access)))
            except RunError as error:
                writer.leave_out(f"the samples of {run.model} on {run.task}: {error}")
        yield RunEntry(run, summary, writer.add(f"runs/{name}.json", f"{text}\n"), shown)


def _sample_lines(folder: RunFolder, access: Access) -> Iterator[str]:
    """Samples of open data with references and outputs, a JSON line each.

    Raises:
        RunError: the data are closed, the references hidden, or the samples not there.
    """
    if access != "open":
        raise RunError(f"its data are {access}")
    if is_hidden(folder.path):
        raise RunError("its references are hidden")
    if not folder.samples.exists() or not folder.predictions.exists():
        raise RunError("they are not in its folder")
    with PredictionIndex(folder.predictions) as index:
        for record in folder.iter_samples():
            sample = adapter(SampleRecord).dump_python(record, mode="json", include=_CONTENT, exclude_defaults=True)
            found = [index.get(key) for key in record.keys]
            outputs = [
                None if one is None else adapter(type(one)).dump_python(one, mode="json", include={"output"})["output"] for one in found
            ]
            yield json.dumps({**sample, "outputs": outputs}, ensure_ascii=False) + "\n"


class _Snapshot:
    """The files of a snapshot by their path in it, held until all are known."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._pages: dict[str, str] = {}  # carry the time they were made: no part of the content
        self.left_out: list[str] = []

    def add(self, name: str, text: str) -> str:
        self._files[name] = text
        return name

    def leave_out(self, what: str) -> None:
        self.left_out.append(without_places(what))

    def add_board(self, board: Board, files: Mapping[str, str]) -> tuple[str, str, str]:
        """Add a board's page; its file, title and summary. `files`: run id -> where its aggregates are."""
        public = _redacted(board, files)
        about = {key: value for key, value in provenance(public).items() if key != "made"}
        self.add(f"boards/{board.card.name}.json", _json(about))
        name = f"boards/{board.card.name}.html"
        self._pages[name] = page(public)
        return name, board.title, board.card.about.summary

    def write(self, to: Path, made: str, boards: Sequence[tuple[str, str, str]], runs: Sequence[RunEntry]) -> tuple[Path, bool]:
        """Write the snapshot whole or not at all, unless one of the same content is there; then the index of all."""
        hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(self._files.items())}
        digest = hashlib.sha256(_json([hashes, self.left_out]).encode()).hexdigest()[:16]
        known = next((folder for folder in sorted(to.glob(f"*-{digest}")) if (folder / "snapshot.json").is_file()), None)
        if known is None:
            self._pages["index.html"] = snapshot_page(made, digest, boards, runs, self.left_out)
            hashes |= {name: hashlib.sha256(text.encode()).hexdigest() for name, text in self._pages.items()}
            about = {"made": made, "content": digest, "radbench": version("radbench"), "left_out": self.left_out, "files": hashes}
            self._write_all(to, to / f"{made[:10]}-{digest}", {**self._files, **self._pages, "snapshot.json": _json(about)})
        (to / "index.html").write_text(root_page(_snapshots(to)), "utf-8")
        return known or to / f"{made[:10]}-{digest}", known is None

    def _write_all(self, to: Path, folder: Path, texts: Mapping[str, str]) -> None:
        beside = to / f".{folder.name}.{os.getpid()}"
        shutil.rmtree(beside, ignore_errors=True)
        for name, text in texts.items():
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).write_text(text, "utf-8")
        beside.rename(folder)


def _snapshots(to: Path) -> list[tuple[str, str]]:
    """Folder and time of each snapshot, the newest first; what cannot be read is none."""
    found = []
    for file in to.glob("*/snapshot.json"):
        try:
            found.append((file.parent.name, str(json.loads(file.read_text("utf-8"))["made"])))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda item: (item[1], item[0]), reverse=True)


def _json(document: Any) -> str:  # noqa: ANN401 - any JSON value
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
