"""`radbench correlate`: which metric agrees with radiologists, and what their ratings say of models."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from radbench.cli.options import (
    AccessOption,
    CatalogOption,
    DataAgreementOption,
    JsonOption,
    MapOption,
    MetricArgOption,
    ScaleOption,
    SignificanceOption,
    WeightsOption,
    agreement_of,
    metric_options,
    open_catalog,
    out_folder,
    weights_paths,
)
from radbench.cli.output import check_folder, tell
from radbench.errors import ContentError, MissingPackageError

if TYPE_CHECKING:
    from radbench.catalog import Catalog
    from radbench.folder import RunFolder
    from radbench.ratings.anchoring import Anchors
    from radbench.ratings.correlations import CorrelationSettings
    from radbench.ratings.gathering import Gathered, Wanted
    from radbench.ratings.table import Ratings


def correlate(
    ratings: Annotated[
        list[Path] | None, typer.Option("--ratings", metavar="FILE", help="A file of ratings, or files that belong together; repeatable.")
    ] = None,
    fmt: Annotated[str | None, typer.Option("--format", help="Of the ratings; radbench ratings --formats lists them.")] = None,
    criterion: Annotated[str | None, typer.Option("--criterion", metavar="NAME", help="What was rated. [default: the only one]")] = None,
    significance: SignificanceOption = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME[,NAME]", help="Metrics, values (rouge:rougeL), or criteria of the file; repeatable."),
    ] = None,
    metric_arg: MetricArgOption = None,
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", metavar="DIR", help="Take values from these runs of the rated models; repeatable.")
    ] = None,
    anchor: Annotated[
        list[Path] | None,
        typer.Option("--anchor", metavar="RUN", help="Radiologists' score of each of these models, from rated part and whole; repeatable."),
    ] = None,
    references: Annotated[
        Literal["max", "mean"], typer.Option("--references", help="Of several references: the best, or the mean.")
    ] = "max",
    raters: Annotated[Literal["mean", "median"], typer.Option("--raters", help="Over the raters of a text.")] = "mean",
    coefficient: Annotated[
        Literal["tau_b", "spearman", "pearson"], typer.Option("--coefficient", help="What is ordered by and tested.")
    ] = "tau_b",
    scale: ScaleOption = None,
    mapping: MapOption = None,
    access: AccessOption = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws of studies, and swaps of tests; 0: neither.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the draws.")] = 0,
    level: Annotated[float, typer.Option("--level", min=0.5, max=0.999, help="Level of intervals and tests.")] = 0.95,
    data_agreement: DataAgreementOption = None,
    catalog: CatalogOption = None,
    weights: WeightsOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write tables, JSON and figures there. [default: nowhere]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hold metrics against radiologists' ratings of the same texts: correlations, the ceiling of one rater, tests of differences.

    With --anchor: the radiologists' score that each model would get on its whole test set, and how far models are apart.
    """
    if not ratings:
        raise ContentError("radbench correlate needs --ratings FILE")
    names = tuple(name.strip() for text in metric or () for name in text.split(",") if name.strip())
    if not (names or runs or anchor):
        raise ContentError("radbench correlate needs --metric NAME (to score the rated texts), --runs DIR or --anchor RUN")
    if anchor and (runs or len(names) > 1):
        raise ContentError("--anchor goes with one --metric at most, and without --runs")
    check_folder(out)
    options = metric_options(metric_arg)
    if options and (runs or anchor):
        raise ContentError("--metric-arg says how texts are scored, and runs are scored already: radbench score, or leave it out")

    from radbench.cli.ratings import stated_by
    from radbench.cli.runs import named
    from radbench.evaluation import Asking
    from radbench.ratings.correlations import CorrelationSettings
    from radbench.ratings.formats import read_ratings
    from radbench.ratings.gathering import Wanted, correlated, only_criterion
    from radbench.ratings.report import anchored_text

    cards = open_catalog(catalog)
    asking = Asking(agreement=agreement_of(data_agreement), weights=weights_paths(cards, weights), out=out_folder())
    held = read_ratings(ratings, fmt, stated_by(scale, mapping, access))
    wanted = Wanted(
        criterion=criterion or only_criterion(held),
        significance=significance or "",
        metrics=names,
        options=options,
        references=references,
        runs=tuple(named(runs or ())),
    )
    settings = CorrelationSettings(draws=draws, seed=seed, level=level, coefficient=coefficient, over_raters=raters)
    if anchor:
        found = _anchored(held, named(anchor), wanted, settings, cards)
        tell(anchored_text(found), found.as_json(), as_json=as_json, folder=out, name="anchored")
    else:
        _report(correlated(held, wanted, asking, cards, settings), out, as_json=as_json)


def _anchored(held: Ratings, runs: Sequence[RunFolder], wanted: Wanted, settings: CorrelationSettings, cards: Catalog) -> Anchors:
    """The radiologists' score of each model."""
    from radbench.ratings.anchoring import anchor
    from radbench.ratings.scored import by_model
    from radbench.ratings.table import rated_items

    return anchor(
        rated_items(held, wanted.criterion, significance=wanted.significance),
        by_model(runs),
        cards,
        criterion=f"{wanted.significance} {wanted.criterion}".strip(),
        value=wanted.metrics[0].rpartition(":")[2] if wanted.metrics else None,
        level=settings.level,
        raters=settings.over_raters,
    )


def _report(gathered: Gathered, out: Path | None, *, as_json: bool) -> None:
    """Print and write what was found; leave with 1 where something asked for is not there."""
    from radbench.ratings.correlating import over_raters
    from radbench.ratings.report import table, words

    found = gathered.found
    tell(table(found), {**found.as_json(), "words": words(found)}, as_json=as_json, folder=out, name="correlations")
    lacks = bool(found.not_measured)
    if out:
        from radbench.ratings.plots import draw_figures

        try:
            draw_figures(found, gathered.scored.metrics, over_raters(gathered.rated.values, found.settings.over_raters), out)
        except MissingPackageError as error:
            sys.stderr.write(f"radbench: {error}\n")
            lacks = True
    if lacks:
        raise typer.Exit(1)
