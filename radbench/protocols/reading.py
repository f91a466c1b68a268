"""Reading the structure of an answer: the final answer in a text, sections under their heads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from radbench.sample import Unparsed

EMPTY: Final = Unparsed("empty reply")
NOT_TEXT: Final = Unparsed("the output is no text")

HEADS: Final[Mapping[str, str]] = {
    "finding": "findings",
    "findings": "findings",
    "impression": "impression",
    "impressions": "impression",
    "conclusion": "impression",
    "conclusions": "impression",
    "indication": "indication",
    "clinical information": "indication",
    "history": "history",
    "clinical history": "history",
    "comparison": "comparison",
    "technique": "technique",
    "examination": "examination",
    "exam": "examination",
}  # how the heads of a radiology report are written -> the section's name

_MARKER: Final = re.compile(r"\b(?:final\s+)?answer(?:\s+is)?[*_\s]*:[*_\s]*", re.IGNORECASE)

EDGES: Final = " \t\n\r.,;:!?\"'`*_()[]{}“”‘’"  # not < and >, which may be all that tells two options apart


def final_answer(text: str) -> str:
    """What follows the last "Answer:" or "Final answer:", else the whole text, stripped.

    >>> final_answer("The costophrenic angle is blunted. Final answer: effusion")
    'effusion'
    """
    if "nswer" in text or "NSWER" in text:
        said = _MARKER.split(text)[-1].strip()
        if said:
            return said
    return text.strip()


def normalised(text: str) -> str:
    """Lower case, single blanks, no punctuation, quotes or emphasis around it: the form in which texts are held equal.

    >>> normalised(' **Pleural  effusion**. ')
    'pleural effusion'
    """
    return " ".join(text.lower().split()).strip(EDGES)


def sections(text: str, heads: Mapping[str, str] = HEADS) -> dict[str, str]:
    """The text under each head, by the section's name; "" holds what stands before the first head.

    A head stands at the start of a line or right after a sentence, in any case, with or without emphasis or list marks,
    and ends with a colon; without one only where it has its line to itself and is marked or in capitals. A section that
    comes twice is joined by a line break.

    >>> sections("FINDINGS: Clear lungs.\\n**Impression**\\nNormal.")
    {'findings': 'Clear lungs.', 'impression': 'Normal.'}
    """
    found: dict[str, str] = {}
    name, start = "", 0
    for match in _head(tuple(heads)).finditer(text):
        _add(found, name, text[start : match.start()])
        name, start = heads[" ".join((match[1] or match[2] or match[3]).lower().split())], match.end()
    _add(found, name, text[start:])
    return found


def section(text: str, name: str) -> str | None:
    """The section of that name; a text without any head is that section whole; None where only others have heads."""
    found = sections(text, {**HEADS, name.lower(): name})
    return found.get("", "") if found.keys() <= {""} else found.get(name)


def _add(found: dict[str, str], name: str, text: str) -> None:
    text = text.strip().removesuffix("**").strip()
    if name or text:
        found[name] = f"{found[name]}\n{text}" if found.get(name) else text


@lru_cache(maxsize=16)
def _head(heads: tuple[str, ...]) -> re.Pattern[str]:
    """Matches a head: with a colon (group 1), marked and alone on its line (2), in capitals and alone on its line (3)."""
    any_head = "|".join(re.escape(head).replace(r"\ ", r"[ \t]+") for head in sorted(heads, key=len, reverse=True))
    capitals = any_head.upper().replace(r"[ \T]+", r"[ \t]+")
    return re.compile(
        rf"(?:^[ \t>#*_\d.-]*|(?<=[.!?])[ \t]*\**)(?i:({any_head}))[ \t*_]*:[ \t]*\**"
        rf"|^[ \t]*(?:\#+|\*\*|__)[ \t*_]*(?i:({any_head}))[ \t*_#]*$"
        rf"|^[ \t]*({capitals})[ \t]*$",
        re.MULTILINE,
    )
