"""GREEN: reading a judge's assessment, and the score of its counts."""

from __future__ import annotations

import pytest
from judges import heard, user_text

from radbench.metrics.base import Excluded
from radbench.metrics.green import Green, read_counts
from radbench.sample import Case, Reply, Unparsed

ASSESSMENT = """[Explanation]:
    The candidate leaves out the effusion: it is 1 of 3 findings.

[Clinically Significant Errors]:
(a) False report of a finding in the candidate: 0.
(b) Missing a finding present in the reference: 1. Small left effusion
(c) Wrong anatomic location: 1. Opacity is right, not left; the text says (a) otherwise: 2. see above
(d) Wrong severity: 0.
(e) Comparison that is not in the reference: 0.
(f) Omitted comparison: 0.

[Clinically Insignificant Errors]:
(a) False report of a finding in the candidate: 4. w; x; y; z

[Matched Findings]:
3. Opacity; normal heart; no pneumothorax"""


def test_matched_and_significant_are_read_and_insignificant_left_aside():
    assert read_counts(ASSESSMENT) == (3, 2)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("(d) Wrong severity: 0.\n", "", (3, 2)),  # as published, a line left out means none
        ("3. Opacity", "No matched findings. Opacity", (0, 2)),
        ("3. Opacity", "12. Opacity", (12, 2)),
        ("[Matched Findings]:\n3.", "**[Matched Findings]:** 3.", (3, 2)),
        ("(a) False", "- (a) False", None),
        ("[Clinically Significant Errors]", "[CLINICALLY SIGNIFICANT ERRORS]", (3, 2)),
    ],
)
def test_the_published_liberties_are_taken(old, new, expected):
    found = read_counts(ASSESSMENT.replace(old, new, 1))
    assert found == expected if expected else found == (3, 2)


def test_no_errors_in_words_are_none():
    start, end = ASSESSMENT.index("(a)"), ASSESSMENT.index("[Clinically Insignificant")
    assert read_counts(f"{ASSESSMENT[:start]}No clinically significant errors.\n\n{ASSESSMENT[end:]}") == (3, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no section [Clinically Significant Errors]"),
        ("The reports agree.", "no section [Clinically Significant Errors]"),
        (ASSESSMENT[: ASSESSMENT.index("[Matched")], "no section [Matched Findings]"),
        (ASSESSMENT.replace("3. Opacity; normal heart; no pneumothorax", ""), "no section [Matched Findings]"),
        (ASSESSMENT.replace("3. Opacity", "Opacity"), "do not begin with their number"),
        (ASSESSMENT.replace("3. Opacity; normal heart; no pneumothorax", "3"), "do not begin with their number"),
        (ASSESSMENT.replace("reference: 1.", "reference: one."), "line (b) has no number"),
        (ASSESSMENT.replace("(d)", "(c)"), "a letter stands twice"),
        (ASSESSMENT.replace("(d)", "(g)"), "none of a to f"),
        (f"{ASSESSMENT}\n\n[Matched Findings]:\n9. All of them", "stands twice"),
        (ASSESSMENT.replace("(", "<"), "no lines (a) to (f)"),
    ],
)
def test_what_is_not_there_is_unparsed_and_no_zero(text, reason):
    found = read_counts(text)
    assert isinstance(found, Unparsed)
    assert reason in found.reason


def assessed(matched, significant):
    errors = f"(b) Missing: {significant}. x" if significant else "No errors"
    return f"[Clinically Significant Errors]:\n{errors}\n\n[Matched Findings]:\n{matched}. y"


@pytest.mark.parametrize(("matched", "significant", "score"), [(3, 2, 0.6), (4, 0, 1.0), (0, 3, 0.0), (0, 0, 0.0)])
def test_the_score_is_matched_over_matched_and_errors(matched, significant, score):
    metric = Green(judge="j")
    values = metric.value(metric.row(heard(metric, Case.of("A.", ["B."]), [assessed(matched, significant)]))[None])
    assert (values["green"], values["matched"], values["significant"]) == ([score], [matched], [significant])


def test_an_unreadable_assessment_is_asked_once_more_and_then_left_out():
    metric = Green(judge="j")
    case = Case.of("A.", ["B."])
    assert metric.value(metric.row(heard(metric, case, ["hm", assessed(1, 1)]))[None])["green"] == [0.5]
    assert metric.row(heard(metric, case, ["hm", "hm"])) == Excluded("unparsed judge reply")
    assert metric.row(heard(metric, case, [Reply(error="out of memory")])) == Excluded("annotator failed")


def test_reports_are_cut_after_300_words():
    metric = Green(judge="j")
    long = " ".join(f"w{i}" for i in range(400))
    (ask,) = metric.asks(Case.of(long, ["B."]), ())
    assert "w299" in user_text(ask.request)
    assert "w300" not in user_text(ask.request)
    assert metric.signature()["words"] == "300"
