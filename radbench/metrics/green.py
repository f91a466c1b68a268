"""GREEN: matched findings against clinically significant errors, as a judge lists them.

Source: Ostmeier et al., arXiv 2405.03595; Stanford-AIMI/GREEN. The published weights were trained on the published prompt
and want it word for word: hand it in as `prompt`. The prompt `green-v1` is for other judges; its scores are another metric.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics._judging import Judged
from radbench.metrics.base import Objection, Row, Values
from radbench.metrics.grad import HALVES, TYPES, named
from radbench.sample import Case, Unparsed

_WORDS: Final = 300  # of each report; the published prompt takes no more
_SIGNIFICANT, _INSIGNIFICANT, _MATCHED = "clinically significant errors", "clinically insignificant errors", "matched findings"
_SECTION: Final = re.compile(rf"\[({_SIGNIFICANT}|{_INSIGNIFICANT}|{_MATCHED}|explanation)\][\s*]*:?[\s*]*", re.IGNORECASE)
_LINE: Final = re.compile(r"^[\s*]*\(([a-z0-9])\)(.*)$", re.IGNORECASE | re.MULTILINE)
_COUNT: Final = re.compile(r":[\s*]*([0-9]{1,3})\.")
_MATCHES: Final = re.compile(r"([0-9]{1,3})\.")
_LETTERS: Final = "abcdef"  # the six types of grad, in its order
_OMISSIONS: Final = (1, 5)  # of these: what the reference has and the candidate lacks
_NONE: Final = re.compile(r"no(?:ne)?\b", re.IGNORECASE)


class Green(Judged):
    """`green`: the mean over cases of matched findings / (matched findings + clinically significant errors), in [0, 1], higher is better.

    Made for reports of chest X-rays; the published judge was trained on them.

    Without a matched finding it is 0, even where there is no error either: so does a pair of normal reports in which the
    judge sees no finding. `matched`: mean matched findings a case; `significant`: mean significant errors, lower is better;
    `escaped`, `agreement`: as in `grad`, repeats agreeing where their scores are equal.

    The answer is read as published (three headed sections, `(a) type: n. error; error`, a line left out meaning 0, a
    section beginning with "No" meaning none), but a section or number that is not there is no 0: such an answer is asked
    for once more and the case then left out. The insignificant errors do not enter the score and are not read. Each
    report is cut after 300 words. Of several references the best one counts; a missing candidate is judged as empty.

    Args:
        judge: a generator of the catalogue.
        prompt: a YAML file with `user` and, if wanted, `system`; slots {reference} and {candidate}.
        repeats: how often each pair is put to the judge.
        max_new_tokens: of one answer.
    """

    name: ClassVar[str] = "green"
    papers = ("ostmeier2024green",)
    scope: ClassVar[str] = "chest X-ray reports"
    statistics: ClassVar[tuple[str, ...]] = ("green", "matched", "significant")
    own_prompt: ClassVar[str] = "green-v1"
    own_max_new_tokens: ClassVar[int] = 1024  # an explanation comes before the counts
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"significant", "escaped"})

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "words": str(_WORDS)}

    def texts(self, case: Case) -> Sequence[Mapping[str, str]]:
        return [{slot: " ".join(text.split()[:_WORDS]) for slot, text in texts.items()} for texts in super().texts(case)]

    def read(self, text: str) -> Row | Unparsed:
        counts = read_counts(text)
        if isinstance(counts, Unparsed):
            return counts
        matched, significant = counts
        return np.array([matched / (matched + significant) if matched else 0.0, matched, significant], dtype=np.float64)

    def told(self, answer: str) -> Iterator[Objection]:
        sections = _sections(answer)
        for half, head in zip(HALVES, (_SIGNIFICANT, _INSIGNIFICANT), strict=True):
            for letter, line in _LINE.findall("" if isinstance(sections, Unparsed) else sections.get(head, "")):
                number = _COUNT.search(line)
                if number is None or not int(number[1]) or letter.lower() not in _LETTERS:
                    continue
                place = _LETTERS.index(letter.lower())
                kind = named(TYPES[place], half)
                listed = [words for part in line[number.end() :].split(";") if (words := part.strip(" .*\"'"))]
                yield from (Objection(kind, words, "reference" if place in _OMISSIONS else "candidate") for words in listed)
                if not listed:
                    yield Objection(kind, n=int(number[1]))

    def merit(self, statistics: Row) -> float:
        return float(statistics[0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {**self.means(sums), **self.asides(sums)}


def read_counts(text: str) -> tuple[int, int] | Unparsed:
    """Matched findings and clinically significant errors in a judge's answer."""
    sections = _sections(text)
    if isinstance(sections, Unparsed):
        return sections
    if absent := [head for head in (_SIGNIFICANT, _MATCHED) if not sections.get(head, "").strip()]:
        return Unparsed(f"there is no section [{absent[0].title()}], or it is empty")
    significant = _errors(sections[_SIGNIFICANT])
    if isinstance(significant, Unparsed):
        return significant
    body = sections[_MATCHED].strip()
    number = _MATCHES.match(body)
    if number is None and not _NONE.match(body):
        return Unparsed("the matched findings do not begin with their number and a full stop")
    return int(number[1]) if number else 0, significant


def _sections(text: str) -> dict[str, str] | Unparsed:
    """The sections of an answer by their headings in small letters."""
    parts = _SECTION.split(text)
    sections: dict[str, str] = {}
    for head, body in zip(parts[1::2], parts[2::2], strict=True):
        if sections.setdefault(head.lower(), body) != body:
            return Unparsed(f"section [{head}] stands twice")
    return sections


def _errors(section: str) -> int | Unparsed:
    if _NONE.match(section.strip()):
        return 0
    counts: dict[str, int] = {}
    for letter, line in _LINE.findall(section):
        number = _COUNT.search(line)
        if letter.lower() not in _LETTERS or letter.lower() in counts:
            return Unparsed("significant errors: a letter stands twice or is none of a to f")
        if number is None:
            return Unparsed(f"significant errors: line ({letter.lower()}) has no number after a colon, with a full stop")
        counts[letter.lower()] = int(number[1])
    return sum(counts.values()) if counts else Unparsed("there are no lines (a) to (f) of significant errors")
