"""Labels from a table, matched by text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError, MissingDataError
from radbench.findings import LABELS
from radbench.media import Reader
from radbench.models.label_file import LabelFile
from radbench.sample import Request, Turn


def table(tmp_path, *rows, text="Report Impression", labels=LABELS):
    file = tmp_path / "labels.csv"
    lines = [[text, *labels], *rows]
    file.write_text("\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\n", encoding="utf-8")
    return file


def loaded(file, **options):
    model = LabelFile(file=file, **options)
    model.load(Reader({}))
    return model


def asked(model, *texts):
    return model.annotate([Request(kind="annotate", turns=(Turn("user", (text,)),)) for text in texts])


def test_codes_are_read_by_column_name_in_whatever_order(tmp_path):
    backwards = LABELS[::-1]
    codes = {"Edema": "1.0", "Pneumonia": "0", "Fracture": "-1.0", "Lung Lesion": "nan"}
    model = loaded(table(tmp_path, ["Wet lungs.", *(codes.get(label, "") for label in backwards)], labels=backwards))
    (reply,) = asked(model, "Wet   lungs.\n")
    assert reply.output == {**dict.fromkeys(LABELS, 0), "Edema": 1, "Pneumonia": 2, "Fracture": 3}


def test_a_text_that_the_table_lacks_is_an_error_of_its_own(tmp_path):
    replies = asked(loaded(table(tmp_path, ["Clear.", *[""] * 14])), "Clear.", "Not there.")
    assert [reply.error for reply in replies] == [None, "the label file lacks this text"]


def test_the_column_of_texts_can_be_another(tmp_path):
    model = loaded(table(tmp_path, ["Clear, as before.", *[""] * 14], text="Reports"), column="Reports")
    assert asked(model, "Clear, as before.")[0].error is None


def test_what_is_wrong_with_a_table_is_said_with_its_place(tmp_path):
    with pytest.raises(MissingDataError, match=r"no file .*Report Impression"):
        loaded(tmp_path / "labels.csv")
    with pytest.raises(ContentError, match=r"no column `No Finding`"):
        loaded(table(tmp_path, labels=LABELS[:-1]))
    with pytest.raises(ContentError, match=r"line 2: `Edema` should be blank, 1, 0 or -1, got `2`"):
        loaded(table(tmp_path, ["Wet.", *("2" if label == "Edema" else "" for label in LABELS)]))
    with pytest.raises(ContentError, match=r"`Enlarged Cardiomediastinum` should be .*, got a text of 20 characters"):
        loaded(table(tmp_path, ["Wet.", "small left effusion.", *[""] * 13]))
    with pytest.raises(ContentError, match=r"line 2: expected 15 cells, as in the header"):
        loaded(table(tmp_path, ["Wet.", *[""] * 15]))
    with pytest.raises(ContentError, match=r"line 2: expected 15 cells, as in the header"):
        loaded(table(tmp_path, ["Wet.", *[""] * 13]))
    with pytest.raises(ContentError, match=r"line 3: other labels"):
        loaded(table(tmp_path, ["Wet.", *[""] * 14], ["Wet.", "1", *[""] * 13]))


def test_another_table_has_another_identity(tmp_path):
    one = loaded(table(tmp_path, ["Clear.", *[""] * 14])).identity()
    assert one != loaded(table(tmp_path, ["Clear.", "1", *[""] * 13])).identity()


@given(st.lists(st.sampled_from(["", "1", "0", "-1", "1.0", "0.0", "-1.0"]), min_size=14, max_size=14))
def test_every_row_of_codes_is_read_back(tmp_path_factory, cells):
    model = loaded(table(tmp_path_factory.mktemp("labels"), ["Text.", *cells]))
    meaning = {"": 0, "1": 1, "0": 2, "-1": 3}
    assert list(asked(model, "Text.")[0].output.values()) == [meaning[cell.removesuffix(".0")] for cell in cells]
