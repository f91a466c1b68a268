"""A chat endpoint on this machine that does what a test tells it to: answers, refuses, breaks, dawdles, changes.

A request is told apart by the number in its prompt (`What does line 7 show?`); each number has steps of its own, taken one
a request, the last one for ever. Without steps it is answered `answer to q7`, which every second row of the bench wants.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SERVED = "stub-1"


@dataclass(frozen=True)
class Step:
    """One answer of the server."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    sleep_s: float = 0.0  # before the first byte
    cut_after: int | None = None  # bytes sent of the body before the connection is closed
    trickle_s: float = 0.0  # between bytes


def completion(
    text: str | None,
    *,
    finish: str = "stop",
    model: str = SERVED,
    usage: bool = True,
    logprobs: dict[str, float] | None = None,
    **message: Any,
) -> bytes:
    """The body of a chat completion; `logprobs` are those of the first token."""
    choice: dict[str, Any] = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    if logprobs is not None:
        top = [{"token": token, "logprob": logprob, "bytes": None} for token, logprob in logprobs.items()]
        choice["logprobs"] = {"content": [{"token": text, "logprob": 0.0, "top_logprobs": top}]}
    body: dict[str, Any] = {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    if usage:
        body["usage"] = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
    return json.dumps(body).encode()


def answer(text: str | None, **changes: Any) -> Step:
    """An answer in good order; see `completion`."""
    return Step(body=completion(text, **changes))


def failure(status: int, *, headers: dict[str, str] | None = None, **error: Any) -> Step:
    """An error in OpenAI's form."""
    body = {"error": {"message": "What does the prompt say?", "type": "some_error", "param": None, "code": None, **error}}
    return Step(status, json.dumps(body).encode(), headers or {})


class StubServer:
    """Serves within a `with` block. `asked` holds the bodies of chat requests in the order they came."""

    def __init__(self, *, certificate: Path | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: set[str] = set()  # Authorization headers seen
        self.azure_keys: set[str] = set()
        self.headers: set[str] = set()  # names of those seen, in small letters
        self.n_out = self.most_out = 0  # requests being answered, and the most at a time
        self.default: Step | None = None
        self.files: dict[str, bytes] = {}  # those kept
        self.n_files = 0  # uploaded, deleted ones too
        self.batches: list[dict[str, Any]] = []  # the newest first
        self.n_polls = 1  # of a batch, before it ends
        self.batch_ends: str = "completed"
        self.keeps_files = False  # nothing is deleted
        self.closed: Step | None = None  # what everything is answered once `closes_after` calls of any kind were served
        self.closes_after = 0
        self.n_calls = 0
        self._steps: dict[str, list[Step]] = {}
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._certificate = certificate

    def script(self, line: int, *steps: Step) -> None:
        """What the question on a line is answered, request by request."""
        self._steps[str(line)] = list(steps)

    def __enter__(self) -> Self:
        stub = self

        class Handler(_Handler):
            server_stub = stub

        self._server = _Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Be gone, as at the end of a server's process: nothing listens any more, and kept connections are broken."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in self._server.connections:
            with suppress(OSError):  # its client hung up first
                connection.shutdown(socket.SHUT_RDWR)

    def step(self, body: dict[str, Any]) -> Step:
        """What a request is answered."""
        number = number_in(body)
        with self._lock:
            self.asked.append(body)
            steps = self._steps.get(number)
            taken = self._taken[number]
            self._taken[number] += 1
        if steps:
            return steps[min(taken, len(steps) - 1)]
        return self.default or answer(f"answer to q{number}")

    def batch_call(self, path: str, raw: bytes) -> bytes:
        """What the interface of batch files answers; GET comes without a body."""
        match path.partition("?")[0].rpartition("/v1/")[2].split("/"):
            case ["files"]:
                name = f"file-{self.n_files}"
                self.n_files += 1
                self.files[name] = b"".join(line + b"\n" for line in raw.splitlines() if line.startswith(b'{"custom_id"'))
                return json.dumps({"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch"}).encode()
            case ["files", name, "content"]:
                return self.files[name]
            case ["batches"] if raw:
                asked = json.loads(raw)
                batch = {"id": f"batch-{len(self.batches)}", "object": "batch", "status": "in_progress", "polls": 0, **asked}
                self.batches.insert(0, batch)
                return json.dumps(batch).encode()
            case ["batches"]:
                return json.dumps({"object": "list", "data": self.batches, "has_more": False}).encode()
            case ["batches", name]:
                batch = next(batch for batch in self.batches if batch["id"] == name)
                batch["polls"] += 1
                if batch["polls"] >= self.n_polls and batch["status"] == "in_progress":
                    self._end(batch)
                return json.dumps(batch).encode()
        raise AssertionError(path)

    def _end(self, batch: dict[str, Any]) -> None:
        batch["status"] = self.batch_ends
        lines = []
        for asked in map(json.loads, self.files[batch["input_file_id"]].splitlines()):
            step = self.step(asked["body"])
            body = {"id": "r", "custom_id": asked["custom_id"], "response": {"status_code": step.status, "body": json.loads(step.body)}}
            lines.append(json.dumps(body).encode() + b"\n")
        if self.batch_ends == "completed":
            batch["output_file_id"] = f"{batch['id']}-output"
            self.files[batch["output_file_id"]] = b"".join(lines[::-1])  # in no order, as providers say

    def is_closed(self) -> bool:
        """Note a call; true where it is answered `closed`."""
        with self._lock:
            self.n_calls += 1
            return self.closed is not None and self.n_calls > self.closes_after

    def count(self, change: int) -> None:
        """Note that a request came or went."""
        with self._lock:
            self.n_out += change
            self.most_out = max(self.most_out, self.n_out)

    def asked_lines(self) -> list[int]:
        """The numbers in the prompts, in the order they came."""
        return [int(number_in(body)) for body in self.asked]


def number_in(body: dict[str, Any]) -> str:
    """The number of the line that the last message asks about; "" where there is none."""
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
    found = re.search(r"line (\d+)", text)
    return found[1] if found else ""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections that come at once; one too many waits a second

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection and serve it in a thread."""
        self.connections.append(request)
        super().process_request(request, client_address)

    def server_activate(self) -> None:
        """Begin to listen."""
        self.connections: list[Any] = []
        super().server_activate()

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_stub: StubServer
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.server_stub.is_closed():
            self._send(self.server_stub.closed or Step())
            return
        try:
            self._send(Step(body=self.server_stub.batch_call(self.path, b"")))
        except KeyError:  # a file that was deleted
            self._send(failure(404))

    def do_DELETE(self) -> None:
        if self.server_stub.keeps_files or self.server_stub.is_closed():
            self._send(self.server_stub.closed or failure(403))
            return
        name = self.path.rpartition("/")[2]
        known = self.server_stub.files.pop(name, None) is not None
        self._send(Step(body=json.dumps({"id": name, "object": "file", "deleted": True}).encode()) if known else failure(404))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server_stub.paths.append(self.path)
        self.server_stub.keys.add(self.headers.get("Authorization", ""))
        self.server_stub.azure_keys.add(self.headers.get("api-key", ""))
        self.server_stub.headers |= set(map(str.lower, self.headers))
        if self.server_stub.is_closed():
            self._send(self.server_stub.closed or Step())
            return
        if "/files" in self.path or "/batches" in self.path:
            self._send(Step(body=self.server_stub.batch_call(self.path, raw)))
            return
        self.server_stub.count(+1)
        try:
            self._send(self.server_stub.step(json.loads(raw)))
        finally:
            self.server_stub.count(-1)

    def _send(self, step: Step) -> None:
        time.sleep(step.sleep_s)
        self.send_response(step.status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(step.body)), **step.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if step.trickle_s:
            for byte in step.body:
                self.wfile.write(bytes([byte]))
                time.sleep(step.trickle_s)
            return
        self.wfile.write(step.body[: step.cut_after])
        if step.cut_after is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
