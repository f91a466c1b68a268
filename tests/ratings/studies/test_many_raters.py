"""Sixteen raters at once, some of them killed: no acknowledged answer is lost, none is doubled.

A rater is a process that answers page after page, notes each acknowledged answer, and begins again when it was killed.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest
from rating_studies import material

from radbench.ratings.studies.desk import Desk
from radbench.ratings.studies.export import Opened
from radbench.ratings.studies.store import Store

FORK = multiprocessing.get_context("fork")  # sixteen interpreters would take longer to start than the test
RATERS = [f"r{i}" for i in range(16)]
SLOWLY_S = 0.18  # twice the mean pause with which 132 pages take twelve seconds on a machine of any speed, so that many raters are killed


def note(acknowledged: Path, rater: str, position: int, score: int) -> None:
    with (acknowledged / rater).open("a") as file:
        file.write(f"{position} {score}\n")


def rate_in_store(path: Path, rater: str, acknowledged: Path, pause_s: float) -> None:
    """Answer until all is answered; every tenth answer is undone and given again, and every answer is sent twice."""
    opened, rng = Opened.at(path), Random(os.getpid())
    desk = Desk(opened.study, opened.store, rater)
    while (shown := desk.current()) is not None:
        page, score = shown.page, rng.randint(1, 5)
        for _ in range(2):
            outcome = desk.submit(page.position, page.attempt, {"score.quality": str(score)}, 1.0)
            assert outcome in {"stored", "repeated"}
        note(acknowledged, rater, page.position, score)
        if rng.random() < 0.1 and desk.undo(page.position, page.attempt):
            note(acknowledged, rater, page.position, 0)
        time.sleep(rng.random() * pause_s)


def rate_over_http(port_file: Path, links: dict[str, str], rater: str, acknowledged: Path, pause_s: float) -> None:
    """The same through the web pages; a server that is gone for a moment is asked again."""
    home, rng = f"/r/{links[rater]}/", Random(os.getpid())

    def ask(method: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", int(port_file.read_text()), timeout=10)
                connection.request(method, home, urlencode(form) if form else None)
                reply = connection.getresponse()
                return reply.status, reply.read().decode() if method == "GET" else str(reply.getheader("location"))
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    while "Thank you" not in (page := ask("GET")[1]):
        form = dict(re.findall(r'name="(position|attempt)" value="(\d+)"', page[page.index('id="answer"') :]))
        score = rng.randint(1, 5)
        outcomes = {ask("POST", {**form, "score.quality": str(score)}) for _ in range(2)}
        if outcomes == {(303, "./?notice=answered")}:
            continue  # what was on its way when this rater was killed came in after the page was asked for: it stands
        assert outcomes == {(303, "./")}, outcomes
        note(acknowledged, rater, int(form["position"]), score)
        time.sleep(rng.random() * pause_s)


def run_and_kill(start: Callable[[str], BaseProcess], every_s: float, limit_s: float) -> int:
    """Start all raters, kill one every so often and start it again, until all are done; how many were killed."""
    rng, running, n_killed = Random(0), {rater: start(rater) for rater in RATERS}, 0
    began = time.monotonic()
    try:
        while time.monotonic() - began < limit_s:
            time.sleep(every_s)
            alive = [rater for rater, process in running.items() if process.is_alive()]
            if not alive:
                break
            victim = running[rater := rng.choice(alive)]
            os.kill(victim.pid, signal.SIGKILL)
            victim.join()
            running[rater] = start(rater)
            n_killed += 1
        for process in running.values():
            process.join(60)
        assert {process.exitcode for process in running.values()} == {0}
    finally:
        for process in running.values():
            process.kill()
            process.join()
    return n_killed


def check(opened: Opened, acknowledged: Path) -> None:
    """What was acknowledged last for each page is what the store holds, once; the store has no page twice."""
    records = Store(opened.store.path, opened.study.hash).answers()
    pages = Counter((record.rater, record.position) for record in records)
    assert set(pages.values()) == {1}
    assert set(pages) == {(rater, i + 1) for rater, order in opened.study.orders.items() for i in range(len(order))}
    every = Counter((r.rater, r.position, r.attempt, r.kind) for r in opened.store.history())
    assert set(every.values()) == {1}
    stored: dict[tuple[str, int], set[int]] = {}
    for record in opened.store.history():
        if record.kind == "answer":
            stored.setdefault((record.rater, record.position), set()).add(record.answer["scores"]["quality"])
    last = {(record.rater, record.position): record.answer["scores"]["quality"] for record in records}
    for rater in RATERS:
        noted = [tuple(map(int, line.split())) for line in (acknowledged / rater).read_text().splitlines()]
        final = dict(noted)
        for position, score in noted:
            assert score == 0 or score in stored[rater, position]  # nothing acknowledged is lost
        for position, score in final.items():
            assert score in {0, last[rater, position]}


@pytest.fixture
def acknowledged(tmp_path) -> Path:
    (tmp_path / "acknowledged").mkdir()
    return tmp_path / "acknowledged"


def study(laid, n_cases: int) -> Opened:
    raters = [{"id": rater} for rater in RATERS]
    return laid("ordinal", material(n_cases, ("alpha-net", "beta-net")), cases=n_cases, raters=raters, repeats=0.1)


def in_store(laid, acknowledged, n_cases: int, every_s: float, pause_s: float) -> int:
    opened = study(laid, n_cases)
    start = lambda rater: _started(rate_in_store, opened.folder.path, rater, acknowledged, pause_s)  # noqa: E731  # one line is enough
    n_killed = run_and_kill(start, every_s, 120)
    check(opened, acknowledged)
    return n_killed


def test_sixteen_writers_of_whom_some_are_killed_lose_and_double_nothing(laid, acknowledged):
    assert in_store(laid, acknowledged, n_cases=6, every_s=0.05, pause_s=0.01) >= 3


@pytest.mark.slow
def test_sixteen_writers_one_killed_every_second_lose_and_double_nothing(laid, acknowledged):
    assert in_store(laid, acknowledged, n_cases=60, every_s=1.0, pause_s=SLOWLY_S) >= 8


@pytest.mark.slow
def test_sixteen_raters_on_the_web_lose_nothing_when_they_and_the_server_are_killed(laid, acknowledged, tmp_path):
    pytest.importorskip("uvicorn", reason="the pages need the extra `rate`")
    opened = study(laid, 30)
    links, port_file = opened.folder.read_links(opened.study), tmp_path / "port"
    servers = [_server(opened)]
    _tell_port(servers[0], port_file)
    starts = 0

    def start(rater: str) -> BaseProcess:
        nonlocal starts
        starts += 1
        if starts > len(RATERS) and starts % 3 == 0:  # the server dies too, and comes back
            servers[-1].kill()
            servers[-1].wait()
            servers.append(_server(opened))
            _tell_port(servers[-1], port_file)
        return _started(rate_over_http, port_file, links, rater, acknowledged, 2 * SLOWLY_S)

    try:
        assert run_and_kill(start, 1.0, 180) >= 8
    finally:
        for server in servers:
            server.kill()
            server.communicate()
    check(opened, acknowledged)
    assert len(servers) > 2


def _started(target: Callable[..., None], *args: object) -> BaseProcess:
    process = FORK.Process(target=target, args=args)
    process.start()
    return process


def _server(opened: Opened) -> subprocess.Popen[str]:
    code = "from radbench.cli import main; main()"
    arguments = ["rate", "serve", str(opened.folder.path), "--port", "0"]
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def _tell_port(server: subprocess.Popen[str], port_file: Path) -> None:
    """Write the port on which a new server listens where the raters look for it, whole or not at all."""
    assert server.stdout is not None
    beside = port_file.with_suffix(".new")
    beside.write_text(re.search(r"http://127.0.0.1:(\d+)", server.stdout.readline())[1])
    beside.replace(port_file)
