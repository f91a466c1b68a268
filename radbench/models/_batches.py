"""A provider's batch files: requests are uploaded together and answered within a day, at a lower price.

A batch carries the digest of its requests' keys. A run that was stopped while it waited finds its batches by it and
takes their answers, so that nothing is paid for twice. Files are deleted at the provider once their answers were handed over and the
next thing is asked, which is when a journal holds them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import openai

from radbench.errors import ContentError, MissingPackageError, RadbenchError
from radbench.models._budget import Ledger, Size
from radbench.models._exchange import StopAskingError, UnheardError
from radbench.models._replies import is_refused_body
from radbench.sample import Reply, Request, Tokens

if TYPE_CHECKING:
    from openai.types import Batch

_MOST_BYTES: Final = 90_000_000  # of one file; providers take 200 MB
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 60.0
_MARK: Final = "radbench"  # the key of a batch's metadata that holds the digest
_LIVE: Final = frozenset({"validating", "in_progress", "finalizing", "completed"})
_ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})
_KEY_REFUSED: Final = "the server said 401: it refuses the key"


class BatchFiles:
    """An exchange with a server by batch files: what was submitted is sent when its replies are wanted.

    Args:
        body: the body of a request.
        measure: the size of a request, for budgets.
        read: the reply in a body that came back.
        failed: the reply to an error of the client, or an exception where it is no matter of these requests.
    """

    def __init__(
        self,
        body: Callable[[Request], Mapping[str, Any]],
        client: openai.OpenAI,
        *,
        measure: Callable[[Request], Size],
        read: Callable[[object, Request], Reply],
        failed: Callable[[openai.OpenAIError], Reply],
        ledger: Ledger,
    ) -> None:
        self._body, self._client, self._measure, self._read, self._failed, self._ledger = body, client, measure, read, failed, ledger
        self._held: dict[str, Request] = {}
        self._is_heard = False
        self._taken: list[Batch] = []  # whose answers were handed over
        self._left: list[str] = []  # files that could not be deleted
        self.stopped = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:  # else nobody knows whether the answers were written down: the next session takes them again
            self._delete_taken()
        self._client.close()

    @property
    def remark(self) -> str:
        """What should be said of the run at its end."""
        host = self._client.base_url.host
        left = f"{host} did not delete the batch files {', '.join(self._left)}: delete them there" if self._left else ""
        return "; ".join(filter(None, (self._ledger.remark, left)))

    def submit(self, key: str, request: Request) -> None:
        """Put a request into the next batch."""
        self._held[key] = request

    def collect(self) -> list[tuple[str, Reply]]:
        """The replies to all that was submitted, once its batches have ended; none where a budget or the server stops the run.

        Raises:
            ContentError: nobody would get a reply with this key, address or model name.
        """
        self._delete_taken()
        held, self._held = self._held, {}
        found: dict[str, Reply] = {}
        taken: dict[str, Tokens] = {}
        try:
            batches = [self._started(keys, lines, held) for keys, lines in self._files(held, found, taken)]
            for batch in map(self._ended, batches):
                answers = self._answers(batch, held)
                self._taken.append(batch)
                if not answers:
                    self.stopped = f"the batch `{batch.id}` ended as `{batch.status}` without an answer"
                elif all(reply.error == _KEY_REFUSED for reply in answers.values()):
                    refused = f"{self._client.base_url.host} refuses the key for every request of a batch (401)"
                    self.stopped = f"{refused}: set another; then the same command goes on from here"
                else:
                    found.update(answers)
        except openai.OpenAIError as error:
            self.stopped = self._why(error)
        for key, tokens in taken.items():
            self._ledger.settle(tokens, found.get(key))
        if len(taken) < len(held) and not self.stopped:
            self.stopped = f"{self._ledger.spent}: the same command with a larger budget goes on from here"
        return list(found.items())

    def _files(
        self, held: Mapping[str, Request], found: dict[str, Reply], taken: dict[str, Tokens]
    ) -> Iterator[tuple[list[str], list[bytes]]]:
        """Keys and lines of one file after the other, as far as the budget goes; those that cannot be written are answered in `found`."""
        keys: list[str] = []
        lines: list[bytes] = []
        for key, request in held.items():
            reserved = self._ledger.reserve(self._measure(request))
            if reserved is None:
                break
            taken[key] = reserved
            try:
                body = self._body(request)
            except (ContentError, MissingPackageError):
                raise
            except RadbenchError as error:
                found[key] = Reply(error=" ".join(str(error).split()))
                continue
            line = json.dumps({"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}).encode() + b"\n"
            if lines and sum(map(len, lines)) + len(line) > _MOST_BYTES:
                yield keys, lines
                keys, lines = [], []
            keys.append(key)
            lines.append(line)
        if lines:
            yield keys, lines

    def _started(self, keys: Iterable[str], lines: Iterable[bytes], held: Mapping[str, Request]) -> Batch:
        """The batch of these requests: one that an earlier session started and took no answers from, else a new one."""
        mark = hashlib.sha256("".join(keys).encode()).hexdigest()
        for batch in self._client.batches.list(limit=100):
            self._is_heard = True
            if (batch.metadata or {}).get(_MARK) == mark and batch.status in _LIVE:
                if self._has_failed(batch, held):
                    self._taken.append(batch)
                    break
                return batch
        self._is_heard = True
        file = self._client.files.create(file=("requests.jsonl", b"".join(lines)), purpose="batch")
        return self._client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={_MARK: mark}
        )

    def _has_failed(self, batch: Batch, held: Mapping[str, Request]) -> bool:
        """True if a batch ended with failures alone: with one good answer, were it taken, it would not be asked for as it was."""
        return batch.status == "completed" and all(reply.error is not None for reply in self._answers(batch, held).values())

    def _why(self, error: openai.OpenAIError) -> str:
        """Why the run stops; raises where nothing was heard of the server yet."""
        if not self._is_heard and isinstance(error, openai.NotFoundError):
            raise ContentError(f"{self._client.base_url.host} takes no batch files (404): ask it without `batch`") from error
        try:
            reason = self._failed(error).error
        except StopAskingError as stop:
            return str(stop)
        except UnheardError as unheard:
            if not self._is_heard:
                raise ContentError(str(unheard)) from error
            return f"{unheard}; then the same command goes on from here"
        return f"the batch files got no further: {reason}; the same command goes on from here"

    def _ended(self, batch: Batch) -> Batch:
        wait_s = _FIRST_WAIT_S
        while batch.status not in _ENDED:
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            batch = self._client.batches.retrieve(batch.id)
        return batch

    def _answers(self, batch: Batch, held: Mapping[str, Request]) -> dict[str, Reply]:
        """A reply to each request of a batch that the server answered, with an answer or an error; none where its files are deleted."""
        found: dict[str, Reply] = {}
        for file in filter(None, (batch.output_file_id, batch.error_file_id)):
            try:
                lines = self._client.files.content(file).content.splitlines()
            except openai.NotFoundError:
                continue
            for said in map(_parsed, lines):
                if (key := str(said.get("custom_id"))) in held:
                    found[key] = self._reply(said, held[key])
        return found

    def _reply(self, said: Mapping[str, Any], request: Request) -> Reply:
        response = said.get("response")
        if not isinstance(response, dict):
            return Reply(error="the batch ended before this request was answered")
        status, body = response.get("status_code"), response.get("body")
        if status == 200:
            return self._read(body, request)
        if isinstance(body, dict) and is_refused_body(body.get("error")):
            return Reply(output="", finish_reason="refused")
        return Reply(error=_KEY_REFUSED if status == 401 else f"the server said {status}")

    def _delete_taken(self) -> None:
        """Have the provider delete the files of batches whose answers are written down."""
        taken, self._taken = self._taken, []
        for file in (file for batch in taken for file in (batch.input_file_id, batch.output_file_id, batch.error_file_id) if file):
            try:
                self._client.files.delete(file)
            except openai.NotFoundError:
                continue
            except (openai.OpenAIError, ContentError):
                self._left.append(file)


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
