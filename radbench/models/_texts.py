"""What the floors see of a request and its target: the last turn, its words, these as a vector; the options chosen."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from radbench.sample import Request

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DIMENSION: Final = 512  # of hashed bags: collisions are rare among the few hundred words of a report task

_WORD: Final = re.compile(r"[^\W_]+")


def question(request: Request) -> str:
    """The text of the last turn, in lower case, any run of white space as one blank."""
    parts = [part for part in request.turns[-1].parts if isinstance(part, str)]
    return " ".join(" ".join(parts).casefold().split())


def words(text: str) -> list[str]:
    """The runs of letters and digits, in lower case."""
    return _WORD.findall(text.casefold())


def chosen(target: str, options: Collection[str]) -> list[str]:
    """What a target holds of a request's options: one of them, or a list of them; an open question's target as it is.

    >>> chosen("oedema, nodule", ["nodule", "oedema", "mass"]), chosen("left, lower", [])
    (['oedema', 'nodule'], ['left, lower'])
    """
    if not options or target in options:
        return [target]
    # as protocols write lists: a semicolon where an option itself holds a comma
    return target.split("; " if any("," in option for option in options) else ", ")


def bag(text: str) -> NDArray[np.float32]:
    """Counts of the words, hashed to 512 places and scaled to length 1; zeros for a text without words.

    The hash is CRC-32, which is the same on every machine and in every process.
    """
    import numpy as np

    places = [zlib.crc32(word.encode()) % _DIMENSION for word in words(text)]
    counts = np.bincount(places, minlength=_DIMENSION) if places else np.zeros(_DIMENSION)
    return (counts / max(1.0, float(np.linalg.norm(counts)))).astype(np.float32)
