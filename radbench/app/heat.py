"""Heat maps over images: turned as the image is shown, coloured, and told in words for those who do not see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import MediaError
from radbench.sample import HeatMap

# From the smallest weight to the largest, each a tenth further. Lightness rises throughout, so that the order holds for
# colour-blind readers, and no colour is near grey, so that none is taken for the image. Source: `plasma` of matplotlib (public domain).
COLOURS: Final = (
    *("#0d0887", "#41049d", "#6a00a8", "#8f0da4", "#b12a90", "#cc4778"),
    *("#e16462", "#f2844b", "#fca636", "#fcce25", "#f0f921"),
)
OPACITY: Final = 0.6  # of the largest weight; smaller ones are clearer in proportion


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """Where one model looked, over the whole of a medium as it is shown."""

    author: str
    weights: NDArray[np.uint8]  # (slices, rows, columns), at any resolution; of an image one slice

    @property
    def words(self) -> str:
        """Where the largest weight lies.

        >>> Heat("m", np.array([[[0, 9], [0, 0]]], dtype=np.uint8)).words
        'heat map of m: strongest 75 % from the left, 25 % from the top'
        """
        place = np.unravel_index(int(self.weights.argmax()), self.weights.shape)
        deep, top, left = (f"{(int(i) + 0.5) / n:.0%}".replace("%", " %") for i, n in zip(place, self.weights.shape, strict=True))
        through = f", {deep} through the slices" if len(self.weights) > 1 else ""
        return f"heat map of {self.author}: strongest {left} from the left, {top} from the top{through}"

    def slice_at(self, place: int, depth: int) -> NDArray[np.uint8]:
        """The weights over slice `place` (from 0) of `depth`, shape (rows, columns)."""
        found: NDArray[np.uint8] = self.weights[int((place + 0.5) * len(self.weights) / depth)]
        return found


def laid(author: str, found: HeatMap, *, is_volume: bool, axis: int) -> Heat:
    """A heat map as an image or volume is shown whose slices lie on `axis` (see `pictures.Picture`).

    Raises:
        MediaError: it is one of an image where there is a volume, or the reverse; or its bytes do not fill its shape.
    """
    try:
        weights = found.array()
    except ValueError as error:
        raise MediaError(f"the heat map of {author} is damaged: {error}") from error
    if (weights.ndim == 3) != is_volume:
        raise MediaError(f"the heat map of {author} has {weights.ndim} axes, and this is {'a volume' if is_volume else 'an image'}")
    return Heat(author, across(weights, axis) if is_volume else weights[np.newaxis])


def across(volume: NDArray[Any], axis: int) -> NDArray[Any]:
    """A volume (z, y, x) with its slices on the first axis; across another one than z, rows are z with the head up."""
    turned = np.moveaxis(volume, axis, 0)
    return turned[:, ::-1] if axis else turned  # z rises towards the head


def coloured(grey: NDArray[np.uint8], weights: NDArray[np.uint8], opacity: float) -> NDArray[np.uint8]:
    """An image (rows, columns) or (rows, columns, 3) under weights of the same rows and columns, as RGB."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS])
    at = np.linspace(0, 255, len(stops))
    over = np.stack([np.interp(weights, at, stops[:, channel]) for channel in range(3)], axis=-1)
    share = (weights / 255 * opacity)[..., None]
    under = grey if grey.ndim == 3 else np.repeat(grey[..., None], 3, axis=-1)
    return np.rint(over * share + under * (1 - share)).astype(np.uint8)
