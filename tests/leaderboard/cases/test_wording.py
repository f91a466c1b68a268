"""Word differences of two texts, and how they stand on a page."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.leaderboard.cases.wording import Place, difference, marked, placed
from radbench.metrics.base import Objection

WORDS = st.lists(st.sampled_from(["no", "No,", "effusion", "effusion.", "left", "<b>", "&amp;", "µ"]), max_size=12).map(" ".join)
TEXTS = WORDS | st.text(max_size=60)


def longest(old: list[str], new: list[str]) -> int:
    """The length of a longest common subsequence, by the textbook's table."""
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, word in enumerate(old):
        for j, other in enumerate(new):
            table[i + 1][j + 1] = table[i][j] + 1 if word == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@given(TEXTS, TEXTS)
def test_the_pieces_of_each_side_joined_are_its_text(reference: str, candidate: str):
    old, new = difference(reference, candidate)
    assert "".join(piece.text for piece in old) == reference
    assert "".join(piece.text for piece in new) == candidate


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_what_is_shared_is_a_longest_common_subsequence(old: list[str], new: list[str]):
    sides = difference(" ".join(old), " ".join(new))
    first, second = ("".join(piece.text + " " for piece in side if piece.is_shared).split() for side in sides)
    assert first == second
    assert len(first) == longest(old, new)


@given(TEXTS)
def test_a_text_differs_in_nothing_from_itself(text: str):
    assert all(piece.is_shared for side in difference(text, text) for piece in side)


def test_case_and_marks_around_a_word_do_not_make_it_another():
    assert all(piece.is_shared for side in difference("No effusion.", "no effusion, ") for piece in side)


@given(TEXTS, TEXTS, st.lists(st.tuples(st.integers(-2, 70), st.integers(-2, 70)), max_size=4))
def test_the_html_without_its_tags_is_the_text_and_holds_no_tag_of_the_text(reference: str, candidate: str, places: list[tuple[int, int]]):
    html = marked(difference(reference, candidate)[1], "candidate", [Place(start, end, '"><script>') for start, end in places])
    without_numbers = re.sub(r"<sup>\d+</sup>", "", html)
    tags = re.findall(r"<[^>]*>", without_numbers)
    assert {tag.split()[0].strip("</>") for tag in tags} <= {"ins", "mark"}
    assert unescape(re.sub(r"<[^>]*>", "", without_numbers)) == unescape(candidate) or "&" in candidate or "\0" in candidate


def test_additions_and_omissions_have_elements_of_their_own():
    old, new = difference("Small left effusion", "Large left effusion")
    assert marked(old, "reference") == "<del>Small </del>left effusion"
    assert marked(new, "candidate") == "<ins>Large </ins>left effusion"


def test_a_marked_place_may_begin_inside_a_piece_and_carries_its_number():
    _, new = difference("Unchanged nodule", "Unchanged nodule of 9 mm")
    html = marked(new, "candidate", [Place(10, 19, "a & b")])
    assert (
        html == 'Unchanged <mark title="a &amp; b">nodule </mark><mark title="a &amp; b"><ins>of</ins></mark><sup>1</sup><ins> 9 mm</ins>'
    )


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_markup_in_a_report_is_text(text: str):
    html = marked(difference("", text)[1], "candidate")
    assert re.findall(r"<[^>]*>", html) == ["<ins>", "</ins>"]


def test_long_reports_are_compared_whole():
    words = [f"w{i % 700}" for i in range(4000)]
    old, new = difference(" ".join(words), " ".join([*words[:2000], "other", *words[2000:]]))
    assert [piece.text for piece in new if not piece.is_shared] == ["other "]
    assert all(piece.is_shared for piece in old)


def test_words_are_found_whatever_their_letter_case_and_the_marks_between_them():
    (place,), rest = placed("No change. A 9-mm (left) nodule; stable.", [("m", Objection("false", "9 mm left  NODULE", note="size"))])
    assert (place.start, place.end, place.note) == (13, 31, "m: false: size")
    assert rest == []


def test_a_place_that_a_metric_gives_is_taken_and_places_come_in_the_order_of_the_text():
    errors = [("b", Objection("late", "nodule")), ("a", Objection("said", "nodule", place=(0, 6)))]
    assert [(place.start, place.note) for place in placed("Nodule. A nodule.", errors)[0]] == [(0, "b: late"), (0, "a: said")]


def test_words_that_stand_nowhere_in_part_of_a_word_or_are_not_told_are_listed():
    errors = [
        ("m", Objection("false", "mass")),
        ("m", Objection("false", "nod")),
        ("m", Objection("false", "...")),
        ("m", Objection("omitted", n=3)),
    ]
    assert placed("A nodule.", errors) == ([], ["m: false: “mass”", "m: false: “nod”", "m: false: “...”", "m: 3 times omitted"])


@given(WORDS, WORDS)
def test_whatever_is_found_are_the_words_but_for_case_and_marks(text: str, words: str):
    places, rest = placed(text, [("m", Objection("e", words))])
    assert len(places) + len(rest) == 1
    for place in places:
        found = re.findall(r"\w+", text[place.start : place.end])
        assert [word.casefold() for word in found] == [word.casefold() for word in re.findall(r"\w+", words)]
