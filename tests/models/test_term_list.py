"""Terms of a list: the longest match, concepts, and lists that cannot be used."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError, MissingDataError
from radbench.media import Reader
from radbench.models.base import Annotator
from radbench.models.term_list import TermList
from radbench.sample import Request, Turn

LIST = "# findings\neffusion\npleural effusion\tC0032227\nPleural-Fluid\tC0032227\nheart\n\n"


@pytest.fixture
def loaded(tmp_path):
    def load(content: str) -> TermList:
        file = tmp_path / "terms.txt"
        file.write_text(content, "utf-8")
        made = TermList(file=file)
        made.load(Reader({}))
        return made

    return load


def test_the_longest_term_is_taken_and_what_it_covers_is_used_up(loaded):
    terms = loaded(LIST)
    assert terms.concepts("A Pleural\neffusion.") == {"C0032227"}
    assert terms.concepts("Effusion of the heart") == {"effusion", "heart"}


def test_synonyms_are_one_concept_and_words_are_whole(loaded):
    terms = loaded(LIST)
    assert terms.concepts("pleural fluid, pleural effusion") == {"C0032227"}
    assert terms.concepts("effusions, hearty") == set()


def test_it_annotates_with_a_json_list_and_names_the_list_in_its_identity(loaded):
    terms = loaded(LIST)
    requests = [Request(kind="annotate", turns=(Turn("user", (text,)),)) for text in ("heart effusion heart", "nothing")]
    assert isinstance(terms, Annotator)
    assert [json.loads(reply.output) for reply in terms.annotate(requests)] == [["effusion", "heart"], []]
    assert loaded(LIST + "lung\n").identity() != terms.identity()


@given(words=st.lists(st.sampled_from(["pleural", "effusion", "heart", "no", "fluid"]), max_size=12))
def test_a_text_has_no_concept_that_the_list_does_not_name(words, tmp_path_factory):
    file = tmp_path_factory.mktemp("terms") / "terms.txt"
    file.write_text(LIST)
    terms = TermList(file=file)
    terms.load(Reader({}))
    assert terms.concepts(" ".join(words)) <= {"effusion", "C0032227", "heart"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# nothing\n", "holds no term"),
        ("heart\tC1\nHeart\tC2\n", r"terms\.txt:2: the term `Heart` names the concept `C1` above and `C2` here"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(content, message, loaded):
    with pytest.raises(ContentError, match=message):
        loaded(content)


def test_a_list_that_is_not_there_is_asked_for(tmp_path):
    with pytest.raises(MissingDataError, match="`term-list` needs `file`"):
        TermList().load(Reader({}))
    with pytest.raises(MissingDataError, match=r"no file `.*absent\.txt`; expected a text file with a term a line"):
        TermList(file=tmp_path / "absent.txt").load(Reader({}))
