"""STUDY.yaml: what is accepted, and how a slip is answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from radbench.errors import ContentError
from radbench.ratings.studies.draft import read_draft, read_rater

GOOD = "title: A study\nmode: errors\ncases: 4\nraters:\n- {id: r1, years: 10, subspecialty: chest}\n- {id: r2}\n"


def draft_of(folder: Path, text: str):
    (folder / "study.yaml").write_text(text, "utf-8")
    return read_draft(folder / "study.yaml")


def test_a_short_draft_has_the_usual_design(tmp_path):
    found = draft_of(tmp_path, GOOD)

    assert found.raters[0].years == 10
    assert (found.reference, found.overlap, found.repeats, len(found.categories)) == ("always", 1.0, 0.0, 6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("cases: 4", "case: 4"), r"study.yaml:3: key `case` is unknown; did you mean `cases`\?"),
        (GOOD.replace("cases: 4\n", ""), "key `cases` is missing"),
        (GOOD.replace("mode: errors", "mode: error"), r"study.yaml:2: `mode`: expected 'ordinal', 'errors', 'ab' or 'spans', got `error`"),
        (GOOD.replace("id: r2", "id: r1"), "raters with different names"),
        (GOOD.replace("id: r2", "id: ../r2"), r"study.yaml:6: `raters.1.id`"),
        (GOOD.replace("errors", "ordinal"), "`criteria` with `anchors`"),
        (GOOD + "criteria: [{name: q, question: How good}]\n", "`categories` in the place of `criteria`"),
        (GOOD.replace("errors", "ordinal") + "criteria: [{name: q, question: Q, anchors: {1: bad, 3: good}}]\n", "without a gap"),
        ("- a list\n", "expected a mapping"),
    ],
)
def test_a_slip_is_answered_with_its_place(tmp_path, text, message):
    with pytest.raises(ContentError, match=message):
        draft_of(tmp_path, text)


def test_a_missing_draft_is_named(tmp_path):
    with pytest.raises(ContentError, match=r"cannot read .*nowhere.yaml"):
        read_draft(tmp_path / "nowhere.yaml")


def test_a_rater_is_read_from_one_word_or_three():
    assert read_rater("r3").id == "r3"
    assert (read_rater("r3, 12, neuro").years, read_rater("r3, 12, neuro").subspecialty) == (12, "neuro")
    with pytest.raises(ContentError, match="`r3,many`"):
        read_rater("r3,many")
