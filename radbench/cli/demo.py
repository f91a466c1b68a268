"""`radbench demo`: the baselines on the built-in suite, and the board. Needs no network, data, key or GPU."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from radbench.cli.options import JsonOption
from radbench.cli.output import print_json

BASELINES: Final = ("constant-yes", "majority", "nearest-neighbour")


def demo(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Keep the runs here. [default: a temporary folder]")] = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws for intervals; 0: none.")] = 2000,
    as_json: JsonOption = False,
) -> None:
    """Run the baselines on the built-in suite and print the board."""
    if out is not None:
        _demo(out, draws, as_json)
        return
    with tempfile.TemporaryDirectory(prefix="radbench-demo-") as folder:
        _demo(Path(folder), draws, as_json)


def _demo(out: Path, draws: int, as_json: bool) -> None:
    from radbench.catalog import Catalog
    from radbench.cli.run import watched
    from radbench.evaluation import Asking, evaluate_all, plan_all
    from radbench.folder import find_runs
    from radbench.leaderboard.board import build
    from radbench.leaderboard.printing.text import text
    from radbench.scoring import IntervalSettings

    started = time.monotonic()
    catalog = Catalog()
    asking = Asking(out=out)
    models, tasks = map(catalog.model, BASELINES), map(catalog.task, catalog.suite("demo"))
    plans = plan_all(catalog, list(models), list(tasks), asking)
    with watched() as control:
        results = list(evaluate_all(plans, asking, control, IntervalSettings(draws=draws)))
    if as_json:
        print_json({"runs": [result.as_json() for result in results]})
    else:
        sys.stdout.write(text(build(catalog.board("demo"), find_runs(out), catalog)))
        for message in dict.fromkeys(result.message for result in results if result.message):
            sys.stdout.write(f"  {message}\n")
        n_asked = sum(result.summary.counts.n_total for result in results if result.summary)
        sys.stdout.write(f"\n  {len(results)} runs, {n_asked} cases, {time.monotonic() - started:.1f} s\n")
    if len(results) < len(plans) or not all(result.is_whole for result in results):
        raise typer.Exit(1)
