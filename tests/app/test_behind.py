"""What is made behind the pages: once for each content, in turn, and nobody waits for it."""

from __future__ import annotations

import subprocess
import sys
from threading import Event

import pytest

from radbench.app.behind import Behind

FAR_S = 30.0  # ends a test that would hang


class Making:
    """Makes a text when it is let go, and notes that it was begun."""

    def __init__(self, text: str) -> None:
        self.text, self.go, self.begun, self.times = text, Event(), Event(), 0

    def __call__(self) -> str:
        self.times += 1
        self.begun.set()
        assert self.go.wait(FAR_S)
        return self.text


def ended(behind: Behind[str, str]) -> None:
    """Wait until all that was asked for before is made: the thread takes one thing after the other."""
    last = Event()
    behind.begin("the last", last, lambda: last.set() or "")
    assert last.wait(FAR_S)


def test_a_thing_is_there_once_it_is_made_and_nobody_waits_for_it():
    behind: Behind[str, str] = Behind()
    making = Making("ranks")
    behind.begin("board", 1, making)
    assert making.begun.wait(FAR_S)
    assert behind.made("board", 1) is None
    assert behind.waited_s("board", 1) > 0
    making.go.set()
    ended(behind)
    assert behind.made("board", 1) == "ranks"


def test_several_who_ask_for_the_same_have_it_made_once():
    behind: Behind[str, str] = Behind()
    making = Making("ranks")
    making.go.set()
    for _ in range(3):
        behind.begin("board", 1, making)
    ended(behind)
    assert making.times == 1


def test_what_waits_is_dropped_when_the_same_is_asked_for_of_newer_content():
    behind: Behind[str, str] = Behind()
    other, old, new = Making("other"), Making("old"), Making("new")
    behind.begin("other board", 1, other)
    assert other.begun.wait(FAR_S)
    behind.begin("board", 1, old)
    behind.begin("board", 2, new)
    for making in (other, old, new):
        making.go.set()
    ended(behind)
    assert (old.times, new.times) == (0, 1)
    assert behind.made("board", 1) is None
    assert behind.made("board", 2) == "new"
    assert behind.made("other board", 1) == "other"


def test_a_fault_is_told_to_who_asks_and_the_next_thing_is_made():
    def fails() -> str:
        raise ValueError("no rows")

    behind: Behind[str, str] = Behind()
    behind.begin("board", 1, fails)
    ended(behind)
    with pytest.raises(ValueError, match="no rows"):
        behind.made("board", 1)


@pytest.mark.parametrize("ends", ["", "import os, signal; os.kill(os.getpid(), signal.SIGINT)"])
def test_a_process_that_is_told_to_end_does_not_wait_for_what_is_being_made(ends: str):
    script = "import time; from radbench.app.behind import Behind; Behind().begin('board', 1, lambda: time.sleep(600)); " + ends
    subprocess.run([sys.executable, "-c", script], timeout=FAR_S, check=False, stderr=subprocess.DEVNULL)
