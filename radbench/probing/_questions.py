"""Questions in other words, and yes/no questions turned round. Rules on words, our own; each gives None where it does not apply."""

from __future__ import annotations

import re
from typing import Final

_STATES: Final = "enlarged|normal|abnormal|clear|midline|visible|present|absent|dilated|widened|displaced|elevated|intact|healthy|symmetric"
_SEES: Final = "show|have|contain|demonstrate|reveal|suggest|display"

_PARAPHRASES: Final = (
    (r"is there (an? |any )?(?:evidence of )?(.+)\?", r"Can you see \1\2?"),
    (r"are there (any )?(.+)\?", r"Can you see \1\2?"),
    (rf"is (.+) ({_STATES})\?", r"Would you say that \1 is \2?"),
    (rf"are (.+) ({_STATES})\?", r"Would you say that \1 are \2?"),
    (rf"do(es)? (.+) ({_SEES}) (.+)\?", r"Would you say that \2 do\1 \3 \4?"),
)
_NEGATIONS: Final = (
    (r"is there (?:an? |any )?(?:evidence of )?(?!no |not )(.+)\?", r"Is it true that there is no \1?"),
    (r"are there (?:any )?(?!no |not )(.+)\?", r"Is it true that there are no \1?"),
    (rf"is (?!it )(.+) ({_STATES})\?", r"Is it true that \1 is not \2?"),
    (rf"are (.+) ({_STATES})\?", r"Is it true that \1 are not \2?"),
    (rf"do(es)? (.+) ({_SEES}) (.+)\?", r"Is it true that \2 do\1 not \3 \4?"),
)


def paraphrased(question: str) -> str | None:
    """The same question in other words; one that no rule knows is asked for an answer in so many words.

    >>> paraphrased("Is there a pneumothorax?")
    'Can you see a pneumothorax?'
    """
    return _by(_PARAPHRASES, question) or (f"Please answer this question: {question}" if question.strip() else None)


def negated(question: str) -> str | None:
    """A yes/no question whose right answer is the other one.

    >>> negated("Is there a pneumothorax?"), negated("Which side?")
    ('Is it true that there is no pneumothorax?', None)
    """
    return _by(_NEGATIONS, question)


def _by(rules: tuple[tuple[str, str], ...], question: str) -> str | None:
    for pattern, said in rules:
        match = re.fullmatch(pattern, question.strip(), re.IGNORECASE)
        if match:
            return match.expand(said)
    return None
