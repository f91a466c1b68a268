"""G-Rad, published as CheXprompt: a judge counts six types of errors, clinically significant ones and others.

Source: microsoft/chexprompt (rubric and output format); arXiv 2403.08002 calls it G-Rad. The six types are those of
ReXVal (Yu et al., Patterns 2023), in the same order. The prompt `grad-synthetic-v1` is worded anew and its examples are invented:
its counts are another metric than those of the published prompt, which a user can hand in as a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics._judging import Judged
from radbench.metrics.base import Objection, Row, Values
from radbench.sample import Unparsed

TYPES: Final = (
    "false_positive_finding",
    "omission_finding",
    "incorrect_location",
    "incorrect_severity",
    "false_positive_comparison",
    "omission_comparison",
)  # A to F
HALVES: Final = ("significant", "insignificant")

_LETTERS: Final = "ABCDEF"
_COUNTS: Final = tuple(f"{half}:{kind}" for half in HALVES for kind in TYPES)
_SHARES: Final = ("share:0", "share:1", "share:2", "share:3", "share:4+")  # of cases with that many errors in all

# A half is found by its heading, wherever it stands; its list follows the colon. No repetition in these patterns can
# match the same text in two ways, so that reading takes time in proportion to the answer, whatever a judge writes.
_HEADING: Final = re.compile(r"clinically[\s*_-]+(in)?significant[\s*_]+errors[^:\n\[(]{0,40}:", re.IGNORECASE)
_LIST: Final = re.compile(r"[\s*_`]*[\[(]((?:[^\[\]()]|[\[(][^\[\]()]*[\])])*)[\])]")
_PAIR: Final = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_COUNT: Final = re.compile(r"[0-9]{1,3}")
_AROUND: Final = " \t\n\r\"'`*_“”‘’"


class Grad(Judged):
    """Twelve counts a case: errors of types A to F, clinically significant ones and others. Counts lie in [0, inf), lower is better.

    Made for findings of chest X-rays (MIMIC-CXR); its six error types are those of ReXVal.

    `significant`, `insignificant`, `total`: mean errors a case; `significant:omission_finding` and its like: of one type.
    `error_free` and `significant_error_free`: shares in [0, 1] of cases without errors, and without significant ones,
    higher is better. `share:0` to `share:4+`: shares of cases with that many errors in all. `escaped`: marks a case taken
    out of reports because they could have ended their quotation. `agreement`, with repeats: the share of pairs of repeats
    that count the same number of significant errors. With repeats, counts and shares are means over the readable ones.

    Of several references the one with the fewest significant errors counts, then the one with the fewest in all. An
    empty or missing candidate is judged like any other: as omissions. An answer counts only if it holds each letter
    once in both halves, with a whole number; else it is asked for once more with the reason, then the case is left out.

    Radiologists agree less on insignificant errors (Krippendorff's alpha .27, of significant ones .63, on ReXVal): rank no models by those.

    Args:
        judge: a generator of the catalogue.
        prompt: a YAML file with `user` and, if wanted, `system`; slots {reference} and {candidate}, each best between
            triple quotation marks, as in the published prompt.
        repeats: how often each pair is put to the judge.
        max_new_tokens: of one answer. The published 128 cut some short.
    """

    name: ClassVar[str] = "grad"
    papers = ("chaves2024llavarad", "yu2023evaluating")
    scope: ClassVar[str] = "chest X-ray reports"
    statistics: ClassVar[tuple[str, ...]] = (*_COUNTS, "significant_error_free", *_SHARES)
    own_prompt: ClassVar[str] = "grad-synthetic-v1"
    lower_is_better: ClassVar[frozenset[str]] = frozenset({*_COUNTS, *HALVES, "total", *_SHARES[1:], "escaped"})

    def read(self, text: str) -> Row | Unparsed:
        counts = read_counts(text)
        if isinstance(counts, Unparsed):
            return counts
        n = min(int(counts.sum()), len(_SHARES) - 1)
        return np.array([*counts.ravel(), counts[0].sum() == 0, *(n == share for share in range(len(_SHARES)))], dtype=np.float64)

    def told(self, answer: str) -> Iterator[Objection]:
        counts = read_counts(answer)
        for half, row in zip(HALVES, () if isinstance(counts, Unparsed) else counts, strict=False):
            yield from (Objection(named(kind, half), n=int(n)) for kind, n in zip(TYPES, row, strict=True) if n)

    def merit(self, statistics: Row) -> float:
        significant, total = statistics[:6].sum(), statistics[:12].sum()
        return -float(significant + total / 1e6)  # twelve counts of three digits never reach a million

    def verdict(self, statistics: Row) -> float:
        return float(statistics[:6].sum())

    def value(self, sums: NDArray[np.float64]) -> Values:
        found = self.means(sums)
        halves = {half: np.sum([found[f"{half}:{kind}"] for kind in TYPES], axis=0) for half in HALVES}
        return {
            "total": halves["significant"] + halves["insignificant"],
            **halves,
            "error_free": found["share:0"],
            **found,
            **self.asides(sums),
        }


def named(kind: str, half: str) -> str:
    """One of `TYPES` and `HALVES` in words.

    >>> named("omission_finding", "significant")
    'omission finding (significant)'
    """
    return f"{kind.replace('_', ' ')} ({half})"


def read_counts(text: str) -> NDArray[np.float64] | Unparsed:
    """The counts in a judge's answer, shape (2, 6): significant, insignificant; types A to F.

    Halves may come in any order and pairs in any brackets, letters in any case, quoted or bold; prose around is skipped.
    """
    found: dict[str, list[float]] = {}
    for heading in _HEADING.finditer(text):
        half = HALVES[heading[1] is not None]
        listed = _LIST.match(text, heading.end())
        if listed is None:
            continue  # the words in prose, or a list that was cut
        counts = _six(listed[1])
        if isinstance(counts, Unparsed):
            return Unparsed(f"clinically {half} errors: {counts.reason}")
        if found.setdefault(half, counts) != counts:
            return Unparsed(f"clinically {half} errors are listed twice, and differently")
    for half in HALVES:
        if half not in found:
            return Unparsed(f"there is no whole list of clinically {half} errors")
    return np.array([found[half] for half in HALVES])


def _six(listed: str) -> list[float] | Unparsed:
    if _PAIR.sub("", listed).strip(f"{_AROUND},;"):
        return Unparsed("the list holds more than pairs (letter, number)")
    counts: dict[str, float] = {}
    for pair in _PAIR.findall(listed):
        letter, _, count = (part.strip(_AROUND) for part in pair.partition(","))
        if letter.upper() not in _LETTERS or len(letter) != 1:
            return Unparsed("a pair begins with none of the letters A to F")
        if letter.upper() in counts:
            return Unparsed(f"letter {letter.upper()} stands twice")
        if not _COUNT.fullmatch(count):
            return Unparsed(f"letter {letter.upper()} has no whole number from 0 to 999")
        counts[letter.upper()] = float(count)
    if missing := [letter for letter in _LETTERS if letter not in counts]:
        return Unparsed(f"letter {', '.join(missing)} is missing")
    return [counts[letter] for letter in _LETTERS]
