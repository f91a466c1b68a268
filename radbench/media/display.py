"""From values to what an eye, or a model of photographs, is shown: windows, sizes, slices."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.media.image import HUGE, Image, Pixels

CT_WINDOW: Final = (40.0, 400.0)  # soft tissue, in HU: what a CT is shown with where its file stores no window
_THICK: Final = 2.0  # slices are cut across another axis than z where its spacing is more than this many times that of z


def window(array: Pixels, centre: float, width: float) -> NDArray[np.uint8]:
    """Grey values 0..255 of the same shape: `centre - width / 2` and below is 0, `centre + width / 2` and above is 255.

    Source: DICOM PS3.3 C.11.2.1.3.2, LINEAR_EXACT, which unlike LINEAR holds for widths below 1.
    """
    if not width > 0:
        raise ValueError(f"`width` of a window must be above 0, got {width}")
    grey = array.astype(np.float32)
    grey -= centre - width / 2
    grey *= 255 / width
    grey += 0.5
    np.clip(grey, 0, 255, out=grey)
    return grey.astype(np.uint8)


def display_window(image: Image) -> tuple[float, float] | None:
    """The (centre, width) an image is shown with; None: 8-bit values or colour, shown as they are.

    The file's own window; else `CT_WINDOW` for HU; else from the lowest to the highest value that is not padding.
    """
    if image.unit == "rgb":
        return None
    if image.window is not None:
        return image.window
    if image.unit == "HU":
        return CT_WINDOW
    if image.array.dtype == np.uint8:
        return None
    low, high = value_range(image)
    return (low + high) / 2, high - low if high - low > 1 / HUGE else 1.0


def value_range(image: Image) -> tuple[float, float]:
    """Lowest and highest value that is not padding; the padding itself where there is nothing else."""
    inside = unpadded(image)
    return float(inside.min()), float(inside.max())


def unpadded(image: Image) -> Pixels:
    """The values that are not padding, flat; all of them where there is no padding or nothing else."""
    if image.padding is None:
        return image.array.reshape(-1)
    inside: Pixels = image.array[image.array != image.padding]
    return inside if inside.size else image.array.reshape(-1)


def film(image: Image, *, size: tuple[int, int] | None = None, slices: int | None = None) -> NDArray[np.uint8]:
    """An image as 8-bit grey or colour, after `display_window`; padding is black.

    A 2D image gives (y, x) or (y, x, 3). A volume gives its middle slice, or with `slices` that many evenly spaced ones (all,
    where it has fewer), on a first axis; a 2D image then has a first axis of 1. Slices are axial, unless the voxels
    are more than twice as long along another axis: then across that one, as the scanner did, with the head up.

    Args:
        size: (height, width) to which slices are resized, bilinear.
    """
    planes = [image.array] if image.ndim == 2 else _planes(image, slices or 1)
    shown = display_window(image)
    films: list[NDArray[np.uint8]] = []
    for plane in planes:
        grey = plane if shown is None else window(plane, *shown)
        if shown is not None and image.padding is not None:
            grey[plane == image.padding] = 0
        films.append(np.ascontiguousarray(grey if size is None else resize(grey, size)))
    return films[0] if slices is None else np.stack(films)


def slices(volume: Pixels, n: int) -> list[int]:
    """Indices along the first axis: the middles of `n` equal parts, or all where there are fewer.

    >>> slices(np.zeros((10, 2, 2)), 1), slices(np.zeros((10, 2, 2)), 3)
    ([5], [1, 5, 8])
    """
    if n < 1:
        raise ValueError(f"`n` slices must be at least 1, got {n}")
    depth = len(volume)
    return [(2 * i + 1) * depth // (2 * n) for i in range(n)] if n < depth else list(range(depth))


def resize(array: Pixels, shape: tuple[int, ...], method: Literal["bilinear", "bicubic"] = "bilinear") -> NDArray[Any]:
    """An image (y, x) or (y, x, 3) in another (height, width), or a volume (z, y, x) in another (depth, height, width).

    uint8 stays uint8, all else becomes float32. In the plane by Pillow, which averages when shrinking; a volume slice by
    slice so, then linearly between slice centres.
    """
    if len(shape) == 3:
        return _between([resize(plane, shape[1:], method) for plane in array], shape[0])
    from PIL import Image as Pillow

    height, width = shape
    if array.shape[:2] == (height, width) and array.dtype in (np.uint8, np.float32):
        return array
    filtering = Pillow.Resampling.BILINEAR if method == "bilinear" else Pillow.Resampling.BICUBIC
    source = np.ascontiguousarray(array if array.dtype == np.uint8 else array.astype(np.float32))
    return np.asarray(Pillow.fromarray(source).resize((width, height), filtering))


def _planes(image: Image, n: int) -> list[Pixels]:
    spacing = image.spacing_mm
    axis = 0
    if spacing is not None and max(spacing) > _THICK * spacing[0]:
        axis = int(np.argmax(spacing))
    across = np.moveaxis(image.array, axis, 0)
    if axis:
        across = across[:, ::-1]  # rows are z, and z rises towards the head
    return [across[i] for i in slices(across, n)]


def _between(planes: list[Pixels], depth: int) -> Pixels:
    if depth == len(planes):
        return np.stack(planes)
    at = np.clip((np.arange(depth) + 0.5) * len(planes) / depth - 0.5, 0, len(planes) - 1)
    out = np.empty((depth, *planes[0].shape), planes[0].dtype)
    for i, position in enumerate(at):
        below = int(position)
        share = np.float32(position - below)
        mixed = planes[below] * (1 - share) + planes[min(below + 1, len(planes) - 1)] * share
        out[i] = np.rint(mixed) if out.dtype == np.uint8 else mixed
    return out
