"""Replies and answers of any kind in words, for lists and side-by-side reading."""

from __future__ import annotations

from radbench.records import Prediction
from radbench.sample import Abstained, Answer, Boxes, LabelSet, Points, Unparsed, Vectors, as_text


def said(prediction: Prediction | None) -> str:
    """What came back, in one line.

    >>> said(Prediction(key="", sample_id="a", output="Clear   lungs."))
    'Clear lungs.'
    """
    if prediction is None:
        return "(not asked)"
    if prediction.error is not None:
        return f"(failed: {prediction.error})"
    output = prediction.output
    if isinstance(output, str):
        return " ".join(output.split()) or "(empty)"
    if isinstance(output, Boxes | Vectors):
        return f"({worded(output)})"
    return max(output, key=output.__getitem__, default="(no option)") if output is not None else f"({prediction.finish_reason})"


def worded(answer: Answer | None) -> str:
    """An answer, or a reference, in words.

    >>> worded(LabelSet(())), worded(Unparsed("no letter"))
    ('no label', 'could not be read: no letter')
    """
    match answer:
        case None:
            text = "no answer: the request failed or was refused"
        case Unparsed(reason=reason):
            text = f"could not be read: {reason}"
        case Abstained(phrase=phrase):
            text = f"abstained: {phrase}"
        case LabelSet(labels=()):
            text = "no label"
        case Boxes(boxes=boxes):
            text = "; ".join(f"{box.label or 'box'} ({box.x0:g}, {box.y0:g}) to ({box.x1:g}, {box.y1:g})" for box in boxes) or "no box"
        case Points(points=points):
            text = "; ".join(f"({x:g}, {y:g})" for x, y in points) or "no point"
        case Vectors(shape=shape):
            text = f"{shape[0]} vectors of {shape[1]} numbers"
        case _:
            text = as_text(answer)
    return text
