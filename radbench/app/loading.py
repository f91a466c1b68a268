"""What pages read, kept by content: a file is read again when its size or time of change differs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from radbench.app.behind import Behind
from radbench.app.kept import Kept, lasting
from radbench.app.settings import settings
from radbench.catalog import Catalog
from radbench.catalog.cards import BoardCard
from radbench.catalog.files import card_file
from radbench.errors import RadbenchError, RunError, where_raised
from radbench.folder import RunFolder, find_runs, hidden_among
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.breakdown import board_of
from radbench.leaderboard.comparing.compare import compare
from radbench.leaderboard.comparing.comparison import Comparison
from radbench.leaderboard.comparing.sheet import CompareSettings
from radbench.leaderboard.efficiency import efficiency
from radbench.leaderboard.standing import infer
from radbench.records import RunRecord, Summary
from radbench.scoring.stored import StoredRun

Stamp: TypeAlias = tuple[int, int]  # size in bytes, time of change in ns; (-1, -1): no such file
Content: TypeAlias = tuple[tuple[str, Stamp], ...]

_OWN_BOARD: Final = "radbench"
_LOOK_AGAIN_S: Final = 2.0  # new folders and changed cards are seen after so long

_catalogs: Kept[str, Catalog] = Kept()
_runs: Kept[Path, RunRecord] = Kept()
_summaries: Kept[Path, Summary] = Kept()
_found: Kept[str, tuple[tuple[CachedRun, ...], tuple[CachedRun, ...]]] = Kept()
_cards: Kept[str, BoardCard] = Kept()
_boards: Kept[str, Board] = Kept()
_contents: Kept[str, Content] = Kept()
_of_tasks: Kept[tuple[str, ...], Board] = Kept(most=256)
_compared: Kept[tuple[str, ...], Comparison] = Kept(most=64)
# cases: mostly their rows, since runs of one task share what they are grouped by
_stored: Kept[Path, StoredRun] = Kept(most=400_000, size=lambda stored: len(stored.cases))
_ranked: Final = Behind[str, Board]()  # takes seconds, or minutes where there are many samples


class CachedRun(RunFolder):
    """A run folder whose records are read once for each of their contents."""

    def read_run(self) -> RunRecord:
        """run.json; raises RunError as a `RunFolder` does."""
        return _runs.get(self.run, stamp(self.run), super().read_run)

    def read_summary(self, preset: str = "") -> Summary:
        """summary.json, or that of a published convention; raises RunError as `read_run`."""
        file = self.path / f"summary-{preset}.json" if preset else self.summary
        return _summaries.get(file, stamp(file), lambda: super(CachedRun, self).read_summary(preset))


@dataclass(frozen=True, slots=True)
class Read:
    """A run folder as far as it can be read."""

    folder: CachedRun
    run: RunRecord | None
    summary: Summary | None
    fault: str  # why not all could be read; "" where it could


def stamp(path: Path) -> Stamp:
    """What tells one content of a file from another."""
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def catalog() -> Catalog:
    """The catalogue of this process."""
    return _catalogs.get("", settings().catalog, lambda: Catalog(settings().catalog))


def run_folders() -> tuple[CachedRun, ...]:
    """All run folders below those that are served, each once; none whose references are hidden."""
    return _sorted_out()[0]


def n_hidden() -> int:
    """How many run folders are not shown, since nobody may see their references."""
    return len(_sorted_out()[1])


def _sorted_out() -> tuple[tuple[CachedRun, ...], tuple[CachedRun, ...]]:
    """The run folders that may be shown, and those that may not."""
    served = settings().runs

    def found() -> tuple[tuple[CachedRun, ...], tuple[CachedRun, ...]]:
        runs = {run.path: CachedRun(run.path) for path in served for run in find_runs(path)}
        hidden = hidden_among(runs)
        shown = tuple(run for path, run in runs.items() if path not in hidden)
        return shown, tuple(runs[path] for path in sorted(hidden))

    return _found.get("", (_now(), served), found)


def read(folder: CachedRun) -> Read:
    """The records of a run folder, or why they cannot be read."""
    run: RunRecord | None = None
    try:
        run = folder.read_run()
        if run.data.split == run.task_card["ask"].get("validation"):
            return Read(folder, run, None, "asked on the validation split, where operating points are chosen: it is no result")
        return Read(folder, run, folder.read_summary(), "")
    except (RunError, OSError) as error:
        return Read(folder, run, None, str(error))


def runs() -> list[Read]:
    """All run folders, read as far as they can be."""
    return [read(folder) for folder in run_folders()]


def tasks() -> dict[str, list[Read]]:
    """The scored runs by task, tasks sorted."""
    found: dict[str, list[Read]] = {}
    for one in runs():
        if one.run is not None and one.summary is not None:
            found.setdefault(one.run.task, []).append(one)
    return dict(sorted(found.items()))


def board_names() -> list[str]:
    """The boards that are shown."""
    return list(settings().boards) or catalog().names("leaderboards")


def boards() -> tuple[dict[str, Board], list[str]]:
    """The boards that are shown, by name, and why others cannot be."""
    found: dict[str, Board] = {}
    faults: list[str] = []
    for name in board_names():
        try:
            found[name] = board(name)
        except RadbenchError as error:
            faults.append(f"{name}: {error}")
    return found, faults


def first_board(among: Mapping[str, Board]) -> str:
    """The board that is shown where none is chosen: that with most numbers of ours, else `radbench`, else the first that has anything."""
    own = {name: sum(cell is not None and bool(cell.parts) for line in of.lines for cell in line.cells) for name, of in among.items()}
    if any(own.values()):
        return max(own, key=own.__getitem__)
    with_lines = [name for name, of in among.items() if of.lines] or list(among)
    return _OWN_BOARD if _OWN_BOARD in with_lines else with_lines[0]


def board(name: str) -> Board:
    """A board by name, without rank intervals and groups.

    Raises:
        ContentError: its card or published rows are damaged.
        UnknownNameError: there is no such board.
    """
    card, content = _card(name)
    return _boards.get(name, content, lambda: lasting(build(card, run_folders(), catalog())))


def ranked(name: str) -> Board | None:
    """The board with rank intervals and groups, where they are there by now; raises as `board`."""
    return _ranked.made(name, _card(name)[1])


def rank(name: str) -> float:
    """Have rank intervals and groups worked out behind the pages; for how long that has been asked for, in seconds; raises as `board`."""
    content = _card(name)[1]  # before the board: one that is newer than it is only ranked once more, an older one would stay
    made = board(name)
    _ranked.begin(name, content, partial(_inferred, made))
    return _ranked.waited_s(name, content)


def task_board(task: str, value: str, others: tuple[str, ...] = ()) -> Board:
    """The board of one value of a task, and of other tasks beside it; raises as `board`."""
    return _of_tasks.get((task, value, *others), runs_content(), lambda: board_of(task, value, run_folders(), catalog(), others))


def comparison(paths: tuple[Path, ...], value: str) -> Comparison:
    """Some runs of a task compared pair by pair.

    Raises:
        RunError: they cannot be compared; the message says why.
    """
    folders = [CachedRun(path) for path in paths]
    files = [file for folder in folders for file in (folder.run, folder.summary, folder.predictions)]
    return _compared.get((value, *map(str, paths)), _stamps(files), lambda: compare(folders, catalog(), CompareSettings(value=value)))


def stored_run(path: Path) -> StoredRun:
    """The rows of a scored run.

    Raises:
        RunError: the folder is no run folder, or was never scored.
    """
    folder = CachedRun(path)
    files = (folder.run, folder.summary, folder.predictions, folder.cases, *sorted(folder.scores.glob("*.npz")))
    return _stored.get(path, _stamps(files), lambda: lasting(StoredRun.open(folder, catalog())))


def runs_content() -> Content:
    """Changes within two seconds of a run being added, going on, or being scored."""
    return _contents.get(
        "", (_now(), settings().runs), lambda: _stamps(file for folder in run_folders() for file in (folder.run, folder.summary))
    )


def _inferred(made: Board) -> Board:
    try:
        found = infer(made, catalog())
        for place in range(len(found.columns)):
            efficiency(found, place)  # journals are read here, and not while a page is shown
    except Exception as error:  # the numbers stand without: no fault of a metric may take the board with it
        logging.getLogger(__name__).exception("ranks could not be worked out")
        return replace(made, notes=(*made.notes, f"no ranks and groups: unforeseen {where_raised(error)}"))
    return lasting(found)


def _card(name: str) -> tuple[BoardCard, Content]:
    """A board's card, and the content that the board is made of."""
    files = [path for folder in catalog().folders if (path := card_file(folder, "leaderboards", name))]
    own = _stamps(files)
    card = _cards.get(name, own, lambda: catalog().board(name))
    beside = card.file.parent if card.file else Path()
    return card, (*own, *_stamps(beside / rows for rows in card.rows), *runs_content())


def _stamps(files: Iterable[Path]) -> Content:
    return tuple((str(file), stamp(file)) for file in files)


def _now() -> int:
    return int(time.monotonic() / _LOOK_AGAIN_S)
