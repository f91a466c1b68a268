"""The one door for images: any file of a data set -> `Image`, with axes, spacing and unit stated. Beyond it no code knows a file format."""

from radbench.media.display import display_window, film, resize, slices, window
from radbench.media.edits import EDITS, edit
from radbench.media.image import Image
from radbench.media.reader import Reader

__all__ = ["EDITS", "Image", "Reader", "display_window", "edit", "film", "resize", "slices", "window"]
