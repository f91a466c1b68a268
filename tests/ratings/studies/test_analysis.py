"""Agreement, repeats, controls, sides and systems, on answers whose truth the test knows."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from rating_studies import answer_all, material

from radbench.ratings.studies import telling
from radbench.ratings.studies.analysis import Settings, analyse
from radbench.ratings.studies.bradley_terry import strengths
from radbench.ratings.studies.desk import Desk
from radbench.ratings.studies.export import unblind

SETTINGS = Settings(draws=200)


def stars(shown) -> dict[str, str]:
    """The level of a text: one more than its stars, of which a system has 0, 1 or 2."""
    return {"score.quality": str(1 + shown.texts[0].count("*"))}


def test_raters_of_one_mind_agree_fully(laid):
    opened = laid("ordinal")
    for rater in ("r1", "r2"):
        answer_all(opened, rater, stars)
    found = {one.coefficient: one for one in analyse(opened, SETTINGS).agreement}

    assert {name: round(one.value, 9) for name, one in found.items()} == {
        "Krippendorff's alpha (ordinal)": 1.0,
        "ICC(A,1)": 1.0,
        "equal pairs": 1.0,
    }
    assert all(one.n_items == 12 for one in found.values())


def test_agreement_counts_the_first_answer_to_a_shared_item_alone(laid):
    opened = laid("ordinal", overlap=0.5, repeats=0.2, controls={"reference": 1})
    for rater in ("r1", "r2"):
        answer_all(opened, rater, stars)

    assert {one.n_items for one in analyse(opened, SETTINGS).agreement} == {6}


def test_a_rater_who_answers_otherwise_the_second_time_is_told(laid):
    opened = laid("ordinal", repeats=0.25)
    desk = Desk(opened.study, opened.store, "r1")
    for showing in opened.study.orders["r1"]:
        shown = desk.current()
        desk.submit(shown.page.position, 0, {"score.quality": "4" if showing.is_repeat else "2"}, 1.0)
    first, second = analyse(opened, SETTINGS).raters

    assert first.repeats == {"quality": (3, 0, 2.0)}
    assert (first.n_answered, first.n_pages, first.median_seconds) == (15, 15, 1.0)
    assert (second.n_answered, second.median_seconds, second.repeats) == (0, None, {})


def careful(shown) -> dict[str, str]:
    """Errors where the text is not the case's own reference."""
    return {} if shown.texts[0] in shown.case.references else {"count.omission_finding.significant": "1"}


def test_controls_tell_a_careful_rater_from_one_who_does_not_look(laid):
    opened = laid("errors", controls={"reference": 2, "shuffled": 2})
    answer_all(opened, "r1", careful)
    answer_all(opened, "r2", lambda _: {})
    first, second = analyse(opened, SETTINGS).raters

    assert first.controls == {"reference": (2, 2), "shuffled": (2, 2)}
    assert second.controls == {"reference": (2, 2), "shuffled": (0, 2)}


def test_controls_of_scales_and_preferences(laid):
    def scale(shown) -> dict[str, str]:
        return {"score.quality": "5" if shown.texts[0] in shown.case.references else "3" if "*" in shown.texts[0] else "1"}

    ordinal = laid("ordinal", name="ordinal", controls={"reference": 1, "shuffled": 1})
    answer_all(ordinal, "r1", scale)
    assert analyse(ordinal, SETTINGS).raters[0].controls == {"reference": (1, 1), "shuffled": (1, 1)}

    pairs = laid("ab", name="ab", controls={"reference": 1, "shuffled": 1})
    answer_all(pairs, "r1", lambda shown: {"choice.preference": "tie"})
    assert analyse(pairs, SETTINGS).raters[0].controls == {"reference": (1, 1), "shuffled": (1, 1)}


def prefer(shown, better=lambda left, right: left > right) -> dict[str, str]:
    left, right = (text.count("*") for text in shown.texts)
    return {"choice.preference": "left" if better(left, right) else "right", "strength.preference": "1"}


def test_a_rater_who_always_takes_the_left_is_found_out(laid):
    opened = laid("ab", material(20), cases=20)
    answer_all(opened, "r1", lambda _: {"choice.preference": "left", "strength.preference": "1"})
    (sides,) = analyse(opened, SETTINGS).sides

    assert (sides.n_left, sides.n_right, sides.n_even, sides.n_clusters) == (60, 0, 0, 10)
    assert sides.p < 0.02


def test_a_rater_who_looks_at_the_texts_shows_no_liking_for_a_side(laid):
    opened = laid("ab", material(20), cases=20)
    answer_all(opened, "r1", prefer)
    (sides,) = analyse(opened, SETTINGS).sides

    assert sides.n_left == sides.n_right == 30
    assert sides.p == 1.0


def test_systems_are_told_only_once_unblinded(laid):
    opened = laid("ordinal")
    answer_all(opened, "r1", stars)
    assert analyse(opened, SETTINGS).systems == ()

    found = analyse(unblind(opened.folder, "owner", ""), SETTINGS).systems
    assert [(one.system, one.what, one.value, one.n_items) for one in found] == [
        ("alpha-net", "mean", 1.0, 4),
        ("beta-net", "mean", 2.0, 4),
        ("gamma-net", "mean", 3.0, 4),
    ]


def test_items_count_alike_however_many_raters_judged_them(laid):
    opened = laid("ordinal", overlap=0.5)
    answer_all(opened, "r1", lambda shown: {"score.quality": "1"})
    answer_all(opened, "r2", lambda shown: {"score.quality": "5"})
    found = analyse(unblind(opened.folder, "owner", ""), SETTINGS).systems

    assert [one.value for one in found] == [3.0, 3.0, 3.0]  # 2 shared cases of mean 3, one of 1, one of 5


def test_win_rates_are_shares_of_comparisons(laid):
    opened = laid("ab")
    answer_all(opened, "r1", prefer)
    found = [one for one in analyse(unblind(opened.folder, "owner", ""), SETTINGS).systems if one.what == "win rate"]

    assert [(one.system, one.value, one.n_items) for one in found] == [("alpha-net", 0.0, 8), ("beta-net", 0.5, 8), ("gamma-net", 1.0, 8)]


def test_strengths_of_two_systems_are_the_log_odds():
    wins = np.array([[[0.0, 30.0], [10.0, 0.0]]])

    assert strengths(wins)[0] == pytest.approx([math.log(3) / 2, -math.log(3) / 2], abs=1e-8)


def test_strengths_explain_wins_that_were_made_from_them():
    true = np.array([1.0, 0.2, -0.4, -0.8])
    wins = 50 / (1 + np.exp(true[None, :] - true[:, None]))
    np.fill_diagonal(wins, 0)

    assert strengths(np.stack([wins, 2 * wins])) == pytest.approx(np.stack([true, true]), abs=1e-6)


def test_strengths_are_undefined_where_one_system_always_wins():
    never_lost = np.array([[0.0, 3.0, 3.0], [0.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
    even = np.ones((3, 3)) - np.eye(3)

    found = strengths(np.stack([never_lost, even]))
    assert np.isnan(found[0]).all()
    assert found[1] == pytest.approx(np.zeros(3), abs=1e-9)


@pytest.mark.parametrize("mode", ["ordinal", "errors", "ab", "spans"])
def test_an_analysis_is_told_in_words_and_as_json(laid, mode):
    opened = laid(mode, repeats=0.2, controls={"reference": 1, "shuffled": 1})
    assert "nothing is answered yet" in "\n".join(telling.as_text(analyse(opened, SETTINGS)))

    for rater in ("r1", "r2"):
        answer_all(
            opened,
            rater,
            lambda _: {"span.0.category": "omission_finding", "span.0.significance": "significant"} if mode == "spans" else ANSWER[mode],
        )
    blind = analyse(opened, SETTINGS)
    assert "alpha-net" not in "\n".join(telling.as_text(blind)) + json.dumps(telling.as_json(blind))

    found = analyse(unblind(opened.folder, "owner", ""), SETTINGS)
    text = "\n".join(telling.as_text(found))
    assert "200 draws, seed 0" in text
    assert "12 items of" in text
    assert "alpha-net" in text
    json.dumps(telling.as_json(found), allow_nan=False)


ANSWER = {
    "ordinal": {"score.quality": "4"},
    "errors": {"count.omission_finding.significant": "2"},
    "ab": {"choice.preference": "left", "strength.preference": "2"},
}


def test_the_same_seed_gives_the_same_analysis(laid):
    opened = laid("ab")
    for rater in ("r1", "r2"):
        answer_all(opened, rater, prefer)
    opened = unblind(opened.folder, "owner", "")

    assert telling.as_json(analyse(opened, SETTINGS)) == telling.as_json(analyse(opened, SETTINGS))
