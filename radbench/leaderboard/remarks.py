"""What a reader of a board should know of its own numbers: metrics used outside what they were made for, weights never verified."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from radbench.catalog import Catalog
from radbench.catalog.cards import Column, Score
from radbench.certificates import read_certificate
from radbench.errors import RadbenchError
from radbench.leaderboard.cells import Line, Part
from radbench.metrics.base import Metric
from radbench.metrics.scope import out_of_scope

_ASKED: Final = re.compile(r"\|by:([^|]+)")


def outside_scope(columns: Sequence[Column], lines: Sequence[Line], catalog: Catalog) -> dict[int, str]:
    """Of each column whose metric was made for something else, why its values need care."""
    found: dict[int, str] = {}
    for place, column in enumerate(columns):
        said = [_outside(part, catalog) for part in _parts(lines, place)]
        if any(said):
            found[place] = f"{column.name} ({column.value}): {next(filter(None, said))}"
    return found


def uncertified(columns: Sequence[Column], lines: Sequence[Line]) -> Iterator[str]:
    """One sentence on each annotator behind a number whose weights could be verified and never were."""
    behind: dict[tuple[str, str], dict[str, None]] = {}
    for place, column in enumerate(columns):
        for part in _parts(lines, place):
            asked = _ASKED.search(part.value.signature)
            for name, identity in re.findall(r"([^,@]+)@([0-9a-f]+)", asked[1] if asked else ""):
                if _has_canary(name) and not _is_certified(part, name, identity):
                    behind.setdefault((name, identity), {})[column.name] = None
    for (name, identity), names in behind.items():
        yield f"{', '.join(names)}: the weights of {name}@{identity} were never verified: radbench doctor --verify {name}"


def _parts(lines: Iterable[Line], place: int) -> Iterator[Part]:
    return (part for line in lines if (cell := line.cells[place]) is not None for part in cell.parts)


def _outside(part: Part, catalog: Catalog) -> str:
    """Why the metric of a value is used outside its scope; "" where it is not, or where it is not known any more."""
    about: Mapping[str, Sequence[str]] = part.run.task_card.get("about", {})
    scope = next((str(metric.scope) for metric in _measured_by(part, catalog)), "")
    return out_of_scope(scope, about.get("modality", ()), about.get("region", ()))


def _measured_by(part: Part, catalog: Catalog) -> Iterator[Metric]:
    """The metrics of a task's card that may have given a value: of its family, and asking whom it asked."""
    said = _ASKED.search(part.value.signature)
    asked = {annotator.partition("@")[0] for annotator in said[1].split(",")} if said else set()
    for use in Score.model_validate(part.summary.score).metrics:
        try:
            if getattr(catalog.component("metrics", use.name), "name", "") != part.value.signature.partition("|")[0]:
                continue
            metric: Metric = catalog.build("metrics", use.name, use.options)
        except RadbenchError:  # not known here any more
            continue
        if asked <= {*metric.annotators}:
            yield metric


def _has_canary(name: str) -> bool:
    """True for an annotator whose weights can be held against published outputs."""
    return (files("radbench") / "readiness" / "canaries" / f"{name}.yaml").is_file()


def _is_certified(part: Part, name: str, identity: str) -> bool:
    out = Path(part.folder.path).resolve().parents[2]
    try:
        certificate = read_certificate(out, name, identity)
    except RadbenchError:
        return False
    return certificate is not None and certificate.passed
