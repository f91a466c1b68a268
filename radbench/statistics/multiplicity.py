"""Many comparisons at once: p-values adjusted for the size of their family, and what a number of draws can show at all.

A p that is NaN was not tested: it stays NaN and does not count in the family.
"""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Correction: TypeAlias = Literal["holm", "bh"]

NAMES: Final[dict[Correction, str]] = {"holm": "Holm", "bh": "Benjamini-Hochberg"}


def adjusted(p: Floats, correction: Correction) -> Floats:
    """The p-values (m,) adjusted: `holm` bounds the chance of any false claim, `bh` the expected share of false ones."""
    return holm(p) if correction == "holm" else benjamini_hochberg(p)


def holm(p: Floats) -> Floats:
    """Step-down adjusted p-values, shape (m,): the i-th smallest times m - i + 1, made monotone, at most 1.

    Source: Holm, Scand J Stat 1979.
    """
    return _stepped(p, down=True)


def benjamini_hochberg(p: Floats) -> Floats:
    """Step-up adjusted p-values, shape (m,): the i-th smallest times m / i, made monotone, at most 1.

    Source: Benjamini and Hochberg, J R Stat Soc B 1995.
    """
    return _stepped(p, down=False)


def smallest_adjusted(family: int, draws: int) -> float:
    """The smallest value that adjustment leaves to one p-value of a family, where p is at least 1 / (draws + 1).

    >>> round(smallest_adjusted(300, 10_000), 3), round(smallest_adjusted(300, 1_000), 2)
    (0.03, 0.3)
    """
    return family / (draws + 1)


def draws_needed(family: int, alpha: float) -> int:
    """The fewest draws with which one pair of a family can be significant at `alpha`.

    >>> draws_needed(300, 0.05)
    5999
    """
    return max(math.ceil(round(family / alpha, 6)) - 1, 1)


def _stepped(p: Floats, *, down: bool) -> Floats:
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    m, place = len(order), np.arange(len(order))
    out = np.full(p.shape, np.nan)
    if down:
        out[order] = np.minimum(np.maximum.accumulate(p[order] * (m - place)), 1)
    else:
        out[order] = np.minimum(np.minimum.accumulate((p[order] * m / (place + 1))[::-1])[::-1], 1)
    return out
