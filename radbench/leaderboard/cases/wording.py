"""Two texts word by word: what they share, what only one has; and the same as HTML, with places of interest marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from radbench.metrics.base import Objection

Side: TypeAlias = Literal["reference", "candidate"]

_WORD: Final = re.compile(r"\S+\s*|\s+")
_LETTERS: Final = re.compile(r"\w+")
_BARE: Final = re.compile(r"^\W+|\W+$")
_MARK: Final[dict[Side, str]] = {"reference": "del", "candidate": "ins"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text; all stretches joined are the text."""

    text: str
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a text, from `start` to before `end` in characters, and what is to be said of it."""

    start: int
    end: int
    note: str


def difference(reference: str, candidate: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces: a longest common subsequence of words is shared; case and marks around a word do not count.

    >>> [piece.text for piece in difference("No effusion.", "Small effusion")[1] if not piece.is_shared]
    ['Small ']
    """
    old, new = _WORD.findall(reference), _WORD.findall(candidate)
    shared = list(_matches([_bare(word) for word in old], [_bare(word) for word in new]))
    return _pieces(old, {i for i, _ in shared}), _pieces(new, {j for _, j in shared})


def marked(pieces: Sequence[Piece], side: Side, places: Iterable[Place] = ()) -> str:
    """The pieces as HTML, all text escaped: what the other side lacks in `<del>` or `<ins>`, places in `<mark>` with their number."""
    text = "".join(piece.text for piece in pieces)
    numbered = [(number, place) for number, place in enumerate(places, start=1) if 0 <= place.start < place.end <= len(text)]
    cuts = {0, len(text)} | {cut for _, place in numbered for cut in (place.start, place.end)}
    owner: list[tuple[int, int, bool]] = []
    at = 0
    for piece in pieces:
        owner.append((at, at + len(piece.text), piece.is_shared))
        at += len(piece.text)
        cuts.add(at)
    ordered, html, k = sorted(cuts), [], 0
    for start, end in pairwise(ordered):
        while owner[k][1] <= start:
            k += 1
        inner = escape(text[start:end])
        if not owner[k][2]:
            inner = f"<{_MARK[side]}>{inner}</{_MARK[side]}>"
        over = [(number, place) for number, place in numbered if place.start <= start and end <= place.end]
        if over:
            inner = f'<mark title="{escape("; ".join(place.note for _, place in over))}">{inner}</mark>'
        html.append(inner + "".join(f"<sup>{number}</sup>" for number, place in over if place.end == end))
    return "".join(html)


def placed(text: str, objections: Iterable[tuple[str, Objection]]) -> tuple[list[Place], list[str]]:
    """Where the words stand that metrics object to, each with the metric and the type of error; and in words what stands nowhere.

    Letter case and marks between words do not count; of several places the first is taken.

    >>> placed("No nodule. Effusion.", [("m", Objection("false", "effusion")), ("m", Objection("omitted", n=2))])
    ([Place(start=11, end=19, note='m: false')], ['m: 2 times omitted'])
    """
    places, rest = [], []
    for metric, one in objections:
        what = ": ".join(filter(None, (metric, f"{one.n} times {one.kind}" if one.n > 1 else one.kind, one.note)))
        place = one.place or _found(one.words, text)
        if place is None:
            rest.append(f"{what}: “{one.words}”" if one.words else what)
        else:
            places.append(Place(*place, what))
    return sorted(places, key=lambda place: (place.start, place.end)), rest


def _found(words: str, text: str) -> tuple[int, int] | None:
    parts = _LETTERS.findall(words)
    match = re.search(r"\b" + r"\W+".join(parts) + r"\b", text, re.IGNORECASE) if parts else None
    return match.span() if match else None


def _bare(word: str) -> str:
    """What decides whether two words are the same."""
    word = word.strip().casefold()
    return _BARE.sub("", word) or word


def _matches(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The places of a longest common subsequence, the last pair first.

    Bit i of a row is 0 where word i of `old` lengthens the subsequence. Source: Hyyro, Bit-parallel LCS-length computation revisited
    (2004): whole rows are single integers, so long reports cost milliseconds.
    """
    where: dict[str, int] = {}
    for i, word in enumerate(old):
        where[word] = where.get(word, 0) | 1 << i
    full = (1 << len(old)) - 1
    rows = [full]
    for word in new:
        found = rows[-1] & where.get(word, 0)
        rows.append(((rows[-1] + found) | (rows[-1] - found)) & full)
    i, j = len(old), len(new)
    while i and j:
        bit = 1 << (i - 1)
        if rows[j] & bit:
            i -= 1
        elif not rows[j - 1] & bit:
            j -= 1
        else:
            i, j = i - 1, j - 1
            yield i, j


def _pieces(words: Sequence[str], shared: set[int]) -> tuple[Piece, ...]:
    """Neighbouring words of one kind, joined."""
    found: list[Piece] = []
    for i, word in enumerate(words):
        if found and found[-1].is_shared == (i in shared):
            found[-1] = Piece(found[-1].text + word, i in shared)
        else:
            found.append(Piece(word, i in shared))
    return tuple(found)
