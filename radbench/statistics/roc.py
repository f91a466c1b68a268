"""The difference of two AUROCs on the same cases as a sum over cases, so that swapping cases is flipping signs.

Scores are rank-transformed within each system: two systems' scales are not one scale. Write psi(x, y) for 1 where x > y, 1/2
where x = y, else 0, and s = +1 or -1 for a case that is not, or is, swapped. The swapped difference of AUROCs is the mean over
pairs of a positive case i and a negative one j of psi(x_i of its system, y_j of its) minus the same with the systems exchanged.
Written out, the terms with s_i s_j cancel: it is linear in the signs, and each case has a share of its own in it.

Sources: Bandos, Rockette and Gur, Stat Med 2005 (exchange of rank-transformed scores in a paired design).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def midranks(scores: Floats) -> Floats:
    """Ranks from 1, equal scores sharing the mean of theirs; infinities are scores like others."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    return np.asarray((count.cumsum() - (count - 1) / 2)[place])


def auroc_shares(scores: tuple[Floats, Floats], positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """Of each case its share, shape (n,), in AUROC of the first system minus AUROC of the second; NaN where cases are of one kind.

    The shares add up to the difference; with some cases swapped between the systems, to the sum with their signs turned.

    Args:
        scores: of each system, shape (n,), higher for positive.
        positive: the truth, shape (n,).
        weights: of each case, shape (n,).
    """
    first, second = map(midranks, scores)
    below = _below(np.append(first[~positive], second[~positive]), np.tile(weights[~positive], 2))
    above = _below(-np.append(first[positive], second[positive]), np.tile(weights[positive], 2))
    n_pairs = weights[positive].sum() * weights[~positive].sum()
    if not n_pairs:
        return np.full(len(weights), np.nan)
    shares = np.where(positive, below(first) - below(second), above(-first) - above(-second))
    return np.asarray(weights * shares / (2 * n_pairs))


def _below(pool: Floats, weights: Floats) -> Callable[[Floats], Floats]:
    """The weight of a pool of scores below some scores, half of it where they are equal."""
    order = np.argsort(pool)
    ranked, upto = pool[order], np.append(0, weights[order].cumsum())

    def below(scores: Floats) -> Floats:
        return np.asarray((upto[np.searchsorted(ranked, scores, "left")] + upto[np.searchsorted(ranked, scores, "right")]) / 2)

    return below
