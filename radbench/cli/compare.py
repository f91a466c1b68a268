"""`radbench compare`: is one run better than another, and how surely."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from radbench.cli.options import CatalogOption, JsonOption, open_catalog
from radbench.errors import ContentError

if TYPE_CHECKING:
    from radbench.leaderboard.comparing.comparison import Comparison


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, or folders that hold some.")],
    value: Annotated[
        str, typer.Option("--value", metavar="ID", help="The value that is compared. [default: each task's primary one]")
    ] = "",
    correction: Annotated[Literal["holm", "bh"], typer.Option("--correction", help="Of p for all pairs of a task.")] = "holm",
    draws: Annotated[int, typer.Option("--draws", min=1, help="Of the test and of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")] = 0,
    interval: Annotated[Literal["percentile", "bca"], typer.Option("--interval", help="How bootstrap intervals are made.")] = "percentile",
    margin: Annotated[
        float | None, typer.Option("--margin", min=0, help="Test whether runs are worse than --against by less than this.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="RUN", help="The run that --margin is about, or a folder with one of each task.")
    ] = None,
    plan: Annotated[
        float | None, typer.Option("--plan", metavar="D", min=0, help="Say with what power a difference of D would be found.")
    ] = None,
    claims: Annotated[bool, typer.Option("--claims", help="Say where else the order of each pair holds.")] = False,
    fmt: Annotated[Literal["text", "markdown", "csv", "json"], typer.Option("--format", help="How it is written.")] = "text",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to a file. [default: stdout]")] = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare scored runs pair by pair on the cases they share: differences, intervals, adjusted p, ranks, groups.

    Runs whose data, question or metric differ are left out with the reason, and the exit status is 1.
    """
    from radbench.cli.runs import named
    from radbench.leaderboard.comparing.compare import compare as compare_runs
    from radbench.leaderboard.comparing.sheet import CompareSettings

    _check(margin, against, plan)
    if as_json and fmt != "text":
        raise ContentError(f"--json and --format {fmt}: one of them")
    reference = named([against] if against else ())
    settings = CompareSettings(
        value=value,
        correction=correction,
        draws=draws,
        seed=seed,
        interval=interval,
        margin=margin,
        plan=plan,
        against=frozenset(folder.path.resolve() for folder in reference),
    )
    agreement = _published_agreement() if claims else {}
    folders = [*named(runs), *reference]
    found = compare_runs(folders, open_catalog(catalog), settings, with_claims=claims, agreement=agreement)
    _report(found, "json" if as_json else fmt, out)


def _check(margin: float | None, against: Path | None, plan: float | None) -> None:
    """Refuse a question that no test could answer.

    Raises:
        ContentError: one of --margin and --against without the other, or a difference that is none.
    """
    if (margin is None) != (against is None):
        raise ContentError("--margin and --against belong together: how much worse than which run is still no worse")
    if margin is not None and not math.isfinite(margin):
        raise ContentError(f"--margin: expected a number, in units of the value, got `{margin}`")
    if plan is not None and not 0 < plan < math.inf:
        raise ContentError(f"--plan: expected a difference above 0, in units of the value, got `{plan:g}`")


def _report(found: Comparison, how: Literal["text", "markdown", "csv", "json"], out: Path | None) -> None:
    """Print or write what was found; leave with 1 where a run was left out."""
    from radbench.leaderboard.comparing.compare_files import as_csv, as_json
    from radbench.leaderboard.comparing.compare_text import rendered

    text = as_json(found) if how == "json" else as_csv(found) if how == "csv" else rendered(found, how)
    if out is None:
        sys.stdout.write(text)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")
    if found.left_out:
        if out is not None or how == "csv":
            sys.stderr.write("".join(f"not compared: {line}\n" for line in found.left_out))
        raise typer.Exit(1)


def _published_agreement() -> dict[str, str]:
    """Of each value the first published figure of its agreement with radiologists, in words."""
    from radbench.ratings.published import published

    said: dict[str, str] = {}
    for one in published():
        if one.what == "metric against radiologists":
            bounds = "" if one.low is None else f"[{one.low:g}, {one.high:g}]"
            number = bounds if one.value is None else f"{one.value:g} {bounds}".rstrip()
            items = "" if one.n_items is None else f", n = {one.n_items}"
            said.setdefault(one.name, f"{number} {one.statistic}{items}")
    return said
