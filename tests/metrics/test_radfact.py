"""RadFact-style precision and recall from a judge that splits at full stops and looks statements up."""

from __future__ import annotations

import numpy as np
import pytest
from judges import fields, heard, sentences

from radbench.metrics.base import Excluded
from radbench.metrics.radfact import Radfact
from radbench.sample import Case, Reply

METRIC = Radfact(judge="j")


def values(*cases, by=sentences):
    rows = METRIC.measure([heard(METRIC, case, by) for case in cases])
    kept = rows.array[[reason is None for reason in rows.excluded]]
    return {name: value[0] for name, value in METRIC.aggregate(kept, np.ones((1, len(kept)))).items()}, rows.excluded


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
