"""A real server, `transformers serve` with a tiny LLaVA made here, asked a task with images; killed and started again on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from socket import socket

import pytest
from bench import command, start, wait_for

from radbench.folder import RunFolder, find_runs

pytestmark = pytest.mark.slow

SERVE = "from transformers.cli.transformers import main; main()"


class Server:
    """`transformers serve` as a process of its own, at one address through all its lives."""

    def __init__(self, weights: Path, log: Path) -> None:
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.weights, self.log = weights, log
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        arguments = [sys.executable, "-c", SERVE, "serve", str(self.weights), "--host", "127.0.0.1", "--port", str(self.port)]
        with self.log.open("ab") as log:
            environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
            self.process = subprocess.Popen([*arguments, "--device", "cpu"], stdout=log, stderr=log, env=environment)
        wait_for(self.is_up, f"the server to answer (its log: {self.log})", timeout_s=180)

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{self.url}/health", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    for package in ("openai", "torch", "transformers", "fastapi", "uvicorn"):
        pytest.importorskip(package, reason=f"needs {package}: pip install 'radbench[test]'")
    from tiny_llava import build

    folder = tmp_path_factory.mktemp("served")
    server = Server(build(folder / "tiny-llava"), folder / "server.log")
    server.start()
    yield server
    server.kill()


def arguments(server: Server, out: Path, n: int, task: str = "demo.vqa", *more: str) -> list[str]:
    options = {"model": server.weights, "endpoint": f"{server.url}/v1", "max_retries": 0, "concurrency": 2}
    stated = [part for name, value in options.items() for part in ("--model-arg", f"{name}={value}")]
    generation = ("--gen", "temperature=0", "--gen", "max_tokens=8")
    return [
        "run",
        "--model",
        "openai",
        "--task",
        task,
        "--limit",
        str(n),
        "--out",
        str(out),
        "--draws",
        "0",
        *stated,
        *generation,
        *more,
        "--json",
    ]


def answered(out: Path) -> list[str]:
    folders = find_runs(out)
    lines = folders[0].predictions.read_bytes().split(b"\n")[:-1] if folders and folders[0].predictions.exists() else []
    return [line["sample_id"] for line in map(json.loads, lines) if "error" not in line]


def texts(folder: RunFolder) -> dict[str, str]:
    lines = map(json.loads, folder.predictions.read_bytes().splitlines())
    return {line["sample_id"]: line["output"] for line in lines if "error" not in line}


def test_a_task_with_images_is_answered_and_a_server_killed_on_the_way_loses_nothing(server: Server, tmp_path: Path):
    whole = command(arguments(server, tmp_path / "whole", 40))
    assert whole.returncode == 0, whole.stderr
    (entry,) = json.loads(whole.stdout)["runs"]
    assert (entry["n_total"], entry["n_scored"], entry["n_failed"]) == (40, 40, 0)

    out = tmp_path / "killed"
    process = start(arguments(server, out, 40))
    wait_for(lambda: len(answered(out)) >= 5, "five answers", timeout_s=60)
    server.kill()
    stdout, stderr = process.communicate(timeout=120)
    before = answered(out)
    assert process.returncode == 1, stderr
    assert json.loads(stdout)["runs"][0]["status"] in {"partial", "complete"}
    assert 5 <= len(before) < 40

    server.start()
    again = command(arguments(server, out, 40))
    assert again.returncode == 0, again.stderr
    (entry,) = json.loads(again.stdout)["runs"]
    assert (entry["n_total"], entry["n_failed"], entry["status"]) == (40, 0, "complete")
    after = answered(out)
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 40
    assert texts(find_runs(out)[0]) == texts(find_runs(tmp_path / "whole")[0])


def test_a_server_that_ignores_likelihoods_is_found_out(server: Server, tmp_path: Path):
    done = command(arguments(server, tmp_path / "ranked", 3, "demo.modality", "--answer", "ranked"))
    (entry,) = json.loads(done.stdout)["runs"]
    assert (done.returncode, entry["n_failed"]) == (1, 3)
    assert "`logprobs` were asked for and none came" in RunFolder(Path(entry["run_dir"])).predictions.read_text()
