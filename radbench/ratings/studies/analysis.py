"""What the answers of a study say: agreement of raters, of raters with themselves, controls, sides, and - unblinded - the systems.

Intervals are percentile bootstraps of clusters (patients, else studies). Answers to controls and to repeated pages stay out of
agreement and of systems' values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import mean, median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.ratings.studies.answers import preference
from radbench.ratings.studies.export import Opened
from radbench.ratings.studies.scores import SIGNIFICANT, choices, scores
from radbench.ratings.studies.store import Record
from radbench.ratings.studies.systems import SystemValue, system_values
from radbench.statistics.agreement import Coefficient, estimate, icc, krippendorff_alpha, percent_agreement
from radbench.statistics.paired import Swaps, sign_flip

Floats = NDArray[np.float64]
_ALPHA: Final = "Krippendorff's alpha"


@dataclass(frozen=True, slots=True)
class Settings:
    """How intervals and tests are made."""

    draws: int = 2000
    seed: int = 0
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Agreement:
    """One coefficient on the items that several raters judged."""

    criterion: str
    coefficient: str
    value: float  # NaN: undefined
    low: float
    high: float
    n_items: int
    n_clusters: int


@dataclass(frozen=True, slots=True)
class OfRater:
    """One rater: how far, how fast, how steady, and whether controls were seen through."""

    rater: str
    n_answered: int
    n_pages: int
    n_undone: int
    median_seconds: float | None
    repeats: Mapping[str, tuple[int, int, float]]  # criterion -> repeated pages, with the same value, mean absolute difference
    controls: Mapping[str, tuple[int, int]]  # kind -> seen through, shown


@dataclass(frozen=True, slots=True)
class Sides:
    """Whether the left or the right text was preferred more often than sides that change by turns would give."""

    criterion: str
    n_left: int
    n_right: int
    n_even: int  # ties, and both bad
    n_clusters: int
    p: float  # two-sided, sign flips of clusters


@dataclass(frozen=True, slots=True)
class Analysis:
    """All of it."""

    mode: str
    is_blind: bool
    settings: Settings
    raters: tuple[OfRater, ...]
    agreement: tuple[Agreement, ...]
    sides: tuple[Sides, ...]
    systems: tuple[SystemValue, ...]  # none while blind


def analyse(opened: Opened, settings: Settings) -> Analysis:
    """The analysis of what is answered so far."""
    records = opened.store.answers()
    return Analysis(
        opened.study.draft.mode,
        opened.systems is None,
        settings,
        tuple(_of_rater(opened, rater, [r for r in records if r.rater == rater]) for rater in opened.study.orders),
        tuple(_agreement(opened, settings)),
        tuple(_sides(opened, settings)) if opened.study.draft.mode == "ab" else (),
        tuple(system_values(opened, settings.draws, settings.seed, settings.level)) if opened.systems else (),
    )


def _of_rater(opened: Opened, rater: str, records: list[Record]) -> OfRater:
    study = opened.study
    first = {record.item: scores(study, record) for record in records if not opened.is_repeat(record)}
    again = [(first[record.item], scores(study, record)) for record in records if opened.is_repeat(record)]
    criteria = dict.fromkeys(name for _, second in again for name in second)
    apart = {name: [abs(before[name] - after[name]) for before, after in again] for name in criteria}
    controls: dict[str, tuple[int, int]] = {}
    usual = [first[record.item] for record in records if not opened.suffix(record)]
    for record in records:
        if kind := study.item_of[record.item].control:
            seen, shown = controls.get(kind, (0, 0))
            controls[kind] = (seen + _sees_through(opened, record, usual), shown + 1)
    return OfRater(
        rater,
        len(records),
        len(study.orders[rater]),
        sum(record.kind == "undo" for record in opened.store.history(rater)),
        median(record.seconds for record in records) if records else None,
        {name: (len(gaps), sum(gap == 0 for gap in gaps), mean(gaps)) for name, gaps in apart.items()},
        controls,
    )


def _sees_through(opened: Opened, record: Record, usual: list[dict[str, float]]) -> bool:
    """Whether a control was judged as it should be, on every criterion.

    A copy of the reference must have no significant error, be rated no worse than the rater's median text, or not lose; a
    shuffled report must have a significant error, be rated no better than that median, or not win.
    """
    study = opened.study
    is_good = study.item_of[record.item].control == "reference"
    match study.draft.mode:
        case "ordinal":
            for criterion in study.draft.questions:
                sign = -1 if criterion.lower_is_better else 1
                middle = median(sign * values[criterion.name] for values in usual) if usual else 0.0
                value = sign * scores(study, record)[criterion.name]
                if usual and (value < middle if is_good else value > middle):
                    return False
            return True
        case "ab":
            key = opened.folder.read_key(study).systems
            control = next(arm for arm in record.arms if key[arm].startswith("control-"))
            return all(chosen is None or (chosen == control) == is_good for _, chosen in choices(record))
        case _:
            return (scores(study, record)[SIGNIFICANT] == 0) == is_good


def _agreement(opened: Opened, settings: Settings) -> list[Agreement]:
    """Coefficients on the plain answers of all raters; of preferences those of the choice, whatever its strength."""
    study = opened.study
    columns = {rater: i for i, rater in enumerate(study.orders)}
    values: dict[str, dict[str, Floats]] = defaultdict(dict)
    for record in opened.plain():
        for criterion, value in _compared(opened, record).items():
            row = values[criterion].setdefault(record.item, np.full(len(columns), np.nan))
            row[columns[record.rater]] = value
    found = []
    for criterion, rows in values.items():
        matrix = np.stack(list(rows.values()))
        clusters = [study.case_of[study.item_of[item].case].cluster for item in rows]
        coefficients: dict[str, Coefficient]
        if study.draft.mode == "ab":
            coefficients = {f"{_ALPHA} (nominal)": partial(krippendorff_alpha, level="nominal"), "equal pairs": percent_agreement}
        else:
            coefficients = {
                f"{_ALPHA} (ordinal)": partial(krippendorff_alpha, level="ordinal"),
                "ICC(A,1)": icc,
                "equal pairs": percent_agreement,
            }
        for name, coefficient in coefficients.items():
            if name == "ICC(A,1)" and (~np.isnan(matrix).any(axis=1)).sum() < 2:
                continue  # it needs items that every rater judged
            made = estimate(coefficient, matrix, clusters, draws=settings.draws, seed=settings.seed, level=settings.level)
            found.append(Agreement(criterion, name, made.value, made.low, made.high, made.n_items, made.n_clusters))
    return found


def _compared(opened: Opened, record: Record) -> dict[str, float]:
    if opened.study.draft.mode != "ab":
        return scores(opened.study, record)
    first = opened.study.item_of[record.item].arms[0]
    said = record.answer["choices"]
    even = {"tie": 0.0, "both_bad": 2.0}
    return {name: even.get(said[name]["choice"], 1.0 if chosen == first else -1.0) for name, chosen in choices(record)}


def _sides(opened: Opened, settings: Settings) -> list[Sides]:
    study = opened.study
    signs: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for record in opened.plain():
        cluster = study.case_of[study.item_of[record.item].case].cluster
        for name, said in record.answer["choices"].items():
            signs[name].append((cluster, float(np.sign(preference(said)))))
    found = []
    for name, given in signs.items():
        clusters, place = np.unique([cluster for cluster, _ in given], return_inverse=True)
        values = np.array([sign for _, sign in given])
        sums: Floats = np.bincount(place, weights=values, minlength=len(clusters)).astype(np.float64)
        p = float(sign_flip(sums[None], Swaps(len(clusters), max(settings.draws, 1), settings.seed))[0])
        n_left, n_right = int((values > 0).sum()), int((values < 0).sum())
        found.append(Sides(name, n_left, n_right, len(values) - n_left - n_right, len(clusters), p))
    return found
