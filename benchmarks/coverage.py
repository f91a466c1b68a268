"""How often 95% intervals hold the truth, and how often tests at 0.05 find a difference that is not there, in simulated patients.

Patients have 1 to 8 cases; what a model makes of two cases of one patient is correlated by 0.5 (of single cases, before they are cut into
right and wrong). A row of the first table is a number of patients, of the second too: the share of single pairs, and of families of six
pairs after Holm, in which equal models were told apart.

    python benchmarks/coverage.py [--trials 2000]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import combinations
from statistics import NormalDist

import numpy as np

from radbench.metrics.discrimination import Discrimination
from radbench.statistics.bootstrap import draw_clusters, percentile_interval
from radbench.statistics.correlation import Pooled
from radbench.statistics.multiplicity import holm
from radbench.statistics.paired import Swaps, sign_flip, sign_flip_pairs, swap_sums
from radbench.statistics.proportions import effective_cases, wilson_interval
from radbench.statistics.roc import auroc_shares

Array = np.ndarray
Trial = Callable[[np.random.Generator, int], bool]

DRAWS, SWAPS, MODELS = 1000, 999, 4
NORMAL = NormalDist()
PAIRS = np.array(list(combinations(range(MODELS), 2)))


def patients(rng: np.random.Generator, n: int) -> Array:
    """The patient of each case."""
    return np.repeat(np.arange(n), rng.integers(1, 9, size=n))


def latent(rng: np.random.Generator, clusters: Array) -> Array:
    """A standard normal number a case, correlated by 0.5 within a patient."""
    return np.sqrt(0.5) * (rng.normal(size=clusters.max() + 1)[clusters] + rng.normal(size=len(clusters)))


def summed(clusters: Array, *columns: Array) -> Array:
    """Columns of cases summed by patient, shape (patients, columns)."""
    return np.stack([np.bincount(clusters, column.astype(float)) for column in columns], axis=1)


def holds(truth: float, value: Callable[[Array], Array], n: int) -> bool:
    """Whether the percentile interval of a value, from weightings of patients to values, holds the truth."""
    low, high = percentile_interval(np.concatenate([value(block) for block in draw_clusters(n, DRAWS, 0)]), 0.95)
    return low <= truth <= high


def mean(rng: np.random.Generator, n: int) -> bool:
    sums = summed(clusters := patients(rng, n), latent(rng, clusters), np.ones(len(clusters)))
    return holds(0.0, lambda w: (w @ sums)[:, 0] / (w @ sums)[:, 1], n)


def share(of: float) -> Trial:
    def trial(rng: np.random.Generator, n: int) -> bool:
        hits = (latent(rng, clusters := patients(rng, n)) < NORMAL.inv_cdf(of)).astype(float)
        worth = effective_cases(hits, clusters)
        low, high = wilson_interval(hits.mean() * worth, worth)
        return low <= of <= high

    return trial


def marked(rng: np.random.Generator, clusters: Array) -> tuple[Array, Array]:
    """One case in five is positive; of those 80% are found, and of the others 10% too."""
    truth = rng.random(len(clusters)) < 0.2
    return truth, latent(rng, clusters) < np.where(truth, NORMAL.inv_cdf(0.8), NORMAL.inv_cdf(0.1))


def f1_of(sums: Array) -> Array:
    return 2 * sums[:, 0] / np.maximum(2 * sums[:, 0] + sums[:, 1], 1)


def f1(rng: np.random.Generator, n: int) -> bool:
    truth, found = marked(rng, clusters := patients(rng, n))
    sums = summed(clusters, truth & found, truth ^ found)
    return holds(0.32 / 0.44, lambda w: f1_of(w @ sums), n)


def corpus(rng: np.random.Generator, n: int) -> bool:
    """The geometric mean of two ratios of sums, as BLEU is one of four."""
    z = latent(rng, clusters := patients(rng, n))
    length = rng.integers(5, 30, size=len(z))
    likely = NORMAL.cdf(0.5), NORMAL.cdf(-1.0)  # of a word to match: z above a bound decides for half of its length at once
    sums = summed(clusters, length * (z < 0.5), length, length * (z < -1.0), length)
    return holds((likely[0] * likely[1]) ** 0.5, lambda w: np.sqrt((w @ sums)[:, 0] * (w @ sums)[:, 2]) / (w @ sums)[:, 1], n)


def auroc(rng: np.random.Generator, n: int) -> bool:
    truth = rng.random(len(clusters := patients(rng, n))) < 0.3
    metric = Discrimination(positive="yes")
    rows = np.column_stack([latent(rng, clusters) + 1.2 * truth, truth])
    return holds(NORMAL.cdf(1.2 / 2**0.5), lambda w: metric.aggregate(rows, w[:, clusters])["auroc"], n)


def tau(rng: np.random.Generator, n: int) -> bool:
    common = latent(rng, clusters := patients(rng, n))
    both = Pooled(common + rng.normal(size=len(clusters)), common + rng.normal(size=len(clusters)), clusters)
    return holds(2 / np.pi * np.arcsin(0.5), lambda w: both.values(w)["tau_b"], n)


def equal_models(rng: np.random.Generator, n: int, kind: str) -> Array:
    """p of all pairs of models that are equally good."""
    clusters, swaps = patients(rng, n), Swaps(n, SWAPS, int(rng.integers(2**31)))
    if kind == "share":
        right = [latent(rng, clusters) < NORMAL.inv_cdf(0.8) for _ in range(MODELS)]
        return sign_flip_pairs(summed(clusters, *right).T, PAIRS, swaps)
    truth = rng.random(len(clusters)) < 0.2
    scores = [latent(rng, clusters) + truth for _ in range(MODELS)]
    if kind == "F1":
        sums = np.stack([summed(clusters, truth & (s > 1), truth ^ (s > 1)) for s in scores])
        return swap_sums(sums, PAIRS, lambda found: f1_of(found)[None], swaps)[0]
    shares = [auroc_shares((scores[i], scores[j]), truth, np.ones(len(truth))) for i, j in PAIRS]
    return sign_flip(summed(clusters, *shares).T, swaps)


def lines(trials: int) -> Iterator[str]:
    covering: dict[str, Trial] = {
        "mean": mean,
        "F1": f1,
        "corpus ratio": corpus,
        "AUROC": auroc,
        "tau-b": tau,
        "share of 0.9": share(0.9),
        "share of 0.98": share(0.98),
    }
    yield f"{'patients':>8} " + " ".join(f"{name:>13}" for name in covering)
    for n in (10, 30, 100, 500):
        some = trials if n < 500 else trials // 4  # 500 take long
        held = [np.mean([trial(np.random.default_rng([n, i]), n) for i in range(some)]) for trial in covering.values()]
        yield f"{n:>8} " + " ".join(f"{one:>13.1%}" for one in held)
    yield f"{'patients':>8} " + " ".join(f"{f'{kind}, {what}':>15}" for kind in ("share", "F1", "AUROC") for what in ("pair", "family"))
    for n in (10, 30, 100, 500):
        found = []
        for kind in ("share", "F1", "AUROC"):
            p = np.stack([equal_models(np.random.default_rng([n, i]), n, kind) for i in range(trials // 2)])
            found += [(p <= 0.05).mean(), np.mean([(holm(own) <= 0.05).any() for own in p])]
        yield f"{n:>8} " + " ".join(f"{one:>15.1%}" for one in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000)
    for line in lines(parser.parse_args().trials):
        print(line, flush=True)


if __name__ == "__main__":
    main()
