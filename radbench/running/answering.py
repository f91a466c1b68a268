"""Batches of requests put before a loaded model, each ending in a reply: an output or an error, never an exception.

The one place where failures of models are caught. A batch that fails as a whole is asked again one by one, so that a
single bad sample (unreadable image, too long, out of memory) does not fail its neighbours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, runtime_checkable

from radbench.errors import ContentError, DataError, MissingPackageError, ModelError, WeightsError, where_raised
from radbench.models.base import Annotator, Embedder, Generator, Model, Ranker
from radbench.sample import Reply, Request

_METHODS = {"generate": Generator, "rank": Ranker, "embed": Embedder, "annotate": Annotator}
_log = logging.getLogger(__name__)


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

    def __init__(self, model: Model) -> None:
        self._model = model
        self._batch: dict[str, Request] = {}

    def submit(self, key: str, request: Request) -> None:
        """Add a request to the batch."""
        self._batch[key] = request

    def collect(self) -> Sequence[tuple[str, Reply]]:
        """The replies to the whole batch, in order."""
        batch, self._batch = self._batch, {}
        return list(zip(batch, answer(self._model, list(batch.values())), strict=True))


def open_exchange(model: Model, earlier: Iterable[Reply]) -> AbstractContextManager[Exchange]:
    """A model's own exchange where it has one, else its batches."""
    return model.exchange(earlier) if isinstance(model, Streamer) else nullcontext(Batches(model))


def can_answer(model: Model, kind: str) -> bool:
    """True if the model offers this kind of request."""
    return isinstance(model, _METHODS[kind])


def answer(model: Model, requests: Sequence[Request]) -> list[Reply]:
    """One reply a request, in order, whatever the model does; requests of one batch may be of several kinds."""
    replies: dict[int, Reply] = {}
    for kind in dict.fromkeys(request.kind for request in requests):
        places = [place for place, request in enumerate(requests) if request.kind == kind]
        if can_answer(model, kind):
            found = _answer_kind(getattr(model, kind), [requests[place] for place in places])
        else:
            found = [Reply(error=f"this model does not {kind}")] * len(places)
        replies.update(zip(places, found, strict=True))
    return [replies[place] for place in range(len(requests))]


def _answer_kind(method: Callable[[Sequence[Request]], Sequence[Reply]], requests: Sequence[Request]) -> list[Reply]:
    try:
        replies = list(method(requests))
    except (ContentError, MissingPackageError, WeightsError):
        raise  # no matter of this batch: nothing else would come back
    except Exception as error:  # a model may raise anything; it becomes data
        if len(requests) > 1:
            return [reply for request in requests for reply in _answer_kind(method, [request])]
        return [Reply(error=_describe(error))]
    if len(replies) != len(requests):
        return [Reply(error=f"the model gave {len(replies)} replies to {len(requests)} requests")] * len(requests)
    return [r if isinstance(r, Reply) else Reply(error=f"the model gave a {type(r).__name__}, not a Reply") for r in replies]


def _describe(error: Exception) -> str:
    """One line on a failure. Only errors made for people are quoted: others may hold the texts of closed data."""
    if isinstance(error, ModelError | DataError):
        return " ".join(str(error).split())
    _log.debug("a model raised", exc_info=error)
    return where_raised(error)
