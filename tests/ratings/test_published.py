"""Every published value has a source, and says how certain it is or that this is unstated."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import radbench
from radbench.catalog import Catalog
from radbench.errors import ContentError
from radbench.ratings.published import UNSTATED, agreement_of, published

FILE = Path(radbench.__file__).parent / "ratings" / "published.csv"
COLUMNS = ["what", "name", "statistic", "value", "low", "high", "interval", "n_items", "n_raters", "source", "note"]
METRIC, CEILING, SYSTEM = "metric against radiologists", "ceiling", "radiologists' rating of a system"


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_has_its_columns_and_no_blank_but_in_notes():
    assert list(rows()[0]) == COLUMNS
    assert [row for row in rows() if not all(row[column] for column in COLUMNS if column != "note")] == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['name']}: {row['statistic']}")
def test_a_row_holds_what_its_columns_promise(row: dict[str, str]):
    assert row["what"] in {METRIC, CEILING, SYSTEM}
    numbers = {column: None if row[column] == UNSTATED else float(row[column]) for column in ("value", "low", "high")}
    assert (numbers["low"] is None) == (numbers["high"] is None) == (row["interval"] == UNSTATED)
    assert numbers["value"] is not None or numbers["low"] is not None
    if numbers["low"] is not None:
        assert numbers["low"] <= (numbers["low"] if numbers["value"] is None else numbers["value"]) <= numbers["high"]
    if row["statistic"].startswith(("Kendall", "Pearson", "correlation")):
        assert all(-1 <= number <= 1 for number in numbers.values() if number is not None)
    if row["statistic"].startswith("mean human rating") and row["interval"] != UNSTATED:
        assert numbers["high"] - numbers["low"] == pytest.approx(0.2)  # read off a chart, 0.1 either way
        assert 0 <= numbers["value"] <= 3  # its axis
    for column in ("n_items", "n_raters"):
        assert row[column] == UNSTATED or int(row[column]) > 0


def test_no_value_is_published_twice():
    keys = [(row["name"], row["statistic"], row["source"], row["note"]) for row in rows()]
    assert len(set(keys)) == len(keys) == len(published())


def test_the_reader_gives_every_row():
    for found, row in zip(published(), rows(), strict=True):
        assert (found.what, found.name, found.statistic, found.source) == (row["what"], row["name"], row["statistic"], row["source"])
        assert found.value == (None if row["value"] == UNSTATED else float(row["value"]))


def test_agreement_is_found_by_the_name_of_a_metrics_value():
    assert [one.value for one in agreement_of("rougeL")] == [0.444, 0.419, 67]
    assert [one.value for one in agreement_of("grad")] == [0.55]
    assert agreement_of("radiologist") == []


def test_chexprompt_stands_beside_the_radiologist_left_out():
    (judge,) = agreement_of("grad")
    (person,) = [one for one in published() if one.what == CEILING and one.statistic == judge.statistic]
    assert (judge.value, person.value) == (0.55, 0.71)


def test_names_of_metrics_are_those_that_radbench_gives():
    known = set(Catalog().names("metrics")) | {"rougeL", "rouge1", "rouge2", "bleu-1", "bleu-2", "bleu-4", "length", "length_difference"}
    assert {one.name for one in published() if one.what == METRIC} <= known


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("unstated,unstated,unstated,unstated", "expected a value, or low and high"),
        ("0.5,0.4,unstated,range", "expected a value, or low and high"),
        ("0.5,0.6,0.7,range", "expected low <= value <= high"),
    ],
)
def test_a_row_that_says_too_little_is_refused(cells: str, message: str, tmp_path: Path):
    path = tmp_path / "published.csv"
    path.write_text(f"{','.join(COLUMNS)}\nceiling,radiologist,tau,{cells},unstated,unstated,here,\n", "utf-8")
    with pytest.raises(ContentError, match=message):
        published(path)
