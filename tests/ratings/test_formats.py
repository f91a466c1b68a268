"""Formats by name, and by what their files unmistakably hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from radbench.errors import ContentError, UnknownNameError
from radbench.ratings.formats import CLOSED, FORMATS, Stated, read_ratings
from radbench.ratings.table import Scale

LONG = "study,system,rater,criterion,value\ns,m,r,errors,1\n"


def test_every_format_names_a_reader_that_is_there():
    from importlib import import_module

    for known in FORMATS.values():
        module, _, function = known.reader.partition(":")
        assert callable(getattr(import_module(module), function))
        assert known.title


def test_no_file_can_be_of_two_formats_by_their_columns():
    told = [known.columns for known in FORMATS.values() if known.columns]
    assert not [1 for one in told for other in told if one < other]


def test_a_file_is_told_by_its_header(tmp_path: Path):
    path = tmp_path / "anything.csv"
    path.write_text(LONG, "utf-8")
    assert read_ratings(path).rows[0].value == 1


@pytest.mark.parametrize(
    ("name", "held", "fmt"),
    [
        ("a.csv", "report_id,error_type,one,two,three,four,five,six,seven,eight\nr,significant,0,0,0,0,0,0,0,0\n", "radevalx"),
        ("a.json", json.dumps([{"userId": "u", "imageId": "i", "choice": "A"}]), "rexrank-arena"),
        ("a.json", json.dumps({"0": {"sys_summ": "a", "ref_summs": ["b"], "scores": {"quality": 3}}}), "bagel"),
        ("a.jsonl", json.dumps({"id": "a", "candidate": "b", "reference": "c", "rating": None}), "chexprompt"),
        ("a.csv", "case,RadFM\n1,2\n", None),
        ("a.json", "[1, 2]", None),
    ],
)
def test_a_format_is_guessed_only_where_it_is_unmistakable(name: str, held: str, fmt: str | None, tmp_path: Path):
    from radbench.ratings.formats import _guesses

    (tmp_path / name).write_text(held, "utf-8")
    assert _guesses([tmp_path / name]) == ([fmt] if fmt else [])


def test_a_file_that_nothing_tells_is_asked_about(tmp_path: Path):
    (tmp_path / "sheet.csv").write_text("case,RadFM\n1,2\n", "utf-8")
    with pytest.raises(ContentError, match=r"of which format\? \(nothing in it tells\) Say it with --format: long, csv"):
        read_ratings(tmp_path / "sheet.csv")


def test_a_folder_with_two_formats_is_asked_about(tmp_path: Path):
    (tmp_path / "a.csv").write_text(LONG, "utf-8")
    (tmp_path / "b.json").write_text(json.dumps([{"userId": "u", "imageId": "i", "choice": "A"}]), "utf-8")
    with pytest.raises(ContentError, match="it could be long or rexrank-arena"):
        read_ratings(tmp_path)


def test_a_mapping_alone_means_csv(tmp_path: Path):
    (tmp_path / "a.csv").write_text("case,score\n1,2\n", "utf-8")
    constants = {part: {"value": part} for part in ("system", "rater")}
    mapping = {"study": "case", "value": "score", "criterion": {"value": "errors"}, **constants}
    assert read_ratings(tmp_path / "a.csv", stated=Stated(mapping=mapping)).rows[0].study == "1"


def test_a_value_off_its_scale_is_refused_whatever_the_format(tmp_path: Path):
    path = tmp_path / "sheet.csv"
    path.write_text("case,RadFM\n1,5\n2,6\n", "utf-8")
    with pytest.raises(ContentError, match=r"value 6 of `quality` is off its scale ordinal:0..5: rater `sheet`, study `2`, system `RadFM`"):
        read_ratings(path, "sheet", Stated(scales={"quality": Scale("ordinal", 0, 5)}))
    assert read_ratings(path, "sheet", Stated(scales={"quality": Scale("ordinal", 0, 6)})).rows[1].value == 6


def test_a_scale_of_a_criterion_that_is_not_there_is_refused(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(LONG, "utf-8")
    with pytest.raises(ContentError, match=r"--scale: .*a.csv has no `eror`; did you mean `errors`"):
        read_ratings(path, stated=Stated(scales={"eror": Scale("count")}))


def test_what_cannot_be_read_is_told(tmp_path: Path):
    path = tmp_path / "a.csv"
    with pytest.raises(ContentError, match="there is no such file or folder of ratings"):
        read_ratings(path)
    path.write_text("study,system,rater,criterion,value\n", "utf-8")
    with pytest.raises(ContentError, match="holds no rating"):
        read_ratings(path)
    with pytest.raises(ContentError, match="the format csv needs a mapping"):
        read_ratings(path, "csv")
    with pytest.raises(UnknownNameError, match=r"no format of ratings `rexvall`; did you mean `rexval`.*radbench ratings --formats"):
        read_ratings(path, "rexvall")


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_texts_of_credentialed_sources_cannot_be_stated_to_be_open(name: str, tmp_path: Path):
    (tmp_path / "ratings.csv").write_text("a\n1\n")

    with pytest.raises(ContentError, match="are credentialed data"):
        read_ratings(tmp_path / "ratings.csv", name, Stated(access="open"))


def test_a_number_that_is_a_sentence_is_not_quoted(tmp_path: Path):
    (tmp_path / "ratings.csv").write_text("study,system,rater,criterion,value\ns,m,r,quality,Small left effusion\n")

    with pytest.raises(ContentError, match="expected a number, got a text of 19 characters"):
        read_ratings(tmp_path / "ratings.csv", "long")
