"""PNG and JPEG, by Pillow."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from radbench.media.image import Image, UnreadableError, of_colour

_ORIENTATION: Final = 0x0112  # the EXIF tag
_DEEP: Final = ("I;16", "I;16B", "I;16L", "I;16N", "I")


def read(source: Path | BytesIO) -> Image:
    """Grey keeps its 8 or 16 bits; palettes and CMYK become RGB; transparent pixels lie on black.

    The suffix may name the other format of the two: the content decides. An EXIF orientation is applied.
    """
    try:
        with Pillow.open(source, formats=("PNG", "JPEG")) as opened:
            limit = Pillow.MAX_IMAGE_PIXELS
            if limit is not None and opened.width * opened.height > limit:
                raise UnreadableError(f"{opened.width} x {opened.height} pixels; Pillow's limit is {limit}")
            return _read(opened)
    except UnidentifiedImageError as error:
        raise UnreadableError("neither PNG nor JPEG") from error
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise UnreadableError(f"too many pixels: {error}") from error


def _read(opened: Pillow.Image) -> Image:
    notes: tuple[str, ...] = ()
    opened.load()
    picture: Pillow.Image = opened
    if opened.getexif().get(_ORIENTATION, 1) != 1:
        picture, notes = ImageOps.exif_transpose(opened), ("turned as EXIF says",)
    if picture.mode in _DEEP:
        deep = np.asarray(picture)
        return Image(array=deep.astype(np.uint16 if deep.min() >= 0 and deep.max() < 2**16 else np.int32), notes=notes)
    if picture.has_transparency_data:
        picture = Pillow.alpha_composite(Pillow.new("RGBA", picture.size, "black"), picture.convert("RGBA")).convert("RGB")
        notes += ("transparency laid on black",)
    if picture.mode in ("1", "L"):
        return Image(array=np.array(picture.convert("L")), notes=notes)
    array, unit, more = of_colour(np.array(picture if picture.mode == "RGB" else picture.convert("RGB")))
    return Image(array=array, unit=unit, notes=notes + more)
