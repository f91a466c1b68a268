"""BibTeX entries of the works that metrics and cards cite.

A work is named by its key in references.bib, or by any words that hold its arXiv id or DOI; these find the entry that ships with
radbench. Of words that find none, an entry holds what they say and claims no more fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_ARXIV: Final = re.compile(r"arXiv[: ]+(\d{4}\.\d{4,5})", re.IGNORECASE)
_DOI: Final = re.compile(r"\b10\.\d{4,9}/[^\s,;]+[^\s,;.)]")
_YEAR: Final = re.compile(r"\b(?:19|20)\d{2}\b")
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_ENTRY: Final = re.compile(r"^@\w+\{([^,\s]+),\n.*?^\}\n", re.DOTALL | re.MULTILINE)
_ID: Final = re.compile(r"^  (?:eprint|doi) = \{([^}]+)\},$", re.MULTILINE)
_MARKS: Final = str.maketrans(
    {mark: f"\\{mark}" for mark in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


@dataclass(frozen=True, slots=True)
class Bibliography:
    """The entries of some works, and the keys by which each naming of them is cited."""

    entries: Mapping[str, str]  # key -> BibTeX, in the order cited
    keys: Mapping[str, tuple[str, ...]]  # what named them -> keys

    @classmethod
    def of(cls, papers: Iterable[str]) -> Bibliography:
        """Of works by key, or by words that hold their ids; one that is named twice has one entry."""
        entries: dict[str, str] = {}
        keys: dict[str, tuple[str, ...]] = {}
        for paper in dict.fromkeys(text.strip() for text in papers if text.strip()):
            found = _found(paper)
            if not found:
                key, entry = _noted(paper, {*_shipped(), *entries})
                entries[key], found = entry, (key,)
            entries |= {key: _shipped()[key] for key in found if key not in entries}
            keys[paper] = found
        return cls(entries, keys)

    def __str__(self) -> str:
        """As a .bib file."""
        return "\n".join(self.entries.values())


@cache
def _shipped() -> Mapping[str, str]:
    """The entries of references.bib by key."""
    text = (files("radbench.leaderboard.printing") / "references.bib").read_text("utf-8")
    return {found[1]: found[0] for found in _ENTRY.finditer(text)}


@cache
def _by_id() -> Mapping[str, str]:
    """The keys of references.bib by arXiv id and DOI."""
    return {id_.casefold(): key for key, entry in _shipped().items() for id_ in _ID.findall(entry)}


def _found(paper: str) -> tuple[str, ...]:
    """The keys of the shipped entries that a text names."""
    if paper in _shipped():
        return (paper,)
    ids = [*_ARXIV.findall(paper), *_DOI.findall(paper)]
    return tuple(dict.fromkeys(_by_id()[id_.casefold()] for id_ in ids if id_.casefold() in _by_id()))


def _noted(paper: str, taken: set[str]) -> tuple[str, str]:
    """A key and an entry that says what a text says, with its arXiv id, DOI and year where it states them."""
    arxiv, doi = _ARXIV.search(paper), _DOI.search(paper)
    year = _year(paper, arxiv[1] if arxiv else "")
    fields = {"note": paper.translate(_MARKS)}
    fields |= {"eprint": arxiv[1], "archivePrefix": "arXiv"} if arxiv else {}
    fields |= {"doi": doi[0].translate(_MARKS)} if doi else {}
    fields |= {"year": year} if year else {}
    lines = "".join(f"  {name} = {{{text}}},\n" for name, text in fields.items())
    key = _key(paper, year, taken)
    return key, f"@misc{{{key},\n{lines}}}\n"


def _year(paper: str, arxiv: str) -> str:
    """As stated, but for the digits of ids; else of the arXiv id."""
    found = _YEAR.search(_DOI.sub("", _ARXIV.sub("", paper)))
    return found[0] if found else f"20{arxiv[:2]}" if arxiv else ""


def _key(paper: str, year: str, taken: set[str]) -> str:
    """The first word with the year, and a number where others have it already."""
    first = _WORD.search(paper)
    stem = f"{first[0].lower() if first else 'paper'}{year}"
    return next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, 10_000))) if name not in taken)
