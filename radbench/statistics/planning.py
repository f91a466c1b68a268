"""What a test set can show: the least difference it would find, its power, the clusters a difference needs, non-inferiority.

All go by the standard error of the paired difference, by cluster, and the normal approximation; two-sided tests.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


def minimum_detectable_difference(standard_error: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The least true difference that is found significant with probability `power`: (z(1 - alpha / 2) + z(power)) * SE."""
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)) * standard_error


def power(difference: float, standard_error: float, alpha: float = 0.05) -> float:
    """The probability that a true difference is found significant, in either direction; NaN without an error."""
    if not standard_error > 0:
        return float("nan")
    normal = NormalDist()
    z, shift = normal.inv_cdf(1 - alpha / 2), abs(difference) / standard_error
    return normal.cdf(shift - z) + normal.cdf(-shift - z)


def clusters_needed(difference: float, standard_error: float, n_clusters: int, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Clusters with which a true difference is found with probability `power`, if further ones are like the n_clusters at hand.

    The error shrinks with the root of their number. None where there is no difference to be found, or no error was estimated.
    """
    if not (abs(difference) > 0 and standard_error > 0):
        return None
    return math.ceil(n_clusters * (minimum_detectable_difference(standard_error, alpha, power) / difference) ** 2)


def non_inferiority_p(draws: NDArray[np.float64], margin: float) -> float:
    """One-sided p of `worse by the margin or more`, from bootstrap draws (draws,) of new minus old, higher for better.

    The share of draws at or below -margin, as (count + 1) / (draws + 1): below alpha / 2 where the two-sided 1 - alpha
    percentile interval lies above -margin. Undefined draws count against.

    Source: Piaggio et al, JAMA 2012 (CONSORT for non-inferiority): the margin is stated before, the interval decides.
    """
    return float((~(draws > -margin)).sum() + 1) / (len(draws) + 1)
