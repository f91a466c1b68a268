"""Thoughts told from answers by the marks of many formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.thoughts import split_reasoning


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
