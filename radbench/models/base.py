"""What a model is: something that can be loaded once and answers batches of requests in one of three ways.

Families live one a file: `models/<name>.py` holds the class named by the CamelCase of the file's name. A family's
constructor takes its arguments as keywords (a model card's `arguments`, `--model-arg k=v`), touches no network and
reads no weights. Nothing needs to be inherited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from radbench.media import Reader
from radbench.sample import Reply, Request

LENGTHS: Final = ("max_completion_tokens", "max_tokens", "max_new_tokens")  # of `generation`: names for the limit of one answer


def output_limit(request: Request, options: Mapping[str, Any]) -> int | None:
    """The most tokens that an answer may take by the options of a model's card and the task's own limit; None where neither says."""
    if request.kind == "rank":
        return 1
    generation = options.get("generation") or {}
    stated = next((limit for name in LENGTHS if isinstance(limit := generation.get(name), int)), None)
    if request.max_new_tokens is None:
        return stated
    wanted = request.max_new_tokens + int(options.get("thinking_tokens") or 0)
    return wanted if stated is None else min(stated, wanted)


@dataclass(frozen=True, slots=True)
class Example:
    """A training item as a model may learn from it: what would be asked, and the right reply."""

    request: Request
    target: str


@runtime_checkable
class Model(Protocol):
    """What every family offers.

    One that sends requests elsewhere holds the address it sends them to as `endpoint`. One that costs nothing to ask, since
    it gives back what others said, has `is_free` set: it is asked to the end even where all its first replies are failures, and neither
    time nor memory is recorded but what its replies state themselves.
    """

    batch_size: int  # how many requests it likes to see at once

    def load(self, reader: Reader) -> None:
        """Get ready to answer: read weights, open clients. `reader` turns the media of requests into arrays."""

    def identity(self) -> Mapping[str, object]:
        """All that decides its answers besides the request, as JSON values: family version, weights, settings.

        Asked after `load` and `learn`. Two models with equal identities give the same answers to the same request.
        """


@runtime_checkable
class Generator(Model, Protocol):
    """Goes on with text."""

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """One reply a request, in order. May raise ModelError or MediaError for the whole batch: the runner asks again
        one by one, so that one bad sample does not fail its neighbours."""


@runtime_checkable
class Ranker(Model, Protocol):
    """Gives a log-likelihood to each option of a request."""

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """One reply a request, `output` an {option: log-likelihood} over all its options."""


@runtime_checkable
class Embedder(Model, Protocol):
    """Gives one vector for each part of a request's last turn."""

    def embed(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """One reply a request, `output` Vectors of shape (number of parts, dimension)."""


@runtime_checkable
class Annotator(Model, Protocol):
    """Finds something in a report: entities, labels, an embedding. Metrics ask it; its class says what comes back."""

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """One reply a request on the text of its last turn: `output` JSON text, {label: class}, or Vectors."""


@runtime_checkable
class Learner(Model, Protocol):
    """Learns from the task's train split before it is asked."""

    def learn(self, examples: Sequence[Example]) -> None:
        """See the training items of one task, forgetting those of the task before."""
