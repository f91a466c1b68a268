"""What only JSONL files can hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from radbench.datasets.jsonl import Jsonl
from radbench.errors import ContentError
from radbench.sample import Text

COLUMNS = {"id": "id", "answer": "a"}


def opened(folder: Path, content: bytes, **options: object) -> Jsonl:
    (folder / "rows.jsonl").write_bytes(content)
    return Jsonl(**{"split": "test", "root": folder, "file": "rows.jsonl", "columns": COLUMNS} | options)


@pytest.mark.parametrize(
    "content",
    [
        b'{"id": "1", "a": "x"}\n{"id": "2", "a": "y"}\n',
        b'{"id": "1", "a": "x"}\n{"id": "2", "a": "y"}',
        b'\xef\xbb\xbf{"id": "1", "a": "x"}\r\n\r\n  \n{"id": "2", "a": "y"}\r\n',
    ],
    ids=["plain", "no last newline", "byte order mark, CRLF and blank lines"],
)
def test_rows_are_found_however_the_lines_end(tmp_path: Path, content: bytes) -> None:
    data = opened(tmp_path, content)
    assert [(data[i].id, data[i].references) for i in range(len(data))] == [("1", (Text("x"),)), ("2", (Text("y"),))]


def test_a_file_without_rows_is_an_empty_split(tmp_path: Path) -> None:
    assert len(opened(tmp_path, b"")) == 0
    assert len(opened(tmp_path, b"\xef\xbb\xbf\n \n")) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id": "2", "a": ', r"rows\.jsonl, line 3: "),
        (b'["2", "x"]', r"rows\.jsonl, line 3: expected a JSON object"),
        (b'{"id": "2", "a": "\xff"}', r"rows\.jsonl, line 3: 'utf-8' codec can't decode"),
        (b'{"id": "2"}', r"rows\.jsonl, line 3: column `a` is missing"),
        (b'{"id": "2", "a": true}', r"rows\.jsonl, line 3: column `a` expects a text or a number, got true or false"),
        (b'{"id": "2", "a": {"b": 1}}', r"rows\.jsonl, line 3: column `a` expects a text or a number, got an object"),
        (b'{"id": ["2"], "a": "x"}', r"rows\.jsonl, line 3: column `id` expects a text or a number, got a list"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_leaves_the_others_readable(tmp_path: Path, line: bytes, message: str) -> None:
    data = opened(tmp_path, b'{"id": "1", "a": "x"}\n\n' + line + b"\n")
    assert data[0].id == "1"
    with pytest.raises(ContentError, match=message):
        data[1]


def test_a_bad_row_is_told_at_once_where_it_hides_its_split(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"line 2: "):
        opened(tmp_path, b'{"id": "1", "s": "test"}\n{"id"\n', columns={"id": "id", "split": "s"})


def test_numbers_are_answers_and_a_bare_nan_is_none(tmp_path: Path) -> None:
    data = opened(tmp_path, b'{"id": 1, "a": 4}\n{"id": 2, "a": NaN}\n{"id": 3, "a": ["four", 4]}\n')
    assert [data[i].references for i in range(3)] == [(Text("4"),), (), (Text("four"), Text("4"))]


def test_an_index_outside_the_split_is_an_index_error(tmp_path: Path) -> None:
    data = opened(tmp_path, b'{"id": "1", "a": "x"}\n')
    for index in (-1, 1):
        with pytest.raises(IndexError):
            data[index]
