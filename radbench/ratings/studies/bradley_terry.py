"""Bradley-Terry strengths from comparisons of systems, for many weightings at once.

P(i beats j) = 1 / (1 + exp(s_j - s_i)); a tie counts as half a win for either. Fitted by minorisation (Hunter, Ann Statist 2004, 32(1),
eq. 3). Strengths exist only if no group of systems wins (or loses) against all others (Ford 1957); else they are NaN.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_STEPS: Final = 2000
_NEAR: Final = 1e-9  # the largest change of a strength in the last step


def strengths(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log strengths, mean 0, shape (m, systems), from wins (m, systems, systems): how often the row's system beat the column's."""
    m, n, _ = wins.shape
    exists = _is_connected(wins)
    found = np.full((m, n), np.nan)
    if not exists.any():
        return found
    won = wins[exists]
    met = won + won.transpose(0, 2, 1)
    total = won.sum(axis=2)
    p = np.ones((len(won), n))
    for _ in range(_STEPS):
        new = total / (met / (p[:, :, None] + p[:, None, :])).sum(axis=2)
        new /= np.exp(np.log(new).mean(axis=1, keepdims=True))
        change = np.abs(np.log(new) - np.log(p)).max()
        p = new
        if change < _NEAR:
            break
    found[exists] = np.log(p)
    return found


def _is_connected(wins: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether every system can be reached from every other along wins, shape (m,)."""
    reach = (wins > 0) | np.eye(wins.shape[1], dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(max(2, wins.shape[1])))))):
        reach = (reach.astype(np.float64) @ reach.astype(np.float64)) > 0
    return np.asarray(reach.all(axis=(1, 2)))
