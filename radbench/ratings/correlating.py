"""Correlation of metrics with ratings: of texts, pooled and within studies, and of systems; with intervals, the ceiling of one
rater against the others, and tests of the differences between metrics. All stand on the same texts and the same draws.

Ratings and metrics are turned so that higher is better (those of which less is better change their sign), so a positive
correlation is agreement and a negative one is disagreement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ContentError
from radbench.ratings._views import Drawn, View, ceiling, difference_drawn, draw, estimate, number
from radbench.ratings.correlations import Correlations, CorrelationSettings, Level, MetricDifference, MetricScores, OverRaters
from radbench.ratings.table import RatedItems
from radbench.statistics.correlation import Floats, Items
from radbench.statistics.multiplicity import draws_needed, holm
from radbench.statistics.swapping import SwapTests

_LEAST_TEXTS: Final = 3
_DIGITS: Final = 12  # equal means must not differ by the order in which they were added up


def correlate(
    rated: RatedItems,
    metrics: Sequence[MetricScores],
    *,
    criterion: str,
    significance: str = "",
    clusters: Mapping[str, str] | None = None,
    settings: CorrelationSettings | None = None,
) -> Correlations:
    """Correlate metrics with ratings of the same texts.

    Texts that a metric has no value of are left out for all, so that all stand on the same; a metric without values for
    half of them takes no part. `clusters` gives the patient of a study where several studies share one.

    Raises:
        ContentError: no metric or fewer than three texts are left.
    """
    settings = settings or CorrelationSettings()
    part, not_measured = _taking_part(metrics)
    swaps = _swaps(len(part), settings)
    kept = ~np.isnan(np.sum([metric.values for metric in part], axis=0))
    if kept.sum() < _LEAST_TEXTS:
        raise ContentError(f"{kept.sum()} rated texts have a value of every metric, {_LEAST_TEXTS} are needed: name fewer metrics")
    items = _items(rated, clusters, kept)
    is_count, sign = rated.scale.kind == "count" and rated.scale.lower_is_better, -1.0 if rated.scale.lower_is_better else 1.0
    values = sign * rated.values[kept]
    rating = np.round(over_raters(values, settings.over_raters), _DIGITS)
    views = [
        View(
            np.round(-m.values if m.lower_is_better else m.values, _DIGITS)[kept], rating, items, counts_errors=is_count and m.counts_errors
        )
        for m in part
    ]
    raters = _raters(rated.raters, values, items, is_count, settings)
    drawn = draw([*views, *raters.values()], items.n_clusters, settings)
    return Correlations(
        criterion=criterion,
        significance=significance,
        settings=settings,
        is_turned=rated.scale.lower_is_better,
        n=int(kept.sum()),
        n_studies=len(np.unique(items.studies)),
        n_systems=len(np.unique(items.systems)),
        n_clusters=items.n_clusters,
        raters=rated.raters,
        metrics=tuple(v.agreement(values, settings, m.name, m) for v, values, m in zip(views, drawn, part, strict=False)),
        ceiling=ceiling(list(raters), list(raters.values()), drawn[len(views) :], settings),
        differences=_differences([m.name for m in part], views, drawn, items, swaps=swaps, settings=settings) if swaps else (),
        swaps=swaps,
        left_out={m.name: int(np.isnan(m.values).sum()) for m in part if np.isnan(m.values).any()},
        not_measured=not_measured,
    )


def over_raters(values: Floats, how: OverRaters) -> Floats:
    """The mean or median over the raters of each item, shapes (items, raters) to (items,); NaN where nobody rated."""
    out = np.full(len(values), np.nan)
    rated = (~np.isnan(values)).any(axis=1)
    out[rated] = (np.nanmean if how == "mean" else np.nanmedian)(values[rated], axis=1)
    return out


def _taking_part(metrics: Sequence[MetricScores]) -> tuple[list[MetricScores], dict[str, str]]:
    """The metrics that have values of half the texts at least, and why others take no part."""
    part: list[MetricScores] = []
    missing: dict[str, str] = {}
    for metric in metrics:
        n, n_missing = len(metric.values), int(np.isnan(metric.values).sum())
        if 2 * n_missing > n:
            missing[metric.name] = f"has no value of {n_missing} of {n} rated texts"
        else:
            part.append(metric)
    if not part:
        reasons = "; ".join(f"{name} {reason}" for name, reason in missing.items())
        raise ContentError(f"no metric has values of the rated texts ({reasons or 'none was named'})")
    return part, missing


def _swaps(n_metrics: int, settings: CorrelationSettings) -> int:
    """As many as draws, or as many as one difference needs to be significant among so many pairs."""
    family = n_metrics * (n_metrics - 1) // 2
    return max(settings.draws, draws_needed(family, 1 - settings.level)) if family and settings.draws else 0


def _items(rated: RatedItems, clusters: Mapping[str, str] | None, kept: NDArray[np.bool_]) -> Items:
    named = [item for item, is_kept in zip(rated.items, kept, strict=True) if is_kept]
    studies = [study for study, _ in named]
    return Items.of(studies, [system for _, system in named], [(clusters or {}).get(study, study) for study in studies])


def _raters(names: Sequence[str], values: Floats, items: Items, is_count: bool, settings: CorrelationSettings) -> dict[str, View]:
    """Each rater beside the others, on the texts that the rater and another one rated."""
    views: dict[str, View] = {}
    for i, name in enumerate(names):
        others = np.round(over_raters(np.delete(values, i, axis=1), settings.over_raters), _DIGITS)
        both = ~np.isnan(values[:, i] + others)
        if both.sum() >= _LEAST_TEXTS:
            views[name] = View(values[both, i], others[both], items.take(both), counts_errors=is_count)
    return views


def _differences(
    names: Sequence[str], views: Sequence[View], drawn: Sequence[Drawn], items: Items, *, swaps: int, settings: CorrelationSettings
) -> tuple[MetricDifference, ...]:
    """Each pair of metrics, pooled and within studies, with Holm's correction in each level."""
    found: list[MetricDifference] = []
    levels: tuple[Level, ...] = ("pooled", "within")
    for level in levels:
        if not all((level, settings.coefficient) in view.whole for view in views):
            continue
        tests = SwapTests(
            np.stack([view.x for view in views]),
            views[0].y,
            items,
            coefficient=settings.coefficient,
            within=level == "within",
            draws=swaps,
            seed=settings.seed,
        )
        pairs = list(combinations(range(len(views)), 2))
        tested = [tests.difference(i, j) for i, j in pairs]
        adjusted = holm(np.array([test.p for test in tested]))
        for (i, j), test, p in zip(pairs, tested, adjusted, strict=True):
            interval = estimate(test.value, difference_drawn(views[i], views[j], (drawn[i], drawn[j]), level, settings), settings.level)
            found.append(MetricDifference(names[i], names[j], level, interval, number(test.p), number(float(p))))
    return tuple(found)
