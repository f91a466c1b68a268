"""Open answers of a few words: exact match, token F1 and token recall.

Source: token F1 as in SQuAD (Rajpurkar et al., arXiv 1606.05250, section 6.1); token recall as LLaVA-Med's figure for
open questions (arXiv 2306.00890), with matches clipped to the reference's counts. The normalisation is ours.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE, common
from radbench.sample import Case

_WORD: Final = re.compile(r"\w+")
_ARTICLE: Final = re.compile(r"\b(?:a|an|the)\b")


class AnswerText(SumMetric):
    """Means over cases of three scores in [0, 1], higher is better; for each the best of several references counts.

    Made for open questions answered in a few words (SQuAD, LLaVA-Med); of reports it says little.

    `exact_match`: 1 where the normalised texts are equal: lower case, blanks collapsed, outer blanks and final
    punctuation taken off. `token_f1`, `token_recall`: F1 of the common tokens, each as often as both texts hold it, and
    their share of the reference's; tokens are runs of word characters, or a normalised text without any, as `+`.

    An empty candidate scores 0. References that are empty when normalised do not count; a case without any other is
    left out.

    Args:
        articles: `kept`, or `dropped` from both texts before anything is compared, as SQuAD does.
    """

    name: ClassVar[str] = "answer_text"
    papers = ("rajpurkar2016squad", "li2023llavamed")
    columns: tuple[str, ...] = ("exact_match", "token_f1", "token_recall", "cases")

    def __init__(self, *, articles: Literal["kept", "dropped"] = "kept") -> None:
        self.articles = articles

    def signature(self) -> dict[str, str]:
        return {"articles": self.articles}

    def row(self, case: Case) -> Row | Excluded:
        drop = self.articles == "dropped"
        said = normalise(case.text, drop_articles=drop)
        wanted = [text for reference in case.references if (text := normalise(reference, drop_articles=drop))]
        if not wanted:
            return NO_REFERENCE
        if said in wanted:
            return np.ones(4)
        overlaps = [token_overlap(said, text) for text in wanted]
        return np.array([0.0, max(f1 for f1, _ in overlaps), max(recall for _, recall in overlaps), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {column: ratio(sums[:, i], sums[:, -1]) for i, column in enumerate(self.columns[:-1])}


def normalise(text: str, *, drop_articles: bool = False) -> str:
    """A text as `exact_match` compares it.

    >>> normalise(" Left  Lower lobe. ")
    'left lower lobe'
    """
    text = text.lower()
    if drop_articles:
        text = _ARTICLE.sub(" ", text)
    return " ".join(text.split()).rstrip(" .,;:!?")


def token_overlap(candidate: str, reference: str) -> tuple[float, float]:
    """F1 and recall of the tokens of two normalised texts, the reference not empty.

    >>> token_overlap("left pleural effusion", "small left effusion")
    (0.6666666666666666, 0.6666666666666666)
    """
    said = _WORD.findall(candidate) or candidate.split()
    wanted = _WORD.findall(reference) or reference.split()
    matches = common(said, wanted)
    return 2 * matches / (len(said) + len(wanted)), matches / len(wanted)
