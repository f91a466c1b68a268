"""Many requests on their way to a server at a time, each reply handed over as it comes, within a budget.

A thread of its own runs the event loop, so that it works in notebooks too, and while the runner reads images or writes
its journal. Retries are the client's; what is left here is how many requests are out at a time, and when to stop.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from queue import SimpleQueue
from types import TracebackType
from typing import Final, Self

from radbench.errors import ContentError, MissingPackageError, RadbenchError, where_raised
from radbench.models._budget import Ledger, Size
from radbench.sample import Reply, Request, Tokens

_QUIET_S: Final = 1.0  # after a 429: those of requests sent before it say nothing new
_PATIENCE: Final = 8  # requests unheard in a row, each with the client's retries, after which nobody is asked further

_UNMEASURED: Final = Size(0, None)

Send = Callable[[], Awaitable[Reply]]

_log = logging.getLogger(__name__)


class UnheardError(RadbenchError):
    """The server hears no request, as far as this one tells: no connection, a key that is refused, no such model.

    Where none was heard before, the command ends with its message. Else it fails its request, and with the last of `patience`
    in a row the run stops as partial: a gateway may refuse one prompt with 403, while a server that is gone fails all.
    """

    def __init__(self, message: str, *, patience: int = _PATIENCE) -> None:
        super().__init__(message)
        self.patience = patience


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
        measure: the size of a request, for budgets.
        client: closed at the end.
    """

    def __init__(
        self,
        prepare: Callable[[Request], Send],
        client: AbstractAsyncContextManager[object],
        *,
        measure: Callable[[Request], Size],
        gate: Gate,
        ledger: Ledger,
    ) -> None:
        self._prepare, self._client, self._measure, self._gate, self._ledger = prepare, client, measure, gate, ledger
        self.stopped = ""  # why nothing more is sent; "" while all is well
        self._fault: RadbenchError | None = None
        self._n_waiting = 0  # submitted and not collected
        self._n_unheard = 0  # requests since the last one that was heard
        self._is_heard = False
        self._submitted: deque[tuple[str, Request]] = deque()
        self._is_called = False  # the loop will look at what was submitted
        self._done: SimpleQueue[tuple[str, Reply | None]] = SimpleQueue()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._settled = asyncio.Event()  # set whenever a request no longer holds a part of the budget
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
        self._submitted.append((key, request))
        if not self._is_called:  # waking the loop for each request anew costs more than what radbench else does with it
            self._is_called = True
            self._loop.call_soon_threadsafe(self._start)

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

    def _start(self) -> None:
        self._is_called = False  # before they are taken: what is submitted from now on calls again
        while self._submitted:
            task = self._loop.create_task(self._carry(*self._submitted.popleft()))
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
        except Exception as error:  # a failed request is data; the error's own text may quote it, so no log has it either
            _log.debug("a request failed: %s", where_raised(error))
            reply = Reply(error=f"{type(error).__name__} while asking")
        finally:
            self._settled.set()
        self._done.put((key, reply))

    async def _carried(self, request: Request) -> Reply | None:
        """The reply; None where it was not sent."""
        if self.stopped or self._fault:
            return None
        send = await self._ready(request)
        async with self._gate:
            taken = await self._reserved(request)
            if taken is None:
                return None
            reply: Reply | None = None
            try:
                reply = await send()
                self._is_heard, self._n_unheard = True, 0
                self._gate.answered()
            except UnheardError as error:
                reply = self._unheard(error)
            finally:
                self._ledger.settle(taken, reply)
        return reply

    async def _reserved(self, request: Request) -> Tokens | None:
        """What the budget puts aside for a request, once there is room for it; None where nothing more is sent."""
        size = self._measure(request) if self._ledger.is_metered else _UNMEASURED
        while not (self.stopped or self._fault):
            taken = self._ledger.reserve(size)
            if taken is not None:
                return taken
            if not self._ledger.n_out:
                raise StopAskingError(f"{self._ledger.spent}: the same command with a larger budget goes on from here")
            self._settled.clear()
            await self._settled.wait()
        return None

    async def _ready(self, request: Request) -> Send:
        if all(isinstance(part, str) for turn in request.turns for part in turn.parts):
            return self._prepare(request)
        return await asyncio.to_thread(self._prepare, request)

    def _unheard(self, error: UnheardError) -> Reply | None:
        if not self._is_heard:
            raise ContentError(str(error)) from error
        self._n_unheard += 1
        if self._n_unheard < error.patience:
            return Reply(error=str(error))
        self.stopped = self.stopped or f"{error}; then the same command goes on from here"
        return None
