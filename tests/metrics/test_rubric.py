"""Marks for rationales."""

from __future__ import annotations

import pytest
from judges import heard, user_text

from radbench.metrics.base import Excluded
from radbench.metrics.rubric import ANCHORS, Rubric
from radbench.sample import Case, Choice, Unparsed

METRIC = Rubric(judge="j")
CASE = Case.of(
    Choice("pneumonia", rationale="Air bronchograms."), [Choice("pneumonia", rationale="Lobar opacity.")], texts={"question": "Why?"}
)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Score: 4\nReason: fine", 4),
        ("**Score:** 1", 1),
        ("Reason: no opacity, score low\nScore: 2", 2),
        ("score: 5.", 5),
        ("Score: 3, since the side is missing\n**Score: 3**", 3),
        ("Score: 3/5", None),
    ],
)
def test_a_mark_is_read_from_its_line(text, mark):
    found = METRIC.read(text)
    assert isinstance(found, Unparsed) if mark is None else found == [mark]


@pytest.mark.parametrize(
    "text",
    [
        *["", "4", "Score: 0", "Score: 6", "Score: 3.5", "Score: four", "Score: 2\nScore: 4", "Score: 45", "the score: 4"],
        *["Score: 4 or 5", "Score: 3-4", "Score: 3 to 4.", "Score: 5 out of 5", "Score: 4\nScore: 3 or 4"],
    ],
)
def test_anything_else_is_unparsed(text):
    assert isinstance(METRIC.read(text), Unparsed)


def test_diagnosis_and_rationale_are_shown():
    (ask,) = METRIC.asks(CASE, ())
    shown = user_text(ask.request)
    assert '"""Why?"""' in shown
    assert '"""Diagnosis: pneumonia\nAir bronchograms."""' in shown
    assert '"""Diagnosis: pneumonia\nLobar opacity."""' in shown


def test_the_anchors_are_those_of_the_prompt():
    assert [f"{mark}: " in METRIC.prompt.user for mark in ANCHORS] == [True] * 5


def test_the_value_is_the_mean_mark():
    rows = METRIC.measure([heard(METRIC, CASE, ["Score: 5"]), heard(METRIC, CASE, ["Score: 2"]), heard(METRIC, CASE, ["hm", "hm"])])
    assert rows.excluded == (None, None, "unparsed judge reply")
    assert METRIC.value(rows.array[:2].sum(0, keepdims=True))["rubric"] == [3.5]


@pytest.mark.parametrize("answer", [None, "", " ", Unparsed("a table")])
def test_a_missing_answer_gets_the_worst_mark_without_a_question(answer):
    case = Case.of(answer, ["Lobar opacity."])
    assert METRIC.asks(case, ()) == ()
    assert METRIC.value(METRIC.measure([case]).array)["rubric"] == [1.0]


def test_a_case_without_a_reference_is_left_out():
    assert METRIC.measure([Case.of("x", [""]), Case.of("", [""])]).excluded == ("no reference text",) * 2
    assert METRIC.row(Case.of("x", [""])) == Excluded("no reference text")
