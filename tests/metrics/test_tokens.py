from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_char import TokenizerChar
from sacrebleu.tokenizers.tokenizer_intl import TokenizerV14International

from radbench.metrics.tokens import common, ngrams, porter_stem, tokenize

# what the rules of 13a and intl turn on: digits, full stops, commas, hyphens, line ends, entities, marks and symbols of any script
PIECES = [
    "a",
    "Mm",
    "7",
    ".",
    ",",
    "-",
    "-\n",
    "\n",
    " ",
    "\t",
    "&amp;",
    "&lt;",
    "&quot;",
    "<skipped>",
    "'",
    "(",
    "$",
    "é",
    "٣",
    "病",
    "\xa0",
    "+",
    "°",
    "«",
    "½",
]
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40)


@given(texts, st.sampled_from(["mixed", "lower"]))
def test_13a_cuts_as_sacrebleu_does(text: str, case: str) -> None:
    prepared = (text.lower() if case == "lower" else text).rstrip()  # as sacrebleu's BLEU hands it to its tokenizer

    assert tokenize(text, "13a", case) == Tokenizer13a()(prepared).split()


@pytest.mark.parametrize(("tokenizer", "oracle"), [("intl", TokenizerV14International()), ("char", TokenizerChar())])
@given(texts, st.sampled_from(["mixed", "lower"]))
def test_intl_and_char_cut_as_sacrebleu_does(tokenizer: str, oracle: Callable[[str], str], text: str, case: str) -> None:
    prepared = (text.lower() if case == "lower" else text).rstrip()

    assert tokenize(text, tokenizer, case) == oracle(prepared).split()


def test_intl_leaves_a_full_stop_with_a_final_number_and_takes_symbols_apart() -> None:
    assert tokenize("-5 °C, 3.5%; in 2020.", "intl", "mixed") == ["-5", "°", "C", ",", "3.5", "%", ";", "in", "2020."]


@given(texts)
def test_regex_cuts_word_by_word_as_over_the_whole_text(text: str) -> None:
    assert tokenize(text, "regex", "mixed") == re.findall(r"\w+|[^\w\s]", text)


@given(texts, st.sampled_from(["13a", "none", "regex", "intl", "char"]))
def test_no_token_is_empty_or_holds_a_blank(text: str, tokenizer: str) -> None:
    assert all(token and token.split() == [token] for token in tokenize(text, tokenizer, "lower"))


def test_only_lower_folds_case() -> None:
    assert tokenize("CT Thorax", "none", "mixed") == ["CT", "Thorax"]
    assert tokenize("CT Thorax", "none", "lower") == ["ct", "thorax"]


def test_ngrams_of_a_text_shorter_than_n_are_none() -> None:
    assert list(ngrams(["a", "b", "c"], 2)) == [("a", "b"), ("b", "c")]
    assert list(ngrams(["a", "b"], 3)) == []


@given(st.lists(st.integers(0, 4)), st.lists(st.integers(0, 4)))
def test_common_is_the_size_of_the_multiset_intersection(said: list[int], wanted: list[int]) -> None:
    assert common(said, wanted) == (Counter(said) & Counter(wanted)).total()


@pytest.mark.parametrize("word", ["effusions", "Atelectasis", "is", "unchanged", "病"])
def test_stems_are_those_of_nltk(word: str) -> None:
    assert porter_stem(word) == PorterStemmer().stem(word)
