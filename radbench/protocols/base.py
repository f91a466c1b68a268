"""What a protocol is: how a sample becomes a request, and how a reply becomes an answer.

Protocols live one a file: `protocols/<name>.py` holds the class named by the CamelCase of the file's name. The
constructor takes the options of a task card's ask half as keywords. `ask` is deterministic: every draw comes from a
hash of the sample's id. `read` sees a reply's text after reasoning was taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from radbench.sample import Answer, Reply, Request, Sample

History = Sequence[tuple[Sample, Reply]]


class EvaluationProtocol(Protocol):
    """How one kind of task asks and reads."""

    answer_modes: tuple[str, ...]  # of "free", "letter", "ranked": the ways of answering it can ask for

    def ask(self, sample: Sample, *, shots: Sequence[Sample] = (), history: History = ()) -> Request:
        """The request for a sample, after solved examples (`shots`) and after earlier turns of its conversation.

        Raises:
            ContentError: the sample lacks a text or option that this kind of task needs; the message names both.
        """

    def target(self, sample: Sample) -> str:
        """The right reply, written as the request wants it: for shots, and for models that learn."""

    def read(self, sample: Sample, reply: Reply) -> Answer:
        """The answer in a reply that has an output; `Unparsed` with the reason where there is none to be read."""
