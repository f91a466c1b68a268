"""From the names of metrics to their values of rated texts, wherever they are had: criteria of the file, runs, or scoring the texts."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from radbench.catalog import Catalog
from radbench.catalog.cards import MetricUse
from radbench.catalog.components import canonical
from radbench.errors import ContentError
from radbench.evaluation import Asking
from radbench.folder import RunFolder
from radbench.ratings.correlating import correlate
from radbench.ratings.correlations import Correlations, CorrelationSettings
from radbench.ratings.scored import OverReferences, Scored, by_model, from_criteria, from_runs, length_controls
from radbench.ratings.table import RatedItems, Ratings, Significance, rated_items
from radbench.ratings.texts import runs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which metrics are held against which rating."""

    criterion: str
    significance: Significance = ""
    metrics: tuple[str, ...] = ()  # a metric, one of its values (`rouge:rougeL`), or a criterion of the ratings file
    options: Mapping[str, Mapping[str, Any]] | None = None  # of metrics that are still to be measured
    references: OverReferences = "max"
    runs: tuple[RunFolder, ...] = ()  # none: the rated texts are scored


@dataclass(frozen=True, slots=True)
class Gathered:
    """Ratings and metric values of the same texts, and what follows from them."""

    rated: RatedItems
    scored: Scored
    found: Correlations


def correlated(ratings: Ratings, wanted: Wanted, asking: Asking, catalog: Catalog, settings: CorrelationSettings) -> Gathered:
    """Gather the values of all metrics wanted, with the controls, and correlate them with the rating.

    Raises:
        ContentError: nothing of it can be had, or the rating has no order.
        RadbenchError: as scoring and reading runs raise it.
    """
    rated = rated_items(ratings, wanted.criterion, significance=wanted.significance)
    if rated.scale.kind == "nominal":
        raise ContentError(f"{ratings.source}: `{wanted.criterion}` is nominal; what has no order cannot go along with a metric")
    own = [name for name in wanted.metrics if name in ratings.scales and name != wanted.criterion]
    others = [name for name in wanted.metrics if name not in own]
    if wanted.runs:
        names = [name.rpartition(":")[2] for name in others]
        skips = own and not others
        scored = Scored() if skips else from_runs(by_model(wanted.runs), rated.items, names, catalog, ratings.texts)
    elif others:
        scored = _measured(ratings, replace(wanted, metrics=tuple(others)), asking, catalog, rated.items)
    else:
        scored = Scored(texts={(text.study, text.system): text for text in ratings.texts})
    scored.metrics += from_criteria(ratings, own, rated.items)
    controls = length_controls(scored.texts, rated.items, wanted.references)
    scored.metrics += controls
    if not controls:
        scored.notes.append("No length controls: the texts of some ratings are in neither the file nor a run.")
    found = correlate(
        rated, scored.metrics, criterion=wanted.criterion, significance=wanted.significance, clusters=scored.clusters, settings=settings
    )
    missing = {**scored.missing, **found.not_measured}
    return Gathered(rated, scored, replace(found, not_measured=missing, notes=(*ratings.notes, *scored.notes)))


def only_criterion(ratings: Ratings) -> str:
    """The one criterion of a file; what stands under its name with a mark behind (`errors.repeat`, `errors.control`) is no other.

    Raises:
        ContentError: it has several.
    """
    names = [name for name in ratings.scales if not any(name.startswith(f"{other}.") for other in ratings.scales)]
    if len(names) != 1:
        raise ContentError(f"{ratings.source}: which of its criteria? --criterion {' or '.join(ratings.scales)}")
    return names[0]


def _measured(ratings: Ratings, wanted: Wanted, asking: Asking, catalog: Catalog, items: Sequence[tuple[str, str]]) -> Scored:
    """Values of the rated texts, which are scored as runs, one a system."""
    families = dict.fromkeys(canonical(name.partition(":")[0]) for name in wanted.metrics)
    stated = {canonical(name): options for name, options in (wanted.options or {}).items()}
    if unused := [name for name in stated if name not in families]:
        raise ContentError(f"--metric-arg: `{unused[0]}` is none of the metrics asked for: {', '.join(families)}")
    uses = []
    for family in families:
        options = dict(stated.get(family, {}))
        if "references" in inspect.signature(catalog.component("metrics", family)).parameters:
            options.setdefault("references", wanted.references)
        uses.append(MetricUse(name=family, options=options))
    results = runs_of(ratings, uses, asking, catalog)
    missing: dict[str, str] = {}
    for system, result in results.items():
        for problem in result.summary.problems if result.summary else (result.message or result.status,):
            missing[problem.partition(":")[0] if result.summary else system] = problem.partition(": ")[2] or problem
    runs = {system: result.folder for system, result in results.items() if result.summary}
    scored = from_runs(runs, items, [name.rpartition(":")[2] for name in wanted.metrics], catalog, ratings.texts)
    scored.missing = {**scored.missing, **missing}
    return scored
