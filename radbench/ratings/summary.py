"""What a rating file holds, by criterion: counts, scale, and how far raters agree with each other and with themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radbench.ratings.files import written
from radbench.ratings.table import RatedItems, Rating, Ratings, Scale, Significance, rated_items
from radbench.statistics.agreement import (
    Coefficient,
    Estimate,
    cohen_kappa,
    estimate,
    fleiss_kappa,
    gwet_ac,
    icc,
    krippendorff_alpha,
    percent_agreement,
    prevalence,
)

_MANY: Final = 12  # values: more of them are no categories whose shares a table could show
_NEED_ALL: Final = ("ICC", "Fleiss")  # of these, only items that every rater rated count


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSettings:
    """How intervals are made: by study, which is the cluster."""

    significance: Significance = ""  # of errors: count these alone
    draws: int = 2000
    seed: int = 0
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionSummary:
    """One criterion of a rating file. Of preferences, an item is a pair of systems on a study, and its value the side preferred."""

    criterion: str
    scale: Scale
    n_ratings: int  # rows
    n_studies: int
    n_systems: int
    n_items: int
    n_items_of: Mapping[str, int]  # rater -> items rated
    ratings_per_item: tuple[int, int]  # least, most
    mean: float
    prevalence: Mapping[float, float]  # value -> share; none where there are too many values
    between: Mapping[str, Estimate] = field(default_factory=dict)  # coefficient -> agreement between raters
    n_repeated: int = 0  # times that a rater was shown an item again
    within: Mapping[str, Estimate] = field(default_factory=dict)  # coefficient -> agreement of raters with themselves

    def as_json(self) -> dict[str, Any]:
        """As plain values; a coefficient that is undefined is null."""
        document = asdict(self)
        document["scale"] = written(self.scale)
        document["prevalence"] = {f"{value:g}": share for value, share in self.prevalence.items()}
        for part in ("between", "within"):
            for numbers in document[part].values():
                numbers.update({key: None for key in ("value", "low", "high") if np.isnan(numbers[key])})
        return document


def summarise(ratings: Ratings, criterion: str | None = None, settings: AgreementSettings | None = None) -> list[CriterionSummary]:
    """A summary of one criterion, or of each.

    Raises:
        ContentError: there is no such criterion, or no rating of it is left.
    """
    return [_summary(ratings, name, settings or AgreementSettings()) for name in ([criterion] if criterion else ratings.scales)]


def _summary(ratings: Ratings, criterion: str, settings: AgreementSettings) -> CriterionSummary:
    rated = rated_items(ratings, criterion, significance=settings.significance)
    rows = [row for row in ratings.rows if row.criterion == criterion]
    chosen = [row for row in rows if settings.significance in ("", row.significance)]
    if rated.scale.kind == "count":  # who counted other errors alone found none of those chosen
        rows = [row if settings.significance in ("", row.significance) else replace(row, value=0.0) for row in rows]
    else:
        rows = chosen
    if rated.scale.kind == "preference":
        rated = _pairs(rows, rated.scale)
    counts = (~np.isnan(rated.values)).sum(axis=1)
    again, again_of = _repeats(rows, rated.scale)
    shares = prevalence(rated.values)
    how = {"draws": settings.draws, "seed": settings.seed, "level": settings.level}
    several = len(rated.raters) > 1
    return CriterionSummary(
        criterion=criterion,
        scale=rated.scale,
        n_ratings=len(chosen),
        n_studies=len({study for study, _ in rated.items}),
        n_systems=len({row.system for row in rows}),
        n_items=len(rated.items),
        n_items_of={rater: int(n) for rater, n in zip(rated.raters, (~np.isnan(rated.values)).sum(axis=0), strict=True)},
        ratings_per_item=(int(counts.min()), int(counts.max())),
        mean=float(np.nanmean(rated.values)),
        prevalence=shares if len(shares) <= _MANY else {},
        between=_agreement(rated.values, [study for study, _ in rated.items], rated.scale, how) if several else {},
        n_repeated=len(again),
        within=_agreement(again, again_of, rated.scale, how) if len(again) else {},
    )


def _agreement(values: NDArray[np.float64], studies: list[str], scale: Scale, how: Mapping[str, Any]) -> dict[str, Estimate]:
    found = {}
    whole = np.flatnonzero(~np.isnan(values).any(axis=1))
    for name, coefficient in _coefficients(scale).items():
        kept = whole if name.startswith(_NEED_ALL) else np.arange(len(values))
        found[name] = estimate(coefficient, values[kept], [studies[i] for i in kept], **how)
    return found


def _coefficients(scale: Scale) -> dict[str, Coefficient]:
    """The coefficients that suit a scale."""
    iccs: dict[str, Coefficient] = {"ICC(A,1)": icc, "ICC(A,k)": partial(icc, average=True)}
    match scale.kind:
        case "nominal" | "preference":
            return {
                "percent agreement": percent_agreement,
                "Krippendorff alpha, nominal": krippendorff_alpha,
                "Cohen kappa, mean of pairs": cohen_kappa,
                "Fleiss kappa": fleiss_kappa,
                "Gwet AC1": gwet_ac,
            }
        case "ordinal":
            steps = range(int(scale.low), int(scale.high) + 1) if scale.low is not None and scale.high is not None else ()
            return {
                "percent agreement": percent_agreement,
                "Krippendorff alpha, ordinal": partial(krippendorff_alpha, level="ordinal"),
                "Cohen kappa, quadratic, mean of pairs": partial(cohen_kappa, distance="quadratic"),
                "Gwet AC2, quadratic": partial(gwet_ac, distance="quadratic", categories=tuple(map(float, steps))),
                **iccs,
            }
        case "count":
            return {
                "percent agreement": percent_agreement,
                "Krippendorff alpha, ordinal": partial(krippendorff_alpha, level="ordinal"),
                **iccs,
            }
        case "interval":
            return {"Krippendorff alpha, interval": partial(krippendorff_alpha, level="interval"), **iccs}


def _pairs(rows: list[Rating], scale: Scale) -> RatedItems:
    """Preferences as one item a pair of systems on a study, named by the one that comes first in the alphabet: 1 if it is preferred."""
    first = [row for row in rows if row.system < row.category]
    items = sorted({(row.study, f"{row.system} | {row.category}") for row in first})
    raters = sorted({row.rater for row in first})
    sums = np.zeros((len(items), len(raters)))
    seen = np.zeros_like(sums, dtype=bool)
    place = {item: number for number, item in enumerate(items)}
    for row in first:
        at = place[row.study, f"{row.system} | {row.category}"], raters.index(row.rater)
        sums[at] += row.value
        seen[at] = True
    return RatedItems(tuple(items), tuple(raters), np.where(seen, np.sign(sums), np.nan), scale)


def _repeats(rows: list[Rating], scale: Scale) -> tuple[NDArray[np.float64], list[str]]:
    """What raters gave an item at one showing and at the next, shape (repeats, 2), and the study of each.

    Counts of one showing have the same position; of other values each row is a showing, in the order of positions, then of rows.
    """
    shown: defaultdict[tuple[str, ...], dict[object, float]] = defaultdict(dict)
    for number, row in enumerate(sorted(rows, key=lambda row: row.position or 0)):
        if scale.kind == "preference" and row.system > row.category:
            continue  # the other half of the same choice
        other = row.category if scale.kind == "preference" else ""
        times = shown[row.rater, row.study, row.system, other]
        when = row.position if scale.kind == "count" else number
        times[when] = times.get(when, 0.0) + (np.sign(row.value) if scale.kind == "preference" else row.value)
    values, studies = [], []
    for (_, study, *_), times in shown.items():
        in_order = list(times.values())
        for pair in pairwise(in_order):
            values.append(pair)
            studies.append(study)
    return np.array(values, dtype=np.float64).reshape(-1, 2), studies
