"""The words of a text, as the tokenizers of text metrics cut them.

`13a` and `regex` look no further than one blank-separated word, so a word is cut once and remembered: reports have
small vocabularies, and this is what makes tokenizing them cheap.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from radbench.metrics.base import Excluded

if TYPE_CHECKING:
    from nltk.stem.porter import PorterStemmer

TokenizerName: TypeAlias = Literal["13a", "none", "regex", "intl", "char"]
LetterCase: TypeAlias = Literal["mixed", "lower"]

NO_REFERENCE: Final = Excluded("no reference text")

_CACHED_WORDS: Final = 2**16  # some megabytes at most

# The language-dependent part of mteval-v13a.pl (NIST, 2009), in its order. Its first character class is spelled as
# ranges of ASCII there; these are the same characters: all punctuation but the apostrophe, comma, hyphen and full stop.
_RULES_13A: Final = (
    (re.compile(r"([!\"#$%&()*+/:;<=>?@\[\\\]^_`{|}~])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_ENTITIES_13A: Final = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_WORDS_AND_MARKS: Final = re.compile(r"\w+|[^\w\s]")


def tokenize(text: str, tokenizer: TokenizerName, case: LetterCase) -> list[str]:
    """The tokens of a text.

    `13a`: mteval-v13a, the default of sacrebleu: punctuation apart, but for apostrophes, hyphens within words and
    marks within numbers. `regex`: runs of word characters, and every other mark by itself. `none`: split at blanks.
    `intl`: mteval-v14, sacrebleu's for all scripts: marks apart but between digits, symbols (`+`, `°`) apart everywhere.
    `char`: every character but blanks.

    >>> tokenize("A 3.5 cm follow-up, stable.", "13a", "lower")
    ['a', '3.5', 'cm', 'follow-up', ',', 'stable', '.']
    """
    if case == "lower":
        text = text.lower()
    if tokenizer == "none":
        return text.split()
    if tokenizer == "char":
        return list("".join(text.split()))
    if tokenizer == "regex":
        return list(chain.from_iterable(map(_cut_regex, text.split())))
    if tokenizer == "intl":
        # No blank is set at the ends, as in mteval-v14: a full stop after a final number stays with it.
        text = text.rstrip()
        for pattern, replacement in _rules_intl():
            text = pattern.sub(replacement, text)
        return text.split()
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "")
    return list(chain.from_iterable(map(_cut_13a, text.split())))


def ngrams(tokens: Sequence[str], n: int) -> Iterable[str | tuple[str, ...]]:
    """The n-grams of a sequence of tokens in their order; tokens themselves for n = 1."""
    return tokens if n == 1 else zip(*[tokens[i:] for i in range(n)], strict=False)


def common(said: Iterable[Hashable], wanted: Iterable[Hashable]) -> int:
    """How many items two bags share, each as often as both hold it.

    >>> common("aab", "abbb")
    2
    """
    left: dict[Hashable, int] = {}
    for item in wanted:
        left[item] = left.get(item, 0) + 1
    n = 0
    for item in said:
        if left.get(item, 0):
            left[item] -= 1
            n += 1
    return n


@lru_cache(_CACHED_WORDS)
def porter_stem(word: str) -> str:
    """The stem of a word by the Porter algorithm with nltk's extensions, in lower case."""
    stem: str = _stemmer().stem(word)
    return stem


@cache
def _stemmer() -> PorterStemmer:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


@cache
def _rules_intl() -> tuple[tuple[Any, str], ...]:
    """The rules of mteval-v14.pl in its order; Python's own `re` knows no classes of Unicode."""
    import regex

    rules = ((r"(\P{N})(\p{P})", r"\1 \2 "), (r"(\p{P})(\P{N})", r" \1 \2"), (r"(\p{S})", r" \1 "))
    return tuple((regex.compile(pattern), replacement) for pattern, replacement in rules)


@lru_cache(_CACHED_WORDS)
def _cut_13a(word: str) -> tuple[str, ...]:
    if word.isalnum():
        return (word,)
    for entity, mark in _ENTITIES_13A:
        word = word.replace(entity, mark)
    word = f" {word} "  # the rules see a blank at both ends of a word
    for pattern, replacement in _RULES_13A:
        word = pattern.sub(replacement, word)
    return tuple(word.split())


@lru_cache(_CACHED_WORDS)
def _cut_regex(word: str) -> tuple[str, ...]:
    return tuple(_WORDS_AND_MARKS.findall(word))
