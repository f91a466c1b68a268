"""One number of several data sets: the mean of their values, or the value of all their cases; clusters are drawn within each.

Intervals of shares need no draws, as those of one data set. Models are taken together: all share the draws of a data set, which are
made once.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.catalog import Catalog
from radbench.errors import RadbenchError, ScoringError
from radbench.folder import RunFolder
from radbench.metrics.base import Metric, SumMetric
from radbench.records import ValueRecord
from radbench.scoring.stored import StoredRun
from radbench.statistics.bootstrap import draw_clusters, percentile_interval
from radbench.statistics.proportions import effective_cases, wilson_interval

Floats = NDArray[np.float64]
Names = NDArray[np.str_]
Over: TypeAlias = Literal["average", "pooled"]
Parts: TypeAlias = Sequence[tuple[RunFolder, ValueRecord]]  # a value of one run a data set, all of the same metric
Interval: TypeAlias = tuple[float, float]

_CORPUS: Final = re.compile(r"\|(corpus|judged):[^|]*")  # each data set has its own
_CELLS: Final = 2_000_000  # of one block of weights: 16 MB as float64


def combine(
    models: Sequence[Parts], over: Over, intervals: Sequence[Mapping[str, object]], catalog: Catalog
) -> list[tuple[float | None, Interval | None] | RadbenchError]:
    """Of each model its value on several data sets together with its interval, or why there is none.

    Args:
        models: of each its parts.
        over: how they are put together.
        intervals: of each `draws`, `level` and `seed` as a summary has them.
        catalog: knows the metrics they were scored with.
    """
    wanted = [(int(str(how["draws"])), int(str(how["seed"]))) for how in intervals]
    found: list[tuple[float | None, Interval | None] | RadbenchError] = [ScoringError("not asked for")] * len(models)
    for draws, seed in dict.fromkeys(wanted):
        places = [i for i, own in enumerate(wanted) if own == (draws, seed)]
        for i, made in zip(places, drawn_together([models[i] for i in places], over, draws, seed, catalog), strict=True):
            if isinstance(made, RadbenchError):
                found[i] = made
                continue
            low, high = made.of_shares or (
                percentile_interval(made.drawn, float(str(intervals[i]["level"]))) if draws else (np.nan, np.nan)
            )
            found[i] = None if np.isnan(made.point) else made.point, None if np.isnan(low) else (low, high)
    return found


@dataclass(frozen=True, slots=True)
class Drawn:
    """A combined value, and what it becomes in bootstrap draws."""

    point: float
    drawn: Floats  # (draws,)
    of_shares: Interval | None = None  # where all its parts are shares of cases: the interval without draws, which collapse at 0 and 1


def drawn_together(models: Sequence[Parts], over: Over, draws: int, seed: int, catalog: Catalog) -> list[Drawn | RadbenchError]:
    """Of each model the combined value and its bootstrap values, or why there are none.

    A ScoringError in place of a value: the metric differs between the runs, or its value depends on the one corpus it saw;
    or rows are not there.
    """
    made = [_made(parts, over, catalog) for parts in models]
    drawn: list[list[Floats]] = [[] for _ in made]
    to_draw = [(own, model) for own, model in zip(drawn, made, strict=True) if isinstance(model, _Model) and model.can_be_drawn]
    for blocks in _blocks(dict.fromkeys(source.draws_of for _, model in to_draw for source in model.sources), draws, seed):
        for own, model in to_draw:
            own.append(model.values([blocks[source.draws_of] for source in model.sources]))
    return [
        Drawn(one.point(), np.concatenate([np.empty(0), *own]), one.of_shares) if isinstance(one, _Model) else one
        for own, one in zip(drawn, made, strict=True)
    ]


def _blocks(wanted: Mapping[tuple[str, int], None], draws: int, seed: int) -> Iterator[Mapping[tuple[str, int], Floats]]:
    """Blocks of draws of the clusters of each data set (its name and their number), as many rows of each."""
    if not wanted:
        return iter(())
    size = max(1, _CELLS // max((n_clusters for _, n_clusters in wanted)))
    # two data sets with as many clusters must not share their draws
    streams = [draw_clusters(n_clusters, draws, seed + zlib.crc32(data.encode()), size) for data, n_clusters in wanted]
    return (dict(zip(wanted, blocks, strict=True)) for blocks in zip(*streams, strict=True))


def _made(parts: Parts, over: Over, catalog: Catalog) -> _Model | RadbenchError:
    try:
        how = {_CORPUS.sub("", value.signature.partition("|ask:")[0]) for _, value in parts}
        if len(how) > 1:
            raise ScoringError(f"values scored in different ways are not put together: {' or '.join(sorted(how))}")
        runs = [(StoredRun.open(folder, catalog), value) for folder, value in parts]
        made = [_source(run, value, _clusters_of(_data(run), [run for run, _ in runs])) for run, value in runs]
    except RadbenchError as error:
        return error
    if over == "pooled" and len({metric.fingerprint() for metric, _ in made}) > 1:
        return ScoringError(f"{made[0][0].name} depends on the corpus it saw: `over: average` instead of `pooled`")
    is_share = all(value.n_effective is not None for _, value in runs)
    of_shares = (_average_of_shares(runs) if over == "average" else _pooled_shares(runs)) if is_share else None
    return _Model(tuple(metric for metric, _ in made), tuple(source for _, source in made), parts[0][1].id, over, of_shares)


def _average_of_shares(runs: Sequence[tuple[StoredRun, ValueRecord]]) -> Interval | None:
    """The interval of a mean of shares from Wilson's of each: the squared margins are added, and those of tasks that share patients as
    if they moved together, which is the most that they can.

    Source: Zou and Donner, Stat Med 2008 (method of variance estimates recovery).
    """
    bounds = [(value.value, *value.ci) for _, value in runs if value.ci is not None]
    if len(bounds) < len(runs) or any(None in own for own in bounds):
        return None
    point, low, high = np.array(bounds, dtype=np.float64).T
    clusters = [frozenset(_named(run).tolist()) for run, _ in runs]
    together = np.array([[not one.isdisjoint(other) or one is other for other in clusters] for one in clusters], dtype=np.float64)
    below, above = (point - low) / len(runs), (high - point) / len(runs)
    mean = float(point.mean())
    return mean - float(np.sqrt(below @ together @ below)), mean + float(np.sqrt(above @ together @ above))


def _pooled_shares(runs: Sequence[tuple[StoredRun, ValueRecord]]) -> Interval | None:
    """Wilson's interval of all cases as of one data set, in which the clusters of each stay what they are."""
    hits, clusters = list[Floats](), list[Names]()
    for run, value in runs:
        measured = run.measured(value)
        kept = np.array([reason is None for reason in measured.rows.excluded], dtype=bool)
        assert isinstance(measured.metric, SumMetric)  # of others nothing is a share
        of_cases = measured.metric.value(measured.rows.array[kept])[value.id]
        known = ~np.isnan(of_cases)
        hits.append(of_cases[known])
        clusters.append(_named(run)[kept][known])
    of_all, numbered = np.concatenate(hits), np.unique(np.concatenate(clusters), return_inverse=True)[1]
    n, level = effective_cases(of_all, numbered), runs[0][1].level
    return None if level is None or not len(of_all) else wilson_interval(float(of_all.mean()) * n, n, level)


@dataclass(frozen=True, slots=True)
class _Source:
    """The rows of one data set; those of a sum metric are summed by cluster."""

    draws_of: tuple[str, int]  # the data set and its number of clusters: whoever shares them shares draws
    rows: Floats
    clusters: NDArray[np.intp]  # of each row
    weight: float  # of each row: 1 / repeats

    @property
    def n_clusters(self) -> int:
        return self.draws_of[1]


def _data(run: StoredRun) -> str:
    """What a run's data are called: two files of one format are two data sets."""
    return f"{run.run.data.name} {run.run.task_card['ask'].get('dataset_options', {}).get('file', '')}"


def _named(run: StoredRun) -> Names:
    """The cluster of each case, which no other data set has."""
    return np.char.add(f"{_data(run)} ", run.cases.clusters)


def _clusters_of(data: str, runs: Sequence[StoredRun]) -> Names:
    """The clusters of all runs on a data set: who stands in several of its tasks is drawn for all of them at once."""
    return np.unique(np.concatenate([run.cases.clusters for run in runs if _data(run) == data]))


def _source(run: StoredRun, value: ValueRecord, names: Names) -> tuple[Metric, _Source]:
    measured, weight = run.measured(value), 1.0 / run.run.settings.repeats
    kept = np.array([reason is None for reason in measured.rows.excluded], dtype=bool)
    rows, clusters, n = measured.rows.array[kept], np.searchsorted(names, run.cases.clusters)[kept], len(names)
    if isinstance(measured.metric, SumMetric):
        rows = np.stack([np.bincount(clusters, weights=column, minlength=n) for column in rows.T], axis=1)
        clusters = np.arange(n)
    return measured.metric, _Source((_data(run), n), rows, clusters, weight)


@dataclass(frozen=True, slots=True)
class _Model:
    metrics: tuple[Metric, ...]  # of each data set, as prepared on it
    sources: tuple[_Source, ...]
    name: str  # of the value
    over: Over
    of_shares: Interval | None

    @property
    def can_be_drawn(self) -> bool:
        """False where a data set has a single cluster, of which nothing is drawn."""
        return all(source.n_clusters > 1 for source in self.sources)

    def point(self) -> float:
        """The combined value."""
        return float(self.values([np.ones((1, source.n_clusters)) for source in self.sources])[0])

    def values(self, blocks: Sequence[Floats]) -> Floats:
        """The combined values, shape (b,), under weightings of the clusters of each data set, shapes (b, C)."""
        if self.over == "average":
            each = zip(self.metrics, self.sources, blocks, strict=True)
            return np.asarray(np.mean([_value(metric, self.name, [source], [block]) for metric, source, block in each], axis=0))
        return _value(self.metrics[0], self.name, self.sources, blocks)


def _value(metric: Metric, name: str, sources: Sequence[_Source], blocks: Sequence[Floats]) -> Floats:
    """A metric's value of the cases of some data sets, shape (b,)."""
    if isinstance(metric, SumMetric):
        sums = [(block @ source.rows) * source.weight for source, block in zip(sources, blocks, strict=True)]
        return metric.value(np.sum(sums, axis=0))[name]
    weights = [block[:, source.clusters] * source.weight for source, block in zip(sources, blocks, strict=True)]
    return metric.aggregate(np.concatenate([source.rows for source in sources]), np.concatenate(weights, axis=1))[name]
