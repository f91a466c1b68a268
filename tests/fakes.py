"""A model for tests of the runner: queues answers, records what it was asked, fails or waits where it is told to."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from radbench.media import Reader
from radbench.models.base import Example
from radbench.sample import Reply, Request, Vectors


class FakeModel:
    """Gives the queued replies in order, then `answer(request)`; without it, an answer made of the sample's id.

    `errors` maps sample ids to the exception raised for every batch that holds one of them (TransientModelError,
    SampleModelError, MediaError, RuntimeError ...). `asked` holds the batches of requests, in order, failed ones too.
    """

    def __init__(
        self,
        replies: Iterable[str | Reply] = (),
        *,
        answer: Callable[[Request], Reply] | None = None,
        errors: Mapping[str, Exception] | None = None,
        sleep_s: float = 0.0,
        batch_size: int = 4,
        name: str = "fake",
    ) -> None:
        self.batch_size = batch_size
        self.endpoint: str | None = None  # where it would send requests
        self.asked: list[tuple[Request, ...]] = []
        self.learned: list[tuple[Example, ...]] = []
        self.reader: Reader | None = None
        self._queue = deque(Reply(output=reply) if isinstance(reply, str) else reply for reply in replies)
        self._answer = answer or default_answer
        self._errors = dict(errors or {})
        self._sleep_s = sleep_s
        self._name = name

    @property
    def asked_ids(self) -> list[str]:
        """Sample ids in the order asked, over all batches."""
        return [request.sample_id for batch in self.asked for request in batch]

    def load(self, reader: Reader) -> None:
        self.reader = reader

    def learn(self, examples: Sequence[Example]) -> None:
        self.learned.append(tuple(examples))

    def identity(self) -> Mapping[str, object]:
        return {"family": self._name, "version": 1}

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        return self._reply(requests)

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        return self._reply(requests)

    def embed(self, requests: Sequence[Request]) -> Sequence[Reply]:
        return self._reply(requests)

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        return self._reply(requests)

    def _reply(self, requests: Sequence[Request]) -> list[Reply]:
        self.asked.append(tuple(requests))
        time.sleep(self._sleep_s * len(requests))
        for request in requests:
            if request.sample_id in self._errors:
                raise self._errors[request.sample_id]
        return [self._queue.popleft() if self._queue else self._answer(request) for request in requests]


def default_answer(request: Request) -> Reply:
    """Words that name the sample; the first option ranked highest; the unit vectors as embeddings."""
    if request.kind == "rank":
        return Reply(output={option: -float(place) for place, option in enumerate(request.options)})
    if request.kind == "embed":
        return Reply(output=Vectors.of(np.eye(len(request.turns[-1].parts))))
    return Reply(output=f"answer to {request.sample_id}")
