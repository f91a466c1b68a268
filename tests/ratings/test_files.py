"""The long table as CSV, and other tables through a mapping."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError
from radbench.ratings._reading import Stated
from radbench.ratings.files import parse_scale, read_long, read_mapped, write, written
from radbench.ratings.table import RatedText, Rating, Ratings, Scale

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1).map(str.strip).filter(bool)
NUMBERS = st.floats(1, 5)
RATINGS = st.builds(
    Rating,
    study=NAMES,
    system=NAMES,
    rater=NAMES,
    criterion=st.sampled_from(["quality", "errors"]),
    value=NUMBERS,
    category=st.just("") | NAMES,
    significance=st.sampled_from(["", "significant", "insignificant"]),
    seconds=st.none() | st.floats(0, 1e6),
    position=st.none() | st.integers(1, 1000),
    years=st.none() | st.integers(0, 60).map(float),
    subspecialty=st.just("") | NAMES,
)
SCALES = {"quality": Scale("ordinal", 1, 5), "errors": Scale("count", 0, None, lower_is_better=True)}


def file(folder: Path, text: str, name: str = "ratings.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


@given(rows=st.lists(RATINGS, min_size=1, max_size=8))
def test_what_is_written_is_read_back(rows: list[Rating], tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("ratings") / "long.csv"
    write(Ratings(tuple(rows), SCALES, "here"), path)
    found = read_long([path], Stated())
    assert found.rows == tuple(rows)
    assert found.scales == {criterion: SCALES[criterion] for criterion in dict.fromkeys(row.criterion for row in rows)}


def test_texts_are_written_only_if_asked_and_read_back_with_their_references(tmp_path: Path):
    rating = Rating(study="s", system="m", rater="r", criterion="quality", value=3)
    texts = (RatedText("s", "m", 'No "effusion",\nclear.', ("Clear lungs.", "[Normal]")),)
    ratings = Ratings((rating,), SCALES, "here", texts, "open")
    write(ratings, tmp_path / "without.csv")
    write(ratings, tmp_path / "with.csv", with_texts=True)
    assert "effusion" not in (tmp_path / "without.csv").read_text("utf-8")
    assert read_long([tmp_path / "with.csv"], Stated()).texts == texts


def test_the_access_class_is_credentialed_unless_stated(tmp_path: Path):
    path = file(tmp_path, "study,system,rater,criterion,value\ns,m,r,errors,1\n")
    assert read_long([path], Stated()).access == "credentialed"
    assert read_long([path], Stated(access="open")).access == "open"


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("ordinal:1..5", Scale("ordinal", 1, 5)),
        ("interval:-1.5..0.5:lower", Scale("interval", -1.5, 0.5, lower_is_better=True)),
        ("nominal", Scale("nominal")),
        ("preference", Scale("preference")),
        ("count", Scale("count", 0, None, lower_is_better=True)),
    ],
)
def test_a_scale_is_read_and_written(text: str, scale: Scale):
    assert parse_scale(text) == scale
    assert written(scale) == text


@pytest.mark.parametrize("text", ["", "ordinl:1..5", "ordinal:5..1", "ordinal:1-5", "ordinal:1..5:higher", "ordinal:1...5"])
def test_what_is_no_scale_is_refused(text: str):
    with pytest.raises(ContentError, match="is no scale: write nominal, ordinal"):
        parse_scale(text)


def test_a_criterion_without_a_scale_is_refused_with_the_option_to_give(tmp_path: Path):
    path = file(tmp_path, "study,system,rater,criterion,value\ns,m,r,quality,1\n")
    with pytest.raises(ContentError, match=r"what do the values of `quality` mean\? Say it: --scale quality=ordinal:1\.\.5"):
        read_long([path], Stated())
    assert read_long([path], Stated(scales={"quality": Scale("nominal")})).scales == {"quality": Scale("nominal")}


def test_a_value_off_the_scale_is_refused_with_its_line(tmp_path: Path):
    path = file(tmp_path, "study,system,rater,criterion,value,scale\ns,m,r,q,5,ordinal:1..5\nt,m,r,q,6,ordinal:1..5\n")
    with pytest.raises(ContentError, match=r"ratings.csv, line 3: the value 6 of `q` is off its scale ordinal:1\.\.5"):
        read_long([path], Stated())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study,system,rater,criterion,value\ns,m,r,errors,many\n", r"line 2, `value`: expected a number, got `many`"),
        ("study,system,rater,criterion,value\ns,m,r,errors,inf\n", r"line 2, `value`: expected a number"),
        ("study,system,rater,criterion,value\n,m,r,errors,1\n", r"line 2: the `study` is blank"),
        ("study,system,rater,criterion,value\ns,m,r,errors\n", r"line 2: 4 cells, the header has 5"),
        ("study,system,rater,criterion,value,value\n", r"column `value` stands twice"),
        ("study,system,rater,criterion,value,significance\ns,m,r,errors,1,grave\n", "expected significant or insignificant"),
        ('study,system,rater,criterion,value\n"s,m,r,errors,1\n', "not readable as CSV"),
    ],
)
def test_a_fault_is_told_with_file_and_line(text: str, message: str, tmp_path: Path):
    with pytest.raises(ContentError, match=message):
        read_long([file(tmp_path, text)], Stated())


def test_rows_without_a_value_are_left_out_and_counted(tmp_path: Path):
    path = file(tmp_path, "study,system,rater,criterion,value\ns,m,r,errors,1\nt,m,r,errors,\n")
    found = read_long([path], Stated())
    assert [row.study for row in found.rows] == ["s"]
    assert found.notes == ("1 rows without a value are left out",)


def test_a_long_table_is_mapped_with_constants_and_words(tmp_path: Path):
    path = file(tmp_path, "case,who,grade,text,gt\n1,ann,good,Clear.,Normal.\n2,ann,poor,Mass.,Nodule.\n")
    mapping = {
        "study": "case",
        "rater": "who",
        "system": {"value": "mine"},
        "criterion": {"value": "quality"},
        "value": "grade",
        "values": {"good": 2, "poor": 0},
        "scales": {"quality": "ordinal:0..2"},
        "text": "text",
        "reference": "gt",
    }
    found = read_mapped([path], Stated(mapping=mapping))
    assert [(row.study, row.system, row.rater, row.value) for row in found.rows] == [("1", "mine", "ann", 2), ("2", "mine", "ann", 0)]
    assert found.texts[1] == RatedText("2", "mine", "Mass.", ("Nodule.",))


def test_a_wide_table_is_mapped_column_by_column_and_blanks_are_not_rated(tmp_path: Path):
    path = file(tmp_path, "case,model,ann_q,bob_q\n1,m,3,4\n2,m,5,\n")
    mapping = {
        "study": "case",
        "system": "model",
        "columns": {"ann_q": {"rater": "ann", "criterion": "q"}, "bob_q": {"rater": "bob", "criterion": "q"}},
        "scales": {"q": "ordinal:1..5"},
    }
    found = read_mapped([path], Stated(mapping=mapping))
    assert [(row.study, row.rater, row.value) for row in found.rows] == [("1", "ann", 3), ("1", "bob", 4), ("2", "ann", 5)]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"studi": "case"}, r"`studi` is no part of a rating; did you mean `study`\?"),
        ({"study": "case"}, "nothing says what the `system` of a rating is"),
        ({"study": ["case"], "system": "m", "rater": "r", "criterion": "c", "value": "v"}, "`study` expects the name of a column"),
        ({"study": "cas", "system": "m", "rater": "r", "criterion": "c", "value": "v"}, r"no `v`|no `cas`; did you mean `case`"),
        ({"columns": "all"}, "`columns` expects a mapping"),
    ],
)
def test_a_faulty_mapping_is_told(mapping: dict[str, object], message: str, tmp_path: Path):
    with pytest.raises(ContentError, match=message):
        read_mapped([file(tmp_path, "case,m,r,c\n1,a,b,d\n")], Stated(mapping=mapping))


def test_two_versions_of_one_text_are_refused_without_quoting_them(tmp_path: Path):
    lines = "study,system,rater,criterion,value,text,reference\ns,m,a,errors,1,One.,R\ns,m,b,errors,1,Another.,R\n"
    with pytest.raises(ContentError, match="line 3: the text or reference of `m` on `s` is another one") as caught:
        read_long([file(tmp_path, lines)], Stated())
    assert "Another" not in str(caught.value)


@given(held=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_a_sentence(held: bytes, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(b"study,system,rater,criterion,value\n" + held)
    try:
        read_long([path], Stated())
    except ContentError as error:
        message = str(error)
    else:
        message = str(path)
    assert str(path) in message
