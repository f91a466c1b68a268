"""DICOM by pydicom: a file of one frame or many, and a folder that holds a series; stored values become HU or stay raw."""

from __future__ import annotations

import logging
import math
import threading
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels, pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from radbench.errors import MissingPackageError
from radbench.media import header as head
from radbench.media.axes import Arrangement, arranged, turned
from radbench.media.image import Image, Pixels, Unit, UnreadableError, check_size, of_colour, plain, rescaled

_ONE_AT_A_TIME: Final = threading.Lock()
_LOGGER: Final = logging.getLogger("pydicom")
_TILT: Final = 0.5  # degrees of GantryDetectorTilt from which it is noted
_SERIES: Final = [  # all that is needed of a slice before its pixels
    *("SeriesInstanceUID", "InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient"),
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel"),
]


def read(source: Path | BytesIO) -> Image:
    """One frame gives a 2D image as acquired; several give a volume, ordered and turned where each frame has its place."""
    with _quiet():
        header = _opened(source)
        n = head.count(header, "NumberOfFrames", 1)
        check_size((n, header.Rows, header.Columns, head.count(header, "SamplesPerPixel", 1)), 4)
        if n > 1:
            slices = arranged([head.place(header, frame, is_single=False) for frame in range(n)])
            return _volume(_decoded(header), slices, header, slices.order[n // 2])
        (array,) = _decoded(header)
        spacing, notes = head.pixel_spacing(header)
        tilt = head.floats(header, "GantryDetectorTilt")
        if tilt and abs(tilt[0]) > _TILT:
            notes += (f"gantry tilt {abs(tilt[0]):.1f} degrees",)
        return _described(array, header, 0, spacing, notes)


def read_series(files: list[Path]) -> Image:
    """A volume of the slices in `files`: by position, turned to the stated axes; other DICOM objects are passed over.

    Raises:
        UnreadableError: several series, several shapes or orientations, two slices of one place, a damaged file.
    """
    with _quiet():
        slices = _slices(files)
        n_slices, first = len(slices), slices[0][1]
        shapes = Counter((int(each.Rows), int(each.Columns)) for _, each in slices)
        if len(shapes) > 1:
            raise UnreadableError(f"its slices have several shapes: {_counted(shapes)}")
        check_size((n_slices, first.Rows, first.Columns, head.count(first, "SamplesPerPixel", 1)), 4)
        arrangement = arranged([head.place(each, 0, is_single=True) for _, each in slices])
        middle = _opened(slices[arrangement.order[n_slices // 2]][0])
        image = _volume((_only_frame(path) for path, _ in slices), arrangement, middle, 0)
    n_others = len(files) - n_slices
    return replace(image, notes=(*image.notes, f"{n_others} DICOM files without an image are passed over")) if n_others else image


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings and logs of pydicom: they quote the header, and so perhaps a patient. Both are the process's, hence the lock."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        was_disabled, _LOGGER.disabled = _LOGGER.disabled, True
        try:
            yield
        finally:
            _LOGGER.disabled = was_disabled


def _opened(source: Path | BytesIO) -> Dataset:
    """The data set of a file that holds an image, its transfer syntax known."""
    header = dcmread(source, force=True)
    if "Rows" not in header or "Columns" not in header:
        raise UnreadableError("no DICOM image: it has no Rows and Columns")
    if "TransferSyntaxUID" not in header.file_meta:  # a bare data set of old software: pydicom found out how to read it
        is_implicit, is_little = header.original_encoding
        syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
        header.file_meta.TransferSyntaxUID = syntax
    return header


def _decoded(header: Dataset) -> Iterator[Pixels]:
    """Frame by frame: colour (y, x, 3) uint8, or grey (y, x) rescaled."""
    kind = header.get("PhotometricInterpretation")
    for frame, stored in enumerate(_stored(header)):
        if kind == "PALETTE COLOR":
            yield _eight_bits(apply_color_lut(stored, header)[..., :3], 16)
        elif stored.ndim == 3 and stored.shape[-1] == 3:
            yield _eight_bits(stored, head.count(header, "BitsStored", 8))
        elif stored.ndim == 2:
            values = head.scale(header, frame)
            yield rescaled(stored, values.slope, values.intercept)
        else:
            raise UnreadableError(f"its frames have the shape {stored.shape}")


def _stored(header: Dataset) -> Iterator[Pixels]:
    syntax = header.file_meta.TransferSyntaxUID
    if not {"PixelData", "FloatPixelData", "DoubleFloatPixelData"} & set(header.dir()):
        raise UnreadableError("no pixel data: cut off, or not an image")
    if not syntax.is_encapsulated:
        try:
            yield from _frames(header)
        except ValueError as error:
            if "less than expected" in str(error):
                raise UnreadableError("cut off: fewer pixel data than its header promises") from error
            raise
        return
    try:
        is_available = get_decoder(syntax).is_available
    except NotImplementedError as error:
        raise UnreadableError(f"its compression is not supported: {syntax.name}") from error
    if not is_available:
        raise MissingPackageError(f"DICOM files compressed by {syntax.name} need a decoder: pip install 'radbench[dicom]'")
    try:
        yield from _frames(header)
    except RuntimeError as error:
        cause = f"{syntax.name} data are damaged, or of a kind that no installed decoder reads (radbench[dicom] brings more)"
        raise UnreadableError(cause) from error


def _frames(header: Dataset) -> Iterator[Pixels]:
    if head.count(header, "NumberOfFrames", 1) > 1:
        yield from iter_pixels(header, allow_excess_frames=False)
    else:
        yield pixel_array(
            header, allow_excess_frames=False
        )  # iter_pixels of pydicom 3.0 fails on JPEG 2000 of the wrong PixelRepresentation


def _eight_bits(colour: Pixels, bits: int) -> Pixels:
    return colour if colour.dtype == np.uint8 else (colour >> max(bits - 8, 0)).astype(np.uint8)


def _described(array: Pixels, header: Dataset, frame: int, spacing: tuple[float, ...] | None, notes: tuple[str, ...]) -> Image:
    """The image of decoded values, with what the header says of them at `frame`."""
    modality = str(header.get("Modality") or "")
    if header.get("VOILUTSequence"):
        notes += ("its VOI LUT is not applied",)
    if header.get("PhotometricInterpretation") == "PALETTE COLOR" or head.count(header, "SamplesPerPixel", 1) == 3:
        colour, unit, more = of_colour(array)
        return Image(array=colour, spacing_mm=spacing, unit=unit, modality=modality, notes=notes + more)
    array, more = plain(array)
    values = head.scale(header, frame)
    if values.mirror is not None:
        more += ("MONOCHROME1: turned around, so that higher is brighter",)
    return Image(
        array=array,
        spacing_mm=spacing,
        unit=_unit(header, frame, modality) if values.mirror is None else "raw",
        modality=modality,
        window=head.window(header, frame, values.mirror),
        padding=head.padding(header, values),
        notes=notes + more,
    )


def _unit(header: Dataset, frame: int, modality: str) -> Unit:
    item = head.group(header, frame, "PixelValueTransformationSequence")
    is_rescaled = "RescaleSlope" in item or "RescaleIntercept" in item
    return "HU" if is_rescaled and modality == "CT" and (item.get("RescaleType") or "HU") in ("HU", "US") else "raw"


def _volume(frames: Iterable[Pixels], slices: Arrangement, header: Dataset, frame: int) -> Image:
    """The volume of frames, given in any order; `header` and `frame` speak for all of them."""
    array = _filled(frames, slices.order)
    in_plane, notes = head.pixel_spacing(header)
    gap = head.slice_thickness(header) if len(slices.order) == 1 else slices.gap_mm
    spacing: tuple[float, ...] | None = (gap, *in_plane) if gap and in_plane else None
    if in_plane and not spacing:
        notes += (f"distance of slices unknown; in the plane {in_plane[0]:g} x {in_plane[1]:g} mm",)
    notes = slices.notes + notes
    if slices.directions is not None:
        array, turned_spacing, turns = turned(array, slices.directions, spacing or (math.nan,) * 3)
        spacing, notes = spacing and turned_spacing, notes + turns
    return _described(array, header, frame, spacing, notes)


def _filled(frames: Iterable[Pixels], order: list[int]) -> Pixels:
    """The i-th frame at its place in `order`, in one array made beforehand, so that no second copy is held."""
    rank = {frame: place for place, frame in enumerate(order)}
    volume: Pixels | None = None
    n = 0
    for n, frame in enumerate(frames, start=1):
        if volume is None:
            volume = np.empty((len(order), *frame.shape), frame.dtype)
        elif frame.dtype != volume.dtype:
            wider = np.result_type(frame.dtype, volume.dtype)
            volume = volume.astype(np.float32 if wider.kind == "f" else wider)
        if n > len(order) or frame.shape != volume.shape[1:]:
            raise UnreadableError(f"frame {n} does not fit: shape {frame.shape}, {len(order)} frames of {volume.shape[1:]} are expected")
        volume[rank[n - 1]] = frame
    if volume is None or n < len(order):
        raise UnreadableError(f"it holds {n} of the {len(order)} frames that its header promises")
    return volume


def _slices(files: list[Path]) -> list[tuple[Path, Dataset]]:
    """The files of the one series in a folder, with the part of their header that `_SERIES` names."""
    headers = [(path, _header(path)) for path in files]
    images = [(path, each) for path, each in headers if "Rows" in each]
    if not images:
        raise UnreadableError(f"no DICOM image among its {len(files)} DICOM files" if files else "no DICOM file in the folder")
    series = Counter(str(each.get("SeriesInstanceUID")) for _, each in images)
    if len(series) > 1:
        raise UnreadableError(f"it holds {len(series)} series, where one is one volume: {_counted(series)}")
    return images


def _header(path: Path) -> Dataset:
    try:
        header = dcmread(path, stop_before_pixels=True, specific_tags=_SERIES, force=True)
        n = head.count(header, "NumberOfFrames", 1)
    except UnreadableError as error:
        raise UnreadableError(f"`{path.name}`: {error}") from error
    except Exception as error:  # damaged bytes make pydicom fail in any way there is
        raise UnreadableError(f"`{path.name}` is damaged: {type(error).__name__}") from error
    if n > 1:
        raise UnreadableError(f"`{path.name}` has {n} frames: name the file itself, it is a volume of its own")
    return header


def _only_frame(path: Path) -> Pixels:
    try:
        (frame,) = _decoded(_opened(path))
    except UnreadableError as error:
        raise UnreadableError(f"`{path.name}`: {error}") from error
    return frame


def _counted(counts: Counter[Any]) -> str:
    return ", ".join(f"{key} ({n})" for key, n in counts.most_common())
