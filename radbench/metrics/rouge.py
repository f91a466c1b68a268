"""ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum, as the Python package rouge-score 0.1.2 computes them.

Source: Lin, ROUGE, 2004, sections 2 and 3; the tokens, the ties among longest common subsequences and the clipping of
ROUGE-Lsum are those of rouge-score. Longest common subsequences by bit vectors: Hyyro, 2004.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE, common, ngrams, porter_stem
from radbench.sample import Case

_WORD: Final = re.compile(r"[a-z0-9]+")
_NAMES: Final = ("rouge1", "rouge2", "rougeL", "rougeLsum")


class Rouge(SumMetric):
    """Mean over cases of ROUGE F1, with `_precision` and `_recall`, in [0, 1], higher is better.

    Made for summaries of news; it knows words and no findings.

    Tokens are runs of a-z and 0-9 in lower case; other scripts have none. `rouge1`, `rouge2`: clipped n-gram matches;
    `rougeL`: longest common subsequence over whole texts; `rougeLsum`: united over sentences, one a line.

    An empty candidate scores 0, and a text of one token has `rouge2` 0, even against itself. References without a
    token do not count; a case without any other is left out (rouge-score says 0).

    Args:
        stem: stem tokens longer than three letters (Porter).
        references: of several references, `max` takes the one of highest F1 (each score its own), `mean` averages.
    """

    name: ClassVar[str] = "rouge"
    papers = ("lin2004rouge",)
    columns: tuple[str, ...] = (*(f"{name}{part}" for name in _NAMES for part in ("_precision", "_recall", "")), "cases")

    def __init__(self, *, stem: bool = False, references: Literal["max", "mean"] = "max") -> None:
        self.stem = stem
        self.references = references

    def signature(self) -> dict[str, str]:
        return {"stem": "yes" if self.stem else "no", "refs": self.references}

    def row(self, case: Case) -> Row | Excluded:
        scores = [rouge(case.text, text, stem=self.stem) for text in case.references if _WORD.search(text.lower())]
        if not scores:
            return NO_REFERENCE
        if len(scores) == 1:
            return np.array([*scores[0], 1.0])
        table = np.array(scores)
        if self.references == "mean":
            return np.append(table.mean(axis=0), 1.0)
        best = [table[table[:, f1].argmax(), f1 - 2 : f1 + 1] for f1 in range(2, table.shape[1], 3)]
        return np.append(np.concatenate(best), 1.0)

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {column: ratio(sums[:, i], sums[:, -1]) for i, column in enumerate(self.columns[:-1])}


def rouge_tokens(text: str, *, stem: bool) -> list[str]:
    """The tokens of a text.

    >>> rouge_tokens("Bilateral effusions, T2-weighted.", stem=True)
    ['bilater', 'effus', 't2', 'weight']
    """
    return list(chain.from_iterable(map(_cut, text.split(), repeat(stem))))


def rouge(candidate: str, reference: str, *, stem: bool) -> list[float]:
    """Precision, recall and F1 of rouge1, rouge2, rougeL and rougeLsum, of a reference with a token at least.

    >>> rouge("No acute fracture.", "No fracture.", stem=False)[6:9]
    [0.6666666666666666, 1.0, 0.8]
    """
    said, wanted = rouge_tokens(candidate, stem=stem), rouge_tokens(reference, stem=stem)
    if not said:
        return [0.0] * 12
    longest = lcs_length(said, wanted)
    united = longest  # what ROUGE-Lsum comes to where each text is one line
    if "\n" in candidate or "\n" in reference:
        said_lines = [rouge_tokens(line, stem=stem) for line in candidate.split("\n")]
        wanted_lines = [rouge_tokens(line, stem=stem) for line in reference.split("\n")]
        united = united_lcs(said_lines, wanted_lines)
    n_said, n_wanted = len(said), len(wanted)
    return [
        *_precision_recall_f1(common(said, wanted), n_said, n_wanted),
        *_precision_recall_f1(common(ngrams(said, 2), ngrams(wanted, 2)), max(n_said - 1, 1), max(n_wanted - 1, 1)),
        *_precision_recall_f1(longest, n_said, n_wanted),
        *_precision_recall_f1(united, n_said, n_wanted),
    ]


def lcs_length(candidate: Sequence[str], reference: Sequence[str]) -> int:
    """The length of the longest common subsequence.

    >>> lcs_length("no acute fracture".split(), "no fracture".split())
    2
    """
    return len(reference) - _lcs_table(candidate, reference)[-1].bit_count()


def united_lcs(candidate: Sequence[Sequence[str]], reference: Sequence[Sequence[str]]) -> int:
    """Matches of ROUGE-Lsum between texts of tokenized lines: for each reference line the union of its longest common
    subsequences with all candidate lines; a token counts at most as often as each text holds it."""
    said_left = Counter(chain.from_iterable(candidate))
    wanted_left = Counter(chain.from_iterable(reference))
    matches = 0
    for wanted in reference:
        for position in sorted(set().union(*(_lcs_positions(said, wanted) for said in candidate))):
            token = wanted[position]
            if said_left[token] > 0 and wanted_left[token] > 0:
                said_left[token] -= 1
                wanted_left[token] -= 1
                matches += 1
    return matches


@lru_cache(2**16)
def _cut(word: str, stem: bool) -> tuple[str, ...]:
    found = _WORD.findall(word.lower())
    return tuple(porter_stem(token) if stem and len(token) > 3 else token for token in found)


def _precision_recall_f1(matches: int, n_candidate: int, n_reference: int) -> tuple[float, float, float]:
    precision, recall = matches / n_candidate, matches / n_reference
    return precision, recall, 2 * precision * recall / (precision + recall) if matches else 0.0


def _lcs_table(candidate: Sequence[str], reference: Sequence[str]) -> list[int]:
    """The table of common subsequence lengths, a row for each number of candidate tokens seen; bit i is clear where the
    length grows with reference token i."""
    positions: dict[str, int] = {}
    for i, token in enumerate(reference):
        positions[token] = positions.get(token, 0) | 1 << i
    full = (1 << len(reference)) - 1
    row = full
    table = [row]
    for token in candidate:
        hits = row & positions.get(token, 0)
        row = (row + hits | row - hits) & full
        table.append(row)
    return table


def _lcs_positions(candidate: Sequence[str], reference: Sequence[str]) -> set[int]:
    """Positions in the reference of one longest common subsequence; of several the one that rouge-score reads out."""
    table = _lcs_table(candidate, reference)
    found = set()
    i, j = len(reference) - 1, len(candidate)
    while i >= 0 and j > 0:
        if reference[i] == candidate[j - 1]:
            found.add(i)
            i, j = i - 1, j - 1
        elif table[j] >> i & 1:
            i -= 1
        else:
            j -= 1
    return found
