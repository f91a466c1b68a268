"""`radbench table`: a board as a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from radbench.cli.options import CatalogOption, OutOption, open_catalog, out_folder


def table(
    board: Annotated[str, typer.Argument(help="A board by name or file.")],
    fmt: Annotated[Literal["markdown", "text"], typer.Option("--format", help="How it is written.")] = "markdown",
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", metavar="DIR", help="Where runs lie; repeatable. [default: as --out]")
    ] = None,
    catalog: CatalogOption = None,
    out: OutOption = None,
) -> None:
    """Print a board: its columns for every model that has a run, with intervals, counts and what is not comparable."""
    from radbench.folder import find_runs
    from radbench.leaderboard.board import build
    from radbench.leaderboard.markdown import markdown
    from radbench.leaderboard.text import text

    cards = open_catalog(catalog)
    found = build(cards.board(board), [folder for path in runs or [out_folder(out)] for folder in find_runs(path)], cards)
    sys.stdout.write(markdown(found) if fmt == "markdown" else text(found))
