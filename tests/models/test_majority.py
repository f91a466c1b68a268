from __future__ import annotations

import math

import pytest

from radbench.errors import ContentError, ModelError
from radbench.models.base import Example
from radbench.models.majority import Majority
from radbench.sample import Request, Turn


def _request(text: str, *options: str) -> Request:
    return Request(turns=(Turn("user", (text,)),), options=options)


def _learned(*examples: tuple[str, tuple[str, ...], str], by: str = "options") -> Majority:
    model = Majority(by=by)
    model.learn([Example(_request(text, *options), target) for text, options, target in examples])
    return model


def _answer(model: Majority, text: str, *options: str) -> str:
    return model.generate([_request(text, *options)])[0].output


YES_NO = ("yes", "no")


def test_the_most_frequent_target_is_answered():
    assert _answer(_learned(("a", (), "CT"), ("b", (), "MR"), ("c", (), "MR")), "d") == "MR"


def test_of_equally_frequent_targets_the_first_in_sorted_order_is_answered():
    assert _answer(_learned(("a", (), "MR"), ("b", (), "CT"), ("c", (), "MR"), ("d", (), "CT")), "e") == "CT"


def test_yes_no_questions_and_open_ones_have_majorities_of_their_own():
    model = _learned(("a", YES_NO, "no"), ("b", YES_NO, "no"), ("c", (), "lung"), ("d", (), "lung"), ("e", (), "lung"))
    assert (_answer(model, "f", *YES_NO), _answer(model, "f")) == ("no", "lung")


def test_the_order_of_options_does_not_make_another_group():
    assert _answer(_learned(("a", YES_NO, "no"), ("b", YES_NO, "no"), *[("c", (), "lung")] * 3), "d", "no", "yes") == "no"


def test_options_not_seen_in_training_fall_back_on_all_targets():
    assert _answer(_learned(("a", YES_NO, "no"), ("b", YES_NO, "no"), ("c", (), "lung")), "d", "left", "right") == "no"


def test_by_question_each_question_has_its_own_majority():
    model = _learned(("Which organ?", (), "lung"), ("which  organ?", (), "lung"), *[("Which plane?", (), "axial")] * 3, by="question")
    assert (_answer(model, "Which organ?"), _answer(model, "Which plane?"), _answer(model, "Which side?")) == ("lung", "axial", "axial")


def test_by_all_there_is_one_majority():
    model = _learned(*[("a", YES_NO, "no")] * 2, *[("c", (), "lung")] * 3, by="all")
    assert _answer(model, "f", *YES_NO) == "lung"


def test_of_reports_that_all_differ_the_one_nearest_to_the_others_is_answered():
    # sets of words: the second shares 3 of 3 and 4 words with the first (6/7) and 2 with the third (4/8); the others share less
    reports = ("heart size normal", "heart size normal today", "size today changed much")
    assert _answer(_learned(*[("Describe.", (), report) for report in reports]), "Describe.") == reports[1]


def test_a_thousand_reports_have_the_same_medoid_in_any_order():
    reports = [("Describe.", (), f"opacity {i} in zone {i % 7} of {i % 3} lung") for i in range(1000)]
    assert _answer(_learned(*reports), "Describe.") == _answer(_learned(*reversed(reports)), "Describe.")


def test_options_are_ranked_by_their_smoothed_relative_frequency():
    model = _learned(*[("a", YES_NO, "no")] * 5, *[("b", YES_NO, "yes")] * 2, ("c", (), "yes"))
    (reply,) = model.rank([_request("d", *YES_NO)])
    assert reply.output == pytest.approx({"yes": math.log(3 / 9), "no": math.log(6 / 9)})


def test_each_label_of_a_set_is_ranked_by_the_share_of_targets_that_list_it():
    labels = ("nodule", "oedema", "mass, other")
    model = _learned(("a", labels, "nodule; mass, other"), ("b", labels, "nodule"), ("c", labels, "mass, other"), ("d", labels, "none"))
    (reply,) = model.rank([_request("e", *labels)])
    assert reply.output == pytest.approx({"nodule": math.log(3 / 6), "oedema": math.log(1 / 6), "mass, other": math.log(3 / 6)})


def test_the_task_before_is_forgotten():
    model = _learned(("a", (), "CT"))
    model.learn([Example(_request("a"), "MR")])
    assert _answer(model, "a") == "MR"


def test_asked_before_it_learned_it_says_what_is_missing():
    with pytest.raises(ModelError, match="learned nothing: it needs a task with a `train` split"):
        Majority().generate([_request("a")])
    with pytest.raises(ModelError, match="learned nothing"):
        Majority().rank([_request("a", *YES_NO)])


def test_an_unknown_grouping_is_refused():
    with pytest.raises(ContentError, match="`by` should be one of all, options, question, got `organ`"):
        Majority(by="organ")
