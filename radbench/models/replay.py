"""Gives back predictions that some model left in a file, so that they are scored as a run (formats: predictions.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from radbench.errors import ContentError
from radbench.models.predictions import read_predictions
from radbench.records import Prediction
from radbench.sample import Reply, Request, Vectors
from radbench.terms import opened

if TYPE_CHECKING:
    from radbench.media import Reader

_FIELDS: Final = tuple(field.name for field in fields(Reply))


class Replay:
    """Answers each request with the prediction stored for its sample, whatever the request shows.

    A sample without one is a failed sample, and so is one whose prediction is of another kind than asked for (a text
    where option scores are wanted). Of repeated predictions of a journal the first repeat is given.
    """

    batch_size: int = 256
    is_free: bool = True

    def __init__(self, *, file: Path | str) -> None:
        self.file = Path(file)
        self._digest = ""
        self._replies: dict[str, Reply] = {}

    def load(self, reader: Reader) -> None:  # noqa: ARG002 - the contract's; stored predictions look at no image
        """Read the file.

        Raises:
            ContentError: it is not there or holds no readable predictions; see `read_predictions`.
        """
        found = read_predictions(self.file)
        if not found:
            raise ContentError(f"{self.file}: holds no predictions")
        self._replies = {p.sample_id: self._reply(p) for p in found if p.repeat == 0}
        with self.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        for reply in self._replies.values():
            for heat_map in reply.heat_maps:
                digest.update(heat_map.uint8.encode())
        self._digest = digest.hexdigest()

    def _reply(self, stored: Prediction) -> Reply:
        reply = Reply(**{name: getattr(stored, name) for name in _FIELDS})
        if reply.error is None or not stored.key or opened.access != "credentialed":
            return reply
        return replace(reply, error=f"{self.file.name} tells an error in place of a prediction")  # a journal's: whose words, nobody knows

    def identity(self) -> Mapping[str, object]:
        """The digest of the file and of the heat maps it names, wherever they lie."""
        return {"family": "replay", "version": 1, "file_sha256": self._digest}

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The stored texts or boxes."""
        return self._stored(requests, lambda output: not isinstance(output, Mapping | Vectors), "text")

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The stored option scores."""
        return self._stored(requests, lambda output: isinstance(output, Mapping), "option scores")

    def embed(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The stored vectors."""
        return self._stored(requests, lambda output: isinstance(output, Vectors), "vectors")

    def _stored(self, requests: Sequence[Request], fits: Callable[[object], bool], kind: str) -> list[Reply]:
        absent = Reply(error=f"no prediction for this sample in {self.file.name}")
        unfit = Reply(error=f"the prediction for this sample in {self.file.name} holds no {kind}")
        replies = [self._replies.get(request.sample_id, absent) for request in requests]
        return [reply if reply.error is not None or fits(reply.output) else unfit for reply in replies]
