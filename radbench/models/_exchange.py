"""Many requests on their way to a server at a time, each reply handed over as it comes, within a budget.

A thread of its own runs the event loop, so that it works in notebooks too, and while the runner reads images or writes
its journal. Retries are the client's; what is left here is how many requests are out at a time, and when to stop.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from queue import SimpleQueue
from types import TracebackType
from typing import Final, Self

from radbench.errors import ContentError, MissingPackageError, RadbenchError
from radbench.models._budget import Ledger
from radbench.sample import Reply, Request

_QUIET_S: Final = 1.0  # after a 429: those of requests sent before it say nothing new
_LOST: Final = 8  # connections failed in a row, each with the client's retries, after which a server counts as gone

Send = Callable[[], Awaitable[Reply]]

_log = logging.getLogger(__name__)


class UnreachedError(RadbenchError):
    """No connection could be made, the client's retries spent."""


class StopAskingError(RadbenchError):
    """There is no use in sending more: the run ends as partial, and can go on later."""


class Gate:
    """Lets at most `limit` requests be out at a time: half as many after a 429, then one more with each full round of replies."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self.n_out = 0
        self._quiet_until = 0.0
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.n_out < int(self.limit))
            self.n_out += 1

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.n_out -= 1
        async with self._changed:
            self._changed.notify(2)  # one for the place left, one for a limit that has grown

    def answered(self) -> None:
        """A request was answered."""
        self.limit = min(float(self.most), self.limit + 1 / self.limit)

    def refused(self) -> None:
        """The server said 429."""
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until:
            self.limit = max(1.0, self.limit / 2)
            self._quiet_until = now + _QUIET_S


class Exchange:
    """A conversation with a server, open within a `with` block: requests are submitted, replies collected as they come.

    Args:
        prepare: makes a request ready in a worker thread (images are read there); what it returns sends it.
        client: closed at the end.
    """

    def __init__(
        self,
        prepare: Callable[[Request], Send],
        client: AbstractAsyncContextManager[object],
        *,
        gate: Gate,
        ledger: Ledger,
    ) -> None:
        self._prepare, self._client, self._gate, self._ledger = prepare, client, gate, ledger
        self.stopped = ""  # why nothing more is sent; "" while all is well
        self._fault: RadbenchError | None = None
        self._n_waiting = 0  # submitted and not collected
        self._n_lost = 0  # connections failed since the last reply
        self._is_reached = False
        self._done: SimpleQueue[tuple[str, Reply | None]] = SimpleQueue()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._work, name="requests to a server", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def submit(self, key: str, request: Request) -> None:
        """Send a request as soon as there is room; `key` comes back with its reply."""
        self._n_waiting += 1
        self._loop.call_soon_threadsafe(self._start, key, request)

    def collect(self) -> list[tuple[str, Reply]]:
        """The replies that have come, by key; waits for the first. None at all: nothing is out, or nothing more is sent.

        Raises:
            ContentError: nobody would get a reply with this key, address or model name.
            MissingPackageError: a decoder of images is not installed.
        """
        found: list[tuple[str, Reply]] = []
        while self._n_waiting and not (found and self._done.empty()):
            key, reply = self._done.get()
            self._n_waiting -= 1
            if reply is not None:
                found.append((key, reply))
        if not found and self._fault is not None:
            raise self._fault
        return found

    @property
    def remark(self) -> str:
        """What should be said of the run at its end."""
        return self._ledger.remark

    def _work(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        async with self._client:
            await self._ending.wait()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, key: str, request: Request) -> None:
        task = self._loop.create_task(self._carry(key, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, key: str, request: Request) -> None:
        reply: Reply | None = None
        try:
            reply = await self._carried(request)
        except StopAskingError as error:
            self.stopped = self.stopped or str(error)
        except (ContentError, MissingPackageError) as error:
            self._fault = self._fault or error
        except RadbenchError as error:
            reply = Reply(error=" ".join(str(error).split()))
        except Exception as error:  # a failed request is data; the error's own text may quote it
            _log.debug("a request failed", exc_info=error)
            reply = Reply(error=f"{type(error).__name__} while asking")
        if reply is not None:
            self._ledger.add(reply)
        self._done.put((key, reply))

    async def _carried(self, request: Request) -> Reply | None:
        """The reply; None where it was not sent."""
        if self.stopped or self._fault:
            return None
        send = await self._ready(request)
        async with self._gate:
            if self.stopped or self._fault:
                return None
            if spent := self._ledger.exhausted(self._gate.n_out - 1):
                raise StopAskingError(f"{spent}: the same command with a larger budget goes on from here")
            self._ledger.n_requests += 1
            try:
                reply = await send()
            except UnreachedError as error:
                return self._unreached(error)
            self._gate.answered()
        self._is_reached, self._n_lost = True, 0
        return reply

    async def _ready(self, request: Request) -> Send:
        if all(isinstance(part, str) for turn in request.turns for part in turn.parts):
            return self._prepare(request)
        return await asyncio.to_thread(self._prepare, request)

    def _unreached(self, error: UnreachedError) -> Reply:
        if not self._is_reached:
            raise ContentError(str(error)) from error
        self._n_lost += 1
        if self._n_lost >= _LOST:
            self.stopped = f"the server is gone: {error}; once it is back, the same command goes on from here"
        return Reply(error=str(error))
