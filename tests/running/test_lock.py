"""One writer a folder: who holds the lock, who may take it over, and what a process does that lost it."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bench import wait_for

from radbench.errors import RunError
from radbench.running.lock import BEAT_S, STALE_S, FolderLock


def write_lock(path: Path, *, host: str = socket.gethostname(), pid: int, age_s: float = 0.0) -> None:
    """The lock of another process, last touched some seconds ago."""
    path.write_text(json.dumps({"host": host, "pid": pid, "token": "another"}))
    set_age(path, age_s)


def set_age(path: Path, age_s: float) -> None:
    then = time.time() - age_s
    os.utime(path, (then, then))


def dead_pid() -> int:
    """The pid of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_lock_stands_while_it_is_held_and_is_gone_afterwards(tmp_path: Path):
    path = tmp_path / "new" / "lock"
    with FolderLock(path):
        found = json.loads(path.read_text())
        assert (found["host"], found["pid"]) == (socket.gethostname(), os.getpid())
    assert list(path.parent.iterdir()) == []


def test_a_lock_is_let_go_when_the_block_ends_in_an_error(tmp_path: Path):
    with pytest.raises(KeyError), FolderLock(tmp_path / "lock"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_second_lock_is_refused_with_the_name_of_the_holder(tmp_path: Path):
    path = tmp_path / "lock"
    message = f"process {os.getpid()} on {socket.gethostname()}"
    with FolderLock(path):
        with pytest.raises(RunError, match=message), FolderLock(path):
            pass
        assert path.exists()


def test_the_lock_of_a_dead_process_is_taken_over_at_once_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "lock"
    pid = dead_pid()
    write_lock(path, pid=pid)
    with caplog.at_level(logging.WARNING), FolderLock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert f"took over the lock of a dead process (host {socket.gethostname()}, pid {pid})" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_another_host_is_kept_until_it_is_stale(tmp_path: Path):
    path = tmp_path / "lock"
    write_lock(path, host="elsewhere", pid=dead_pid(), age_s=STALE_S - 5)
    with pytest.raises(RunError, match="on elsewhere"), FolderLock(path):
        pass
    set_age(path, STALE_S + 5)
    with FolderLock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_silent_lock_is_stale_even_where_its_pid_lives_since_pids_are_given_again(tmp_path: Path):
    path = tmp_path / "lock"
    write_lock(path, pid=os.getppid(), age_s=STALE_S - 5)
    with pytest.raises(RunError, match=f"process {os.getppid()} on"), FolderLock(path):
        pass
    set_age(path, STALE_S + 5)
    with FolderLock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"host": '])
def test_a_lock_without_its_owner_is_taken_over_after_one_beat(tmp_path: Path, content: str):
    path = tmp_path / "lock"
    path.write_text(content)
    with pytest.raises(RunError), FolderLock(path):
        pass
    set_age(path, BEAT_S + 5)
    with FolderLock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_process_that_slept_past_its_lock_notices_before_it_writes_and_leaves_the_new_lock_alone(tmp_path: Path):
    path = tmp_path / "lock"
    with FolderLock(path) as slept:
        slept.check()
        set_age(path, STALE_S + 5)
        with FolderLock(path) as quicker:
            with pytest.raises(RunError, match="taken over by another process"):
                slept.check()
            quicker.check()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_in_a_place_that_is_no_folder_is_refused_with_the_reason(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make the lock"), FolderLock(tmp_path / "file" / "lock"):
        pass


def test_of_many_processes_that_find_one_stale_lock_at_once_one_takes_it(tmp_path: Path):
    path = tmp_path / "lock"
    write_lock(path, pid=dead_pid())
    code = (
        "import sys, pathlib\n"
        "from radbench.running.lock import FolderLock\n"
        "from radbench.errors import RunError\n"
        "try:\n"
        "    with FolderLock(pathlib.Path(sys.argv[1])):\n"
        "        sys.stdin.read()\n"  # until the others have tried
        "        print('held')\n"
        "except RunError:\n"
        "    print('refused')\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    crowd = [subprocess.Popen([sys.executable, "-c", code, str(path)], **pipes) for _ in range(5)]
    wait_for(lambda: sum(process.poll() is not None for process in crowd) == 4, "all but one to be refused")
    assert sorted(process.communicate()[0].strip() for process in crowd) == ["held"] + ["refused"] * 4
    assert list(tmp_path.iterdir()) == []
