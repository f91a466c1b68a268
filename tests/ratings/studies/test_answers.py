"""Fields of a form as answers, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rating_studies import ANSWERS, draft

from radbench.ratings.studies.answers import AnswerError, n_rows, read_answer, scales, to_fields

TEXT = "Findings: The heart is large.\nNo effusion. The heart is round. \U0001f600 Nodule."


@pytest.mark.parametrize("mode", ["ordinal", "errors", "ab", "spans"])
def test_the_fields_of_an_answer_give_the_answer_again(mode):
    answer = read_answer(ANSWERS[mode], draft(mode), TEXT)

    assert read_answer(to_fields(answer), draft(mode), TEXT) == answer


@pytest.mark.parametrize(
    ("mode", "fields", "message"),
    [
        ("ordinal", {}, "quality: choose one of 1 to 5"),
        ("ordinal", {"score.quality": "6"}, "choose one of 1 to 5"),
        ("errors", {"count.omission_finding.significant": "-1"}, "omission finding, significant: a count from 0 to 99, got `-1`"),
        ("errors", {"count.omission_finding.significant": "100"}, "from 0 to 99"),
        ("errors", {"count.omission_finding.significant": "²"}, "from 0 to 99"),
        ("ab", {}, "preference: choose the left report"),
        ("ab", {"choice.preference": "left"}, "by how much: slightly or clearly"),
        ("ab", {"choice.preference": "left", "strength.preference": "3"}, "by how much"),
        ("spans", {"span.0.words": "heart"}, "error 1: choose its category"),
        ("spans", {"span.1.words": "heart", "span.1.category": "omission_finding"}, "error 2: say whether it is significant"),
        ("spans", {**ANSWERS["spans"], "span.0.words": "spleen"}, "these words do not stand in the report"),
    ],
)
def test_what_is_missing_is_said_to_the_rater(mode, fields, message):
    with pytest.raises(AnswerError, match=message):
        read_answer(fields, draft(mode), TEXT)


def test_counts_left_blank_are_none():
    answer = read_answer({"count.incorrect_location.insignificant": "3"}, draft("errors"), TEXT)

    assert answer["errors"]["incorrect_location"] == {"significant": 0, "insignificant": 3}
    assert sum(sum(counts.values()) for counts in answer["errors"].values()) == 3


@pytest.mark.parametrize("choice", ["tie", "both_bad"])
def test_a_tie_has_no_strength(choice):
    answer = read_answer({"choice.preference": choice, "strength.preference": "2"}, draft("ab"), TEXT)

    assert answer["choices"] == {"preference": {"choice": choice}}


def test_a_preference_without_strengths_asks_for_none():
    answer = read_answer({"choice.preference": "left"}, draft("ab", strengths=[]), TEXT)

    assert answer["choices"] == {"preference": {"choice": "left"}}


def span(**fields: str) -> dict:
    form = {f"span.0.{name}": value for name, value in fields.items()}
    (found,) = read_answer({**ANSWERS["spans"], **form}, draft("spans"), TEXT)["spans"]
    return found


def test_words_are_found_where_they_were_marked_or_first_stand():
    assert span(words="heart")["start"] == TEXT.index("heart")
    assert span(words="heart", start=str(TEXT.rindex("heart")))["start"] == TEXT.rindex("heart")
    assert span(words="heart", start="3")["start"] == TEXT.index("heart")
    assert span(words="Nodule", start=str(TEXT.index("Nodule")))["start"] == TEXT.index("Nodule")


def test_words_over_a_line_end_are_found_as_browsers_send_them():
    assert span(words="large.\r\nNo effusion")["start"] == TEXT.index("large")


def test_an_omission_has_no_words():
    assert span(words="") == {"start": None, "words": "", "category": "incorrect_severity", "significance": "significant"}


@given(
    st.dictionaries(
        st.sampled_from(["span.0.words", "span.x.words", "span.0.start", "count.a.b", "score.quality", "do"]), st.text(), max_size=6
    )
)
def test_any_form_gives_an_answer_or_a_remark(fields):
    for mode in ANSWERS:
        try:
            answer = read_answer(fields, draft(mode), TEXT)
        except AnswerError:
            continue
        assert read_answer(to_fields(answer), draft(mode), TEXT) == answer
    assert n_rows(fields) >= 4


def test_the_scales_say_what_values_mean():
    assert (scales(draft("ordinal"))["quality"].low, scales(draft("ordinal"))["quality"].high) == (1, 5)
    assert scales(draft("errors"))["errors"].lower_is_better
    assert scales(draft("ab"))["preference"].kind == "preference"
