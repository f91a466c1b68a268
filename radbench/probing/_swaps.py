"""Words and numbers of a report exchanged for others of their kind. Each function gives None where there is nothing to exchange."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

_SIDES: Final = {"left": "right", "leftward": "rightward", "leftwards": "rightwards", "lefthand": "righthand"}
_SEVERITIES: Final = {
    "mild": "severe",
    "mildly": "severely",
    "small": "large",
    "minimal": "extensive",
    "minimally": "extensively",
    "slight": "marked",
    "slightly": "markedly",
    "tiny": "massive",
    "subtle": "gross",
    "minor": "major",
}
_LOCATIONS: Final = {
    "upper": "lower",
    "apical": "basal",
    "biapical": "bibasal",
    "apex": "base",
    "apices": "bases",
    "central": "peripheral",
    "anterior": "posterior",
    "anteriorly": "posteriorly",
}
_NO_PLACE: Final = r"(?! (?:limits?|abdom\w*|normal)\b)"  # upper limits of normal, the upper abdomen
_TIMES: Final = 3  # what a wrong number is of the right one

_LENGTH: Final = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?(?:\s*(?:x|×|by|to|-|–)\s*\d+(?:\.\d+)?)*)([\s-]*)(mm|cm|(?:milli|centi)met(?:er|re)s?)\b", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


def sides(text: str) -> str | None:
    """Left for right and right for left; twice is nothing.

    >>> sides("Left effusion, right nodule.")
    'Right effusion, left nodule.'
    """
    return _exchanged(text, _SIDES)


def severities(text: str) -> str | None:
    """Small for large, mild for severe, and back; twice is nothing."""
    return _exchanged(text, _SEVERITIES)


def locations(text: str) -> str | None:
    """Upper for lower, apical for basal, and back, not in set phrases such as `upper limits of normal`; twice is nothing."""
    return _exchanged(text, _LOCATIONS, _NO_PLACE)


def numbers(text: str) -> str | None:
    """Each length three times as long.

    >>> numbers("A nodule of 1.2 x 0.8 cm.")
    'A nodule of 3.6 x 2.4 cm.'
    """
    return _lengths(text, lambda number, unit: (number * _TIMES, unit))


def units(text: str) -> str | None:
    """Millimetres for centimetres, the numbers as they were; twice is nothing."""
    return _lengths(text, lambda number, unit: (number, _other(unit)))


def converted(text: str) -> str | None:
    """Each length in the other unit, as long as it was.

    >>> converted("A nodule of 12 mm, a mass of 3.5 cm.")
    'A nodule of 1.2 cm, a mass of 35 mm.'
    """
    return _lengths(text, lambda number, unit: (_plain(number / 10 if unit.lower().startswith("m") else number * 10), _other(unit)))


def _exchanged(text: str, pairs: Mapping[str, str], unless_before: str = "") -> str | None:
    """Each word of the pairs for the other one, letter case kept; a before a vowel becomes an, and back."""
    both = {**pairs, **{other: word for word, other in pairs.items()}}
    pattern = rf"(?:\b(a|an)(\s+))?\b({'|'.join(sorted(both, key=len, reverse=True))})\b{unless_before}"

    def other(match: re.Match[str]) -> str:
        new = both[match[3].lower()]
        article = match[1] or ""
        if article and (new[0] in "aeiou") != (match[3][0].lower() in "aeiou"):
            article = article[:-1] if article.lower() == "an" else article + ("N" if match[3].isupper() and article.isupper() else "n")
        return article + (match[2] or "") + _cased(new, match[3])

    new = re.sub(pattern, other, text, flags=re.IGNORECASE)
    return new if new != text else None


def _cased(word: str, like: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[0].isupper() else word


def _lengths(text: str, change: Callable[[Decimal, str], tuple[Decimal, str]]) -> str | None:
    """Each length changed: its numbers one by one, its unit as the last of them has it."""

    def changed(match: re.Match[str]) -> str:
        unit = change(Decimal(1), match[3])[1]
        return _NUMBER.sub(lambda number: f"{change(Decimal(number[0]), match[3])[0]:f}", match[1]) + match[2] + unit

    new = _LENGTH.sub(changed, text)
    return new if new != text else None


def _other(unit: str) -> str:
    """Milli for centi and centi for milli, letter case kept."""
    short = len(unit) == 2
    old = unit[:1] if short else unit[:5]
    new = {"m": "c", "c": "m", "milli": "centi", "centi": "milli"}[old.lower()]
    return _cased(new, old) + unit[len(old) :]


def _plain(number: Decimal) -> Decimal:
    """Without zeros at its end that say nothing."""
    whole = number.to_integral_value()
    return whole if number == whole else number.normalize()
