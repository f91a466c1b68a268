"""`radbench score`: score runs again, or a file of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from radbench.cli.options import (
    CatalogOption,
    DataDirOption,
    JsonOption,
    OutOption,
    WeightsOption,
    data_roots,
    open_catalog,
    out_folder,
    weights_paths,
)
from radbench.errors import ContentError

if TYPE_CHECKING:
    from radbench.conventions import Preset
    from radbench.evaluation import Result
    from radbench.folder import Summary


def score(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[RUN]...", help="Run folders, or folders that hold some.")] = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", metavar="FILE", help="Predictions of any model, by sample id.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="NAME", help="The task that --predictions answers.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The model's name, with --predictions. [default: the file's]")] = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws for intervals; 0: none.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draws.")] = 0,
    annotations: Annotated[
        Path | None, typer.Option("--annotations", metavar="DIR", help="Take annotators' replies from here; ask nobody.")
    ] = None,
    as_in: Annotated[
        str | None,
        typer.Option("--preset", metavar="NAME", help="Also score as published: llavarad-2024, medpalmm, rexrank, r2gen, radfm-v1."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what annotators would be asked, and ask nothing.")] = False,
    data_agreement: Annotated[str | None, typer.Option("--data-agreement", help="The terms under which closed data may go out.")] = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    weights: WeightsOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score runs by their tasks' cards as they are today, or import a file of predictions and score it. Asks no model again."""
    from radbench.cli.results import report, report_published, report_questions
    from radbench.cli.runs import named
    from radbench.evaluation import Asking, card_today, evaluate_all, import_plan, remarked, rescore, score_as_published
    from radbench.rerunning import annotations_of
    from radbench.running.annotations import Annotators
    from radbench.running.engine import Control
    from radbench.scoring import IntervalSettings, count_questions
    from radbench.terms import parse_agreement

    if bool(runs) == (predictions is not None) or (predictions is not None) != (task is not None):
        raise ContentError("radbench score needs run folders, or --predictions FILE with --task NAME")
    found, intervals = open_catalog(catalog), IntervalSettings(draws=draws, seed=seed)
    agreement, where = parse_agreement(data_agreement) if data_agreement else None, weights_paths(weights)
    if predictions is not None and task is not None:
        asking = Asking(data_dirs=data_roots(data_dir), weights=where, out=out_folder(out), agreement=agreement)
        plan = import_plan(found, predictions, task, name, asking)
        report([remarked(result, predictions) for result in evaluate_all([plan], asking, Control(), intervals)], as_json=as_json)
        return
    folders = named(runs or ())
    mode: Literal["ask", "stored", "count"] = "count" if dry_run else "stored" if annotations else "ask"
    stores: dict[Path, Annotators] = {}
    results: list[Result] = []
    published: list[tuple[Result, Summary, Preset]] = []
    for folder in folders:
        store = annotations or annotations_of(folder)
        annotators = stores.setdefault(store, Annotators(found, store, mode, agreement=agreement, weights=where))
        if dry_run:
            count_questions(folder, card_today(folder, found)[0], found, annotators)
        else:
            results.append(rescore(folder, annotators, intervals))
            if as_in:
                published.append((results[-1], *score_as_published(folder, as_in, annotators, seed)))
    if dry_run:
        report_questions(list(stores.values()), as_json=as_json)
        return
    report_published(published, as_json=as_json)
    report(results, as_json=as_json, unanswered=list(stores.values()))
