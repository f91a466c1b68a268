"""BibTeX entries of the papers that cards name as text; an entry holds what the text says and claims no more fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_ARXIV: Final = re.compile(r"arXiv[: ]+(\d{4}\.\d{4,5})", re.IGNORECASE)
_DOI: Final = re.compile(r"\b10\.\d{4,9}/[^\s,;]+[^\s,;.)]")
_YEAR: Final = re.compile(r"\b(?:19|20)\d{2}\b")
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_MARKS: Final = str.maketrans(
    {mark: f"\\{mark}" for mark in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def bibtex(papers: Iterable[str]) -> str:
    """One `@misc` entry for each different text, in their order, with its arXiv id, DOI and year where it states them."""
    entries: list[str] = []
    keys: set[str] = set()
    for paper in dict.fromkeys(text.strip() for text in papers if text.strip()):
        arxiv, doi = _ARXIV.search(paper), _DOI.search(paper)
        year = _year(paper, arxiv[1] if arxiv else "")
        fields = {"note": paper.translate(_MARKS)}
        fields |= {"eprint": arxiv[1], "archivePrefix": "arXiv"} if arxiv else {}
        fields |= {"doi": doi[0].translate(_MARKS)} if doi else {}
        fields |= {"year": year} if year else {}
        lines = "".join(f"  {name} = {{{text}}},\n" for name, text in fields.items())
        entries.append(f"@misc{{{_key(paper, year, keys)},\n{lines}}}\n")
    return "\n".join(entries)


def _year(paper: str, arxiv: str) -> str:
    """As stated, but for the digits of ids; else of the arXiv id."""
    found = _YEAR.search(_DOI.sub("", _ARXIV.sub("", paper)))
    return found[0] if found else f"20{arxiv[:2]}" if arxiv else ""


def _key(paper: str, year: str, taken: set[str]) -> str:
    """The first word with the year, and a letter where others have it already."""
    first = _WORD.search(paper)
    stem = f"{first[0].lower() if first else 'paper'}{year}"
    key = next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, 10_000))) if name not in taken)
    taken.add(key)
    return key
