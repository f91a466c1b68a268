"""Times radbench's text metrics against the packages whose numbers they give, on the same texts in the same run.

    python benchmarks/text_metrics.py [--pairs 2000] [--rounds 5]

Texts are seeded, of an invented vocabulary, 37 words on average. Times include tokenizing; radbench's also include the
values of all cases. "seconds" is the median of the rounds; radbench remembers how words are cut and stemmed, so "first",
the first round, is the one without that. "difference" is the largest one between the values compared: those of the
corpus for BLEU and chrF, those of all cases for ROUGE and CIDEr. Needs the `test` extra.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import time
from collections.abc import Callable

import numpy as np
from nltk.translate.bleu_score import corpus_bleu
from pycocoevalcap.bleu.bleu import Bleu as CocoBleu
from pycocoevalcap.cider.cider import Cider as CocoCider
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from radbench.metrics.base import Metric
from radbench.metrics.bleu import Bleu
from radbench.metrics.chrf import Chrf
from radbench.metrics.cider import Cider
from radbench.metrics.rouge import Rouge
from radbench.sample import Case

Result = list[float]
Timed = tuple[str, Callable[[], Result]]


def invented_pairs(n: int) -> tuple[list[str], list[str]]:
    """Candidates and references: of each reference about one word in twenty is left out, one in four replaced."""
    rng = random.Random(37)
    vocabulary = ["".join(rng.choices("abcdefghijklmnoprstuvy", k=rng.randint(2, 11))) for _ in range(800)]
    frequency = [1 / (rank + 3) for rank in range(len(vocabulary))]

    def sentence(length: int) -> str:
        words = rng.choices(vocabulary, frequency, k=length)
        words[0] = words[0].capitalize()
        return ", ".join([" ".join(words[: length // 2]), " ".join(words[length // 2 :])]) + "."

    references, candidates = [], []
    for _ in range(n):
        reference = " ".join(sentence(rng.randint(5, 10)) for _ in range(rng.randint(3, 7)))
        kept = [word for word in reference.split() if rng.random() > 0.05]
        candidates.append(" ".join(word if rng.random() > 0.25 else rng.choice(vocabulary) for word in kept))
        references.append(reference)
    return candidates, references


def ours(metric: Metric, cases: list[Case], names: list[str], *, per_case: bool) -> Timed:
    """Measure, then the values of the corpus and of all cases; the values returned are those compared."""

    def run() -> Result:
        metric.prepare(cases)
        rows = metric.measure(cases).array
        corpus = metric.aggregate(rows, np.ones((1, len(rows))))
        values = metric.value(rows)
        return [float(v) for name in names for v in (values if per_case else corpus)[name]]

    return f"radbench {metric.name} {' '.join(f'{k}:{v}' for k, v in metric.signature().items())}", run


def contests(candidates: list[str], references: list[str]) -> list[tuple[Timed, list[Timed]]]:
    """Ours, and what gives the same numbers."""
    cases = [Case.of(c, [r]) for c, r in zip(candidates, references, strict=True)]
    shown, wanted = {i: [c] for i, c in enumerate(candidates)}, {i: [r] for i, r in enumerate(references)}
    bleus, rouges = [f"bleu-{n}" for n in (1, 2, 3, 4)], ["rouge1", "rouge2", "rougeL"]

    def rouge_score(stem: bool) -> Callable[[], Result]:
        scorer = RougeScorer(rouges, use_stemmer=stem)

        def run() -> Result:
            scores = [scorer.score(r, c) for c, r in zip(candidates, references, strict=True)]
            return [score[name].fmeasure for name in rouges for score in scores]

        return run

    return [
        (
            ours(Bleu(tokenizer="none", smoothing="none"), cases, bleus, per_case=False),
            [
                (
                    "nltk corpus_bleu, order 4 alone",
                    lambda: [corpus_bleu([[r.split()] for r in references], [c.split() for c in candidates])],
                ),
                (
                    "sacrebleu corpus, no tokenizer, order 4 alone",
                    lambda: [BLEU(tokenize="none").corpus_score(candidates, [references]).score / 100],
                ),
                ("pycocoevalcap Bleu(4)", lambda: CocoBleu(4).compute_score(wanted, shown, verbose=0)[0]),
            ],
        ),
        (
            ours(Bleu(), cases, bleus, per_case=False),
            [("sacrebleu corpus, 13a, order 4 alone", lambda: [BLEU().corpus_score(candidates, [references]).score / 100])],
        ),
        *(
            (ours(Rouge(stem=stem), cases, rouges, per_case=True), [(f"rouge-score 1, 2, L, stem {stem}", rouge_score(stem))])
            for stem in (False, True)
        ),
        (
            ours(Cider(), cases, ["cider"], per_case=True),
            [("pycocoevalcap Cider", lambda: list(CocoCider().compute_score(wanted, shown)[1]))],
        ),
        (
            ours(Chrf(), cases, ["chrf"], per_case=False),
            [("sacrebleu corpus chrF2", lambda: [CHRF().corpus_score(candidates, [references]).score / 100])],
        ),
    ]


def timed(run: Callable[[], Result], rounds: int) -> tuple[float, float, Result]:
    """Median seconds, seconds of the first round, and the result."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), seconds[0], result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    candidates, references = invented_pairs(arguments.pairs)
    words = statistics.mean(len(reference.split()) for reference in references)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    print(f"{arguments.pairs} pairs, {words:.1f} words on average, median of {arguments.rounds} rounds\n")
    print(f"{'':<52}{'first':>9}{'seconds':>9}{'times ours':>12}{'difference':>12}")
    for (name, run), others in contests(candidates, references):
        own_seconds, first, own = timed(run, arguments.rounds)
        print(f"{name:<52}{first:>9.3f}{own_seconds:>9.3f}{1:>12.1f}")
        for other, run_other in others:
            seconds, first, result = timed(run_other, arguments.rounds)
            difference = np.abs(np.array(own[-len(result) :]) - result).max()
            print(f"  {other:<50}{first:>9.3f}{seconds:>9.3f}{seconds / own_seconds:>12.1f}{difference:>12.1e}")


if __name__ == "__main__":
    main()
