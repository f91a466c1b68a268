"""The way to a server: its address, the key, the proxies and certificates of the environment, and what is wrong with them.

What no retry can mend becomes one sentence with its mend: before anything is sent where that can be known, else with the first
request. Once a server was reached, a connection that fails is taken for a passing matter, and left to the client's retries.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import openai

from radbench.errors import ContentError
from radbench.models._replies import causes, is_certificate, is_named
from radbench.terms import host_of, is_local

ClientT = TypeVar("ClientT", openai.OpenAI, openai.AsyncOpenAI, openai.AsyncAzureOpenAI)

_OPENAI: Final = "api.openai.com"
_CONNECT_S: Final = 15.0  # to wait for a connection, however long an answer may take
_NOT_PLAIN: Final = frozenset("@?#\\ \t\r\n")  # no password belongs into an address, and no two readings of its host
_NUMERIC: Final = re.compile(r"[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*")  # a host that can be an IP address alone
_LONGEST_NAME, _LONGEST_LABEL = 253, 63  # of a host's name and of its parts: RFC 1035, 2.3.4
_PROXIES: Final = frozenset({"http", "https"})  # those that requests can go through
_KNOWN: Final = _PROXIES | {"socks5", "socks5h"}  # those that may be stated for others
_CERTIFICATES: Final = (("SSL_CERT_FILE", "file of certificates (PEM)"), ("SSL_CERT_DIR", "folder"))


class Route:
    """The way to the server at an address.

    Raises:
        ContentError: no server can be reached at such an address.
    """

    def __init__(self, endpoint: str) -> None:
        if fault := _fault_of(endpoint):
            came = "" if set(endpoint) & {"@", "?"} else f" `{endpoint}`"  # a password may stand there
            raise ContentError(f"option `endpoint`:{came} {fault}; expected an address such as http://127.0.0.1:8000/v1")
        parts = urlsplit(endpoint)
        self.host, self._name, self._scheme = parts.netloc, host_of(endpoint) or "", parts.scheme.lower()
        self.is_direct = is_local(endpoint)  # a server of one's own is reached past the proxies: what may go to it may not go elsewhere
        self._is_reached = False

    def key(self, variable: str) -> str:
        """The key in an environment variable.

        Raises:
            ContentError: it is not set, or no header can carry it.
        """
        key = os.environ.get(variable, "").strip()
        if not key:
            raise ContentError(f"set the environment variable {variable} to the key for {self.host}")
        if not all("!" <= character <= "~" for character in key):
            raise ContentError(f"the key in {variable} holds a space, a line break or a letter that no key has: set it again, by itself")
        return key

    def check(self) -> None:
        """Look through the settings of the environment.

        Raises:
            ContentError: one of them is none that a connection could use.
        """
        for variable, what in _CERTIFICATES:
            path = os.environ.get(variable)
            if path and not _is_readable(Path(path), is_folder=variable.endswith("DIR")):
                raise ContentError(f"{variable} names `{path}`, which is no {what} that can be read: mend or unset it")
        for scheme, address in getproxies().items():
            if scheme in {"http", "https", "all"} and not _is_proxy(address, _PROXIES if _variable(scheme) == self._proxy else _KNOWN):
                told = f"{_variable(scheme)} is no address like http://proxy:3128"
                raise ContentError(f"the proxy settings of the environment cannot be used: {told}")

    def bare(self, client: ClientT) -> ClientT:
        """The client without what it took from the environment for OpenAI (organization, project, headers), unless it asks there."""
        if self._name != _OPENAI:
            client.organization = client.project = None
            client._custom_headers = {}
        return client

    @property
    def mounts(self) -> dict[str, None] | None:
        """For the transport: past the proxies of the environment, or as it says."""
        return {"http://": None, "https://": None} if self.is_direct else None

    @property
    def unreached(self) -> str:
        """What to say of connections that fail, all retries spent."""
        if self._proxy:
            return f"no connection to {self.host} through the proxy in {self._proxy}: mend it, or name the host in NO_PROXY"
        return f"no connection to {self.host}: start the server or mend its address"

    @property
    def _proxy(self) -> str:
        """The environment variable whose proxy is on the way; "" for none."""
        stated = getproxies()
        if self.is_direct or proxy_bypass(self.host):
            return ""
        return next((_variable(scheme) for scheme in (self._scheme, "all") if stated.get(scheme)), "")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Around each request on the wire.

        Raises:
            ContentError: no retry can mend what went wrong.
        """
        try:
            yield
        except Exception as error:
            if fault := self._fault(error):
                raise ContentError(fault) from error
            raise
        self._is_reached = True

    def _fault(self, error: Exception) -> str:
        """What no retry can mend, in one sentence; "" for what may pass."""
        if is_certificate(error):
            unread = " (REQUESTS_CA_BUNDLE is not read)" if "REQUESTS_CA_BUNDLE" in os.environ else ""
            mend = f"set SSL_CERT_FILE to the certificate (PEM) of the authority that signed it{unread}"
            return f"the certificate of {self.host} is not trusted: {mend}"
        if is_named(error, "ProxyError") or (self._proxy and not self._is_reached and is_named(error, "ConnectError", "ConnectTimeout")):
            mend = f"mend {self._proxy or 'HTTPS_PROXY'}, or name the host in NO_PROXY"
            return f"the proxy on the way to {self.host} does not let requests through: {mend}"
        if self._is_reached:
            return ""
        if any(isinstance(cause, socket.gaierror) for cause in causes(error)):
            return f"the host {self._name} is not found: mend its name in the address, or this machine's network"
        if any(isinstance(cause, ssl.SSLError) for cause in causes(error)):
            return f"no secure connection to {self.host}: a server without TLS has an address that begins with http://"
        return ""


class Wire(openai.DefaultAioHttpClient):
    """The client's transport, watched; it calls `refused` with each 429. Redirects are not followed.

    Of the client's two transports the one of aiohttp: it takes half the CPU time.
    """

    def __init__(self, route: Route, timeout_s: float, refused: Callable[[], None]) -> None:
        waiting = openai.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S))
        super().__init__(timeout=waiting, follow_redirects=False, mounts=route.mounts)
        self._route, self._refused, self._deadline_s = route, refused, 2 * timeout_s

    async def send(self, *request: Any, **settings: Any) -> Any:  # noqa: ANN401 - the transport's own types have several homes
        with self._route.watched():
            async with asyncio.timeout(self._deadline_s):
                response = await super().send(*request, **settings)
        if response.status_code == 429:
            self._refused()
        return response


class FileWire(openai.DefaultHttpxClient):
    """The transport for batch files, watched. Redirects are not followed."""

    def __init__(self, route: Route, timeout_s: float) -> None:
        waiting = openai.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S))
        super().__init__(timeout=waiting, follow_redirects=False, mounts=route.mounts)
        self._route = route

    def send(self, *request: Any, **settings: Any) -> Any:  # noqa: ANN401 - the transport's own types have several homes
        with self._route.watched():
            return super().send(*request, **settings)


@contextmanager
def proxies_told() -> Iterator[None]:
    """Around the making of a transport.

    Raises:
        ContentError: it does not know this kind of proxy.
    """
    try:
        yield
    except (ValueError, ImportError) as error:
        raise ContentError("the proxy settings of the environment cannot be used: expected addresses like http://proxy:3128") from error


def _fault_of(endpoint: str) -> str:
    """What is wrong with an address; "" for nothing."""
    if not endpoint.lower().startswith(("http://", "https://")):
        return "does not begin with http:// or https://"
    if set(endpoint) & _NOT_PLAIN:
        return "holds a password, a query or a space"
    try:
        port = urlsplit(endpoint).port
    except ValueError:
        port = 0
    if port == 0:
        return "has a port that is no number from 1 to 65535"
    host = host_of(endpoint)
    return "has no host that is plainly written" if host is None else _fault_of_host(host)


def _fault_of_host(host: str) -> str:
    if _NUMERIC.fullmatch(host):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return "has a host that is no IP address"
    elif len(host) > _LONGEST_NAME or not all(0 < len(label) <= _LONGEST_LABEL for label in host.split(".")):
        return "has a host that no name can be"
    return ""


def _is_readable(path: Path, *, is_folder: bool) -> bool:
    if is_folder:
        return path.is_dir()
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError:  # an ssl.SSLError is one too
        return False
    return True


def _is_proxy(address: str, schemes: Collection[str]) -> bool:
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and not set(address) & set(" \t\r\n")
    except ValueError:
        return False


def _variable(scheme: str) -> str:
    """The name under which the environment states the proxy of a scheme; small letters win. Some systems state it elsewhere."""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "the system's settings")
