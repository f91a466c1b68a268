"""What asking an endpoint costs: CPU time a request on our side, and how busy the configured concurrency is kept.

    python benchmarks/endpoint.py [--requests 10000] [--concurrency 64] [--latency-s 0.5]

The server is a process of its own that answers each request after the latency and counts how many are out at a time; what
it counted is taken between the first request and the last reply. Beside `radbench run`, in the same run: a bare asyncio
loop with the same client over the same questions. CPU is that of the whole process, start-up left out by the difference to a
run of 64 requests; the run is not scored beyond exact match.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

CARD = """\
title: Questions with short answers
ask:
  version: 1
  dataset: jsonl
  dataset_options: {file: questions.jsonl, columns: {id: id, question: question, answer: answer}, access: open}
  split: test
  unit: passage
  protocol: vqa
  options: {form: open}
score: {metrics: [answer_text], primary: exact_match}
"""

BARE = """\
import asyncio, json, sys
import openai
async def main(url, questions, out, concurrency):
    room = asyncio.Semaphore(concurrency)
    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
        async def ask(row):
            async with room:
                said = await client.chat.completions.create(model="stub", messages=[{"role": "user", "content": row["question"]}])
            out.write(json.dumps({"id": row["id"], "output": said.choices[0].message.content}) + "\\n")
        await asyncio.gather(*map(ask, map(json.loads, questions)))
with open(sys.argv[2]) as questions, open(sys.argv[3], "w") as out:
    asyncio.run(main(sys.argv[1], questions, out, int(sys.argv[4])))
"""

RADBENCH = [sys.executable, "-c", "from radbench.cli import main; main()"]


class Stub:
    """Answers after a latency, and integrates the number of requests that are out over time."""

    def __init__(self, latency_s: float) -> None:
        self.latency_s = latency_s
        self.reset()

    def reset(self) -> None:
        self.n_out = self.n_asked = 0
        self.first = self.last = self.busy_s = 0.0

    def count(self, change: int) -> None:
        now = time.perf_counter()
        if not self.n_asked:
            self.first = self.last = now
        self.busy_s += self.n_out * (now - self.last)
        self.last = now
        self.n_out += change
        self.n_asked += change > 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                if head.startswith(b"get /counted"):
                    body = json.dumps({"n": self.n_asked, "busy_s": self.busy_s, "seconds": self.last - self.first}).encode()
                    self.reset()
                else:
                    self.count(+1)
                    await asyncio.sleep(self.latency_s)
                    self.count(-1)
                    body = COMPLETION
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


COMPLETION = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "stub-1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21},
    }
).encode()


async def serve(latency_s: float) -> None:
    """Serve until killed; the port is the first line on stdout."""
    server = await asyncio.start_server(Stub(latency_s).serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency-s", type=float, default=0.5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.latency_s))
        return
    stub = subprocess.Popen([sys.executable, __file__, "--serve", "--latency-s", str(options.latency_s)], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{(stub.stdout.readline() if stub.stdout else '').strip()}"
        print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {options.requests} requests, ", end="")
        print(f"concurrency {options.concurrency}, latency {options.latency_s} s")
        print(f"{'':44} {'ms CPU a request':>17} {'busy':>7} {'seconds':>8}")
        for name, kind in (("bare asyncio loop with the openai client", "bare"), ("radbench run, journalled and scored", "radbench")):
            start_up, _, _ = measure(kind, url, 64, options.concurrency)
            cpu_s, busy, seconds = measure(kind, url, options.requests, options.concurrency)
            cost = (cpu_s - start_up) * 1000 / (options.requests - 64)
            print(f"{name:44} {cost:17.3f} {busy:7.1%} {seconds:8.1f}")
    finally:
        stub.kill()
        stub.wait()


def measure(kind: str, url: str, n: int, concurrency: int) -> tuple[float, float, float]:
    """CPU seconds of one process over `n` requests; share of the places that were taken, and wall seconds, between first and last."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = ({"id": f"q{i}", "question": f"Is there a fracture of the radius in study {i}?", "answer": "yes"} for i in range(n))
        (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "endpoint.questions.yaml").write_text(CARD)
        process = subprocess.Popen(
            command(kind, folder, f"{url}/v1", concurrency), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/counted") as answer:
        counted = json.load(answer)
    if process.returncode or counted["n"] != n:
        sys.exit(f"{kind} failed ({counted['n']} requests came):\n{output.decode()}")
    return usage.ru_utime + usage.ru_stime, counted["busy_s"] / (concurrency * counted["seconds"]), counted["seconds"]


def command(kind: str, folder: Path, url: str, concurrency: int) -> list[str]:
    """The command line of one contender."""
    if kind == "bare":
        return [sys.executable, "-c", BARE, url, str(folder / "questions.jsonl"), str(folder / "out.jsonl"), str(concurrency)]
    stated = {"model": "stub", "endpoint": url, "concurrency": concurrency}
    return [
        *(*RADBENCH, "run", "--model", "openai", "--task", str(folder / "endpoint.questions.yaml")),
        *("--data-dir", f"jsonl={folder}", "--draws", "0"),
        *(part for name, value in stated.items() for part in ("--model-arg", f"{name}={value}")),
    ]


if __name__ == "__main__":
    main()
