from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radbench.errors import ContentError, RunError
from radbench.folder import to_line
from radbench.models.predictions import read_predictions
from radbench.records import Prediction
from radbench.sample import Vectors


def _read(folder: Path, name: str, text: str) -> dict[str, str | None]:
    (folder / name).write_text(text, encoding="utf-8")
    return {prediction.sample_id: prediction.output for prediction in read_predictions(folder / name)}


def test_a_journal_of_radbench_is_read_with_all_that_it_says(tmp_path):
    written = [
        Prediction(key="1", sample_id="a", output="Clear lungs.", reasoning="none", prompt="Describe."),
        Prediction(key="2", sample_id="a", repeat=1, output={"yes": -0.5, "no": -1.5}),
        Prediction(key="3", sample_id="b", output=Vectors("ADwAPA==", (1, 2))),
        Prediction(key="4", sample_id="c", error="out of memory", finish_reason="length"),
    ]
    (tmp_path / "predictions.jsonl").write_bytes(b"".join(map(to_line, written)))
    assert read_predictions(tmp_path / "predictions.jsonl") == written


def test_of_a_journal_an_output_outlasts_errors_and_a_torn_line_is_left_out(tmp_path):
    failed, failed_again = (Prediction(key="a", sample_id="a", error=why) for why in ("time-out", "rate limit"))
    mended, torn = Prediction(key="a", sample_id="a", output="yes"), Prediction(key="b", sample_id="b", output="no")
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(to_line(failed) + to_line(mended) + to_line(failed_again) + to_line(torn)[:-5])
    assert read_predictions(path) == [mended]
    path.write_bytes(to_line(failed) + to_line(failed_again))
    assert read_predictions(path) == [failed_again]


def test_a_damaged_line_of_a_journal_is_named(tmp_path):
    (tmp_path / "predictions.jsonl").write_bytes(to_line(Prediction(key="a", sample_id="a", output="yes")) + b"{}\n")
    with pytest.raises(RunError, match=r"predictions\.jsonl:2"):
        read_predictions(tmp_path / "predictions.jsonl")


def test_lines_of_llava_rad_are_read(tmp_path):
    rows = [{"id": 7, "query": "<image>\nDescribe.", "reference": "Normal.", "prediction": "Clear\nlungs."}, {"id": "8", "prediction": ""}]
    text = "\n".join(map(json.dumps, rows)) + "\n\n"
    assert _read(tmp_path, "llavarad.jsonl", text) == {"7": "Clear\nlungs.", "8": ""}
    assert read_predictions(tmp_path / "llavarad.jsonl")[0].prompt == "<image>\nDescribe."


def test_a_submission_to_rexrank_is_read_with_its_bare_nan(tmp_path):
    studies = {
        "s1": {"report": "Findings: none", "model_prediction": "No effusion."},
        "s2": {"age": float("nan"), "model_prediction": "Oedema."},
    }
    assert _read(tmp_path, "submission.json", json.dumps(studies)) == {"s1": "No effusion.", "s2": "Oedema."}


def test_lines_with_a_key_of_their_own_are_no_journal(tmp_path):
    assert _read(tmp_path, "p.jsonl", '{"key": 1, "sample_id": "a", "prediction": "yes"}') == {"a": "yes"}


def test_a_list_of_objects_is_read(tmp_path):
    assert _read(tmp_path, "list.json", '[{"sample_id": "a", "output": "yes"}]') == {"a": "yes"}


@pytest.mark.parametrize("absent", ["null", "NaN"])
def test_an_absent_prediction_is_a_failed_sample_and_not_an_empty_answer(tmp_path, absent):
    (tmp_path / "p.json").write_text(f'{{"s1": {{"model_prediction": {absent}}}}}')
    (prediction,) = read_predictions(tmp_path / "p.json")
    assert (prediction.output, prediction.error) == (None, "p.json holds no prediction for this sample")


def test_a_csv_is_read_with_byte_order_mark_line_breaks_and_further_columns(tmp_path):
    text = '\ufeffstudy_id,age,prediction\n01,50,"Clear lungs,\nno effusion."\n02,,\n'
    assert _read(tmp_path, "p.csv", text) == {"01": "Clear lungs,\nno effusion.", "02": ""}


def test_a_result_csv_of_radfm_is_read_with_rows_as_ids(tmp_path):
    with (tmp_path / "result.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["Question", "Ground Truth", "Pred", "belong_to"])
        table.writerow([["<image1> Is it 'CT'?"], ["yes"], ["no, it isn't"], ["modality"]])
        table.writerow([["Which?"], ["MR"], ["MR\n"], ["modality"]])
    assert [(p.sample_id, p.output, p.prompt) for p in read_predictions(tmp_path / "result.csv")] == [
        ("1", "no, it isn't", "<image1> Is it 'CT'?"),
        ("2", "MR\n", "Which?"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "p.jsonl",
            '{"id": "a", "prediction": "x"}\n{"id": "a", "prediction": "y"}',
            r"p\.jsonl, line 2: the id `a` stands at line 1 already",
        ),
        ("p.jsonl", '{"id": "a", "prediction": "x"}\n{"id": "b", "pred', r"p\.jsonl, line 2: Unterminated string"),
        ("p.jsonl", '{"id": "a", "prediction": "x"}\n["b"]', "line 2: expected an object with an id and a prediction, got list"),
        (
            "p.jsonl",
            '{"id": "a", "text": "x"}',
            "line 1: expected a prediction under one of prediction, model_prediction, output; there are id, text",
        ),
        ("p.jsonl", '{"id": "a", "prediction": ["x"]}', "line 1: expected `prediction` to be text, got list"),
        ("p.jsonl", '{"id": true, "prediction": "x"}', "line 1: expected an id that is text or a whole number, got bool"),
        ("p.jsonl", '{"id": "a", "prediction": "\\ud800"}', "line 1: holds half of a surrogate pair"),
        ("p.json", '{"a": {"model_prediction": "x"}, "a": {"model_prediction": "y"}}', "the key `a` stands twice in one object"),
        ("p.json", '{"a": {"report": "x"}}', "study `a`: expected a prediction"),
        ("p.json", "{}", "expected an object keyed by study id, or a list of objects"),
        ("p.json", '"text"', "expected an object keyed by study id, or a list of objects"),
        ("p.csv", "name,prediction\na,x\n", "line 2: expected an id under one of sample_id, id, study_id; there are name, prediction"),
        (
            "p.csv",
            "7,Clear lungs.\n8,Small effusion.\n",
            "expected an id under one of .*; there are 2 columns, whose names are more than words",
        ),
        ("p.csv", "id,prediction\na,x\na,y\n", "line 3: the id `a` stands at line 2 already"),
        ("p.csv", "id,prediction\na\n", "line 2: expected 2 cells, as in the header"),
        ("p.csv", "id,prediction\na,x,y\n", "line 2: expected 2 cells, as in the header"),
        ("p.csv", 'id,prediction\na,"x"y\n', "line 2: "),
        (
            "p.csv",
            "Question,Ground Truth,Pred,belong_to\n['q'],['g'],p,['b']\n",
            "line 2: expected a cell that holds a Python list of one text",
        ),
        ("p.txt", "a: x", r"predictions are read from \.jsonl, \.json, \.csv files, got `\.txt`"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(tmp_path, name, text, message):
    with pytest.raises(ContentError, match=message):
        _read(tmp_path, name, text)


def test_an_absent_file_and_one_that_is_not_utf_8_are_named(tmp_path):
    with pytest.raises(ContentError, match=r"absent\.json: there is no such file"):
        read_predictions(tmp_path / "absent.json")
    (tmp_path / "latin.csv").write_bytes("id,prediction\na,œdème\n".encode("utf-16"))
    with pytest.raises(ContentError, match=r"latin\.csv: is not UTF-8 text"):
        read_predictions(tmp_path / "latin.csv")


TEXTS = st.text(st.characters(codec="utf-8"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(TEXTS.filter(bool), TEXTS, min_size=1))
def test_any_texts_come_back_from_lines_and_from_an_object(tmp_path, texts):
    lines = "".join(json.dumps({"id": name, "prediction": text}) + "\n" for name, text in texts.items())
    studies = json.dumps({name: {"model_prediction": text} for name, text in texts.items()}, ensure_ascii=False)
    assert _read(tmp_path, "p.jsonl", lines) == _read(tmp_path, "p.json", studies) == texts


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.binary(),
    st.sampled_from(["p.jsonl", "p.json", "p.csv"]),
    st.sampled_from([b"", b'{"id": 1, "prediction": "x"}\n', b"id,prediction\n"]),
)
def test_any_bytes_are_read_or_refused_by_name(tmp_path, content, name, head):
    (tmp_path / name).write_bytes(head + content)
    try:
        found = read_predictions(tmp_path / name)
    except ContentError as error:
        assert name in str(error)  # noqa: PT017 - bytes that can be read are fine too
    else:
        assert all(prediction.sample_id for prediction in found)
