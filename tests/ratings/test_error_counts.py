"""Readers of error counts, on files of the published shapes with sentences and numbers of our own."""

from __future__ import annotations

import csv
import json
import string
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError
from radbench.ratings._reading import Stated
from radbench.ratings.error_counts import read_chest2error, read_chexprompt, read_radeval_expert, read_radevalx
from radbench.ratings.rexval import read_green, read_rexval
from radbench.ratings.table import ERROR_CATEGORIES, Ratings, rated_items

CANDIDATES = ("radgraph", "bertscore", "s_emb", "bleu")
COUNTS = "6_valid_raters_per_rater_error_categories.csv"
TEXTS = "50_samples_gt_and_candidates.csv"
EXPERT = ("annotator", "type", "ground_truth", "images_path", *(f"{what}{n}" for what in ("prediction", "annotation") for n in (1, 2, 3)))
SCHEMA = ("False prediction", "Omission", "Incorrect location", "Incorrect severity", "Comparison", "Omitted change", "Inarticulate")


def table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def n_errors(study: int, candidate: int, category: int, rater: int, *, is_significant: bool) -> int:
    """Some count that differs with all of these."""
    return (study + 2 * candidate + 3 * category + 5 * rater + 7 * is_significant) % 4


def rexval_counts(folder: Path, studies: int = 3) -> Path:
    rows = [
        (study, name, category, rater, is_significant, n_errors(study, candidate, category, rater, is_significant=is_significant))
        for study in range(studies)
        for candidate, name in enumerate(CANDIDATES)
        for category in range(1, 7)
        for rater in range(6)
        for is_significant in (True, False)
    ]
    header = ("study_number", "candidate_type", "error_category", "rater_index", "clinically_significant", "num_errors")
    return table(folder / COUNTS, header, rows)


def rexval_texts(folder: Path, ids: Sequence[object] = (507, 301, 402)) -> Path:
    rows = [(identity, f"Reference {identity}.", *(f"{name} text {identity}." for name in CANDIDATES)) for identity in ids]
    return table(folder / TEXTS, ("study_id", "gt_report", *CANDIDATES), rows)


def totals(ratings: Ratings, significance: str = "") -> dict[tuple[str, str], list[float]]:
    found = rated_items(ratings, "errors", significance=significance)
    return dict(zip(found.items, found.values.tolist(), strict=True))


def test_rexvals_study_number_is_the_row_of_the_texts_not_their_study_id(tmp_path: Path):
    rexval_counts(tmp_path), rexval_texts(tmp_path)
    found = read_rexval([tmp_path], Stated())
    expected = [sum(n_errors(1, 2, c, rater, is_significant=True) for c in range(1, 7)) for rater in range(6)]
    assert totals(found, "significant")["301", "s_emb"] == expected  # 301 stands in row 1
    texts = {(text.study, text.system): text for text in found.texts}
    assert texts["301", "s_emb"].text == "s_emb text 301."
    assert texts["301", "s_emb"].references == ("Reference 301.",)
    assert (len(found.rows), len(texts), found.access) == (3 * 4 * 6 * 6 * 2, 12, "credentialed")


def test_rexvals_counts_alone_name_studies_by_row_and_say_so(tmp_path: Path):
    found = read_rexval([rexval_counts(tmp_path)], Stated())
    assert {row.study for row in found.rows} == {"0", "1", "2"}
    assert found.texts == ()
    assert "no texts" in found.notes[0]


def test_rexval_names_studies_by_row_where_a_study_id_stands_twice(tmp_path: Path):
    rexval_counts(tmp_path), rexval_texts(tmp_path, (507, 301, 301))
    found = read_rexval([tmp_path], Stated())
    assert {text.study for text in found.texts} == {"0", "1", "2"}
    assert "stands twice" in found.notes[0]


def test_rexvals_study_beyond_the_texts_is_told_with_its_line(tmp_path: Path):
    rexval_counts(tmp_path), rexval_texts(tmp_path, (507, 301))
    with pytest.raises(ContentError, match=rf"{COUNTS}, line \d+, `study_number`: row 2 of the texts' file, which has rows 0 to 1"):
        read_rexval([tmp_path], Stated())


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((0, "bleu", 7, 0, True, 1), "expected an error category from 1 to 6, got `7`"),
        ((0, "bleu", 1, 0, "maybe", 1), "`clinically_significant`: expected true or false, got `maybe`"),
        ((0, "bleu", 1, 0, True, -1), r"`num_errors`: expected a count \(0, 1, 2 ...\), got `-1`"),
        ((0, "blue", 1, 0, True, 1), "the file of texts has no column `blue`"),
    ],
)
def test_a_fault_in_rexvals_counts_is_told(cells: tuple[object, ...], message: str, tmp_path: Path):
    rexval_texts(tmp_path)
    header = ("study_number", "candidate_type", "error_category", "rater_index", "clinically_significant", "num_errors")
    table(tmp_path / COUNTS, header, [cells])
    with pytest.raises(ContentError, match=message):
        read_rexval([tmp_path], Stated())


@pytest.mark.parametrize("suffix", ["", ".1"], ids=["as written", "as pandas renames"])
def test_greens_table_holds_the_same_counts_as_rexval(suffix: str, tmp_path: Path):
    rexval_counts(tmp_path), rexval_texts(tmp_path)
    raters = [str(rater) for rater in range(6)]
    header = ["", "study_number", "origin", "error_category", *raters, "sig_mean_errors", *(f"{r}{suffix}" for r in raters)]
    rows = []
    for study in range(3):
        for candidate, name in enumerate(CANDIDATES):
            for category in range(1, 7):
                halves = [[n_errors(study, candidate, category, r, is_significant=s) for r in range(6)] for s in (True, False)]
                means = [sum(half) / 6 for half in halves]
                rows.append([len(rows), study, name, category, *halves[0], means[0], *halves[1], means[1], sum(means)])
    table(tmp_path / "total_mean_error_radiologist_categories.csv", [*header, "insig_mean_errors", "total_mean_errors"], rows)
    green, rexval = read_green([tmp_path], Stated()), read_rexval([tmp_path], Stated())
    for significance in ("significant", "insignificant"):
        assert totals(green, significance) == totals(rexval, significance)
    assert set(green.texts) == set(rexval.texts)


def chexprompt_line(identity: str, **counts: int | None) -> dict[str, object]:
    half = dict.fromkeys(ERROR_CATEGORIES, 0)
    rating = {"clinically_significant": half | counts, "clinically_insignificant": half}
    return {"id": identity, "reference": "Clear.", "candidate": "Effusion.", "rating": rating}


def test_chexprompts_lines_become_counts_by_a_judge_named_as_the_file(tmp_path: Path):
    lines = [chexprompt_line("s1", omission_finding=2), chexprompt_line("s2")]
    path = tmp_path / "gpt-4.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    found = read_chexprompt([path], Stated())
    assert {row.rater for row in found.rows} == {"gpt-4"}
    assert totals(found) == {("s1", "candidate"): [2], ("s2", "candidate"): [0]}
    assert found.texts[0].references == ("Clear.",)


def test_an_unread_reply_of_a_judge_is_left_out_and_counted_never_zero(tmp_path: Path):
    unread = chexprompt_line("s2") | {"rating": {"clinically_significant": None, "clinically_insignificant": None}}
    half = chexprompt_line("s3", incorrect_location=None)
    path = tmp_path / "judge.jsonl"
    path.write_text("\n".join(map(json.dumps, (chexprompt_line("s1"), unread, half))), "utf-8")
    found = read_chexprompt([path], Stated())
    assert set(totals(found)) == {("s1", "candidate")}
    assert found.notes == ("2 ratings without the counts of all six categories are left out",)


CHEST2ERROR = ("anchor_id", "reference_style", "variant_id", "reference_report", "candidate_report", "rad_error_count", "rad_errors")


def test_chest2errors_pairs_are_rated_against_a_style_of_the_reference(tmp_path: Path):
    listed = [{"category": 2, "criticality": "Critical", "section": "Pleura"}, {"category": 4, "criticality": "Minor", "section": "Lung"}]
    rows = [
        ("a1", "GT-U", "V1", "Free text.", "Candidate.", 2, json.dumps(listed)),
        ("a1", "GT-S", "V1", "- List.", "Candidate.", 0, "[]"),
    ]
    found = read_chest2error([table(tmp_path / "gold.csv", CHEST2ERROR, rows)], Stated())
    assert totals(found, "significant") == {("a1", "V1 vs GT-U"): [1], ("a1", "V1 vs GT-S"): [0]}
    assert totals(found) == {("a1", "V1 vs GT-U"): [2], ("a1", "V1 vs GT-S"): [0]}
    assert [text.references for text in found.texts] == [("Free text.",), ("- List.",)]
    assert found.access == "non-commercial"


@pytest.mark.parametrize(
    ("count", "listed", "message"),
    [
        (3, "[]", r"`rad_error_count` says 3, `rad_errors` lists 0"),
        (0, "none", "`rad_errors`: expected a JSON list"),
        (1, '[{"category": 2, "criticality": "Grave"}]', "`criticality`: expected one of Critical, Minor"),
    ],
)
def test_a_fault_in_chest2error_is_told(count: int, listed: str, message: str, tmp_path: Path):
    path = table(tmp_path / "gold.csv", CHEST2ERROR, [("a1", "GT-U", "V1", "R.", "C.", count, listed)])
    with pytest.raises(ContentError, match=message):
        read_chest2error([path], Stated())


RADEVALX = ("report_id", "error_type", "one", "two", "three", "four", "five", "six", "seven", "eight")


def test_radevalx_has_eight_categories_two_raters_and_blanks_that_are_noted(tmp_path: Path):
    rows = [
        ("r1", "significant", 1, 0, 0, 0, 0, 0, 2, 0),
        ("r1", "significant", 0, 0, 0, 0, 0, 0, 0, ""),
        ("r1", "insignificant", 0, 0, 0, 0, 0, 0, 0, 0),
        ("r1", "insignificant", 0, 1, 0, 0, 0, 0, 0, 0),
    ]
    counts = table(tmp_path / "raters.csv", RADEVALX, rows)
    texts = table(tmp_path / "reports.csv", ("study_id", "ground_truth", "candidate_report"), [("r1", "Clear.", "Nodule.")])
    found = read_radevalx([counts, texts], Stated())
    assert totals(found) == {("r1", "candidate"): [3, 1]}
    assert {row.category for row in found.rows} == {*ERROR_CATEGORIES, "seven", "eight"}
    assert found.notes[0].startswith("1 counts are blank")
    assert "n-th row" in found.notes[1]
    assert found.texts[0].text == "Nodule."
    assert found.access == "open"


def test_radevalx_takes_raters_from_a_column_where_there_is_one(tmp_path: Path):
    rows = [("ann", "r1", "significant", *[1] * 8), ("bob", "r1", "significant", *[0] * 8)]
    found = read_radevalx([table(tmp_path / "raters.csv", ("rater", *RADEVALX), rows)], Stated())
    assert {row.rater for row in found.rows} == {"ann", "bob"}
    assert found.notes == ()


def annotation(significant: Sequence[object], insignificant: Sequence[object] = (0,) * 7) -> str:
    lines = []
    for head, counts in (("significant", significant), ("insignificant", insignificant)):
        lines.append(f"Clinically {head} errors:")
        lines += [f"{n}. {what} of finding: {count}" for n, (what, count) in enumerate(zip(SCHEMA, counts, strict=True), start=1)]
    return "\n".join(lines)


def expert_row(first: str, images: str = "p10/s1") -> tuple[str, ...]:
    clean = annotation((0,) * 7)
    return ("ann", "findings", "Clear lungs.", images, "One.", "Two.", "Three.", first, clean, clean)


def test_radeval_experts_written_counts_are_read_with_the_seventh_category(tmp_path: Path):
    path = table(tmp_path / "study.csv", EXPERT, [expert_row(annotation((1, 0, 0, 2, 0, 0, 1), (0, 3, 0, 0, 0, 0, 0)))])
    found = read_radeval_expert([path], Stated())
    assert totals(found, "significant")["p10/s1 findings", "prediction1"] == [4]
    assert totals(found, "insignificant")["p10/s1 findings", "prediction1"] == [3]
    assert totals(found)["p10/s1 findings", "prediction3"] == [0]
    assert {row.category for row in found.rows if row.value == 1} == {"false_positive_finding", "inarticulate_report"}
    assert found.notes == ()


@pytest.mark.parametrize("cell", [annotation((1, 0, 0, "two", 0, 0, 1)), annotation((1, 0, 0, "", 0, 0, 1)), "", "as above"])
def test_a_malformed_annotation_of_radeval_expert_is_left_out_and_noted(cell: str, tmp_path: Path):
    path = table(tmp_path / "study.csv", EXPERT, [expert_row(cell)])
    found = read_radeval_expert([path], Stated())
    assert {system for _, system in totals(found)} == {"prediction2", "prediction3"}
    assert "`annotation1`: left out, without a readable count of significant" in found.notes[0]


def test_a_study_of_radeval_expert_that_comes_twice_stays_two(tmp_path: Path):
    clean = annotation((0,) * 7)
    path = table(tmp_path / "study.csv", EXPERT, [expert_row(clean), expert_row(clean)])
    found = read_radeval_expert([path], Stated())
    assert {text.study for text in found.texts} == {"p10/s1 findings", "p10/s1 findings 2"}


@given(cell=st.text(string.printable, max_size=300) | st.lists(st.integers(-2, 12), min_size=7, max_size=7).map(annotation))
def test_any_annotation_is_read_whole_or_left_out(cell: str, tmp_path_factory: pytest.TempPathFactory):
    path = table(tmp_path_factory.mktemp("expert") / "study.csv", EXPERT, [expert_row(cell)])
    found = read_radeval_expert([path], Stated())
    read = [row for row in found.rows if row.system == "prediction1"]
    assert len(read) in (0, 14)
    assert len(found.notes) == (not read)
