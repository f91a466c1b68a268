"""The embedded demo: invented patients with known truth, drawn and described on the fly; no file is read.

Each patient has one or two chest films and one more examination: CT of the head or chest, MRI of the head, ultrasound, or
another film. What is asked about them is the option `task`:

    modality    which kind of examination is this (2D and 3D)       Choice
    diagnosis   is there a pleural effusion on the film             Choice yes or no
    findings    which findings does the film show                   LabelSet
    vqa         yes/no, side and open questions; the question on    Choice; Text
                a finding's side follows the one on its presence
    report      findings and impression; indication, prior          Text with sections
    rationale   the most urgent finding, and why                    Choice with rationale
    retrieval   an image and its caption                            Text
    grounding   a box around the nodule                             Boxes; none where there is no nodule
    text-qa     questions on a report                               Text; Abstained where it does not say
    text-impression, text-labels, text-change                       Text; LabelSet; Text

Sides are the patient's: on a film, the patient's right is on the left. `Media.modality` is blank where it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from radbench.datasets import _wording as wording
from radbench.datasets._patients import FILM_FINDINGS, PATIENTS, SCAN_FINDING, Patient, Study, patients
from radbench.errors import ContentError
from radbench.sample import Abstained, Box, Boxes, Choice, LabelSet, Media, Reference, Sample, Text
from radbench.terms import Access

Task: TypeAlias = Literal[
    "modality",
    "diagnosis",
    "findings",
    "vqa",
    "report",
    "rationale",
    "retrieval",
    "grounding",
    "text-qa",
    "text-impression",
    "text-labels",
    "text-change",
]

_CODE: Final = {"film": "CR", "ct_head": "CT", "ct_chest": "CT", "mr_head": "MR", "ultrasound": "US"}
_SPOKEN: Final = {"CR": "X-ray", "CT": "CT", "MR": "MRI", "US": "ultrasound"}
_YES_NO: Final = ("yes", "no")
_SIDES: Final = ("left", "right")
_PRESENCE: Final = {
    "pneumothorax": "Is there a pneumothorax?",
    "pleural effusion": "Is there a pleural effusion?",
    "cardiomegaly": "Is the heart enlarged?",
    "nodule": "Is there a nodule in one of the lungs?",
    "support device": "Is there a central line?",
    "haemorrhage": "Is there a haemorrhage?",
    "lesion": "Is there a focal lesion of the brain?",
    "cyst": "Is there a cyst?",
}


@dataclass(frozen=True, slots=True)
class _Question:
    """A question on one study; its id is the study's with `suffix`."""

    study: Study
    suffix: str
    kind: Literal["closed", "choice", "open"]
    text: str
    reference: Reference
    options: tuple[str, ...] = ()
    follows: str = ""


class Demo:
    """One split (`train`, 48 patients, `validation`, 32, or `test`, 40) of one task of the demo; the cluster is the patient.

    Raises:
        ContentError: another split or task than named here.
    """

    name: ClassVar[str] = "demo"
    access: Access = "open"

    def __init__(self, *, split: str, root: Path | None = None, task: Task) -> None:
        if split not in PATIENTS:
            raise ContentError(f"demo: no split `{split}`; expected {' or '.join(PATIENTS)}")
        if task not in get_args(Task):
            raise ContentError(f"demo: no task `{task}`; expected one of {', '.join(get_args(Task))}")
        del root  # every data set is offered a folder; this one needs none
        self.roots: Mapping[str, Path] = {}
        units, self._make = _TASKS[task]
        self._items = [(patient, unit) for patient in patients(split) for unit in units(patient)]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Sample:
        patient, unit = self._items[index]
        return self._make(patient, unit)

    def check(self) -> Sequence[str]:
        """Nothing can be missing."""
        return ()


def _scans(patient: Patient) -> Sequence[Study]:
    return (patient.scan,)


def _films(patient: Patient) -> Sequence[Study]:
    return patient.films


def _film_questions(patient: Patient) -> Sequence[_Question]:
    studies = (*patient.films, patient.scan)
    return [question for study in studies for question in _questions(study)]


def _follow_ups(patient: Patient) -> Sequence[Study]:
    return patient.films[1:]


def _sample(patient: Patient, study: Study, **fields: Any) -> Sample:  # noqa: ANN401  # the fields of a Sample
    subgroups = {
        "modality": _CODE[study.kind],
        "sex": patient.sex,
        "shows": "abnormal" if study.findings else "normal",
        **fields.pop("subgroups", {}),
    }
    return Sample(**{"id": study.id, "cluster": patient.id, **fields}, subgroups=subgroups)


def _media(study: Study, *, is_prior: bool = False, tell_modality: bool = True) -> Media:
    from radbench.datasets._phantoms import encoded

    flat = study.kind in ("film", "ultrasound")
    return Media(
        name=Demo.name,
        path=f"{study.id}.{'png' if flat else 'npy'}",
        data=encoded(study),
        ndim=2 if flat else 3,
        modality=_CODE[study.kind] if tell_modality else "",
        view="PA" if study.kind == "film" and tell_modality else "",
        series=study.series if tell_modality else "",
        study_date=study.date,
        is_prior=is_prior,
    )


def _modality(patient: Patient, study: Study) -> Sample:
    return _sample(
        patient,
        study,
        media=(_media(study, tell_modality=False),),
        options=tuple(_SPOKEN.values()),
        references=(Choice(_SPOKEN[_CODE[study.kind]]),),
    )


def _diagnosis(patient: Patient, study: Study) -> Sample:
    label = "pleural effusion"
    return _sample(
        patient,
        study,
        media=(_media(study),),
        texts={"question": _PRESENCE[label], "indication": patient.indication},
        options=_YES_NO,
        references=(_yes_no(study, label),),
    )


def _findings(patient: Patient, study: Study) -> Sample:
    return _sample(patient, study, media=(_media(study),), options=FILM_FINDINGS, references=(_label_set(study),))


def _vqa(patient: Patient, question: _Question) -> Sample:
    study = question.study
    return _sample(
        patient,
        study,
        id=study.id + question.suffix,
        media=(_media(study),),
        texts={"question": question.text},
        options=question.options,
        references=(question.reference,),
        subgroups={"answer_type": question.kind},
        follows=question.follows,
    )


def _report(patient: Patient, study: Study) -> Sample:
    earlier = [] if study is patient.films[0] else [patient.films[0]]
    sections = {"findings": wording.findings_section(study), "impression": wording.impression_section(study)}
    return _sample(
        patient,
        study,
        media=(_media(study), *(_media(film, is_prior=True) for film in earlier)),
        texts={"indication": patient.indication, **({"prior_report": wording.report(earlier[0])} if earlier else {})},
        references=(Text(wording.report(study), sections),),
        subgroups={"prior": "with prior" if earlier else "first film"},
    )


def _rationale(patient: Patient, study: Study) -> Sample:
    return _sample(
        patient,
        study,
        media=(_media(study),),
        texts={"question": "Which finding on this film is the most urgent? The options stand in the order of urgency."},
        options=(*FILM_FINDINGS, wording.NO_FINDING),
        references=(Choice(wording.main_finding(study), rationale=wording.reason(study)),),
    )


def _retrieval(patient: Patient, study: Study) -> Sample:
    return _sample(patient, study, media=(_media(study),), references=(Text(wording.caption(study)),))


def _grounding(patient: Patient, study: Study) -> Sample:
    from radbench.datasets._phantoms import SIDE_PX, bounds, film

    masks = film(study)[1]
    boxes = (Box(*bounds(masks["nodule"]), label="nodule"),) if "nodule" in masks else ()
    return _sample(
        patient,
        study,
        media=(_media(study),),
        texts={"question": "Where is the nodule?", "width": str(SIDE_PX), "height": str(SIDE_PX)},
        options=("nodule",),
        references=(Boxes(boxes),),
    )


def _text_qa(patient: Patient, study: Study) -> Sample:
    label = Random(f"question on {study.id}").choice(("pleural effusion", "nodule", "pneumothorax"))
    finding = study.finding(label)
    return _sample(
        patient,
        study,
        texts={"passage": wording.report(study), "question": f"On which side is the {label}?"},
        references=(Text(finding.side) if finding else Abstained(wording.UNANSWERABLE),),
    )


def _text_impression(patient: Patient, study: Study) -> Sample:
    texts = {"indication": patient.indication, "findings": wording.findings_section(study)}
    return _sample(patient, study, texts=texts, references=(Text(wording.impression_section(study)),))


def _text_labels(patient: Patient, study: Study) -> Sample:
    return _sample(
        patient, study, texts={"report": wording.findings_section(study)}, options=FILM_FINDINGS, references=(_label_set(study),)
    )


def _text_change(patient: Patient, study: Study) -> Sample:
    before = patient.films[0]
    texts = {"prior_report": wording.report(before), "report": wording.report(study)}
    return _sample(patient, study, texts=texts, references=(Text(wording.change(before, study)),))


def _questions(study: Study) -> list[_Question]:
    """Presence of a finding, its side where it is there, and on films the most urgent finding."""
    rng = Random(f"question on {study.id}")
    present = [f.label for f in study.findings if f.label in _PRESENCE]
    labels = FILM_FINDINGS if study.kind == "film" else (SCAN_FINDING[study.kind],)
    label = rng.choice(present) if present and rng.random() < 0.5 else rng.choice(labels)
    questions = [_Question(study, "-presence", "closed", _PRESENCE[label], _yes_no(study, label), _YES_NO)]
    finding = study.finding(label)
    if finding and finding.side:
        follows = study.id + "-presence"
        questions.append(_Question(study, "-side", "choice", "On which side of the patient?", Choice(finding.side), _SIDES, follows))
    if study.kind == "film":
        ask = "What is the most urgent finding, in a word or two?"
        questions.append(_Question(study, "-main", "open", ask, Text(wording.main_finding(study))))
    return questions


def _yes_no(study: Study, label: str) -> Choice:
    return Choice("yes" if study.finding(label) else "no")


def _label_set(study: Study) -> LabelSet:
    return LabelSet(tuple(finding.label for finding in study.findings))


_TASKS: Final[Mapping[str, tuple[Callable[[Patient], Sequence[Any]], Callable[[Patient, Any], Sample]]]] = {
    "modality": (_scans, _modality),
    "diagnosis": (_films, _diagnosis),
    "findings": (_films, _findings),
    "vqa": (_film_questions, _vqa),
    "report": (_films, _report),
    "rationale": (_films, _rationale),
    "retrieval": (_scans, _retrieval),
    "grounding": (_films, _grounding),
    "text-qa": (_films, _text_qa),
    "text-impression": (_films, _text_impression),
    "text-labels": (_films, _text_labels),
    "text-change": (_follow_ups, _text_change),
}
