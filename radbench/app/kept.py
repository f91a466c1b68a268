"""Things kept in memory for as long as what they were made of has not changed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable
from threading import Lock, RLock
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Kept(Generic[KeyT, ValueT]):
    """For each key the last thing made, and the content it was made of; shared by all sessions of the process.

    Two sessions that ask for the same thing at once wait for one making of it. Where the sizes of all things are together more
    than `most`, those longest not asked for are dropped, but never the one asked for last.

    Args:
        most: the sum of sizes.
        size: of a thing, when it is made; each counts as one where nothing is said.
    """

    def __init__(self, most: int = 10_000, size: Callable[[ValueT], int] = lambda _: 1) -> None:
        self._most, self._size = most, size
        self._made: dict[KeyT, tuple[Hashable, ValueT, int]] = {}
        self._locks: dict[KeyT, RLock] = {}  # re-entrant, since a streamlit script may be stopped and started in one thread
        self._lock = Lock()

    def get(self, key: KeyT, content: Hashable, make: Callable[[], ValueT]) -> ValueT:
        """What was made of this content, else made now; an exception of `make` is not kept."""
        with self._lock:
            lock = self._locks.setdefault(key, RLock())
        with lock:
            found = self._made.pop(key, None)
            if found is None or found[0] != content:
                made = make()
                found = (content, made, self._size(made))
            with self._lock:
                self._made[key] = found
                total = sum(size for _, _, size in self._made.values())
                while total > self._most and len(self._made) > 1:
                    oldest = next(iter(self._made))
                    total -= self._made.pop(oldest)[2]
                    self._locks.pop(oldest, None)
        return found[1]

    def holds(self, key: KeyT, content: Hashable) -> bool:
        """True where `get` would make nothing."""
        found = self._made.get(key)
        return found is not None and found[0] == content


def lasting(made: ValueT) -> ValueT:
    """What is large and to be kept: no collection of garbage looks at it again, which would halt all pages, the longer the more is kept."""
    gc.collect()  # what is garbage now would otherwise be kept as well
    gc.freeze()
    return made
