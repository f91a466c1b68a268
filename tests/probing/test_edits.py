"""Edits of reports: each does what it says and no more, on reports put together at random."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.catalog import Catalog
from radbench.probing import _statements as statements
from radbench.probing import _swaps as swaps
from radbench.probing import _wordings as wordings
from radbench.probing._sentences import compares, sentences
from radbench.probing.edits import EDITS, MOST_TOGETHER, UNEDITED, together, versions
from radbench.probing.reports import Report, own_reports

PRESENT = (
    "There is a small left pleural effusion.",
    "A 9 mm nodule lies in the right upper lobe.",
    "Mild cardiomegaly.",
    "The mediastinum is widened.",
    "There are patchy opacities in both lower lobes.",
    "A mass of 3.5 x 2 cm is seen at the left hilum.",
)
ABSENT = (
    "No pneumothorax.",
    "There is no evidence of consolidation.",
    "The lungs are without edema.",
    "No fracture is seen.",
)
NEUTRAL = ("The lungs are clear.", "The heart size is normal.", "The trachea is midline.")
REPORT = st.lists(st.sampled_from((*PRESENT, *ABSENT, *NEUTRAL)), min_size=1, max_size=6, unique=True).map(" ".join)
WORDS = st.lists(
    st.sampled_from(("left", "Right", "LEFT", "leftward", "small", "Severe", "upper", "apical", "a", "heart", "limits", "12", "mm.", "of")),
    max_size=20,
).map(" ".join)
SIDE = re.compile(r"\b(?:left|right)", re.IGNORECASE)


@pytest.fixture(scope="module")
def own() -> tuple[Report, ...]:
    return own_reports(Catalog()).reports


@given(REPORT | WORDS)
def test_sides_swapped_twice_give_the_report_and_once_turn_every_side(text: str):
    swapped = swaps.sides(text)
    if swapped is None:
        assert not SIDE.search(text)
        return
    assert swaps.sides(swapped) == text
    turned = {"left": "right", "right": "left"}
    assert [side.lower() for side in SIDE.findall(swapped)] == [turned[side.lower()] for side in SIDE.findall(text)]
    assert SIDE.sub("", swapped).split() == SIDE.sub("", text).split()


@given(REPORT | WORDS)
def test_severities_and_locations_swapped_twice_give_the_report(text: str):
    for swap in (swaps.severities, swaps.locations):
        swapped = swap(text)
        assert swapped is None or (swapped != text and len(swapped.split()) == len(text.split()) and swap(swapped) == text)


def test_an_article_follows_the_word_that_it_stands_before():
    assert swaps.severities("There is a minimal effusion.") == "There is an extensive effusion."
    assert swaps.locations("An apical cap. Upper limits of normal.") == "A basal cap. Upper limits of normal."


def lengths(text: str) -> list[Decimal]:
    """The lengths in a text, in millimetres."""
    return [
        Decimal(number) * (10 if unit == "cm" else 1)
        for numbers, unit in re.findall(r"([\d.]+(?: x [\d.]+)*) (mm|cm)", text)
        for number in numbers.split(" x ")
    ]


@given(st.lists(st.tuples(st.decimals("0.1", "99", places=1), st.sampled_from(("mm", "cm"))), min_size=1, max_size=4))
def test_numbers_units_and_conversions_change_lengths_by_three_by_ten_and_not_at_all(found: list[tuple[Decimal, str]]):
    text = " ".join(f"A nodule of {number} {unit}." for number, unit in found)
    tripled, exchanged, converted = swaps.numbers(text), swaps.units(text), swaps.converted(text)
    assert tripled
    assert exchanged
    assert converted
    assert lengths(tripled) == [3 * length for length in lengths(text)]
    assert all(new in {10 * old, old / 10} for old, new in zip(lengths(text), lengths(exchanged), strict=True))
    assert swaps.units(exchanged) == text
    assert lengths(converted) == lengths(text)
    assert re.findall(r"mm|cm", converted) == re.findall(r"mm|cm", exchanged)


def test_numbers_that_are_no_lengths_stay():
    text = "1. Seen on 3 images of 12.5.2024. The 7th rib."
    assert swaps.numbers(text) is swaps.units(text) is swaps.converted(text) is None


@given(REPORT)
def test_negation_turns_the_statements_on_one_finding_round_and_leaves_the_others(text: str):
    edited = statements.negation(text)
    before = sentences(text)
    if edited is None:
        assert not any(sentence.findings for sentence in before)
        return
    changed = [(old, new) for old, new in zip(before, sentences(edited), strict=True) if old.text != new.text]
    assert changed
    assert all(old.is_positive != new.is_positive for old, new in changed)
    assert frozenset.intersection(*(old.findings for old, _ in changed))


@pytest.mark.parametrize("text", ["There is pleural effusion.", "The heart is enlarged.", "The heart is not enlarged."])
def test_a_plain_statement_negated_twice_is_itself(text: str):
    once = statements.negation(text)
    assert once is not None
    assert statements.negation(once) == text


def test_negation_takes_both_findings_of_a_denied_pair_as_present():
    assert statements.negation("No effusion or pneumothorax.") == "Effusion and pneumothorax."
    assert statements.negation("No change. The heart is normal.") is None


@given(REPORT)
def test_omission_leaves_out_a_finding_and_nothing_else(text: str):
    edited = statements.omission(text)
    positive = [sentence for sentence in sentences(text) if sentence.is_positive]
    if edited is None:
        assert not positive or len(positive) == len(sentences(text))
        return
    gone = Counter(s.text for s in sentences(text)) - Counter(s.text for s in sentences(edited))
    assert gone[positive[0].text] == 1
    assert all(s.is_positive for s in sentences(text) if s.text in gone)


def test_omission_takes_the_marker_of_a_list_item_along():
    assert statements.omission("Impression: 1. Small effusion. 2. Clear lungs.") == "Impression: 2. Clear lungs."


@given(REPORT)
def test_additions_and_priors_add_one_sentence_and_change_none(text: str):
    for edit in (statements.addition, statements.false_prior):
        edited = edit(text)
        assert edited is not None
        added = Counter(s.text for s in sentences(edited)) - Counter(s.text for s in sentences(text))
        assert added.total() == 1
        assert len(sentences(edited)) == len(sentences(text)) + 1
    added_finding = statements.addition(text) or ""
    assert {f for s in sentences(added_finding) if s.is_positive for f in s.findings} > {
        f for s in sentences(text) if s.is_positive for f in s.findings
    }
    assert compares(statements.false_prior(text) or "")


def test_a_report_that_compares_already_gets_no_second_comparison():
    assert statements.false_prior("The effusion is unchanged.") is None


@given(REPORT)
def test_a_paraphrase_states_the_same_findings_on_the_same_sides(text: str):
    edited = wordings.paraphrase(text)
    if edited is None:
        return
    for old, new in zip(sentences(text), sentences(edited), strict=True):
        assert old.is_positive == new.is_positive
        assert SIDE.findall(old.text) == SIDE.findall(new.text)
        assert re.findall(r"\d+", old.text) == re.findall(r"\d+", new.text)


@given(REPORT)
def test_reordering_keeps_every_sentence_and_twice_is_nothing(text: str):
    edited = wordings.reordered(text)
    if edited is not None:
        assert Counter(s.text for s in sentences(edited)) == Counter(s.text for s in sentences(text))
        assert wordings.reordered(edited) == text


def test_reordering_leaves_lists_and_the_impression():
    text = "Findings: 1. One. 2. Two.\nImpression: Three. Four."
    assert wordings.reordered(text) is None


@given(REPORT)
def test_edits_of_form_and_typography_keep_the_words(text: str):
    words = re.findall(r"\w+", text.lower())
    assert re.findall(r"\w+", (wordings.upper_case(text) or "").lower()) == words
    assert re.findall(r"\w+", (wordings.unpunctuated(text) or "").lower()) == words
    assert re.findall(r"\w+", wordings.repeated(text).lower()) == words * 2
    assert wordings.boilerplate(text).startswith(text)
    assert len(wordings.very_long(text).split()) >= len(text.split()) + 1000


@given(st.text(max_size=200))
def test_any_text_can_be_edited(text: str):
    for name, edited in versions(Report("r", text)).items():
        assert name == UNEDITED or name in EDITS or name.startswith("harmful-")
        assert name in {UNEDITED, "empty"} or edited != text


def test_every_edit_applies_to_ten_of_our_own_reports_or_more(own: tuple[Report, ...]):
    applied = Counter(name for report in own for name in versions(report))
    assert {name: n for name, n in applied.items() if n < 10} == {}
    assert set(applied) == {UNEDITED, *EDITS, *(together(n) for n in range(1, MOST_TOGETHER + 1))}


def test_harmful_edits_pile_up_and_none_covers_another(own: tuple[Report, ...]):
    for report in own:
        found = versions(report)
        piled = [found[together(n)] for n in range(1, MOST_TOGETHER + 1) if together(n) in found]
        assert len({report.text, *piled}) == len(piled) + 1


def test_our_own_reports_compare_with_nothing_and_have_a_translation_each(own: tuple[Report, ...]):
    assert len(own) == 30
    assert not any(compares(report.text) for report in own)
    assert all(report.translation.startswith("Befund:") for report in own)
