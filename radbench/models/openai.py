"""Any model behind an OpenAI-compatible endpoint: OpenAI, Azure, Gemini, Claude, vLLM, SGLang, a hospital's own server.

The `openai` client sends, with its own retries (429, 408, 409, 5xx, broken connections, silence; Retry-After is kept).
Around it: as many requests at a time as the server bears, a budget, and replies that are checked, never assumed.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import openai
from pydantic import BaseModel, JsonValue, ValidationError

from radbench.errors import ContentError
from radbench.extras import need
from radbench.models._batches import BatchFiles
from radbench.models._budget import Budget, Ledger, Prices
from radbench.models._chat import Chat, Pictures
from radbench.models._exchange import Exchange, Gate, Send, StopAskingError, UnreachedError
from radbench.models._replies import describe, is_certificate, is_named, is_refusal, read_reply
from radbench.sample import Reply, Request
from radbench.terms import host_of, is_local

if TYPE_CHECKING:
    from radbench.media import Reader

SettingsT = TypeVar("SettingsT", bound=BaseModel)

_LENGTHS: Final = ("max_completion_tokens", "max_tokens")  # two names for one limit; a server takes one of them
_NO_ADDRESS: Final = frozenset("@?\\ \t\r\n")  # no password belongs into an address, and no two readings of its host
_RANKED: Final = {"logprobs": True, "top_logprobs": 20}
_CONNECT_S: Final = 15.0  # to wait for a connection, however long an answer may take
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
        prices: `Prices`: prompt, output, per, currency, as_of.
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
        if host_of(endpoint) is None or not endpoint.lower().startswith(("http://", "https://")) or set(endpoint) & _NO_ADDRESS:
            raise ContentError("option `endpoint`: expected an address such as http://127.0.0.1:8000/v1, without password or query")
        if batch and api_version:
            raise ContentError("batch files need Azure's undated kind of endpoint, which ends in /openai/v1")
        if concurrency < 1 or timeout_s <= 0 or max_retries < 0:
            raise ContentError("options `concurrency` and `timeout_s` must be above 0, and `max_retries` at least 0")
        self.model, self.endpoint, self.api_version = model, endpoint, api_version
        self.batch_size = _BATCH if batch else concurrency * _LOOK_AHEAD
        self._batch = batch
        self._api_key_env = api_key_env
        self._generation = {name: _typed(value) for name, value in (generation or {}).items()}
        self._length = next((name for name in _LENGTHS if name in self._generation), "max_tokens")
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
        """Read the key from its environment variable.

        Raises:
            ContentError: the variable is not set.
            MissingPackageError: the transport's package is not installed.
        """
        need("aiohttp", extra="api", purpose=f"asking `{self.model}` at {self._host}")
        self._chat.read_with(reader)
        if self._api_key_env:
            self._key = os.environ.get(self._api_key_env, "").strip()
            if not self._key:
                raise ContentError(f"set the environment variable {self._api_key_env} to the key for {self._host}")

    def identity(self) -> Mapping[str, object]:
        """Model name, host (all servers of one's own count as one), system text, generation, preprocessing."""
        return {
            "family": "openai",
            "version": 1,
            "model": self.model,
            "host": "local" if is_local(self.endpoint) else self._host,
            "system": self._system,
            "generation": self._generation,
            "thinking_tokens": self._thinking_tokens,
            "preprocessing": self._pictures.model_dump(),
        }

    def exchange(self, earlier: Iterable[Reply] = ()) -> Exchange | BatchFiles:
        """A conversation with the server, for a `with` block; `earlier` replies of the same run count for its budget."""
        ledger = Ledger(self._budget, self._prices)
        for reply in earlier:
            ledger.n_requests += 1
            ledger.add(reply)
        if self._batch:
            return BatchFiles(self._body, self._batch_client(), read=self._read, failed=self._status, ledger=ledger)
        gate = Gate(self._concurrency)
        client = self._client(gate)
        return Exchange(lambda request: self._prepared(client, request), client, gate=gate, ledger=ledger)

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
            body |= {**_RANKED, self._length: 1}
        elif request.max_new_tokens is not None:
            stated, wanted = body.get(self._length), request.max_new_tokens + self._thinking_tokens
            body[self._length] = min(stated, wanted) if isinstance(stated, int) else wanted
        return body

    def _prepared(self, client: openai.AsyncOpenAI, request: Request) -> Send:
        body = self._body(request)
        return lambda: self._ask(client, request, body)

    async def _ask(self, client: openai.AsyncOpenAI, request: Request, body: Mapping[str, Any]) -> Reply:
        started = time.perf_counter()
        try:
            # `post` and not `chat.completions.create`, which spends a fifth of its time on walking through the messages
            said = await client.post("/chat/completions", cast_to=object, body=body)
            reply = self._read(said, request)
        except ValueError:
            reply = Reply(error="the server's answer is no JSON")
        except openai.APIStatusError as error:
            reply = self._status(error)
        except openai.APIConnectionError as error:
            if is_named(error, "ConnectError", "ConnectTimeout"):
                raise UnreachedError(f"no connection to {self._host}: is the server up, and the address right?") from error
            reply = Reply(error=describe(error))
        except (openai.OpenAIError, TimeoutError) as error:
            reply = Reply(error=describe(error))
        return replace(reply, seconds=round(time.perf_counter() - started, 6))

    def _read(self, body: object, request: Request) -> Reply:
        return read_reply(body, request, wants_json="response_format" in self._generation)

    def _status(self, error: openai.APIStatusError) -> Reply:
        """A refusal or a failure of this request; raises where it is no matter of this request."""
        if is_refusal(error):
            return Reply(output="", finish_reason="refused")
        if error.status_code in {401, 403}:
            key = f"the key in {self._api_key_env}" if self._api_key_env else "a request without a key (`api_key_env` names none)"
            raise ContentError(f"{self._host} refuses {key} ({error.status_code}): set a key that may use `{self.model}`") from error
        if error.status_code == 404:
            raise ContentError(f"{self._host} knows no `{self.model}` at `{urlsplit(self.endpoint).path}` (404): check model and endpoint")
        if error.code == "insufficient_quota":
            raise StopAskingError(f"the account at {self._host} has no quota left: the same command goes on from here")
        return Reply(error=describe(error))

    def _client(self, gate: Gate) -> openai.AsyncOpenAI:
        with _proxies_told():
            wire = _Wire(self._host, gate, self._timeout_s, is_direct=is_local(self.endpoint))
        shared: dict[str, Any] = {"api_key": self._key, "max_retries": self._max_retries, "http_client": wire}
        if self.api_version:
            return openai.AsyncAzureOpenAI(azure_endpoint=self.endpoint, api_version=self.api_version, **shared)
        return openai.AsyncOpenAI(base_url=self.endpoint, **shared)

    def _batch_client(self) -> openai.OpenAI:
        with _proxies_told():
            wire = openai.DefaultHttpxClient(timeout=self._timeout_s, follow_redirects=False, mounts=_mounts(is_local(self.endpoint)))
        return openai.OpenAI(base_url=self.endpoint, api_key=self._key, max_retries=self._max_retries, http_client=wire)

    @property
    def _host(self) -> str:
        return urlsplit(self.endpoint).netloc


class _Wire(openai.DefaultAioHttpClient):
    """The client's transport, watched: it tells the gate of each 429, and gives up at once what no retry can mend.

    Of the client's two transports the one of aiohttp: it takes half the CPU time.

    Redirects are not followed, and a local server (`is_direct`) is reached past the proxies of the environment: what may
    go to it may not go through an external host.
    """

    def __init__(self, host: str, gate: Gate, timeout_s: float, *, is_direct: bool) -> None:
        waiting = openai.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S))
        super().__init__(timeout=waiting, follow_redirects=False, mounts=_mounts(is_direct))
        self._host, self._gate, self._deadline_s = host, gate, 2 * timeout_s

    async def send(self, *request: Any, **settings: Any) -> Any:  # noqa: ANN401 - the transport's own types have several homes
        try:
            async with asyncio.timeout(self._deadline_s):
                response = await super().send(*request, **settings)
        except Exception as error:
            if is_certificate(error):
                mend = "set SSL_CERT_FILE to the certificate (PEM) of the authority that signed it"
                raise ContentError(f"the certificate of {self._host} is not trusted: {mend}") from error
            if is_named(error, "ProxyError"):
                mend = "mend HTTPS_PROXY or HTTP_PROXY, or name the host in NO_PROXY"
                raise ContentError(f"the proxy on the way to {self._host} does not let requests through: {mend}") from error
            raise
        if response.status_code == 429:
            self._gate.refused()
        return response


def _mounts(is_direct: bool) -> dict[str, None] | None:
    """Past the proxies of the environment, or as it says."""
    return {"http://": None, "https://": None} if is_direct else None


@contextmanager
def _proxies_told() -> Iterator[None]:
    try:
        yield
    except (ValueError, ImportError) as error:  # an address, or a kind of proxy, that the transport does not know
        raise ContentError(f"the proxy settings of the environment cannot be used: {error}") from error


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
