"""What `radbench correlate` found, as the rows of a table, with where each number comes from; the numbers are those it prints."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from radbench.errors import ContentError, nearest
from radbench.leaderboard.printing.provenance import guarded
from radbench.leaderboard.printing.reading import plain
from radbench.ratings.correlations import CEILING, Agreement, Correlations, Estimate, Level
from radbench.ratings.report import LEVELS, STATISTICS, differing, heading, notes

LOWER: Final = "mae"  # the one statistic of which less is better
_PLACES: Final = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """A statistic of a metric."""

    estimate: Estimate | None  # None: this level has no such statistic
    order: int | None = None  # 1: best, 2: second best of metrics and controls, by unrounded values; None of a control

    @property
    def shown(self) -> tuple[str, str]:
        """The value as printed, and its interval in brackets, or "" where it has none."""
        one = self.estimate
        if one is None or one.value is None:
            return "--" if one is None else "undefined", ""
        bounds = "" if one.low is None or one.high is None else f"[{plain(one.low, _PLACES)}, {plain(one.high, _PLACES)}]"
        return plain(one.value, _PLACES), bounds


@dataclass(frozen=True, slots=True)
class Row:
    """A metric, a control or the ceiling at one level."""

    level: Level
    metric: Agreement
    kind: Literal["metric", "control", "ceiling"]
    cells: tuple[Cell, ...]

    @property
    def label(self) -> str:
        """The metric's name, with what it is."""
        return f"{self.metric.name} (control)" if self.kind == "control" else self.metric.name


def read_correlations(path: Path) -> Correlations:
    """What `radbench correlate --out DIR` wrote as correlations.json.

    Raises:
        ContentError: the file is missing, damaged or something else.
    """
    try:
        found: Correlations = TypeAdapter(Correlations).validate_json(path.read_bytes())
    except OSError as error:
        raise ContentError(f"{path}: cannot be read ({error.strerror or error}); radbench correlate --out DIR writes one") from error
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise ContentError(f"{path}: `{where}`: {fault['msg']}; expected the correlations.json of radbench correlate --out DIR") from error
    return found


def select_from(found: Correlations, statistics: Sequence[str] = (), metrics: Sequence[str] = ()) -> Correlations:
    """Some statistics and metrics; all of them where none is named. What was tested over all stays as it is.

    Raises:
        ContentError: a name that is not there.
    """
    named = {"statistic": (statistics, statistics_of(found)), "metric": (metrics, [metric.name for metric in found.metrics])}
    for what, (wanted, known) in named.items():
        for name in wanted:
            if name not in known:
                raise ContentError(f"there is no {what} `{name}`{nearest(name, known)} There are: {', '.join(known)}")
    ranked = found.ordered("pooled")  # also where the coefficient that orders them is not shown
    kept = [metric for metric in ranked if not metrics or metric.name in metrics]
    return replace(
        found,
        metrics=tuple(_with(metric, statistics) for metric in kept),
        ceiling=tuple(_with(rater, statistics) for rater in found.ceiling),
    )


def statistics_of(found: Correlations) -> list[str]:
    """The statistics that any level has, in their order: the columns."""
    return [name for name in STATISTICS if any(name in of_level for metric in found.metrics for of_level in metric.estimates.values())]


def levels(found: Correlations) -> Iterator[tuple[Level, list[Row]]]:
    """The rows of each level: metrics, the best first, then the ceiling; a cell for each of `statistics_of`."""
    names = statistics_of(found)
    for level in LEVELS:
        ranked = found.ordered(level)
        if not ranked:
            continue
        orders = {name: _orders(ranked, level, name) for name in names}
        rows = []
        for metric in [*ranked, *found.ceiling[-1:]]:
            kind: Literal["metric", "control", "ceiling"] = (
                "ceiling" if metric.name == CEILING else "control" if metric.is_control else "metric"
            )
            held = metric.estimates.get(level, {})
            cells = tuple(Cell(held.get(name), orders[name].get(metric.name)) for name in names)
            rows.append(Row(level, metric, kind, cells))
        yield level, rows


def footnotes(found: Correlations) -> list[str]:
    """What a reader must know, and how each metric was scored."""
    scored = [f"{metric.name}: {metric.signature}" for metric in found.metrics if metric.signature]
    tested = [f"{LEVELS[level]}: {said}" for level in LEVELS for said in differing(found, level)]
    return [heading(found), *notes(found), *tested, *([f"scored by {'; '.join(dict.fromkeys(scored))}"] if scored else [])]


def provenance(found: Correlations) -> dict[str, Any]:
    """The cells with values as shown and unrounded, how each metric was scored, the settings, and the notes."""
    return {
        "title": heading(found),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "radbench": version("radbench"),
        "columns": [{"statistic": name, "title": STATISTICS[name], "lower_is_better": name == LOWER} for name in statistics_of(found)],
        "settings": asdict(found.settings),
        "raters": list(found.raters),
        "n": {"texts": found.n, "studies": found.n_studies, "clusters": found.n_clusters, "systems": found.n_systems},
        "notes": footnotes(found),
        "left_out": dict(found.left_out),
        "not_measured": dict(found.not_measured),
        "cells": list(_cells(found)),
    }


def as_csv(found: Correlations) -> str:
    """A line a level, metric and statistic, as in the provenance; values are unrounded, `shown` is what tables print."""
    out = io.StringIO()
    names = ["level", "metric", "kind", "statistic", "value", "low", "high", "shown", "n", "signature"]
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**cell, "metric": guarded(cell["metric"])} for cell in _cells(found))
    return out.getvalue()


def _cells(found: Correlations) -> Iterator[dict[str, Any]]:
    names = statistics_of(found)
    for level, rows in levels(found):
        for row in rows:
            for name, cell in zip(names, row.cells, strict=True):
                if (one := cell.estimate) is not None:
                    yield {
                        "level": level,
                        "metric": row.metric.name,
                        "kind": row.kind,
                        "statistic": name,
                        "value": one.value,
                        "low": one.low,
                        "high": one.high,
                        "shown": " ".join(filter(None, cell.shown)),
                        "n": row.metric.n,
                        "signature": row.metric.signature,
                    }


def _with(metric: Agreement, statistics: Sequence[str]) -> Agreement:
    """A metric with some of its statistics."""
    if not statistics:
        return metric
    kept = {level: {name: one for name, one in held.items() if name in statistics} for level, held in metric.estimates.items()}
    return replace(metric, estimates=kept)


def _orders(metrics: list[Agreement], level: Level, name: str) -> dict[str, int]:
    """The best and second best metrics of a statistic, where no control is better; ties share their place, and controls have none."""
    sign = 1.0 if name == LOWER else -1.0
    keys = {metric.name: sign * value for metric in metrics if (value := metric.of(level, name).value) is not None}
    order = {metric: 1 + len({other for other in keys.values() if other < key}) for metric, key in keys.items()}
    own = {metric.name for metric in metrics if not metric.is_control}
    return {metric: place for metric, place in order.items() if place < 3 and metric in own and len(own & set(keys)) > 1}
