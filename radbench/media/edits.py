"""Changes made to a decoded image, named by a text that stands in the run: the controls `--images blank|noise`.

A new edit is one function and one entry of `EDITS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final

import numpy as np

from radbench.errors import UnknownNameError
from radbench.media.display import display_window, unpadded, value_range
from radbench.media.image import Image, Pixels


def blank(image: Image, text: str) -> Image:  # noqa: ARG001  # every edit takes its own text
    """Every pixel is the mean intensity of the image (of each colour; padding left out)."""
    mean = image.array.mean(axis=tuple(range(image.ndim))) if image.unit == "rgb" else unpadded(image).mean(dtype=np.float64)
    if image.array.dtype.kind in "iu":
        mean = np.rint(mean)
    return _shown_as(image, np.broadcast_to(np.asarray(mean, image.array.dtype), image.array.shape).copy())


def noise(image: Image, text: str) -> Image:
    """Every pixel is drawn uniformly from the image's own range of values (padding left out), seeded by `text`."""
    low, high = value_range(image)
    rng = np.random.default_rng(int.from_bytes(sha256(text.encode()).digest()[:16]))
    if image.array.dtype.kind in "iu":
        return _shown_as(image, rng.integers(int(low), int(high), image.array.shape, image.array.dtype, endpoint=True))
    drawn = rng.random(image.array.shape, np.float32)
    drawn *= np.float32(high - low)
    drawn += np.float32(low)
    return _shown_as(image, drawn)


EDITS: Final[Mapping[str, Callable[[Image, str], Image]]] = {"blank": blank, "noise": noise}


def edit(image: Image, text: str) -> Image:
    """The image after the edit named by `text`: "blank", or "noise:<seed>" with any text as seed.

    Raises:
        UnknownNameError: no edit has the name that stands before the colon.
    """
    name = text.partition(":")[0]
    if name not in EDITS:
        raise UnknownNameError("edit of images", name, EDITS, "radbench.media.EDITS")
    return EDITS[name](image, text)


def _shown_as(image: Image, array: Pixels) -> Image:
    """The new values with the old window: what is shown must not be stretched to the new values' own range."""
    return replace(image, array=array, window=display_window(image), padding=None)
