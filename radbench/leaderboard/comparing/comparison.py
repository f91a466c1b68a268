"""What a comparison of runs says: systems with their uncertainty, pairs with tests, gaps of subgroups, claims; plain records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

from radbench.leaderboard.comparing.contenders import Kind
from radbench.leaderboard.exposure import Exposure
from radbench.statistics.multiplicity import Correction

Interval: TypeAlias = tuple[float, float]
Outcome: TypeAlias = Literal["confirmed", "same direction", "tied", "reversed", "reversed, significantly", "undefined"]

LEVEL: Final = 0.95  # of intervals
ALPHA: Final = 0.05  # of tests, after correction
POWER: Final = 0.8  # of the minimum detectable difference


def ranged(least: int, most: int) -> str:
    """How many draws were made: as many for all pairs, or more for those whose difference few of them reach."""
    return str(most) if least == most else f"{least} to {most}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A system: one run."""

    name: str
    kind: Kind
    exposure: Exposure
    run: str  # its id
    folder: str
    value: float | None
    ci: Interval | None
    standard_error: float | None  # by cluster
    rank: int | None  # among models; None: a baseline or a control
    rank_ci: tuple[int, int] | None
    upper_bound_rank: int | None  # 1 + the models whose interval lies wholly above its own
    letters: str  # systems that share one are not told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two systems, the better one first. The difference is first minus second, so negative where lower is better."""

    first: str
    second: str
    difference: float | None
    ci: Interval | None
    p: float | None  # None: not tested
    p_adjusted: float | None
    is_significant: bool
    wins: int | None  # samples on which the first is better; None: single samples have no value
    ties: int | None
    losses: int | None
    mcnemar_p: float | None  # of right and wrong answers, taken for independent; not adjusted
    detectable: float | None  # the least true difference that a test of these cases would find with a power of 80%
    clusters_needed: int | None  # to find a true difference as large as the one seen with that power, if it were the only test
    planned_power: float | None  # with which these cases would show the difference planned for; None: none was
    planned_clusters: int | None  # to show it with a power of 80%


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The worst level of a subgroup for one system; the gap is the value there minus the value of all cases."""

    system: str
    subgroup: str
    level: str
    n_cases: int
    n_clusters: int
    value: float
    gap: float
    ci: Interval | None  # corrected for all levels that the worst was chosen from
    n_levels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInferiority:
    """Whether a system is worse than another by less than the margin."""

    system: str
    against: str
    margin: float
    difference: float  # system minus the other
    ci: Interval
    p: float  # one-sided
    p_adjusted: float
    is_shown: bool  # at half of alpha, as the two-sided interval has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One value of one task for several systems, with the tests of all pairs: the family that is corrected for."""

    task: str
    value: str
    signature: str  # which all systems share, but for the images shown
    lower_is_better: bool
    n_cases: int  # that all systems have
    n_clusters: int
    cluster: str  # what a cluster is
    test: str
    is_exact: bool  # all swaps were gone through
    correction: Correction
    family: int  # pairs that were tested
    swaps: int  # behind the tests at most; with few clusters all there are
    draws: int  # behind intervals and ranks
    seed: int
    interval: str  # of differences and ranks
    value_interval: str  # of values: as boards print it, where all cases of a run are compared
    planned: float | None  # a difference that a comparison is planned for
    entries: tuple[Entry, ...]  # the best first
    pairs: tuple[Pair, ...]
    gaps: tuple[Gap, ...]
    non_inferiority: tuple[NonInferiority, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One other way to look at a pair."""

    kind: Literal["value", "convention", "subgroup", "repeat"]
    name: str
    difference: float | None  # in the direction of the table's first system
    ci: Interval | None
    p_adjusted: float | None  # None: the interval decides
    outcome: Outcome
    agreement: str  # of the value with radiologists


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`first beats second`, and where else it holds."""

    task: str
    value: str
    first: str
    second: str
    is_significant: bool  # on the table's own value
    exposures: tuple[Exposure, Exposure]
    views: tuple[View, ...]
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Tables by task, claims where asked for, and what was left out and why."""

    tables: tuple[Table, ...]
    claims: tuple[Claim, ...]
    left_out: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """One document of all of it."""
        return {"level": LEVEL, "alpha": ALPHA, "power": POWER, **asdict(self)}
