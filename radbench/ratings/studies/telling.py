"""An analysis in words for people, and as a JSON document."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from radbench.ratings.studies.analysis import Analysis, OfRater, Sides
from radbench.ratings.studies.systems import SystemValue


def as_json(analysis: Analysis) -> dict[str, Any]:
    """The analysis as JSON; what is undefined is null."""
    found: dict[str, Any] = _finite(asdict(analysis))
    return found


def as_text(analysis: Analysis) -> Iterator[str]:
    """The analysis line by line."""
    how = analysis.settings
    yield f"intervals: {how.level:.0%} percentile bootstrap of clusters, {how.draws} draws, seed {how.seed}"
    yield "raters"
    for rater in analysis.raters:
        yield from _rater(rater)
    if analysis.agreement:
        yield "agreement of raters (no controls, no repeats)"
    for one in analysis.agreement:
        counted = f"{one.n_items} items of {one.n_clusters} clusters with two raters or more"
        yield f"  {one.criterion}: {one.coefficient} {_number(one.value)} [{_number(one.low)}, {_number(one.high)}], {counted}"
    if not analysis.agreement:
        yield "agreement of raters: nothing is answered yet"
    for sides in analysis.sides:
        yield _sides(sides, analysis)
    if analysis.is_blind:
        yield "systems: blind; `radbench rate unblind STUDY --by NAME` names them, and is logged"
    for system in analysis.systems:
        yield _system(system)


def _rater(rater: OfRater) -> Iterator[str]:
    pace = "" if rater.median_seconds is None else f", {rater.median_seconds:.0f} s a page (median)"
    yield f"  {rater.rater}: {rater.n_answered} of {rater.n_pages} pages, {rater.n_undone} undone{pace}"
    for criterion, (n, same, apart) in rater.repeats.items():
        yield f"    {criterion}, the same page again: {same} of {n} alike, mean difference {apart:.2f}"
    for kind, (seen, n) in rater.controls.items():
        meant = "copies of the reference taken for good" if kind == "reference" else "shuffled reports seen through"
        yield f"    controls: {seen} of {n} {meant}"


def _sides(sides: Sides, analysis: Analysis) -> str:
    how = analysis.settings
    tests = f"p = {sides.p:.4f} (two-sided, sign flips of {sides.n_clusters} clusters, up to {how.draws} draws, seed {how.seed})"
    return f"sides, {sides.criterion}: left preferred {sides.n_left} times, right {sides.n_right}, neither {sides.n_even}; {tests}"


def _system(system: SystemValue) -> str:
    unsure = f", undefined in {system.undefined_draws} draws" if system.undefined_draws else ""
    value = f"{_number(system.value)} [{_number(system.low)}, {_number(system.high)}]"
    return f"{system.criterion}, {system.what}: {system.system} {value}, {system.n_items} items of {system.n_clusters} clusters{unsure}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _finite(value: Any) -> Any:  # noqa: ANN401  # any part of a JSON document
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case _:
            return value
