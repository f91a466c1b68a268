"""`radbench reproduce`: a run held against the numbers that a paper reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from radbench.cli.options import (
    CatalogOption,
    DataAgreementOption,
    JsonOption,
    OutOption,
    WeightsOption,
    agreement_of,
    open_catalog,
    out_folder,
    weights_paths,
)
from radbench.cli.output import print_json
from radbench.conventions import PRESETS
from radbench.errors import RunError


def reproduce(
    task: Annotated[str, typer.Argument(help="The task whose published cells are looked at.")],
    paper: Annotated[str, typer.Option("--paper", metavar="NAME", help=f"How it scored: {', '.join(PRESETS)}.")],
    run: Annotated[Path | None, typer.Option("--run", metavar="RUN", help="A run folder. [default: the only run of the task]")] = None,
    model: Annotated[str, typer.Option("--as", metavar="MODEL", help="The published model. [default: the one called like the run's]")] = "",
    ids: Annotated[Path | None, typer.Option("--ids", metavar="FILE", help="The sample ids that the paper scored, one a line.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")] = 0,
    data_agreement: DataAgreementOption = None,
    catalog: CatalogOption = None,
    weights: WeightsOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set each published cell beside the same value of a run: under the paper's convention, strict, and what lies between.

    The exit status is 1 where a cell could not be measured.
    """
    from radbench.folder import RunFolder, find_runs
    from radbench.reproducing.cells import published_cells
    from radbench.reproducing.reproduce import reproduce as reproduced
    from radbench.reproducing.reproduce import run_of
    from radbench.reproducing.text import text
    from radbench.running.annotations import Annotators
    from radbench.submissions.checking import read_ids

    cards = open_catalog(catalog)
    where = weights_paths(cards, weights)
    published_cells(cards, task, paper)  # what no paper reports needs no run
    folder = RunFolder(run) if run else run_of(task, find_runs(out_folder(out)))
    if (asked := folder.read_run().task) != task:
        raise RunError(f"{folder.path} is a run of {asked}, not of {task}")
    store = folder.path.resolve().parents[2] / "annotations"
    agreement = agreement_of(data_agreement)
    annotators = Annotators(cards, store, agreement=agreement, weights=where)
    found = reproduced(folder, paper, annotators, model=model, ids=read_ids(ids) if ids else None, seed=seed)
    if as_json:
        print_json(found.as_json())
    else:
        sys.stdout.write(text(found))
    if any(cell.verdict == "not measured" for cell in found.cells):
        raise typer.Exit(1)
