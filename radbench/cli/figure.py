"""`radbench figure`: the figures of a board."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from radbench.cli.options import CatalogOption, OutOption, open_catalog


def figure(
    board: Annotated[str, typer.Argument(help="A board by name or file.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where the figures go.")] = Path("figures"),
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", metavar="DIR", help="Where runs lie; repeatable. [default: as --out]")
    ] = None,
    catalog: CatalogOption = None,
    out: OutOption = None,
) -> None:
    """Draw a board as SVG, PDF and PNG: values with intervals, rank intervals, quality against cost."""
    from radbench.cli.runs import found_below
    from radbench.leaderboard.board import build
    from radbench.leaderboard.printing.figures import draw
    from radbench.leaderboard.standing import infer

    cards = open_catalog(catalog)
    found = build(cards.board(board), found_below(runs or ([out] if out else None)), cards)
    standing = infer(found, cards)
    for path in draw(standing, to):
        sys.stdout.write(f"{path}\n")
    sys.stderr.write("".join(f"note: {note}\n" for note in standing.notes))  # such as why a column has no ranks
