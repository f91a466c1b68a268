"""A value of two runs case by case, on the cases that both have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from radbench.errors import ScoringError, nearest
from radbench.scoring.stored import StoredRun, per_case


@dataclass(frozen=True, slots=True)
class Spot:
    """The cases on which two runs have the same pair of values."""

    first: float
    second: float
    samples: tuple[str, ...]  # ids, sorted

    @property
    def gap(self) -> float:
        """By how much the two differ."""
        return abs(self.first - self.second)


def scatter(first: StoredRun, second: StoredRun, value: str) -> list[Spot]:
    """The spots of two runs, the widest gap first.

    Raises:
        ScoringError: a run has no such value, or the value is not defined for single cases, as an AUROC is not.
    """
    own, other = _by_case(first, value), _by_case(second, value)
    found: dict[tuple[float, float], list[str]] = {}
    for case in (case for case in own if case in other):
        found.setdefault((own[case], other[case]), []).append(case[0])
    if not found:
        raise ScoringError(f"`{value}` is defined for no single case that both runs have")
    spots = [Spot(a, b, tuple(sorted(set(samples)))) for (a, b), samples in found.items()]
    return sorted(spots, key=lambda spot: (-spot.gap, spot.first, spot.second))


def _by_case(stored: StoredRun, value: str) -> Mapping[tuple[str, int], float]:
    record = next((one for one in stored.summary.values if one.id == value), None)
    if record is None:
        raise ScoringError(f"{stored.folder.path} has no value `{value}`{nearest(value, [one.id for one in stored.summary.values])}")
    values = per_case(stored.measured(record), value).tolist()
    return {case: number for case, number in zip(stored.cases.pairs(), values, strict=True) if not math.isnan(number)}
