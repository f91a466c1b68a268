"""Where a volume's axes point in the patient, and turning them to (z, y, x) = (feet to head, front to back, right to left).

Directions are in the DICOM patient system: x to the left, y to the back, z to the head (PS3.3 C.7.6.2.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.media.image import Pixels, UnreadableError

UNKNOWN: Final = "orientation unknown: axes in the file's order"
_ALIGNED: Final = 0.5  # degrees; below it an axis counts as straight
_UNEVEN: Final = 0.02  # gaps that differ from their median by more than this share are reported
_SAME_MM: Final = 0.01  # slices that are closer than this lie in one place
_MISSING: Final = 1.5  # a gap of more medians than this is likely to miss a slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Where one slice lies: the centre of its first pixel in mm, and the directions in which columns and rows rise."""

    number: int | None  # InstanceNumber, or the number of the frame
    position: tuple[float, ...] = ()  # (x, y, z), or () where the file does not tell
    orientation: tuple[float, ...] = ()  # of rising column index (3), then of rising row index (3); or ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """How slices make a volume."""

    order: list[int]  # the slices from the first to the last along their normal
    gap_mm: float | None = None  # the median distance of neighbours; None: unknown, or a single slice
    directions: NDArray[np.float64] | None = None  # of rising slice, row and column index, (3, 3); None: unknown
    notes: tuple[str, ...] = ()


def arranged(slices: list[Slice]) -> Arrangement:
    """Slices ordered by their position along the common normal; by their number, where not all tell a position.

    Raises:
        UnreadableError: slices of several orientations, or two of one place.
    """
    if not all(each.position and each.orientation for each in slices):
        return _numbered(slices)
    first = np.array(slices[0].orientation)
    n_other = sum(not np.allclose(np.array(each.orientation), first, atol=0.01) for each in slices)
    if n_other:
        raise UnreadableError(f"{n_other} of {len(slices)} slices have another orientation than the first: a localizer among them?")
    normal = _normal(first)
    directions = np.stack([normal, first[3:], first[:3]])
    positions = np.array([each.position for each in slices])
    along = positions @ normal
    order = [int(i) for i in np.argsort(along, kind="stable")]
    if len(slices) == 1:
        return Arrangement(order=order, directions=directions)
    gaps = np.diff(along[order])
    n_double = int(np.count_nonzero(gaps < _SAME_MM))
    if n_double:
        raise UnreadableError(f"{n_double} of {len(slices)} slices lie where another one lies: phases, echoes or copies in one series")
    tilt = _angle(positions[order[-1]] - positions[order[0]], normal)
    tilts = (f"gantry tilt {tilt:.1f} degrees: slices are stacked without shifting them",) if tilt > _ALIGNED else ()
    return Arrangement(order=order, gap_mm=float(np.median(gaps)), directions=directions, notes=_gap_notes(gaps) + tilts)


def turned(array: Pixels, directions: NDArray[np.float64], spacing: tuple[float, ...]) -> tuple[Pixels, tuple[float, ...], tuple[str, ...]]:
    """A volume (three axes, then perhaps colour) with its axes swapped and flipped to (z, y, x), its spacing, and notes.

    Args:
        directions: (3, 3), for each axis of the array the unit vector in which its index rises.
        spacing: in mm, for each axis of the array.
    """

    def fit(order: tuple[int, ...]) -> float:
        return sum(abs(float(directions[order[axis], 2 - axis])) for axis in range(3))

    order = max(permutations(range(3)), key=fit)
    flips = [axis for axis in range(3) if directions[order[axis], 2 - axis] < 0]
    notes: list[str] = []
    if order != (0, 1, 2) or flips:
        names = "".join("zyx"[order.index(axis)] for axis in range(3))
        notes.append(f"axes turned: stored as {names}" + (f", {', '.join('zyx'[axis] for axis in flips)} flipped" if flips else ""))
    oblique = max(_angle(directions[order[axis]], np.eye(3)[2 - axis]) for axis in range(3))
    if oblique > _ALIGNED:
        notes.append(f"oblique: axes up to {oblique:.1f} degrees off those of the patient")
    result = np.flip(np.transpose(array, (*order, *range(3, array.ndim))), tuple(flips))
    return np.ascontiguousarray(result), tuple(spacing[axis] for axis in order), tuple(notes)


def _angle(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Degrees between two lines, 0..90."""
    cosine = abs(float(a @ b)) / float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(min(1.0, cosine))))


def _normal(orientation: NDArray[np.float64]) -> NDArray[np.float64]:
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    if not 0.9 < length < 1.1:
        raise UnreadableError("ImageOrientationPatient is no pair of perpendicular unit vectors")
    return np.asarray(normal / length)


def _gap_notes(gaps: NDArray[np.float64]) -> tuple[str, ...]:
    median = float(np.median(gaps))
    notes: tuple[str, ...] = ()
    if gaps.max() > median * (1 + _UNEVEN) or gaps.min() < median * (1 - _UNEVEN):
        notes += (f"uneven gaps between slices: {gaps.min():.2f} to {gaps.max():.2f} mm, median {median:.2f}",)
    n_wide = int(np.count_nonzero(gaps > _MISSING * median))
    if n_wide:
        notes += (f"slices may be missing: {n_wide} of {len(gaps)} gaps are more than {_MISSING} times the median",)
    return notes


def _numbered(slices: list[Slice]) -> Arrangement:
    numbers = [each.number for each in slices]
    if None in numbers or len(set(numbers)) < len(slices):
        return Arrangement(
            order=list(range(len(slices))), notes=("slices tell neither position nor number: in the order of file names", UNKNOWN)
        )
    order = sorted(range(len(slices)), key=lambda i: numbers[i] or 0)
    return Arrangement(order=order, notes=("slices tell no position: in the order of their numbers", UNKNOWN))
