"""Changes made to a decoded image, named by a text that stands in the run: the controls `--images blank|noise`, and small
changes that should not alter what is answered (`radbench stress`).

A new edit is one function and one entry of `EDITS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import UnknownNameError
from radbench.media.display import display_window, unpadded, value_range, window
from radbench.media.image import Image, Pixels

_AS_SHOWN: Final = (127.5, 255.0)  # the window of what is shown as it is: 8-bit grey, and colour


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


def mirror(image: Image, text: str) -> Image:  # noqa: ARG001  # every edit takes its own text
    """Left and right exchanged: the order along x, the last spatial axis, is turned round."""
    return replace(image, array=np.flip(image.array, image.ndim - 1).copy())


def narrow(image: Image, text: str) -> Image:
    """Contrast raised, by "window:<factor>": a window of the same centre and that many times the width; values outside it are lost."""
    centre, width = display_window(image) or _AS_SHOWN
    width *= _number(text)
    if image.unit == "rgb":
        return replace(image, array=window(image.array, centre, width))
    return _changed(image, np.clip(image.array, centre - width / 2, centre + width / 2), (centre, width))


def grain(image: Image, text: str) -> Image:
    """Gaussian noise, by "grain:<share>" of the display window's width; the same for the same pixels."""
    shown = display_window(image)
    seed = sha256(text.encode() + image.array.tobytes()).digest()[:16]
    drawn = np.random.default_rng(int.from_bytes(seed)).standard_normal(image.array.shape)
    return _changed(image, image.array + drawn * (_number(text) * (shown or _AS_SHOWN)[1]), shown)


def jpeg(image: Image, text: str) -> Image:
    """Through a JPEG, by "jpeg:<quality>" of 1 to 95, slice by slice; what lies outside the display window is lost."""
    shown = display_window(image)
    planes = image.array if shown is None else window(image.array, *shown)
    back = np.stack([_through_jpeg(plane, int(_number(text))) for plane in (planes[None] if image.ndim == 2 else planes)])
    low, step = (0.0, 1.0) if shown is None else (shown[0] - shown[1] / 2, shown[1] / 255)
    return _changed(image, low + back.reshape(image.array.shape) * step, shown)


EDITS: Final[Mapping[str, Callable[[Image, str], Image]]] = {
    "blank": blank,
    "noise": noise,
    "mirror": mirror,
    "window": narrow,
    "grain": grain,
    "jpeg": jpeg,
}


def edit(image: Image, text: str) -> Image:
    """The image after the edit named by `text`: "blank", "noise:<seed>" with any text as seed, "mirror", "window:<factor>",
    "grain:<share of the window>", "jpeg:<quality>".

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


def _number(text: str) -> float:
    return float(text.partition(":")[2])


def _changed(image: Image, values: NDArray[Any], shown: tuple[float, float] | None) -> Image:
    """The image with these values, in its own type, shown with a window; padding stays padding."""
    kind = image.array.dtype
    if kind.kind in "iu":
        values = np.clip(np.rint(values), np.iinfo(kind).min, np.iinfo(kind).max)
    array = values.astype(kind)
    if image.padding is not None:
        array[image.array == image.padding] = image.padding
    return replace(image, array=array, window=shown)


def _through_jpeg(plane: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    from PIL import Image as Pillow

    file = BytesIO()
    Pillow.fromarray(np.ascontiguousarray(plane)).save(file, "JPEG", quality=quality)
    return np.asarray(Pillow.open(file))
