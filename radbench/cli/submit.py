"""`radbench submit`: predictions for a task whose references stay hidden; checked by those who send them, scored by those who keep them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

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
from radbench.cli.output import print_json

if TYPE_CHECKING:
    from radbench.submissions.checking import Report

submit = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Submissions: predictions for a task whose references stay hidden.",
)

FileArgument: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", help="Predictions: JSONL, JSON or CSV.")]
CardOption: TypeAlias = Annotated[Path, typer.Option("--card", metavar="SUBMISSION.yaml", help="What is stated of the model.")]
TaskOption: TypeAlias = Annotated[str, typer.Option("--task", metavar="NAME", help="The task, by name or file.")]


@submit.command()
def check(
    file: FileArgument,
    card: CardOption,
    task: TaskOption,
    ids: Annotated[Path | None, typer.Option("--ids", metavar="IDS.txt", help="The ids of the task's samples, one a line.")] = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong with a submission, with file and line; needs no references. Exit 2 if it would be refused."""
    from radbench.errors import ContentError
    from radbench.submissions.card import read_submission
    from radbench.submissions.checking import check as hold
    from radbench.submissions.checking import kind_of, read_ids

    kind = kind_of(open_catalog(catalog).task(task))
    faults = []
    try:
        read_submission(card)
    except ContentError as error:
        faults = str(error).splitlines()
    report = hold(file, kind, read_ids(ids) if ids else None)
    faults += report.told()
    if as_json:
        print_json({"ok": not faults, "faults": faults, **_counts(report)})
    else:
        sys.stderr.write("".join(f"{fault}\n" for fault in faults))
        sys.stdout.write("".join(f"{line}\n" for line in _said(report)))
        sys.stdout.write("to be mended\n" if faults else "ok\n")
    if faults:
        raise typer.Exit(2)


@submit.command("ids")
def ids_(task: TaskOption, catalog: CatalogOption = None, data_dir: DataDirOption = None) -> None:
    """Print the ids of a task's samples, one a line: what the organiser hands out for `check --ids`."""
    from radbench.submissions.receiving import sample_ids

    cards = open_catalog(catalog)
    for name in sample_ids(cards, cards.task(task), data_roots(cards, data_dir)):
        sys.stdout.write(f"{name}\n")


@submit.command()
def score(
    file: FileArgument,
    card: CardOption,
    task: TaskOption,
    private: Annotated[Path, typer.Option("--private", metavar="DIR", help="Where the scored run goes; never serve it.")],
    public: Annotated[Path, typer.Option("--public", metavar="DIR", help="Where its redacted summary goes.")],
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws for intervals; 0: none.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the draws.")] = 0,
    data_agreement: DataAgreementOption = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    weights: WeightsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a submission against hidden references. A missing prediction counts as a failure."""
    from radbench.cli.results import report
    from radbench.evaluation import Asking
    from radbench.scoring import IntervalSettings
    from radbench.submissions.receiving import Folders, receive

    cards = open_catalog(catalog)
    asking = Asking(
        data_dirs=data_roots(cards, data_dir),
        weights=weights_paths(cards, weights),
        agreement=agreement_of(data_agreement),
    )
    folders, intervals = Folders(private, public), IntervalSettings(draws=draws, seed=seed)
    received = receive(cards, cards.task(task), (file, card), folders=folders, asking=asking, intervals=intervals)
    if not as_json:
        sys.stdout.write("".join(f"{line}\n" for line in _said(received.report)))
        sys.stdout.write(f"public: {received.public.path}\n")
    report([received.result], as_json=as_json)


def _counts(report: Report) -> dict[str, int | None]:
    missing = None if report.missing is None else len(report.missing)
    return {
        "n_faults": report.n_faults,
        "n_predictions": report.n_predictions,
        "n_empty": report.n_empty,
        "n_none": report.n_none,
        "n_missing": missing,
    }


def _said(report: Report) -> list[str]:
    """The counts in words."""
    lines = [f"{report.n_predictions} samples with an entry"]
    if report.n_empty:
        lines.append(f"{report.n_empty} texts are empty: an answer that says nothing")
    if report.n_none:
        lines.append(f"{report.n_none} entries hold no prediction: each counts as a failure")
    if report.missing is None:
        lines.append("ids were not checked: --ids names the file of ids that the organiser hands out")
    elif report.missing:
        from radbench.submissions.entry import shown

        first = ", ".join(map(shown, report.missing[:5])) + (" ..." if len(report.missing) > 5 else "")
        lines.append(f"{len(report.missing)} samples of the task have no entry, and count as failures: {first}")
    return lines
