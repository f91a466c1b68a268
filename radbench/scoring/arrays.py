"""Files of arrays (.npz): derived, so that an absent or damaged one is made anew."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import RunError

# what reading an absent, damaged or foreign file raises
UNREADABLE: Final = (OSError, EOFError, KeyError, TypeError, ValueError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)


def save(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as .npz, whole or not at all: beside its place first, then moved.

    Raises:
        RunError: the disk is full or read-only.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        beside.replace(path)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}. Mend the cause and score again") from error
