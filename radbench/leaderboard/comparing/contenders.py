"""Runs that are to be compared: what they are called, what kind they are, and which of their numbers are made alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from radbench.catalog import Catalog
from radbench.errors import RadbenchError
from radbench.folder import RunFolder
from radbench.leaderboard.board import BASELINES
from radbench.leaderboard.exposure import Exposure, exposure
from radbench.leaderboard.ranking import difference
from radbench.records import RunRecord, ValueRecord, comparable
from radbench.scoring.stored import StoredRun

Kind: TypeAlias = Literal["model", "baseline", "control"]


@dataclass(frozen=True, slots=True)
class Contender:
    """A scored run under a name that tells it from the others."""

    name: str
    kind: Kind
    stored: StoredRun
    exposure: Exposure


def gather(folders: Iterable[RunFolder], catalog: Catalog) -> tuple[dict[str, list[Contender]], list[str]]:
    """The scored runs by task, and one sentence on each that was left out. Runs on a task's validation split are no results."""
    found: dict[str, list[StoredRun]] = {}
    left_out: list[str] = []
    for folder in {folder.path.resolve(): folder for folder in folders}.values():
        try:
            run = folder.read_run()
            if run.data.split != run.task_card["ask"].get("validation"):
                stored = StoredRun.open(folder, catalog)
                found.setdefault(run.task, []).append(stored)
        except RadbenchError as error:
            left_out.append(str(error))
    return {task: _named(runs) for task, runs in sorted(found.items())}, left_out


def under(preset: str, contender: Contender, catalog: Catalog) -> Contender:
    """The same run as it was scored under a published convention.

    Raises:
        RunError: it was not.
    """
    stored = StoredRun.open(RunFolder(contender.stored.folder.path), catalog, preset)
    return Contender(contender.name, contender.kind, stored, contender.exposure)


def alike(contenders: Sequence[Contender], value: str) -> tuple[list[tuple[Contender, ValueRecord]], list[str]]:
    """The runs whose value of this id was made in the way that most whole ones share, and one sentence on each other run.

    Ways differ where signatures do. Blank or swapped images are what a control is about: that difference is none.
    """
    offered = {c.name: [v for v in c.stored.summary.values if v.id == value] for c in contenders}
    whole = [c for c in contenders if c.stored.run.settings.limit is None and c.stored.run.status == "complete" and offered[c.name]]
    ways = Counter(way(v.signature) for c in whole or contenders for v in offered[c.name])
    shared = max(ways, key=ways.__getitem__, default="")
    kept: list[tuple[Contender, ValueRecord]] = []
    left_out: list[str] = []
    for contender in contenders:
        own = offered[contender.name]
        match = next((v for v in own if way(v.signature) == shared), None)
        if match is not None:
            kept.append((contender, match))
        elif own:
            left_out.append(f"{contender.name}: `{value}` was made in another way: {difference(way(own[0].signature), shared)}")
        else:
            left_out.append(f"{contender.name}: it has no value `{value}`; it has {_listed(contender)}")
    return kept, left_out


def way(signature: str) -> str:
    """A signature without what images were shown."""
    return "|".join(part for part in comparable(signature).split("|") if not part.startswith("images:"))


def _listed(contender: Contender) -> str:
    return ", ".join(dict.fromkeys(v.id for v in contender.stored.summary.values)) or "none"


def _named(runs: Sequence[StoredRun]) -> list[Contender]:
    """The runs of a task, each under its model's name and, where several share it, what tells them apart."""
    by_model: dict[str, list[RunRecord]] = {}
    for one in runs:
        by_model.setdefault(one.run.model, []).append(one.run)
    return [Contender(_name(one.run, by_model[one.run.model]), _kind(one.run), one, exposure(one.run)) for one in runs]


def _name(run: RunRecord, namesakes: Sequence[RunRecord]) -> str:
    own, others = _stated(run), [_stated(other) for other in namesakes]
    told = [f"{key}={value}" for key, value in own.items() if any(other.get(key) != value for other in others)]
    told += _unusual(run)
    if sum((_stated(other), _unusual(other)) == (own, _unusual(run)) for other in namesakes) > 1:
        told.append(run.id[:8])
    return f"{run.model} ({', '.join(told)})" if told else run.model


def _stated(run: RunRecord) -> dict[str, Any]:
    """What may differ between runs of one model on one task, beside their settings."""
    asked = {key: value for key, value in run.task_card["ask"].items() if key != "version"}
    return {**run.model_card.get("options", {}), **asked, "seed": run.settings.seed}


def _unusual(run: RunRecord) -> list[str]:
    """Settings that are not those of a plain run, in words."""
    settings = run.settings
    found = {
        f"{settings.repeats} repeats": settings.repeats > 1,
        f"first {settings.limit}": settings.limit is not None,
        f"images {settings.images}": settings.images != "real",
    }
    return [text for text, is_so in found.items() if is_so]


def _kind(run: RunRecord) -> Kind:
    if run.settings.images != "real":
        return "control"
    return "baseline" if run.model_card["family"] in BASELINES else "model"
