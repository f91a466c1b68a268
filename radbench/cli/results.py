"""Results of runs on stdout: a table for people, or the JSON document of `run --json` and `score --json`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import typer

from radbench.cli.output import print_columns, print_json
from radbench.conventions import Preset
from radbench.errors import DataTermsError
from radbench.evaluation import Result
from radbench.records import FEW, Summary, ValueRecord
from radbench.running.annotations import Annotators


def report(results: Sequence[Result], *, as_json: bool, unanswered: Sequence[Annotators] = ()) -> None:
    """Print results, and what annotators in `unanswered` had no stored reply to; leave with exit status 1 where one is not whole.

    Raises:
        DataTermsError: once all is printed, where data terms kept a metric from being measured.
    """
    if as_json:
        print_json({"runs": [result.as_json() for result in results], "unanswered": dict(_missing(unanswered))})
    else:
        for result in results:
            _print(result)
        for name, count in _missing(unanswered).items():
            sys.stdout.write(f"{count} questions to {name} have no stored reply\n")
    refusals = [*(result.refusal for result in results if result.refusal), *(said for store in unanswered for said in store.refusals)]
    if refusals:
        raise DataTermsError(refusals[0])
    if _missing(unanswered) or not all(result.is_whole for result in results):
        raise typer.Exit(1)


def report_published(found: Sequence[tuple[Result, Summary, Preset]], *, as_json: bool) -> None:
    """Print values under a published convention beside the strict ones, and what the convention still differs in; no JSON of it."""
    for result, summary, preset in () if as_json else found:
        sys.stdout.write(f"{result.task} x {result.model}, scored as {preset.title} ({preset.source}):\n")
        strict = {value.id: value for value in result.summary.values} if result.summary else {}
        rows = [
            [f"    {v.id}", show(v.value), show(strict[v.id].value) if v.id in strict else "", v.signature.partition("|ask:")[0]]
            for v in summary.values
        ]
        print_columns([["    value", "as published", "strict", "signature"], *rows])
        printed = [f"the paper's {column}: {value}" for column, value in preset.columns.items()]
        for line in (
            *printed,
            *(f"not measured: {problem}" for problem in summary.problems),
            *(f"differs: {text}" for text in preset.differs),
        ):
            sys.stdout.write(f"  {line}\n")


def report_questions(stores: Sequence[Annotators], *, as_json: bool) -> None:
    """Print what annotators would be asked: distinct requests without a stored reply, their size, and their price."""
    asked = [one for store in stores for one in store.estimated()]
    if as_json:
        print_json({"questions": asked})
    elif not asked:
        sys.stdout.write("nothing would be asked\n")
    else:
        print_columns([list(asked[0]), *(["-" if value is None else str(value) for value in one.values()] for one in asked)])
        sys.stdout.write("prompts: four characters are taken for a token; questions of later rounds come on top\n")


def _missing(stores: Sequence[Annotators]) -> Counter[str]:
    return sum((store.unanswered for store in stores), Counter())


def _print(result: Result) -> None:
    summary = result.summary
    sys.stdout.write(f"{result.task} x {result.model}: {result.status}, {result.seconds:.1f} s, {result.folder.path}\n")
    if result.message:
        sys.stdout.write(f"  {result.message}\n")
    if summary is None:
        return
    counts = ", ".join(f"{name}={count}" for name, count in summary.counts.model_dump().items() if count or name in {"n_total", "n_scored"})
    sys.stdout.write(f"  {counts}\n")
    for what, reasons in (("failed", summary.failed), ("unparsed", summary.unparsed), ("left out", summary.excluded)):
        for reason, count in reasons.items():
            sys.stdout.write(f"    {count} {what}: {reason}\n")
    for note, n_files in result.folder.read_run().media_notes.items():
        sys.stdout.write(f"    {n_files} {'file' if n_files == 1 else 'files'}: {note}\n")
    for problem in summary.problems:
        sys.stdout.write(f"  not measured: {problem}\n")
    primary = str(summary.score["primary"])
    for metric, values in groupby(summary.values, key=lambda value: value.signature.partition("|ask:")[0]):
        sys.stdout.write(f"  {metric}\n")
        of_metric = list(values)
        print_columns([_row(value, primary) for value in of_metric])
        for reason, count in of_metric[0].excluded.items():
            sys.stdout.write(f"    {count} left out: {reason}\n")
    if summary.values:
        asked = summary.values[0].signature.partition("|ask:")[2]
        how = summary.intervals
        made = f"{how['method']}, {how['n_clusters']} clusters ({how['cluster']}), {how['draws']} draws"
        few = f"; fewer than {FEW} clusters: do not lean on these intervals" if int(how["n_clusters"]) < FEW else ""
        sys.stdout.write(f"  asked as ask:{asked}\n  intervals: {made}{few}\n")


def _row(value: ValueRecord, primary: str) -> list[str]:
    mark = "*" if value.id == primary else " "
    undefined = f" ({value.undefined_draws} draws undefined)" if value.undefined_draws else ""
    return [f"   {mark}{value.id}", show(value.value), interval(value), f"n={value.n_scored}{undefined}"]


def show(number: float | None) -> str:
    """A value with four significant places after the point, or a dash where it is undefined."""
    return "-" if number is None else f"{number:.4f}"


def interval(value: ValueRecord) -> str:
    """The interval of a value in brackets; "" where none was made."""
    return "" if value.ci is None else f"[{show(value.ci[0])}, {show(value.ci[1])}]"
