"""Images of samples for the viewer: found only below the folders that are served, and reduced to what a browser can hold."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radbench.app.heat import COLOURS, OPACITY, Heat, across, coloured
from radbench.app.kept import Kept
from radbench.catalog import Catalog
from radbench.catalog.components import canonical
from radbench.errors import MediaError, MissingDataError, RadbenchError
from radbench.media import Image, Reader, display_window, resize, slices, window
from radbench.media.formats import series_files
from radbench.records import RunRecord
from radbench.sample import Box, Media

MOST_SLICES: Final = 64
_SIDE_PX: Final = 512  # of slices
_FILM_SIDE_PX: Final = 2048
_MOST_PX: Final = 8 * 2**20  # of all slices together: 16 MiB before compression
_THICK: Final = 2.0  # as radbench.media.film: slices lie across another axis where its spacing is that many times that of z
_EIGHT_BIT: Final = (127.5, 255.0)  # centre and width that leave 8-bit values as they are

# centre and width in HU. Source: radiopaedia.org, "Windowing (CT)"
_PRESETS: Final = {
    "Soft tissue": (40.0, 400.0),
    "Lung": (-600.0, 1500.0),
    "Mediastinum": (50.0, 350.0),
    "Bone": (400.0, 1800.0),
    "Brain": (40.0, 80.0),
    "Liver": (30.0, 150.0),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """An image or volume as it is sent: grey values in 16 bits, so that window and level act on true values."""

    array: NDArray[Any]  # grey uint8 or uint16 (slices, y, x); colour uint8 (slices, y, x, 3)
    scale: float  # value = scale * array + offset
    offset: float
    unit: str  # HU, raw, rgb
    window: tuple[float, float]  # centre and width it opens with
    aspect: float  # height of a pixel over its width
    size_px: tuple[int, int]  # width and height as the file has them: what boxes refer to
    places: tuple[int, ...]  # the slices sent, by their number in the volume from 0
    depth: int  # slices of the volume
    is_volume: bool
    axis: int  # of the volume (z, y, x), on which its slices lie
    notes: tuple[str, ...]  # what was reduced, and what the reader of the file remarked

    @property
    def presets(self) -> dict[str, tuple[float, float]]:
        """Windows by name, the one it opens with first; none for colour."""
        if self.unit == "rgb":
            return {}
        low, high = (self.scale * float(bound) + self.offset for bound in (self.array.min(), self.array.max()))
        whole = ((low + high) / 2, max(high - low, self.scale))
        return {"Default": self.window, "Full range": whole, **(_PRESETS if self.unit == "HU" else {})}


@dataclass(frozen=True, slots=True)
class Overlay:
    """Boxes of one author, in pixels of the file."""

    author: str
    boxes: tuple[Box, ...] = ()
    points: tuple[tuple[float, float], ...] = ()


class Gallery:
    """The images of one run's samples.

    A folder is served for a name only if it was given as the data folder of that name, or if the catalogue's own card of the task
    (never the card in the run folder) has a data set that brings its images along.
    """

    def __init__(self, run: RunRecord, catalog: Catalog, data_dirs: Mapping[str, Path]) -> None:
        self._run, self._catalog = run, catalog
        self._given = {canonical(name): path for name, path in data_dirs.items()}
        self._kept: Kept[Media, Picture] = Kept(most=4)

    def picture(self, sample: str, media: Media) -> Picture:
        """An image of a sample.

        Raises:
            MissingDataError: no folder is known for it.
            MediaError: it is not there, is damaged, or lies outside its folder.
        """
        name = canonical(media.name)
        if name in self._given:
            reader = Reader({media.name: self._given[name]})
            return self._read(reader, media)
        try:
            dataset = self._catalog.dataset(self._catalog.task(self._run.task), self._run.data.split, self._given)
        except RadbenchError as error:
            raise _unknown(media) from error
        if media.name in dataset.roots:
            return self._read(Reader(dataset.roots), media)
        own = (one for i in range(len(dataset)) if (one := dataset[i]).id == sample)
        found = next((one for item in own for one in item.media if one.path == media.path and one.data is not None), None)
        if found is None:
            raise _unknown(media)
        return self._kept.get(media, None, lambda: reduced(Reader({}).load(found)))

    def _read(self, reader: Reader, media: Media) -> Picture:
        path = confined(reader, media)
        try:
            state = path.stat()
        except OSError as error:
            raise MediaError(f"no file `{media.path}` below the folder of `{media.name}`") from error
        plain = replace(media, edits=())
        return self._kept.get(plain, (state.st_size, state.st_mtime_ns), lambda: reduced(reader.load(plain)))


def confined(reader: Reader, media: Media) -> Path:
    """The file or series folder of a media.

    Raises:
        MissingDataError: no folder is known for it.
        MediaError: its path, or a link in it, leads out of the folder.
    """
    path = reader.path(media)
    root = reader.roots[media.name].resolve()
    for file in (path, *(series_files(path) if path.is_dir() else ())):
        if not file.resolve().is_relative_to(root):
            raise MediaError(
                f"`{media.path}` of `{media.name}` leads out of its folder by a link and is not shown; "
                f"name the folder it leads to: --data-dir {media.name}=PATH"
            )
    return path


def reduced(image: Image) -> Picture:
    """An image as it is sent; what was left out or made smaller stands in `notes`."""
    axis, aspect = _axis(image)
    planes = across(image.array, axis) if image.ndim == 3 else image.array[np.newaxis]
    depth, height, width = planes.shape[:3]
    is_volume = image.ndim == 3
    places = slices(planes, MOST_SLICES)
    side = _SIDE_PX if is_volume else _FILM_SIDE_PX
    share = min(1.0, side / max(height, width), (_MOST_PX / (len(places) * height * width)) ** 0.5)
    shape = max(1, int(height * share)), max(1, int(width * share))
    shown = np.stack([resize(planes[i], shape) if share < 1 else planes[i] for i in places])
    notes = []
    if len(places) < depth:
        notes.append(f"{len(places)} of {depth} slices are shown, evenly spaced")
    if share < 1:
        notes.append(f"shown at {shape[1]} x {shape[0]} of {width} x {height} pixels")
    array, scale, offset = (shown, 1.0, 0.0) if image.unit == "rgb" else _stored(shown)
    return Picture(
        array=array,
        scale=scale,
        offset=offset,
        unit=image.unit,
        window=display_window(image) or _EIGHT_BIT,
        aspect=aspect * (height / shape[0]) / (width / shape[1]),
        size_px=(width, height),
        places=tuple(places),
        depth=depth,
        is_volume=is_volume,
        axis=axis,
        notes=(*notes, *image.notes),
    )


def packed(
    picture: Picture, *, alt: str, overlays: Sequence[Overlay] = (), heats: Sequence[Heat] = (), view: Sequence[float] = ()
) -> bytes:
    """What the viewer reads: the length of a JSON header (4 bytes, little-endian), the header, and deflated pixels.

    Grey of 16 bits comes as all high bytes, then all low ones, which deflates better than pairs; the weights of heat maps follow.
    `view`: what to open with: the slice, centre and width, then the opacity of heat maps and which of them, from 1 (0: none).
    """
    array = np.ascontiguousarray(picture.array)
    is_wide = array.dtype == np.uint16
    raw = (array >> 8).astype(np.uint8).tobytes() + (array & 255).astype(np.uint8).tobytes() if is_wide else array.tobytes()
    pixels = zlib.compress(raw + b"".join(np.ascontiguousarray(heat.weights).tobytes() for heat in heats), 1)
    header = {
        "alt": alt,
        "shape": array.shape[:3],
        "kind": "rgb" if picture.unit == "rgb" else "wide" if is_wide else "grey",
        "scale": picture.scale,
        "offset": picture.offset,
        "unit": picture.unit,
        "window": picture.window,
        "aspect": picture.aspect,
        "sizePx": picture.size_px,
        "places": picture.places,
        "depth": picture.depth,
        "isVolume": picture.is_volume,
        "presets": picture.presets,
        "overlays": [asdict(overlay) for overlay in overlays],
        "heats": [{"author": heat.author, "shape": heat.weights.shape} for heat in heats],
        "colours": COLOURS,
        "opacity": OPACITY,
        "view": list(view),
    }
    header["id"] = blake2b(json.dumps(header).encode() + pixels, digest_size=8).hexdigest()
    text = json.dumps(header).encode()
    return len(text).to_bytes(4, "little") + text + pixels


def png(picture: Picture, at: int, shown: tuple[float, float] | None = None, heat: Heat | None = None) -> bytes:
    """One of the slices sent, under a window (centre, width) or its own, and a heat map where one is given, as PNG."""
    from PIL import Image as Pillow

    plane = picture.array[at]
    if picture.unit != "rgb":
        plane = window(plane.astype(np.float32) * picture.scale + picture.offset, *(shown or picture.window))
    if heat is not None:
        plane = coloured(plane, resize(heat.slice_at(picture.places[at], picture.depth), plane.shape[:2]), OPACITY)
    out = BytesIO()
    height, width = plane.shape[:2]
    Pillow.fromarray(plane).resize((width, max(1, round(height * picture.aspect)))).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _axis(image: Image) -> tuple[int, float]:
    """The axis of a volume on which its slices lie, and the height of a pixel over its width."""
    spacing = image.spacing_mm
    if image.ndim == 2:
        return 0, spacing[0] / spacing[1] if spacing else 1.0
    if spacing is None:
        return 0, 1.0
    axis = int(np.argmax(spacing)) if max(spacing) > _THICK * spacing[0] else 0
    rest = [length for i, length in enumerate(spacing) if i != axis]
    return axis, rest[0] / rest[1]


def _stored(planes: NDArray[Any]) -> tuple[NDArray[Any], float, float]:
    """Grey values as unsigned integers with scale and offset: exact for integers that span less than 2^16, else in 65,535 steps."""
    low, high = float(planes.min()), float(planes.max())
    if planes.dtype == np.uint8:
        return planes, 1.0, 0.0
    exact = planes.dtype.kind in "iu" and high - low < 2**16
    scale = 1.0 if exact else max(high - low, 1e-6) / (2**16 - 1)
    stored = np.rint((planes.astype(np.float64) - low) / scale).astype(np.uint16)
    return stored, scale, low


def _unknown(media: Media) -> MissingDataError:
    return MissingDataError(f"no folder is known for the images of `{media.name}`: start the app with --data-dir {media.name}=PATH")
