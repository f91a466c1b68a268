from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.metrics.answer_text import AnswerText, normalise
from radbench.sample import Case, Choice, Unparsed


def row(candidate: str, *references: str, articles: str = "kept") -> list[float]:
    return AnswerText(articles=articles).row(Case.of(candidate, list(references))).tolist()


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("", ""),
        (" \n", ""),
        ("?", ""),
        ("Yes.", "yes"),
        (" Left  lower\tlobe !? ", "left lower lobe"),
        ("3.5 cm.", "3.5 cm"),
        ("+", "+"),
        ("Grade II (mild)", "grade ii (mild)"),
        ("Ödem,", "ödem"),
    ],
)
def test_normal_form_is_lower_case_without_outer_blanks_and_final_punctuation(text: str, normal: str) -> None:
    assert normalise(text) == normal


@given(st.text(max_size=30), st.booleans())
def test_normalising_twice_changes_nothing(text: str, drop_articles: bool) -> None:
    once = normalise(text, drop_articles=drop_articles)

    assert normalise(once, drop_articles=drop_articles) == once


@pytest.mark.parametrize(
    ("candidate", "reference", "expected"),
    [
        ("Right lung.", "right lung", [1, 1, 1, 1]),
        ("the right lung", "right lung", [0, 2 * 2 / (3 + 2), 1, 1]),
        ("lung", "right lung", [0, 2 * 1 / (1 + 2), 1 / 2, 1]),
        ("lung lung", "right lung", [0, 2 * 1 / (2 + 2), 1 / 2, 1]),  # a word counts as often as both hold it
        ("X-ray", "x ray", [0, 1, 1, 1]),
        ("liver", "right lung", [0, 0, 0, 1]),
        ("", "right lung", [0, 0, 0, 1]),
        ("+", "-", [0, 0, 0, 1]),
        ("+.", "+", [1, 1, 1, 1]),
    ],
)
def test_scores_of_one_reference(candidate: str, reference: str, expected: list[float]) -> None:
    assert row(candidate, reference) == pytest.approx(expected)


def test_each_score_takes_its_best_reference() -> None:
    # F1 against the first 2*1/(1+2), recall 1/2; against the second 2*1/(1+6), recall 1/6
    assert row("ct", "chest ct", "a ct scan of the chest") == pytest.approx([0, 2 / 3, 1 / 2, 1])
    assert row("ct", "mri", "CT") == [1, 1, 1, 1]


def test_articles_are_dropped_only_when_asked() -> None:
    assert row("the left lung", "left lung")[0] == 0
    assert row("the left lung", "left lung", articles="dropped") == [1, 1, 1, 1]
    assert row("anterior", "an anterior", articles="dropped") == [1, 1, 1, 1]


@pytest.mark.parametrize("references", [[], [""], ["?"]])
def test_a_case_whose_references_are_empty_is_left_out(references: list[str]) -> None:
    assert AnswerText().measure([Case.of("yes", references)]).excluded == ("no reference text",)


def test_choices_compare_by_label_and_unreadable_answers_score_zero() -> None:
    rows = AnswerText().measure([Case.of(Choice("Yes"), ["yes"]), Case.of(Unparsed("both"), ["yes"]), Case.of(None, ["yes"])])

    assert rows.array.tolist() == [[1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 1]]


def test_values_are_weighted_means_and_undefined_without_weight() -> None:
    metric = AnswerText()
    rows = metric.measure([Case.of("yes", ["yes"]), Case.of("no", ["yes"])]).array

    assert metric.aggregate(rows, np.array([[3.0, 1.0], [0.0, 0.0]]))["exact_match"] == pytest.approx([0.75, np.nan], nan_ok=True)


def test_the_signature_names_what_becomes_of_articles() -> None:
    assert AnswerText(articles="dropped").signature() == {"articles": "dropped"}
