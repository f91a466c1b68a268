"""How a metric reacts to edited reports: what each edit costs, whether harm costs more than wording, whether more harm costs more.

The cost of an edit is what a value loses against that of the unedited report beside itself: positive is worse, whichever way the
metric runs. Pairs are two edits of the same report. All quantities are ratios of sums over reports, so intervals are those of a
bootstrap of clusters (patients, else reports), with draws that all quantities and metrics share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radbench.probing.edits import EDITS, MOST_TOGETHER, UNEDITED, Harm, Kind, together
from radbench.statistics.bootstrap import draw_clusters, percentile_interval

Floats = NDArray[np.float64]

_TIE: Final = 1e-9  # costs this near are equal but for rounding
_PAIRED: Final = {harm: [name for name, e in EDITS.items() if e.is_paired and e.harm == harm] for harm in ("harmful", "harmless")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """How intervals are made."""

    draws: int = 2000  # of clusters; 0: no intervals
    seed: int = 0
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class EditedValues:
    """One value of a metric for reports under edits, as the metric gives it."""

    name: str
    by_edit: Mapping[str, Floats]  # edit, or `unedited` -> (reports,); NaN: it does not apply, or the metric has no value
    lower_is_better: bool = False
    signature: str = ""
    is_control: bool = False  # knows nothing of content


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or share with its interval; None where there is nothing to take it of."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one edit does to a value."""

    edit: str
    kind: Kind
    harm: Harm
    n: int  # reports that it applies to and that have a value
    change: Estimate  # mean of the edited report's value minus the unedited one's, as the metric counts
    above_harmless: Estimate | None  # of a harmful edit: share of its pairs with harmless ones in which it costs more
    n_pairs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How often one of two costs is the larger, as it should be; equal costs count one half."""

    share: Estimate
    n: int  # pairs
    n_ties: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResponse:
    """How one value reacts."""

    name: str
    signature: str
    lower_is_better: bool
    is_control: bool
    n: int  # reports with a value
    n_clusters: int
    unedited: float | None  # mean value of a report beside itself
    responses: tuple[Response, ...]
    sensitivity: Order  # of a harmful and a harmless edit of the same report, the harmful one costs more
    monotone: Order  # of k and k + 1 harmful edits of the same report, the latter cost more
    together: tuple[Response, ...]  # 1, 2 ... harmful edits of the same report, of the reports that have so many

    def response(self, edit: str) -> Response:
        """The response to an edit."""
        return next(one for one in self.responses if one.edit == edit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What `radbench probe` found."""

    reports: str  # the name of their set
    n: int
    n_clusters: int
    settings: ProbeSettings
    applies: Mapping[str, int]  # edit -> reports that it applies to
    metrics: tuple[MetricResponse, ...]
    not_measured: Mapping[str, str] = field(default_factory=dict)  # metric -> why
    run: str = ""  # the folder of the run behind it

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON; undefined numbers are None."""
        return asdict(self)


def respond(values: EditedValues, clusters: Sequence[str], settings: ProbeSettings) -> MetricResponse:
    """The reaction of one value to all edits; clusters of the reports, in their order."""
    unedited, sign = values.by_edit[UNEDITED], 1 if values.lower_is_better else -1
    change = {edit: found - unedited for edit, found in values.by_edit.items() if edit != UNEDITED}
    absent = np.full(len(unedited), np.nan)
    cost = {edit: sign * change.get(edit, absent) for edit in (*EDITS, *map(together, range(1, MOST_TOGETHER + 1)))}
    harmless = np.stack([cost[edit] for edit in _PAIRED["harmless"]])
    pairs = {edit: _order(cost[edit][None], harmless) for edit in _PAIRED["harmful"]}
    steps = [_order(cost[together(k + 1)][None], cost[together(k)][None]) for k in range(1, MOST_TOGETHER)]
    ratios: dict[str, tuple[Floats, Floats]] = {f"change:{edit}": _mean(found) for edit, found in change.items()}
    ratios |= {f"above:{edit}": counts[:2] for edit, counts in pairs.items()}
    sensitivity, monotone = _summed(pairs.values()), _summed(steps)
    ratios |= {"sensitivity": sensitivity[:2], "monotone": monotone[:2]}
    found = _estimates(ratios, clusters, settings)
    none = Estimate(None)

    def response(edit: str, kind: Kind, harm: Harm) -> Response:
        return Response(
            edit=edit,
            kind=kind,
            harm=harm,
            n=int(np.count_nonzero(~np.isnan(cost[edit]))),
            change=found.get(f"change:{edit}", none),
            above_harmless=found.get(f"above:{edit}"),
            n_pairs=int(pairs[edit][1].sum()) if edit in pairs else 0,
        )

    known = ~np.isnan(unedited)
    return MetricResponse(
        name=values.name,
        signature=values.signature,
        lower_is_better=values.lower_is_better,
        is_control=values.is_control,
        n=int(known.sum()),
        n_clusters=len({cluster for cluster, is_known in zip(clusters, known, strict=True) if is_known}),
        unedited=float(unedited[known].mean()) if known.any() else None,
        responses=tuple(response(name, edit.kind, edit.harm) for name, edit in EDITS.items()),
        sensitivity=Order(share=found["sensitivity"], n=int(sensitivity[1].sum()), n_ties=int(sensitivity[2].sum())),
        monotone=Order(share=found["monotone"], n=int(monotone[1].sum()), n_ties=int(monotone[2].sum())),
        together=tuple(response(together(k), "several", "harmful") for k in range(1, MOST_TOGETHER + 1)),
    )


def _mean(of_reports: Floats) -> tuple[Floats, Floats]:
    known = ~np.isnan(of_reports)
    return np.where(known, of_reports, 0.0), known.astype(np.float64)


def _order(first: Floats, second: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each report: pairs in which the first cost is the larger (equal ones count one half), pairs, and equal ones."""
    difference = first - second
    known, tied = ~np.isnan(difference), np.abs(difference) <= _TIE
    right = np.where(tied, 0.5, difference > 0) * known
    return right.sum(axis=0), known.sum(axis=0).astype(np.float64), tied.sum(axis=0).astype(np.float64)


def _summed(counts: Any) -> tuple[Floats, Floats, Floats]:  # noqa: ANN401  # an iterable of what `_order` gives
    right, n, ties = (np.sum(parts, axis=0) for parts in zip(*counts, strict=True))
    return right, n, ties


def _estimates(ratios: Mapping[str, tuple[Floats, Floats]], clusters: Sequence[str], settings: ProbeSettings) -> dict[str, Estimate]:
    """Each ratio of sums over reports with its interval."""
    names, codes = np.unique(np.array(clusters, dtype=np.str_), return_inverse=True)
    both = np.stack([np.stack([np.bincount(codes, part, len(names)) for part in ratio]) for ratio in ratios.values()])  # (q, 2, C)
    whole = both.sum(axis=2)
    drawn = [np.moveaxis(both @ block.T, 1, 0) for block in draw_clusters(len(names), settings.draws, settings.seed)]
    with np.errstate(invalid="ignore"):
        points = whole[:, 0] / whole[:, 1]
        values = np.concatenate([block[0] / block[1] for block in drawn], axis=1) if drawn else None
    found = {}
    for i, name in enumerate(ratios):
        low, high = percentile_interval(values[i], settings.level) if values is not None else (np.nan, np.nan)
        found[name] = Estimate(*(None if np.isnan(number) else float(number) for number in (points[i], low, high)))
    return found
