"""The sentences of a report: where they stand, under which head, and what they state of findings. Rules on words, our own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from radbench.metrics.hallucination import spans
from radbench.sample import Case

_MARKER: Final = re.compile(r"(?:\d{1,2}[.)]|[-*•])(?:\s+|$)")
_HEAD: Final = re.compile(r"([A-Za-z][A-Za-z /]{2,30}):\s*")
_LIMIT: Final = re.compile(r"(?<=[.!?])(?<!\bDr\.)(?<!\bvs\.)(?<!\be\.g\.)(?<!\bi\.e\.)\s+")

_FINDING: Final = re.compile(
    r"\b(effusion|pneumothora|consolidat|atelecta|opaci|infiltrat|nodul|mass(?:es)?\b|lesion|fracture|pneumonia|edema|oedema|thickening|"
    r"cardiomegal|enlarge|congestion|emphysema|fibros|hernia|pneumoperitone|scolios|granulom|cavit|collapse|widen|blunt)",
    re.IGNORECASE,
)
_ABSENT: Final = re.compile(
    r"\b(?:no(?! (?:\w+ )?change)|not(?! changed)|without|neither|nor|negative|free of|clear of|absent|absence|resolved|cleared)\b",
    re.IGNORECASE,
)
_ABOUT: Final = frozenset(
    {"indication", "history", "clinical history", "clinical information", "reason", "comparison", "technique", "exam", "examination"}
)  # heads of sections that tell what was known or done, not what was found
_NORMAL: Final = re.compile(r"\b(?:normal|unremarkable|clear|sharp|intact)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its place in the text; its marker ("2.") and the head before it are no part of it."""

    text: str
    start: int
    end: int
    section: int  # numbered from 0, a new one at each head
    head: str  # of its section, in lower case; "" before the first
    item_start: int  # where its list marker begins; `start` without one

    @property
    def is_item(self) -> bool:
        """True for an item of a list."""
        return self.item_start < self.start

    @property
    def findings(self) -> frozenset[str]:
        """The stems of the findings that it names; none where its section is not about what was found."""
        return frozenset() if self.head in _ABOUT else frozenset(stem.lower() for stem in _FINDING.findall(self.text))

    @property
    def is_positive(self) -> bool:
        """True where it names a finding and does not deny it."""
        return bool(self.findings) and not _ABSENT.search(self.text) and not _NORMAL.search(self.text)


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text, in order.

    >>> [(s.head, s.text) for s in sentences("FINDINGS: Clear lungs. No effusion.")]
    [('findings', 'Clear lungs.'), ('findings', 'No effusion.')]
    """
    found: list[Sentence] = []
    section, head = 0, ""
    for start, end in _parts(text):
        at = item = start
        if named := _HEAD.match(text, at, end):
            section, head, at = section + 1, named[1].strip().lower(), named.end()
            item = at
        while marked := _MARKER.match(text, at, end):
            at = marked.end()
        if at < end:
            found.append(Sentence(text[at:end], at, end, section, head, item))
    return found


def rewritten(text: str, change: Callable[[Sentence], str | None], chosen: Sequence[Sentence] | None = None) -> str | None:
    """The text with sentences replaced (None: left as it is), of those chosen or of all; None where nothing changed."""
    parts, at = [], 0
    for sentence in sentences(text) if chosen is None else chosen:
        said = change(sentence)
        if said is not None:
            parts += [text[at : sentence.start], said]
            at = sentence.end
    new = "".join([*parts, text[at:]])
    return new if new != text else None


def without(text: str, removed: Sequence[Sentence]) -> str | None:
    """The text without some sentences and their list markers; None where no sentence would be left."""
    gone = {sentence.start for sentence in removed}
    if not removed or all(sentence.start in gone for sentence in sentences(text)):
        return None
    for sentence in reversed(removed):
        head, tail = text[: sentence.item_start], text[sentence.end :].lstrip(" ")
        text = (head if tail and tail[0] != "\n" else head.rstrip(" ")) + tail
    return text.strip()


def inserted(text: str, new: str) -> str:
    """The text with a sentence more, after the last one that stands before the impression; at the end where there is none."""
    before = [sentence for sentence in sentences(text) if sentence.head not in {"impression", "conclusion"}]
    if not before:
        return f"{text.rstrip()} {new}"
    last = before[-1].end
    stop = "" if before[-1].text.endswith((".", "!", "?")) else "."
    return f"{text[:last]}{stop} {new}{text[last:]}"


def compares(text: str) -> bool:
    """True where a text speaks of change or of an earlier study."""
    return any(span.kind == "comparison_without_prior" for span in spans(Case.of(text, [""])))


def capitalised(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """What stands between ends of sentences and of lines, without blanks around it; a marker goes with what follows it."""
    for line in re.finditer(r"[^\n]+", text):
        start = line.start()
        for limit in (*_LIMIT.finditer(text, line.start(), line.end()), None):
            end = limit.start() if limit else line.end()
            if limit and _is_marker(text, start, end):
                continue
            stripped = text[start:end].strip()
            if stripped:
                first = start + text[start:end].index(stripped)
                yield first, first + len(stripped)
            start = limit.end() if limit else line.end()


def _is_marker(text: str, start: int, end: int) -> bool:
    """True where a part is nothing but a list marker, perhaps after a head."""
    head = _HEAD.match(text, start, end)
    marker = _MARKER.match(text, head.end() if head else start, end)
    return marker is not None and marker.end() == end
