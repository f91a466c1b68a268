"""Results of runs on stdout: a table for people, or the JSON document of `run --json` and `score --json`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import typer

from radbench.cli.options import print_columns, print_json
from radbench.evaluation import Result
from radbench.folder import ValueRecord

_FEW: Final = 30  # clusters below which a bootstrap interval is too narrow to trust


def report(results: Sequence[Result], *, as_json: bool) -> None:
    """Print results; leave with exit status 1 where one of them is not whole."""
    if as_json:
        print_json({"runs": [result.as_json() for result in results]})
    else:
        for result in results:
            _print(result)
    if not all(result.is_whole for result in results):
        raise typer.Exit(1)


def _print(result: Result) -> None:
    summary = result.summary
    sys.stdout.write(f"{result.task} x {result.model}: {result.status}, {result.seconds:.1f} s, {result.folder.path}\n")
    if result.message:
        sys.stdout.write(f"  {result.message}\n")
    if summary is None:
        return
    counts = ", ".join(f"{name}={count}" for name, count in summary.counts.model_dump().items() if count or name in {"n_total", "n_scored"})
    sys.stdout.write(f"  {counts}\n")
    for reason, count in {**summary.unparsed, **summary.excluded}.items():
        sys.stdout.write(f"    {count} x {reason}\n")
    for problem in summary.problems:
        sys.stdout.write(f"  not measured: {problem}\n")
    primary = str(summary.score["primary"])
    for metric, values in groupby(summary.values, key=lambda value: value.signature.partition("|ask:")[0]):
        sys.stdout.write(f"  {metric}\n")
        print_columns([_row(value, primary) for value in values])
    if summary.values:
        asked = summary.values[0].signature.partition("|ask:")[2]
        how = summary.intervals
        made = f"{how['method']}, {how['n_clusters']} clusters ({how['cluster']}), {how['draws']} draws"
        few = "; fewer than 30 clusters: do not lean on these intervals" if int(how["n_clusters"]) < _FEW else ""
        sys.stdout.write(f"  asked as ask:{asked}\n  intervals: {made}{few}\n")


def _row(value: ValueRecord, primary: str) -> list[str]:
    mark = "*" if value.id == primary else " "
    excluded = f" ({value.n_excluded} left out)" if value.n_excluded else ""
    return [f"   {mark}{value.id}", show(value.value), interval(value), f"n={value.n_scored}{excluded}"]


def show(number: float | None) -> str:
    """A value with four significant places after the point, or a dash where it is undefined."""
    return "-" if number is None else f"{number:.4f}"


def interval(value: ValueRecord) -> str:
    """The interval of a value in brackets; "" where none was made."""
    return "" if value.ci is None else f"[{show(value.ci[0])}, {show(value.ci[1])}]"
