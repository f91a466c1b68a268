"""Grounding: boxes or points that the model writes for what a question names, in original pixels once read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from radbench.errors import ContentError
from radbench.protocols._asking import Asking, first_reference, one_of
from radbench.protocols.base import History
from radbench.protocols.matching import exact_option
from radbench.protocols.prompts import CONTEXT, Placement
from radbench.protocols.reading import EMPTY, final_answer, normalised
from radbench.sample import Answer, AnswerMode, Box, Boxes, Points, Reply, Request, Sample, Unparsed

_SCALES: Final = {
    "pixel": "pixels of the image",
    "unit": "fractions of the image's width and height, from 0 to 1",
    "thousand": "thousandths of the image's width and height, from 0 to 1000",
}
_SIZE: Final = "{question}\n[[The image is {width} pixels wide and {height} pixels high.\n]]"
_TEMPLATES: Final = {
    "boxes": _SIZE + "Give each box as [x0, y0, x1, y1], its left, upper, right and lower edge, in {scale}.[[{labelled}]]\n"
    "Write a JSON list of all boxes, or [] if there is nothing to mark.",
    "points": _SIZE + "Give each point as [x, y], from the left and from the top, in {scale}.\n"
    "Write a JSON list of all points, or [] if there is nothing to mark.",
}
_NAMES: Final = {4: (("x0", "y0", "x1", "y1"), ("x_min", "y_min", "x_max", "y_max"), ("xmin", "ymin", "xmax", "ymax")), 2: (("x", "y"),)}
_KEYS: Final = {4: ("box", "bbox", "bbox_2d"), 2: ("point", "point_2d")}  # not box_2d, which is y first
_NONE: Final = frozenset({"none", "nothing", "no box", "no boxes", "no point", "no points"})
_NUMBER: Final = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?i:nan|inf(?:inity)?))\s*"
_QUADRUPLE: Final = re.compile(rf"[\[(]{','.join([_NUMBER] * 4)}[\])]|\({_NUMBER},{_NUMBER}\)\s*,\s*\({_NUMBER},{_NUMBER}\)")
_PAIR: Final = re.compile(rf"[\[(]{_NUMBER},{_NUMBER}[\])]")

_ROUNDING: Final = 1 + 1e-9  # a far edge written as a fraction may come back a last digit larger
_NO_SHAPE: Final = Unparsed("no coordinates found")


class Grounding(Asking):
    """Where something lies in one image.

    Samples: one medium; a text `question`, or `phrase`, the thing to be found; texts `width` and `height` of the original
    image in pixels, needed for `unit` and `thousand`; `options` the labels of boxes, where there are several; references
    Boxes (which may be empty) or Points, in original pixels.

    `form` is what is asked for; `coordinates` the scale the model is asked to write in. Read are a JSON list of number
    quadruples, of objects (`box`, `bbox`, `bbox_2d`; `x0` to `y1`, `x_min` to `y_max`; with `label`), or bracketed quadruples
    within a text; points likewise from pairs; "none" or `[]` as nothing. One coordinate that is not finite or outside the
    image, or one empty or inverted box, makes the reply unparsed. A box without a label has the only option's, if there is
    only one.
    """

    answer_modes = ("free",)

    def __init__(
        self,
        *,
        form: Literal["boxes", "points"] = "boxes",
        coordinates: Literal["pixel", "unit", "thousand"] = "pixel",
        answer: AnswerMode = "free",
        reader: str = "strict",
        prompt: str | None = None,
        system: str | None = None,
        images: Placement = "before",
        max_new_tokens: int | None = None,
    ) -> None:
        one_of("form", form, tuple(_TEMPLATES))
        one_of("coordinates", coordinates, tuple(_SCALES))
        self._form = form
        self._coordinates = coordinates
        super().__init__(
            prompt,
            {"free": _TEMPLATES[form]},
            texts=("phrase", "width", "height", *CONTEXT),
            computed={"question": _question, "scale": lambda _: _SCALES[coordinates], "labelled": self._labelled},
            answer=answer,
            reader=reader,
            system=system,
            images=images,
            max_new_tokens=max_new_tokens,
        )

    def ask(self, sample: Sample, *, shots: Sequence[Sample] = (), history: History = ()) -> Request:
        """The request, in the scale asked for.

        Raises:
            ContentError: more than one image, or no size where the scale needs it.
        """
        if len(sample.media) > 1:
            raise ContentError(
                f"sample `{sample.id}`: grounding needs one image, so that boxes are of that one; it has {len(sample.media)}"
            )
        if self._coordinates != "pixel" and _size(sample) is None:
            raise ContentError(f"sample `{sample.id}`: coordinates `{self._coordinates}` need its texts `width` and `height`, in pixels")
        return super().ask(sample, shots=shots, history=history)

    def target(self, sample: Sample) -> str:
        """The reference as a JSON list in the scale asked for; points of reference boxes are their centres."""
        reference = first_reference(sample)
        width, height = self._factors(sample)
        if isinstance(reference, Points) and self._form == "points":
            points = reference.points
        elif isinstance(reference, Boxes) and self._form == "points":
            points = tuple(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) for box in reference.boxes)
        elif isinstance(reference, Boxes):
            written = [([box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height], box.label) for box in reference.boxes]
            labelled = len(sample.options) > 1
            return json.dumps([{"box": _short(edges), "label": label} if labelled else _short(edges) for edges, label in written])
        else:
            raise ContentError(f"sample `{sample.id}`: grounding with form `{self._form}` needs a reference of boxes or points")
        return json.dumps([_short([x / width, y / height]) for x, y in points])

    def read(self, sample: Sample, reply: Reply) -> Answer:
        """Boxes or Points in original pixels."""
        output = reply.output
        if isinstance(output, Boxes) and self._form == "boxes":
            return output
        if not isinstance(output, str):
            return Unparsed("the output is neither text nor boxes")
        shapes = _shapes(final_answer(output), 4 if self._form == "boxes" else 2)
        if shapes is None:
            return EMPTY if not output.strip() else _NO_SHAPE
        size = _size(sample)
        if self._coordinates != "pixel" and size is None:
            return Unparsed("the size of the image is not known")
        limits = {"pixel": size or (math.inf, math.inf), "unit": (1.0, 1.0), "thousand": (1000.0, 1000.0)}[self._coordinates]
        return next(filter(None, (_fault(shape.numbers, limits) for shape in shapes)), None) or self._placed(sample, shapes)

    def _placed(self, sample: Sample, shapes: Sequence[_Shape]) -> Boxes | Points:
        width, height = self._factors(sample)
        if self._form == "points":
            return Points(tuple((x * width, y * height) for x, y in (shape.numbers for shape in shapes)))
        boxes = []
        for (x0, y0, x1, y1), label, score in shapes:
            boxes.append(Box(x0 * width, y0 * height, x1 * width, y1 * height, _label(label, sample.options), score))
        return Boxes(tuple(boxes))

    def _factors(self, sample: Sample) -> tuple[float, float]:
        """Pixels in one unit of the scale, along x and y."""
        width, height = _size(sample) or (1.0, 1.0)
        return {"pixel": (1.0, 1.0), "unit": (width, height), "thousand": (width / 1000, height / 1000)}[self._coordinates]

    @staticmethod
    def _labelled(sample: Sample) -> str:
        return ' Label each box: {"box": [x0, y0, x1, y1], "label": "..."}' if len(sample.options) > 1 else ""


class _Shape(NamedTuple):
    """What was written of one box or point."""

    numbers: tuple[float, ...]
    label: str = ""
    score: float | None = None


def _shapes(text: str, n: int) -> list[_Shape] | None:
    """The shapes of n numbers in a text; None where there are none, and it does not say that there is nothing either."""
    if normalised(text) in _NONE:
        return []
    starts = [i for i in (text.find("["), text.find("{")) if i >= 0]
    try:
        value = json.loads(text[min(starts, default=0) : max(text.rfind("]"), text.rfind("}")) + 1], parse_int=float)
    except (ValueError, RecursionError):
        found = (_QUADRUPLE if n == 4 else _PAIR).findall(text)
        return [_Shape(tuple(float(number) for number in match if number)) for match in found] or None
    if isinstance(value, dict):
        value = next((value[key] for key in ("boxes", "points") if key in value), [value])
    if not isinstance(value, list):
        return None
    if value and not isinstance(value[0], list | dict):
        value = [value]
    shapes = [_shape(item, n) for item in value]
    return None if None in shapes else [shape for shape in shapes if shape]


def _shape(item: object, n: int) -> _Shape | None:
    about = item if isinstance(item, dict) else {}
    numbers = item
    if about:
        spelled = [[about[name] for name in names] for names in _NAMES[n] if all(name in about for name in names)]
        numbers = next((about[key] for key in _KEYS[n] if key in about), next(iter(spelled), None))
    if not isinstance(numbers, list) or len(numbers) != n or not all(isinstance(number, float) for number in numbers):
        return None
    label, score = about.get("label"), about.get("score")
    return _Shape(
        tuple(numbers), label if isinstance(label, str) else "", score if isinstance(score, float) and math.isfinite(score) else None
    )


def _fault(numbers: Sequence[float], limits: tuple[float, float]) -> Unparsed | None:
    if not all(map(math.isfinite, numbers)):
        return Unparsed("a coordinate is not finite")
    if any(not 0 <= number <= limits[i % 2] * _ROUNDING for i, number in enumerate(numbers)):
        return Unparsed("a coordinate is outside the image")
    if len(numbers) == 4 and not (numbers[0] < numbers[2] and numbers[1] < numbers[3]):
        return Unparsed("an empty or inverted box")
    return None


def _label(said: str, options: Sequence[str]) -> str:
    if not said:
        return options[0] if len(options) == 1 else ""
    return exact_option(said, options) or said


def _size(sample: Sample) -> tuple[float, float] | None:
    try:
        width, height = float(sample.texts.get("width", "")), float(sample.texts.get("height", ""))
    except ValueError:
        return None
    return (width, height) if 0 < width < math.inf and 0 < height < math.inf else None


def _short(numbers: Sequence[float]) -> list[float]:
    """Whole numbers without a decimal point."""
    return [int(number) if number == int(number) else number for number in numbers]


def _question(sample: Sample) -> str:
    return sample.texts.get("question") or (f"Where is {sample.texts['phrase']}?" if sample.texts.get("phrase") else "")
