"""`radbench ls`: what there is. Cards are listed without parsing them, radbench's own components without importing them."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from radbench.catalog import Catalog, ComponentKind
from radbench.cli.options import CatalogOption, JsonOption, OutOption, open_catalog, out_folder
from radbench.cli.output import print_columns, print_json
from radbench.errors import UnknownNameError

KINDS: Final = ("tasks", "models", "metrics", "datasets", "protocols", "boards", "runs")


def ls(
    kind: Annotated[str, typer.Argument(help=" | ".join(KINDS))] = "tasks",
    catalog: CatalogOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """List tasks, models, metrics, datasets, protocols, boards or runs, one a line."""
    if kind == "runs":
        from radbench.cli.runs import listed

        found = listed(out_folder(out))
    else:
        found = _listed(open_catalog(catalog), kind)
    if as_json:
        print_json(found)
    else:
        print_columns([list(row.values()) for row in found])


def _listed(catalog: Catalog, kind: str) -> list[dict[str, str]]:
    match kind:
        case "tasks":
            return [{"name": name, "title": title} for name, title in catalog.titles("tasks").items()]
        case "boards":
            return [{"name": name, "title": title} for name, title in catalog.titles("leaderboards").items()]
        case "models":
            cards = [{"name": name, "source": "card", "title": title} for name, title in catalog.titles("adapters").items()]
            return cards + [{**row, "source": f"family ({row['source']})"} for row in _components(catalog, "models")]
        case "metrics" | "datasets" | "protocols":
            return _components(catalog, kind)
        case _:
            raise UnknownNameError("list", kind, KINDS, f"radbench ls {'|'.join(KINDS)}")


def _components(catalog: Catalog, kind: ComponentKind) -> list[dict[str, str]]:
    entries = catalog.entries(kind)
    return [{"name": e.name, "source": e.source, "title": f"BROKEN: {e.broken}" if e.broken else e.title} for e in entries]
