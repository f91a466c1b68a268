"""`radbench probe`: how metrics react to controlled edits of reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radbench.cli.options import (
    CatalogOption,
    DataAgreementOption,
    JsonOption,
    MetricArgOption,
    WeightsOption,
    agreement_of,
    metric_options,
    open_catalog,
    out_folder,
    weights_paths,
)
from radbench.cli.output import check_folder, tell
from radbench.errors import ContentError, MissingPackageError
from radbench.terms import Access

if TYPE_CHECKING:
    from radbench.probing.responses import Probe


def probe(
    metric: Annotated[
        list[str] | None, typer.Option("--metric", metavar="NAME[,NAME]", help="Metrics, or values (rouge:rougeL); repeatable.")
    ] = None,
    metric_arg: MetricArgOption = None,
    reports: Annotated[
        Path | None, typer.Option("--reports", metavar="FILE", help="JSONL or CSV with a column `report`. [default: 30 of our own]")
    ] = None,
    access: Annotated[Access, typer.Option("--access", help="The access class of --reports.")] = "credentialed",
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws of clusters; 0: no intervals.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the draws.")] = 0,
    level: Annotated[float, typer.Option("--level", min=0.5, max=0.999, help="Level of intervals.")] = 0.95,
    data_agreement: DataAgreementOption = None,
    catalog: CatalogOption = None,
    weights: WeightsOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write table, JSON and heat map there. [default: nowhere]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Edit reports in known ways and see how metrics react: does harm cost more than wording, and more harm more?"""
    names = [name.strip() for text in metric or () for name in text.split(",") if name.strip()]
    if not names:
        raise ContentError("radbench probe needs --metric NAME; the list: radbench ls metrics")
    check_folder(out)

    from radbench.cli.run import watched
    from radbench.evaluation import Asking
    from radbench.probing.probing import probe as probed
    from radbench.probing.reports import own_reports, read_reports
    from radbench.probing.responses import ProbeSettings

    cards, settings = open_catalog(catalog), ProbeSettings(draws=draws, seed=seed, level=level)
    asking = Asking(agreement=agreement_of(data_agreement), weights=weights_paths(cards, weights), out=out_folder())
    chosen = read_reports(reports, access, cards) if reports else own_reports(cards)
    with watched() as control:
        found = probed(chosen, names, asking, cards, settings, options=metric_options(metric_arg), control=control)
    _report(found, out, as_json=as_json)


def _report(found: Probe, out: Path | None, *, as_json: bool) -> None:
    """Print and write what was found; leave with 1 where something asked for is not there."""
    from radbench.probing.heat_map import draw
    from radbench.probing.probe_text import table, words

    text, document = table(found), {**found.as_json(), "words": [words(found, metric) for metric in found.metrics]}
    tell(text, document, as_json=as_json, folder=out, name="probe")
    lacks = bool(found.not_measured)
    if out:
        try:
            draw(found, out)
        except MissingPackageError as error:
            sys.stderr.write(f"radbench: {error}\n")
            lacks = True
    if lacks:
        raise typer.Exit(1)
