"""Runs as `radbench ls runs` lists them."""

from __future__ import annotations

from pathlib import Path

from radbench.errors import RunError
from radbench.folder import RunFolder, find_runs


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
