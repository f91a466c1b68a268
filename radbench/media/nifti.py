"""NIfTI-1 and -2: headers by nibabel, values straight from the file, so that of a 4D file no more than one volume is held."""

from __future__ import annotations

import gzip
import math
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final, TypeAlias, cast

import nibabel
import numpy as np

from radbench.media.axes import UNKNOWN, turned
from radbench.media.image import Image, Pixels, UnreadableError, check_size, of_colour, plain, rescaled, stored_window

_Header: TypeAlias = Any  # nibabel's headers are untyped

_HEADERS: Final[dict[int, _Header]] = {
    348: nibabel.Nifti1Header,
    540: nibabel.Nifti2Header,
}  # by sizeof_hdr, the first four bytes of a file
_MM: Final = {"meter": 1000.0, "micron": 0.001}  # all else is, or is taken as, mm
_SHORTEST: Final = 1e-4  # mm between voxels: below a microscope's, above any body, spacing is an error
_LONGEST: Final = 1e4
_CODES: Final = range(1, 6)  # of sform_code and qform_code, where an affine has a meaning
_GZIP: Final = b"\x1f\x8b"


def read(source: Path | BytesIO, index: int | None) -> Image:
    """One volume, slope and intercept applied, axes turned by the affine; of a 4D file the `index`-th, or the first.

    The window is that of cal_min and cal_max. Complex values and more than four axes are refused.
    """
    with source.open("rb") if isinstance(source, Path) else source as file:
        is_packed = file.read(2) == _GZIP
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if is_packed else file
        try:
            return _read(cast("IO[bytes]", stream), index)
        except (EOFError, gzip.BadGzipFile) as error:
            raise UnreadableError("its compressed data are damaged or cut off") from error


def _read(file: IO[bytes], index: int | None) -> Image:
    start = file.read(4)
    kind = _HEADERS.get(int.from_bytes(start, "little")) or _HEADERS.get(int.from_bytes(start, "big"))
    if kind is None:
        raise UnreadableError("no NIfTI header")
    file.seek(0)
    header = kind.from_fileobj(file, check=False)  # nibabel's check mends in silence what it takes for a slip
    if header["magic"].item()[:3] not in (b"n+1", b"n+2"):
        raise UnreadableError("its NIfTI header is damaged, or its values lie in another file")
    shape, notes = _shape(header, index)
    array = _values(file, header, shape, index or 0)
    if array.dtype.names:
        array, unit, more = of_colour(np.stack([array[name] for name in array.dtype.names[:3]], axis=-1))
    else:
        slope, intercept = header.get_slope_inter()
        if slope is not None:
            array = rescaled(array, float(slope), float(intercept))
        (array, more), unit = plain(array), "raw"
    array, spacing, turns = _oriented(header, array)
    low, high = float(header["cal_min"]), float(header["cal_max"])
    window = stored_window((low + high) / 2, high - low) if unit == "raw" else None
    return Image(array=array, spacing_mm=spacing, unit=unit, window=window, notes=notes + more + turns)


def _shape(header: _Header, index: int | None) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The spatial shape (x, y, z), and a note where there are several volumes."""
    stored = tuple(int(length) for length in header.get_data_shape())
    spatial, n_volumes = (*stored, 1, 1)[:3], math.prod(stored[3:])
    if len(stored) < 2 or math.prod(stored[4:]) != 1:
        raise UnreadableError(f"shape {stored} is neither a volume nor a row of volumes")
    check_size(spatial, max(int(header.get_data_dtype().itemsize), 4))
    if not 0 <= (index or 0) < n_volumes:
        raise UnreadableError(f"volume #{index or 0} is asked for, and it holds {n_volumes}")
    return spatial, (f"the first of {n_volumes} volumes",) if n_volumes > 1 and index is None else ()


def _values(file: IO[bytes], header: _Header, shape: tuple[int, ...], index: int) -> Pixels:
    """The stored values of one volume, axes (z, y, x): in the file x runs fastest."""
    dtype = header.get_data_dtype()
    if dtype.kind == "c":
        raise UnreadableError("its values are complex")
    n_bytes = math.prod(shape) * dtype.itemsize
    file.seek(int(header.get_data_offset()) + index * n_bytes)
    data = np.empty(n_bytes, np.uint8)
    n_read = file.readinto(data)  # type: ignore[attr-defined]  # every binary stream has it; typing.IO does not say so
    if n_read < n_bytes:
        raise UnreadableError(f"cut off: {n_read} of {n_bytes} bytes of values are there")
    file.read(1)  # at the end of compressed data this is what compares the checksum
    values: Pixels = data.view(dtype).reshape(shape[::-1])
    return values


def _oriented(header: _Header, array: Pixels) -> tuple[Pixels, tuple[float, ...] | None, tuple[str, ...]]:
    scale = _MM.get(header.get_xyzt_units()[0], 1.0)
    affine = np.asarray(header.get_best_affine(), dtype=np.float64)[:3, :3] * scale
    if not (header["sform_code"] in _CODES or header["qform_code"] in _CODES):
        zooms = tuple(round(scale * float(zoom), 5) for zoom in (*header.get_zooms(), 0.0)[:3])
        return array, zooms[::-1] if _SHORTEST < min(zooms) <= max(zooms) < _LONGEST else None, (UNKNOWN,)
    lengths = np.linalg.norm(affine, axis=0)
    if not (_SHORTEST < lengths.min() <= lengths.max() < _LONGEST and np.linalg.matrix_rank(affine / lengths) == 3):
        return array, None, (UNKNOWN, "its affine is singular or absurd: spacing unknown")
    directions = (np.diag([-1.0, -1.0, 1.0]) @ (affine / lengths)).T[::-1]  # NIfTI's x and y point right and front
    return turned(array, directions, tuple(round(float(length), 5) for length in lengths[::-1]))
