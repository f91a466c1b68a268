"""Runs as commands name them, and as `radbench ls runs` lists them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from radbench.cli.options import out_folder
from radbench.errors import ContentError, RunError
from radbench.folder import RunFolder, find_runs


def named(paths: Sequence[Path]) -> list[RunFolder]:
    """The run folders at and below some paths, each of which must hold one.

    Raises:
        ContentError: a path holds none.
    """
    found = {path: find_runs(path) for path in paths}
    for path, folders in found.items():
        if not folders:
            raise ContentError(f"{path}: no run folder is here (a folder with run.json)")
    return [folder for folders in found.values() for folder in folders]


def places(stated: Sequence[Path] | None) -> list[Path]:
    """The folders stated by `--runs`, or where none is, the one where runs go, which need not be there yet.

    Raises:
        ContentError: a path was stated that is no folder.
    """
    if wrong := next((path for path in stated or () if not path.is_dir()), None):
        raise ContentError(f"there is no folder `{wrong}` of runs")
    return list(stated or [out_folder()])


def found_below(stated: Sequence[Path] | None) -> list[RunFolder]:
    """The run folders at and below `places(stated)`; there may be none."""
    return [folder for path in places(stated) for folder in find_runs(path)]


def listed(out: Path) -> list[dict[str, str]]:
    """One row a run folder below `out`; a damaged one with its fault.

    Raises:
        RunError: there is no such folder.
    """
    if not out.is_dir():
        raise RunError(f"no folder `{out}`: name the one that holds the runs, with --out; `radbench run` makes the first")
    return [_row(folder) for folder in find_runs(out)]


def _row(folder: RunFolder) -> dict[str, str]:
    try:
        run = folder.read_run()
    except RunError as error:
        return {"task": "", "model": "", "status": "damaged", "started": "", "run_dir": str(folder.path), "message": str(error)}
    about = {"task": run.task, "model": run.model, "status": run.status, "started": run.started}
    return {**about, "run_dir": str(folder.path), "message": run.message}
