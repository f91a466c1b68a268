"""One value of aligned systems in numbers: points, bootstrap draws, values of single cases, and a test of each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.leaderboard.comparing.aligned import Aligned, Group
from radbench.leaderboard.comparing.comparison import ALPHA, LEVEL, Interval
from radbench.statistics.bootstrap import bca_interval, percentile_interval
from radbench.statistics.multiplicity import Correction, draws_needed
from radbench.statistics.paired import Pairs, Swaps

Floats = NDArray[np.float64]
Method: TypeAlias = Literal["percentile", "bca"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareSettings:
    """What is compared, and how."""

    value: str = ""  # "": the task's primary value
    correction: Correction = "holm"
    draws: int = 10_000  # of clusters for intervals; of swaps, where the number of pairs does not take more
    seed: int = 0
    interval: Method = "percentile"
    margin: float | None = None  # of non-inferiority, in units of the value
    plan: float | None = None  # a difference to be found, in units of the value: its power is said
    against: frozenset[Path] = frozenset()  # folders, resolved: of each task the run that others are to be no worse than


@dataclass(frozen=True, slots=True)
class Sheet:
    """One value of aligned systems, from which a table is written. Systems are in the order of the runs."""

    name: str
    aligned: Aligned
    settings: CompareSettings
    groups: tuple[Group, ...]  # first all cases
    is_mean: bool  # of the values of single cases
    points: Floats  # (s,)
    grouped: Floats  # (g, s)
    drawn: Floats  # (g, s, draws)
    jackknifed: Floats | None  # (s, C), where intervals are BCa
    cases: Floats  # (s, n); NaN where a value is not defined for one case
    pairs: Pairs  # (p, 2)
    p: Floats  # (p,)
    test: str
    swaps: Swaps  # behind the tests

    @property
    def lower_is_better(self) -> bool:
        """The value's direction."""
        return self.name in self.aligned.panel.metric.lower_is_better

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is."""
        return -1 if self.lower_is_better else 1

    def interval(self, first: int, second: int | None = None) -> Interval | None:
        """Of a system's value, or of its difference to a second one; None where undefined."""
        draws, point = self.drawn[0, first], float(self.points[first])
        if second is not None:
            draws, point = draws - self.drawn[0, second], point - float(self.points[second])
        if self.jackknifed is None:
            return whole(percentile_interval(draws, LEVEL))
        left_out = self.jackknifed[first] - (self.jackknifed[second] if second is not None else 0)
        return whole(bca_interval(draws, point, left_out, LEVEL))

    def gap_interval(self, group: int, system: int, level: float) -> Interval | None:
        """Of a system's value in a group minus its value of all cases."""
        return whole(percentile_interval(self.drawn[group, system] - self.drawn[0, system], level))

    def group_interval(self, group: int, first: int, second: int, level: float) -> Interval | None:
        """Of the difference of two systems in a group."""
        return whole(percentile_interval(self.drawn[group, first] - self.drawn[group, second], level))


def whole(interval: tuple[float, float]) -> Interval | None:
    """The interval; None where an end of it is not defined."""
    return None if np.isnan(interval).any() else interval


def defined(number: float) -> float | None:
    """The number; None in place of NaN."""
    return None if np.isnan(number) else float(number)


def sheets(aligned: Aligned, settings: CompareSettings, groups: Sequence[Group]) -> list[Sheet]:
    """One sheet a value of the panel, in its order; all share draws and swaps.

    There are as many swaps as draws, or as many as it takes for one pair of so many to be significant after correction.
    """
    panel, n_systems = aligned.panel, len(aligned.contenders)
    pairs = np.array([(i, j) for i in range(n_systems) for j in range(i + 1, n_systems)], dtype=np.intp)
    swaps = Swaps(panel.n_clusters, settings.draws, settings.seed, most=draws_needed(len(pairs), ALPHA))
    points, cases = panel.points(), panel.cases()
    means = panel.are_means(cases)
    panel = replace(panel, means=cases) if all(means) else panel
    p, tests = panel.tested(pairs, swaps, means)
    masks = np.stack([group.mask for group in groups])
    grouped, drawn = panel.grouped(masks), panel.drawn(settings.draws, settings.seed, masks)
    jackknifed = panel.jackknifed() if settings.interval == "bca" else None
    return [
        Sheet(
            name=name,
            aligned=aligned,
            settings=settings,
            groups=tuple(groups),
            is_mean=means[v],
            points=points[v],
            grouped=grouped[v],
            drawn=drawn[v],
            jackknifed=None if jackknifed is None else jackknifed[v],
            cases=cases[v],
            pairs=pairs,
            p=p[v],
            test=tests[v],
            swaps=swaps,
        )
        for v, name in enumerate(panel.names)
    ]
