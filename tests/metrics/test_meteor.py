from __future__ import annotations

import re
from pathlib import Path

import nltk.data
import pytest
from nltk.translate.meteor_score import meteor_score

from radbench.errors import MissingDataError
from radbench.metrics.meteor import Meteor
from radbench.sample import Case


class NoSynonyms:
    def synsets(self, word: str) -> list[object]:
        return []


def split(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


def test_without_synonyms_scores_equal_nltk_with_an_empty_thesaurus(texts: tuple[list[str], list[list[str]]]) -> None:
    rows = Meteor().measure([Case.of(c, r) for c, r in zip(*texts, strict=True)]).array

    expected = [meteor_score(list(map(split, r)), split(c), wordnet=NoSynonyms()) for c, r in zip(*texts, strict=True)]
    assert rows[:, 0] == pytest.approx(expected, abs=1e-9)


def test_stems_match_and_fragments_cost() -> None:
    # 3 of 3 words match (one by its stem) in 2 chunks: F 1, penalty 0.5 * (2/3)^3
    row = Meteor().row(Case.of("effusion left small", ["small effusions left"]))

    assert row.tolist() == pytest.approx([1 - 0.5 * (2 / 3) ** 3, 1])


def test_m_words_against_themselves_score_just_below_one() -> None:
    assert Meteor().row(Case.of("no acute fracture", ["No acute fracture"]))[0] == pytest.approx(1 - 0.5 / 27)


def test_an_empty_candidate_scores_zero_and_a_case_without_reference_is_left_out() -> None:
    rows = Meteor().measure([Case.of("", ["Clear."]), Case.of("Clear.", [""])])

    assert rows.array[0].tolist() == [0, 1]
    assert rows.excluded == (None, "no reference text")


def test_missing_wordnet_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])

    with pytest.raises(MissingDataError, match=r"python -m nltk\.downloader wordnet"):
        Meteor(synonyms="wordnet").measure([Case.of("Clear.", ["Clear."])])


def test_the_signature_names_nltk_synonyms_and_tokenizer() -> None:
    assert Meteor(synonyms="wordnet").signature() == {"by": "nltk", "synonyms": "wordnet", "tok": "regex"}
