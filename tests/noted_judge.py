"""A judge in the bench's catalogue that writes down what it is asked, and a metric, `noting`, that asks it."""

from __future__ import annotations

import json
from pathlib import Path

from bench import Bench

PLUGIN = """
import os
import time
from pathlib import Path

import numpy as np

from radbench import Reply, Request, SumMetric, Turn, register
from radbench.errors import ContentError
from radbench.metrics.base import Ask, ratio


@register("model", "noted")
class Noted:
    batch_size = 1

    def __init__(self, *, log: Path, endpoint: str | None = None, sleep_s: float = 0, key: str = "", weights: str = "", prices: dict = {}):
        self.log, self.endpoint, self.sleep_s, self.key = log, endpoint, sleep_s, key

    def load(self, reader):
        if self.key and self.key not in os.environ:
            raise ContentError(f"set the environment variable {self.key} to the key")

    def identity(self):
        return {"name": "noted"}

    def generate(self, requests):
        time.sleep(self.sleep_s)
        with self.log.open("a") as file:
            file.writelines(f"{request.turns[0].parts[0]}\\n" for request in requests)
        return [Reply(output="yes") for _ in requests]


@register("metric", "noting")
class Noting(SumMetric):
    name = "noting"
    columns = ("right", "cases")
    annotators = ("judge",)

    def asks(self, case, replies):
        return [] if replies else [Ask("judge", Request(turns=(Turn("user", (case.text,)),)))]

    def row(self, case):
        return np.array([float(case.annotations[0].output == "yes"), 1.0])

    def value(self, sums):
        return {"noting": ratio(sums[:, 0], sums[:, 1])}
"""


def judge(bench: Bench, *, more: str = "", **arguments: object) -> None:
    stated = json.dumps({"log": str(heard(bench)), **arguments})
    (bench.cards / "judge.yaml").write_text(f"title: A judge\nfamily: noted\narguments: {stated}\n{more}")


def heard(bench: Bench) -> Path:
    """Where the judge writes what it is asked."""
    return bench.folder / "judge.log"


def questions(bench: Bench) -> list[str]:
    return heard(bench).read_text().splitlines() if heard(bench).exists() else []
