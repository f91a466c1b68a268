"""One metric or rater beside the rating: all its statistics under draws of clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from radbench.ratings.correlations import CEILING, Agreement, CorrelationSettings, Estimate, Level, MetricScores
from radbench.statistics.bootstrap import draw_clusters, percentile_interval
from radbench.statistics.correlation import Floats, Items, Pooled, Within, by_row, mean_absolute_difference, system_means, weighted_mean
from radbench.statistics.pair_accuracy import PooledAccuracy, WithinAccuracy, accuracy_of_systems, soft_pairwise_accuracy

Drawn: TypeAlias = dict[tuple[Level, str], Floats]  # level and statistic -> (m,)

_LEAST_SYSTEMS: Final = 3  # below which an order of systems says nothing
_LEAST_SWAPS: Final = 1000  # of soft pairwise accuracy, which is given without an interval


class View:
    """Both sides turned so that higher is better, on the same items."""

    def __init__(self, x: Floats, y: Floats, items: Items, *, counts_errors: bool) -> None:
        systems = np.unique(items.systems, return_inverse=True)[1]
        self.x, self.y, self._items = x, y, Items(items.studies, systems, items.clusters, items.n_clusters)
        self._counts_errors, self.n_clusters = counts_errors, items.n_clusters
        self._has_systems = int(systems.max()) + 1 >= _LEAST_SYSTEMS
        self._pooled, self.within = Pooled(x, y, items.clusters), Within(x, y, items)
        self._pooled_accuracy, self._within_accuracy = PooledAccuracy(x, y, items.clusters), WithinAccuracy(x, y, items)
        self._system_accuracy = accuracy_of_systems(x, y, self._items)
        self.whole = {key: float(values[0]) for key, values in self.values(np.ones((1, items.n_clusters))).items()}

    def values(self, weights: Floats) -> Drawn:
        """All statistics under weightings of clusters, shape (m, n_clusters)."""
        found: Drawn = {("pooled", name): values for name, values in self._pooled.values(weights).items()}
        found["pooled", "accuracy"] = self._pooled_accuracy.values(weights)
        if self._counts_errors:
            found["pooled", "mae"] = mean_absolute_difference(self.x, self.y, self._items.clusters, weights)
        if self.within.n_studies:
            found.update({("within", name): values for name, values in self.within.values(weights).items()})
            found["within", "accuracy"] = self._within_accuracy.values(weights)
        if self._has_systems:
            x, y = (system_means(side, self._items, weights) for side in (self.x, self.y))
            found.update({("system", name): values for name, values in by_row(x, y).items()})
            found["system", "accuracy"] = self._system_accuracy.values(x, y)
        return found

    def agreement(self, drawn: Drawn, settings: CorrelationSettings, name: str, metric: MetricScores | None = None) -> Agreement:
        """The statistics with the intervals of their draws; `metric` is None for a rater."""
        estimates = _estimates(self.whole, drawn, settings)
        epsilons: dict[Level, float] = {"pooled": self._pooled_accuracy.epsilon, "within": self._within_accuracy.epsilon}
        if "system" in estimates:
            epsilons["system"] = self._system_accuracy.epsilon
            soft = soft_pairwise_accuracy(self.x, self.y, self._items, max(settings.draws, _LEAST_SWAPS), settings.seed)
            estimates["system"]["soft_accuracy"] = estimate(soft, None, settings.level)
        return Agreement(
            name=name,
            estimates=estimates,
            epsilons={level: epsilons[level] for level in estimates},
            n=len(self.x),
            n_studies=self.within.n_studies,
            n_constant=self.within.n_constant,
            signature=metric.signature if metric else "",
            is_turned=metric.lower_is_better if metric else False,
            is_control=metric.is_control if metric else False,
        )


def estimate(value: float, draws: Floats | None, level: float) -> Estimate:
    """A value with the percentile interval of its draws, shape (draws,); without draws, without an interval."""
    if draws is None or np.isnan(value):
        return Estimate(number(value))
    low, high = percentile_interval(draws, level)
    return Estimate(number(value), number(low), number(high), int(np.isnan(draws).sum()))


def draw(views: Sequence[View], n_clusters: int, settings: CorrelationSettings) -> list[Drawn]:
    """The statistics of each view in all draws, which they share; empty without draws."""
    parts: list[list[Drawn]] = [[] for _ in views]
    for block in draw_clusters(n_clusters, settings.draws, settings.seed):
        for view, values in zip(views, parts, strict=True):
            values.append(view.values(block))
    return [{key: np.concatenate([values[key] for values in of_view]) for key in of_view[0]} if of_view else {} for of_view in parts]


def difference_drawn(first: View, second: View, drawn: tuple[Drawn, Drawn], level: Level, settings: CorrelationSettings) -> Floats:
    """The difference of two metrics' coefficients in all draws, shape (draws,); within studies, on those where both are defined."""
    if level != "within":
        key = (level, str(settings.coefficient))
        return drawn[0][key] - drawn[1][key]
    by_study = first.within.by_study[settings.coefficient] - second.within.by_study[settings.coefficient]
    blocks = draw_clusters(first.n_clusters, settings.draws, settings.seed)
    means = [weighted_mean(block[:, first.within.clusters], by_study) for block in blocks]
    return np.concatenate(means) if means else np.empty(0)


def ceiling(raters: Sequence[str], views: Sequence[View], drawn: Sequence[Drawn], settings: CorrelationSettings) -> tuple[Agreement, ...]:
    """Each rater against the others, and the mean of those, which is taken draw by draw and so has an interval of its own."""
    found = [view.agreement(values, settings, name) for name, view, values in zip(raters, views, drawn, strict=True)]
    if not found:
        return ()
    common = [key for key in views[0].whole if all(key in view.whole for view in views)]
    whole = {key: float(np.mean([view.whole[key] for view in views])) for key in common}
    means = {key: np.asarray(np.mean([values[key] for values in drawn], axis=0)) for key in common if all(drawn)}
    mean = Agreement(
        name=CEILING,
        estimates=_estimates(whole, means, settings),
        epsilons={},
        n=max(one.n for one in found),
        n_studies=max(one.n_studies for one in found),
        n_constant=max(one.n_constant for one in found),
    )
    return (*found, mean)


def number(value: float) -> float | None:
    """None in place of NaN."""
    return None if np.isnan(value) else float(value)


def _estimates(whole: dict[tuple[Level, str], float], drawn: Drawn, settings: CorrelationSettings) -> dict[Level, dict[str, Estimate]]:
    estimates: dict[Level, dict[str, Estimate]] = {}
    for (level, statistic), value in whole.items():
        estimates.setdefault(level, {})[statistic] = estimate(value, drawn.get((level, statistic)), settings.level)
    return estimates
