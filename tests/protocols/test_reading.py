"""Final answers, sections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.protocols.reading import final_answer, normalised, section, sections


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" left lung ", "left lung"),
        ("Answer: left", "left"),
        ("**Answer:** left", "left"),
        ("ANSWER: left", "left"),
        ("The final answer is: left", "left"),
        ("Answer: right? No. Final answer: left", "left"),
        ("Answer:", "Answer:"),
        ("No answer can be given", "No answer can be given"),
    ],
)
def test_the_final_answer_follows_the_last_marker(text: str, expected: str) -> None:
    assert final_answer(text) == expected


def test_normalised_keeps_signs_within_a_text() -> None:
    assert normalised(' "Grade  II/III (left)."\n') == "grade ii/iii (left"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("Clear lungs.", {"": "Clear lungs."}),
        ("Findings: a. Impression: b.", {"findings": "a.", "impression": "b."}),
        ("Finding: a.Impression: b.", {"findings": "a.", "impression": "b."}),  # RadFM joins without a blank
        ("FINDINGS:\na\n\nIMPRESSION:\nb", {"findings": "a", "impression": "b"}),
        ("**Findings:** a\n**Impression:** b", {"findings": "a", "impression": "b"}),
        ("**Findings**: a", {"findings": "a"}),
        ("## Findings\na\n## Impression\nb", {"findings": "a", "impression": "b"}),
        ("FINDINGS\na\nIMPRESSION\nb", {"findings": "a", "impression": "b"}),
        ("- Findings: a", {"findings": "a"}),
        ("Here it is.\nFindings: a", {"": "Here it is.", "findings": "a"}),
        ("CONCLUSION: b", {"impression": "b"}),
        ("Comparison: none. Findings: a", {"comparison": "none.", "findings": "a"}),
        ("Findings: a\nFindings: b", {"findings": "a\nb"}),
        ("Findings:\nImpression: b", {"findings": "", "impression": "b"}),
        ("The findings are stable", {"": "The findings are stable"}),
        ("the findings: stable", {"": "the findings: stable"}),
        ("findings", {"": "findings"}),
    ],
)
def test_sections_stand_under_their_heads(text: str, expected: dict[str, str]) -> None:
    assert sections(text) == expected


def test_a_section_is_the_whole_text_where_no_head_is() -> None:
    assert section(" Clear. ", "findings") == "Clear."
    assert section("Findings: Clear.", "impression") is None
    assert section("Recommendation: CT.", "recommendation") == "CT."


@given(st.text())
def test_any_text_has_sections(text: str) -> None:
    assert all(isinstance(value, str) for value in sections(text).values())
