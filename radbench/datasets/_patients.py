"""The invented patients of the demo: what is true of each, drawn from a seed that is part of the data set.

Nobody stands behind them. Sides are the patient's, so a right-sided finding lies on the left of a film.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["film", "ct_head", "ct_chest", "mr_head", "ultrasound"]

FILM_FINDINGS: Final = ("pneumothorax", "pleural effusion", "cardiomegaly", "nodule", "support device")  # most urgent first
PATIENTS: Final[Mapping[str, int]] = {"train": 48, "validation": 32, "test": 40}
SIZES: Final = ("small", "moderate", "large")

SCAN_FINDING: Final[Mapping[Kind, str]] = {
    "ct_head": "haemorrhage",
    "ct_chest": "nodule",
    "mr_head": "lesion",
    "ultrasound": "cyst",
}
_KINDS: Final[tuple[Kind, ...]] = ("film", "ct_head", "ct_chest", "mr_head", "ultrasound")
_CHANCE: Final[Mapping[str, float]] = {
    "pneumothorax": 0.2,
    "pleural effusion": 0.35,
    "cardiomegaly": 0.3,
    "nodule": 0.3,
    "support device": 0.25,
}
_INDICATIONS: Final = ("Shortness of breath.", "Cough for two weeks.", "Chest pain.", "Follow-up.", "Before an operation.", "Fever.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One abnormality and where it is."""

    label: str
    side: str = ""  # left or right of the patient; "" for what has no side
    size: str = ""  # small, moderate, large
    zone: str = ""  # of a nodule on a film: upper, middle


@dataclass(frozen=True, slots=True)
class Study:
    """One examination: a film, a scan or an ultrasound image."""

    id: str
    kind: Kind
    findings: tuple[Finding, ...]
    date: str
    series: str = ""  # T1 or T2 of MR

    def finding(self, label: str) -> Finding | None:
        """The finding of this label, where the study has it."""
        return next((f for f in self.findings if f.label == label), None)


@dataclass(frozen=True, slots=True)
class Patient:
    """One or two chest films, in the order of time, and one examination of any kind."""

    id: str
    sex: Literal["F", "M"]
    age: int
    indication: str
    films: tuple[Study, ...]
    scan: Study


def patients(split: str) -> tuple[Patient, ...]:
    """The patients of a split, the same at every call; no two splits share one."""
    return tuple(_patient(f"{split}-{number:03d}") for number in range(PATIENTS[split]))


def _patient(name: str) -> Patient:
    rng = Random(f"radbench demo {name}")
    first = Study(f"{name}-film1", "film", _film_findings(rng), "2020-03-01")
    films = [first]
    if rng.random() < 0.4:
        films.append(Study(f"{name}-film2", "film", _followed(first.findings, rng), "2020-03-08"))
    kind = rng.choice(_KINDS)
    return Patient(
        id=name,
        sex=rng.choice(("F", "M")),
        age=rng.randrange(25, 85),
        indication=rng.choice(_INDICATIONS),
        films=tuple(films),
        scan=Study(
            id=f"{name}-scan",
            kind=kind,
            findings=_film_findings(rng) if kind == "film" else _scan_findings(kind, rng),
            date="2020-04-01",
            series=rng.choice(("T1", "T2")) if kind == "mr_head" else "",
        ),
    )


def _film_findings(rng: Random) -> tuple[Finding, ...]:
    return tuple(_film_finding(label, rng) for label in FILM_FINDINGS if rng.random() < _CHANCE[label])


def _film_finding(label: str, rng: Random) -> Finding:
    side, size, zone = rng.choice(("left", "right")), rng.choice(SIZES), rng.choice(("upper", "middle"))
    match label:
        case "pleural effusion":
            return Finding(label, side, size)
        case "nodule":
            return Finding(label, side, size, zone)
        case "pneumothorax":
            return Finding(label, side)
        case _:
            return Finding(label)


def _followed(before: tuple[Finding, ...], rng: Random) -> tuple[Finding, ...]:
    """A week later: some findings went, an effusion may have changed its size, something may have come."""
    after = []
    for label in FILM_FINDINGS:
        old = next((f for f in before if f.label == label), None)
        if old is None:
            if rng.random() < 0.15:
                after.append(_film_finding(label, rng))
        elif label == "pleural effusion":
            if rng.random() < 0.8:
                after.append(Finding(label, old.side, rng.choice(SIZES)))
        elif label in ("nodule", "cardiomegaly") or rng.random() < 0.6:
            after.append(old)
    return tuple(after)


def _scan_findings(kind: Kind, rng: Random) -> tuple[Finding, ...]:
    if rng.random() < 0.5:
        return ()
    return (Finding(SCAN_FINDING[kind], rng.choice(("left", "right")), rng.choice(SIZES)),)
