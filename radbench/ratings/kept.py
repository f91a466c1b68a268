"""What `radbench correlate --out DIR` wrote, read back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from radbench.errors import ContentError
from radbench.ratings.correlations import Correlations
from radbench.records import adapter

FILE: Final = "correlations.json"


def find_correlations(folders: Iterable[Path]) -> list[Path]:
    """The files of that name at or below some folders, sorted."""
    return sorted({path for folder in folders if folder.is_dir() for path in folder.rglob(FILE)})


def read_correlations(path: Path) -> Correlations:
    """The correlations in a file.

    Raises:
        ContentError: the file is missing, damaged, or holds something else.
    """
    try:
        found: Correlations = adapter(Correlations).validate_json(path.read_bytes())
    except OSError as error:
        raise ContentError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        first = str(error).splitlines()[0]
        raise ContentError(f"{path}: holds no correlations ({first}): write it anew with `radbench correlate --out`") from error
    return found
