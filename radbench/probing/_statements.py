"""Edits of what a report states: a finding turned round, left out, invented; a comparison with a study that is not there."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Final

from radbench.probing._sentences import Sentence, capitalised, compares, inserted, rewritten, sentences, without

# an absence -> the presence; the first that fits a sentence is taken
_TO_PRESENT: Final = (
    (r"\b(there (?:is|are|was|were)) no (?!(?:\w+ )?change)(?:evidence of |sign of |definite )?", r"\1 "),
    (r"^no (?!(?:\w+ )?change)(?:evidence of |sign of |definite )?", ""),
    (r"\b(is|are|was|were) not\b", r"\1"),
    (r"\bwithout (?:evidence of )?", "with "),
    (r"\bnegative for\b", "positive for"),
)
_TO_ABSENT: Final = (
    (r"\b(there (?:is|are|was|were)) (?:an? )?", r"\1 no "),
    (r"\b(is|are|was|were) (?!not\b)", r"\1 not "),
    (r"^(?:an? )?(?=\w)", "no "),
)
_ADDED: Final = {
    "pneumothora": "There is a moderate right pneumothorax.",
    "effusion": "There is a large left pleural effusion.",
    "nodul": "There is a 14 mm nodule in the right upper lobe.",
    "fracture": "There is a displaced fracture of the left sixth rib.",
    "consolidat": "There is dense consolidation of the left lower lobe.",
    "mass": "There is a mass at the right hilum.",
}
_NORMAL: Final = (
    "Findings: The lungs are clear. No pleural effusion or pneumothorax. The heart is of normal size. The bones are intact.\n"
    "Impression: No acute abnormality."
)


def negation(text: str) -> str | None:
    """One finding turned round wherever it is stated: an absence into presence, else a presence into absence.

    >>> negation("The heart is normal. No pleural effusion."), negation("There is a small nodule.")
    ('The heart is normal. Pleural effusion.', 'There is no small nodule.')
    """
    found = [sentence for sentence in sentences(text) if sentence.findings]
    for rules, wanted in ((_TO_PRESENT, [s for s in found if not s.is_positive]), (_TO_ABSENT, [s for s in found if s.is_positive])):
        for sentence in wanted:
            if _turned(sentence, rules) is not None:
                same = [other for other in wanted if other.findings & sentence.findings]
                return rewritten(text, lambda other, rules=rules: _turned(other, rules), same)  # type: ignore[misc]  # bound at once
    return None


def omission(text: str) -> str | None:
    """The first finding that is stated to be present left out, with all sentences that state it."""
    positive = [sentence for sentence in sentences(text) if sentence.is_positive]
    return without(text, [sentence for sentence in positive if sentence.findings & positive[0].findings]) if positive else None


def addition(text: str) -> str | None:
    """A finding that the report does not name, added as present; which one follows from the text."""
    named = set[str]().union(*(sentence.findings for sentence in sentences(text)))
    free = [sentence for stem, sentence in _ADDED.items() if stem not in named]
    return inserted(text, free[zlib.crc32(text.encode()) % len(free)]) if free else None


def false_prior(text: str) -> str | None:
    """A comparison with an earlier study, in a report that makes none."""
    if compares(text):
        return None
    is_abnormal = any(sentence.is_positive for sentence in sentences(text))
    return inserted(text, f"Compared with the prior study, this has {'worsened' if is_abnormal else 'improved'}.")


def template(text: str) -> str | None:
    """A normal report in place of one that states a finding."""
    return _NORMAL if any(sentence.is_positive for sentence in sentences(text)) else None


def _turned(sentence: Sentence, rules: Sequence[tuple[str, str]]) -> str | None:
    for pattern, said in rules:
        new, n = re.subn(pattern, said, sentence.text, count=1, flags=re.IGNORECASE)
        if n and new != sentence.text:
            if rules is _TO_PRESENT:
                new = re.sub(r"\bor\b", "and", new)  # no effusion or pneumothorax: both are meant
            elif not sentence.text[:1].isupper():
                return new
            return capitalised(_lowered(new)) if rules is _TO_ABSENT else _like(sentence.text, new)
    return None


def _lowered(text: str) -> str:
    """What follows a leading `no`, with a small first letter unless it is an abbreviation."""
    return re.sub(r"^no ([A-Z])(?=[a-z ])", lambda match: f"no {match[1].lower()}", text, flags=re.IGNORECASE)


def _like(old: str, new: str) -> str:
    return capitalised(new) if old[:1].isupper() else new
