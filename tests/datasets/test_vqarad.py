"""VQA-RAD in both packagings: made-up records with its oddities, and the real sample where it is present."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from radbench.datasets.vqarad import Vqarad
from radbench.errors import ContentError, MissingDataError
from radbench.sample import Choice, Text


def record(**fields: object) -> dict[str, object]:
    common = {"qid": 1, "image_name": "a.jpg", "image_organ": "CHEST", "question": "Is it clear?", "answer": "Yes", "answer_type": "CLOSED"}
    return common | {"question_type": "PRES", "phrase_type": "freeform"} | fields


def mevf(folder: Path, *records: dict[str, object], split: str = "test") -> Vqarad:
    (folder / f"{split}set.json").write_text(json.dumps(records))
    return Vqarad(split=split, root=folder)


def test_a_yes_no_question_is_a_choice_of_the_two(tmp_path: Path) -> None:
    sample = mevf(tmp_path, record(answer_type="CLOSED ", answer="Yes "))[0]
    assert (sample.id, sample.cluster, sample.texts) == ("1", "a.jpg", {"question": "Is it clear?"})
    assert (sample.options, sample.references) == (("yes", "no"), (Choice("yes"),))
    assert sample.media[0].path == "images/a.jpg"
    assert sample.subgroups == {"answer_type": "closed", "question_type": "PRES", "organ": "CHEST", "phrase_type": "freeform"}


@pytest.mark.parametrize(
    ("question", "answer", "options"),
    [
        ("Is the mass on the left or right?", "Left", ("left", "right")),
        ("Is the focus in gray or white matter?", "Gray matter", ("gray matter", "white matter")),
        ("Is the lung air-filled or solid?", "solid", ("air-filled", "solid")),
        ("Where is the mass?", "left", ()),
        ("Or is it?", "left", ()),
        ("Left, right, or?", "left", ()),
    ],
)
def test_other_closed_questions_offer_the_alternatives_they_name(
    tmp_path: Path, question: str, answer: str, options: tuple[str, ...]
) -> None:
    sample = mevf(tmp_path, record(question=question, answer=answer))[0]
    assert (sample.options, sample.references) == (options, (Choice(answer.lower()),))


def test_an_integer_answer_and_joined_question_types_are_texts(tmp_path: Path) -> None:
    sample = mevf(tmp_path, record(answer=4, answer_type="OPEN", question_type="Other, ATTRIB "))[0]
    assert (sample.options, sample.references) == ((), (Text("4"),))
    assert sample.subgroups["question_type"] == "OTHER, ATTRIB"


def test_the_osf_file_holds_both_splits(tmp_path: Path) -> None:
    records = [record(qid=1, phrase_type="freeform"), record(qid=2, phrase_type="test_para"), record(qid=3, phrase_type="para")]
    (tmp_path / "VQA_RAD Dataset Public.json").write_text(json.dumps(records))

    train, test = Vqarad(split="train", root=tmp_path), Vqarad(split="test", root=tmp_path)

    assert [train[i].id for i in range(len(train))] == ["1", "3"]
    assert (test[0].id, test[0].subgroups["phrase_type"]) == ("2", "para")
    assert test[0].media[0].path == "VQA_RAD Image Folder/a.jpg"
    with pytest.raises(MissingDataError, match=r"testset\.json"):
        Vqarad(split="test", root=tmp_path, packaging="mevf")


def test_missing_images_are_listed_once(tmp_path: Path) -> None:
    data = mevf(tmp_path, record(), record(qid=2), record(qid=3, image_name="b.jpg"))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "b.jpg").touch()
    assert data.check() == [f"image `a.jpg` is not in {tmp_path / 'images'}"]


def test_a_missing_folder_tells_both_layouts(tmp_path: Path) -> None:
    for root in (None, tmp_path):
        with pytest.raises(MissingDataError, match=r"(?s)--data-dir vqarad=PATH.*testset\.json.*VQA_RAD Dataset Public\.json"):
            Vqarad(split="test", root=root)


def test_other_splits_and_packagings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no split `val`"):
        Vqarad(split="val", root=tmp_path)
    with pytest.raises(ContentError, match="unknown packaging `hub`"):
        Vqarad(split="test", root=tmp_path, packaging="hub")  # type: ignore[arg-type]  # as a card may say


def test_the_real_sample_is_read_as_published(shared_dir: Path) -> None:
    data = Vqarad(split="train", root=shared_dir / "data" / "vqa_rad_sample")
    samples = [data[i] for i in range(len(data))]

    assert len({s.id for s in samples}) == len(samples) == 493
    assert Counter(s.subgroups["answer_type"] for s in samples) == {"closed": 312, "open": 181}
    assert Counter(s.subgroups["organ"] for s in samples) == {"CHEST": 163, "ABD": 182, "HEAD": 148}
    assert sum(s.options == ("yes", "no") for s in samples) == 294
    assert len({s.cluster for s in samples}) == 47
    assert data.check() == []
