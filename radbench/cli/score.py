"""`radbench score`: score runs again, or a file of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radbench.cli.options import CatalogOption, DataDirOption, JsonOption, OutOption, data_roots, open_catalog, out_folder
from radbench.errors import ContentError


def score(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[RUN]...", help="Run folders, or folders that hold some.")] = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", metavar="FILE", help="Predictions of any model, by sample id.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="NAME", help="The task that --predictions answers.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The model's name, with --predictions. [default: the file's]")] = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws for intervals; 0: none.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draws.")] = 0,
    data_agreement: Annotated[str | None, typer.Option("--data-agreement", help="The terms under which closed data may go out.")] = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score runs by their tasks' cards as they are today, or import a file of predictions and score it. Asks no model again."""
    from radbench.cli.results import report
    from radbench.evaluation import Asking, Result, evaluate_all, import_plan, rescore
    from radbench.folder import find_runs
    from radbench.running.engine import Control
    from radbench.scoring import IntervalSettings
    from radbench.terms import parse_agreement

    if bool(runs) == (predictions is not None) or (predictions is not None) != (task is not None):
        raise ContentError("radbench score needs run folders, or --predictions FILE with --task NAME")
    found, intervals = open_catalog(catalog), IntervalSettings(draws=draws, seed=seed)
    agreement = parse_agreement(data_agreement) if data_agreement else None
    results: list[Result] = []
    if predictions is not None and task is not None:
        asking = Asking(data_dirs=data_roots(data_dir), out=out_folder(out), agreement=agreement)
        results += evaluate_all([import_plan(found, predictions, task, name, asking)], asking, Control(), intervals)
    for path in runs or ():
        folders = find_runs(path)
        if not folders:
            raise ContentError(f"{path}: no run folder is here (a folder with run.json)")
        results += [rescore(folder, found, intervals, agreement=agreement) for folder in folders]
    report(results, as_json=as_json)
