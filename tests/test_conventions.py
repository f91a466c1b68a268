"""Sections, cleaning, and the published conventions by name."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.catalog import Catalog
from radbench.conventions import PRESETS, Convention, cleaned, preset, section_of
from radbench.errors import ContentError, UnknownNameError
from radbench.sample import Case, Choice, Text

BOTH = Text("Findings: Clear.\nImpression: Normal.", {"findings": "Clear.", "impression": "Normal."})


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("as_is", "Findings: Clear.\nImpression: Normal."),
        ("findings", "Clear."),
        ("impression", "Normal."),
        ("both", "Findings: Clear. Impression: Normal."),
    ],
)
def test_a_section_is_taken_out_of_a_report(section, expected):
    assert section_of(BOTH, section) == expected


def test_a_section_that_is_absent_is_empty_and_a_text_without_sections_is_whole():
    assert section_of(Text("x", {"impression": "Normal."}), "findings") == ""
    assert section_of(Text("Clear."), "findings") == "Clear."
    assert section_of(Text("x", {"impression": "Normal."}), "both", absent="None") == "Findings: None Impression: Normal."
    assert section_of(Text("x", {"impression": "Normal."}), "both") == "Impression: Normal."


@pytest.mark.parametrize(
    ("clean", "expected"),
    [
        ((), "XXXX-old  Male, ___; 3.5 cm (T2). xxxx"),
        (("lower",), "xxxx-old male, ___; 3.5 cm (t2). xxxx"),
        (("marks",), "-old Male, ; 3.5 cm (T2)."),
        (("punctuation",), "XXXX old Male 3.5 cm T2 xxxx"),
        (("lower", "marks", "punctuation"), "old male 3.5 cm t2"),
    ],
)
def test_cleaning_takes_the_steps_named(clean, expected):
    assert cleaned("XXXX-old  Male, ___; 3.5 cm (T2). xxxx", clean) == expected


def test_words_that_hold_an_x_are_no_marks():
    assert cleaned("Xray, XX and exxxtra", ("marks",)) == "Xray, XX and exxxtra"


@given(st.text(max_size=60), st.sets(st.sampled_from(["lower", "marks", "punctuation"]), min_size=1))
def test_cleaned_text_has_single_blanks_and_none_around_it(text, steps):
    clean = cleaned(text, tuple(steps))
    assert clean == " ".join(clean.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. No effusion. 2. Heart\nnormal.", "no effusion . heart normal ."),
        ("Nodule (3.5 cm), T2-weighted.. ___", "nodule 35 cm t2-weighted .  ."),
        ("Clear.", "clear ."),
        ("", " ."),
        ("Items 11. 12. done", "items 112 . done ."),
    ],
)
def test_r2gen_cleaning_as_its_steps_give_it_by_hand(text, expected):
    assert cleaned(text, ("r2gen",)) == expected


def test_a_convention_changes_candidate_and_references_alike_and_nothing_else():
    case = Case.of(BOTH, [BOTH, Choice("yes")], id="a", cluster="p")
    seen = Convention("findings", ("lower",)).case(case)
    assert (seen.text, seen.references) == ("clear.", ("clear.", "yes"))
    assert (seen.sample.id, seen.sample.cluster) == ("a", "p")
    assert seen.answer.sections == BOTH.sections


def test_without_a_convention_the_case_is_the_same():
    case = Case.of("A", ["B"])
    assert Convention().case(case) is case
    assert Convention().signature() == {}


def test_the_signature_names_section_and_steps_in_one_order():
    convention = Convention("both", ("punctuation", "lower"), absent="None")
    assert convention.signature() == {"section": "both", "clean": "lower+punctuation", "absent": "None"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"section": "summary"}, "section `summary` is unknown"),
        ({"clean": ("upper",)}, "cleaning `upper` is unknown"),
        ({"clean": ("r2gen", "lower")}, "`r2gen` stands alone"),
    ],
)
def test_unknown_choices_are_refused(options, message):
    with pytest.raises(ContentError, match=message):
        Convention(**options)


@pytest.mark.parametrize("name", PRESETS)
def test_the_metrics_of_a_preset_exist_and_take_its_options(name):
    catalog = Catalog()
    for metric, options in preset(name).metrics_with({}):
        if not catalog.has("metrics", metric):
            pytest.skip(f"metric {metric} is not there")
        catalog.build("metrics", metric, options)


@pytest.mark.parametrize("name", PRESETS)
def test_the_values_that_stand_for_a_papers_columns_are_given_by_the_metrics_of_the_preset(name):
    catalog, given = Catalog(), set()
    for metric, options in preset(name).metrics_with({}):
        made = catalog.build("metrics", metric, options)
        given |= set(made.aggregate(np.empty((0, len(made.columns))), np.zeros((1, 0))))
    words = re.findall(r"[a-zA-Z]+[\w-]*[_-][\w-]+|rouge\w+|meteor|ratescore", " ".join(preset(name).columns.values()))
    assert {word for word in words if word not in given} == set()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_where_it_comes_from_and_how_it_differs(name):
    found = preset(name)
    assert found.source
    assert found.differs
    assert set(found.aggregation.of) <= {metric for metric, _ in found.metrics}


def test_an_unknown_preset_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean `rexrank`"):
        preset("rexrankk")


def test_what_a_preset_leaves_open_is_as_the_card_has_it():
    (own,) = [
        options
        for name, options in preset("radfm-v1").metrics_with({"terms": {"annotator": "our-terms", "both_empty": "1"}})
        if name == "terms"
    ]

    assert own == {"annotator": "our-terms"}  # and nothing else of the card's


def test_rexrank_compares_findings_as_it_compares_whole_reports():
    whole, findings = PRESETS["rexrank"], PRESETS["rexrank-findings"]
    assert (whole.convention.section, findings.convention.section) == ("both", "findings")
    assert (findings.metrics, findings.columns, findings.rows) == (whole.metrics, whole.columns, whole.rows)
