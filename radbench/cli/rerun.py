"""`radbench rerun`: the same again, saying what differs today."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from radbench.cli.options import (
    CatalogOption,
    DataAgreementOption,
    DataDirOption,
    JsonOption,
    WeightsOption,
    agreement_of,
    data_roots,
    open_catalog,
    weights_paths,
)
from radbench.cli.output import print_columns, print_json
from radbench.errors import DataTermsError, RunError


def rerun(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    data_agreement: DataAgreementOption = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    weights: WeightsOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where repetitions go, numbered. [default: reruns, beside the runs]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask again what a run asked (same cards, settings and seeds), and say what differs today: versions, weights, replies, values."""
    from dataclasses import asdict

    from radbench.cli.results import show
    from radbench.cli.run import watched
    from radbench.evaluation import Asking
    from radbench.folder import RunFolder
    from radbench.rerunning import again_folder, annotations_of, compare
    from radbench.rerunning import rerun as ask_again

    folder = RunFolder(run)
    record = folder.read_run()  # what is no run folder is told so before any other folder is looked for
    cards = open_catalog(catalog)
    agreement = agreement_of(data_agreement)
    asking = Asking(
        out=again_folder(folder, out),
        data_dirs=data_roots(cards, data_dir),
        weights=weights_paths(cards, weights, [record.model]),
        agreement=agreement,
        annotations=annotations_of(folder),
    )
    with watched() as control:
        result = ask_again(folder, cards, asking, control)
    if result.summary is None:
        raise RunError(f"{result.folder.path}: nothing to compare with, for the repetition is {result.status}: {result.message}")
    found = compare(folder, result.folder)
    if as_json:
        print_json({"run_dir": str(result.folder.path), "status": result.status, "annotations": str(asking.annotations), **asdict(found)})
    else:
        sys.stdout.write(f"{result.task} x {result.model}: {result.status}, {result.folder.path}\n")
        sys.stdout.write(f"replies: {found.n_same} of {found.n_both} the same, word for word\n")
        sys.stdout.write(f"annotators and judges: what they said of equal texts is taken from {asking.annotations}\n")
        print_columns([["value", "then", "now"], *([name, show(old), show(new)] for name, (old, new) in found.values.items())])
        rows = [[what, old, new] for what, (old, new) in found.differences.items()]
        print_columns([["what differs", "then", "now"], *rows] if rows else [["nothing else differs"]])
    if result.refusal:
        raise DataTermsError(result.refusal)
    if not result.is_whole:
        raise typer.Exit(1)
