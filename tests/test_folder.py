"""The files of a run folder: what is written comes back, what is damaged is named with its mend."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import RunError
from radbench.folder import HIDDEN, PredictionIndex, RunFolder, find_runs, hidden_among, is_hidden, read_lines, to_line, write_json
from radbench.records import (
    FORMAT,
    Counts,
    DataRecord,
    Prediction,
    RunRecord,
    SampleRecord,
    Settings,
    Summary,
    ValueRecord,
    adapter,
    extend,
    schemas,
)
from radbench.sample import Abstained, Box, Boxes, Choice, HeatMap, LabelSet, Media, Points, Reply, Sample, Text, Tokens, Vectors

texts = st.text(max_size=12)
words = st.text(st.characters(codec="utf-8"), max_size=12)  # no lone halves of surrogate pairs
numbers = st.floats(allow_nan=False, allow_infinity=False)
scores = st.dictionaries(words, numbers, max_size=3)
boxes = st.builds(Box, numbers, numbers, numbers, numbers, words, st.none() | numbers)
references = st.one_of(
    st.builds(Text, words, st.dictionaries(words, words, max_size=2)),
    st.builds(Choice, words, scores, words),
    st.builds(LabelSet, st.lists(words, max_size=3).map(tuple), scores),
    st.builds(Boxes, st.lists(boxes, max_size=2).map(tuple)),
    st.builds(Points, st.lists(st.tuples(numbers, numbers), max_size=2).map(tuple)),
    st.builds(Abstained, words),
)
media = st.builds(
    Media,
    name=words,
    path=words,
    ndim=st.sampled_from([2, 3]),
    modality=words,
    is_prior=st.booleans(),
    edits=st.lists(words, max_size=2).map(tuple),
    size=st.integers(0, 2**40),
    digest=words,
)
sample_records = st.builds(
    SampleRecord,
    id=words,
    media=st.lists(media, max_size=2).map(tuple),
    texts=st.dictionaries(words, words, max_size=2),
    options=st.lists(words, max_size=3).map(tuple),
    references=st.lists(references, max_size=2).map(tuple),
    cluster=words,
    subgroups=st.dictionaries(words, words, max_size=2),
    follows=words,
    position=st.integers(0, 10**9),
    keys=st.lists(words, max_size=3).map(tuple),
    excluded=words,
)
outputs = st.one_of(
    words,
    st.dictionaries(words, st.floats(allow_nan=False), max_size=3),
    st.builds(Vectors, st.just("AAA="), st.just((1, 1))),
    st.builds(Boxes, st.lists(boxes, min_size=1, max_size=2).map(tuple)),
)
predictions = st.builds(
    Prediction,
    output=outputs,
    reasoning=words,
    heat_maps=st.lists(st.builds(HeatMap, st.just("AAA="), st.just((2, 1)), st.integers(0, 3)), max_size=2).map(tuple),
    finish_reason=st.sampled_from(["stop", "length", "refused"]),
    served_model=words,
    tokens=st.none() | st.builds(Tokens, st.integers(0, 10**6), st.integers(0, 10**6)),
    seconds=st.floats(0, 1e6),
    key=words,
    sample_id=words,
    repeat=st.integers(0, 9),
    prompt=words,
) | st.builds(Prediction, error=words, key=words, sample_id=words)


def run_record(**more: Any) -> RunRecord:
    needed = {
        "id": "0123456789abcdef",
        "task": "demo.vqa",
        "model": "constant",
        "task_card": {},
        "model_card": {},
        "identity": {},
        "settings": Settings(),
        "data": DataRecord(name="demo", split="test", access="open"),
        "ask_hash": "00",
    }
    return RunRecord(**{**needed, **more})


def summary(**more: Any) -> Summary:
    value = ValueRecord(id="accuracy", signature="s", value=0.5, ci=(0.4, None), level=0.95, n_scored=2)
    needed = {
        "run": "0123456789abcdef",
        "task": "demo.vqa",
        "model": "constant",
        "status": "complete",
        "counts": Counts(**dict.fromkeys(Counts.model_fields, 0)),
        "unparsed": {},
        "excluded": {},
        "intervals": {},
        "score": {},
        "values": (value.model_copy(update={"subgroups": {"sex": {"F": value}}}),),
    }
    return Summary(**{**needed, **more})


@given(sample_records)
def test_a_sample_comes_back_from_its_line(record: SampleRecord):
    line = to_line(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert adapter(SampleRecord).validate_json(line) == record


@given(predictions)
def test_a_prediction_comes_back_from_its_line(prediction: Prediction):
    line = to_line(prediction)
    assert line.count(b"\n") == 1
    assert adapter(Prediction).validate_json(line) == prediction


def test_a_score_that_is_not_a_number_comes_back_as_one():
    line = to_line(Prediction(key="k", sample_id="s", output={"yes": math.nan}))
    assert b"null" not in line
    assert math.isnan(adapter(Prediction).validate_json(line).output["yes"])


@given(texts, st.dictionaries(texts, st.floats(-1, 0), min_size=1, max_size=2))
def test_any_text_of_a_model_can_be_written_and_read(text: str, output: dict[str, float]):
    for prediction in (Prediction(key="k", sample_id="s", output=text), Prediction(key="k", sample_id="s", output=output)):
        read = adapter(Prediction).validate_json(to_line(prediction))
        assert to_line(read) == to_line(prediction)


def test_half_a_surrogate_pair_becomes_a_replacement_character_and_a_whole_one_its_character():
    read = adapter(Prediction).validate_json(to_line(Prediction(key="k", sample_id="s", output="a\ud83db \ud83d\ude00")))
    assert read.output == "a\ufffdb \U0001f600"


def test_defaults_are_left_out_of_lines():
    assert to_line(SampleRecord(id="a", position=0)) == b'{"id":"a","position":0}\n'
    assert to_line(Prediction(key="k", sample_id="a", output="yes")) == b'{"output":"yes","key":"k","sample_id":"a"}\n'


def test_the_bytes_of_an_image_never_stand_in_a_line_that_names_it():
    with pytest.raises(Exception, match="utf-8"):
        to_line(SampleRecord(id="a", position=0, media=(Media(name="n", path="p", data=b"\xff\xd8"),)))


def test_a_record_is_extended_with_all_fields_of_its_base():
    sample = Sample(id="a", cluster="p", options=("x",))
    record = extend(SampleRecord, sample, position=3)
    assert [getattr(record, one.name) for one in fields(Sample)] == [getattr(sample, one.name) for one in fields(Sample)]
    assert record.position == 3
    assert extend(Prediction, Reply(output="o"), key="k", sample_id="a", seconds=2.0).seconds == 2.0


def test_a_torn_last_line_is_left_out_and_a_missing_file_holds_nothing(tmp_path: Path):
    path = tmp_path / "samples.jsonl"
    assert list(read_lines(path, SampleRecord)) == []
    whole = to_line(SampleRecord(id="a", position=0))
    path.write_bytes(whole + to_line(SampleRecord(id="b", position=1))[:-1])
    assert [record.id for record in read_lines(path, SampleRecord)] == ["a"]


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b'{"id":"b"}\n', b"\xff\xfe\n", b'{"id":"b","position":"x"}\n'])
def test_a_damaged_line_is_named_by_file_and_number(tmp_path: Path, line: bytes):
    path = tmp_path / "samples.jsonl"
    path.write_bytes(to_line(SampleRecord(id="a", position=0)) + line)
    with pytest.raises(RunError, match=r"samples\.jsonl:2: .* Delete that line to have its sample asked again"):
        list(read_lines(path, SampleRecord))


def test_of_lines_with_one_id_the_last_holds_in_its_place(tmp_path: Path):
    folder = RunFolder(tmp_path)
    records = [SampleRecord(id=name, position=i, cluster=cluster) for i, (name, cluster) in enumerate(["a1", "b1", "a2", "c1"])]
    folder.samples.write_bytes(b"".join(map(to_line, records)))
    assert [(record.id, record.cluster) for record in folder.iter_samples()] == [("b", "1"), ("a", "2"), ("c", "1")]


@pytest.mark.parametrize("ids", [['a"b', 'a"c'], ["a", "a\n"], ["", " "], ["é", "\\u00e9"]])
def test_ids_that_need_escapes_are_told_apart(tmp_path: Path, ids: list[str]):
    folder = RunFolder(tmp_path)
    folder.samples.write_bytes(b"".join(to_line(SampleRecord(id=name, position=i)) for i, name in enumerate(ids)))
    assert [record.id for record in folder.iter_samples()] == ids


def test_of_a_keys_predictions_the_last_output_holds_and_an_error_never_hides_one(tmp_path: Path):
    path = tmp_path / "predictions.jsonl"
    lines = [
        Prediction(key="a", sample_id="1", error="lost"),
        Prediction(key="b", sample_id="2", error="first"),
        Prediction(key="a", sample_id="1", output="found"),
        Prediction(key="b", sample_id="2", error="second"),
        Prediction(key="a", sample_id="1", error="lost again"),
    ]
    path.write_bytes(b"".join(map(to_line, lines)))
    with PredictionIndex(path) as index:
        assert (index.is_answered("a"), index.is_answered("b"), index.is_answered("c")) == (True, False, False)
        assert index.get("a") == lines[2]
        assert index.get("b") == lines[3]
        assert index.get("c") is None
        added = Prediction(key="c", sample_id="é\n", output="new")
        with path.open("ab") as file:
            file.write(to_line(added))
        index.add(added, len(to_line(added)))
        assert index.get("c") == added


def test_run_json_and_summary_json_come_back(tmp_path: Path):
    folder = RunFolder(tmp_path)
    record, found = run_record(agreement={"by": "me"}, data=DataRecord(name="a", split="b", access="open", n_samples=3)), summary()
    write_json(folder.run, record)
    write_json(folder.summary, found)
    assert folder.read_run() == record
    assert folder.read_summary() == found
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.json", "summary.json"]


def test_a_file_that_cannot_be_written_is_said_and_what_stood_there_stays(tmp_path: Path):
    path = tmp_path / "run.json"
    path.mkdir()
    with pytest.raises(RunError, match=r"cannot write .*run\.json: Is a directory"):
        write_json(path, run_record())


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", '"run"'])
def test_a_damaged_run_json_is_said_to_be_damaged(tmp_path: Path, text: str):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RunError, match=r"run\.json is damaged .*: run the same command again to write it anew"):
        RunFolder(tmp_path).read_run()


def test_a_run_json_that_is_not_there_is_said_so(tmp_path: Path):
    with pytest.raises(RunError, match=r"no run\.json in .*: this is no run folder, or its run never started"):
        RunFolder(tmp_path).read_run()


def test_a_newer_format_is_refused_with_the_mend(tmp_path: Path):
    content = {**run_record().model_dump(mode="json"), "format": FORMAT + 1}
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(RunError, match=f"has format {FORMAT + 1}; this radbench reads up to {FORMAT}: install a newer one"):
        RunFolder(tmp_path).read_run()


@pytest.mark.parametrize("text", ["", "[1]", "3", "null", '{"format": "x"}', '{"format": null}', '{"values": {}}', "[" * 100_000])
def test_a_damaged_summary_is_named_with_what_writes_it_anew(tmp_path: Path, text: str):
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(RunError) as raised:
        RunFolder(tmp_path).read_summary()
    said = str(raised.value)
    assert said.startswith(f"{tmp_path / 'summary.json'} is damaged (")
    assert said.endswith(f"): radbench score {tmp_path} writes it anew")
    assert "object has no" not in said


def test_a_run_that_was_not_scored_is_said_to_be_with_the_command_that_does(tmp_path: Path):
    with pytest.raises(RunError, match=rf"no summary\.json in {tmp_path}: it was not scored yet: radbench score {tmp_path}$"):
        RunFolder(tmp_path).read_summary()
    with pytest.raises(RunError, match=rf"it was not scored so yet: radbench score {tmp_path} --preset rexrank$"):
        RunFolder(tmp_path).read_summary("rexrank")


def test_a_wrong_field_is_named(tmp_path: Path):
    content = run_record().model_dump(mode="json")
    content["settings"]["limit"] = "many"
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(RunError, match=r"run\.json is damaged \(`settings\.limit`: Input should be a valid integer"):
        RunFolder(tmp_path).read_run()


def test_runs_are_found_below_a_folder_in_order_and_shards_are_not_runs(tmp_path: Path):
    for name in ("t2/m/b", "t1/m/a", "t1/m/a/shards/1-of-2"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").write_text("{}")
    assert [folder.path.relative_to(tmp_path).as_posix() for folder in find_runs(tmp_path)] == ["t1/m/a", "t2/m/b"]
    assert [folder.path for folder in find_runs(tmp_path / "t1/m/a")] == [tmp_path / "t1/m/a"]
    assert find_runs(tmp_path / "nowhere") == []


def test_a_folder_is_hidden_by_a_mark_in_it_or_above_it_also_where_a_link_leads_there(tmp_path: Path):
    paths = {name: tmp_path / name for name in ("secret/task/run", "open/marked", "open/run")}
    for path in paths.values():
        path.mkdir(parents=True)
    for marked in ("secret", "open/marked"):
        (tmp_path / marked / HIDDEN).touch()
    paths["open/link"] = tmp_path / "open" / "link"
    paths["open/link"].symlink_to(paths["secret/task/run"])
    assert hidden_among(paths.values()) == {paths[name] for name in ("secret/task/run", "open/marked", "open/link")}
    assert [is_hidden(path) for path in paths.values()] == [True, True, False, True]


def test_each_file_has_a_schema_that_names_its_fields():
    found = schemas()
    assert list(found) == ["run.json", "samples.jsonl", "predictions.jsonl", "summary.json"]
    assert set(found["run.json"]["properties"]) == set(RunRecord.model_fields)
    assert set(found["summary.json"]["properties"]) == set(Summary.model_fields)
    assert set(found["samples.jsonl"]["properties"]) == {one.name for one in fields(SampleRecord)}
    assert set(found["predictions.jsonl"]["properties"]) == {one.name for one in fields(Prediction)}
    assert json.loads(json.dumps(found)) == found


def test_a_record_can_be_copied_with_a_change():
    record = SampleRecord(id="a", position=0)
    assert replace(record, position=4).position == 4
