"""CIDEr: tf-idf weighted n-gram cosine between candidate and references.

Source: Vedantam et al., arXiv 1411.5726, the CIDEr-D form of section 6 (clipping, Gaussian length penalty, sigma 6,
times 10), which is what the coco caption evaluation (pycocoevalcap) prints as CIDEr.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from math import exp, log, sqrt
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ScoringError
from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE, LetterCase, TokenizerName, ngrams, tokenize
from radbench.sample import Case

ORDER: Final = 4
_SIGMA: Final = 6.0  # tokens of difference in length


class Cider(SumMetric):
    """Mean over cases of CIDEr(-D), in [0, 10], higher is better; mean over several references, as defined.

    Made for captions of photographs with several references; reports have mostly one.

    The idf comes from the references of the evaluated samples, so a value holds for its set alone, and a set of few
    samples makes it meaningless. It stays fixed under resampling and in subgroups; `fingerprint` tells sets apart.

    With the defaults equal to pycocoevalcap's class `Cider` on the same texts (its pipeline puts the Java PTB tokenizer
    before it). An empty candidate scores 0. A text of fewer than four tokens cannot reach 10: orders it lacks count 0.
    References without a token do not count; a case without any other is left out, of the idf as well.

    Args:
        tokenizer: `none` (blanks), `13a`, `regex`: radbench.metrics.tokens.
        case: `mixed` compares letters as they are, `lower` in lower case.
    """

    name: ClassVar[str] = "cider"
    papers = ("vedantam2015cider",)
    columns: tuple[str, ...] = ("cider", "cases")
    best: ClassVar[float] = 10.0

    def __init__(self, *, tokenizer: TokenizerName = "none", case: LetterCase = "mixed") -> None:
        self.tokenizer: TokenizerName = tokenizer
        self.case: LetterCase = case
        self._frequency: Counter[object] = Counter()  # n-gram -> samples with it in a reference
        self._idf: list[float] = []  # by document frequency; n-grams in no reference weigh as those in one

    def signature(self) -> dict[str, str]:
        return {"tok": self.tokenizer, "case": self.case}

    def prepare(self, cases: Iterable[Case]) -> None:
        """Count in how many samples' references each n-gram stands; repeats of a sample count once.

        Raises:
            ScoringError: all samples have the same references, so that no n-gram tells one from another.
        """
        self._frequency = Counter()
        n_samples = 0
        for case in cases:
            references = self._references(case) if case.repeat == 0 else []
            if references:
                n_samples += 1
                self._frequency.update({gram for tokens in references for n in range(1, ORDER + 1) for gram in ngrams(tokens, n)})
        if n_samples and min(self._frequency.values()) == n_samples:
            raise ScoringError(
                f"cider is not defined on these {n_samples} samples: all have the same references, so every inverse document "
                "frequency is 0; score samples of different references, or leave cider out"
            )
        self._idf = [log(max(n_samples, 1)) - log(max(count, 1)) for count in range(n_samples + 1)]

    def fingerprint(self) -> str:
        """Hash of the number of samples and of all document frequencies."""
        if not self._idf:
            return ""
        counts = sorted(((gram,) if isinstance(gram, str) else gram, count) for gram, count in self._frequency.items())
        return hashlib.sha256(repr((len(self._idf) - 1, counts)).encode()).hexdigest()

    def row(self, case: Case) -> Row | Excluded:
        if not self._idf:
            raise ScoringError("cider needs its document frequencies: call `prepare` with all cases before `measure`")
        references = self._references(case)
        if not references:
            return NO_REFERENCE
        said = tokenize(case.text, self.tokenizer, self.case)
        vectors = self._vectors(said)
        scores = [self._similarity(vectors, len(said), self._vectors(wanted), len(wanted)) for wanted in references]
        return np.array([10.0 * sum(scores) / len(scores), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {"cider": ratio(sums[:, 0], sums[:, 1])}

    def _references(self, case: Case) -> list[list[str]]:
        return [tokens for text in case.references if (tokens := tokenize(text, self.tokenizer, self.case))]

    def _vectors(self, tokens: Sequence[str]) -> list[dict[object, float]]:
        """For each order the tf-idf weight of each n-gram."""
        idf, frequency = self._idf, self._frequency
        return [
            {gram: count * idf[frequency.get(gram, 0)] for gram, count in Counter(ngrams(tokens, n)).items()} for n in range(1, ORDER + 1)
        ]

    def _similarity(self, said: Sequence[dict[object, float]], n_said: int, wanted: Sequence[dict[object, float]], n_wanted: int) -> float:
        """Mean over orders of the clipped cosine, times the length penalty, in [0, 1]."""
        total = 0.0
        for a, b in zip(said, wanted, strict=True):
            dot = sum(min(weight, b[gram]) * b[gram] for gram, weight in a.items() if gram in b)
            if dot:
                total += dot / sqrt(sum(w * w for w in a.values()) * sum(w * w for w in b.values()))
        return total / ORDER * exp(-((n_said - n_wanted) ** 2) / (2 * _SIGMA**2))
