"""The words of the demo: reports, captions, reasons and changes, written from what is true of a study."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from radbench.datasets._patients import FILM_FINDINGS, Finding, Study

NO_FINDING: Final = "no finding"
UNANSWERABLE: Final = "unanswerable"

_ABSENT: Final[Mapping[str, tuple[str, ...]]] = {
    "pneumothorax": ("There is no pneumothorax.", "No pneumothorax is seen."),
    "pleural effusion": ("No pleural effusion.", "The costophrenic angles are sharp."),
    "cardiomegaly": ("The heart size is normal.", "The heart is not enlarged."),
    "nodule": ("The lungs hold no nodule.", "No nodule is seen."),
    "support device": ("", ""),
}
_REASON: Final[Mapping[str, str]] = {
    "pneumothorax": "Along the {side} lateral chest wall lies a strip without lung markings, darker than the lung beside it.",
    "pleural effusion": "The {side} lung base is hidden by a bright area that ends above in a level line, as fluid does.",
    "cardiomegaly": "The heart shadow takes up more than half of the width of the chest.",
    "nodule": "A round bright spot with a sharp edge lies in the {zone} zone of the {side} lung.",
    "support device": "A thin bright line runs from the neck to the heart.",
    NO_FINDING: "Both lungs are evenly dark down to their bases, and the heart is narrow.",
}
_SCAN_NAME: Final[Mapping[str, str]] = {
    "ct_head": "CT of the head",
    "ct_chest": "CT of the chest",
    "mr_head": "MRI of the head",
    "ultrasound": "Ultrasound image",
}


def phrase(finding: Finding) -> str:
    """A finding in a few words: `small right pleural effusion`."""
    return " ".join(filter(None, (finding.size, finding.side, finding.label)))


def findings_section(study: Study) -> str:
    """The findings of a film in sentences, one for each kind of finding, in one of two wordings."""
    rng = Random(f"words of {study.id}")
    sentences = []
    for label in FILM_FINDINGS:
        finding, wording = study.finding(label), rng.randrange(2)
        sentences.append(_present(finding)[wording] if finding else _ABSENT[label][wording])
    return " ".join(filter(None, sentences))


def impression_section(study: Study) -> str:
    """The findings in a few words, most urgent first."""
    if not study.findings:
        return "No acute abnormality."
    return " ".join(f"{number}. {phrase(finding).capitalize()}." for number, finding in enumerate(study.findings, start=1))


def report(study: Study) -> str:
    """Both sections under their heads."""
    return f"Findings: {findings_section(study)}\nImpression: {impression_section(study)}"


def main_finding(study: Study) -> str:
    """The label of the most urgent finding."""
    return study.findings[0].label if study.findings else NO_FINDING


def reason(study: Study) -> str:
    """What on the film speaks for its most urgent finding."""
    if not study.findings:
        return _REASON[NO_FINDING]
    first = study.findings[0]
    return _REASON[first.label].format(side=first.side, zone=first.zone)


def caption(study: Study) -> str:
    """One sentence on a study of any kind; studies that show the same have the same caption."""
    if study.kind == "film":
        name = "Frontal chest film"
    else:
        name = " ".join(filter(None, (study.series and f"{study.series}-weighted", _SCAN_NAME[study.kind])))
    shown = [f"{phrase(f)} in the {f.zone} zone" if f.zone else phrase(f) for f in study.findings]
    return f"{name} with {' and '.join(shown)}." if shown else f"{name} without an abnormality."


def change(before: Study, now: Study) -> str:
    """What became of each finding since the film before."""
    sentences = []
    for label in FILM_FINDINGS:
        old, new = before.finding(label), now.finding(label)
        if old and new:
            word = "unchanged" if old == new else f"changed from {old.size} to {new.size}"
            sentences.append(f"The {label} is {word}.")
        elif new:
            sentences.append(f"The {phrase(new)} is new.")
        elif old:
            sentences.append(f"The {label} is gone.")
    return " ".join(sentences) or "No change: both films are without a finding."


def _present(finding: Finding) -> tuple[str, str]:
    side, size = finding.side, finding.size
    match finding.label:
        case "pneumothorax":
            return f"There is a {side} pneumothorax.", f"Air in the {side} pleural space: pneumothorax."
        case "pleural effusion":
            return f"There is a {size} {side} pleural effusion.", f"A {size} pleural effusion is seen on the {side}."
        case "cardiomegaly":
            return "The heart is enlarged.", "There is cardiomegaly."
        case "nodule":
            return f"A {size} nodule lies in the {finding.zone} zone of the {side} lung.", (
                f"In the {side} lung, {finding.zone} zone, there is a {size} nodule."
            )
        case _:
            return "A central line ends over the heart.", "A line runs from the neck to the heart."
