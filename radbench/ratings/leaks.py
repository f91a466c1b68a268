"""Do rated texts stand in the prompt of the judge that is held against their ratings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_WORD: Final = re.compile(r"\w+")
_LEAST_WORDS: Final = 5  # shorter texts ("No acute cardiopulmonary abnormality.") stand in any prompt about chest films


def leaks(prompt: str, texts: Sequence[str]) -> list[int]:
    """The places of those `texts` that stand in a prompt word for word; case, punctuation and white space aside.

    Texts of fewer than five words are never counted.

    >>> leaks("Example: there is a small left effusion.", ["There is a small left effusion", "Clear lungs."])
    [0]
    """
    shown = f" {_words(prompt)} "
    found = [(i, _words(text)) for i, text in enumerate(texts)]
    return [i for i, words in found if words.count(" ") + 1 >= _LEAST_WORDS and f" {words} " in shown]


def prompts_of(metric: object) -> Iterator[str]:
    """What a metric tells the judges that it asks: what it holds with a `system` and a `user` part is a prompt."""
    for held in vars(metric).values():
        system, user = getattr(held, "system", None), getattr(held, "user", None)
        if isinstance(system, str) and isinstance(user, str):
            yield f"{system}\n{user}"


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
