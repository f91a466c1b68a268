"""Reasoning and answer, final answers, sections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.protocols.reading import final_answer, normalised, section, sections, split_reasoning


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("", "", ""),
        ("yes", "", "yes"),
        (" yes\n", "", " yes\n"),  # nothing was taken off: the text is as it came
        ("opacity < 3 cm", "", "opacity < 3 cm"),
        ("<think>a</think>yes", "a", "yes"),
        ("<THINK>a</Think> yes", "a", "yes"),
        ("<thinking>a\nb</thinking>\n\nNo.", "a\nb", "No."),
        ("<think></think>yes", "", "yes"),
        ("<think>never ends: yes", "never ends: yes", ""),
        ("yes <think>never ends", "yes never ends", ""),
        ("begun by the template</think>yes", "begun by the template", "yes"),
        ("<think>a</think>b<reasoning>c</reasoning>d", "a\nc", "bd"),
        ("<think>a</think>b</think>c", "a\nb", "c"),
        ("<reasoning>because</reasoning><answer>B</answer>", "because", "B"),
        ("why <answer>B", "why", "B"),
        ("<unused94>thought\nmass<unused95>yes", "thought\nmass", "yes"),
        ("<|channel|>analysis<|message|>dense<|end|><|start|>assistant<|channel|>final<|message|>yes<|return|>", "dense", "yes"),
        ("<|channel|>analysis<|message|>dense and cut", "dense and cut", ""),
        ("analysisdense lungassistantfinalyes", "dense lung", "yes"),
        ("analysis of the image: normal", "", "analysis of the image: normal"),
        ("Rationale: dense.\nAnswer: B", "", "Rationale: dense.\nAnswer: B"),  # a mark of the task, not of the model
    ],
)
def test_reasoning_is_told_from_the_answer(text: str, reasoning: str, answer: str) -> None:
    assert split_reasoning(text) == (reasoning, answer)


@given(st.text())
def test_a_text_without_marks_is_all_answer(text: str) -> None:
    if "<" not in text and not text.startswith("analysis"):
        assert split_reasoning(text) == ("", text)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "<|channel|>", "<|message|>", "final", "a", "\n"])).map(
        "".join
    )
)
def test_no_arrangement_of_marks_raises_or_leaves_a_thought_in_the_answer(text: str) -> None:
    _, answer = split_reasoning(text)

    if "<|channel|>" not in text:
        assert "<think>" not in answer


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
