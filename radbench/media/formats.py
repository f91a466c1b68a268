"""Which decoder reads which file: by suffix, and DICOM without one by its mark. What goes wrong comes out as one exception."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final

from radbench.errors import RadbenchError
from radbench.media.image import Image, UnreadableError

_RASTER: Final = (".png", ".jpg", ".jpeg")
_NIFTI: Final = (".nii", ".nii.gz")
_DICOM: Final = (".dcm", ".dicom", ".ima")
_ADDRESS: Final = re.compile(r"(.+(?:\.nii|\.nii\.gz|\.npy))#(\d{1,9})", re.IGNORECASE)
_MAGIC: Final = b"DICM"  # at byte 128: DICOM PS3.10, 7.1


def address(path: str) -> tuple[str, int | None]:
    """A `Media.path` as the path of the file, and which of the several images in it is meant.

    >>> address("sub-1/bold.nii.gz#3"), address("a#1.png")
    (('sub-1/bold.nii.gz', 3), ('a#1.png', None))
    """
    match = _ADDRESS.fullmatch(path)
    return (match[1], int(match[2])) if match else (path, None)


def series_files(folder: Path) -> list[Path]:
    """The files right below a series folder, by name; hidden ones left out."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def is_dicom(path: Path) -> bool:
    """True where the suffix or the mark says DICOM."""
    if path.suffix.lower() in _DICOM:
        return True
    with path.open("rb") as file:
        return file.read(132)[128:] == _MAGIC


def decode(source: Path | BytesIO, name: PurePosixPath, index: int | None) -> Image:
    """The image in a file, in bytes or in a series folder; `name` tells the format.

    Raises:
        UnreadableError: whatever the cause.
        MissingPackageError: a decoder of compressed DICOM is not installed.
    """
    try:
        return _decode(source, name, index)
    except (UnreadableError, RadbenchError, ImportError):
        raise
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    except Exception as error:  # damaged bytes make decoders fail in any way there is
        # the message of a DICOM or text decoder may quote the header, and so a patient
        raise UnreadableError(f"damaged: {type(error).__name__} while decoding") from error


def _decode(source: Path | BytesIO, name: PurePosixPath, index: int | None) -> Image:
    lower = name.name.lower()
    if isinstance(source, Path) and source.is_dir():
        from radbench.media import dicom

        files = series_files(source)
        slices = [path for path in files if is_dicom(path)]
        image = dicom.read_series(slices)
        n_others = len(files) - len(slices)
        return replace(image, notes=(*image.notes, f"{n_others} files are no DICOM and passed over")) if n_others else image
    if lower.endswith(_RASTER):
        from radbench.media import raster

        return raster.read(source)
    if lower.endswith(_NIFTI):
        from radbench.media import nifti

        return nifti.read(source, index)
    if lower.endswith(".npy"):
        from radbench.media import arrays

        return arrays.read(source, index)
    if lower.endswith(_DICOM) or (is_dicom(source) if isinstance(source, Path) else source.getvalue()[128:132] == _MAGIC):
        from radbench.media import dicom

        return dicom.read(source)
    raise UnreadableError(f"no known format; read are {', '.join((*_RASTER, *_NIFTI, '.npy', *_DICOM))} and DICOM of any name")
