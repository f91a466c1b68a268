"""Batches of requests put before a loaded model, each ending in a reply: an output or an error, never an exception.

The one place where failures of models are caught. A batch that fails as a whole is asked again one by one, so that a
single bad sample (unreadable image, too long, out of memory) does not fail its neighbours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from radbench.errors import ContentError, DataError, MissingPackageError, ModelError, WeightsError
from radbench.models.base import Embedder, Generator, Model, Ranker
from radbench.sample import Reply, Request

_METHODS = {"generate": Generator, "rank": Ranker, "embed": Embedder}
_log = logging.getLogger(__name__)


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
    return replies


def _describe(error: Exception) -> str:
    """One line on a failure. Only errors made for people are quoted: others may hold the texts of closed data."""
    if isinstance(error, ModelError | DataError):
        return " ".join(str(error).split())
    _log.debug("a model raised", exc_info=error)
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}" if frame else ""
    return f"{type(error).__name__}{where} (run with --debug for the traceback)"
