"""The systems of an unblinded study: means of what was judged, win rates and Bradley-Terry strengths of what was preferred."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radbench.ratings.studies.bradley_terry import strengths
from radbench.ratings.studies.export import Opened
from radbench.ratings.studies.scores import choices, scores
from radbench.statistics.bootstrap import draw_clusters, percentile_interval

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SystemValue:
    """One value of one system, with its interval by cluster."""

    criterion: str
    what: str  # mean, win rate, strength
    system: str
    value: float  # NaN: undefined
    low: float
    high: float
    n_items: int
    n_clusters: int
    undefined_draws: int = 0


def system_values(opened: Opened, draws: int, seed: int, level: float) -> Iterator[SystemValue]:
    """Per criterion and system: the mean value; of preferences the win rate (ties half) and the Bradley-Terry strength (log odds).

    Several raters of one item are averaged first, so that items count alike.
    """
    study = opened.study
    clusters = sorted({case.cluster for case in study.cases})
    place = {cluster: i for i, cluster in enumerate(clusters)}
    systems = sorted({opened.name(arm) for item in study.items if not item.control for arm in item.arms})
    made = _wins(opened, systems, place) if study.draft.mode == "ab" else _sums(opened, systems, place)
    for criterion, (all_tables, n_items) in made.items():
        tables = all_tables[all_tables.reshape(len(clusters), -1).any(axis=1)]  # clusters with answers so far
        values: Mapping[str, Callable[[Floats], Floats]] = (
            {"win rate": _win_rates, "strength": strengths} if study.draft.mode == "ab" else {"mean": _means}
        )
        for what, value in values.items():
            point = value(tables.sum(axis=0)[None])[0]
            blocks = [value(np.tensordot(weights, tables, axes=1)) for weights in draw_clusters(len(tables), draws, seed)]
            drawn = np.concatenate(blocks) if blocks else np.empty((0, len(systems)))
            for i, system in enumerate(systems):
                low, high = percentile_interval(drawn[:, i], level)
                undefined = int(np.isnan(drawn[:, i]).sum())
                yield SystemValue(criterion, what, system, float(point[i]), low, high, int(n_items[i]), len(tables), undefined)


def _sums(opened: Opened, systems: list[str], place: Mapping[str, int]) -> dict[str, tuple[Floats, Floats]]:
    """Criterion -> sums of items' mean values and numbers of items, shape (clusters, systems, 2); and items of each system."""
    study = opened.study
    given: dict[tuple[str, str], list[float]] = defaultdict(list)
    for record in opened.plain():
        for criterion, value in scores(study, record).items():
            given[criterion, record.item].append(value)
    tables: dict[str, Floats] = defaultdict(lambda: np.zeros((len(place), len(systems), 2)))
    for (criterion, name), values in given.items():
        item = study.item_of[name]
        at = place[study.case_of[item.case].cluster], systems.index(opened.name(item.arms[0]))
        tables[criterion][at] += (float(np.mean(values)), 1.0)
    return {criterion: (table, table[:, :, 1].sum(axis=0)) for criterion, table in tables.items()}


def _wins(opened: Opened, systems: list[str], place: Mapping[str, int]) -> dict[str, tuple[Floats, Floats]]:
    """Criterion -> how often the row's system beat the column's, shape (clusters, systems, systems); and items of each system."""
    study = opened.study
    given: dict[tuple[str, str], list[float]] = defaultdict(list)
    for record in opened.plain():
        first = study.item_of[record.item].arms[0]
        for criterion, chosen in choices(record):
            given[criterion, record.item].append(0.5 if chosen is None else float(chosen == first))
    tables: dict[str, Floats] = defaultdict(lambda: np.zeros((len(place), len(systems), len(systems))))
    for (criterion, name), values in given.items():
        item = study.item_of[name]
        one, other = (systems.index(opened.name(arm)) for arm in item.arms)
        table, won = tables[criterion][place[study.case_of[item.case].cluster]], float(np.mean(values))
        table[one, other] += won
        table[other, one] += 1 - won
    return {criterion: (table, (table.sum(axis=0) + table.sum(axis=0).T).sum(axis=1)) for criterion, table in tables.items()}


def _means(tables: Floats) -> Floats:
    """From (m, systems, 2) to (m, systems)."""
    sums, counts = tables[..., 0], tables[..., 1]
    return np.asarray(np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0))


def _win_rates(wins: Floats) -> Floats:
    """From (m, systems, systems) to (m, systems)."""
    won, met = wins.sum(axis=2), (wins + wins.transpose(0, 2, 1)).sum(axis=2)
    return np.asarray(np.divide(won, met, out=np.full_like(won, np.nan), where=met > 0))
