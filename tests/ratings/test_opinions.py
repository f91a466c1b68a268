"""Readers of grades and of choices, on files of the published shapes with sentences and numbers of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError
from radbench.ratings._reading import Stated
from radbench.ratings.opinions import read_bagel, read_radpref, read_rate_eval, read_sheet
from radbench.ratings.preferences import read_arena, read_label_studio
from radbench.ratings.table import RatedText, Rating, Scale, rated_items

FIVE = Scale("ordinal", 1, 5)


def document(path: Path, held: object) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(held), "utf-8")
    return path


def radpref_study(identity: str, first: str) -> dict[str, object]:
    second = "gpt" if first == "medgemma" else "medgemma"
    sources = {"C1_source": first, "C2_source": second, "C1_report": f"{first} on {identity}.", "C2_report": f"{second} on {identity}."}
    return {"id": identity, "ground_truth_report": f"Truth {identity}.", "PatientAge": "072Y", **sources}


def mark(rating: object, missing: object = None, found: object = None) -> dict[str, object]:
    return {"rating": rating, "missing_findings": missing or {}, "finding_errors": found or {}}


@pytest.fixture
def radpref(tmp_path: Path) -> Path:
    """Two studies whose candidates come in another order, rated by two raters in another order of studies."""
    document(tmp_path / "preference_data.json", [radpref_study("s1", "gpt"), radpref_study("s2", "medgemma")])
    worse = mark(
        2,
        {"0": {"clinical_significance": "urgent"}, "17": {"clinical_significance": "benign_expected"}},
        {
            "0": {"error_type": "false", "clinical_significance": "not_actionable_not_urgent"},
            "1": {"error_type": "attribute", "attributes": {"location": "significant", "temporal": "negligible"}},
        },
    )
    for user, order in ((1, ("s1", "s2")), (2, ("s2", "s1"))):
        marks = {study: {"C1": worse, "C2": mark(5)} for study in order}
        document(tmp_path / "radiologist_annotations" / f"user_{user}.json", {"user_id": user, "annotations": marks})
    return tmp_path


def test_radprefs_candidates_are_told_by_their_source_not_their_place(radpref: Path):
    found = read_radpref([radpref], Stated())
    quality = rated_items(found, "quality")
    assert quality.items == (("s1", "gpt"), ("s1", "medgemma"), ("s2", "gpt"), ("s2", "medgemma"))
    assert quality.values.tolist() == [[2, 2], [5, 5], [5, 5], [2, 2]]
    assert quality.scale == FIVE
    assert RatedText("s2", "gpt", "gpt on s2.", ("Truth s2.",)) in found.texts
    assert found.access == "non-commercial"


def test_radprefs_findings_are_counted_by_category_and_significance(radpref: Path):
    found = read_radpref([radpref], Stated())
    counts = {(row.category, row.significance): row.value for row in found.rows if row.criterion == "errors" and row.value}
    assert counts == {
        ("omission_finding", "significant"): 1,
        ("omission_finding", "insignificant"): 1,
        ("false_positive_finding", "insignificant"): 1,
        ("incorrect_location", "significant"): 1,
        ("temporal", "insignificant"): 1,
    }
    assert rated_items(found, "errors", significance="significant").values.tolist() == [[2, 2], [0, 0], [0, 0], [2, 2]]


def test_radprefs_files_may_be_named_one_by_one(radpref: Path):
    files = [radpref / "preference_data.json", radpref / "radiologist_annotations" / "user_2.json"]
    assert {row.rater for row in read_radpref(files, Stated()).rows} == {"2"}


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"s9": {}}, "study `s9` is not in preference_data.json"),
        ({"s1": {"C1": mark("good"), "C2": mark(1)}}, "`C1`, `rating`: expected a number, got `good`"),
        ({"s1": {"C2": mark(1)}}, r"`s1`: no `C1`\. There is C2"),
        ({"s1": {"C1": mark(1, {"0": {"clinical_significance": "grave"}}), "C2": mark(1)}}, "expected one of urgent"),
    ],
)
def test_a_fault_in_radpref_is_told_with_its_place(annotations: object, message: str, radpref: Path):
    document(radpref / "radiologist_annotations" / "user_1.json", {"user_id": 1, "annotations": annotations})
    with pytest.raises(ContentError, match=message):
        read_radpref([radpref], Stated())


def test_bagels_items_have_several_references_and_three_criteria(tmp_path: Path):
    item = {"src": "x", "sys_summ": "A pub.", "ref_summs": ["A pub.", "It is a pub."], "scores": {"informativeness": 4.5, "quality": 6}}
    found = read_bagel([document(tmp_path / "bagel.json", {"0": item})], Stated())
    assert found.texts == (RatedText("0", "system", "A pub.", ("A pub.", "It is a pub.")),)
    assert [(row.criterion, row.value) for row in found.rows] == [("informativeness", 4.5), ("quality", 6)]
    assert set(found.scales.values()) == {Scale("interval", 1, 6)}


def test_the_shared_bagel_file_is_read_whole(shared_dir: Path):
    found = read_bagel([shared_dir / "data" / "human_ratings_bagel" / "bagel.json"], Stated())
    informativeness = rated_items(found, "informativeness")
    assert len(informativeness.items) == 404
    assert all(text.references for text in found.texts)


@pytest.fixture
def rate_eval(tmp_path: Path) -> Path:
    (tmp_path / "rate_test.csv").write_text("n,grade\n1,0.5\n2,1\n", "utf-8")
    document(tmp_path / "gt_report_test.json", ["Clear.", "Mass."])
    document(tmp_path / "similar_report_test.json", ["No effusion.", "Nodule."])
    return tmp_path


def test_rate_evals_rows_go_with_texts_by_order_once_the_value_is_named(rate_eval: Path):
    stated = Stated(mapping={"value": "grade"}, scales={"quality": Scale("interval", 0, 1)})
    found = read_rate_eval([rate_eval], stated)
    assert [row.value for row in found.rows] == [0.5, 1]
    assert found.texts[1] == RatedText("1", "system", "Nodule.", ("Mass.",))
    assert found.access == "open"


def test_rate_eval_asks_for_the_column_and_the_scale(rate_eval: Path):
    with pytest.raises(ContentError, match=r"which column holds the rating\? .* the columns: n, grade"):
        read_rate_eval([rate_eval], Stated())
    with pytest.raises(ContentError, match="what do the values of `quality` mean"):
        read_rate_eval([rate_eval], Stated(mapping={"value": "grade"}))


def test_rate_evals_texts_of_another_number_are_refused(rate_eval: Path):
    document(rate_eval / "gt_report_test.json", ["Clear."])
    with pytest.raises(ContentError, match=r"2 texts, gt_report_test\.json 1 references"):
        read_rate_eval([rate_eval], Stated(mapping={"value": "grade"}, scales={"quality": FIVE}))


def test_a_sheet_without_a_scale_is_refused_with_the_sentence_that_asks_for_it(tmp_path: Path):
    path = tmp_path / "ann.csv"
    path.write_text("case,task,RadFM,MedVInT\n1,report,3,1\n2,report,,2\n", "utf-8")
    with pytest.raises(ContentError, match=r"what do the values of `report` mean\? Say it: --scale report=ordinal:1\.\.5"):
        read_sheet([path], Stated())
    found = read_sheet([path], Stated(scales={"report": Scale("ordinal", 0, 5)}))
    rated = [(row.study, row.system, row.rater, row.value) for row in found.rows]
    assert rated == [("1", "RadFM", "ann", 3), ("1", "MedVInT", "ann", 1), ("2", "MedVInT", "ann", 2)]


def test_arena_votes_become_two_rows_with_the_side_shown(tmp_path: Path):
    votes = [
        {"_id": {"$oid": "1"}, "userId": {"$oid": "u1"}, "imageId": "i1.jpg", "choice": "A"},
        {"_id": {"$oid": "2"}, "userId": {"$oid": "u1"}, "imageId": "i2.jpg", "choice": "A"},
        {"_id": {"$oid": "3"}, "userId": {"$oid": "u1"}, "imageId": "i2.jpg", "choice": "B"},
    ]
    cases = tmp_path / "reports.csv"
    cases.write_text('image_id,report_a,report_b\ni1.jpg,"Clear, normal.",Mass.\n', "utf-8")
    found = read_arena([document(tmp_path / "votes.json", votes), cases], Stated())
    assert [(row.study, row.system, row.category, row.value, row.position) for row in found.rows] == [
        ("i1.jpg", "report_a", "report_b", 1, 1),
        ("i1.jpg", "report_b", "report_a", -1, 2),
        ("i2.jpg", "report_a", "report_b", -1, 1),  # the later vote
        ("i2.jpg", "report_b", "report_a", 1, 2),
    ]
    assert found.texts[0] == RatedText("i1.jpg", "report_a", "Clear, normal.")
    assert "cannot be told apart" in found.notes[0]


def test_arena_votes_are_read_from_csv_and_an_unknown_choice_is_told(tmp_path: Path):
    path = tmp_path / "votes.csv"
    path.write_text("timestamp,userId,imageId,choice\n2024,u1,i1,B\n", "utf-8")
    assert [row.value for row in read_arena([path], Stated()).rows] == [-1, 1]
    path.write_text("timestamp,userId,imageId,choice\n2024,u1,i1,both\n", "utf-8")
    with pytest.raises(ContentError, match=r"votes.csv, line 2, `choice`: expected one of A, B, got `both`"):
        read_arena([path], Stated())


def label_studio_task(*results: dict[str, object], **annotation: object) -> dict[str, object]:
    data = {"case": "c1", "first": "m1", "second": "m2", "text1": "One.", "text2": "Two.", "truth": "Three."}
    return {"id": 7, "data": data, "annotations": [{"completed_by": 3, "lead_time": 4.5, "result": list(results), **annotation}]}


PAIR = {"type": "pairwise", "from_name": "pw", "to_name": "text1,text2", "value": {"selected": "right"}}
STARS = {"type": "rating", "from_name": "accuracy", "to_name": "text1", "value": {"rating": 4}}


def test_label_studios_pairs_take_systems_and_texts_from_the_task(tmp_path: Path):
    path = document(tmp_path / "export.json", [label_studio_task(PAIR)])
    named = {"study": "case", "left": "first", "right": "second", "left_text": "text1", "right_text": "text2", "reference": "truth"}
    found = read_label_studio([path], Stated(mapping=named))
    assert [(row.study, row.system, row.category, row.value, row.rater, row.seconds) for row in found.rows] == [
        ("c1", "m1", "m2", -1, "3", 4.5),
        ("c1", "m2", "m1", 1, "3", 4.5),
    ]
    assert found.texts == (RatedText("c1", "m1", "One.", ("Three.",)), RatedText("c1", "m2", "Two.", ("Three.",)))


def test_label_studios_ratings_need_a_scale_and_other_results_are_counted(tmp_path: Path):
    choice = {"type": "choices", "from_name": "why", "value": {"choices": ["style"]}}
    cancelled = label_studio_task(STARS, was_cancelled=True)
    path = document(tmp_path / "export.json", [label_studio_task(STARS, choice, completed_by={"id": 9}), cancelled])
    with pytest.raises(ContentError, match="what do the values of `accuracy` mean"):
        read_label_studio([path], Stated())
    found = read_label_studio([path], Stated(scales={"accuracy": FIVE}))
    assert [(row.study, row.rater, row.criterion, row.value) for row in found.rows] == [("7", "9", "accuracy", 4)]
    assert found.notes == ("1 cancelled annotations are left out", "1 results of type `choices` are left out")


def test_another_export_of_label_studio_is_refused_with_the_one_to_make(tmp_path: Path):
    path = document(tmp_path / "min.json", [{"id": 1, "data": {}, "annotations": "pw"}])
    with pytest.raises(ContentError, match="export as JSON, not as JSON-MIN"):
        read_label_studio([path], Stated())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "data", "annotations", "rating", "value"]), inner),
)


@given(held=JSON)
@pytest.mark.parametrize("reader", [read_bagel, read_label_studio, read_arena])
def test_any_json_is_read_or_refused_in_a_sentence(held: object, reader: object, tmp_path_factory: pytest.TempPathFactory):
    path = document(tmp_path_factory.mktemp("any") / "any.json", held)
    try:
        rows: tuple[Rating, ...] = reader([path], Stated()).rows
    except ContentError:
        rows = ()
    assert all(isinstance(row, Rating) for row in rows)
