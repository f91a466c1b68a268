"""What the app was started with; `radbench app` hands it over in the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from radbench.errors import ContentError

VARIABLE: Final = "RADBENCH_APP"  # JSON with the fields of Settings
NO_FOLDERS: Final[Mapping[str, Path]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is served: files outside these folders never are."""

    runs: tuple[Path, ...] = (Path("runs"),)
    data_dirs: Mapping[str, Path] = field(default_factory=lambda: NO_FOLDERS)  # data set -> where it lies
    boards: tuple[str, ...] = ()  # names; none: all of the catalogue
    catalog: tuple[Path, ...] = ()  # further folders of cards
    show_closed: bool = False  # texts and images of data that are not open

    def to_json(self) -> str:
        """What the environment carries."""
        return json.dumps(
            {
                "runs": [str(path.absolute()) for path in self.runs],
                "data_dirs": {name: str(path.absolute()) for name, path in self.data_dirs.items()},
                "boards": list(self.boards),
                "catalog": [str(path.absolute()) for path in self.catalog],
                "show_closed": self.show_closed,
            }
        )


@cache
def settings() -> Settings:
    """The settings of this process; without the variable, what `radbench app` without options would set.

    Raises:
        ContentError: the variable holds something else.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        folders = os.environ.get("RADBENCH_CATALOG", "").split(os.pathsep)
        return Settings(catalog=tuple(Path(folder) for folder in folders if folder))
    try:
        stated = json.loads(text)
        return Settings(
            runs=tuple(map(Path, stated["runs"])),
            data_dirs=MappingProxyType({name: Path(path) for name, path in stated["data_dirs"].items()}),
            boards=tuple(stated["boards"]),
            catalog=tuple(map(Path, stated["catalog"])),
            show_closed=bool(stated["show_closed"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ContentError(f"{VARIABLE} holds no settings of the app ({error!r}): start it with `radbench app`") from error
