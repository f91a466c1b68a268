"""Words of change: sets of whole words, the published value where there are none, and replies without an answer."""

from __future__ import annotations

import numpy as np
import pytest

from radbench.metrics.base import Excluded
from radbench.metrics.temporal import KEYWORDS, Temporal, words_of_change
from radbench.sample import Case


def values(*cases):
    metric = Temporal()
    rows = metric.measure(cases)
    return {name: array[0] for name, array in metric.aggregate(rows.array, np.ones((1, len(cases)))).items()}


def test_words_are_whole_in_any_case_and_counted_once():
    assert words_of_change("NEW effusion, newer line; new renewal. Stably_unchanged-worse") == {"new", "stably", "unchanged", "worse"}


def test_the_keywords_are_44():
    assert len(KEYWORDS) == 44


def test_f1_compares_the_sets_of_both_texts():
    found = values(Case.of("New effusion, stable heart, larger mass.", ["New effusion. Stable heart. Resolved edema. Unchanged."]))
    assert found["temporal_f1"] == found["temporal_f1_mentioned"] == pytest.approx(2 * 2 / (3 + 4))


def test_a_case_without_such_words_counts_one_in_the_published_value_and_is_left_out_of_the_other():
    found = values(Case.of("Clear.", ["Normal."]), Case.of("New effusion.", ["Normal."]), Case.of("Clear.", ["Stable effusion."]))
    assert found == {"temporal_f1": pytest.approx(1 / 3), "temporal_f1_mentioned": 0, "temporal_mentioned": pytest.approx(2 / 3)}


def test_the_words_of_all_references_are_taken_together():
    assert values(Case.of("New and larger.", ["New mass.", "Larger mass."]))["temporal_f1"] == 1


def test_a_reply_without_an_answer_counts_zero_even_where_nothing_was_to_be_said():
    assert values(Case.of(None, ["Normal."]))["temporal_f1"] == 0


def test_a_reply_without_an_answer_makes_no_reference_speak_of_change():
    found = values(Case.of(None, ["Normal."]), Case.of(None, ["Stable effusion."]), Case.of("Stable.", ["Stable effusion."]))
    assert found == {"temporal_f1": pytest.approx(1 / 3), "temporal_f1_mentioned": 1 / 2, "temporal_mentioned": pytest.approx(2 / 3)}


def test_a_case_without_a_reference_text_is_left_out():
    assert Temporal().row(Case.of("New.", [" "])) == Excluded("no reference text")
    assert Temporal().missing(Case.of(None, [])) == Excluded("no reference text")
