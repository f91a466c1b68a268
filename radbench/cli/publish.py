"""`radbench publish`: runs as a static site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from radbench.cli.options import CatalogOption, JsonOption, open_catalog
from radbench.cli.output import print_json


def publish(
    runs: Annotated[list[Path], typer.Argument(metavar="RUNS...", help="Run folders, or folders that hold some.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The site's folder; what it holds is kept.")],
    board: Annotated[
        list[str] | None, typer.Option("--board", metavar="NAME", help="A board by name or file; repeatable. [default: all with a run]")
    ] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Publish samples, references and outputs too, where data are open.")] = False,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write boards and the aggregates of runs as static files; earlier snapshots stay. Nothing of single cases, but for --samples."""
    from radbench.submissions.publishing import publish as make

    made = make(open_catalog(catalog), runs, to, board or (), samples=samples)
    if as_json:
        print_json(
            {
                "snapshot": str(made.folder),
                "is_new": made.is_new,
                "boards": made.boards,
                "n_runs": made.n_runs,
                "left_out": made.left_out,
            }
        )
    else:
        sys.stdout.write(f"{made.folder}{'' if made.is_new else ' (as published before)'}\n")
        sys.stdout.write(f"{made.n_runs} runs, boards: {', '.join(made.boards) or 'none has a number of these runs'}\n")
        for note in made.left_out:
            sys.stdout.write(f"left out: {note}\n")
    if made.left_out and not made.n_runs:
        raise typer.Exit(1)
