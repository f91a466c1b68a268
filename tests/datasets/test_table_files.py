"""What JSONL and CSV files of users have in common, told by the same rows in both forms."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.datasets._table import Table
from radbench.datasets.csv import Csv
from radbench.datasets.jsonl import Jsonl
from radbench.errors import ContentError, MissingDataError
from radbench.sample import Box, Boxes, Choice, LabelSet, Media, Text

Rows = Sequence[Mapping[str, Any]]
Make = Callable[..., Table]


def as_jsonl(rows: Rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(rows: Rows) -> str:
    """Lists become JSON in the cell, null a blank cell."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow({k: json.dumps(v) if isinstance(v, list) else "" if v is None else v for k, v in row.items()})
    return text.getvalue()


@pytest.fixture(params=["jsonl", "csv"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """A function that writes rows to a file and opens it as a data set."""

    def make(rows: Rows, **options: Any) -> Table:
        family, write = {"jsonl": (Jsonl, as_jsonl), "csv": (Csv, as_csv)}[request.param]
        file = f"rows.{request.param}"
        (tmp_path / file).write_bytes(write(rows).encode())
        return family(**{"split": "test", "root": tmp_path, "file": file} | options)

    return make


def test_each_column_plays_the_part_the_card_gives_it(make: Make) -> None:
    row = {"qid": 7, "q": "Is it clear?", "image": "a/b.png", "mod": "CR", "a": "Yes", "p": "p1", "before": "6", "sex": "F", "why": "Cough"}
    columns = {"id": "qid", "question": "q", "image": "image", "modality": "mod", "answer": "a", "cluster": "p", "follows": "before"}

    sample = make([row], columns=columns, texts={"indication": "why"}, subgroups=["sex"])[0]

    assert (sample.id, sample.cluster, sample.follows) == ("7", "p1", "6")
    assert sample.texts == {"question": "Is it clear?", "indication": "Cough"}
    assert [(m.path, m.modality, m.ndim) for m in sample.media] == [("a/b.png", "CR", 2)]
    assert sample.references == (Text("Yes"),)
    assert sample.subgroups == {"sex": "F"}


def test_rows_without_an_id_are_numbered_from_one(make: Make) -> None:
    data = make([{"a": "x"}, {"a": "y"}], columns={"answer": "a"})
    assert [data[i].id for i in range(len(data))] == ["1", "2"]


def test_images_may_be_a_list_and_stand_in_several_columns(make: Make) -> None:
    row = {"films": ["f.png", "l.png"], "prior": None, "ct": "scans/ct.nii.gz", "series": "dicom/series1", "a": "x"}

    media = make([row], columns={"image": ["films", "prior", "ct", "series"], "answer": "a"})[0].media

    assert [(m.path, m.ndim) for m in media] == [("f.png", 2), ("l.png", 2), ("scans/ct.nii.gz", 3), ("dicom/series1", 3)]


def test_answers_in_several_columns_are_alternatives_and_blank_ones_are_left_out(make: Make) -> None:
    data = make([{"a": "effusion", "b": "fluid"}, {"a": None, "b": "air"}, {"a": "", "b": None}], columns={"answer": ["a", "b"]})
    assert [data[i].references for i in range(3)] == [(Text("effusion"), Text("fluid")), (Text("air"),), ()]


@pytest.mark.parametrize(("answer", "label"), [("CT", "CT"), ("B", "CT"), (" MRI ", "MRI")])
def test_a_choice_is_an_option_or_its_letter(make: Make, answer: str, label: str) -> None:
    data = make([{"o": ["MRI", "CT"], "a": answer}], columns={"options": "o", "answer": "a"}, answer_kind="choice")
    assert data[0].options == ("MRI", "CT")
    assert data[0].references == (Choice(label),)


def test_an_option_that_is_a_letter_is_taken_before_the_letter_of_an_option(make: Make) -> None:
    data = make([{"a": "A"}], columns={"answer": "a"}, answer_kind="choice", options=["B", "A"])
    assert data[0].references == (Choice("A"),)


def test_a_choice_may_bring_its_reasons(make: Make) -> None:
    data = make([{"a": "yes", "why": "A level line."}], columns={"answer": "a", "rationale": "why"}, answer_kind="choice")
    assert data[0].references == (Choice("yes", rationale="A level line."),)


def test_labels_are_a_set_that_may_be_empty_but_not_blank(make: Make) -> None:
    rows = [{"l": ["oedema", "nodule"]}, {"l": []}, {"l": None}]
    data = make(rows, columns={"answer": "l"}, answer_kind="labels", options=["nodule", "oedema"])
    assert [data[i].references for i in range(3)] == [(LabelSet(("oedema", "nodule")),), (LabelSet(()),), ()]


def test_boxes_are_lists_of_corners_or_objects_with_a_label(make: Make) -> None:
    rows = [{"b": [[1, 2, 3, 4.5], {"x0": 0, "y0": 0, "x1": 9, "y1": 9, "label": "nodule"}]}, {"b": []}]
    data = make(rows, columns={"answer": "b"}, answer_kind="boxes")
    assert data[0].references == (Boxes((Box(1, 2, 3, 4.5), Box(0, 0, 9, 9, "nodule"))),)
    assert data[1].references == (Boxes(()),)


def test_sections_make_one_report_with_heads_where_there_are_several(make: Make) -> None:
    rows = [{"f": "Clear lungs.", "i": "Normal."}, {"f": None, "i": "Normal."}, {"f": None, "i": None}]

    both = make(rows, columns={}, sections={"findings": "f", "impression": "i"})
    whole = Text("Findings: Clear lungs.\nImpression: Normal.", {"findings": "Clear lungs.", "impression": "Normal."})
    assert [both[i].references for i in range(3)] == [(whole,), (Text("Impression: Normal.", {"impression": "Normal."}),), ()]

    one = make(rows, columns={}, sections={"findings": "f"})
    assert [one[i].references for i in range(2)] == [(Text("Clear lungs.", {"findings": "Clear lungs."}),), ()]


def test_a_column_may_tell_the_splits_apart(make: Make) -> None:
    rows = [{"id": "1", "s": "train"}, {"id": "2", "s": "test"}, {"id": "3", "s": "train"}]
    data = make(rows, split="train", columns={"id": "id", "split": "s"})
    assert [data[i].id for i in range(len(data))] == ["1", "3"]


def test_a_file_that_tells_no_splits_apart_is_never_its_own_train_split(make: Make) -> None:
    with pytest.raises(ContentError, match="split `train` was asked for, but neither the file's name nor a column"):
        make([{"a": "x"}], split="train", columns={"answer": "a"})


def test_a_file_may_be_named_after_its_split(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text(as_jsonl([{"id": split}]))
    data = Jsonl(split="train", root=tmp_path, file="{split}.jsonl", columns={"id": "id"})
    assert data[0].id == "train"


def test_without_a_data_folder_images_lie_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"i": "a.png"}')
    data = Jsonl(split="test", file=str(tmp_path / "rows.jsonl"), columns={"image": "i"})
    assert data.roots == {"jsonl": tmp_path}
    assert data[0].media == (Media(name="jsonl", path="a.png"),)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"no file `.*gone\.csv`"):
        Csv(split="test", root=tmp_path, file="gone.csv", columns={})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"picture": "i"}}, "unknown part of `columns` `picture`; expected one of id, question"),
        ({"columns": {"id": ["a", "b"]}}, "`id` expects the name of one column"),
        ({"columns": {}, "answer_kind": "number"}, "unknown `answer_kind` `number`"),
        ({"columns": {}, "access": "secret"}, "unknown `access` `secret`"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_the_file_is_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ContentError, match=message):
        Jsonl(split="test", file="rows.jsonl", **options)


@pytest.mark.parametrize("answer", ["PET", "C", "a"])
def test_a_wrong_answer_is_told_by_its_line_and_not_quoted(make: Make, answer: str) -> None:
    data = make([{"a": "CT"}, {"a": answer}], columns={"answer": "a"}, answer_kind="choice", options=["MRI", "CT"])
    with pytest.raises(ContentError, match=r"rows\.\w+, line [23]: the answer is none of the row's 2 options") as caught:
        data[1]
    assert "PET" not in str(caught.value)


@pytest.mark.parametrize("boxes", [[[1, 2, 3]], [[3, 0, 1, 1]], [[0, 0, 1, float("inf")]], ["0 0 1 1"], [{"x_min": 0}]])
def test_boxes_that_are_none_are_refused(make: Make, boxes: object) -> None:
    with pytest.raises(ContentError, match="column `b` expects boxes as x0 <= x1, y0 <= y1 in pixels"):
        make([{"b": boxes}], columns={"answer": "b"}, answer_kind="boxes")[0]


def test_data_are_closed_unless_the_card_opens_them(make: Make) -> None:
    assert make([{"a": "x"}], columns={"answer": "a"}).access == "credentialed"
    assert make([{"a": "x"}], columns={"answer": "a"}, access="open").access == "open"


def test_the_check_lists_bad_rows_repeated_ids_and_missing_images(make: Make, tmp_path: Path) -> None:
    (tmp_path / "here.png").touch()
    rows = [{"id": "1", "i": "here.png", "b": "[]"}, {"id": "1", "i": "gone.png", "b": "[]"}, {"id": "2", "i": "gone.png", "b": "{"}]
    data = make(rows, columns={"id": "id", "image": "i", "answer": "b"}, answer_kind="boxes")

    repeated, image, bad = data.check()

    assert "id `1` stands on an earlier row too" in repeated
    assert image == f"image `gone.png` is not below {tmp_path}"
    assert "column `b` expects a JSON list" in bad


_words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).map(str.strip).filter(bool)


@given(rows=st.lists(st.tuples(_words, _words, st.lists(_words, max_size=3)), min_size=1, max_size=8))
@pytest.mark.parametrize(("family", "write"), [(Jsonl, as_jsonl), (Csv, as_csv)])
def test_what_was_written_is_read_in_any_order(
    family: type[Table], write: Callable[[Rows], str], rows: list[tuple[str, str, list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    (folder / "rows").write_bytes(write([{"q": q, "a": a, "o": o} for q, a, o in rows]).encode())
    data = family(split="test", root=folder, file="rows", columns={"question": "q", "answer": "a", "options": "o"})

    assert len(data) == len(rows)
    for index in reversed(range(len(rows))):
        question, answer, options = rows[index]
        sample = data[index]
        assert (sample.texts["question"], sample.references, sample.options) == (question, (Text(answer),), tuple(options))


@given(content=st.binary(max_size=200))
@pytest.mark.parametrize("family", [Jsonl, Csv])
def test_any_bytes_are_read_or_refused_with_a_message(
    family: type[Table], content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "rows").write_bytes(content)
    message = ""
    try:
        data = family(split="test", root=folder, file="rows", columns={"answer": "a"})
        for index in range(len(data)):
            data[index]
    except ContentError as error:
        message = str(error)
    assert not message or message.startswith("rows")
