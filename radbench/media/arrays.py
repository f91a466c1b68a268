"""NumPy's .npy files, whose axes are stated nowhere: the rules below are those of the public radiology sets that use them."""

from __future__ import annotations

import math
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.lib import format as npy

from radbench.media.image import Image, Pixels, UnreadableError, check_size, of_colour, plain

_HEADERS: Final = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read(source: Path | BytesIO, index: int | None) -> Image:
    """One image of an array, by its number of axes; an array of objects is refused.

    2: (y, x). 3: (y, x, 3) if uint8 and so shaped, else (z, y, x). 4: a first axis of 1 is dropped (M3D), else (z, y, x, 3) if uint8
    and so shaped. 5: (image, 3, y, x, z), the cases of RadFM, of which `index` (or the first) is taken.
    """
    array = _opened(source)
    notes: tuple[str, ...] = ("axes and spacing are not stated by the file: (z, y, x) is assumed",)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 5 and array.shape[1] == 3:
        if (index or 0) >= len(array):
            raise UnreadableError(f"image #{index} is asked for, and it holds {len(array)}")
        if index is None and len(array) > 1:
            notes += (f"the first of {len(array)} images",)
        array = np.moveaxis(array[index or 0], (0, 3), (3, 0))
    elif index is not None:
        raise UnreadableError(f"image #{index} is asked for, and it holds one, of shape {array.shape}")
    check_size(array.shape, max(array.dtype.itemsize, 4))
    if array.ndim in (3, 4) and array.shape[-1] == 3 and (array.ndim == 4 or array.dtype == np.uint8):
        return _coloured(array, notes)
    if array.ndim not in (2, 3):
        raise UnreadableError(f"an array of shape {array.shape} is neither image nor volume")
    values, changes = plain(np.array(array))
    return Image(array=values, notes=notes + changes)


def _coloured(array: Pixels, notes: tuple[str, ...]) -> Image:
    if array.dtype == np.uint8:
        colour, unit, more = of_colour(np.array(array))
        return Image(array=colour, unit=unit, notes=notes + more)
    if not (np.array_equal(array[..., 0], array[..., 1]) and np.array_equal(array[..., 0], array[..., 2])):
        raise UnreadableError(f"colour must be uint8, got {array.dtype}")
    values, changes = plain(np.array(array[..., 0]))
    return Image(array=values, notes=(*notes, "grey written as colour", *changes))


def _opened(source: Path | BytesIO) -> Pixels:
    """The array, left on disk where it lies in a file."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            _check(file)
        return np.asarray(np.load(source, mmap_mode="r", allow_pickle=False))
    _check(source)
    return np.asarray(np.load(source, allow_pickle=False))


def _check(file: BinaryIO) -> None:
    """Refuse a file that is no array of numbers, or has another length than its header promises; rewinds it."""
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise UnreadableError(f"version {version} of the .npy format")
    shape, _, dtype = _HEADERS[version](file)
    if dtype.kind not in "biufc":
        raise UnreadableError(f"values of type {dtype} are no intensities")
    start = file.tell()
    promised, there = math.prod(shape) * dtype.itemsize, file.seek(0, SEEK_END) - start
    if promised != there:
        raise UnreadableError(f"its header promises {promised} bytes of values, {there} are there")
    file.seek(0)
