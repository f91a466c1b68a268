"""What `radbench correlate` takes and finds, as records: metrics beside ratings, their agreement, differences between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from radbench.statistics.correlation import Floats
from radbench.statistics.swapping import TestedCoefficient

Level: TypeAlias = Literal["pooled", "within", "system"]
OverRaters: TypeAlias = Literal["mean", "median"]

CEILING: Final = "one rater against the others"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationSettings:
    """How correlations are computed and made certain."""

    draws: int = 2000  # of study clusters for intervals, and of swaps for tests, of which there may be more; 0: neither
    seed: int = 0
    level: float = 0.95
    coefficient: TestedCoefficient = "tau_b"  # what differences between metrics are tested in, and tables are ordered by
    over_raters: OverRaters = "mean"


@dataclass(frozen=True, slots=True)
class MetricScores:
    """A metric's value of each rated text, as the metric gives it."""

    name: str
    values: Floats  # (items,) in the order of the rated items; NaN: it has none for this text
    lower_is_better: bool = False
    signature: str = ""  # how it was scored; "" for what a file brought along
    is_control: bool = False  # knows nothing of content, such as length

    @property
    def counts_errors(self) -> bool:
        """True if its values are whole numbers, fewer of which are better."""
        known = self.values[~np.isnan(self.values)]
        return self.lower_is_better and not self.is_control and bool(np.all((known >= 0) & (known == np.round(known))))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its interval; None where it is undefined, as with a constant side."""

    value: float | None
    low: float | None = None
    high: float | None = None
    undefined_draws: int = 0  # draws in which it is undefined; the interval is that of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How one metric, or one rater, goes with the rating, by level and statistic.

    Statistics: the four coefficients and `accuracy` at each level, `soft_accuracy` of systems, `mae` of counted errors.
    """

    name: str
    estimates: Mapping[Level, Mapping[str, Estimate]]
    epsilons: Mapping[Level, float]  # difference up to which `accuracy` takes the metric to call a pair a tie
    n: int  # texts
    n_studies: int  # with two texts or more
    n_constant: int  # of them, those left out within studies since a side is constant
    signature: str = ""
    is_turned: bool = False  # less is better, so the sign was changed
    is_control: bool = False

    def of(self, level: Level, statistic: str) -> Estimate:
        """One estimate; an undefined one where the level has none."""
        return self.estimates.get(level, {}).get(statistic, Estimate(None))


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """The coefficient of one metric minus that of another, and the p of there being no difference (PERM-BOTH)."""

    first: str
    second: str
    level: Level
    estimate: Estimate
    p: float | None
    p_adjusted: float | None  # Holm, over all pairs of the level


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlations:
    """What `correlate` found."""

    criterion: str
    significance: str  # of the errors counted; "": any
    settings: CorrelationSettings
    is_turned: bool  # of the rating less is better, so its sign was changed
    n: int  # texts on which everything stands
    n_studies: int
    n_systems: int
    n_clusters: int
    raters: tuple[str, ...]
    metrics: tuple[Agreement, ...]
    ceiling: tuple[Agreement, ...]  # a rater each against the others; last, named CEILING, the mean of them; empty with one rater
    differences: tuple[MetricDifference, ...]
    swaps: int  # behind each p: as many as draws, or what so many pairs need
    left_out: Mapping[str, int]  # metric -> rated texts that it has no value of, left out for all
    not_measured: Mapping[str, str] = field(default_factory=dict)  # metric -> why it takes no part
    notes: tuple[str, ...] = ()

    def ordered(self, level: Level) -> list[Agreement]:
        """The metrics that have this level, the best first; undefined ones last."""
        name = self.settings.coefficient
        found = [metric for metric in self.metrics if level in metric.estimates]
        return sorted(found, key=lambda metric: -(-2.0 if (value := metric.of(level, name).value) is None else value))

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON; undefined numbers are None."""
        return asdict(self)
