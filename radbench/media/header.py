"""What a DICOM header says of a frame's values and place, plain or in functional groups (PS3.3 C.7.6.16)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.multival import MultiValue

from radbench.media.axes import Slice
from radbench.media.image import UnreadableError, stored_window


@dataclass(frozen=True, slots=True)
class Scale:
    """From stored to given values: `slope * stored + intercept`; `mirror` is set where that turns MONOCHROME1 around."""

    slope: float
    intercept: float
    mirror: float | None = None  # a rescaled value v stands as mirror - v


def floats(item: Dataset, keyword: str) -> tuple[float, ...]:
    """The numbers of an element; () where it is absent or empty."""
    value = item.get(keyword)
    if value is None or value == "":
        return ()
    if isinstance(value, str):  # what pydicom could not convert
        value = value.split("\\")
    try:
        numbers = tuple(map(float, value if isinstance(value, MultiValue | list) else [value]))
    except (TypeError, ValueError) as error:
        raise UnreadableError(f"{keyword} in its header is no number") from error
    if not all(map(math.isfinite, numbers)):
        raise UnreadableError(f"{keyword} in its header is not finite")
    return numbers


def count(header: Dataset, keyword: str, default: int) -> int:
    """A whole number of the header that is at least 1."""
    value = int((floats(header, keyword) or (default,))[0])
    if value < 1:
        raise UnreadableError(f"{keyword} in its header is {value}")
    return value


def group(header: Dataset, frame: int, sequence: str) -> Dataset:
    """The item that speaks for a frame: its own functional group, else the shared one, else the header itself."""
    own = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = header.get("SharedFunctionalGroupsSequence") or []
    for item in (*own[frame : frame + 1], *shared[:1]):
        if item.get(sequence):
            return item[sequence].value[0]  # type: ignore[no-any-return]  # pydicom leaves values untyped
    return header


def place(header: Dataset, frame: int, *, is_single: bool) -> Slice:
    """Where a frame lies. The header itself speaks for a frame only if it is the only one."""
    position = group(header, frame, "PlanePositionSequence")
    orientation = group(header, frame, "PlaneOrientationSequence")
    at = floats(position, "ImagePositionPatient") if is_single or position is not header else ()
    along = floats(orientation, "ImageOrientationPatient") if is_single or orientation is not header else ()
    number = int((floats(header, "InstanceNumber") or (-1,))[0]) if is_single else frame
    return Slice(number=number if number >= 0 else None, position=at if len(at) == 3 else (), orientation=along if len(along) == 6 else ())


def pixel_spacing(header: Dataset) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """Distance of rows and of columns in mm, with a note where it is missing or not that in the patient."""
    for keyword, notes in (("PixelSpacing", ()), ("ImagerPixelSpacing", ("spacing is that at the detector, before magnification",))):
        spacing = floats(group(header, 0, "PixelMeasuresSequence"), keyword)
        if len(spacing) == 2 and min(spacing) > 0:
            return (spacing[0], spacing[1]), notes
    return None, ("spacing unknown",)


def slice_thickness(header: Dataset) -> float | None:
    """SliceThickness in mm, for the only slice there is."""
    thickness = floats(group(header, 0, "PixelMeasuresSequence"), "SliceThickness")
    return thickness[0] if thickness and thickness[0] > 0 else None


def scale(header: Dataset, frame: int) -> Scale:
    """Rescale slope and intercept, MONOCHROME1 (a higher value is darker) turned around within its range of stored bits."""
    item = group(header, frame, "PixelValueTransformationSequence")
    slope, intercept = (floats(item, "RescaleSlope") or (1.0,))[0], (floats(item, "RescaleIntercept") or (0.0,))[0]
    if slope == 0:
        raise UnreadableError("RescaleSlope in its header is 0")
    if header.get("PhotometricInterpretation") != "MONOCHROME1":
        return Scale(slope, intercept)
    bits = count(header, "BitsStored", 16)
    ends = -1 if is_signed(header) else 2**bits - 1  # lowest plus highest stored value
    mirror = slope * ends + 2 * intercept
    return Scale(-slope, mirror - intercept, mirror)


def window(header: Dataset, frame: int, mirror: float | None) -> tuple[float, float] | None:
    """The first window of a frame, as (centre, width)."""
    item = group(header, frame, "FrameVOILUTSequence")
    centre, width = floats(item, "WindowCenter"), floats(item, "WindowWidth")
    if not centre or not width:
        return None
    return stored_window(centre[0] if mirror is None else mirror - centre[0], width[0])


def padding(header: Dataset, values: Scale) -> float | None:
    """PixelPaddingValue, rescaled as the pixels are."""
    stored = floats(header, "PixelPaddingValue")
    if not stored:
        return None
    bits = count(header, "BitsAllocated", 16)
    wrapped = stored[0] - 2**bits if is_signed(header) and stored[0] >= 2 ** (bits - 1) else stored[0]  # written as unsigned
    return values.slope * wrapped + values.intercept


def is_signed(header: Dataset) -> bool:
    """Whether stored values are signed (PixelRepresentation)."""
    return floats(header, "PixelRepresentation") == (1.0,)
