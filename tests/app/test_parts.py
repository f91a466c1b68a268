"""What pages are made of: settings, texts, tables, what is kept."""

from __future__ import annotations

import gc
import re
import socket
import threading
import weakref
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bench import Bench
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from radbench.app import tables
from radbench.app.kept import Kept, lasting
from radbench.app.loading import CachedRun, n_hidden, run_folders, stamp
from radbench.app.progress import progress
from radbench.app.settings import VARIABLE, Settings, settings
from radbench.app.texts import plain
from radbench.cli import main
from radbench.errors import ContentError, RunError


@pytest.fixture(autouse=True)
def _fresh_settings():
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_settings_go_through_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    stated = Settings(runs=(tmp_path,), data_dirs={"set": tmp_path / "d"}, boards=("b",), catalog=(tmp_path / "c",), show_closed=True)
    monkeypatch.setenv(VARIABLE, stated.to_json())
    found = settings()
    assert (found.runs, dict(found.data_dirs), found.boards, found.catalog, found.show_closed) == (
        stated.runs,
        {"set": tmp_path / "d"},
        ("b",),
        stated.catalog,
        True,
    )


def test_without_the_variable_runs_of_the_working_folder_are_served_and_closed_data_are_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RADBENCH_CATALOG", "one:two")
    assert settings().runs == (Path("runs"),)
    assert settings().catalog == (Path("one"), Path("two"))
    assert not settings().show_closed


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"runs": 3}'])
def test_a_variable_that_holds_something_else_is_refused(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ContentError, match="start it with `radbench app`"):
        settings()


@given(st.text())
def test_escaped_text_reads_as_itself_in_markdown_and_holds_no_markup(text: str):
    tokens = MarkdownIt("commonmark").parseInline(plain(text))
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "text_special", "softbreak"}
    said = "".join(child.content for child in children if child.type != "softbreak")
    assert said.split() == re.sub(r"[\n\r\t]", " ", text).replace("\0", "\ufffd").split()


class _Reader(HTMLParser):
    """Collects tags and cell texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in {"th", "td"}:
            self.cells.append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in {"th", "td"}

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")), min_size=4, max_size=4), st.text(max_size=9))
def test_a_table_holds_its_texts_and_no_element_of_theirs(texts: list[str], caption: str):
    reader = _Reader()
    reader.feed(tables.html(caption, texts[:2], [[texts[2], tables.Entry(texts[3], shade=0.5)]]))
    reader.close()
    assert reader.cells == texts
    assert reader.tags == {"style", "div", "table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_what_is_kept_is_made_again_when_its_content_changes_and_not_before():
    made: list[int] = []
    kept: Kept[str, int] = Kept()

    def make() -> int:
        made.append(len(made))
        return made[-1]

    assert [kept.get("a", 1, make), kept.get("a", 1, make), kept.get("a", 2, make), kept.get("b", 2, make)] == [0, 0, 1, 2]
    assert kept.holds("a", 2)
    assert not kept.holds("a", 1)


def test_of_too_many_keys_the_one_longest_not_asked_for_goes():
    kept: Kept[str, str] = Kept(most=2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, 0, lambda key=key: key)
    assert [kept.holds(key, 0) for key in ("a", "b", "c")] == [True, False, True]


def test_things_are_dropped_by_their_size_but_never_the_last_one_asked_for():
    kept: Kept[str, str] = Kept(most=5, size=len)
    for text in ("aa", "bb", "c"):
        kept.get(text, 0, lambda text=text: text)
    assert [kept.holds(text, 0) for text in ("aa", "bb", "c")] == [True, True, True]
    kept.get("dd", 0, lambda: "dd")
    assert [kept.holds(text, 0) for text in ("aa", "bb", "c", "dd")] == [False, True, True, True]
    kept.get("enormous", 0, lambda: "enormous")
    assert [kept.holds(text, 0) for text in ("bb", "c", "dd", "enormous")] == [False, False, False, True]


def test_what_is_to_last_is_looked_at_by_no_collection_of_garbage_and_garbage_is_not_kept_with_it():
    class Thing:
        pass

    ring = Thing()
    ring.itself, gone = ring, weakref.ref(ring)  # type: ignore[attr-defined]  # a ring, which only a collection frees
    del ring
    try:
        made = lasting([Thing()])
        assert gone() is None
        assert all(thing is not made[0] for thing in gc.get_objects())
    finally:
        gc.unfreeze()


def test_two_sessions_that_ask_at_once_make_a_thing_once():
    kept: Kept[str, int] = Kept()
    begun, go = threading.Event(), threading.Event()
    made: list[int] = []

    def make() -> int:
        begun.set()
        go.wait(10)
        made.append(1)
        return 7

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(kept.get("a", 0, make))) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert (found, made) == ([7, 7], [1])


def test_an_error_is_not_kept():
    kept: Kept[str, int] = Kept()
    with pytest.raises(RunError):
        kept.get("a", 0, lambda: (_ for _ in ()).throw(RunError("no")))
    assert kept.get("a", 0, lambda: 3) == 3


def test_a_changed_file_has_another_stamp_and_a_missing_one_its_own(tmp_path: Path):
    assert stamp(tmp_path / "none") == (-1, -1)
    (tmp_path / "file").write_text("a")
    before = stamp(tmp_path / "file")
    (tmp_path / "file").write_text("ab")
    assert stamp(tmp_path / "file") != before


def test_progress_counts_whole_lines_of_all_shards(tmp_path: Path):
    bench = Bench(tmp_path / "bench", n=9)
    bench.run("majority")
    folder = CachedRun(bench.only_run().path)
    run = folder.read_run()
    shard = folder.path / "shards" / "1-of-2"
    shard.mkdir(parents=True)
    (shard / "predictions.jsonl").write_text('{"a": 1}\n{"a": ')
    far = progress(folder, run)
    assert (far.n_replies, far.n_wanted) == (10, 9)
    assert far.share == 1.0
    assert far.idle_s is not None


def test_how_many_replies_are_wanted_is_known_from_a_whole_run_that_was_asked_the_same(tmp_path: Path):
    bench = Bench(tmp_path / "bench", n=9)
    bench.run("majority")
    folder = CachedRun(bench.only_run().path)
    whole = folder.read_run()
    going = whole.model_copy(update={"status": "running", "data": whole.data.model_copy(update={"n_samples": None})})
    limited = whole.model_copy(update={"settings": whole.settings.model_copy(update={"limit": 3})})
    other = whole.model_copy(update={"ask_hash": "another task"})

    assert progress(folder, going).n_wanted is None
    assert progress(folder, going, [going, limited, other]).n_wanted is None
    assert progress(folder, going, [going, limited, other, whole]).n_wanted == 9


def test_a_port_that_is_taken_is_refused_with_the_mend(capsys: pytest.CaptureFixture[str]):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SystemExit):
            main(["app", "--port", str(other.getsockname()[1])])
    assert "`--port 0` takes one that is free" in capsys.readouterr().err


def test_a_board_that_there_is_not_is_refused_before_anything_is_served(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["app", "--board", "vqaa", "--port", "0"])
    assert "no board `vqaa`" in capsys.readouterr().err


def test_runs_whose_references_are_hidden_are_not_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("open", "private"):
        (tmp_path / name / "task" / "model" / "0123").mkdir(parents=True)
        (tmp_path / name / "task" / "model" / "0123" / "run.json").write_text("{}")
    (tmp_path / "private" / "hidden.txt").write_text("")
    monkeypatch.setenv(VARIABLE, Settings(runs=(tmp_path,)).to_json())

    assert [folder.path.relative_to(tmp_path).parts[0] for folder in run_folders()] == ["open"]
    assert n_hidden() == 1
