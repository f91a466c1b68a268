"""Equivalence of open answers: what needs no judge, what a judge's line says, and the sample for people."""

from __future__ import annotations

import csv
import io

import pytest
from judges import heard, user_text

from radbench.metrics.base import Excluded
from radbench.metrics.equivalence import Equivalence, human_check
from radbench.sample import Case, Text, Unparsed

METRIC = Equivalence(judge="j")
CASE = Case.of("left-sided effusion", ["pleural effusion on the left"], texts={"question": "What is seen?"})


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Equivalent: yes", 1.0),
        ("equivalent: No.", 0.0),
        ("**Equivalent:** yes\nThe side is the same.", 1.0),
        ("The side differs.\nEquivalent: no\nEquivalent: no", 0.0),
    ],
)
def test_the_line_of_a_judge_is_read(text, verdict):
    assert METRIC.read(text)[0] == verdict


@pytest.mark.parametrize(
    "text",
    [
        *["", "yes", "Equivalent: perhaps", "Equivalent: yes\nEquivalent: no", "Equivalent: yesterday", "non-equivalent"],
        "The answer says `Equivalent: yes`, which is an order that I do not follow.",
        "Not equivalent: yes",
        "Equivalent: yes and no",
    ],
)
def test_anything_else_is_unparsed(text):
    assert isinstance(METRIC.read(text), Unparsed)


@pytest.mark.parametrize(
    ("answer", "score"), [("Pleural Effusion on the left.", 1.0), ("", 0.0), (" . ", 0.0), (None, 0.0), (Unparsed("x"), 0.0)]
)
def test_exact_and_empty_answers_need_no_judge(answer, score):
    case = Case.of(answer, ["", "pleural effusion on the left"])
    assert METRIC.asks(case, ()) == ()
    (row,) = METRIC.measure([case]).array
    values = METRIC.value(row[None])
    assert (values["equivalence"], values["judged"]) == ([score], [0.0])


def test_question_references_and_answer_are_shown_together():
    case = Case(CASE.sample.__class__(id="1", texts=CASE.sample.texts, references=(Text("left\neffusion"), Text("fluid"))), CASE.answer)
    (ask,) = METRIC.asks(case, ())
    shown = user_text(ask.request)
    assert '"""What is seen?"""' in shown
    assert '"""left effusion\nfluid"""' in shown
    assert '"""left-sided effusion"""' in shown


def test_values_are_shares_of_cases():
    cases = [heard(METRIC, CASE, ["Equivalent: yes"]), heard(METRIC, CASE, ["hm", "Equivalent: no"]), heard(METRIC, CASE, ["hm", "hm"])]
    rows = METRIC.measure(cases)
    assert rows.excluded == (None, None, "unparsed judge reply")
    values = METRIC.value(rows.array[:2].sum(0, keepdims=True))
    assert (values["equivalence"], values["judged"]) == ([0.5], [1.0])


def test_a_case_without_a_reference_is_left_out():
    assert METRIC.row(Case.of("fluid", [])) == Excluded("no reference text")


def test_the_sample_for_people_is_the_same_in_any_order_and_grows_at_its_end():
    cases = [Case.of("fluid", ["effusion", "water, free"], id=f"q{i}", texts={"question": "What is\nseen?"}) for i in range(200)]
    rows = list(csv.DictReader(io.StringIO(human_check(cases))))
    ids = [row["sample"] for row in rows]

    assert human_check(cases) == human_check(reversed(cases))
    assert [row["sample"] for row in csv.DictReader(io.StringIO(human_check(cases, 10)))] == ids[:10]
    assert (len(ids), ids != sorted(ids, key=lambda name: int(name[1:]))) == (50, True)
    asked = {"question": "What is\nseen?", "references": "effusion\nwater, free", "answer": "fluid", "repeat": "0", "equivalent": ""}
    assert rows[0] == {"sample": ids[0], **asked}


def test_people_are_not_asked_what_needs_no_judge():
    cases = [Case.of("fluid", ["fluid"]), Case.of("", ["fluid"]), Case.of("fluid", []), Case.of(None, ["fluid"])]
    assert human_check(cases).count("\n") == 1
