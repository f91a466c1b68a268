"""What a rater answers, mode by mode: read from the fields of a form, kept as JSON, told as rows of the long table.

    ordinal  {"scores": {criterion: level}}
    errors   {"errors": {category: {"significant": n, "insignificant": n}}}
    ab       {"choices": {criterion: {"choice": "left" | "right" | "tie" | "both_bad", "strength": 1..k}}}
    spans    {"spans": [{"start": n or null, "words": ..., "category": ..., "significance": ...}]}

`start` counts characters (code points) from the beginning of the text; null and no words: an error that no words of the text show,
an omission. Every answer says under `reference_seen` whether the rater saw the reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from radbench.errors import ContentError
from radbench.ratings.studies.draft import Draft
from radbench.ratings.table import Scale

Answer: TypeAlias = dict[str, Any]
Fields: TypeAlias = Mapping[str, str]  # of a form: name -> value, as text

SIGNIFICANCES: Final = ("significant", "insignificant")
CHOICES: Final = ("left", "right", "tie", "both_bad")
MOST_ERRORS: Final = 99  # of one category and significance
MOST_SPANS: Final = 200
ERRORS: Final = "errors"  # the criterion of both modes that count errors
BOTH_BAD: Final = ".both_bad"  # behind a criterion of preference: 1 where neither text was good enough
_SPACES: Final = {"\r\n": "\n", "\r": "\n"}


class AnswerError(ContentError):
    """An answer that is not complete; the message is for the rater."""


def read_answer(fields: Fields, draft: Draft, text: str) -> Answer:
    """The answer in the fields of a form; `text` is the rated text, in which spans are found.

    Raises:
        AnswerError: something is missing or cannot be.
    """
    match draft.mode:
        case "ordinal":
            answer: Answer = {"scores": {criterion.name: _level(fields, draft, criterion.name) for criterion in draft.questions}}
        case "errors":
            answer = {"errors": {category: {s: _count(fields, category, s) for s in SIGNIFICANCES} for category in draft.categories}}
        case "ab":
            answer = {"choices": {criterion.name: _choice(fields, draft, criterion.name) for criterion in draft.questions}}
        case "spans":
            answer = {"spans": list(_spans(fields, draft, text))}
    return {**answer, "reference_seen": draft.reference == "always" or fields.get("reference_seen") == "yes"}


def to_fields(answer: Answer) -> dict[str, str]:
    """The fields of a form that give this answer."""
    fields = {f"score.{name}": str(level) for name, level in answer.get("scores", {}).items()}
    for category, counts in answer.get("errors", {}).items():
        fields |= {f"count.{category}.{significance}": str(count) for significance, count in counts.items() if count}
    for name, said in answer.get("choices", {}).items():
        fields |= {f"choice.{name}": said["choice"], f"strength.{name}": str(said.get("strength", ""))}
    for i, span in enumerate(answer.get("spans", ())):
        fields |= {f"span.{i}.{key}": "" if value is None else str(value) for key, value in span.items()}
    return {**fields, **({"reference_seen": "yes"} if answer.get("reference_seen") else {})}


def n_rows(fields: Fields) -> int:
    """How many rows for spans a form with these fields needs: those filled, and some more."""
    used = [
        int(name.split(".")[1]) for name, value in fields.items() if name.startswith("span.") and value and name.split(".")[1].isdigit()
    ]
    return min(MOST_SPANS, max([i + 1 for i in used if i < MOST_SPANS], default=0) + 4)


def counts_of(answer: Answer, draft: Draft) -> Counter[tuple[str, str]]:
    """(category, significance) -> errors, of an answer of the modes errors and spans; zeros are there too."""
    found = Counter({(category, significance): 0 for category in draft.categories for significance in SIGNIFICANCES})
    for category, counts in answer.get("errors", {}).items():
        for significance, count in counts.items():
            found[category, significance] += count
    for span in answer.get("spans", ()):
        found[span["category"], span["significance"]] += 1
    return found


def preference(said: Mapping[str, Any]) -> float:
    """A choice as a number: its strength (1 where none is asked), below 0 where right is better; 0 at a tie or where both are bad."""
    sign = {"left": 1.0, "right": -1.0}.get(said["choice"], 0.0)
    return sign * float(said.get("strength", 1))


def scales(draft: Draft) -> dict[str, Scale]:
    """What the values of each criterion mean in the long table."""
    match draft.mode:
        case "ordinal":
            return {c.name: Scale("ordinal", min(c.anchors), max(c.anchors), lower_is_better=c.lower_is_better) for c in draft.questions}
        case "ab":
            most = float(max(1, len(draft.strengths)))
            found = {c.name: Scale("preference", -most, most, lower_is_better=c.lower_is_better) for c in draft.questions}
            return found | {f"{c.name}{BOTH_BAD}": Scale("nominal", 0, 1, lower_is_better=True) for c in draft.questions}
        case _:
            return {ERRORS: Scale("count", 0, None, lower_is_better=True)}


def _level(fields: Fields, draft: Draft, name: str) -> int:
    anchors = next(criterion.anchors for criterion in draft.questions if criterion.name == name)
    text = fields.get(f"score.{name}", "").strip()
    if text not in {str(level) for level in anchors}:
        raise AnswerError(f"{name}: choose one of {min(anchors)} to {max(anchors)}.")
    return int(text)


def _count(fields: Fields, category: str, significance: str) -> int:
    text = fields.get(f"count.{category}.{significance}", "").strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_ERRORS))):
        raise AnswerError(f"{category.replace('_', ' ')}, {significance}: a count from 0 to {MOST_ERRORS}, got `{text[:20]}`.")
    return int(text)


def _choice(fields: Fields, draft: Draft, name: str) -> dict[str, Any]:
    choice = fields.get(f"choice.{name}", "")
    if choice not in CHOICES:
        raise AnswerError(f"{name}: choose the left report, the right one, a tie, or both bad.")
    if choice not in CHOICES[:2] or not draft.strengths:
        return {"choice": choice}
    strength = fields.get(f"strength.{name}", "")
    if strength not in {str(i + 1) for i in range(len(draft.strengths))}:
        raise AnswerError(f"{name}: say by how much: {' or '.join(draft.strengths)}.")
    return {"choice": choice, "strength": int(strength)}


def _spans(fields: Fields, draft: Draft, text: str) -> Iterator[dict[str, Any]]:
    plain = _plain(text)
    for i in range(MOST_SPANS):
        words, category, significance, start = (fields.get(f"span.{i}.{key}", "") for key in ("words", "category", "significance", "start"))
        words = _plain(words).strip()
        if not (words or category or significance):
            continue
        where = f"error {i + 1}"
        if category not in draft.categories:
            raise AnswerError(f"{where}: choose its category.")
        if significance not in SIGNIFICANCES:
            raise AnswerError(f"{where}: say whether it is significant.")
        at: int | None = None
        if words:
            stated = int(start) if start.isascii() and start.isdigit() and len(start) < 9 else -1  # fmt: skip
            at = stated if stated >= 0 and plain.startswith(words, stated) else plain.find(words)
            if at < 0:
                raise AnswerError(f"{where}: these words do not stand in the report: copy them from it, or leave them out for an omission.")
        yield {"start": at, "words": words, "category": category, "significance": significance}


def _plain(text: str) -> str:
    """The text with the line ends that browsers send as they stand in it."""
    for sent, meant in _SPACES.items():
        text = text.replace(sent, meant)
    return text
