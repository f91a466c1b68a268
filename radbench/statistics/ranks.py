"""Ranks with their uncertainty: intervals from bootstrap draws that all systems share, and groups of systems not told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ranks(values: Floats, *, lower_is_better: bool = False) -> NDArray[np.int64]:
    """1 + the number of systems that are better, along the last axis of values (..., systems): ties share the best rank.

    A system without a value (NaN) is better than none and ranks last.
    """
    merit = np.where(np.isnan(values), -np.inf, -values if lower_is_better else values)
    return np.asarray(1 + (merit[..., None, :] > merit[..., :, None]).sum(axis=-1))


def rank_intervals(draws: Floats, level: float = 0.95, *, lower_is_better: bool = False) -> NDArray[np.int64]:
    """The middle `level` of each system's ranks in bootstrap draws (draws, systems): shape (systems, 2), whole ranks, outwards.

    Without draws nothing tells systems apart: any rank is possible.
    """
    if not len(draws):
        return np.tile([1, draws.shape[1]], (draws.shape[1], 1))
    found = ranks(draws, lower_is_better=lower_is_better)
    tail = (1 - level) / 2
    low = np.quantile(found, tail, axis=0, method="lower")
    high = np.quantile(found, 1 - tail, axis=0, method="higher")
    return np.stack([low, high], axis=1)


def upper_bound_ranks(intervals: Floats, *, lower_is_better: bool = False) -> NDArray[np.int64]:
    """1 + the number of systems whose interval lies wholly on the better side of a system's own; intervals (systems, 2).

    Source: the rank of LM Arena (arXiv 2403.04132, section 5), by each system's own interval.
    """
    low, high = (-intervals[:, ::-1] if lower_is_better else intervals).T
    return np.asarray(1 + (low[None, :] > high[:, None]).sum(axis=1))


def letters(differ: NDArray[np.bool_], order: Sequence[int]) -> list[str]:
    """Compact letters: two systems share one exactly where they are not told apart.

    Args:
        differ: shape (systems, systems), symmetric; True where two systems differ significantly.
        order: the systems from the best on; `a` goes to the first letter group that holds the best.

    Returns:
        The letters of each system, in the order of `differ`.

    Source: Piepho, J Comput Graph Stat 2004 (insert and absorb).
    """
    n = len(differ)
    groups = [(1 << n) - 1]  # sets of systems as bits
    for i, j in np.argwhere(np.triu(differ, 1)).tolist():
        pair = 1 << i | 1 << j
        whole = [group for group in groups if group & pair != pair]
        parts = {group & ~(1 << one) for group in groups if group & pair == pair for one in (i, j)}
        absorbed = {part for part in parts if any(part | other == other for other in (*whole, *(parts - {part})))}
        groups = whole + list(parts - absorbed)
    members = sorted([place for place, system in enumerate(order) if group >> system & 1] for group in groups)
    named = list(zip(_names(), members, strict=False))
    place = {system: at for at, system in enumerate(order)}
    return ["".join(name for name, places in named if place[system] in places) for system in range(n)]


def _names() -> Iterator[str]:
    """a ... z, then a1 ... z1, a2 ..."""
    round_ = 0
    while True:
        yield from (f"{letter}{round_ or ''}" for letter in ascii_lowercase)
        round_ += 1
