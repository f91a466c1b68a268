"""RadFact-style precision and recall from a judge that splits at full stops and looks statements up."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import fields, heard, sentences

from radbench.errors import ContentError
from radbench.metrics._grounded import Phrase, is_covered, phrases
from radbench.metrics.base import Excluded
from radbench.metrics.radfact import Radfact
from radbench.sample import Case, Reply

METRIC = Radfact(judge="j")


def values(*cases, by=sentences, metric=METRIC):
    rows = metric.measure([heard(metric, case, by) for case in cases])
    kept = rows.array[[reason is None for reason in rows.excluded]]
    return {name: value[0] for name, value in metric.aggregate(kept, np.ones((1, len(kept)))).items()}, rows.excluded


def test_precision_and_recall_are_shares_of_each_reports_phrases():
    found, _ = values(Case.of("A. B. C.", ["A. D."]))
    assert found == pytest.approx({"precision": 1 / 3, "recall": 1 / 2, "f1": 0.4, "phrases": 3, "reference_phrases": 2, "escaped": 0})


def test_f1_is_that_of_the_mean_precision_and_recall():
    found, _ = values(Case.of("A.", ["A. B."]), Case.of("A. B.", ["A."]))
    assert (found["precision"], found["recall"], found["f1"]) == (0.75, 0.75, 0.75)  # the mean of both F1 would be 2/3


def test_nothing_right_is_zero():
    found, _ = values(Case.of("A.", ["B."]))
    assert (found["precision"], found["recall"], found["f1"]) == (0.0, 0.0, 0.0)


def test_a_silent_candidate_has_a_recall_of_zero_and_no_precision_and_needs_one_question():
    case = heard(METRIC, Case.of(None, ["A. B."]), sentences)
    assert len(case.annotations) == 1
    found, _ = values(case, Case.of("A.", ["A."]))
    assert (found["precision"], found["recall"]) == (1.0, 0.5)


def test_a_reference_without_a_statement_entails_nothing():
    found, excluded = values(Case.of("A.", ["..."]), Case.of("...", ["..."]), Case.of("A.", [" "]))
    assert found["precision"] == 0.0
    assert str(found["recall"]) == "nan"
    assert excluded == (None, "no statement in candidate or reference", "no reference text")


def test_of_two_references_the_better_counts():
    found, _ = values(Case.of("A. B.", ["C.", "A. B. C."]))
    assert (found["precision"], found["recall"]) == (1.0, pytest.approx(2 / 3))


def test_each_phrase_is_a_question_of_its_own_about_the_other_report():
    case = Case.of("A. B.", ["C."])
    first = METRIC.asks(case, ())
    replies = [sentences(ask.request) for ask in first]
    second = METRIC.asks(case, replies)
    assert [fields(ask.request) for ask in second] == [["- C", "A"], ["- C", "B"], ["- A\n- B", "C"]]
    assert METRIC.asks(case, [*replies, *[sentences(ask.request) for ask in second]]) == []


def test_unreadable_answers_of_either_step_are_asked_again_and_then_leave_the_case_out():
    stubborn = values(Case.of("A.", ["A."]), by=lambda request: "hm")
    assert stubborn[1] == ("unparsed judge reply",)

    def unsure(request):
        return sentences(request) if len(fields(request)) == 1 else '{"status": "perhaps"}'

    assert values(Case.of("A.", ["A."]), by=unsure)[1] == ("unparsed judge reply",)
    said = ['{"phrases": ["A"]}', "hm", '{"phrases": ["A"]}', "hm", '{"status": "entailment"}', '{"status": "entailment"}']
    (row,) = METRIC.measure([heard(METRIC, Case.of("A.", ["A."]), said)]).array
    assert METRIC.value(row[None])["f1"] == [1.0]


def test_a_judge_that_fails_or_was_not_asked_leaves_the_case_out():
    assert values(Case.of("A.", ["A."]), by=lambda _: Reply(error="gone"))[1] == ("annotator failed",)
    assert METRIC.row(Case.of("A.", ["A."])) == Excluded("judge not asked")


GROUNDED = Radfact(judge="j", grounded=True)
LEFT, RIGHT, UPPER_LEFT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0), (0.0, 0.0, 0.5, 0.5)


def report(**said: tuple[float, ...] | None) -> str:
    """A grounded report of phrases, each with one box or none."""
    named = ("x_min", "y_min", "x_max", "y_max")
    return json.dumps([{"text": text, "boxes": [dict(zip(named, box, strict=True))] if box else None} for text, box in said.items()])


def test_boxes_count_only_where_the_phrase_follows_and_its_evidence_covers_them():
    # Candidate: A follows and is placed right, B follows and is placed wrong, C is wrong, D follows and has no box.
    candidate = report(A=UPPER_LEFT, B=LEFT, C=LEFT, D=None)
    reference = report(A=LEFT, B=RIGHT, D=None)
    case = heard(GROUNDED, Case.of(candidate, [reference]), sentences)
    found, _ = values(case, metric=GROUNDED)

    assert len(case.annotations) == 4 + 3  # a question for each phrase, none to split the reports
    assert (found["precision"], found["recall"]) == (3 / 4, 1.0)
    assert (found["spatial_precision"], found["grounding_precision"]) == (pytest.approx(1 / 3), 1 / 2)
    # Reference: A follows, but half of its box is not covered by the candidate's, and more than half is wanted.
    assert (found["spatial_recall"], found["grounding_recall"]) == (0.0, 0.0)
    assert (found["spatial_f1"], found["grounding_f1"]) == (0.0, 0.0)


def test_phrases_without_boxes_leave_the_values_of_boxes_undefined():
    found, _ = values(Case.of(report(A=None), [report(A=None)]), metric=GROUNDED)

    assert found["f1"] == 1.0
    assert np.isnan([found["spatial_precision"], found["spatial_f1"], found["grounding_recall"]]).all()


def test_a_text_that_is_no_grounded_report_leaves_the_case_out():
    broken = report(A=(0, 0, 0.5, 1.5))
    _, excluded = values(Case.of("A.", [report(A=LEFT)]), Case.of(broken, [report(A=LEFT)]), metric=GROUNDED)

    assert excluded == ("no list of phrases with boxes",) * 2
    assert values(Case.of(None, [report(A=LEFT)]), Case.of(report(A=LEFT), [report(A=LEFT)]), metric=GROUNDED)[0]["spatial_recall"] == 0.5


def test_evidence_that_is_no_phrase_of_the_other_report_covers_nothing():
    vague = values(
        Case.of(report(A=LEFT), [report(A=LEFT)]), by=lambda _: '{"status": "entailment", "evidence": ["see above", 3]}', metric=GROUNDED
    )
    assert (vague[0]["f1"], vague[0]["spatial_f1"]) == (1.0, 0.0)


corner = st.floats(0, 1)
boxes = st.lists(st.tuples(corner, corner, corner, corner), max_size=3)


@settings(max_examples=25)
@given(boxes, boxes)
def test_covered_is_more_than_half_of_the_pixels(some, others):
    def pixels(of):
        return {(x, y) for a, b, c, d in of for x in range(int(a * 224), int(c * 224)) for y in range(int(b * 224), int(d * 224))}

    assert is_covered(some, others) == (len(pixels(some) & pixels(others)) > len(pixels(some)) / 2)


@given(st.text())
def test_any_text_has_phrases_or_is_no_grounded_report(text):
    found = phrases(text)
    assert isinstance(found, Excluded) or all(isinstance(phrase, Phrase) for phrase in found)


def test_repeats_put_each_decision_again_and_their_shares_are_averaged():
    metric = Radfact(judge="j", repeats=3)
    says = iter(["entailment", "entailment", "neutral"])

    def wavering(request):
        if len(fields(request)) == 1:
            return sentences(request)
        return json.dumps({"status": next(says) if request.turns[-1].parts[0].endswith('"""A"""') else "entailment"})

    found, _ = values(Case.of("A.", ["B."]), by=wavering, metric=metric)
    assert (found["precision"], found["recall"]) == (pytest.approx(2 / 3), 1.0)
    assert found["agreement"] == pytest.approx((1 + 3) / 6)  # of A one pair of three, of B all three
    assert metric.signature()["repeats"] == "3"
    with pytest.raises(ContentError, match="`repeats`: expected 1 or more"):
        Radfact(judge="j", repeats=0)


def test_a_decision_counts_by_its_readable_repeats():
    metric = Radfact(judge="j", repeats=2)
    answers = ['{"phrases": ["A"]}', '{"phrases": ["A"]}', *['{"status": "entailment"}', "hm"] * 2, "hm", "hm"]

    found, excluded = values(Case.of("A.", ["A."]), by=answers, metric=metric)
    assert excluded == ("unparsed judge reply",)
    answers = ['{"phrases": ["A"]}', '{"phrases": ["A"]}', *['{"status": "entailment"}'] * 2, "hm", "hm", "hm", "hm"]
    found, excluded = values(Case.of("A.", ["A."]), by=answers, metric=metric)
    assert (excluded, found["f1"]) == ((None,), 1.0)
    assert str(found["agreement"]) == "nan"
