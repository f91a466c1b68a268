"""What a model thought and what it answered, told apart by the marks of its own format."""

from __future__ import annotations

import re
from typing import Final

_THOUGHT: Final = r"think|thinking|thought|reasoning"
_CLOSED: Final = re.compile(rf"<({_THOUGHT})>(.*?)</\1>|<unused94>(.*?)<unused95>", re.DOTALL | re.IGNORECASE)
_END: Final = re.compile(rf"</(?:{_THOUGHT})>|<unused95>", re.IGNORECASE)
_START: Final = re.compile(rf"<(?:{_THOUGHT})>|<unused94>", re.IGNORECASE)
_TAGGED: Final = re.compile(r"<answer>(.*?)(?:</answer>|$)", re.DOTALL | re.IGNORECASE)
_CHANNEL: Final = re.compile(r"<\|channel\|>(\w+)[^<]*<\|message\|>(.*?)(?=<\|(?:end|return|start|channel)\|>|$)", re.DOTALL)
_BARE_CHANNEL: Final = re.compile(r"analysis(.*?)assistantfinal(.*)", re.DOTALL)  # the same, its marks dropped in decoding


def split_reasoning(text: str) -> tuple[str, str]:
    """What a model thought and what it answered.

    Known marks: `<think>`, `<thinking>`, `<thought>`, `<reasoning>`, MedGemma's `<unused94>`, the channels of the
    harmony format, and `<answer>` around the answer. A thought that never ends leaves an empty answer; an end without a
    start (a template that begins the thought itself) makes all before it a thought. "Answer:" in the text is no such
    mark: readers of short answers look for it (radbench.protocols.reading), reports and rationales keep it.

    >>> split_reasoning("<think>Air under the diaphragm.</think>\\nYes")
    ('Air under the diaphragm.', 'Yes')
    """
    if "<" not in text:
        bare = _BARE_CHANNEL.fullmatch(text) if text.startswith("analysis") else None
        return (bare[1].strip(), bare[2].strip()) if bare else ("", text)
    if "<|channel|>" in text:
        channels = [(match[1], match[2].strip()) for match in _CHANNEL.finditer(text)]
        return "\n".join(said for name, said in channels if name != "final"), "\n".join(said for name, said in channels if name == "final")
    thoughts = [(match[2] or match[3] or "").strip() for match in _CLOSED.finditer(text)]
    answer = _CLOSED.sub("", text) if thoughts else text
    *ended, answer = _END.split(answer)
    thoughts += [thought.strip() for thought in ended]
    if _START.search(answer):
        thoughts.append(_START.sub("", answer).strip())
        answer = ""
    tagged = _TAGGED.search(answer)
    if tagged:
        outside = (answer[: tagged.start()] + answer[tagged.end() :]).strip()
        thoughts.append(outside)
        answer = tagged[1]
    reasoning = "\n".join(filter(None, thoughts))
    return (reasoning, answer.strip()) if reasoning or tagged else ("", answer)
