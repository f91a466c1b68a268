"""Things kept in memory for as long as what they were made of has not changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock, RLock
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Kept(Generic[KeyT, ValueT]):
    """For each key the last thing made, and the content it was made of; shared by all sessions of the process.

    Two sessions that ask for the same thing at once wait for one making of it. Of more than `most` keys the one that was
    longest not asked for is dropped.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._made: dict[KeyT, tuple[Hashable, ValueT]] = {}
        self._locks: dict[KeyT, RLock] = {}  # re-entrant, since a streamlit script may be stopped and started in one thread
        self._lock = Lock()

    def get(self, key: KeyT, content: Hashable, make: Callable[[], ValueT]) -> ValueT:
        """What was made of this content, else made now; an exception of `make` is not kept."""
        with self._lock:
            lock = self._locks.setdefault(key, RLock())
        with lock:
            found = self._made.pop(key, None)
            if found is None or found[0] != content:
                found = (content, make())
            with self._lock:
                self._made[key] = found
                while len(self._made) > self._most:
                    oldest = next(iter(self._made))
                    del self._made[oldest]
                    self._locks.pop(oldest, None)
        return found[1]

    def holds(self, key: KeyT, content: Hashable) -> bool:
        """True where `get` would make nothing."""
        found = self._made.get(key)
        return found is not None and found[0] == content
