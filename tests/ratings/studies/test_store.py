"""The store: what is acknowledged is there, once, and never changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path, PurePosixPath

import pytest

from radbench.errors import ContentError, RunError
from radbench.ratings.studies.local_disk import file_system, kind_in
from radbench.ratings.studies.store import Page, Store

ANSWER = {"scores": {"quality": 3}}


def page(position: int = 1, attempt: int = 0, rater: str = "r1") -> Page:
    return Page(rater=rater, position=position, attempt=attempt, item=f"i{position}", arms=("a1", "b1"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "answers.sqlite", "hash of the study")


def test_an_answer_is_kept_with_all_that_was_shown(tmp_path):
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    Store.create(tmp_path / "a.sqlite", "h")
    store = Store(tmp_path / "a.sqlite", "h", now=lambda: noon)

    assert store.submit(page(), ANSWER, 12.5) == "stored"
    (record,) = store.answers()
    assert (record.rater, record.position, record.item, record.arms, record.answer) == ("r1", 1, "i1", ("a1", "b1"), ANSWER)
    assert (record.seconds, record.time) == (12.5, "2026-03-01T12:00:00.000+02:00")
    assert record.version


def test_the_same_page_sent_twice_is_stored_once(store):
    assert [store.submit(page(), ANSWER, 1.0) for _ in range(3)] == ["stored", "repeated", "repeated"]
    assert len(store.history()) == 1


def test_another_answer_to_an_answered_page_is_not_stored(store):
    store.submit(page(), ANSWER, 1.0)

    assert store.submit(page(), {"scores": {"quality": 1}}, 1.0) == "answered"
    assert [record.answer for record in store.history()] == [ANSWER]


def test_pages_are_answered_in_order(store):
    assert store.submit(page(2), ANSWER, 1.0) == "answered"
    assert store.open_page("r1") == (1, 0)


def test_an_undo_is_a_record_and_opens_the_page_again(store):
    store.submit(page(1), ANSWER, 1.0)
    store.submit(page(2), ANSWER, 1.0)

    assert store.undo(page(2))
    assert store.open_page("r1") == (2, 1)
    assert store.submit(page(2), ANSWER, 1.0) == "repeated"  # a late copy of the answer that was undone changes nothing
    assert store.open_page("r1") == (2, 1)
    assert store.submit(page(2, attempt=1), {"scores": {"quality": 5}}, 1.0) == "stored"
    assert [(r.position, r.attempt, r.kind) for r in store.history()] == [
        (1, 0, "answer"),
        (2, 0, "answer"),
        (2, 0, "undo"),
        (2, 1, "answer"),
    ]
    assert [r.answer["scores"]["quality"] for r in store.answers()] == [3, 5]


def test_only_the_last_answer_is_undone_and_only_once(store):
    store.submit(page(1), ANSWER, 1.0)
    store.submit(page(2), ANSWER, 1.0)

    assert not store.undo(page(1))
    assert [store.undo(page(2)), store.undo(page(2))] == [True, False]
    assert store.undo(page(1))
    assert store.answers() == []


def test_raters_do_not_meet(store):
    store.submit(page(rater="r1"), ANSWER, 1.0)

    assert store.open_page("r2") == (1, 0)
    assert store.submit(page(rater="r2"), ANSWER, 1.0) == "stored"
    assert [record.rater for record in store.answers("r2")] == ["r2"]


def test_records_cannot_be_changed_or_deleted_even_by_hand(store):
    store.submit(page(), ANSWER, 1.0)
    store.log("unblind", by="owner")
    with closing(sqlite3.connect(store.path)) as connection:
        for statement in ("UPDATE records SET seconds = 0", "DELETE FROM records", "UPDATE events SET kind = ''", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="are never"):
                connection.execute(statement)


def test_the_store_writes_ahead_and_waits_for_the_disk(store):
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with store._reading() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_answers_of_another_study_are_refused(store):
    with pytest.raises(ContentError, match="holds the answers of another study"):
        Store(store.path, "another hash")


def test_answers_that_are_gone_are_not_begun_anew(tmp_path):
    with pytest.raises(ContentError, match="are gone"):
        Store(tmp_path / "answers.sqlite", "h")


def test_a_damaged_file_is_an_error_with_its_name(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"no database" * 100)

    with pytest.raises(RunError, match=r"answers\.sqlite"):
        Store(tmp_path / "answers.sqlite", "h")


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "lustre", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_refused_with_the_reason(tmp_path, kind):
    with pytest.raises(ContentError, match=f"network file system \\({kind}\\): SQLite's write-ahead log needs memory shared"):
        Store.create(tmp_path / "answers.sqlite", "h", kind_of=lambda _: kind)


def test_an_existing_store_that_was_moved_to_a_network_is_refused(store):
    with pytest.raises(ContentError, match="network file system"):
        Store(store.path, "hash of the study", kind_of=lambda _: "nfs")


def test_a_run_folder_is_no_place_for_answers(tmp_path):
    (tmp_path / "run.json").write_text("{}")

    with pytest.raises(ContentError, match="is inside the run folder"):
        Store.create(tmp_path / "answers.sqlite", "h")


MOUNTS = [
    r"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    r"30 22 0:40 / /home rw - nfs4 server:/home rw",
    r"31 30 8:2 / /home/local\040disk rw - xfs /dev/sdb1 rw",
    r"32 22 0:41 / /mnt rw - ext4 /dev/sdc1 rw",
    r"33 22 0:42 / /mnt rw - fuse.sshfs server: rw",
    "a line of another kind",
]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/data", "ext4"), ("/home/me", "nfs4"), ("/homestead", "ext4"), ("/home/local disk/x", "xfs"), ("/mnt/x", "fuse.sshfs")],
)
def test_the_nearest_and_newest_mount_above_a_folder_tells_its_kind(folder, kind):
    assert kind_in(MOUNTS, PurePosixPath(folder)) == kind


def test_this_machine_tells_the_kind_of_its_own_folders_or_nothing(tmp_path):
    assert isinstance(file_system(tmp_path), str)
