"""METEOR as nltk computes it; the Java METEOR 1.5 of the coco evaluation gives other values.

Source: Lavie and Agarwal, METEOR, WMT 2007, with alpha 0.9, beta 3, gamma 0.5; nltk.translate.meteor_score.
"""

from __future__ import annotations

from functools import cached_property
from types import SimpleNamespace
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.errors import MissingDataError
from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE, TokenizerName, porter_stem, tokenize
from radbench.sample import Case

_STEMMER: Final = SimpleNamespace(stem=porter_stem)
_NO_SYNONYMS: Final = SimpleNamespace(synsets=lambda _word: ())


class Meteor(SumMetric):
    """Mean over cases of nltk's METEOR, in [0, 1), higher is better; the best of several references counts.

    Made for machine translation; it knows stems and no findings.

    Words in lower case are matched as they are, then by Porter stem, then - with `wordnet` - as synonyms. The penalty
    for fragments is never quite 0: m words against themselves score 1 - 0.5 / m^3, which is 0.5 for a single word.

    An empty candidate scores 0. References without a token do not count; a case without any other is left out.

    Args:
        synonyms: `none`, or `wordnet`: nltk's WordNet data, which the user must have.
        tokenizer: `regex` (every punctuation mark apart), `13a`, `none` (blanks): radbench.metrics.tokens.
    """

    name: ClassVar[str] = "meteor"
    papers = ("lavie2007meteor",)
    columns: tuple[str, ...] = ("meteor", "cases")

    def __init__(self, *, synonyms: Literal["none", "wordnet"] = "none", tokenizer: TokenizerName = "regex") -> None:
        self.synonyms = synonyms
        self.tokenizer: TokenizerName = tokenizer

    def signature(self) -> dict[str, str]:
        return {"by": "nltk", "synonyms": self.synonyms, "tok": self.tokenizer}

    def row(self, case: Case) -> Row | Excluded:
        """The score of one case.

        Raises:
            MissingDataError: WordNet is asked for and not there.
        """
        from nltk.translate.meteor_score import meteor_score

        references = [tokens for text in case.references if (tokens := tokenize(text, self.tokenizer, "lower"))]
        if not references:
            return NO_REFERENCE
        said = tokenize(case.text, self.tokenizer, "lower")
        return np.array([meteor_score(references, said, stemmer=_STEMMER, wordnet=self._thesaurus), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {"meteor": ratio(sums[:, 0], sums[:, 1])}

    @cached_property
    def _thesaurus(self) -> Any:  # noqa: ANN401 - nltk's reader is untyped
        if self.synonyms == "none":
            return _NO_SYNONYMS
        from nltk.corpus import wordnet

        try:
            wordnet.ensure_loaded()
        except LookupError as error:
            raise MissingDataError(
                "meteor with synonyms `wordnet` needs nltk's WordNet data, which is in none of nltk's folders; get it with "
                "`python -m nltk.downloader wordnet`, or set NLTK_DATA to where it lies, or use synonyms `none`"
            ) from error
        return wordnet
