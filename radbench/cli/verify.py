"""`radbench verify`: the numbers of a paper's bundle recomputed from its runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from radbench.cli.options import CatalogOption, JsonOption, open_catalog
from radbench.cli.output import print_json


def verify(
    bundle: Annotated[Path, typer.Argument(help="A folder that radbench paper wrote.")],
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", metavar="DIR", help="Where its runs lie; repeatable. [default: runs]")
    ] = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute every number of a bundle from the replies of its runs, and say which differ; the exit status is 1 where any does."""
    from radbench.cli.runs import places
    from radbench.paper.verifying import text
    from radbench.paper.verifying import verify as verified

    found = verified(bundle, places(runs), open_catalog(catalog))
    if as_json:
        print_json(found.as_json())
    else:
        sys.stdout.write(text(found))
    if found.differences:
        raise typer.Exit(1)
