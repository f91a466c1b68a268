"""What a report claims beyond its study, found by words: comparisons, views, measurements, sides of findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from radbench.sample import Media

_PRIOR: Final = r"(?:priors?|previous|preceding|earlier|last|comparison)"
_STUDY: Final = r"(?:study|studies|exam\w*|films?|radiographs?|images?|imaging|x-?rays?|ct|mri?|reports?|chest)"
_COMPARISON: Final = re.compile(
    r"\b(?:"
    r"unchanged|unaltered|interval(?:ly)?|newly|new|stable|again|no longer|persist(?:s|ent|ing|ence)"
    r"|worsen(?:ed|ing|s)|improv(?:ed|ing|es|ement)|resolv(?:ed|ing)|progress(?:ed|ion)|redemonstrated"
    r"|(?:has|have)(?: \w+)? (?:increased|decreased|enlarged|developed|cleared|changed|grown)"
    r"|(?:not|little|no)(?: \w+)? changed?"
    r"|(?:larger|smaller|bigger|greater|better|worse|more|less) than(?: \w+)? (?:before|previously)"
    r"|compared (?:to|with)|comparison (?:to|with|is made)|in comparison"
    rf"|(?:{_PRIOR}) {_STUDY}|previously (?:seen|noted|described|reported|identified|visuali[sz]ed)|since (?:the )?{_PRIOR}"
    r")\b",
    re.IGNORECASE,
)
_NO_PRIOR: Final = re.compile(
    rf"\b(?:no|without)\b[^.;\n]{{0,30}}\b{_PRIOR}\b[^.;\n]*|\bcomparison\s*:\s*(?:none|no\b|not available)[^.;\n]*", re.IGNORECASE
)

_VIEW_NOUN: Final = r"(?:views?|films?|radiographs?|projections?|images?|x-?rays?)"
_VIEW_CLAIMS: Final = (
    (
        "lateral",
        re.compile(rf"\blateral {_VIEW_NOUN}\b|\b(?:pa|ap|frontal) (?:and|&) lateral\b|\bon (?:the )?lateral(?= *[.,;)]| *$)", re.I),
    ),
    ("frontal", re.compile(rf"\b(?:pa|ap|frontal|postero-?anterior|antero-?posterior) (?:(?:and|&) lateral|{_VIEW_NOUN})\b", re.I)),
    ("decubitus", re.compile(rf"\bdecubitus\b(?: {_VIEW_NOUN})?", re.I)),
    ("oblique", re.compile(rf"\boblique {_VIEW_NOUN}\b", re.I)),
    ("lordotic", re.compile(rf"\blordotic {_VIEW_NOUN}\b", re.I)),
    ("cc", re.compile(r"\b(?:cc|cranio-?caudal) views?\b", re.I)),
    ("mlo", re.compile(r"\b(?:mlo|medio-?lateral oblique)(?: views?)?\b", re.I)),
)
_TWO_VIEWS: Final = re.compile(r"\b(?:two|2) (?:views|films|projections|radiographs)\b", re.IGNORECASE)
_VIEW_NAMES: Final = {  # words in `Media.view` -> the view
    **dict.fromkeys(("pa", "ap", "frontal", "posteroanterior", "anteroposterior"), "frontal"),
    **dict.fromkeys(("lateral", "lat", "ll", "rl"), "lateral"),
    **{view: view for view in ("decubitus", "oblique", "lordotic", "cc", "mlo")},
}

_UNITS: Final = {"mm": ("mm", 1.0), "cm": ("mm", 10.0), "ml": ("ml", 1.0), "cc": ("ml", 1.0), "hu": ("hu", 1.0)}
_UNIT_WORDS: Final = {"millimet": "mm", "centimet": "cm", "millilit": "ml", "hounsfield": "hu"}
_MEASUREMENT: Final = re.compile(
    r"(?<![\w.])(-?\d+(?:\.\d+)?(?:\s*(?:x|×|by|to|-|–)\s*\d+(?:\.\d+)?)*)[\s-]*"
    r"(mm|cm|ml|cc|hu|millimet(?:er|re)s?|centimet(?:er|re)s?|millilit(?:er|re)s?|hounsfield units?)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")

_CLAUSE_END: Final = re.compile(
    r"[.;,\n]|\b(?:but|while|whereas|with)\b|\band(?= (?:an? |the )?(?:\w+ )?(?:left|right|bilateral))", re.IGNORECASE
)
_ONE_SIDE: Final = frozenset({"left", "right"})
_SIDE: Final = re.compile(r"\b(left|right|bilateral(?:ly)?|both|bibasilar|biapical)\b", re.IGNORECASE)
_ABSENT: Final = re.compile(r"\b(?:no|not|without|neither|nor|negative|free of|absent|resolved|cleared|removed)\b", re.IGNORECASE)
_SIDED: Final = re.compile(
    r"\b(effusion|pneumothora|consolidat|atelecta|opaci|infiltrat|nodul|mass|lesion|fracture|pneumonia|edema|thickening|collapse|"
    r"h(?:a)?emorrhage|h(?:a)?ematoma|infarct|cyst|stone|calcul|hydronephrosis|hernia|dislocation|catheter|chest tube|pacemaker)",
    re.IGNORECASE,
)

_CACHED_TEXTS: Final = 2**12

Place: TypeAlias = tuple[int, int]


def comparisons(text: str) -> Iterator[Place]:
    """Where a text speaks of change or of an earlier study, but for saying that there is none to compare with."""
    denied = [match.span() for match in _NO_PRIOR.finditer(text)]
    for match in _COMPARISON.finditer(text):
        if not any(start <= match.start() < end for start, end in denied):
            yield match.span()


def views(media: Iterable[Media]) -> set[str] | None:
    """The views of images by their names here; None where one does not tell its view, or there is no image."""
    found: set[str] = set()
    for item in media:
        words = re.findall(r"[a-z]+", item.view.lower().replace("-", ""))
        named = {_VIEW_NAMES[word] for word in words if word in _VIEW_NAMES}
        if not named:
            return None
        found |= {"mlo"} if "mlo" in named else named
    return found or None


def absent_views(text: str, shown: set[str], n_images: int) -> Iterator[Place]:
    """Where a text speaks of a view that is not among those shown, or of two views where there is one image."""
    for view, pattern in _VIEW_CLAIMS:
        if view not in shown:
            yield from (match.span() for match in pattern.finditer(text))
    if n_images < 2:
        yield from (match.span() for match in _TWO_VIEWS.finditer(text))


def measurements(text: str) -> Iterator[tuple[Place, set[tuple[str, float]]]]:
    """Each measurement in a text: its place, and its numbers in millimetres, millilitres or Hounsfield units."""
    for match in _MEASUREMENT.finditer(text):
        said = match[2].lower()
        unit, factor = _UNITS[said if said in _UNITS else next(short for word, short in _UNIT_WORDS.items() if said.startswith(word))]
        yield match.span(), {(unit, round(float(number) * factor, 3)) for number in _NUMBER.findall(match[1])}


@lru_cache(_CACHED_TEXTS)
def sides(text: str) -> tuple[tuple[Place, str, frozenset[str]], ...]:
    """Each finding that a clause places on a side and does not deny: where, which, and the sides."""
    found = []
    start = 0
    for end in (*(match.start() for match in _CLAUSE_END.finditer(text)), len(text)):
        said = {word.lower() for word in _SIDE.findall(text, start, end)}
        if said and not _ABSENT.search(text, start, end):
            where = frozenset(said) if said <= _ONE_SIDE else _ONE_SIDE
            found += [(finding.span(), finding[1].lower(), where) for finding in _SIDED.finditer(text, start, end)]
        start = end
    return tuple(found)
