"""Which option a reply names: the traps first."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.protocols.matching import (
    BAD_SCORES,
    BOTH,
    DISAGREE,
    NEGATED,
    NEITHER,
    NO_LETTER,
    NO_OPTION,
    SEVERAL,
    detected,
    labels,
    letter_set,
    lettered,
    option,
    ranked,
    yes_or_no,
)
from radbench.protocols.reading import EMPTY
from radbench.sample import Choice, LabelSet, Unparsed

CHEST = ("effusion", "no effusion", "pneumothorax")
SCANS = ("CT", "MR", "US", "X-ray")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EMPTY),
        (" \n ", EMPTY),
        ("The image looks normal.", NEITHER),  # "no" is inside "normal"
        ("I do not know", NEITHER),
        ("eyes", NEITHER),
        ("Yes and no", BOTH),
        ("Yes, the image looks normal", "yes"),
        ("NO", "no"),
        ("**No**.", "no"),
        ("no no no", "no"),
    ],
)
def test_yes_or_no_is_read_as_a_whole_word(text: str, expected: object) -> None:
    assert yes_or_no(text) == expected


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("", CHEST, EMPTY),
        ("...", CHEST, EMPTY),
        ("There is no effusion.", CHEST, "no effusion"),
        ("Effusion", CHEST, "effusion"),
        ("an effusion is seen", CHEST, "effusion"),
        ("no effusion, but an effusion on the left", CHEST, SEVERAL),
        ("pneumothorax and effusion", CHEST, SEVERAL),
        ("There is no pneumothorax", CHEST, NEGATED),
        ("it isn't a pneumothorax", CHEST, NEGATED),
        ("No, it is a pneumothorax", CHEST, "pneumothorax"),  # the clause ends at the comma
        ("hydropneumothorax", CHEST, NO_OPTION),
        ("MRI", SCANS, NO_OPTION),  # no synonym given
        ("This tells us it is a CT", SCANS, "CT"),  # "us" is a word, "US" an ultrasound
        ("us", SCANS, "US"),
        ("4.5 cm", ("4", "5"), NO_OPTION),
        ("BI-RADS 4A", ("BI-RADS 4", "BI-RADS 4A"), "BI-RADS 4A"),
        ("I would say BI-RADS 4", ("BI-RADS 4", "BI-RADS 4A"), "BI-RADS 4"),
        ("a non-contrast scan", ("contrast", "plain"), NEGATED),
        ("Answer: left", ("left", "right"), "left"),
        ("On the right it is clear. Final answer: **left**", ("left", "right"), "left"),
        ("yes, it is normal", ("yes", "no"), "yes"),
        ("YES", ("Yes", "No"), "Yes"),
    ],
)
def test_an_option_is_its_exact_text_or_the_only_one_in_whole_words(text: str, options: tuple[str, ...], expected: object) -> None:
    assert option(text, options) == expected


def test_options_that_differ_only_in_case_or_punctuation_are_never_read_from_text() -> None:
    assert option("grade 2", ("Grade 2", "grade 2.", "grade 3")) == NO_OPTION
    assert option("grade 3", ("Grade 2", "grade 2.", "grade 3")) == "grade 3"
    assert option("> 3 cm", ("< 3 cm", "> 3 cm")) == "> 3 cm"


def test_synonyms_count_unless_two_options_share_them() -> None:
    names = (("CR", "film", "radiograph"), ("DX", "digital film", "radiograph"))

    assert option("a film of the chest", ("CR", "DX"), names) == "CR"
    assert option("digital film", ("CR", "DX"), names) == "DX"
    assert option("radiograph", ("CR", "DX"), names) == NO_OPTION
    assert option("radiograph", ("CR", "MR"), names) == "CR"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EMPTY),
        ("A CT scan of the head", NO_OPTION),  # an article
        ("The answer is A scan", NO_OPTION),
        ("I think so", NO_OPTION),
        ("E", NO_LETTER),
        ("B. MR", "MR"),
        ("A. MR", DISAGREE),
        ("Answer: A or answer: B", "MR"),  # the last one is the final answer
        ("The answer is A. Option B is wrong.", "CT"),
        ("Option A or option B", SEVERAL),
        ("A", "CT"),
        ("b", "MR"),
        ("(c)", "US"),
        ("D.", "X-ray"),
        ("**B**", "MR"),
        ("Answer: B", "MR"),
        ("Final answer: (b)", "MR"),
        ("The correct option is C.", "US"),
        ("The answer is B because of the flow voids", "MR"),
        ("so \\boxed{D}", "X-ray"),
        ("B) MR\nThe cerebrospinal fluid is bright.", "MR"),
        ("B. The fluid is bright.", "MR"),
        ("x-ray", "X-ray"),
        ("CT or MR", NO_OPTION),  # whole words are not searched where a letter was asked for
    ],
)
def test_a_letter_is_read_only_where_it_stands_as_one(text: str, expected: object) -> None:
    assert lettered(text, SCANS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EMPTY),
        ("...", NO_OPTION),
        ("none", ()),
        ("None.", ()),
        ("A, E", NO_LETTER),
        ("A CT", NO_OPTION),
        ("AC", ("CT", "US")),
        ("c and a", ("CT", "US")),
        ("(A), (B) and (C)", ("CT", "MR", "US")),
        ("A, A", ("CT",)),
        ("A. CT\nD. X-ray", ("CT", "X-ray")),
        ("A. MR", DISAGREE),
    ],
)
def test_letters_are_read_as_a_set(text: str, expected: object) -> None:
    assert letter_set(text, SCANS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EMPTY),
        ("...", NO_OPTION),
        ("None", ()),
        ("[]", ()),
        ("edema", ("Edema",)),
        ("- Nodule\n- edema.", ("Edema", "Nodule")),
        ("1. nodule; 2. mass", ("Nodule", "mass")),  # an unknown label stays, as a false positive
        ("nodule and edema", ("Edema", "Nodule")),
        ("heart and vessels", ("Heart and vessels",)),
        ("nodule and mass", ("nodule and mass",)),
        ('["Edema", "Nodule"]', ("Edema", "Nodule")),
        ("The labels are: edema", ("the labels are: edema",)),
        ("Answer: edema, edema", ("Edema",)),
    ],
)
def test_labels_are_read_from_a_list(text: str, expected: object) -> None:
    options = ("Edema", "Heart and vessels", "Nodule")
    if text.startswith("1."):
        text = text.replace("; 2. ", "\n2. ")

    assert labels(text, options) == expected


def test_labels_that_hold_commas_are_parted_by_semicolons() -> None:
    options = ("tube, endotracheal", "line")

    assert labels("Line; tube, endotracheal", options) == options


def test_no_finding_is_a_label_where_it_is_an_option() -> None:
    assert labels("No finding", ("No Finding", "Edema")) == ("No Finding",)


def test_ranking_takes_the_likeliest_option_and_the_first_of_equal_ones() -> None:
    answer = ranked({"a": -2.0, "b": -2.0, "c": -math.inf}, ["a", "b", "c"])

    assert answer == Choice("a", {"a": 0.5, "b": 0.5, "c": 0.0})


@pytest.mark.parametrize(
    "scores", [{}, {"a": -1.0}, {"a": math.nan, "b": 0.0}, {"a": -math.inf, "b": -math.inf}, {"a": math.inf, "b": 0.0}]
)
def test_scores_that_do_not_cover_the_options_are_unparsed(scores: dict[str, float]) -> None:
    assert ranked(scores, ["a", "b"]) == BAD_SCORES


def test_labels_judged_by_themselves_are_present_from_one_half() -> None:
    answer = detected({"a": math.log(0.5), "b": math.log(0.25), "c": -math.inf}, ["a", "b", "c"])

    assert isinstance(answer, LabelSet)
    assert answer.labels == ("a",)
    assert answer.scores == pytest.approx({"a": 0.5, "b": 0.25, "c": 0.0})
    assert detected({"a": 0.0}, ["a", "b"]) == BAD_SCORES


options_drawn = st.lists(st.text(min_size=1), min_size=1, max_size=6, unique=True)


@given(st.text(), options_drawn)
def test_any_text_gives_an_option_or_unparsed(text: str, options: list[str]) -> None:
    for answer in (option(text, options), lettered(text, options)):
        assert isinstance(answer, Unparsed) or answer in options
    chosen = letter_set(text, options)
    assert isinstance(chosen, Unparsed) or set(chosen) <= set(options)
    assert isinstance(labels(text, options), tuple | Unparsed)


words = st.text("abcdefgh ", min_size=1).map(str.strip).filter(bool)


@given(st.lists(words, min_size=1, max_size=6, unique_by=lambda w: " ".join(w.split())))
def test_every_option_is_read_from_its_own_text(options: list[str]) -> None:
    assert [option(f" {o}.", options) for o in options] == options
