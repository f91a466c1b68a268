"""A task on disk for every journey, and a server to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench, rows
from endpoint import Endpoint
from stub_server import StubServer


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "bench")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with StubServer() as server:
        yield server


@pytest.fixture
def endpoint(bench: Bench, stub: StubServer, capsys: pytest.CaptureFixture[str]) -> Endpoint:
    bench.write_rows(rows(12))
    return Endpoint(bench, stub, capsys)
