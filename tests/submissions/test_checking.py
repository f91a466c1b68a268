"""The check that participants run: each fault with its line, in every format, whatever the file holds."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radbench.errors import ContentError
from radbench.folder import to_line
from radbench.models.predictions import read_predictions
from radbench.records import Prediction
from radbench.sample import Vectors
from radbench.submissions import entries
from radbench.submissions.checking import MOST_FAULTS, check, read_ids
from radbench.submissions.entry import MOST_CHARACTERS

IDS = ("a", "b", "c")


def said(path: Path, content: str | bytes, kind: str = "text", ids: tuple[str, ...] | None = IDS) -> list[str]:
    """What a check of this content tells, without the file's name."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [line.removeprefix(str(path)).removeprefix(":") for line in check(path, kind, ids).told()]


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.jsonl", jsonl({"id": "a", "query": "q", "reference": "r", "prediction": "x"}, {"id": "b", "prediction": "y"})),
        ("p.json", json.dumps({"a": {"model_prediction": "x"}, "b": {"model_prediction": "y", "section": "findings"}}, indent=1)),
        ("p.json", json.dumps([{"study_id": "a", "output": "x"}, {"study_id": "b", "output": "y"}])),
        ("p.csv", 'study_id,prediction\na,"two\n\nlines"\nb,y\n'),
        ("p.csv", "\ufeffid,output\r\na,x\r\nb,y\r\n"),
        ("p.jsonl", to_line(Prediction(key="k", sample_id="a", output="x")) + to_line(Prediction(key="l", sample_id="b", output="y"))),
    ],
    ids=["llava-rad", "rexrank", "list", "csv", "csv-bom", "journal"],
)
def test_every_format_is_accepted_and_missing_ids_are_counted(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    report = check(path, "text", IDS)

    assert report.told() == []
    assert (report.n_predictions, report.n_answered, report.missing) == (2, 2, ("c",))
    assert [prediction.sample_id for prediction in read_predictions(path)] == ["a", "b"]


def test_each_fault_of_a_jsonl_file_is_told_with_its_line_and_quotes_no_text(tmp_path):
    secret = "no one else may read this"
    rows = [
        {"id": "a", "prediction": "fine"},
        {"id": "x", "prediction": secret},
        {"id": "a", "prediction": secret},
        {"id": "b", "prediction": [secret]},
        {"prediction": secret},
        {"id": "b"},
        [secret],
        {"id": True, "prediction": secret},
        {"id": "", "prediction": secret},
        {"id": "c", "prediction": "x" * (MOST_CHARACTERS + 1)},
        {"id": "c", "prediction": "\ud800"},
    ]
    content = jsonl(*rows) + f'{{"id": "c", "prediction": "{secret}"\n' + f'{{"id": "c", "id": "{secret}", "prediction": "x"}}\n'

    lines = said(tmp_path / "p.jsonl", content)

    assert lines == [
        "2: the task has no sample `x`",
        "3: the id `a` stands in line 1 already",
        "4: expected `prediction` of `b` to be text, got list",
        "5: expected an id under one of sample_id, id, study_id",
        "6: expected a prediction under one of prediction, model_prediction, output",
        "7: expected an object with an id and a prediction, got list",
        "8: expected an id that is text or a whole number, got bool",
        "9: the id is empty",
        f"10: the text of `c` has {MOST_CHARACTERS + 1} characters; {MOST_CHARACTERS} are the most",
        "11: the text of `c` holds half of a surrogate pair (\\ud800 to \\udfff), which is no text",
        "12: is no JSON (Expecting ',' delimiter)",
        "13: the key `id` stands twice in one object",
    ]


def test_faults_of_a_json_file_have_the_line_of_their_study(tmp_path):
    content = (
        '{\n "a": {"model_prediction": "x"},\n\n "x": {"model_prediction": "y"},\n "b": {"model_prediction":\n  1},\n "c": {"output" "z"}}'
    )

    assert said(tmp_path / "p.json", content) == [
        "4: the task has no sample `x`",
        "5: expected `model_prediction` of `b` to be text, got int",
        "7: is no JSON (Expecting ':' delimiter); what follows was not read",
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "1: is no JSON (expected `{` or `[`); what follows was not read"),
        ("{}", " holds no predictions"),
        ("[]", " holds no predictions"),
        ('"a"', "1: is no JSON (expected `{` or `[`); what follows was not read"),
        ('{"a": {"output": "x"}} more', "1: is no JSON (expected nothing more); what follows was not read"),
        ('{"a": {"output": "x"}, "a": {"output": "y"}}', "1: the id `a` stands in line 1 already"),
        ('{"a": {"output": "x", "output": "y"}}', "1: the key `output` stands twice in one object"),
        ('[{"id": "a", "output": "x"},]', "1: is no JSON (Expecting value); what follows was not read"),
        ("[" * 100_000, "1: is, or what follows is, no JSON (RecursionError); what follows was not read"),
    ],
)
def test_a_json_file_that_is_none_is_told(tmp_path, content, line):
    assert said(tmp_path / "p.json", content)[0] == line


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("id,prediction\na,x,y\n", "2: expected 2 cells, as in the header"),
        ("id,prediction\n\n\na\n", "4: expected 2 cells, as in the header"),
        ("id,text\na,x\n", "2: expected a prediction under one of prediction, model_prediction, output"),
        ('id,prediction\na,"x\n', "2: unexpected end of data; what follows was not read"),
        (
            "id,prediction\na,x\nb,\xff\n".encode("latin-1"),
            "3: is not UTF-8 text (byte 2 of the line): save the file as UTF-8; what follows",
        ),
        ("id,prediction\n" + f"a,{'x' * 140_000}\n", "2: field larger than field limit (131072); what follows was not read"),
        ("id,prediction\n", " holds no predictions"),
    ],
)
def test_a_fault_of_a_table_is_told_with_its_line(tmp_path, content, line):
    assert said(tmp_path / "p.csv", content)[0].startswith(line)


def test_empty_and_absent_predictions_are_counted_and_no_faults(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text(jsonl({"id": "a", "prediction": " \n"}, {"id": "b", "prediction": None}, {"id": "c", "prediction": float("nan")}))

    report = check(path, "text", IDS)

    assert report.is_acceptable
    assert (report.n_empty, report.n_none, report.n_answered, report.missing) == (1, 2, 1, ())


@pytest.mark.parametrize(
    ("kind", "output", "said_of_it"),
    [
        ("text", {"yes": -0.1}, "the task asks for text, and this is a probability for each option"),
        ("scores", "yes", "the task asks for a probability for each option, and this is text"),
        ("vectors", "yes", "the task asks for vectors, and this is text"),
        ("scores", Vectors.of(np.zeros((2, 3))), "the task asks for a probability for each option, and this is vectors"),
    ],
)
def test_a_prediction_of_the_wrong_kind_is_told(tmp_path, kind, output, said_of_it):
    assert said(tmp_path / "p.jsonl", to_line(Prediction(key="k", sample_id="a", output=output)), kind) == [f"1: `a`: {said_of_it}"]


@pytest.mark.parametrize(
    ("kind", "output"),
    [("scores", {"yes": 0.0}), ("vectors", Vectors.of(np.zeros((2, 3)))), ("text", "yes")],
    ids=["scores", "vectors", "text"],
)
def test_a_journal_may_hold_what_the_task_asks_for_after_an_error(tmp_path, kind, output):
    failed, answered = Prediction(key="k", sample_id="a", error="x"), Prediction(key="k", sample_id="a", output=output)

    assert said(tmp_path / "p.jsonl", to_line(failed) + to_line(answered), kind) == []


def test_a_journal_that_was_cut_off_or_has_repeats_is_told(tmp_path):
    content = (
        to_line(Prediction(key="k", sample_id="a", output="x", repeat=1)) + to_line(Prediction(key="k", sample_id="b", output="y"))[:-1]
    )

    assert said(tmp_path / "p.jsonl", content) == [
        "1: `a`: is repeat 2; a submission has one prediction a sample",
        "2: has no newline at its end, so it may be cut off: write it whole",
    ]


def test_a_huge_line_is_told_and_the_lines_after_it_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(entries, "MOST_LINE_BYTES", 1000)
    content = jsonl({"id": "a", "prediction": "x"}, {"id": "b", "prediction": "y" * 5000}, {"id": "q", "prediction": "z"})

    assert said(tmp_path / "p.jsonl", content) == ["2: is longer than 1000 bytes", "3: the task has no sample `q`"]


def test_a_huge_file_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(entries, "MOST_BYTES", 10)

    with pytest.raises(ContentError, match="a submission has 10 at most"):
        said(tmp_path / "p.jsonl", jsonl({"id": "a", "prediction": "x"}))


def test_an_archive_is_refused_with_the_mend_whatever_its_name(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../p.jsonl", jsonl({"id": "a", "prediction": "x"}))
    for name, content in (("p.zip", packed.getvalue()), ("p.jsonl", packed.getvalue()), ("p.json", gzip.compress(b"{}")), ("p.tar", b"")):
        with pytest.raises(
            ContentError, match=r"is an archive: unpack it, and give the one file of predictions \(\.jsonl, \.json, \.csv\)"
        ):
            said(tmp_path / name, content)


def test_links_folders_and_other_formats_are_refused(tmp_path):
    (tmp_path / "real.jsonl").write_text(jsonl({"id": "a", "prediction": "x"}))
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "real.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "p.parquet").write_text("x")

    for name, match in (("link.jsonl", "no plain file"), ("folder.jsonl", "no plain file"), ("p.parquet", "got `.parquet`")):
        with pytest.raises(ContentError, match=match):
            check(tmp_path / name, "text", IDS)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_other_encodings_are_refused_with_the_mend(tmp_path, encoding):
    with pytest.raises(ContentError, match="looks like UTF-16: save it as UTF-8"):
        said(tmp_path / "p.jsonl", jsonl({"id": "a", "prediction": "x"}).encode(encoding))


def test_faults_beyond_the_first_are_counted(tmp_path):
    lines = said(tmp_path / "p.jsonl", "nonsense\n" * (MOST_FAULTS + 7))

    assert len(lines) == MOST_FAULTS + 1
    assert lines[-1] == " 7 more faults"


def test_ids_that_steer_a_terminal_are_shown_harmlessly(tmp_path):
    (line,) = said(tmp_path / "p.jsonl", jsonl({"id": "\x1b[2J\nok", "prediction": "x"}))

    assert line == "1: the task has no sample `\\x1b[2J\\nok`"


def test_a_file_of_ids_is_read_and_its_faults_told(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("a\r\n\nb 1\n")
    assert read_ids(path) == ("a", "b 1")
    for content, match in (("a\nb\na\n", "ids.txt:3: the id `a` stands in line 1"), ("\n", "holds no id")):
        path.write_text(content)
        with pytest.raises(ContentError, match=match):
            read_ids(path)


# ids as data sets have them; csv cannot tell an id from the same one with another line end
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=40)


@given(st.dictionaries(names, texts, min_size=1, max_size=5), st.sampled_from([".jsonl", ".json", ".csv"]))
def test_what_is_written_well_is_accepted_with_all_its_ids(predictions, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"p{suffix}"
        with path.open("w", encoding="utf-8", newline="") as file:
            if suffix == ".csv":
                writer = csv.writer(file, quoting=csv.QUOTE_ALL)
                writer.writerows([("id", "prediction"), *predictions.items()])
            elif suffix == ".json":
                json.dump({name: {"model_prediction": text} for name, text in predictions.items()}, file, ensure_ascii=False)
            else:
                file.writelines(json.dumps({"id": name, "output": text}) + "\n" for name, text in predictions.items())
        report = check(path, "text", tuple(predictions))

    assert report.told() == []
    assert (report.n_predictions, report.missing) == (len(predictions), ())


pieces = st.sampled_from(
    [
        '{"id": "a"',
        ', "output": "x"',
        "}",
        "\n",
        "[",
        "]",
        ",",
        '"',
        "a",
        "id,output",
        "\r",
        "\x00",
        "é",
        "\u2028",
        "{}",
        ":",
        "null",
        '"b": ',
    ]
)


@settings(max_examples=300)
@given(
    st.one_of(st.binary(max_size=120), st.lists(pieces, max_size=25).map(lambda parts: "".join(parts).encode())),
    st.sampled_from([".jsonl", ".json", ".csv"]),
)
def test_whatever_a_file_holds_its_faults_are_told_on_lines_that_it_has(content, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"p{suffix}"
        path.write_bytes(content)
        try:
            report = check(path, "text", None)
        except ContentError:
            return
        if report.is_acceptable:
            assert {prediction.sample_id for prediction in read_predictions(path)} != set()
    assert all(line.isprintable() for line in report.told())
    assert all(0 <= fault.line <= content.count(b"\n") + content.count(b"\r") + 1 for fault in report.faults)


def test_a_submission_names_no_heat_maps_since_it_is_one_file(tmp_path):
    content = jsonl({"id": "a", "prediction": "x", "heat_map": "/etc/passwd"}, {"id": "b", "prediction": "y", "heat_map": None})
    assert said(tmp_path / "p.jsonl", content) == [
        "1: `heat_map` of `a` names a file of its own, and a submission is one file: leave it out"
    ]
