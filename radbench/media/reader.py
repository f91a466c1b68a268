"""From a `Media` to its file, its digest, its pixels. Nothing is read before it is asked for, nothing is kept but digests."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import numpy as np

from radbench.errors import MediaError, MissingDataError
from radbench.media import display
from radbench.media.edits import edit
from radbench.media.formats import address, decode, series_files
from radbench.media.image import Image, UnreadableError
from radbench.sample import Media

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_NOTES: Final = 50  # distinct ones: some hold numbers
_AIR: Final = -200  # a CT with values below this one is in HU: values as scanners store them begin at 0


class Reader:
    """Reads the media of data sets below their folders.

    Args:
        roots: `Media.name` -> the folder below which `Media.path` lies.
        digests: what is known of files by (path, size, time of change in ns), added to as files are hashed.
    """

    def __init__(self, roots: Mapping[str, Path], digests: MutableMapping[tuple[Path, int, int], str] | None = None) -> None:
        self.roots = dict(roots)
        self._digests = {} if digests is None else digests
        self._notes: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def notes(self) -> Counter[str]:
        """What `load` had to say of files (`Image.notes`: uneven gaps, tilt, files passed over), and of how many of them.

        Beyond the 50 commonest notes the others are counted together.
        """
        counts = Counter(note for notes in self._notes.values() for note in notes)
        told = Counter(dict(counts.most_common(_MOST_NOTES)))
        if rest := counts.total() - told.total():
            told["other notes"] = rest
        return told

    def path(self, media: Media) -> Path:
        """Where the file or series folder lies; it need not exist. `#n` at the end of `Media.path` is no part of it.

        Raises:
            MissingDataError: no folder is known for `media.name`.
            MediaError: the path is absolute or climbs out of the folder.
        """
        if media.name not in self.roots:
            raise MissingDataError(f"no folder is known for the images of `{media.name}`; name it with --data-dir {media.name}=PATH")
        relative = PurePosixPath(address(media.path)[0])
        if relative.is_absolute() or ".." in relative.parts or set(media.path) & {"\\", "\0"}:
            raise MediaError(f"`{media.path}` of `{media.name}` is no relative path, with forward slashes, to a file below its folder")
        return self.roots[media.name] / relative

    def identify(self, media: Media) -> Media:
        """The media with `size` and `digest` set: sha256 of the file as it lies, whatever the edits.

        A series folder has the sum of sizes, and the sha256 of its files' digests in the order of their names; names
        and subfolders themselves do not count.

        Raises:
            MissingDataError, MediaError: as `path`; MediaError too where there is no such file.
        """
        if media.data is not None:
            return replace(media, size=len(media.data), digest=hashlib.sha256(media.data).hexdigest())
        path = self.path(media)
        try:
            if not path.is_dir():
                return replace(media, size=path.stat().st_size, digest=self._digest(path))
            files = series_files(path)
            together = hashlib.sha256("".join(map(self._digest, files)).encode("ascii"))
            return replace(media, size=sum(file.stat().st_size for file in files), digest=together.hexdigest())
        except OSError as error:
            raise MediaError(f"cannot read `{_name(media)}`: {error.strerror}") from error

    def load(self, media: Media) -> Image:
        """The decoded image or volume after `media.edits`, in their order.

        `Media.ndim` 3 gives a 2D file a first axis of length 1; 2 takes it off a volume of one slice. `#n` at the end of
        `Media.path` names the n-th (from 0) volume of a 4D NIfTI file or image of a 5D array; without it the first
        one is taken and `notes` says how many there are.

        Raises:
            MissingDataError, MediaError: as `path`; MediaError too where the file is missing, damaged, of an unknown format
                or decodes to more than `image.MAX_BYTES`.
            MissingPackageError: a compressed DICOM file whose decoder is not installed.
            UnknownNameError: an edit that does not exist.
        """
        name, index = address(media.path)
        try:
            image = decode(self.path(media) if media.data is None else io.BytesIO(media.data), PurePosixPath(name), index)
        except UnreadableError as error:
            raise MediaError(f"cannot read `{_name(media)}`: {error}") from error
        image = _completed(image, media)
        if image.notes:
            self._notes[media.name, media.path] = image.notes
        for text in media.edits:
            image = edit(image, text)
        return image

    def film(self, media: Media, *, size: tuple[int, int] | None = None, slices: int | None = None) -> NDArray[np.uint8]:
        """`load` and then `display.film`: 8-bit (y, x) or (y, x, 3), for models of photographs."""
        return display.film(self.load(media), size=size, slices=slices)

    def _digest(self, path: Path) -> str:
        state = path.stat()
        key = (path, state.st_size, state.st_mtime_ns)
        if key not in self._digests:
            with path.open("rb") as file:
                self._digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._digests[key]


def _name(media: Media) -> str:
    return f"{media.name}/{media.path}"


def _completed(image: Image, media: Media) -> Image:
    """The image with what only its `Media` tells: modality, whether it is to be a volume; and HU, where that follows."""
    array, spacing, notes = image.array, image.spacing_mm, image.notes
    if media.ndim == 3 and image.ndim == 2:
        array, spacing, notes = array[np.newaxis], None, (*notes, "a single image, as a volume of one slice")
    elif media.ndim == 2 and image.ndim == 3 and len(array) == 1:
        array, spacing = array[0], spacing and spacing[1:]
    modality = image.modality or media.modality
    unit = image.unit
    if unit == "raw" and modality == "CT" and array.min() < _AIR:
        unit, notes = "HU", (*notes, f"taken as HU: a CT with values below {_AIR}")
    array = np.require(array, requirements=["C", "W"])  # decoders may hand out views of their buffers
    return replace(image, array=array, spacing_mm=spacing, unit=unit, modality=modality, notes=notes)
