"""Edits that leave what a report states as it is: other words, another order, words that say nothing, another letter case."""

from __future__ import annotations

import re
from typing import Final

from radbench.conventions import cleaned
from radbench.probing._sentences import Sentence, capitalised, rewritten, sentences

_PHRASES: Final = (
    (r"^there (is|are) no (?:evidence of )?([^.;:]+)(\.?)$", r"no \2 \1 seen\3"),
    (r"^there (is|are) (an? |\w+ )(?!evidence)([^.;:,]+)(\.?)$", r"\2\3 \1 seen\4"),
    (r"^no ([^.;:]+?)(?: (is|are) (?:seen|identified|present))(\.?)$", r"there \2 no \1\3"),
    (r"^no ([^.;:]+)(\.?)$", r"there is no \1\2"),
    (r"^(an? [^.;:]+?) (is|are) (?:seen|noted|present|identified)(\b[^.;:]*\.?)$", r"there \2 \1\3"),
    (r"^(?:the )?heart (?:size )?is (?:normal|of normal size|normal in size)(\.?)$", r"the cardiac silhouette is of normal size\1"),
    (r"^(?:the )?(?:cardiac silhouette|heart size) is (?:normal|of normal size)(\.?)$", r"the heart is of normal size\1"),
    (r"^(?:the )?heart is enlarged(\.?)$", r"there is cardiomegaly\1"),
    (r"^cardiomegaly(\.?)$", r"enlarged heart\1"),
    (r"^(?:the |both )?lungs are clear(\.?)$", r"clear lungs\1"),
    (r"^no acute cardiopulmonary abnormality(\.?)$", r"no acute abnormality of the heart or the lungs\1"),
    (r"\bunremarkable\b", "normal"),
    (r"\bradiographs?\b", "film"),
)
_SAID_NOTHING: Final = "Clinical correlation is recommended. Thank you for referring this patient."
_FILLER: Final = "The images were reviewed on a diagnostic workstation and the report was prepared in the usual manner."
_LONG: Final = 1000  # words added: beyond what encoders of 512 tokens see


def paraphrase(text: str) -> str | None:
    """Sentences said in other words, by a table of phrases.

    >>> paraphrase("There is a small left effusion. The lungs are clear.")
    'A small left effusion is seen. Clear lungs.'
    """
    return rewritten(text, _reworded)


def reordered(text: str) -> str | None:
    """The sentences of each section in reverse order; lists and the impression, where order tells urgency, stay. Twice is nothing."""
    found = [s for s in sentences(text) if s.head not in {"impression", "conclusion"}]
    by_section: dict[int, list[Sentence]] = {}
    for sentence in found:
        by_section.setdefault(sentence.section, []).append(sentence)
    said: dict[int, str] = {}
    for own in by_section.values():
        if not any(s.is_item for s in own):
            moved = [s for s in own if s.text.endswith((".", "!", "?"))]
            said |= {here.start: there.text for here, there in zip(moved, reversed(moved), strict=True)}
    return rewritten(text, lambda sentence: said.get(sentence.start))


def boilerplate(text: str) -> str:
    """Two sentences more that say nothing of the study."""
    return f"{text} {_SAID_NOTHING}"


def upper_case(text: str) -> str | None:
    """All letters large, as some systems print reports."""
    return text.upper() if text.upper() != text else None


def unpunctuated(text: str) -> str | None:
    """Without punctuation but that within numbers."""
    new = cleaned(text, ("punctuation",))
    return new if new != text else None


def repeated(text: str) -> str:
    """The report twice."""
    return f"{text}\n{text}"


def very_long(text: str) -> str:
    """A thousand words more that say nothing of the study."""
    return " ".join([text, *[_FILLER] * -(-_LONG // len(_FILLER.split()))])


def _reworded(sentence: Sentence) -> str | None:
    for pattern, said in _PHRASES:
        new, n = re.subn(pattern, said, sentence.text, flags=re.IGNORECASE)
        if n:
            is_large = sentence.text[:1].isupper()
            lowered = re.sub(r"(?<=\s)(An?|No|The)(?=\s)", lambda match: match[1].lower(), new)
            return capitalised(lowered) if is_large else lowered
    return None
