"""The images of a study as PNG: one slice, under the window asked for. Only what lies in the study's own folder is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np

from radbench.media import Image, Reader, display_window, film
from radbench.ratings.studies.study import MEDIA
from radbench.sample import Media

_THICK: Final = 2.0  # as radbench.media.film: slices lie across another axis where its spacing is that many times that of z
_EIGHT_BIT: Final = (127.5, 255.0)  # centre and width that leave 8-bit values as they are
_KEPT: Final = 4  # decoded images, so that a moved slider does not read the file again


@dataclass(frozen=True, slots=True)
class View:
    """What a viewer may ask of an image."""

    n_slices: int
    low: float | None  # the window it is shown with; None: colour, shown as it is
    high: float | None


class Images:
    """Reads and draws the media of one study folder."""

    def __init__(self, folder: Path) -> None:
        reader = Reader({MEDIA: folder})
        self._load = lru_cache(_KEPT)(lambda media: _across(reader.load(media)))

    def view(self, media: Media) -> View:
        """How many slices an image has and how it is shown.

        Raises:
            MediaError: it cannot be read.
        """
        image = self._load(media)
        n_slices = 1 if image.ndim == 2 else len(image.array)
        if image.unit == "rgb":
            return View(n_slices, None, None)
        centre, width = display_window(image) or _EIGHT_BIT
        return View(n_slices, centre - width / 2, centre + width / 2)

    def png(self, media: Media, at: int | None = None, low: float | None = None, high: float | None = None) -> bytes:
        """One slice (the middle one without `at`) as PNG; values from `low` to `high` as grey, else the image's own window.

        Raises:
            MediaError: it cannot be read.
        """
        from PIL import Image as Pillow

        image = self._load(media)
        if image.ndim == 3:
            depth = len(image.array)
            place = depth // 2 if at is None else min(max(at, 0), depth - 1)
            window = display_window(image)  # of the whole volume, so that slices are comparable
            image = replace(image, array=np.ascontiguousarray(image.array[place]), spacing_mm=None, window=window)
        if low is not None and high is not None and high > low and image.unit != "rgb":
            image = replace(image, window=((low + high) / 2, high - low))
        out = BytesIO()
        Pillow.fromarray(film(image)).save(out, "PNG", compress_level=1)
        return out.getvalue()


def _across(image: Image) -> Image:
    """A volume with the axis first that its slices lie across: z, or a thicker one with the head up."""
    spacing = image.spacing_mm
    if image.ndim == 2 or spacing is None or max(spacing) <= _THICK * spacing[0]:
        return image
    return replace(image, array=np.moveaxis(image.array, int(np.argmax(spacing)), 0)[:, ::-1])
