"""Times radbench's inference on a whole board: bootstrap, ranks, tests of all pairs, BLEU; beside scipy and sacrebleu in the same run.

    python benchmarks/board_statistics.py [--systems 25] [--studies 2347] [--rounds 5]

Scores are seeded; each study is its own cluster, which is the dearest case. "seconds" and "CPU" are medians of the rounds, radbench's
goal in the last column. scipy and sacrebleu are timed once: scipy's permutation test on one pair, times the number of pairs;
sacrebleu's test with its counting, which is told apart. Needs the `test` extra.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest
from scipy import stats

from radbench.metrics.bleu import Bleu
from radbench.sample import Case
from radbench.statistics.bootstrap import bca_interval, draw_clusters, percentile_interval
from radbench.statistics.multiplicity import holm
from radbench.statistics.paired import Swaps, sign_flip, sign_flip_pairs, swap_sums
from radbench.statistics.ranks import letters, rank_intervals
from radbench.statistics.roc import auroc_shares

DRAWS, SWAPS, BLEU_PAIRS = 1_000, 10_000, 2_000


def timed(run: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds on the clock and of CPU."""
    clock, cpu = [], []
    for _ in range(rounds):
        start, start_cpu = time.perf_counter(), time.process_time()
        run()
        clock.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return statistics.median(clock), statistics.median(cpu)


def reports(n: int) -> tuple[list[str], list[str], list[str]]:
    """References and two systems' candidates, 30 words each, of an invented vocabulary."""
    rng = np.random.default_rng(1)
    words = np.array([f"word{i}" for i in range(400)])
    references = words[rng.integers(0, 400, size=(n, 30))]

    def said(share: float) -> list[str]:
        other = words[rng.integers(0, 400, size=references.shape)]
        return [" ".join(row) for row in np.where(rng.random(references.shape) < share, other, references)]

    return [" ".join(row) for row in references], said(0.3), said(0.31)


def show(what: str, seconds: float, cpu: float | None = None, goal: str = "", ratio: float | None = None) -> None:
    """One line of the table."""
    used = "" if cpu is None else f"{cpu:.3f}"
    print(f"{what:<66}{seconds:>10.3f}{used:>9}{'' if ratio is None else f'{ratio:.1f}':>12}{goal:>9}")


def boards(scores: np.ndarray, rounds: int) -> None:
    """Bootstrap, ranks, and tests of all pairs."""
    n_systems, n = scores.shape
    pairs = np.array([(i, j) for i in range(n_systems) for j in range(i + 1, n_systems)])

    def bootstrap() -> np.ndarray:
        drawn = np.concatenate([block @ scores.T for block in draw_clusters(n, DRAWS, 0)]) / n
        for system in drawn.T:
            percentile_interval(system, 0.95)
        return drawn

    own, cpu = timed(bootstrap, rounds)
    show(f"{DRAWS:,} cluster bootstraps and intervals, {n_systems} systems", own, cpu, "0.5")
    theirs, _ = timed(lambda: [stats.bootstrap((x,), np.mean, n_resamples=DRAWS, method="percentile", batch=100) for x in scores], 1)
    show("  scipy.stats.bootstrap, percentile, each system", theirs, ratio=theirs / own)

    drawn = bootstrap()
    jackknife = (scores.sum(axis=1, keepdims=True) - scores) / (n - 1)
    bca, cpu = timed(lambda: [bca_interval(drawn[:, i], scores[i].mean(), jackknife[i], 0.95) for i in range(n_systems)], rounds)
    show("BCa intervals from the same draws", bca, cpu)
    theirs, _ = timed(lambda: stats.bootstrap((scores[0],), np.mean, n_resamples=DRAWS, method="BCa", batch=100), 1)
    show("  scipy.stats.bootstrap, BCa, one system, times systems", theirs * n_systems, ratio=theirs * n_systems / (own + bca))
    show("rank intervals from the same draws", *timed(lambda: rank_intervals(drawn), rounds))

    swaps = Swaps(n, SWAPS, 0)
    own, cpu = timed(lambda: sign_flip_pairs(scores, pairs, swaps), rounds)
    show(f"{SWAPS:,} sign flips, all {len(pairs)} pairs", own, cpu, "1")

    def difference(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return (x - y).mean(axis=axis)

    both = (scores[0], scores[1])
    test = lambda: stats.permutation_test(both, difference, permutation_type="samples", n_resamples=SWAPS, vectorized=True, batch=500)  # noqa: E731
    theirs, _ = timed(test, 1)
    show("  scipy.stats.permutation_test, one pair, times pairs", theirs * len(pairs), ratio=theirs * len(pairs) / own)

    p = holm(sign_flip_pairs(scores, pairs, swaps))
    differ = np.zeros((n_systems, n_systems), dtype=bool)
    differ[pairs[:, 0], pairs[:, 1]] = differ[pairs[:, 1], pairs[:, 0]] = p <= 0.05
    order = [int(i) for i in np.argsort(-scores.mean(axis=1))]
    show("Holm and compact letters", *timed(lambda: (holm(p), letters(differ, order)), rounds))

    positive = np.arange(n) % 3 == 0
    weights = np.ones(n)
    aurocs = lambda: sign_flip(np.stack([auroc_shares((scores[i], scores[j]), positive, weights) for i, j in pairs]), swaps)  # noqa: E731
    show(f"{SWAPS:,} swaps of AUROC, all {len(pairs)} pairs", *timed(aurocs, rounds))


def bleu(rounds: int) -> None:
    """The paired test of BLEU-4."""
    references, first, second = reports(BLEU_PAIRS)
    metric = Bleu(tokenizer="none", case="mixed", smoothing="none")

    def counted() -> np.ndarray:
        cases = [[Case.of(c, [r]) for c, r in zip(said, references, strict=True)] for said in (first, second)]
        return np.stack([metric.measure(each).array for each in cases])

    sums, pair = counted(), np.array([[0, 1]])
    show(f"BLEU counts, 2 x {BLEU_PAIRS:,} reports", *timed(counted, 1))
    swaps = Swaps(BLEU_PAIRS, SWAPS, 0)
    own, cpu = timed(lambda: swap_sums(sums, pair, lambda total: metric.value(total)["bleu-4"][None], swaps), rounds)
    show(f"BLEU-4, {SWAPS:,} swaps on {BLEU_PAIRS:,} pairs, after counting", own, cpu, "0.3")

    def sacrebleu(trials: int) -> float:
        systems = [("first", first), ("second", second)]
        made = PairedTest(systems, {"BLEU": BLEU(tokenize="none")}, [references], test_type="ar", n_samples=trials)
        return timed(made, 1)[0]

    counting = sacrebleu(1)
    theirs = sacrebleu(SWAPS) - counting
    show("  sacrebleu's approximate randomization, without its counting", theirs, ratio=theirs / own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=25)
    parser.add_argument("--studies", type=int, default=2347)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    rng = np.random.default_rng(0)
    quality = np.linspace(0, 0.2, arguments.systems)[:, None]
    scores = 0.5 * rng.normal(size=arguments.studies) + rng.normal(size=(arguments.systems, arguments.studies)) + quality
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}", end="")
    print(f", load {os.getloadavg()[0]:.1f}; {arguments.systems} systems x {arguments.studies} studies, median of {arguments.rounds}\n")
    print(f"{'':<66}{'seconds':>10}{'CPU':>9}{'times ours':>12}{'goal':>9}")
    boards(scores, arguments.rounds)
    bleu(arguments.rounds)


if __name__ == "__main__":
    main()
