"""The bench's task asked of a stub server by `radbench run`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bench import TASK, Bench
from stub_server import StubServer

from radbench.cli import main


class Endpoint:
    """The bench's task asked of a stub through `radbench run`, in this process."""

    def __init__(self, bench: Bench, stub: StubServer, capsys: pytest.CaptureFixture[str]) -> None:
        self.bench, self.stub, self._capsys = bench, stub, capsys

    def command(self, *more: str, **options: object) -> list[str]:
        stated = {"model": "stub", "endpoint": self.stub.url, "max_retries": 2, "timeout_s": 5, **options}
        return [
            *("run", "--model", "openai", "--task", TASK, "--catalog", str(self.bench.cards), "--data-dir", f"jsonl={self.bench.data}"),
            *("--out", str(self.bench.out), "--draws", "0", "--json"),
            *(part for name, value in stated.items() for part in ("--model-arg", f"{name}={value}")),
            *more,
        ]

    def run(self, *more: str, **options: object) -> tuple[int, dict[str, Any], str]:
        """Exit status, the JSON entry of the run ({} where there is none), stderr."""
        status = 0
        try:
            main(self.command(*more, **options))
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        out, err = self._capsys.readouterr()
        return status, json.loads(out)["runs"][0] if out else {}, err

    def predictions(self) -> dict[str, dict[str, Any]]:
        """The journal's last line of each sample."""
        lines = self.bench.only_run().predictions.read_bytes().splitlines()
        return {line["sample_id"]: line for line in map(json.loads, lines)}


def counted(entry: dict[str, Any]) -> dict[str, int]:
    """The counts that are not zero."""
    return {name[2:]: n for name, n in entry.items() if name.startswith("n_") and n}
