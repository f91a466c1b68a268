"""Matching replies to options: which of a sample's options a text names, by letter, exact text, whole words or likelihood.

Every rule is explicit and either finds exactly one answer or gives `Unparsed` with a fixed reason, which is counted. Nothing
is matched by substring or likeness; those are the named readers of `radbench.protocols.legacy`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from radbench.protocols.reading import EDGES, EMPTY, final_answer, normalised
from radbench.sample import Choice, LabelSet, Unparsed

Synonyms: TypeAlias = tuple[tuple[str, ...], ...]  # groups of names for the same thing

YES_NO: Final = ("yes", "no")

BOTH: Final = Unparsed("both yes and no")
NEITHER: Final = Unparsed("neither yes nor no")
NO_OPTION: Final = Unparsed("no option named")
SEVERAL: Final = Unparsed("several options named")
NEGATED: Final = Unparsed("the option named is negated")
NO_LETTER: Final = Unparsed("a letter beyond the options")
DISAGREE: Final = Unparsed("letter and text name different options")
BAD_SCORES: Final = Unparsed("the scores do not cover the options")

_YES_OR_NO: Final = re.compile(r"\b(?:yes|no)\b", re.IGNORECASE)
_LETTER_ALONE: Final = re.compile(r"[\s*_\"'`]*(?:option\s+)?\(?\[?([A-Za-z])\]?\)?[\s.):*_\"'`]*", re.IGNORECASE)
_LETTER_TEXT: Final = re.compile(r"[\s*_]*(?:\(([A-Za-z])\)|([A-Z])\s*[.):])[\s*_]*(\S.*)", re.DOTALL)
_LETTER_SAID: Final = re.compile(
    r"\b(?i:answer|option|choice)(?:\s+(?i:is|would\s+be))?(?:\s+(?i:option))?\s*:?[\s*_]*"
    r"(?:\(([A-Za-z])\)|([A-Z])(?![\w'-])(?!\s+(?!because\b|since\b|as\b|and\b|or\b)[a-z]))"  # "A scan" is no letter
    r"|\\boxed\{([A-Za-z])\}"
)
_LETTER_RUN: Final = re.compile(r"[A-Z]{1,26}")
_LETTER_LIST: Final = re.compile(r"\(?([A-Za-z])\)?[.:]?(?:\s*(?:,|;|\n|&|/|\band\b)\s*(?:and\s+)?\(?([A-Za-z])\)?[.:]?)*[\s.]*")
_LETTER_ITEM: Final = re.compile(r"(?<![A-Za-z])([A-Za-z])(?![A-Za-z])")
_NEGATION: Final = re.compile(
    r"(?:\b(?:no|not|without|never|neither|nor|cannot|excludes?d?|absence\s+of|rather\s+than)\b|n't\b|\bnon-\s*$)"
)
_CLAUSE: Final = re.compile(r"[.;:,\n]|\bbut\b|\bhowever\b")
_ITEM: Final = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.)])\s+")
_NONE: Final = frozenset({"none", "none of these", "none of the above", "nothing", "no label", "no labels", "no finding", "no findings"})


def is_yes_no(options: Sequence[str]) -> bool:
    """True where the options are yes and no, in either order and any case."""
    return len(options) == 2 and {options[0].lower(), options[1].lower()} == {"yes", "no"}


def yes_or_no(text: str) -> str | Unparsed:
    """`yes` or `no`, whichever stands in the text as a word; unparsed where both or neither do.

    >>> yes_or_no("The image looks normal.").reason
    'neither yes nor no'
    """
    found = {word.lower() for word in _YES_OR_NO.findall(text)}
    if len(found) == 1:
        return "yes" if "yes" in found else "no"
    return BOTH if found else NEITHER if text.strip() else EMPTY


def option(text: str, options: Sequence[str], synonyms: Synonyms = ()) -> str | Unparsed:
    """The option that the text is, else the only one that it holds as whole words, longest first and not negated.

    Of nested options ("pneumonia", "no pneumonia") the longest at a place counts. A single option after a negation in the
    same clause ("no sign of pneumonia") is unparsed: what is meant instead is not said.

    >>> option("There is no pneumonia.", ["pneumonia", "no pneumonia"])
    'no pneumonia'
    >>> option("MRI", ["MR", "CT"], (("MR", "MRI"),))
    'MR'
    """
    if is_yes_no(options):
        said = yes_or_no(final_answer(text))
        return _spelled(said, options) if isinstance(said, str) else said
    said = " ".join(final_answer(text).split()).strip(EDGES)
    if not said:
        return EMPTY
    forms = _forms(tuple(options), synonyms)
    return forms.option.get(said.lower()) or _whole_words(said, forms)


def exact_option(text: str, options: Sequence[str], synonyms: Synonyms = ()) -> str | None:
    """The option whose text this is after normalisation, or None."""
    return _forms(tuple(options), synonyms).option.get(normalised(text))


def lettered(text: str, options: Sequence[str], synonyms: Synonyms = ()) -> str | Unparsed:
    """The option whose letter the text gives (`B`, `(b)`, `B. CT`, `Answer: B`), else the one whose exact text it is.

    An article is no letter ("A CT scan"). A letter beside the text of another option, or two letters, are unparsed.

    >>> lettered("The answer is (B).", ["X-ray", "CT"])
    'CT'
    """
    if not text.strip():
        return EMPTY
    said = final_answer(text)
    alone = _LETTER_ALONE.fullmatch(said)
    if alone:
        return _of_letter(alone[1], options)
    exact = exact_option(said, options, synonyms)
    if exact is not None:
        return exact
    with_text = _LETTER_TEXT.fullmatch(said)
    if with_text:
        chosen = _of_letter(with_text[1] or with_text[2], options)
        named = exact_option(with_text[3].split("\n")[0], options, synonyms)
        return chosen if named is None or isinstance(chosen, Unparsed) or named == chosen else DISAGREE
    letters = {next(filter(None, match.groups())).upper() for match in _LETTER_SAID.finditer(" ".join(text.split()))}
    if len(letters) == 1:
        return _of_letter(letters.pop(), options)
    return SEVERAL if letters else NO_OPTION


def letter_set(text: str, options: Sequence[str]) -> tuple[str, ...] | Unparsed:
    """The options whose letters are listed (`A, C`, `A and C`, `AC`), in the options' order; none for "none".

    >>> letter_set("(a) and (c)", ["effusion", "edema", "nodule"])
    ('effusion', 'nodule')
    """
    said = final_answer(text)
    if not said:
        return EMPTY
    if _says_none(said):
        return ()
    if _LETTER_RUN.fullmatch(said):
        chosen = [_of_letter(each, options) for each in said]
    elif len(said) < 200 and _LETTER_LIST.fullmatch(said):
        chosen = [_of_letter(each, options) for each in _LETTER_ITEM.findall(said)]
    else:
        chosen = [lettered(item, options) for item in re.split(r"[,;\n]", said) if item.strip()]
    wrong = next((each for each in chosen if isinstance(each, Unparsed)), None)
    return wrong or tuple(o for o in options if o in chosen) or NO_OPTION


def labels(text: str, options: Sequence[str], synonyms: Synonyms = ()) -> tuple[str, ...] | Unparsed:
    """The labels listed, parted by commas, semicolons or lines: known ones in the options' order, then unknown ones.

    An unknown label stays as it was written, normalised: it is a false positive, not a slip to be forgiven. Where an
    option holds a comma, only semicolons and lines part labels. "none" is the empty list.

    >>> labels("Edema; cardiomegaly and nodule", ["Cardiomegaly", "Edema", "Nodule"])
    ('Cardiomegaly', 'Edema', 'Nodule')
    """
    said = final_answer(text)
    if not said:
        return EMPTY
    forms = _forms(tuple(options), synonyms).option
    if _says_none(said) and normalised(said) not in forms:
        return ()
    found: dict[str, None] = {}
    for item in re.split(r"[;\n]" if any("," in form for form in forms) else r"[,;\n]", said):
        name = normalised(_ITEM.sub("", item)).removeprefix("and ").strip()
        parts = [name] if name in forms or " and " not in name else name.split(" and ")
        if len(parts) > 1 and not all(normalised(part) in forms for part in parts):
            parts = [name]
        found.update(dict.fromkeys(forms.get(normalised(part), normalised(part)) for part in parts if part))
    return tuple([o for o in options if o in found] + [name for name in found if name not in options]) or NO_OPTION


def separator(options: Sequence[str]) -> str:
    """What parts the labels of a list: a comma, or a semicolon where an option itself holds a comma."""
    return "; " if any("," in o for o in options) else ", "


def ranked(scores: Mapping[str, float], options: Sequence[str]) -> Choice | Unparsed:
    """The option of the highest log-likelihood (the first of equal ones), with the softmax over options as scores.

    >>> ranked({"yes": -1.0, "no": -3.0}, ["yes", "no"]).label
    'yes'
    """
    values = [scores.get(o, math.nan) for o in options]
    top = max(values, default=math.nan)
    if any(map(math.isnan, values)) or not math.isfinite(top):
        return BAD_SCORES
    weights = [math.exp(value - top) for value in values]
    total = sum(weights)
    return Choice(options[values.index(top)], {o: weight / total for o, weight in zip(options, weights, strict=True)})


def detected(scores: Mapping[str, float], options: Sequence[str]) -> LabelSet | Unparsed:
    """Labels judged each by itself: probability = exp(log-likelihood), present from one half upwards."""
    values = [scores.get(o, math.nan) for o in options]
    if any(math.isnan(value) or value == math.inf for value in values):
        return BAD_SCORES
    chances = {o: min(1.0, math.exp(min(value, 0.0))) for o, value in zip(options, values, strict=True)}
    return LabelSet(tuple(o for o, chance in chances.items() if chance >= 0.5), chances)


def letter(index: int) -> str:
    """The letter of an option by its place: 0 is A."""
    return chr(ord("A") + index)


def _of_letter(said: str, options: Sequence[str]) -> str | Unparsed:
    index = ord(said.upper()) - ord("A")
    return options[index] if index < len(options) else NO_LETTER


def _says_none(said: str) -> bool:
    return said == "[]" or normalised(said) in _NONE


def _spelled(said: str, options: Sequence[str]) -> str:
    return next(o for o in options if o.lower() == said)


class _Forms(NamedTuple):
    option: Mapping[str, str]  # every normalised way of writing an option -> the option, longest first
    codes: frozenset[str]  # of these the codes of two capitals, which in lower case may be words (US, MR, PT)


@lru_cache(maxsize=4096)
def _forms(options: tuple[str, ...], synonyms: Synonyms) -> _Forms:
    """The ways of writing each option; one that two options share belongs to neither."""
    names_of = [normalised(o) for o in options]
    forms = {name: o for name, o in zip(names_of, options, strict=True) if name and names_of.count(name) == 1}
    owners: dict[str, set[str]] = {}
    for group in synonyms:
        names = {normalised(name) for name in group}
        for owner in names & forms.keys():
            for name in names - {""}:
                owners.setdefault(name, set()).add(forms[owner])
    of_one = {name: next(iter(of)) for name, of in owners.items() if len(of) == 1 and name not in names_of} | forms
    written = {*options, *(name for group in synonyms for name in group)}
    codes = frozenset(normalised(name) for name in written if len(name) == 2 and name.isupper())
    return _Forms({name: of_one[name] for name in sorted(of_one, key=len, reverse=True)}, codes)


def _whole_words(said: str, forms: _Forms) -> str | Unparsed:
    text = said.lower()
    taken: list[tuple[int, int]] = []
    found: set[str] = set()
    for form, named in forms.option.items():
        start = text.find(form)
        while start >= 0:
            end = start + len(form)
            is_word = form in forms.codes and not said[start:end].isupper()
            if not is_word and _is_whole(text, start, end) and not any(start < b and a < end for a, b in taken):
                taken.append((start, end))
                found.add(named)
            start = text.find(form, start + 1)
    if len(found) != 1:
        return SEVERAL if found else NO_OPTION
    clauses = (_CLAUSE.split(text[:start])[-1] for start, _ in taken)
    return NEGATED if any(_NEGATION.search(clause) for clause in clauses) else found.pop()


def _is_whole(text: str, start: int, end: int) -> bool:
    """True where the stretch is not part of a longer word or of a decimal number."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before.isalnum() or after.isalnum() or before == "_" or after == "_":
        return False
    decimal_before = before == "." and text[start - 2 : start - 1].isdigit() and text[start].isdigit()
    decimal_after = after == "." and text[end - 1].isdigit() and text[end + 1 : end + 2].isdigit()
    return not (decimal_before or decimal_after)
