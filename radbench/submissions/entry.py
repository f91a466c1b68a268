"""One prediction of a stranger: what it is, or what is wrong with it. Nothing is quoted but ids."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import ValidationError

from radbench.models.predictions import HEAT_MAP, IDS, TEXTS
from radbench.records import Prediction, adapter
from radbench.sample import Vectors

Kind: TypeAlias = Literal["text", "scores", "vectors", "none"]  # of an output; none: it says that there is none

MOST_CHARACTERS: Final = 100_000  # of one text; a long report has 5,000
_MOST_ID: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """One prediction."""

    line: int
    id: str
    kind: Kind
    is_empty: bool = False  # a text without a word
    repeat: int = 0
    may_replace: bool = False  # in a journal: an answer to what failed before


@dataclass(frozen=True, slots=True)
class Fault:
    """What must be mended, and where; line 0: in the file as a whole."""

    line: int
    what: str


def of_row(line: int, row: object) -> Entry | Fault:
    """The entry of an object, or of a row of a table, under the names in use."""
    if not isinstance(row, Mapping):
        return Fault(line, f"expected an object with an id and a prediction, got {type(row).__name__}")
    ids, texts = ([name for name in names if name in row] for names in (IDS, TEXTS))
    if not ids or not texts:
        what, names = ("a prediction", TEXTS) if ids else ("an id", IDS)
        return Fault(line, f"expected {what} under one of {', '.join(names)}")
    stated, output = row[ids[0]], row[texts[0]]
    if fault := _id_fault(stated) or _file_fault(row, stated):
        return Fault(line, fault)
    if output is None or (isinstance(output, float) and math.isnan(output)):  # pandas writes an absent text as NaN
        return Entry(line, str(stated), "none")
    if isinstance(output, str):
        return _text(line, str(stated), output)
    return Fault(line, f"expected `{texts[0]}` of {shown(str(stated))} to be text, got {type(output).__name__}")


def _text(line: int, sample_id: str, text: str, repeat: int = 0) -> Entry | Fault:
    if len(text) > MOST_CHARACTERS:
        return Fault(line, f"the text of {shown(sample_id)} has {len(text)} characters; {MOST_CHARACTERS} are the most")
    if not _is_text(text):
        return Fault(line, f"the text of {shown(sample_id)} holds half of a surrogate pair (\\ud800 to \\udfff), which is no text")
    return Entry(line, sample_id, "text", is_empty=not text.strip(), repeat=repeat)


def _id_fault(stated: object) -> str:
    """What is wrong with an id; "" if nothing is."""
    if isinstance(stated, bool) or not isinstance(stated, str | int):
        return f"expected an id that is text or a whole number, got {type(stated).__name__}"
    text = str(stated)
    if not text:
        return "the id is empty"
    if len(text) > _MOST_ID:
        return f"the id has {len(text)} characters; {_MOST_ID} are the most"
    return "" if _is_text(text) else "the id holds half of a surrogate pair, which is no text"


def _file_fault(row: Mapping[str, object], stated: object) -> str:
    """What is said of an entry that names a further file; "" if it names none."""
    if not row.get(HEAT_MAP):
        return ""
    return f"`{HEAT_MAP}` of {shown(str(stated))} names a file of its own, and a submission is one file: leave it out"


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(sample_id: str) -> str:
    r"""An id as a message shows it: on one line, and shortened.

    >>> print(shown("a\x1bb"))
    `a\x1bb`
    """
    text = repr(sample_id)[1:-1]
    return f"`{text if len(text) <= 80 else text[:77] + '...'}`"


def of_journal_line(number: int, text: str) -> Entry | Fault:
    """The entry of a line of radbench's own journal."""
    if not text.endswith("\n"):
        return Fault(number, "has no newline at its end, so it may be cut off: write it whole")
    try:
        found: Prediction = adapter(Prediction).validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        return Fault(number, f"`{fault['loc'][0] if fault['loc'] else 'line'}`: {fault['msg']}")
    if fault_of_id := _id_fault(found.sample_id):
        return Fault(number, fault_of_id)
    if found.error is not None or found.output is None:
        return Entry(number, found.sample_id, "none", repeat=found.repeat, may_replace=True)
    if isinstance(found.output, str):
        return _text(number, found.sample_id, found.output, found.repeat)
    kinds: dict[type, Kind] = {dict: "scores", Vectors: "vectors"}
    return Entry(number, found.sample_id, kinds.get(type(found.output), "text"), repeat=found.repeat, may_replace=True)
