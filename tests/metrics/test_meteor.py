from __future__ import annotations

import re
from pathlib import Path

import nltk.corpus
import nltk.data
import pytest
from nltk.corpus.reader import CorpusReader
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.corpus.util import LazyCorpusLoader
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
    monkeypatch.setattr(nltk.corpus, "wordnet", LazyCorpusLoader("wordnet", WordNetCorpusReader, None))

    with pytest.raises(MissingDataError, match=r"python -m nltk\.downloader wordnet"):
        Meteor(synonyms="wordnet").measure([Case.of("Clear.", ["Clear."])])


def test_the_signature_names_nltk_synonyms_and_tokenizer() -> None:
    assert Meteor(synonyms="wordnet").signature() == {"by": "nltk", "synonyms": "wordnet", "tok": "regex"}


SYNONYMS = [("heart", "ticker"), ("lung",), ("effusion", "outpouring"), ("mass", "lump"), ("lump", "clod")]


@pytest.fixture
def small_wordnet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WordNetCorpusReader:
    """WordNet in its own files, with a few nouns, read by nltk's reader in place of the data that the machine may have."""
    folder = tmp_path / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    for kind in ("adj", "adv", "noun", "verb"):
        for name in (f"data.{kind}", f"index.{kind}", f"{kind}.exc"):
            (folder / name).write_text("")
    (folder / "cntlist.rev").write_text("")
    (folder / "lexnames").write_text("00\tnoun.Tops\t1\n")
    lines, offsets = "", []
    for words in SYNONYMS:  # offset, file, kind, number of words and each with its place, no pointers, gloss
        offsets.append(len(lines))
        lines += f"{len(lines):08d} 00 n {len(words):02x} {' '.join(f'{word} 0' for word in words)} 000 | invented\n"
    (folder / "data.noun").write_text(lines)
    senses = {word: [o for o, of in zip(offsets, SYNONYMS, strict=True) if word in of] for words in SYNONYMS for word in words}
    found = sorted(senses.items())
    listed = [f"{word} n {len(at)} 0 {len(at)} 0 {' '.join(f'{o:08d}' for o in at)}" for word, at in found]
    (folder / "index.noun").write_text("\n".join(listed) + "\n")
    (folder / "index.sense").write_text("".join(f"{word}%1:00:00:: {at[0]:08d} 1 0\n" for word, at in found))
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    other_languages = LazyCorpusLoader("omw-1.4", CorpusReader, r".*")
    reader = LazyCorpusLoader("wordnet", WordNetCorpusReader, other_languages)
    monkeypatch.setattr(nltk.corpus, "wordnet", reader)
    return reader


def test_with_wordnet_scores_equal_nltk_and_synonyms_match(small_wordnet: WordNetCorpusReader) -> None:
    metric = Meteor(synonyms="wordnet")
    pairs = [
        ("ticker and lump seen", "heart and mass seen"),
        ("a clod", "a mass"),
        ("outpouring", "effusions"),
        ("clear lung", "lungs clear"),
    ]
    rows = metric.measure([Case.of(said, [wanted]) for said, wanted in pairs]).array

    expected = [meteor_score([split(wanted)], split(said), wordnet=small_wordnet) for said, wanted in pairs]
    assert rows[:, 0] == pytest.approx(expected)
    assert rows[0, 0] == pytest.approx(1 - 0.5 / 4**3)  # all four words match, two as synonyms
    assert rows[0, 0] > Meteor().measure([Case.of(pairs[0][0], [pairs[0][1]])]).array[0, 0]


def test_with_the_published_wordnet_scores_equal_nltk(texts: tuple[list[str], list[list[str]]]) -> None:
    try:
        nltk.corpus.wordnet.ensure_loaded()
    except LookupError:
        pytest.skip("nltk has no WordNet data here: python -m nltk.downloader wordnet")
    pairs = [*zip(*texts, strict=True)][:50]
    rows = Meteor(synonyms="wordnet").measure([Case.of(said, wanted) for said, wanted in pairs]).array

    assert rows[:, 0] == pytest.approx([meteor_score(list(map(split, wanted)), split(said)) for said, wanted in pairs])
