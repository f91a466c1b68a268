"""`radbench score`: score runs again, or a file of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from radbench.cli.options import (
    CatalogOption,
    DataAgreementOption,
    DataDirOption,
    JsonOption,
    OutOption,
    WeightsOption,
    agreement_of,
    data_roots,
    open_catalog,
    out_folder,
    refuse_idle,
    weights_paths,
)
from radbench.conventions import PRESETS
from radbench.errors import ContentError

if TYPE_CHECKING:
    from radbench.folder import RunFolder
    from radbench.running.annotations import Annotators


def score(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[RUN]...", help="Run folders, or folders that hold some.")] = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", metavar="FILE", help="Predictions of any model, by sample id.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="NAME", help="The task that --predictions answers.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The model's name, with --predictions. [default: the file's]")] = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws for intervals; 0: none.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the draws.")] = 0,
    annotations: Annotated[
        Path | None, typer.Option("--annotations", metavar="DIR", help="Take annotators' replies from here; ask nobody.")
    ] = None,
    as_in: Annotated[
        str | None,
        typer.Option("--preset", metavar="NAME", help=f"Also score as published: {', '.join(PRESETS)}."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what annotators would be asked, and ask nothing.")] = False,
    data_agreement: DataAgreementOption = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    weights: WeightsOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score runs by their tasks' cards as they are today, or import a file of predictions and score it. Asks no model again."""
    from radbench.cli.results import report, report_published
    from radbench.cli.runs import named
    from radbench.evaluation import Asking, import_plan, rescore, score_as_published, score_predictions
    from radbench.rerunning import annotations_of
    from radbench.running.annotations import Annotators
    from radbench.scoring import IntervalSettings

    if bool(runs) == (predictions is not None) or (predictions is not None) != (task is not None):
        raise ContentError("radbench score needs run folders, or --predictions FILE with --task NAME")
    if predictions:
        refuse_idle(
            "for run folders: import the predictions first, then score their run", annotations=annotations, preset=as_in, dry_run=dry_run
        )
    else:
        refuse_idle("for --predictions: a run stays where it is, under its own name", name=name, data_dir=data_dir, out=out)
    found, intervals = open_catalog(catalog), IntervalSettings(draws=draws, seed=seed)
    agreement, where = agreement_of(data_agreement), weights_paths(found, weights)
    if predictions is not None and task is not None:
        asking = Asking(data_dirs=data_roots(found, data_dir), weights=where, out=out_folder(out), agreement=agreement)
        plan = import_plan(found, predictions, task, name, asking)
        report([score_predictions(plan, predictions, asking, intervals)], as_json=as_json)
        return
    if annotations and not annotations.is_dir():
        raise ContentError(f"--annotations {annotations}: there is no such folder")
    mode: Literal["ask", "stored", "count"] = "count" if dry_run else "stored" if annotations else "ask"
    asked = [(folder, annotations or annotations_of(folder)) for folder in named(runs or ())]
    stores = {store: Annotators(found, store, mode, agreement=agreement, weights=where) for _, store in asked}
    if dry_run:
        _count([(folder, stores[store]) for folder, store in asked], as_json=as_json)
        return
    results = [(folder, stores[store], rescore(folder, stores[store], intervals)) for folder, store in asked]
    published = [(result, *score_as_published(folder, as_in, store, seed)) for folder, store, result in results if as_in]
    report_published(published, as_json=as_json)
    report([result for _, _, result in results], as_json=as_json, unanswered=list(stores.values()))


def _count(asked: Sequence[tuple[RunFolder, Annotators]], *, as_json: bool) -> None:
    """Say what annotators would be asked about runs, by the cards of their tasks as they are today."""
    from radbench.cli.results import report_questions
    from radbench.evaluation import card_today
    from radbench.scoring import count_questions

    for folder, annotators in asked:
        count_questions(folder, card_today(folder, annotators.catalog)[0], annotators.catalog, annotators)
    report_questions(list({id(annotators): annotators for _, annotators in asked}.values()), as_json=as_json)
