"""The append-only file: whole lines or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import RunError
from radbench.running.journal import Journal, rewrite


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


@given(content=st.binary(max_size=60) | st.lists(st.sampled_from([b"{}", b"\n", b"\r", b"x"]), max_size=20).map(b"".join))
def test_a_torn_last_line_is_cut_before_anything_is_appended(folder: Path, content: bytes):
    path = folder / "a.jsonl"
    path.write_bytes(content)
    with Journal(path) as journal:
        journal.append(b"new\n")
    assert path.read_bytes() == content[: content.rfind(b"\n") + 1] + b"new\n"


@pytest.mark.parametrize("length", [1 << 16, (1 << 16) + 1, 3 << 16, (3 << 16) - 1])
def test_a_torn_line_longer_than_what_is_read_at_a_time_is_cut_too(tmp_path: Path, length: int):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"whole\n" + b"x" * length)
    with Journal(path):
        assert path.read_bytes() == b"whole\n"


def test_what_was_appended_is_in_the_file_before_it_is_closed(tmp_path: Path):
    path = tmp_path / "new" / "folder" / "a.jsonl"
    with Journal(path) as journal:
        journal.append(b"one\n")
        journal.append(b"two\nthree\n")
        assert path.read_bytes() == b"one\ntwo\nthree\n"


def test_a_place_that_cannot_be_written_is_named_with_the_mend(tmp_path: Path):
    with pytest.raises(RunError, match=f"cannot write {tmp_path}: Is a directory.*run the same command again"):
        Journal(tmp_path)


def test_a_rewritten_journal_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old\n")

    def lines():
        yield b"new\n"
        raise RunError("no more")

    with pytest.raises(RunError, match="no more"):
        rewrite(path, lines())
    assert path.read_bytes() == b"old\n"
    rewrite(path, [b"new\n", b"newer\n"])
    assert path.read_bytes() == b"new\nnewer\n"
    assert list(tmp_path.iterdir()) == [path]
