"""A catalogue folder's model for tests that start radbench as a process and kill it: `--catalog tests/data/fake_catalog`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from radbench.catalog import register
from radbench.errors import MediaError, SampleModelError, TransientModelError
from radbench.media import Reader
from radbench.sample import Reply, Request

_ERRORS = {"transient": TransientModelError, "sample": SampleModelError, "media": MediaError, "runtime": RuntimeError}


@register("model", "fake")
class Fake:
    """Answers `text`, or words that name the sample; ranks the first option highest.

    Args:
        text: the answer; "" for `answer to <sample id>`.
        fail_ids: sample ids that fail, by commas; `id=transient`, `id=media` or `id=runtime` choose the exception.
        log: a file to which each sample id asked is appended, one a line, by all processes together.
        die_after: the process kills itself (SIGKILL) when the log comes to hold this many lines, before it answers:
            once, since a second process finds the log longer. 0: never.
        sleep_s: seconds of sleep for each request.
    """

    def __init__(
        self, *, text: str = "", fail_ids: str = "", log: str = "", die_after: int = 0, sleep_s: float = 0.0, batch_size: int = 4
    ) -> None:
        self.batch_size = int(batch_size)
        self.text = text
        self.errors = {name: kind or "sample" for name, _, kind in (one.partition("=") for one in fail_ids.split(",") if one)}
        self.log = log
        self.die_after = int(die_after)
        self.sleep_s = float(sleep_s)
        if self.die_after and not self.log:
            raise ValueError("`die_after` counts the lines of `log`: name a file")

    def load(self, reader: Reader) -> None:
        pass

    def identity(self) -> Mapping[str, object]:
        return {"family": "fake", "version": 1, "text": self.text, "fail_ids": self.errors}

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        self._meet(requests)
        return [Reply(output=self.text or f"answer to {request.sample_id}") for request in requests]

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        self._meet(requests)
        return [Reply(output={option: -float(place) for place, option in enumerate(request.options)}) for request in requests]

    def _meet(self, requests: Sequence[Request]) -> None:
        for request in requests:
            time.sleep(self.sleep_s)
            if self.log:
                self._write(request.sample_id)
        for request in requests:
            if request.sample_id in self.errors:
                kind = self.errors[request.sample_id]
                raise _ERRORS[kind](f"told to fail: {kind}")

    def _write(self, sample_id: str) -> None:
        # O_APPEND: lines of several processes do not overwrite each other
        file = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(file, f"{sample_id}\n".encode())
        os.close(file)
        if self.die_after and Path(self.log).read_bytes().count(b"\n") == self.die_after:
            os.kill(os.getpid(), signal.SIGKILL)
