"""What every reader gives: an array, and all that is known about its axes and its intensities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[Any]
Unit: TypeAlias = Literal["HU", "raw", "rgb"]

HUGE: Final = 1e30  # no intensity, window or its inverse goes beyond: float32 holds them with room for arithmetic
MAX_BYTES: Final = 4 * 2**30  # of one decoded image or volume; a whole-body CT of 2,000 slices takes 1 GiB as int16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Image:
    """A decoded image or volume.

    Shapes: 2D grey (y, x), 2D colour (y, x, 3), volume (z, y, x), colour volume (z, y, x, 3). The colour axis is there
    exactly if `unit` is "rgb"; colour is always uint8 in 0..255. Grey has one of uint8, uint16, int16, int32, uint32 or
    float32 and is finite; a higher value is brighter.

    Axes: a 2D image is as acquired or drawn, rows downwards. In a volume a rising index means: z from feet to head, y
    from front to back, x from the patient's right to left (the DICOM axes L, P, S, last to first), axes being named
    by the direction they are closest to. Where a file does not tell the orientation, its own order is kept and
    `notes` says so; where frames are points in time, z is the frame.
    """

    array: Pixels
    spacing_mm: tuple[float, ...] | None = None  # distance of pixel centres, in the order of the spatial axes
    unit: Unit = "raw"
    modality: str = ""  # DICOM code, of the file, else of the Media
    window: tuple[float, float] | None = None  # (centre, width) stored in the file, in the array's values
    padding: float | None = None  # value of pixels outside the image, in the array's values
    notes: tuple[str, ...] = ()  # what a reader should know: uneven gaps, gantry tilt, flips, what was assumed

    @property
    def ndim(self) -> int:
        """Number of spatial axes: 2 or 3."""
        return self.array.ndim - (self.unit == "rgb")


class UnreadableError(Exception):
    """Why a decoder gives up, in words fit for a log; the reader adds the path and raises MediaError."""


def check_size(shape: tuple[int, ...], bytes_each: int) -> None:
    """Refuse, before anything is allocated, what is empty or decodes to more than `MAX_BYTES`."""
    n = 1
    for length in shape:
        n *= int(length)
    if n < 1 or min(shape) < 1:
        raise UnreadableError(f"an image of shape {shape} holds no pixel")
    if n * bytes_each > MAX_BYTES:
        raise UnreadableError(f"shape {shape} decodes to {n * bytes_each / 2**30:.1f} GiB; the limit is {MAX_BYTES / 2**30:.0f} GiB")


def stored_window(centre: float, width: float) -> tuple[float, float] | None:
    """A window as a file states it, or None where its numbers can be none."""
    return (centre, width) if abs(centre) < HUGE and 1 / HUGE < width < HUGE else None


def rescaled(stored: Pixels, slope: float, intercept: float) -> Pixels:
    """`slope * stored + intercept`: 16-bit integers where slope (1 or -1), intercept and range allow it, else float32."""
    if slope == 1 and intercept == 0:
        return stored
    if abs(slope) == 1 and float(intercept).is_integer() and abs(intercept) < 2**24 and stored.dtype.kind in "iu" and stored.itemsize <= 2:
        values: Pixels = stored.astype(np.int32)
        values *= int(slope)
        values += int(intercept)
        low, high = values.min(), values.max()
        # 8 bits stay 8 bits, which are shown as they are; int16 comes before uint16, so that slices of one CT agree
        for kind in (np.uint8,) * (stored.dtype == np.uint8) + (np.int16, np.uint16):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return values.astype(kind)
        return values
    with np.errstate(over="ignore", invalid="ignore"):  # `plain` finds what is not finite
        scaled: Pixels = stored.astype(np.float32)
        scaled *= np.float32(slope)
        scaled += np.float32(intercept)
    return scaled


def plain(array: Pixels) -> tuple[Pixels, tuple[str, ...]]:
    """The array in one of the types that `Image` allows, native byte order, finite; and what was changed.

    Values that are not finite, or beyond any intensity (+-1e30, which some files use for "nothing here"), become the
    lowest of the others.
    """
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255), ("true and false as 255 and 0",)
    if kind not in "iuf" or size > 8:
        raise UnreadableError(f"values of type {array.dtype} are no intensities")
    if kind == "i" and size == 1:
        return array.astype(np.int16), ()
    if kind in "iu" and size == 8:
        fits = array.size and array.min() >= -(2**31) and array.max() < 2**31
        return array.astype(np.int32 if fits else np.float32), ()
    if kind in "iu":
        return array.astype(array.dtype.newbyteorder("="), copy=False), ()
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and treated as such
        values: Pixels = array.astype(np.float32, copy=False)
    is_value = (values > -HUGE) & (values < HUGE)
    if is_value.all():
        return values, ()
    if not is_value.any():
        raise UnreadableError("not one of its values is finite")
    lowest = values[is_value].min()
    return np.where(is_value, values, lowest), (f"{np.count_nonzero(~is_value)} values are not finite: set to the lowest",)


def of_colour(array: Pixels) -> tuple[Pixels, Unit, tuple[str, ...]]:
    """Array, unit and notes of uint8 colour (..., 3): grey written as colour, all three channels equal, is grey."""
    first = array[..., 0]
    if np.array_equal(first, array[..., 1]) and np.array_equal(first, array[..., 2]):
        return np.ascontiguousarray(first), "raw", ("grey written as colour",)
    return array, "rgb", ()
