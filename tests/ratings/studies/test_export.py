"""Answers out, and back in."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from rating_studies import ANSWERS, SYSTEMS, answer_all

from radbench.errors import ContentError
from radbench.ratings.files import write
from radbench.ratings.formats import read_ratings
from radbench.ratings.studies.desk import Desk
from radbench.ratings.studies.export import Opened, ratings, rexval, spans, unblind
from radbench.ratings.studies.importing import import_ratings
from radbench.ratings.table import rated_items


def copy_of(opened: Opened, folder) -> Opened:
    """The same frozen study on another machine, unanswered."""
    from radbench.ratings.studies.store import Store
    from radbench.ratings.studies.study import StudyFolder

    folder.mkdir()
    other = StudyFolder(folder)
    for file in ("study", "key"):
        getattr(other, file).write_bytes(getattr(opened.folder, file).read_bytes())
    Store.create(other.answers, opened.study.hash)
    return Opened.at(folder)


def test_a_blind_export_names_no_system(laid, tmp_path):
    opened = laid()
    answer_all(opened, "r1")
    write(ratings(opened), tmp_path / "out.csv", with_texts=True)

    assert not any(name in (tmp_path / "out.csv").read_text() for name in SYSTEMS)


def test_unblinding_is_logged_and_names_the_systems(laid):
    opened = laid()
    answer_all(opened, "r1")
    opened = unblind(opened.folder, "the owner", "all are done")

    assert {row.system for row in ratings(opened).rows} == set(SYSTEMS)
    (event,) = opened.store.events()
    assert (event.kind, event.about) == ("unblind", {"by": "the owner", "reason": "all are done", "answered": "r1:12/12 r2:0/12"})


def test_unblinding_without_the_key_is_refused_and_not_logged(laid):
    opened = laid()
    opened.folder.key.unlink()

    with pytest.raises(ContentError, match=r"key\.json"):
        unblind(opened.folder, "the owner", "")
    assert opened.store.events() == []


def test_counts_stand_in_the_long_table_with_their_zeros(laid):
    opened = laid()
    answer_all(opened, "r1")
    found = ratings(opened)
    items = rated_items(found, "errors", significance="significant")

    assert len(found.rows) == 12 * 6 * 2
    assert np.array_equal(items.values, np.full((12, 1), 2.0))
    assert {(row.seconds, row.years) for row in found.rows} == {(3.0, 12)}
    assert sorted({row.position for row in found.rows}) == list(range(1, 13))


def test_controls_and_repeats_stand_under_criteria_of_their_own(laid):
    opened = laid("ordinal", repeats=0.2, controls={"reference": 1, "shuffled": 1})
    answer_all(opened, "r1")
    names = [row.criterion for row in ratings(opened).rows]

    assert {name: names.count(name) for name in names} == {"quality": 12, "quality.repeat": 3, "quality.control": 2}


def test_a_preference_is_two_rows_of_opposite_value(laid):
    opened = laid("ab")
    desk = Desk(opened.study, opened.store, "r1")
    desk.submit(1, 0, {"choice.preference": "right", "strength.preference": "2"}, 1.0)
    desk.submit(2, 0, {"choice.preference": "both_bad"}, 1.0)
    left, right = (showing for showing in opened.study.orders["r1"][0].arms)
    rows = [row for row in ratings(opened).rows if row.criterion == "preference"]

    assert [(r.system, r.category, r.position, r.value) for r in rows[:2]] == [(left, right, 1, -2.0), (right, left, 2, 2.0)]
    assert [r.value for r in rows[2:]] == [0.0, 0.0]
    assert [r.value for r in ratings(opened).rows if r.criterion == "preference.both_bad"] == [0.0, 0.0, 1.0, 1.0]


def test_rexvals_pair_of_files_is_read_back_as_the_same_counts(laid, tmp_path):
    opened = laid(repeats=0.2, controls={"reference": 1})
    answer_all(opened, "r1", lambda shown: {"count.incorrect_severity.significant": str(shown.texts[0].count("*"))})
    answer_all(opened, "r2")
    with pytest.raises(ContentError, match="this study is blind: radbench rate unblind"):
        rexval(opened, tmp_path / "rexval")
    opened = unblind(opened.folder, "owner", "")
    texts, counts = rexval(opened, tmp_path / "rexval")
    with texts.open(newline="") as file:
        rows = list(csv.DictReader(file))
    back = rated_items(read_ratings(counts, "rexval"), "errors")
    ours = rated_items(ratings(opened), "errors")

    assert [row["study_id"] for row in rows] == sorted(case.sample for case in opened.study.cases)
    assert all(row["gamma-net"].count("*") == 2 for row in rows)
    assert [(rows[int(number)]["study_id"], system) for number, system in back.items] == list(ours.items)
    assert np.array_equal(back.values, ours.values)


def test_rexvals_layout_is_refused_for_other_studies(laid, tmp_path):
    with pytest.raises(ContentError, match="six categories"):
        rexval(laid("ordinal"), tmp_path)


def test_marked_spans_are_exported_with_their_places(laid, tmp_path):
    opened = laid("spans")
    desk = Desk(opened.study, opened.store, "r1")
    desk.submit(1, 0, ANSWERS["spans"], 1.0)
    desk.submit(2, 0, {}, 1.0)
    with (tmp_path / "spans.csv").open("w", newline="") as file:
        spans(opened, file)
    with (tmp_path / "spans.csv").open(newline="") as file:
        marked, none = csv.DictReader(file)
    text = opened.study.arms[marked["system"]]

    assert text[int(marked["start"]) : int(marked["end"])] == marked["words"] == "heart"
    assert (none["words"], none["category"]) == ("", "")


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("mode", ["ordinal", "errors", "ab"])
def test_an_exported_table_is_imported_into_a_copy_of_the_study(laid, tmp_path, mode, is_open):
    opened = laid(mode, repeats=0.2, controls={"reference": 1, "shuffled": 1})
    for rater in ("r1", "r2"):
        answer_all(opened, rater)
    if is_open:
        opened = unblind(opened.folder, "owner", "")
    other = copy_of(opened, tmp_path / "copy")
    if is_open:
        other = unblind(other.folder, "owner", "")
    write(ratings(opened), tmp_path / "out.csv")
    table = read_ratings(tmp_path / "out.csv", "long")
    n = sum(map(len, opened.study.orders.values()))

    assert import_ratings(other, table) == (n, 0)
    assert import_ratings(other, table) == (0, n)
    assert sorted(map(repr, ratings(other).rows)) == sorted(map(repr, ratings(opened).rows))


def test_an_import_with_a_gap_or_another_answer_changes_nothing(laid, tmp_path):
    opened = laid("ordinal")
    answer_all(opened, "r1")
    other = copy_of(opened, tmp_path / "copy")
    table = ratings(opened)
    with pytest.raises(ContentError, match="has page 2 and not page 1"):
        import_ratings(other, replace(table, rows=tuple(row for row in table.rows if row.position != 1)))
    Desk(other.study, other.store, "r1").submit(1, 0, {"score.quality": "1"}, 1.0)
    with pytest.raises(ContentError, match="answered page 1 otherwise here"):
        import_ratings(other, table)
    assert len(other.store.answers()) == 1


def test_a_table_of_another_study_is_refused(laid):
    one, other = laid(name="one"), laid(name="other")
    answer_all(one, "r1")

    with pytest.raises(ContentError, match="is no page of this study"):
        import_ratings(other, ratings(one))


def test_spans_cannot_come_back_from_counts(laid):
    opened = laid("spans")
    with pytest.raises(ContentError, match="does not hold their places"):
        import_ratings(opened, ratings(opened))
