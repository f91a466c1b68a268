"""Reports of a user's file: which columns are taken, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from radbench.catalog import Catalog
from radbench.errors import ContentError
from radbench.probing.reports import Report, read_reports


def read(path: Path, text: str) -> tuple[Report, ...]:
    path.write_text(text, "utf-8")
    return read_reports(path, "credentialed", Catalog()).reports


def test_reports_are_read_from_jsonl_and_csv_by_the_names_in_use(tmp_path: Path):
    line = '{"study_id": 7, "findings": "Clear lungs.", "patient": "p1", "more": null}\n'
    assert read(tmp_path / "a.jsonl", line) == (Report("7", "Clear lungs.", "p1"),)
    assert read(tmp_path / "b.csv", 'id,report,findings\nx,"Clear, or so.",no\n') == (Report("x", "Clear, or so."),)
    assert read(tmp_path / "c.csv", "report\nOne.\nTwo.\n") == (Report("1", "One."), Report("2", "Two."))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "Clear.", r"\.jsonl and \.csv"),
        ("a.csv", "id,words\n1,Clear.\n", "expected a column `report`"),
        ("a.csv", "id,report\n1,\n", "the row `1` has no report"),
        ("a.csv", "id,report\n1,One.\n1,Two.\n", "two rows have the id `1`"),
        ("a.csv", "report\n", "holds no report"),
        ("a.jsonl", "[1, 2]\n", "expected a column `report`"),
        ("a.jsonl", "3\n", "neither a JSON object nor"),
        ("a.jsonl", "", "neither a JSON object nor"),
    ],
)
def test_a_file_that_holds_no_reports_is_refused(tmp_path: Path, name: str, text: str, said: str):
    with pytest.raises(ContentError, match=said):
        read(tmp_path / name, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(ContentError, match="there is no such file"):
        read_reports(tmp_path / "none.csv", "open", Catalog())
