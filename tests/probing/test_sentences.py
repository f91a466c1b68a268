"""Sentences of reports: where they stand, under which head, what they state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.probing._sentences import inserted, rewritten, sentences, without

REPORT = "INDICATION: Pneumonia? FINDINGS: Dr. Who saw a 1.2 cm nodule. No effusion.\nIMPRESSION:\n1. Nodule.\n2) Clear bases"


def test_heads_markers_abbreviations_and_decimals_end_no_sentence():
    assert [(s.head, s.text, s.is_item) for s in sentences(REPORT)] == [
        ("indication", "Pneumonia?", False),
        ("findings", "Dr. Who saw a 1.2 cm nodule.", False),
        ("findings", "No effusion.", False),
        ("impression", "Nodule.", True),
        ("impression", "Clear bases", True),
    ]


def test_what_was_asked_is_no_finding():
    assert [s.is_positive for s in sentences(REPORT)] == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("text", "is_positive"),
    [
        ("Small left effusion.", True),
        ("No change in the effusion.", True),
        ("The effusion has not changed.", True),
        ("The effusion has resolved.", False),
        ("Lungs clear.", False),
        ("Massive swelling.", False),
        ("No mass.", False),
    ],
)
def test_a_finding_is_present_unless_it_is_denied(text: str, is_positive: bool):
    (sentence,) = sentences(text)
    assert sentence.is_positive is is_positive


@given(st.text(alphabet=st.sampled_from("aB1.!?: -\n)"), max_size=60))
def test_sentences_stand_where_they_say_in_order_and_apart(text: str):
    end = 0
    for sentence in sentences(text):
        assert end <= sentence.item_start <= sentence.start < sentence.end <= len(text)
        assert text[sentence.start : sentence.end] == sentence.text
        end = sentence.end
    assert rewritten(text, lambda _: None) is None


def test_sentences_are_left_out_replaced_and_put_in():
    one, two = sentences("Findings: One. Two.\nImpression: Three.")[:2]
    assert without("Findings: One. Two.\nImpression: Three.", [one]) == "Findings: Two.\nImpression: Three."
    assert without("Findings: One. Two.\nImpression: Three.", [two]) == "Findings: One.\nImpression: Three."
    assert without("One.", sentences("One.")) is None
    assert rewritten("One. Two.", lambda s: "Three." if s.text == "Two." else None) == "One. Three."
    assert inserted("Findings: One\nImpression: Two.", "New.") == "Findings: One. New.\nImpression: Two."
    assert inserted("Impression: Two.", "New.") == "Impression: Two. New."
