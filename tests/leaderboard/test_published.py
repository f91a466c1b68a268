"""Published rows: read as stated, shown beside our numbers, never ranked with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.catalog import Catalog
from radbench.catalog.cards import BoardCard
from radbench.errors import ContentError
from radbench.leaderboard.board import build
from radbench.leaderboard.printing.markdown import markdown
from radbench.leaderboard.published import COLUMNS, read_published

ROW = {
    "model": "Model A",
    "task": "report_generation",
    "dataset": "Some set",
    "split": "test",
    "metric": "BLEU",
    "value": "12.5",
    "unit": "percent",
    "source": "a paper",
}


def written(path: Path, *rows: dict[str, str]) -> Path:
    lines = [",".join(COLUMNS), *(",".join({**ROW, **row}.get(name, "") for name in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def card(folder: Path, *rows: dict[str, str], **column: object) -> BoardCard:
    written(folder / "rows.csv", *rows)
    columns = [{"task": "not.yet", "title": "BLEU", "published": {"metric": "BLEU"}, **column}]
    return BoardCard.model_validate({"name": "b", "title": "B", "columns": columns, "rows": "rows.csv", "file": folder / "b.yaml"})


def test_percent_becomes_a_fraction_and_what_is_not_said_is_unstated(tmp_path: Path) -> None:
    (row,) = read_published(written(tmp_path / "rows.csv", {"low": "11", "high": "14"}))

    assert (row.scaled, row.interval, row.n, row.protocol, row.exposure) == (0.125, (0.11, 0.14), "unstated", "unstated", "unstated")
    assert row.line == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"value": ""}, r"rows\.csv:2: column `value` is empty"),
        ({"value": "high"}, r"rows\.csv:2: column `value`: expected a number, got `high`"),
        ({"value": "nan"}, r"rows\.csv:2: column `value`: expected a number"),
        ({"model": ""}, r"rows\.csv:2: column `model` is empty"),
        ({"source": ""}, r"rows\.csv:2: column `source` is empty"),
        ({"note": "one,two"}, r"rows\.csv:2: expected 15 cells"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, row: dict[str, str], said: str) -> None:
    with pytest.raises(ContentError, match=said):
        read_published(written(tmp_path / "rows.csv", row))


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(",".join(COLUMNS).replace("metric", "metrics") + "\n")

    with pytest.raises(ContentError, match=r"rows\.csv:1: no column `metric`.*metrics"):
        read_published(path)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_bytes(",".join(COLUMNS).encode() + b"\n" + content)

    said, rows = "", []
    try:
        rows = read_published(path)
    except ContentError as error:
        said = str(error)
    assert all(row.model and row.metric and row.source for row in rows)
    assert bool(rows) or not said or str(path) in said


def test_reports_have_lines_of_their_own_without_rank_or_mark(tmp_path: Path) -> None:
    board = build(card(tmp_path, {}, {"model": "Model B", "value": "30", "protocol": "elsewhere"}), [], Catalog())

    assert [(line.name, line.kind) for line in board.lines] == [("Model B (elsewhere)", "reported"), ("Model A", "reported")]
    for _, cell in board.column(0):
        assert (cell.rank, cell.order, cell.is_comparable) == (None, None, False)
    assert "reported, not reproduced, and not ranked: a paper" in markdown(board)


def test_where_less_is_better_the_least_report_comes_first(tmp_path: Path) -> None:
    board = build(card(tmp_path, {}, {"model": "Model B", "value": "30"}, lower_is_better=True), [], Catalog())

    assert [line.name for line in board.lines] == ["Model A", "Model B"]
    assert board.lower_is_better(0)


def test_a_row_reported_twice_is_shown_once_and_told(tmp_path: Path) -> None:
    board = build(card(tmp_path, {}, {"value": "13.5", "source": "another paper"}), [], Catalog())

    (line,) = board.lines
    assert line.cells[0] is not None
    assert line.cells[0].value == 0.125
    assert any("reported twice: 0.125 is shown, 0.135 (another paper) is not" in note for note in board.notes)


def test_every_shipped_file_of_rows_can_be_read_and_belongs_to_a_board() -> None:
    catalog = Catalog()
    for name in catalog.names("leaderboards"):
        found = catalog.board(name)
        for column in found.columns:
            if column.published:
                rows = [row for file in found.rows for row in read_published((found.file or Path()).parent / file)]
                assert any(row.fits(column.published) for row in rows), f"{name}: {column.name}"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        ("1.5", "raw", "1.5"),
        ("0.63", "fraction", "0.63"),
        ("0.630", "fraction", "0.630"),
        ("71", "percent", "0.71"),
        ("0.24812", "fraction", "0.248"),
    ],
)
def test_no_digit_is_shown_that_the_source_does_not_print(tmp_path: Path, value: str, unit: str, shown: str) -> None:
    found = build(card(tmp_path, {"value": value, "unit": unit}), [], Catalog())

    assert f"| *{shown}* |" in markdown(found)
