"""What a look at this machine gives, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is ready or missing."""

    what: str
    ready: bool
    note: str = ""  # its version or place, or why it is missing
    expected: tuple[str, ...] = ()  # files that are missing
    mend: str = ""  # what to do
    source: str = ""  # where it is to be had, and its licence
    remarks: tuple[str, ...] = ()  # what the card tells people
    blocks: tuple[str, ...] = ()  # metrics that cannot be measured without it
    instead: str = ""  # what can be used in its place, and what that changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where things lie on this machine."""

    roots: Mapping[str, Path] = field(default_factory=dict)  # data set -> folder
    weights: Mapping[str, Path] = field(default_factory=dict)  # model or annotator, its name with dashes -> file or folder
    hub_cache: Path = Path()  # where the hub keeps downloaded weights
