"""BLEU: how many n-grams of the candidates occur in the references, with a penalty for brevity.

Source: Papineni et al., BLEU, ACL 2002; smoothing `exp`: Chen and Cherry, WMT 2014, method 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.metrics._ngrams import NgramMetric, Units, clipped_matches
from radbench.metrics.base import Values, ratio
from radbench.metrics.tokens import LetterCase, TokenizerName, tokenize

ORDER: Final = 4  # the longest n-gram
_VALUES: Final = tuple(f"bleu-{n}" for n in range(1, ORDER + 1))
_COUNTS: Final = (
    *(f"matches-{n}" for n in range(1, ORDER + 1)),
    *(f"total-{n}" for n in range(1, ORDER + 1)),
    "candidate_length",
    "reference_length",
)


class Bleu(NgramMetric):
    """BLEU-1 to BLEU-4, in [0, 1], higher is better: of the corpus, from summed counts, or the mean of those of its cases.

    Made for machine translation; it knows words and no findings.

    `bleu-n` is exp(mean of log p_1 ... log p_n) * min(1, exp(1 - r / c)): p_n the clipped n-gram precision, c the
    length of the candidates, r that of the closest references (of two as close, the shorter).

    Orders for which no candidate is long enough are left out of the mean (sacrebleu's effective order, `eff:yes` in the
    signature). So values of cases equal sacrebleu's sentence BLEU; values of a corpus equal its corpus BLEU, and coco's to 1e-8
    with tokenizer `none` and smoothing `none`, wherever any candidate has n tokens: where none has, those two say 0. nltk's corpus
    BLEU is lower on short texts, since a candidate with fewer than n tokens counts an n-gram there that cannot match.

    An empty candidate adds the length of its reference, so alone it scores 0. References without a token do not
    count; a case without any other is left out.

    Args:
        tokenizer: `13a` (sacrebleu's default), `none` (blanks; coco and nltk), `regex` (every punctuation mark apart), `intl` and
            `char` (sacrebleu's): radbench.metrics.tokens.
        case: `mixed` compares letters as they are, `lower` in lower case.
        smoothing: of orders without a match: `exp` counts 1/2, 1/4 ... of a match, `none` gives BLEU 0 there.
        over: `corpus`, as BLEU is defined; `cases` is the mean over cases of their own BLEU, which some papers print.
    """

    name: ClassVar[str] = "bleu"
    papers = ("papineni2002bleu", "chen2014smoothing")

    def __init__(
        self,
        *,
        tokenizer: TokenizerName = "13a",
        case: LetterCase = "mixed",
        smoothing: Literal["exp", "none"] = "exp",
        over: Literal["corpus", "cases"] = "corpus",
    ) -> None:
        self.tokenizer: TokenizerName = tokenizer
        self.case: LetterCase = case
        self.smoothing, self.over = smoothing, over
        self.columns = _COUNTS if over == "corpus" else (*_VALUES, "cases")

    def signature(self) -> dict[str, str]:
        over = {"over": self.over} if self.over == "cases" else {}
        return {"eff": "yes", "tok": self.tokenizer, "case": self.case, "smooth": self.smoothing, **over}

    def units(self, text: str) -> list[str]:
        return tokenize(text, self.tokenizer, self.case)

    def statistics(self, candidates: Sequence[Units], references: Sequence[Sequence[Units]]) -> NDArray[np.float64]:
        lengths = np.array([len(tokens) for tokens in candidates])
        closest = [
            min((abs(len(reference) - len(candidate)), len(reference)) for reference in wanted)[1]
            for candidate, wanted in zip(candidates, references, strict=True)
        ]
        totals = np.maximum(lengths[:, None] - np.arange(ORDER), 0)
        counts = np.column_stack([clipped_matches(candidates, references, ORDER), totals, lengths, closest])
        return counts if self.over == "corpus" else np.column_stack([self._bleu(counts), np.ones(len(counts))])

    def value(self, sums: NDArray[np.float64]) -> Values:
        bleu = self._bleu(sums) if self.over == "corpus" else ratio(sums[:, :ORDER], sums[:, ORDER:])
        return {name: bleu[:, n] for n, name in enumerate(_VALUES)}

    def _bleu(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """BLEU-1 to BLEU-4, shape (m, 4), of summed counts; NaN where there are none."""
        matches, totals = sums[:, :ORDER], sums[:, ORDER : 2 * ORDER]
        candidate_length, reference_length = sums[:, 2 * ORDER], sums[:, 2 * ORDER + 1]
        counted = totals > 0
        if self.smoothing == "exp":
            unmatched = counted & (matches == 0)
            matches = np.where(unmatched, 0.5 ** np.cumsum(unmatched, axis=1), matches)
        precision = np.divide(matches, totals, out=np.ones_like(totals), where=counted)
        log_precision = np.log(precision, out=np.full_like(precision, -np.inf), where=precision > 0)
        mean = np.cumsum(log_precision, axis=1) / np.maximum(np.cumsum(counted, axis=1), 1)
        brevity = np.exp(np.minimum(0.0, 1.0 - ratio(reference_length, candidate_length)))
        bleu = np.where(sums[:, :1] > 0, brevity[:, None] * np.exp(mean), 0.0)
        bleu[reference_length == 0] = np.nan
        return bleu
