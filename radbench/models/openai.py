"""Any model behind an OpenAI-compatible endpoint: OpenAI, Azure, Gemini, Claude, vLLM, SGLang, a hospital's own server.

The `openai` client sends, with its own retries (429, 408, 409, 5xx, broken connections, silence; Retry-After is kept).
Around it: as many requests at a time as the server bears, a budget, and replies that are checked, never assumed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import openai
from pydantic import BaseModel, JsonValue, ValidationError

from radbench.errors import ContentError
from radbench.extras import need
from radbench.models._batches import BatchFiles
from radbench.models._budget import Budget, Ledger, Prices, Size
from radbench.models._chat import Chat, Pictures
from radbench.models._exchange import Exchange, Gate, Send, StopAskingError, UnheardError
from radbench.models._replies import describe, is_key_refused, is_named, is_refusal, read_reply
from radbench.models._wire import FileWire, Route, Wire, proxies_told
from radbench.models.base import LENGTHS, output_limit
from radbench.sample import Reply, Request

if TYPE_CHECKING:
    from radbench.media import Reader

SettingsT = TypeVar("SettingsT", bound=BaseModel)

_RANKED: Final = {"logprobs": True, "top_logprobs": 20}
_REDIRECTS: Final = range(300, 400)
_BATCH: Final = 5_000  # requests handed in together as batch files
_LOOK_AHEAD: Final = 2  # times `concurrency`: requests made ready, so that no place at the server stays empty


class Openai:
    """Asks a chat endpoint; ranks options by the likelihood of their letters, where the server tells likelihoods.

    Args:
        model: the name by which the server knows it; of Azure the deployment.
        endpoint: the base URL, up to and with `/v1`; of Azure with `api_version` the resource's own address.
        api_key_env: the environment variable that holds the key; "" for a server that wants none.
        api_version: makes it an Azure endpoint of the dated kind.
        system: a system text before the task's own.
        generation: parameters handed to the server as they are. The limit of the output goes by the name used
            here, `max_tokens` or `max_completion_tokens`; a task's own limit wins where it is lower.
        thinking_tokens: room for thoughts beyond the task's own limit, for servers that count them as output.
        preprocessing: `Pictures`: image_px, image_format, slices, volumes, detail.
        concurrency: requests at a time at most; halved when the server says 429, then raised again step by step.
        timeout_s: silence after which a request is sent again; an answer that trickles is given up after twice that.
        max_retries: of one request, by the client.
        budget: `Budget`: requests, tokens, money, of one run with all its sessions (of one shard, where there are some).
        prices: `Prices`: prompt, output, per, currency, as_of, source.
        batch: by the provider's batch files, where it has them: cheaper, and answered within a day.

    Raises:
        ContentError: a setting is unknown or does not fit.
    """

    def __init__(
        self,
        *,
        model: str,
        endpoint: str,
        api_key_env: str = "",
        api_version: str = "",
        system: str = "",
        generation: Mapping[str, JsonValue] | None = None,
        thinking_tokens: int = 0,
        preprocessing: Mapping[str, JsonValue] | None = None,
        concurrency: int = 16,
        timeout_s: float = 300.0,
        max_retries: int = 5,
        budget: Mapping[str, JsonValue] | None = None,
        prices: Mapping[str, JsonValue] | None = None,
        batch: bool = False,
    ) -> None:
        self._route = Route(endpoint)
        if batch and api_version:
            raise ContentError("batch files need Azure's undated kind of endpoint, which ends in /openai/v1")
        if concurrency < 1 or timeout_s <= 0 or max_retries < 0:
            raise ContentError("options `concurrency` and `timeout_s` must be above 0, and `max_retries` at least 0")
        self.model, self.endpoint, self.api_version = model, endpoint, api_version
        self.batch_size = _BATCH if batch else concurrency * _LOOK_AHEAD
        self._batch = batch
        self._api_key_env = api_key_env
        self._generation = {name: _typed(value) for name, value in (generation or {}).items()}
        self._length = next((name for name in LENGTHS if name in self._generation), "max_tokens")
        self._thinking_tokens = thinking_tokens
        self._pictures = _settings(Pictures, preprocessing, "preprocessing")
        self._budget = _settings(Budget, budget, "budget")
        self._prices = _settings(Prices, prices, "prices") if prices else None
        if self._budget.money is not None and self._prices is None:
            raise ContentError("a budget in money needs `prices`: {prompt: ..., output: ...} for a million tokens")
        self._system = system
        self._chat = Chat(self._pictures, system)
        self._concurrency, self._timeout_s, self._max_retries = concurrency, timeout_s, max_retries
        self._key = "none"  # the client wants some; a server without keys ignores it

    def load(self, reader: Reader) -> None:
        """Read the key from its environment variable, and look through the proxies and certificates that the environment states.

        Raises:
            ContentError: the variable is not set, or one of them cannot be used.
            MissingPackageError: the transport's package is not installed.
        """
        need("aiohttp", extra="api", purpose=f"asking `{self.model}` at {self._route.host}")
        self._chat.read_with(reader)
        if self._api_key_env:
            self._key = self._route.key(self._api_key_env)
        self._route.check()

    def identity(self) -> Mapping[str, object]:
        """Model name, host (all servers of one's own count as one), system text, generation, preprocessing."""
        return {
            "family": "openai",
            "version": 1,
            "model": self.model,
            "host": "local" if self._route.is_direct else self._route.host,
            "system": self._system,
            "generation": self._generation,
            "thinking_tokens": self._thinking_tokens,
            "preprocessing": self._pictures.model_dump(),
        }

    def exchange(self, earlier: Iterable[Reply] = ()) -> Exchange | BatchFiles:
        """A conversation with the server, for a `with` block; `earlier` replies of the same run count for its budget."""
        ledger = Ledger(self._budget, self._prices, is_batch=self._batch)
        for reply in earlier:
            ledger.n_requests += 1
            ledger.add(reply)
        if self._batch:
            client = self._file_client()
            return BatchFiles(self._body, client, measure=self._size, read=self._read, failed=self._failed, ledger=ledger)
        gate = Gate(self._concurrency)
        sender = self._client(gate)
        return Exchange(lambda request: self._prepared(sender, request), sender, measure=self._size, gate=gate, ledger=ledger)

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The answers; see `read_reply` for what counts as none."""
        with self.exchange() as exchange:
            for place, request in enumerate(requests):
                exchange.submit(str(place), request)
            found: dict[str, Reply] = {}
            while replies := exchange.collect():
                found.update(replies)
        return [found.get(str(place)) or Reply(error=exchange.stopped) for place in range(len(requests))]

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """Log-likelihoods of the options' letters; an error where the server tells none."""
        return self.generate(requests)

    def _body(self, request: Request) -> dict[str, Any]:
        body = {"model": self.model, "messages": self._chat.messages(request), **self._generation}
        if request.kind == "rank":
            body |= _RANKED
        if (limit := self._limit(request)) is not None:
            body[self._length] = limit
        return body

    def _limit(self, request: Request) -> int | None:
        """Of the output, in tokens."""
        return output_limit(request, {"generation": self._generation, "thinking_tokens": self._thinking_tokens})

    def _size(self, request: Request) -> Size:
        texts = (part for turn in request.turns for part in turn.parts if isinstance(part, str))
        listed = request.options if request.kind == "rank" else ()
        return Size(len(self._system) + sum(map(len, texts)) + sum(map(len, listed)), self._limit(request))

    def _prepared(self, client: openai.AsyncOpenAI, request: Request) -> Send:
        body = self._body(request)
        return lambda: self._ask(client, request, body)

    async def _ask(self, client: openai.AsyncOpenAI, request: Request, body: Mapping[str, Any]) -> Reply:
        started = time.perf_counter()
        try:
            # `post` and not `chat.completions.create`, which spends a fifth of its time on walking through the messages
            said = await client.post("/chat/completions", cast_to=object, body=body)
            reply = self._read(said, request)
        except (json.JSONDecodeError, UnicodeDecodeError):
            reply = Reply(error="the server's answer is no JSON")
        except (openai.OpenAIError, TimeoutError) as error:
            reply = self._failed(error)
        return replace(reply, seconds=round(time.perf_counter() - started, 6))

    def _read(self, body: object, request: Request) -> Reply:
        return read_reply(body, request, wants_json="response_format" in self._generation)

    def _failed(self, error: openai.OpenAIError | TimeoutError) -> Reply:
        """A refusal or a failure of this request; raises where it is no matter of this request."""
        if isinstance(error, openai.APIConnectionError) and is_named(error, "ConnectError", "ConnectTimeout"):
            raise UnheardError(self._route.unreached) from error
        if not isinstance(error, openai.APIStatusError):
            return Reply(error=describe(error))
        if is_refusal(error):
            return Reply(output="", finish_reason="refused")
        host, status = self._route.host, error.status_code
        if is_key_refused(error) or status == 403:
            key = f"the key in {self._api_key_env}" if self._api_key_env else "a request without a key (`api_key_env` names none)"
            message = f"{host} refuses {key} ({status}): set a key that may use `{self.model}`"
            # a key that is refused is so for all; 403 may concern one prompt
            raise (UnheardError(message) if status == 403 else UnheardError(message, patience=1)) from error
        if status == 404:
            raise UnheardError(f"{host} knows no `{self.model}` at `{urlsplit(self.endpoint).path}` (404): mend model or endpoint")
        if status in _REDIRECTS:  # which may lead anywhere, past what data terms allow
            raise UnheardError(f"{host} sends requests elsewhere ({status}), where they do not follow: state that address as `endpoint`")
        if error.code == "insufficient_quota":
            raise StopAskingError(f"the account at {host} has no quota left: the same command goes on from here")
        return Reply(error=describe(error))

    def _client(self, gate: Gate) -> openai.AsyncOpenAI:
        with proxies_told():
            wire = Wire(self._route, self._timeout_s, gate.refused)
        shared: dict[str, Any] = {"api_key": self._key, "max_retries": self._max_retries, "http_client": wire}
        if self.api_version:
            return self._route.bare(openai.AsyncAzureOpenAI(azure_endpoint=self.endpoint, api_version=self.api_version, **shared))
        return self._route.bare(openai.AsyncOpenAI(base_url=self.endpoint, **shared))

    def _file_client(self) -> openai.OpenAI:
        with proxies_told():
            wire = FileWire(self._route, self._timeout_s)
        made = openai.OpenAI(base_url=self.endpoint, api_key=self._key, max_retries=self._max_retries, http_client=wire)
        return self._route.bare(made)


def _settings(kind: type[SettingsT], stated: Mapping[str, JsonValue] | None, name: str) -> SettingsT:
    try:
        return kind.model_validate(stated or {})
    except ValidationError as error:
        fault = error.errors()[0]
        known = ", ".join(kind.model_fields)
        raise ContentError(f"option `{name}`: `{'.'.join(map(str, fault['loc']))}`: {fault['msg']}; its keys: {known}") from error


def _typed(value: JsonValue) -> JsonValue:
    """A number or a switch for its text: `--gen temperature=0` comes as text."""
    if not isinstance(value, str):
        return value
    try:
        found: JsonValue = json.loads(value)
    except ValueError:
        return value
    return found
