"""Disagreements become a study of their own."""

from __future__ import annotations

import pytest
from rating_studies import SYSTEMS, answer_all

from radbench.errors import ContentError
from radbench.ratings.studies.adjudication import adjudicate, disagreements
from radbench.ratings.studies.draft import Rater
from radbench.ratings.studies.export import Opened

JUDGE = Rater(id="judge", years=20)


def split_on_one_case(opened: Opened) -> str:
    """Two raters who agree but for the texts of one case, which is given back."""
    case = opened.study.cases[0].id
    answer_all(opened, "r1", lambda shown: {"score.quality": "3"})
    answer_all(opened, "r2", lambda shown: {"score.quality": "1" if shown.case.id == case else "3"})
    return case


def test_items_above_the_threshold_become_a_blind_study(laid, tmp_path):
    opened = laid("ordinal", repeats=0.2, controls={"reference": 1})
    case = split_on_one_case(opened)
    before = opened.folder.study.read_bytes(), opened.store.history()
    folder, study = adjudicate(opened, 1, [JUDGE], tmp_path / "second")

    assert [c.id for c in study.cases] == [case]
    assert len(study.items) == len(study.orders["judge"]) == 3
    assert study.adjudicates == opened.study.hash
    assert not set(study.arms) & set(opened.study.arms)
    assert not any(name in folder.study.read_text() for name in SYSTEMS)
    assert {folder.read_key(study).systems[arm]: text for arm, text in study.arms.items()} == {
        opened.folder.read_key(opened.study).systems[arm]: opened.study.arms[arm]
        for item in opened.study.items
        if item.case == case and not item.control
        for arm in item.arms
    }
    assert (opened.folder.study.read_bytes(), opened.store.history()) == before
    answer_all(Opened.at(folder.path), "judge")


def test_preferences_for_either_side_are_a_disagreement_whichever_side_was_shown(laid):
    opened = laid("ab")
    answer_all(opened, "r1", lambda _: {"choice.preference": "left", "strength.preference": "2"})
    answer_all(opened, "r2", lambda _: {"choice.preference": "left", "strength.preference": "2"})

    assert set(disagreements(opened, 1).values()) == {4.0}  # two raters see a shared pair either way round
    assert len(disagreements(opened, 1)) == 12


def test_nothing_above_the_threshold_is_nothing_to_adjudicate(laid, tmp_path):
    opened = laid("ordinal")
    split_on_one_case(opened)

    with pytest.raises(ContentError, match="no item has a spread above 2"):
        adjudicate(opened, 2, [JUDGE], tmp_path / "second")


def test_a_rater_of_the_first_study_cannot_settle_it(laid, tmp_path):
    opened = laid("ordinal")
    split_on_one_case(opened)

    with pytest.raises(ContentError, match="`r1` rated in the first study"):
        adjudicate(opened, 1, [Rater(id="r1")], tmp_path / "second")
