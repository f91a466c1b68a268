"""`radbench paper`: a board as a folder of tables, figures and words for a paper."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from radbench.cli.options import CatalogOption, open_catalog


def paper(
    board: Annotated[str, typer.Argument(help="A board by name or file.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write: a new one.")],
    runs: Annotated[list[Path] | None, typer.Option("--runs", metavar="DIR", help="Where runs lie; repeatable. [default: runs]")] = None,
    cases: Annotated[int, typer.Option("--cases", min=0, help="Cases shown of each task.")] = 5,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the drawing of cases.")] = 0,
    catalog: CatalogOption = None,
) -> None:
    """Write tables, figures, methods, prompts, settings, failures, cases, BibTeX and checklists; `radbench verify` recomputes them."""
    from datetime import UTC, datetime
    from importlib.metadata import version

    from radbench.cli.runs import found_below
    from radbench.extras import need
    from radbench.leaderboard.board import build
    from radbench.leaderboard.standing import infer
    from radbench.paper.bundle import Making, write_bundle
    from radbench.paper.facts import of_own_runs

    cards = open_catalog(catalog)
    whole = build(cards.board(board), found_below(runs), cards)
    found = of_own_runs(whole, cards) if whole.lines else whole
    need("matplotlib", extra="plots", purpose="drawing figures of a board")
    versions = {name: version(name) for name in ("radbench", "matplotlib")}
    making = Making(made=datetime.now(UTC).isoformat(timespec="seconds"), cases=cases, seed=seed, **versions)
    manifest = write_bundle(infer(found, cards), cards, making, out)
    sys.stdout.write(f"{out}: {len(manifest.files)} files from {len(manifest.runs)} runs; check with: radbench verify {out}\n")
    sys.stdout.writelines(f"  of runs that are no part of it: {note}\n" for note in whole.notes if note not in found.notes)
