"""Reads heat maps that a model left in files, named by its predictions: .npy arrays and greyscale PNGs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from radbench.errors import ContentError, RadbenchError
from radbench.sample import HeatMap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_WEIGHTS: Final = 2**20  # of one map: 1024 x 1024, or 64 slices of 128 x 128; a line of the journal holds it whole


def read_heat_maps(stated: object, below: Path) -> tuple[HeatMap, ...]:
    """The heat maps that a prediction names: a path, or a list of paths in the order of the sample's media, `null` for those without.

    Weights are as `HeatMap.of` wants them; the paths are relative to the folder `below` and lead nowhere else.

    Raises:
        ContentError: a path that leads out of the folder, or to no such file; the message begins with the path.
    """
    listed = stated if isinstance(stated, list) else [stated]
    return tuple(_read(path, below, media) for media, path in enumerate(listed) if path is not None and path != "")


def _read(stated: object, below: Path, media: int) -> HeatMap:
    if not isinstance(stated, str) or "\0" in stated:
        raise ContentError(f"expected the path of a .npy or .png file, got {type(stated).__name__}")
    path, root = (below / stated).resolve(), below.resolve()
    if not path.is_relative_to(root):
        raise ContentError(f"`{stated}` leads out of the folder of the predictions: put heat maps beside or below their file")
    try:
        weights = _decoded(path, root)
        if weights.size > MOST_WEIGHTS:
            raise ContentError(f"{weights.size} weights, and {MOST_WEIGHTS} are the most: make it smaller, it is stretched anyway")
        return HeatMap.of(weights, media)
    except FileNotFoundError as error:
        raise ContentError(f"`{stated}`: there is no such file") from error
    except (ValueError, OSError, EOFError, RadbenchError) as error:
        raise ContentError(f"`{stated}`: {error}") from error


def _decoded(path: Path, root: Path) -> NDArray[np.generic]:
    """The numbers in a file, in the shape it has."""
    suffix = path.suffix.lower()
    if suffix == ".npy":
        import numpy as np

        found: object = np.load(path, mmap_mode="r", allow_pickle=False)  # mapped: a header may promise more than the file has
        if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
            raise ContentError(f"it holds no array of real numbers but {getattr(found, 'dtype', type(found).__name__)}")
        return found
    if suffix == ".png":
        from radbench.media import Reader
        from radbench.sample import Media

        image = Reader({"": root}).load(Media(name="", path=path.relative_to(root).as_posix()))
        if image.unit == "rgb":
            raise ContentError("it is in colour, and colours are no weights: save it in grey, or as .npy")
        return image.array
    raise ContentError(f"expected a .npy array or a greyscale .png, got `{suffix}`")
