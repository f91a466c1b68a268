"""Values of rows: for all cases, for each subgroup, and for draws of clusters, from which intervals follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Metric, Rows, SumMetric, Values
from radbench.records import ValueRecord
from radbench.statistics.bootstrap import draw_clusters, percentile_interval
from radbench.statistics.proportions import effective_cases, wilson_interval

Floats = NDArray[np.float64]

_SAME: Final = 1e-9  # means this near are equal but for rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalSettings:
    """How intervals are made."""

    draws: int = 2000  # of clusters; 0: no intervals
    level: float = 0.95
    seed: int = 0
    by_row: bool = False  # draw cases, as some published scripts do, and not clusters: too narrow where a patient has several
    medians_of: tuple[str, ...] = ()  # metrics whose value is the median of the draws, as some published scripts print it

    def signature(self, metric: str) -> str:
        """How a metric's value was made of cases, where it is not the plain value; "" where it is."""
        unit = "row" if self.by_row else "cluster"
        return f"agg:median/{self.draws}/{unit}" if metric in self.medians_of else ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's rows of one run, ready to be aggregated."""

    metric: Metric
    rows: Rows
    signature: str


class Frame:
    """The weightings of one run: a case counts 1 / repeats; the whole and each level of each subgroup is a weighting."""

    def __init__(self, clusters: Sequence[str], subgroups: Mapping[str, Sequence[str]] | None = None, repeats: int = 1) -> None:
        """Of each case its cluster and, by subgroup, its level."""
        names, self._cluster_of = np.unique(np.array(clusters, dtype=np.str_), return_inverse=True)
        self.n_clusters = len(names)
        self._n = len(clusters)
        self.groups: list[tuple[str, str]] = [("", "")]  # subgroup, level; first the whole
        masks = [np.ones(self._n)]
        for subgroup, of_cases in (subgroups or {}).items():
            levels = np.array(of_cases, dtype=np.str_)
            for level in np.unique(levels):
                self.groups.append((subgroup, str(level) or "(none)"))
                masks.append((levels == level).astype(np.float64))
        self._weights = np.stack(masks) / repeats  # (groups, n)

    def values(self, measured: Sequence[Measured], settings: IntervalSettings) -> list[ValueRecord]:
        """All values of all metrics, with intervals, in the metrics' order; raises what any of them raises."""
        found: list[ValueRecord] = []
        for made in self.outcomes(measured, settings):
            if isinstance(made, Exception):
                raise made
            found += made
        return found

    def outcomes(self, measured: Sequence[Measured], settings: IntervalSettings) -> list[list[ValueRecord] | Exception]:
        """Of each metric, in order, its values with intervals, or what it raised: a metric may be anyone's code, and fails alone."""
        under_way = [_Aggregation(partial(self._view, one)) for one in measured]
        for block in draw_clusters(self.n_clusters, settings.draws, settings.seed) if self._n else ():
            for work in under_way:
                work.draw(block)
        return [work.outcome(partial(self._records, one, settings=settings)) for one, work in zip(measured, under_way, strict=True)]

    def _view(self, one: Measured) -> _View:
        kept = np.array([reason is None for reason in one.rows.excluded], dtype=bool)
        rows, weights, clusters = one.rows.array[kept], self._weights[:, kept], self._cluster_of[kept]
        if isinstance(one.metric, SumMetric):
            return _SumView(one.metric, rows, weights, clusters, self.n_clusters)
        return _RankView(one.metric, rows, weights, clusters)

    def _records(self, one: Measured, points: Values, drawn: Values, settings: IntervalSettings) -> Iterator[ValueRecord]:
        """The values of a metric with their subgroups; `points` (groups,), `drawn` (groups, draws) by name, empty without draws."""
        level = settings.level
        inside = [[one.rows.excluded[i] for i in np.flatnonzero(weights)] for weights in self._weights]
        shares = self._shares(one, settings) if drawn else {}
        for name, plain in points.items():
            point = np.nanmedian(drawn[name], axis=1) if settings.signature(one.metric.name) and name in drawn else plain
            subgroups: dict[str, dict[str, ValueRecord]] = {}
            whole: ValueRecord | None = None
            for i, (subgroup, of_level) in enumerate(self.groups):
                reasons = Counter(inside[i])
                n_scored = reasons.pop(None, 0)
                ci, n_effective = None, shares[name][i] if name in shares else None
                if name in drawn:
                    low, high = percentile_interval(drawn[name][i], level)
                    if n_effective is not None:
                        low, high = wilson_interval(point[i] * n_effective, n_effective, level)
                    ci = _number(low), _number(high)
                record = ValueRecord(
                    id=name,
                    signature=one.signature,
                    value=_number(point[i]),
                    ci=ci,
                    undefined_draws=int(np.isnan(drawn[name][i]).sum()) if name in drawn else 0,
                    level=level if name in drawn else None,
                    n_effective=n_effective,
                    lower_is_better=name in one.metric.lower_is_better,
                    n_scored=n_scored,
                    n_excluded=reasons.total(),
                    excluded={str(reason): count for reason, count in sorted(reasons.items(), key=str)},
                )
                if whole is None:
                    whole = record
                else:
                    subgroups.setdefault(subgroup, {})[of_level] = record
            if whole is not None:
                yield whole.model_copy(update={"subgroups": subgroups})

    def _shares(self, one: Measured, settings: IntervalSettings) -> dict[str, list[float]]:
        """Of each value that is a share of cases, how many independent cases it is of, in each group.

        A share is the mean of cases that are 1 or 0; those that are neither (a negative case, of sensitivity) are not of its cases.
        """
        if not isinstance(one.metric, SumMetric) or settings.by_row or settings.signature(one.metric.name):
            return {}
        kept = np.array([reason is None for reason in one.rows.excluded], dtype=bool)
        inside, clusters, rows, found = self._weights[:, kept] > 0, self._cluster_of[kept], one.rows.array[kept], {}
        weights = uneven(len(rows))
        weighted = one.metric.value(weights[None] @ rows)
        for name, of_cases in one.metric.value(rows).items():
            known = ~np.isnan(of_cases)
            hits = of_cases[known]
            is_mean = len(hits) and abs(np.average(hits, weights=weights[known]) - weighted[name][0]) <= _SAME
            if is_mean and np.isin(hits, (0, 1)).all() and (np.ptp(hits) or is_mean_of_parts(one.metric, name)):
                found[name] = [effective_cases(of_cases[known & group], clusters[known & group]) for group in inside]
        return found


def is_mean_of_parts(metric: SumMetric, name: str) -> bool:
    """Whether a value within [0, 1] is a mean of its cases by its making, whatever they are: a quotient of two columns of rows.

    Needed where all cases are 0, or all are 1: then the mean of cases equals many a value that is none (BLEU, macro F1, MCC).
    """
    rows = np.random.default_rng(0).uniform(0.5, 1.5, (4, len(metric.columns)))
    parts, whole = metric.value(rows)[name], metric.value(rows.sum(axis=0, keepdims=True))[name]
    by_column = (rows * parts[:, None]).sum(axis=0) / rows.sum(axis=0)
    return bool(metric.best == 1 and np.ptp(parts) > 0 and (np.abs(by_column - whole) <= _SAME).any())


def uneven(n: int) -> Floats:
    """Weights of n cases, no two alike: what is the mean of its cases under these is their mean under any.

    Under equal ones a value may be the mean by chance, as balanced accuracy is where all labels are as frequent.
    """
    return np.random.default_rng(0).uniform(0.5, 1.5, n)


class _Aggregation:
    """One metric on its way from rows to values; once it raised, it is asked no further."""

    def __init__(self, view: Callable[[], _View]) -> None:
        self._error: Exception | None = None
        self._drawn: dict[str, list[Floats]] = {}
        with self._caught():
            self._view = view()
            self._points = self._view.point()

    def draw(self, block: Floats) -> None:
        """Take the values under some more weightings of clusters."""
        if self._error is None:
            with self._caught():
                for name, array in self._view.drawn(block).items():
                    self._drawn.setdefault(name, []).append(array)

    def outcome(self, records: Callable[[Values, Values], Iterator[ValueRecord]]) -> list[ValueRecord] | Exception:
        """What `records` makes of points and draws, or what the metric raised."""
        made: list[ValueRecord] = []
        if self._error is None:
            with self._caught():
                made = list(records(self._points, {name: np.concatenate(parts, axis=1) for name, parts in self._drawn.items()}))
        return self._error or made

    @contextmanager
    def _caught(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._error = error


class _SumView:
    """A sum metric collapses to one row a cluster and group before anything is drawn."""

    def __init__(self, metric: SumMetric, rows: Floats, weights: Floats, clusters: NDArray[np.intp], n_clusters: int) -> None:
        self._metric = metric
        self._sums = np.zeros((len(weights), n_clusters, rows.shape[1]))
        for group, weight in enumerate(weights):
            np.add.at(self._sums[group], clusters, rows * weight[:, None])

    def point(self) -> Values:
        return self._metric.value(self._sums.sum(axis=1))

    def drawn(self, block: Floats) -> dict[str, Floats]:
        """Values of shape (groups, draws of the block)."""
        groups, n_clusters, n_columns = self._sums.shape
        together = block @ self._sums.transpose(1, 0, 2).reshape(n_clusters, groups * n_columns)
        flat = together.reshape(len(block) * groups, n_columns)
        return {name: array.reshape(len(block), groups).T for name, array in self._metric.value(flat).items()}


class _RankView:
    """A metric that needs the order of scores sees every case under every draw."""

    def __init__(self, metric: Metric, rows: Floats, weights: Floats, clusters: NDArray[np.intp]) -> None:
        self._metric, self._rows, self._weights, self._clusters = metric, rows, weights, clusters

    def point(self) -> Values:
        return self._metric.aggregate(self._rows, self._weights)

    def drawn(self, block: Floats) -> dict[str, Floats]:
        """Values of shape (groups, draws of the block)."""
        spread = block[:, self._clusters]
        groups = [self._metric.aggregate(self._rows, spread * weight) for weight in self._weights]
        return {name: np.stack([values[name] for values in groups]) for name in groups[0]}


_View = _SumView | _RankView


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
