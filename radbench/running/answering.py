"""Batches of requests put before a loaded model, each ending in a reply: an output or an error, never an exception.

The one place where failures of models are caught, and where the words of models that are not radbench's own are kept from errors on
closed data. A batch that fails as a whole is asked again one by one, so that a single bad sample (unreadable image, too long, out of
memory) does not fail its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

from radbench.errors import ContentError, MissingPackageError, WeightsError, is_own, is_own_part
from radbench.models.base import Annotator, Embedder, Generator, Model, Ranker
from radbench.sample import Reply, Request
from radbench.terms import Access, told, words

_METHODS = {"generate": Generator, "rank": Ranker, "embed": Embedder, "annotate": Annotator}
_FINAL = (ContentError, MissingPackageError, WeightsError)  # errors that are no matter of one batch: nothing else would come back
_UNTOLD: Final = "the model gave an error; its words are not told, for they may quote closed data"


class Exchange(Protocol):
    """Requests handed in and replies taken out as they come, within a `with` block."""

    @property
    def stopped(self) -> str:
        """Why no further request is sent (a budget is spent, a server is gone); "" while all is well."""

    @property
    def remark(self) -> str:
        """What should be said of the run at its end; "" if nothing."""

    def submit(self, key: str, request: Request) -> None:
        """Hand in a request; `key` comes back with its reply."""

    def collect(self) -> Sequence[tuple[str, Reply]]:
        """Replies by key, at least one; none where nothing was handed in, or where `stopped` says why the rest is not sent."""


@runtime_checkable
class Streamer(Protocol):
    """A model that holds many requests at a time, `batch_size` of them, and hands over each reply as it comes."""

    def exchange(self, earlier: Iterable[Reply] = ()) -> AbstractContextManager[Exchange]:
        """An exchange for one run, whose journal holds the `earlier` replies."""


class Batches:
    """Any other model as an exchange: what was handed in is one batch, asked when its replies are wanted."""

    stopped = ""
    remark = ""

    def __init__(self, model: Model, access: Access) -> None:
        self._model, self._access = model, access
        self._batch: dict[str, Request] = {}

    def submit(self, key: str, request: Request) -> None:
        """Add a request to the batch."""
        self._batch[key] = request

    def collect(self) -> Sequence[tuple[str, Reply]]:
        """The replies to the whole batch, in order."""
        batch, self._batch = self._batch, {}
        return list(zip(batch, answer(self._model, list(batch.values()), self._access), strict=True))


def open_exchange(model: Model, earlier: Iterable[Reply], access: Access) -> AbstractContextManager[Exchange]:
    """A model's own exchange where it has one, else its batches; `access` is that of the data in the requests."""
    if not isinstance(model, Streamer):
        return nullcontext(Batches(model, access))
    return _hushed(model.exchange(earlier)) if _may_quote(model, access) else model.exchange(earlier)


@contextmanager
def _hushed(exchange: AbstractContextManager[Exchange]) -> Iterator[Exchange]:
    """An exchange whose words on errors are not told."""
    with exchange as opened:
        yield _Hushed(opened)


class _Hushed:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.submit = exchange.submit

    @property
    def stopped(self) -> str:
        return self._exchange.stopped and _UNTOLD

    @property
    def remark(self) -> str:
        return self._exchange.remark and _UNTOLD

    def collect(self) -> Sequence[tuple[str, Reply]]:
        return [(key, _without_words(reply)) for key, reply in self._exchange.collect()]


def _may_quote(model: Model, access: Access) -> bool:
    """True for a model whose words on errors may quote closed data."""
    return access == "credentialed" and not is_own_part(model)


def _without_words(reply: Reply) -> Reply:
    return reply if reply.error is None else replace(reply, error=_UNTOLD)


def can_answer(model: Model, kind: str) -> bool:
    """True if the model offers this kind of request."""
    return isinstance(model, _METHODS[kind])


def answer(model: Model, requests: Sequence[Request], access: Access = "credentialed") -> list[Reply]:
    """One reply a request, in order, whatever the model does; requests of one batch may be of several kinds.

    Of an error that a model raises on data of this `access` only so much is kept as may be told of them.
    """
    replies: dict[int, Reply] = {}
    for kind in dict.fromkeys(request.kind for request in requests):
        places = [place for place, request in enumerate(requests) if request.kind == kind]
        if can_answer(model, kind):
            found = _answer_kind(model, kind, [requests[place] for place in places], access)
        else:
            found = [Reply(error=f"this model does not {kind}")] * len(places)
        replies.update(zip(places, found, strict=True))
    return [replies[place] for place in range(len(requests))]


def _answer_kind(model: Model, kind: str, requests: Sequence[Request], access: Access) -> list[Reply]:
    method: Callable[[Sequence[Request]], Sequence[Reply]] = getattr(model, kind)
    try:
        replies = list(method(requests))
    except _FINAL as error:
        if is_own(error):
            raise
        raise next(kind for kind in _FINAL if isinstance(error, kind))(words(error, access)) from None
    except Exception as error:  # a model may raise anything; it becomes data
        if len(requests) > 1:
            return [reply for request in requests for reply in _answer_kind(model, kind, [request], access)]
        return [Reply(error=told(error, access))]
    if len(replies) != len(requests):
        return [Reply(error=f"the model gave {len(replies)} replies to {len(requests)} requests")] * len(requests)
    heard = _without_words if _may_quote(model, access) else lambda reply: reply
    return [heard(r) if isinstance(r, Reply) else Reply(error=f"the model gave a {type(r).__name__}, not a Reply") for r in replies]
