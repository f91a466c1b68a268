"""What only CSV files can hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from radbench.datasets.csv import Csv
from radbench.errors import ContentError
from radbench.sample import LabelSet, Text


def opened(folder: Path, content: bytes, **options: object) -> Csv:
    (folder / "rows.csv").write_bytes(content)
    return Csv(**{"split": "test", "root": folder, "file": "rows.csv", "columns": {"id": "id", "answer": "a"}} | options)


def test_cells_may_hold_commas_line_breaks_and_quotes_after_a_byte_order_mark(tmp_path: Path) -> None:
    data = opened(tmp_path, b'\xef\xbb\xbfid, a\r\n1,"No effusion,\nno ""nodule""."\r\n\r\n2,[sic]\r\n')
    assert [data[i].references for i in range(2)] == [(Text('No effusion,\nno "nodule".'),), (Text("[sic]"),)]


def test_a_bar_parts_the_items_of_a_list(tmp_path: Path) -> None:
    content = b"l,o,i\nnodule| oedema ,nodule|oedema|mass,a.png|b.png\n"
    columns = {"answer": "l", "options": "o", "image": "i"}
    sample = opened(tmp_path, content, columns=columns, answer_kind="labels")[0]
    assert sample.references == (LabelSet(("nodule", "oedema")),)
    assert sample.options == ("nodule", "oedema", "mass")
    assert [m.path for m in sample.media] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,answer\n1,x\n", r"line 1: column `a`, which the card names, stands 0 times; the header has id, answer"),
        (b"id,a,a\n1,x,y\n", r"line 1: column `a`, which the card names, stands 2 times"),
        (b'id,a\n1,"x\ny"\n2,x,y\n', r"line 4: 3 cells, the header has 2"),
        (b"id,a\n1,\xff\n", r"rows.csv is not in UTF-8: save it as `CSV UTF-8`"),
        ("id,a\n1,Ödem\n".encode("latin-1"), r"rows.csv is not in UTF-8: save it as `CSV UTF-8`"),
        ("id,a\n1,x\n".encode("utf-16"), r"rows.csv is not in UTF-8: save it as `CSV UTF-8`"),
        (b'id,a\n1,"x"y\n', r"line 2: not readable as CSV"),
        (b'"id";"a"\n1;"x, y"\n', r"line 1: its columns are separated by semicolons: save it as `CSV UTF-8` with commas"),
        ("id\ta\n1\tx\n".encode("utf-16"), r"line 1: its columns are separated by tabs"),
        (b"PK\x03\x04\x14\x00", r"rows.csv is a workbook, not CSV: save its sheet as `CSV UTF-8`"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", r"rows.csv is a workbook"),
        (b"", r"the header has no column"),
        (
            b"7,Small left effusion.\n8,Clear.\n",
            r"the header has 2 columns, whose names are more than words: is its first line a header\?$",
        ),
    ],
)
def test_a_file_that_is_not_what_the_card_says_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        opened(tmp_path, content)


def test_headers_that_the_card_does_not_name_may_be_repeated_or_empty(tmp_path: Path) -> None:
    assert opened(tmp_path, b"id,,x,x,a\n1,2,3,4,5\n")[0].references == (Text("5"),)
