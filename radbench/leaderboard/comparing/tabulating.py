"""From a sheet of numbers to a table: systems in order with ranks and letters, pairs with tests, gaps, non-inferiority."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.leaderboard.comparing.comparison import ALPHA, LEVEL, POWER, Entry, Gap, Interval, NonInferiority, Pair, Table
from radbench.leaderboard.comparing.contenders import way
from radbench.leaderboard.comparing.sheet import Sheet, defined, whole
from radbench.metrics.base import SumMetric
from radbench.records import FEW
from radbench.scoring.values import is_mean_of_parts
from radbench.statistics.multiplicity import adjusted, smallest_adjusted
from radbench.statistics.paired import mcnemar
from radbench.statistics.planning import clusters_needed, minimum_detectable_difference, non_inferiority_p, power
from radbench.statistics.proportions import clustered_standard_error, effective_cases, wilson_interval
from radbench.statistics.ranks import letters, rank_intervals, ranks, upper_bound_ranks

Floats = NDArray[np.float64]

MANY_GROUPS: Final = "groups of systems that are not told apart are more than letters can name"
_TIE: Final = 1e-12  # values of single samples this near are equal but for rounding


def table(task: str, signature: str, sheet: Sheet) -> Table:
    """The table of a sheet."""
    panel, settings = sheet.aligned.panel, sheet.settings
    order = _from_the_best(sheet)
    place = {system: at for at, system in enumerate(order)}
    p_adjusted = adjusted(sheet.p, settings.correction)
    made = entries(sheet, p_adjusted)
    oriented = [(p, i, j) if place[i] < place[j] else (p, j, i) for p, (i, j) in enumerate(sheet.pairs.tolist())]
    oriented.sort(key=lambda pair: (place[pair[1]], place[pair[2]]))
    is_binary = _is_share(sheet) and _is_asked_once(sheet)
    by_draws = f"{'BCa' if settings.interval == 'bca' else 'percentile'} bootstrap of clusters"
    return Table(
        task=task,
        value=sheet.name,
        signature=way(signature),
        lower_is_better=sheet.lower_is_better,
        n_cases=len(panel.weights),
        n_clusters=panel.n_clusters,
        cluster=sheet.aligned.cluster,
        test=sheet.test,
        is_exact=sheet.swaps.is_exact,
        swaps=sheet.swaps.count,
        correction=settings.correction,
        family=int((~np.isnan(sheet.p)).sum()),
        draws=settings.draws,
        seed=settings.seed,
        interval=by_draws,
        value_interval=_value_intervals(sheet, by_draws),
        planned=settings.plan,
        entries=made,
        pairs=tuple(_pair(sheet, (i, j), sheet.p[p], p_adjusted[p], is_binary=is_binary) for p, i, j in oriented),
        gaps=tuple(gap for i in order for gap in _gaps(sheet, i)),
        non_inferiority=_non_inferiority(sheet, order),
        notes=(*sheet.aligned.notes, *_notes(sheet, made)),
    )


def entries(sheet: Sheet, p_adjusted: Floats) -> tuple[Entry, ...]:
    """The systems with their uncertainty, the best first; `p_adjusted` (p,) of the sheet's pairs."""
    contenders, n_systems, order = sheet.aligned.contenders, len(sheet.points), _from_the_best(sheet)
    intervals = [_value_interval(sheet, i) for i in range(n_systems)]
    with_value = [i for i in order if not np.isnan(sheet.points[i])]
    ranked = [i for i in with_value if contenders[i].kind == "model"]
    at, lower = {system: place for place, system in enumerate(ranked)}, sheet.lower_is_better
    point_ranks = ranks(sheet.points[ranked], lower_is_better=lower)
    rank_cis = rank_intervals(sheet.drawn[0, ranked].T, LEVEL, lower_is_better=lower)
    bounds = np.array([intervals[i] or (np.nan, np.nan) for i in ranked]).reshape(-1, 2)
    upper = upper_bound_ranks(bounds, lower_is_better=lower)
    groups = dict(zip(with_value, _letters(sheet, with_value, p_adjusted), strict=True))
    return tuple(
        Entry(
            name=contenders[i].name,
            kind=contenders[i].kind,
            exposure=contenders[i].exposure,
            run=contenders[i].stored.run.id,
            folder=str(contenders[i].stored.folder.path),
            value=defined(sheet.points[i]),
            ci=intervals[i],
            standard_error=defined(_standard_error(sheet, i)),
            rank=int(point_ranks[at[i]]) if i in at else None,
            rank_ci=(int(rank_cis[at[i], 0]), int(rank_cis[at[i], 1])) if i in at else None,
            upper_bound_rank=int(upper[at[i]]) if i in at else None,
            letters=groups.get(i, ""),
        )
        for i in order
    )


def _from_the_best(sheet: Sheet) -> list[int]:
    """The systems in the order of their values; those without one come last."""
    return [int(i) for i in np.argsort(np.where(np.isnan(sheet.points), np.inf, -sheet.sign * sheet.points), kind="stable")]


def _letters(sheet: Sheet, systems: list[int], p_adjusted: Floats) -> list[str]:
    """The letters of some systems, the best first; none where a pair of them was not tested, or the alphabet does not hold them."""
    adjusted_of = {(int(i), int(j)): p for (i, j), p in zip(sheet.pairs, p_adjusted, strict=True)}
    found = np.array([[0.0 if i == j else adjusted_of[min(i, j), max(i, j)] for j in systems] for i in systems])
    if np.isnan(found).any():
        return [""] * len(systems)
    named = letters((found <= ALPHA) & ~np.eye(len(systems), dtype=np.bool_), range(len(systems)))
    return named if all(text.isalpha() for text in named) else [""] * len(systems)


def _is_share(sheet: Sheet) -> bool:
    """True for a share of cases that are right: each is 0 or 1."""
    if not sheet.is_mean or not np.isin(sheet.cases, (0, 1)).all():
        return False
    metric = sheet.aligned.panel.metric
    return bool(np.ptp(sheet.cases)) or (isinstance(metric, SumMetric) and is_mean_of_parts(metric, sheet.name))


def _is_asked_once(sheet: Sheet) -> bool:
    """True where each case is a sample of its own."""
    return len(np.unique(sheet.aligned.samples)) == len(sheet.aligned.samples)


def _is_wilson(sheet: Sheet) -> bool:
    """True where an interval that is not stated is Wilson's, as those of summaries are for shares: unless another one is asked for."""
    return sheet.jackknifed is None and _is_share(sheet)


def _value_interval(sheet: Sheet, system: int) -> Interval | None:
    """That of the run's summary, as boards print it, where all its cases are compared and no other method is asked for."""
    if (stated := _stated(sheet, system)) is not None:
        return stated
    if _is_wilson(sheet):
        n = effective_cases(sheet.cases[system], sheet.aligned.panel.clusters)
        return whole(wilson_interval(float(sheet.points[system]) * n, n, LEVEL))
    return sheet.interval(system)


def _value_intervals(sheet: Sheet, by_draws: str) -> str:
    """How the intervals of values were made."""
    own = (
        "Wilson by the design effect of clusters"
        if _is_wilson(sheet)
        else f"{by_draws}, {sheet.settings.draws} draws, seed {sheet.settings.seed}"
    )
    found: dict[str, None] = {}
    for system, contender in enumerate(sheet.aligned.contenders):
        how = contender.stored.summary.intervals
        stated = f"{how.get('method')}, {how.get('draws')} draws, seed {how.get('seed')}"
        found[stated if _stated(sheet, system) else own] = None
    return " or ".join(found)


def _stated(sheet: Sheet, system: int) -> Interval | None:
    """The interval in the run's summary; None where that is of other cases, or another method is asked for."""
    values = sheet.aligned.contenders[system].stored.summary.values
    record = next((value for value in values if value.id == sheet.name and value.level == LEVEL), None)
    if record is None or record.ci is None or sheet.jackknifed is not None or record.n_scored != len(sheet.aligned.panel.weights):
        return None
    low, high = record.ci
    return None if low is None or high is None else (low, high)


def _standard_error(sheet: Sheet, first: int, second: int | None = None) -> float:
    """Of a value or a difference: by clusters for a mean of cases, else the spread of the draws."""
    panel = sheet.aligned.panel
    if sheet.is_mean:
        values = sheet.cases[first] - (sheet.cases[second] if second is not None else 0)
        return clustered_standard_error(values, panel.clusters, panel.weights)
    draws = sheet.drawn[0, first] - (sheet.drawn[0, second] if second is not None else 0)
    draws = draws[~np.isnan(draws)]
    return float(draws.std(ddof=1)) if len(draws) > 1 else float("nan")


def _pair(sheet: Sheet, pair: tuple[int, int], p: float, p_adjusted: float, *, is_binary: bool) -> Pair:
    i, j = pair
    contenders, difference = sheet.aligned.contenders, float(sheet.points[i] - sheet.points[j])
    error = _standard_error(sheet, i, j)
    wins, ties, losses = _outcomes(sheet, i, j)
    n_clusters, plan = sheet.aligned.panel.n_clusters, sheet.settings.plan
    only = [int((sheet.cases[a] > sheet.cases[b]).sum()) for a, b in ((i, j), (j, i))] if is_binary else None
    return Pair(
        first=contenders[i].name,
        second=contenders[j].name,
        difference=defined(difference),
        ci=sheet.interval(i, j),
        p=defined(p),
        p_adjusted=defined(p_adjusted),
        is_significant=bool(p_adjusted <= ALPHA),
        wins=wins,
        ties=ties,
        losses=losses,
        mcnemar_p=mcnemar(*only) if only else None,
        detectable=minimum_detectable_difference(error, ALPHA, POWER) if error > 0 else None,
        clusters_needed=clusters_needed(difference, error, n_clusters, ALPHA, POWER),
        planned_power=None if plan is None else defined(power(plan, error, ALPHA)),
        planned_clusters=None if plan is None else clusters_needed(plan, error, n_clusters, ALPHA, POWER),
    )


def _outcomes(sheet: Sheet, i: int, j: int) -> tuple[int, int, int] | tuple[None, None, None]:
    """Samples on which the first is better, alike, worse; repeats are averaged. None where single samples have no value."""
    samples = sheet.aligned.samples
    asked = np.bincount(samples)
    with_value = ~np.isnan(np.bincount(samples, weights=sheet.cases[i] + sheet.cases[j]))
    if not with_value.any():
        return None, None, None
    difference = sheet.sign * (np.bincount(samples, weights=sheet.cases[i] - sheet.cases[j]) / asked)[with_value]
    wins, losses = int((difference > _TIE).sum()), int((difference < -_TIE).sum())
    return wins, len(difference) - wins - losses, losses


def _gaps(sheet: Sheet, system: int) -> list[Gap]:
    """Of each subgroup the level where the system is worst, if worse than on all cases; intervals are corrected for all levels."""
    panel = sheet.aligned.panel
    levels = [g for g, group in enumerate(sheet.groups) if group.of not in ("", "repeat")]
    level = 1 - (1 - LEVEL) / max(len(levels), 1)
    found = []
    for subgroup in dict.fromkeys(sheet.groups[g].of for g in levels):
        gaps = {g: sheet.grouped[g, system] - sheet.points[system] for g in levels if sheet.groups[g].of == subgroup}
        gaps = {g: gap for g, gap in gaps.items() if sheet.sign * gap < 0}
        if not gaps:
            continue
        worst = min(gaps, key=lambda g: sheet.sign * gaps[g])
        inside = sheet.groups[worst].mask > 0
        found.append(
            Gap(
                system=sheet.aligned.contenders[system].name,
                subgroup=subgroup,
                level=sheet.groups[worst].level,
                n_cases=int(inside.sum()),
                n_clusters=len(np.unique(panel.clusters[inside])),
                value=float(sheet.grouped[worst, system]),
                gap=float(gaps[worst]),
                ci=sheet.gap_interval(worst, system, level),
                n_levels=len(levels),
            )
        )
    return found


def _non_inferiority(sheet: Sheet, order: list[int]) -> tuple[NonInferiority, ...]:
    """Of each system against the one named, if that is among them."""
    margin, contenders = sheet.settings.margin, sheet.aligned.contenders
    against = next((i for i in order if contenders[i].stored.folder.path.resolve() in sheet.settings.against), None)
    if margin is None or against is None:
        return ()
    others = [i for i in order if i != against and sheet.interval(i, against) is not None]
    draws = [sheet.sign * (sheet.drawn[0, i] - sheet.drawn[0, against]) for i in others]
    p = np.array([non_inferiority_p(each, margin) for each in draws])
    return tuple(
        NonInferiority(
            system=contenders[i].name,
            against=contenders[against].name,
            margin=margin,
            difference=float(sheet.points[i] - sheet.points[against]),
            ci=sheet.interval(i, against) or (float("nan"), float("nan")),
            p=float(own),
            p_adjusted=float(of_all),
            is_shown=bool(of_all <= ALPHA / 2),
        )
        for i, own, of_all in zip(others, p, adjusted(p, sheet.settings.correction), strict=True)
    )


def _notes(sheet: Sheet, made: Sequence[Entry]) -> list[str]:
    notes, panel = [], sheet.aligned.panel
    if not np.isnan(sheet.p).any() and not any(entry.letters for entry in made):
        notes.append(MANY_GROUPS)
    n_clusters, n_pairs = panel.n_clusters, len(sheet.pairs)
    if n_clusters < FEW:
        notes.append(f"{n_clusters} clusters are fewer than {FEW}: bootstrap intervals are too narrow, do not lean on them")
    if sheet.swaps.n_units < n_clusters:
        notes.append(f"in the test {n_clusters} clusters change places in {sheet.swaps.n_units} random groups, which keeps its level")
    if sheet.swaps.is_exact and n_pairs * 2 / 2**n_clusters > ALPHA:
        least = smallest_adjusted(n_pairs, 2 ** (n_clusters - 1) - 1)
        notes.append(f"with {n_clusters} clusters the smallest adjusted p is {min(least, 1):.3f}: nothing can be significant")
    if n_clusters < len(panel.weights) and _is_share(sheet) and _is_asked_once(sheet):
        notes.append("McNemar takes cases for independent; they stand in clusters, so read the paired test")
    unsettled = {sheet.aligned.contenders[i].name: int(np.isnan(sheet.drawn[0, i]).sum()) for i in range(len(sheet.points))}
    for name, count in unsettled.items():
        if count:
            notes.append(f"{name}: undefined in {count} of {sheet.drawn.shape[-1]} draws; intervals are those of the others")
    return notes
