"""Phrases of a report that may have boxes, and whether boxes are covered by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from radbench.metrics.base import Excluded

Share = Annotated[float, Field(ge=0, le=1)]
Corners: TypeAlias = tuple[float, float, float, float]  # x_min, y_min, x_max, y_max as shares of the image's width and height

NOT_GROUNDED: Final = Excluded("no list of phrases with boxes")
_SIZE: Final = 224  # pixels of the mask, and the share of them that must be covered: RadFact's defaults
_COVERED: Final = 0.5


@dataclass(frozen=True, slots=True)
class Phrase:
    """A statement of one finding, and where it is seen."""

    text: str
    boxes: tuple[Corners, ...] = ()


class _Box(BaseModel):
    x_min: Share
    y_min: Share
    x_max: Share
    y_max: Share


class _Grounded(BaseModel):
    text: str
    boxes: tuple[_Box, ...] | None = None


_REPORT: Final = TypeAdapter(tuple[_Grounded, ...])


def phrases(text: str) -> tuple[Phrase, ...] | Excluded:
    """The phrases of a text in RadFact's JSON: [{"text": ..., "boxes": [{"x_min", "y_min", "x_max", "y_max"}] or null}].

    >>> phrases('[{"text": "Clear lungs.", "boxes": null}]')
    (Phrase(text='Clear lungs.', boxes=()),)
    """
    try:
        found = _REPORT.validate_json(text)
    except ValidationError:
        return NOT_GROUNDED
    return tuple(
        Phrase(one.text.strip(), tuple((b.x_min, b.y_min, b.x_max, b.y_max) for b in one.boxes or ())) for one in found if one.text.strip()
    )


def is_covered(boxes: Sequence[Corners], by: Sequence[Corners]) -> bool:
    """True if more than half of the pixels of some boxes lie in others, on a mask of 224 x 224.

    >>> is_covered([(0, 0, 0.5, 0.5)], [(0, 0, 0.5, 0.4)])
    True
    """
    mask, other = _mask(boxes), _mask(by)
    return bool((mask & other).sum() > _COVERED * mask.sum())


def _mask(boxes: Sequence[Corners]) -> NDArray[np.bool_]:
    mask = np.zeros((_SIZE, _SIZE), dtype=np.bool_)
    for box in boxes:
        x_min, y_min, x_max, y_max = (int(share * _SIZE) for share in box)
        mask[y_min:y_max, x_min:x_max] = True
    return mask
