"""A rater at a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from radbench.errors import UnknownNameError
from radbench.ratings.studies.desk import Desk
from radbench.ratings.studies.export import Opened
from radbench.ratings.studies.terminal import printable, rate


def typed(opened: Opened, lines: Iterable[str]) -> tuple[bool, str]:
    """What becomes of a session in which these lines are typed, and what was printed."""
    waiting, printed = iter(lines), []

    def ask(prompt: str) -> str:
        printed.append(prompt)
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    ticks = iter(range(0, 10_000, 5))
    return rate(Desk(opened.study, opened.store, "r1"), ask, printed.append, clock=lambda: float(next(ticks))), "\n".join(printed)


@pytest.mark.parametrize(
    ("mode", "lines", "answer"),
    [
        ("ordinal", ["4"], {"scores": {"quality": 4}}),
        ("ab", ["b", "2"], {"choices": {"preference": {"choice": "right", "strength": 2}}}),
        ("ab", ["x"], {"choices": {"preference": {"choice": "both_bad"}}}),
        ("spans", ["2", "heart", "y", ""], {"spans": [{"words": "heart", "category": "omission_finding", "significance": "significant"}]}),
    ],
)
def test_each_mode_is_answered_line_by_line(laid, mode, lines, answer):
    opened = laid(mode)
    assert typed(opened, lines)[0] is False  # it left in the middle of the second page

    (record,) = opened.store.answers()
    for span in record.answer.get("spans", ()):
        assert span.pop("start") > 0
    assert {**record.answer, "reference_seen": None} == {**answer, "reference_seen": None}
    assert record.seconds == 5.0


def test_counts_are_typed_by_category(laid):
    opened = laid("errors")
    typed(opened, ["1 2", "", "3", "", "", "0,1"])

    (record,) = opened.store.answers()
    assert [tuple(counts.values()) for counts in map(dict, record.answer["errors"].values())] != []
    assert record.answer["errors"]["false_positive_finding"] == {"significant": 1, "insignificant": 2}
    assert record.answer["errors"]["incorrect_location"] == {"significant": 3, "insignificant": 0}
    assert record.answer["errors"]["omission_comparison"] == {"significant": 0, "insignificant": 1}


def test_a_slip_is_asked_again(laid):
    opened = laid("ordinal")
    _, printed = typed(opened, ["9", "3"])

    assert "choose one of 1 to 5" in printed
    assert [record.answer["scores"]["quality"] for record in opened.store.answers()] == [3]


def test_u_takes_the_last_answer_back_and_q_leaves(laid):
    opened = laid("ordinal")
    finished, printed = typed(opened, ["u", "1", "u", "2", "q"])

    assert not finished
    assert "nothing to undo" in printed
    assert [record.answer["scores"]["quality"] for record in opened.store.answers()] == [2]


def test_all_pages_answered_is_the_end(laid):
    opened = laid("ordinal")
    finished, printed = typed(opened, ["3"] * 12)

    assert finished
    assert "Thank you" in printed


def test_the_reference_is_printed_when_asked_for(laid):
    opened = laid("ordinal", reference="asked")
    _, printed = typed(opened, ["3", "r", "3"])

    assert printed.count("--- reference") == 1
    assert [record.answer["reference_seen"] for record in opened.store.answers()] == [False, True]


def test_a_text_cannot_command_the_terminal():
    assert printable("clear\x1b[2J lungs\n\tno\x07") == "clear\N{REPLACEMENT CHARACTER}[2J lungs\n\tno\N{REPLACEMENT CHARACTER}"


def test_an_unknown_rater_is_refused_with_the_nearest(laid):
    opened = laid()
    with pytest.raises(UnknownNameError, match="no rater `r11`; did you mean"):
        Desk(opened.study, opened.store, "r11")
