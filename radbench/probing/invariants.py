"""What must hold between the answer to a sample and the answer to the edited sample.

keep            the same choice, labels, places or short text; of longer texts, the same findings stated to be present
flip            yes where it was no, and no where it was yes
sides           left where it was right: in a choice, labels, boxes and points, or in what a text places on one side
no comparison   a text that speaks of no earlier study, since none was shown
no absent view  a text that speaks of no view that was not shown

What cannot be judged is None: an answer that failed, an answer to the plain sample that could not be read, long texts that name no
finding known here, embeddings, an answer that names no side. An answer to the edited sample that cannot be read is not the one that
is wanted: broken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.answer_text import normalise
from radbench.metrics.base import is_readable
from radbench.metrics.boxes import intersection_over_union
from radbench.metrics.hallucination import spans
from radbench.probing._sentences import sentences
from radbench.probing.inputs import Rule, mirror_answer, width_of
from radbench.sample import Abstained, Answer, Boxes, Case, Choice, LabelSet, Points, Text, Vectors

_SHORT: Final = 5  # words: texts of up to so many answer a question, longer ones say the same thing in many ways
_OVERLAP: Final = 0.5  # IoU from which two boxes are the same
_NEAR: Final = 0.05  # of the width of the image: points this near are the same
_OTHER: Final = {"yes": "no", "no": "yes"}
_ABOUT_TEXT: Final = {"no comparison": "comparison_without_prior", "no absent view": "absent_view"}
_SIDE: Final = re.compile(r"\b(left|right)\b", re.IGNORECASE)


def holds(rule: Rule, plain: Case, edited: Case) -> bool | None:
    """Whether the rule holds between the answers to a sample and to its edited form; None where that cannot be judged."""
    before, after = plain.answer, edited.answer
    if rule in _ABOUT_TEXT:
        is_told = isinstance(after, Text) and (rule == "no comparison" or all(media.view for media in edited.sample.media))
        return _ABOUT_TEXT[rule] not in {span.kind for span in spans(edited)} if is_told else None
    if before is None or after is None or not (is_readable(before) or isinstance(before, Abstained)):
        return None
    match rule:
        case "keep":
            return is_same(before, after, width_of(plain.sample))
        case "flip":
            wanted = _OTHER.get(before.label.lower()) if isinstance(before, Choice) else None
            return None if wanted is None else isinstance(after, Choice) and after.label.lower() == wanted
        case "sides":
            return _mirrored(before, after, width_of(plain.sample))
        case _:
            return None


def is_same(first: Answer, second: Answer, width: float | None = None) -> bool | None:
    """Whether two answers are the same; None for embeddings, and for long texts that name no finding.

    Boxes are the same that overlap by half (IoU); points, within a twentieth of the width of the image.
    """
    match first, second:
        case Vectors(), Vectors():
            return None
        case Choice(label=a), Choice(label=b):
            return a == b
        case LabelSet(labels=a_labels), LabelSet(labels=b_labels):
            return set(a_labels) == set(b_labels)
        case Text(text=a), Text(text=b):
            return _says_the_same(a, b)
        case _:
            return _is_same_place(first, second, width)


def _says_the_same(first: str, second: str) -> bool | None:
    if normalise(first) == normalise(second):
        return True
    if max(len(first.split()), len(second.split())) <= _SHORT:
        return False
    said = [sentences(text) for text in (first, second)]
    if not any(sentence.findings for own in said for sentence in own):
        return None
    present = [frozenset[str]().union(*(sentence.findings for sentence in own if sentence.is_positive)) for own in said]
    return present[0] == present[1]


def _is_same_place(first: Answer, second: Answer, width: float | None) -> bool:
    match first, second:
        case Boxes(boxes=a), Boxes(boxes=b):
            corners = [np.array([(o.x0, o.y0, o.x1, o.y1) for o in boxes]).reshape(-1, 4) for boxes in (a, b)]
            return _paired(intersection_over_union(*corners) >= _OVERLAP)
        case Points(points=a_points), Points(points=b_points):
            return _paired(_distances(a_points, b_points) <= _NEAR * (width or 0.0))
        case _:
            return isinstance(first, Abstained) and isinstance(second, Abstained)


def _mirrored(before: Answer, after: Answer, width: float | None) -> bool | None:
    """Whether an answer is the mirror image of another one; None where that is its own mirror image."""
    wanted = mirror_answer(before, width)
    if isinstance(before, Text) and isinstance(wanted, Text):
        said = after.text if isinstance(after, Text) else ""
        if len(_sides_of(before.text)) == 1:
            return _sides_of(said) == _sides_of(wanted.text)
        if not _contradicts(before.text, wanted.text):  # no side, or both without telling what is on which
            return None
        return bool(_sides_of(said)) and not _contradicts(said, wanted.text)
    return None if wanted is None or is_same(before, wanted, width) in {True, None} else is_same(wanted, after, width)


def _sides_of(text: str) -> frozenset[str]:
    return frozenset(side.lower() for side in _SIDE.findall(text))


def _contradicts(said: str, reference: str) -> bool:
    """True where a text places a finding on the side other than the reference does."""
    return any(span.kind == "laterality_contradiction" for span in spans(Case.of(said, [reference])))


def _paired(near: NDArray[np.bool_]) -> bool:
    """True where as many stand on both sides, and each has one of the others near."""
    return near.shape[0] == near.shape[1] and bool(near.any(axis=1).all() and near.any(axis=0).all())


def _distances(first: Sequence[tuple[float, float]], second: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    a, b = (np.array(points, dtype=np.float64).reshape(-1, 2) for points in (first, second))
    return np.asarray(np.linalg.norm(a[:, None] - b[None], axis=2))
