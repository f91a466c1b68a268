"""The embedded demo: what is said of a phantom is what was drawn, and the bytes are the same everywhere."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from radbench.datasets._patients import Study, patients
from radbench.datasets._phantoms import bounds, film
from radbench.datasets.demo import Demo, Task
from radbench.errors import ContentError
from radbench.sample import Abstained, Boxes, Choice, LabelSet, Media, Sample, Text

TASKS = get_args(Task)


def samples(task: str, split: str = "test") -> list[Sample]:
    data = Demo(split=split, task=task)  # type: ignore[arg-type]  # one of TASKS
    return [data[i] for i in range(len(data))]


def decoded(media: Media) -> NDArray[Any]:
    assert media.data is not None
    file = io.BytesIO(media.data)
    return np.asarray(Image.open(file)) if media.path.endswith(".png") else np.load(file)


def films() -> list[Study]:
    return [study for patient in patients("train") for study in patient.films]


@pytest.mark.parametrize("task", TASKS)
def test_ids_are_unique_and_no_patient_is_in_both_splits(task: str) -> None:
    train, test = samples(task, "train"), samples(task)
    assert len({s.id for s in train + test}) == len(train) + len(test)
    assert not {s.cluster for s in train} & {s.cluster for s in test}
    assert all(s.cluster and s.references for s in train + test)


@pytest.mark.parametrize("task", TASKS)
def test_a_sample_is_the_same_at_every_call(task: str) -> None:
    assert samples(task) == samples(task)


@pytest.mark.parametrize(
    ("sample_id", "digest"),
    [
        ("test-000-film1", "9a9502777b30ea5c"),  # CR
        ("test-000-scan", "5111193acc3eda0e"),  # US
        ("test-003-scan", "1f6ee91d03714475"),  # CT
        ("test-004-scan", "883df7b2741ac301"),  # MR
    ],
)
def test_files_are_the_same_bytes_on_every_machine(sample_id: str, digest: str) -> None:
    task = "report" if "film" in sample_id else "retrieval"
    media = next(s for s in samples(task) if s.id == sample_id).media[0]
    assert media.data is not None
    assert hashlib.sha256(media.data).hexdigest()[:16] == digest


def test_words_are_the_same_on_every_machine() -> None:
    words = repr([(s.texts, s.references) for task in TASKS for s in samples(task)])
    assert hashlib.sha256(words.encode()).hexdigest()[:16] == "de550d2e2cffd9bd"


def test_pictures_hold_what_their_names_say() -> None:
    shapes = {(s.media[0].modality, s.media[0].ndim): decoded(s.media[0]) for s in samples("retrieval", "train")}
    assert {key: (a.shape, a.dtype.name) for key, a in shapes.items()} == {
        ("CR", 2): ((128, 128), "uint8"),
        ("US", 2): ((128, 128), "uint8"),
        ("CT", 3): ((12, 48, 48), "int16"),
        ("MR", 3): ((12, 48, 48), "int16"),
    }


def test_ct_values_are_hounsfield_units() -> None:
    volumes = [decoded(s.media[0]) for s in samples("retrieval", "train") if s.media[0].modality == "CT"]
    for volume in volumes:
        assert abs(np.median(volume[:, 0, 0]) + 1000) < 20  # the corner is air
        assert volume.max() > 500  # bone


@pytest.mark.parametrize(
    ("label", "darkest", "brightest"),
    [
        ("nodule", 140, 255),
        ("pleural effusion", 140, 255),
        ("support device", 140, 255),
        ("pneumothorax", 0, 45),
        ("cardiomegaly", 60, 255),
    ],
)
def test_a_finding_is_drawn_where_its_mask_is(label: str, darkest: int, brightest: int) -> None:
    drawn = [film(study) for study in films() if study.finding(label)]
    assert drawn
    for pixels, masks in drawn:
        assert darkest <= np.median(pixels[masks[label]]) <= brightest


def test_sides_are_those_of_the_patient() -> None:
    for study in films():
        for finding in study.findings:
            if finding.side:
                columns = np.flatnonzero(film(study)[1][finding.label].any(axis=0))
                assert (columns.mean() < 64) == (finding.side == "right")


def test_the_box_of_a_nodule_holds_all_its_pixels_and_no_smaller_box_does() -> None:
    by_id = {study.id: study for patient in patients("test") for study in patient.films}
    boxes = {s.id: s.references[0] for s in samples("grounding")}
    for sample_id, reference in boxes.items():
        assert isinstance(reference, Boxes)
        masks = film(by_id[sample_id])[1]
        assert bool(reference.boxes) == ("nodule" in masks)
        for box in reference.boxes:
            x0, y0, x1, y1 = map(int, (box.x0, box.y0, box.x1, box.y1))
            mask = masks["nodule"]
            assert mask[y0:y1, x0:x1].sum() == mask.sum()
            assert all(edge.any() for edge in (mask[y0, x0:x1], mask[y1 - 1, x0:x1], mask[y0:y1, x0], mask[y0:y1, x1 - 1]))
    assert 0 < sum(bool(r.boxes) for r in boxes.values() if isinstance(r, Boxes)) < len(boxes)


def test_bounds_are_half_open() -> None:
    mask = np.zeros((5, 6), bool)
    mask[1:3, 2:5] = True
    assert bounds(mask) == (2, 1, 5, 3)


def test_modality_is_not_told_where_it_is_asked_for() -> None:
    asked = samples("modality")
    assert {s.media[0].modality + s.media[0].series + s.media[0].view for s in asked} == {""}
    assert {s.media[0].ndim for s in asked} == {2, 3}
    assert {s.references[0].label for s in asked if isinstance(s.references[0], Choice)} == {"X-ray", "CT", "MRI", "ultrasound"}


def test_references_are_among_the_options() -> None:
    for task in TASKS:
        for sample in samples(task):
            for reference in sample.references:
                if sample.options and isinstance(reference, Choice | LabelSet):
                    assert {*(reference.labels if isinstance(reference, LabelSet) else [reference.label])} <= set(sample.options)


def test_a_question_on_the_side_follows_the_question_on_the_presence() -> None:
    asked = samples("vqa")
    places = {s.id: place for place, s in enumerate(asked)}
    sides = [s for s in asked if s.follows]
    assert sides
    for sample in sides:
        assert places[sample.follows] == places[sample.id] - 1
        assert asked[places[sample.follows]].references == (Choice("yes"),)
    assert Counter(s.subgroups["answer_type"] for s in asked).keys() == {"closed", "choice", "open"}


def test_second_films_come_with_the_first_and_its_report() -> None:
    reports = samples("report")
    second = [s for s in reports if len(s.media) == 2]
    assert second
    for sample in second:
        now, before = sample.media
        assert (now.is_prior, before.is_prior) == (False, True)
        assert before.study_date < now.study_date
        assert sample.texts["prior_report"].startswith("Findings: ")
    assert all("prior_report" not in s.texts for s in reports if len(s.media) == 1)


def test_reports_say_what_the_labels_say() -> None:
    labels = {s.id: s.references[0] for s in samples("findings")}
    for sample in samples("report"):
        report, stated = sample.references[0], labels[sample.id]
        assert isinstance(report, Text)
        assert isinstance(stated, LabelSet)
        impression = report.sections["impression"].lower()
        assert report.text == f"Findings: {report.sections['findings']}\nImpression: {report.sections['impression']}"
        assert all(label in impression for label in stated.labels)
        assert (impression == "no acute abnormality.") == (not stated.labels)


def test_questions_without_an_answer_in_the_report_are_told_as_such() -> None:
    references = [s.references[0] for s in samples("text-qa")]
    assert {type(r) for r in references} == {Text, Abstained}


def test_the_nearest_training_film_knows_more_than_the_majority() -> None:
    def thumbnail(sample: Sample) -> NDArray[np.float64]:
        small = Image.fromarray(decoded(sample.media[0])).resize((16, 16), Image.Resampling.BOX)
        pixels = np.asarray(small, dtype=np.float64)
        return (pixels - pixels.mean()) / pixels.std()

    def label(sample: Sample) -> str:
        reference = sample.references[0]
        assert isinstance(reference, Choice)
        return reference.label

    train, test = samples("diagnosis", "train"), samples("diagnosis")
    known = np.stack([thumbnail(s) for s in train])
    found = [label(train[int(((known - thumbnail(s)) ** 2).sum(axis=(1, 2)).argmin())]) for s in test]
    right = np.mean([a == label(s) for a, s in zip(found, test, strict=True)])
    majority = Counter(map(label, train)).most_common(1)[0][0]
    assert np.mean([label(s) == majority for s in test]) + 0.1 < right < 1


def test_other_splits_and_tasks_are_refused() -> None:
    with pytest.raises(ContentError, match="no split `val`; expected train or validation or test"):
        Demo(split="val", task="vqa")
    with pytest.raises(ContentError, match="no task `segmentation`; expected one of modality"):
        Demo(split="test", task="segmentation")  # type: ignore[arg-type]  # as a card may say
    assert Demo(split="test", task="vqa").check() == ()
