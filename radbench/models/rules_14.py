"""Labels of the 14 CheXbert findings by phrases, negation and uncertainty cues: a readable rule file, and no CheXbert.

The findings and their four classes are those of CheXpert (Irvin et al., arXiv 1901.07031) and CheXbert (arXiv 2004.09167),
as is the rule for "No Finding"; the phrases and cues are our own (`rules_14.yaml`, which says how it is read). Cues with a
scope within the sentence follow the idea of NegEx (Chapman et al., 2001).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from radbench.errors import ContentError, MissingDataError
from radbench.findings import LABELS
from radbench.models._encoders import texts
from radbench.sample import Reply, Request

if TYPE_CHECKING:
    from radbench.media import Reader

BLANK, POSITIVE, NEGATIVE, UNCERTAIN = range(4)  # the classes, by CheXbert's numbers

Kind: TypeAlias = Literal["uncertain", "absent", "ignored"]
Cue: TypeAlias = tuple[Kind, int, int]  # and where it stands

_RULES: Final = Path(__file__).with_suffix(".yaml")
_OTHER: Final = "other"  # abnormalities of no finding, labelled like one to decide on "No Finding"
_KINDS: Final[tuple[Kind, ...]] = ("uncertain", "absent", "ignored")  # in the order looked for
_CACHED_SENTENCES: Final = 2**15  # reports repeat their sentences
_STRENGTH: Final = {BLANK: 0, NEGATIVE: 1, UNCERTAIN: 2, POSITIVE: 3}

_ABBREVIATION: Final = re.compile(r"\b(vs|dr|approx|e\.g|i\.e)\.", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[.!?](?=\s|$)|[;\u2022]|\n\s*\n|\n(?=\s*(?:\d+[.)]|[-*]|[A-Za-z ]{3,30}:))")
_WORD: Final = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?")
_ANY_WORD: Final = r"[a-z0-9.]"
_NOTHING: Final = re.compile(r"(?!)")


class Rules14:
    """An annotator of chest X-ray reports: {finding: class} with 0 blank, 1 present, 2 absent, 3 uncertain.

    It stands in where CheXbert labels are wanted and no weights are at hand; its labels are not CheXbert's, and numbers
    made of them are not those of the literature. docs/clinical-metrics.md states its accuracy on sentences of our own.

    Args:
        file: another rule file, of a card a path from the card's folder; radbench's own where none is named.
    """

    batch_size: int = 256

    def __init__(self, *, file: str | Path | None = None) -> None:
        self.file = _RULES if file is None else Path(file).expanduser()
        self._digest = ""

    def load(self, reader: Reader) -> None:  # noqa: ARG002  # the contract of a model; it needs no media
        """Read the rule file.

        Raises:
            MissingDataError: there is no such file. ContentError: it is not built as radbench's own is.
        """
        try:
            content = self.file.read_bytes()
        except OSError as error:
            raise MissingDataError(f"annotator `rules-14`: no file `{self.file}`; name a rule file, or none for radbench's own") from error
        rules = _parse(content, self.file)
        self._digest = hashlib.sha256(content).hexdigest()
        self._sentence = lru_cache(_CACHED_SENTENCES)(rules.labels)

    def identity(self) -> Mapping[str, object]:
        """The version of the reader and the hash of the rule file."""
        return {"family": "rules-14", "version": 1, "rules_sha256": self._digest}

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """One {finding: class} a request, over all 14 findings."""
        return [Reply(output=self.labels(" ".join(texts(request)))) for request in requests]

    def labels(self, text: str) -> dict[str, float]:
        """The class of each finding in a report; all blank for one without a word."""
        found = dict.fromkeys((*LABELS, _OTHER), BLANK)
        is_empty = True
        for sentence in sentences(text):
            is_empty = False
            for finding, label in self._sentence(sentence):
                if _STRENGTH[label] > _STRENGTH[found[finding]]:
                    found[finding] = label
        is_open = any(found[name] in {POSITIVE, UNCERTAIN} for name in found if name != "Support Devices")
        found["No Finding"] = BLANK if is_empty or is_open else POSITIVE
        return {name: float(found[name]) for name in LABELS}


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule file, compiled. All patterns read clauses: words in lower case, parted by single blanks."""

    clauses: re.Pattern[str]
    neutral: re.Pattern[str]
    before: Mapping[Kind, re.Pattern[str]]
    after: Mapping[Kind, re.Pattern[str]]
    before_ends: re.Pattern[str]
    after_ends: re.Pattern[str]
    findings: Sequence[tuple[str, re.Pattern[str], bool, re.Pattern[str]]]  # name, phrases, whether they mean it present, exceptions

    def labels(self, sentence: str) -> tuple[tuple[str, int], ...]:
        """Each mention of a finding in a sentence, and its class."""
        return tuple(label for clause in self.clauses.split(sentence) for label in self._of_clause(clause.strip()))

    def _of_clause(self, clause: str) -> Iterator[tuple[str, int]]:
        cues: tuple[list[Cue], list[Cue]] | None = None
        for name, phrases, is_present, exceptions in self.findings:
            for mention in phrases.finditer(_blank(clause, exceptions)):
                cues = self._cues(clause) if cues is None else cues
                kinds = self._concerning(mention.start(), mention.end(), clause, cues)
                if "ignored" in kinds:
                    continue
                label = NEGATIVE if "absent" in kinds else UNCERTAIN if "uncertain" in kinds else POSITIVE
                if not is_present and label != UNCERTAIN:
                    label = NEGATIVE if label == POSITIVE else POSITIVE
                yield name, label

    def _cues(self, clause: str) -> tuple[list[Cue], list[Cue]]:
        """The cues that look forward and those that look back."""
        left = _blank(clause, self.neutral)
        before: list[Cue] = []
        after: list[Cue] = []
        for kind in _KINDS:
            before += ((kind, match.start(), match.end()) for match in self.before[kind].finditer(left))
            after += ((kind, match.start(), match.end()) for match in self.after[kind].finditer(left))
            left = _blank(_blank(left, self.after[kind]), self.before[kind]) if kind == "uncertain" else left
        return before, after

    def _concerning(self, start: int, end: int, clause: str, cues: tuple[list[Cue], list[Cue]]) -> set[Kind]:
        """The kinds of the cues in whose scope the words from `start` to `end` stand."""
        before, after = cues
        inside_or_before = {
            kind
            for kind, first, last in before
            if start <= first < end or (last <= start and not self.before_ends.search(clause, last, start))
        }
        return inside_or_before | {kind for kind, first, _ in after if first >= end and not self.after_ends.search(clause, end, first)}


def sentences(text: str) -> Iterator[str]:
    """The sentences of a report as words in lower case, parted by single blanks; list items and headed lines are their own.

    >>> list(sentences("Heart size: normal.\\n1. No effusion,\\nno pneumothorax"))
    ['heart size normal', '1', 'no effusion no pneumothorax']
    """
    for part in _SENTENCE.split(_ABBREVIATION.sub(r"\1", text)):
        words = _WORD.findall(part.lower())
        if words:
            yield " ".join(words)


def _parse(content: bytes, file: Path) -> Rules:
    import yaml

    try:
        data = yaml.load(content, yaml.BaseLoader)  # noqa: S506  # safe: it makes texts of all scalars, so that `no` stays a word
        cues, ends = data["cues"], data["ends"]
        findings = [*((name, data["findings"][name]) for name in LABELS[:-1]), (_OTHER, {"present": data["other"]})]
        if unknown := sorted(set(data["findings"]) - set(LABELS)):
            raise ContentError(f"{file}: the findings `{', '.join(unknown)}` are unknown; known are {', '.join(LABELS[:-1])}")
        return Rules(
            clauses=_compile(data["clauses"]),
            neutral=_compile(data["neutral"]),
            before={kind: _compile(cues[kind].get("before", ())) for kind in _KINDS},
            after={kind: _compile(cues[kind].get("after", ()), led_by=ends["after"]) for kind in _KINDS},
            before_ends=_compile(ends["before"]),
            after_ends=_compile(ends["after"]),
            findings=[
                (name, _compile(rule[way]), way == "present", _compile(rule.get("except", ())))
                for name, rule in findings
                for way in ("present", "normal")
                if way in rule
            ],
        )
    except yaml.YAMLError as error:
        raise ContentError(f"{file} is no YAML: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ContentError(
            f"{file} is not built like radbench's own rule file: {type(error).__name__} {error}; start from a copy of that"
        ) from error


def _compile(phrases: Iterable[str], *, led_by: Iterable[str] = ()) -> re.Pattern[str]:
    """A pattern that matches any of the phrases, longer ones first, with one of `led_by` before it where it stands there.

    Of no phrase: a pattern that matches nothing.
    """
    patterns = "|".join(_pattern(phrase) for phrase in sorted(phrases, key=lambda phrase: -len(phrase.split())))
    leads = "|".join(map(_pattern, led_by))
    return (
        re.compile(rf"(?<![^ ])(?:(?:{leads}) )?(?:{patterns})(?![^ ])" if leads else rf"(?<![^ ])(?:{patterns})(?![^ ])")
        if patterns
        else _NOTHING
    )


def _pattern(phrase: str) -> str:
    parts = []
    for word in phrase.lower().split():
        if word == "...":
            parts.append(rf"(?:{_ANY_WORD}+ ){{0,6}}?")
        else:
            choices = (
                re.escape(choice.removesuffix("*")) + (rf"{_ANY_WORD}*" if choice.endswith("*") else "") for choice in word.split("|")
            )
            parts.append(f"(?:{'|'.join(choices)}) ")
    return "".join(parts).removesuffix(" ")


def _blank(clause: str, pattern: re.Pattern[str]) -> str:
    """The clause with what the pattern matches struck out, at its length."""
    return pattern.sub(lambda match: "~" * len(match[0]), clause)
