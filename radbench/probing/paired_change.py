"""What an edit of inputs changes in a value: the difference of two runs on the samples that were edited, with interval and test.

The rows of both runs are resampled by the same draws of clusters; the test swaps the runs in random clusters. A value that is neither
made of sums nor an AUROC has an interval and no test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ScoringError
from radbench.metrics.base import Metric, SumMetric
from radbench.metrics.discrimination import Discrimination
from radbench.records import ValueRecord
from radbench.scoring.stored import StoredRun
from radbench.statistics.bootstrap import draw_clusters, percentile_interval
from radbench.statistics.paired import Swaps, sign_flip, swap_sums
from radbench.statistics.roc import auroc_shares

Floats = NDArray[np.float64]

LEVEL = 0.95
_FIRST_AND_SECOND = np.array([[0, 1]], dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value of edited samples against the same value of these samples as they are."""

    value: str
    lower_is_better: bool
    plain: float | None
    edited: float | None
    difference: float | None  # edited minus plain
    ci: tuple[float, float] | None
    p: float | None  # two-sided; None: not tested
    n: int
    n_clusters: int
    note: str = ""  # what a reader must know of it


def change(plain: StoredRun, edited: StoredRun, samples: frozenset[str], draws: int, seed: int) -> Change:
    """The change of the task's primary value between two runs, on those of the samples that both have scored.

    Raises:
        ScoringError: one of the runs has no such value, or the rows of the two are not laid out alike.
    """
    name = str(plain.summary.score["primary"])
    first, second = (_record(run, name) for run in (plain, edited))
    before, after = plain.measured(first), edited.measured(second)
    if before.rows.array.shape[1] != after.rows.array.shape[1]:
        raise ScoringError(f"the rows of `{name}` are not laid out alike with and without the edit")
    places = [
        {case: i for i, (case, reason) in enumerate(zip(cases, rows.excluded, strict=True)) if reason is None and case[0] in samples}
        for cases, rows in ((plain.cases.pairs(), before.rows), (edited.cases.pairs(), after.rows))
    ]
    common = [case for case in places[0] if case in places[1]]
    if not common:
        raise ScoringError(f"no edited sample has a `{name}` in both runs")
    names, clusters = np.unique(plain.cases.clusters[[places[0][case] for case in common]], return_inverse=True)
    both = [m.rows.array[[at[case] for case in common]] for m, at in zip((before, after), places, strict=True)]
    values, test = _views(before.metric, name, both, clusters, len(names))
    points = values(np.ones((1, len(names))))[:, 0]
    drawn = [values(block) for block in draw_clusters(len(names), draws, seed)]
    ci = percentile_interval(np.concatenate([block[1] - block[0] for block in drawn]) if drawn else np.empty(0), LEVEL)
    return Change(
        value=name,
        lower_is_better=first.lower_is_better,
        plain=_known(points[0]),
        edited=_known(points[1]),
        difference=_known(points[1] - points[0]),
        ci=None if np.isnan(ci).any() else ci,
        p=test(Swaps(len(names), draws, seed)) if draws else None,
        n=len(common),
        n_clusters=len(names),
        note=_note(first, second),
    )


def _views(
    metric: Metric, name: str, both: list[Floats], clusters: NDArray[np.intp], n_clusters: int
) -> tuple[Callable[[Floats], Floats], Callable[[Swaps], float | None]]:
    """From weightings of clusters (b, C) to the values of both runs (2, b), and the test of their difference."""
    if isinstance(metric, SumMetric):
        sums = np.zeros((2, n_clusters, both[0].shape[1]))
        for run, rows in enumerate(both):
            np.add.at(sums[run], clusters, rows)
        return (
            lambda block: np.stack([metric.value(block @ of_run)[name] for of_run in sums]),
            lambda swaps: _known(swap_sums(sums, _FIRST_AND_SECOND, lambda found: metric.value(found)[name][None], swaps)[0, 0]),
        )
    return (
        lambda block: np.stack([metric.aggregate(rows, block[:, clusters])[name] for rows in both]),
        lambda swaps: _auroc_p(metric, name, both, clusters, swaps),
    )


def _auroc_p(metric: Metric, name: str, both: list[Floats], clusters: NDArray[np.intp], swaps: Swaps) -> float | None:
    """The test of a difference of AUROCs; None for other values, and where the edit turns the truth round."""
    first, second = both
    if not isinstance(metric, Discrimination) or not name.startswith("auroc"):
        return None
    n_labels, wanted = len(metric.labels), name.partition(":")[2]
    if not np.array_equal(first[:, n_labels:], second[:, n_labels:]):
        return None
    places = range(n_labels) if name == "auroc_macro" else [metric.labels.index(wanted) if wanted else 0]
    weights = np.ones(len(first))
    shares = [auroc_shares((first[:, i], second[:, i]), first[:, n_labels + i] > 0, weights) for i in places]
    defined = [share for share in shares if not np.isnan(share).any()]
    if not defined:
        return None
    of_clusters = np.bincount(clusters, np.mean(defined, axis=0)).astype(np.float64)
    return _known(sign_flip(of_clusters[None], swaps)[0])


def _record(run: StoredRun, name: str) -> ValueRecord:
    found = next((value for value in run.summary.values if value.id == name), None)
    if found is None:
        why = "; ".join(run.summary.problems) or "no metric gives it"
        raise ScoringError(f"{run.folder.path} has no `{name}`: {why}")
    return found


def _note(first: ValueRecord, second: ValueRecord) -> str:
    """Why two values are not of one making, where what a metric learned of the corpus differs."""
    corpora = [next((part for part in v.signature.split("|") if part.startswith("corpus:")), "") for v in (first, second)]
    return "" if corpora[0] == corpora[1] else "what the metric learns of the corpus differs between the two runs"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
