"""What takes long, made behind the pages: by one thread, one thing after the other, whoever comes and goes meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True, eq=False)
class Work(Generic[ValueT]):
    """Something that is made, or will be."""

    content: Hashable  # what it is made of
    make: Callable[[], ValueT]
    future: Future[ValueT] = field(default_factory=Future)
    asked_s: float = field(default_factory=time.monotonic)


class Behind(Generic[KeyT, ValueT]):
    """For each key the last thing asked for. One that waits is dropped when the same is asked for of other content.

    The thread is a daemon, unlike those of a ThreadPoolExecutor: the process ends when it is told to, whatever is being made.
    """

    def __init__(self) -> None:
        self._asked: dict[KeyT, Work[ValueT]] = {}
        self._queue: SimpleQueue[Work[ValueT]] = SimpleQueue()
        self._thread: Thread | None = None
        self._lock = Lock()

    def begin(self, key: KeyT, content: Hashable, make: Callable[[], ValueT]) -> None:
        """Have something made of this content, unless that was asked for before."""
        with self._lock:
            last = self._asked.get(key)
            if last is not None and last.content == content:
                return
            if last is not None:
                last.future.cancel()
            self._asked[key] = work = Work(content, make)
            self._queue.put(work)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="radbench-behind", daemon=True)
                self._thread.start()

    def made(self, key: KeyT, content: Hashable) -> ValueT | None:
        """What was made of this content; None where it is not there yet, or was never asked for; raises what making it raised."""
        work = self._of(key, content)
        return work.future.result() if work is not None and work.future.done() else None

    def waited_s(self, key: KeyT, content: Hashable) -> float:
        """How long ago it was asked for; 0 where it never was."""
        work = self._of(key, content)
        return time.monotonic() - work.asked_s if work is not None else 0.0

    def _of(self, key: KeyT, content: Hashable) -> Work[ValueT] | None:
        work = self._asked.get(key)
        return work if work is not None and work.content == content else None

    def _run(self) -> None:
        while True:
            work = self._queue.get()
            if not work.future.set_running_or_notify_cancel():
                continue
            try:
                work.future.set_result(work.make())
            except BaseException as error:  # told to those who ask for it; the thread goes on
                work.future.set_exception(error)
