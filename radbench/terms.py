"""Data terms: who may see which data, decided per endpoint host.

Closed data (credentialed, or of unknown terms) may go to a local host always, and to an external one only with a stated agreement.
Open and non-commercial data may go anywhere.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from radbench.errors import DataTermsError

Access: TypeAlias = Literal["open", "non-commercial", "credentialed"]

_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_LOCAL: Final = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")))

AGREEMENT_KEYS: Final = ("provider", "retention", "training", "review", "by", "date")


def is_local(endpoint: str) -> bool:
    """True for an endpoint on this machine or in a private network, judged by the host as written, without look-up.

    >>> is_local("http://127.0.0.1:8000/v1"), is_local("https://api.example.com/v1")
    (True, False)
    """
    host = host_of(endpoint)
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _LOCAL if network.version == address.version)


def host_of(endpoint: str) -> str | None:
    """The host of an address that is plainly written; None for one that different readers might read differently.

    >>> host_of("https://api.example.com:443/v1"), host_of("http://localhost:80:evil/v1")
    ('api.example.com', None)
    """
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    at = f"[{host}]" if ":" in host else host
    plain = {at, f"{at}."} if port is None else {f"{at}:{port}", f"{at}.:{port}"}
    return host if parts.netloc.lower() in plain and _HOST.fullmatch(host) else None


def endpoint_of(thing: object) -> str | None:
    """The address that a model or metric, before it is loaded, says it will send to; None for one that stays by itself."""
    endpoint = getattr(thing, "endpoint", None)
    return None if endpoint is None else str(endpoint)


def parse_agreement(text: str) -> dict[str, str]:
    """The agreement `provider=...;retention=none;training=no;review=no;by=...;date=...` as a mapping.

    Raises:
        DataTermsError: a key is missing, empty or unknown.
    """
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    stated = {key.strip(): value.strip() for key, _, value in pairs}
    missing = [key for key in AGREEMENT_KEYS if not stated.get(key)]
    unknown = [key for key in stated if key not in AGREEMENT_KEYS]
    if missing or unknown:
        wrong = [f"`{key}` is missing" for key in missing] + [f"`{key}` is unknown" for key in unknown]
        form = ";".join(f"{key}=..." for key in AGREEMENT_KEYS)
        raise DataTermsError(f"--data-agreement: {', '.join(wrong)}. Its form: {form}")
    return stated


def guard(access: Access, endpoint: str | None, agreement: Mapping[str, str] | None, *, what: str, to: str) -> None:
    """Refuse to send closed data to an external endpoint without an agreement.

    Raises:
        DataTermsError: naming the data (`what`), the receiver (`to`), and what would allow it.
    """
    if endpoint is None or access != "credentialed" or agreement or is_local(endpoint):
        return
    form = ";".join(f"{key}=..." for key in AGREEMENT_KEYS)
    raise DataTermsError(
        f"{what} is credentialed data and {to} answers at the external host `{host_of(endpoint) or endpoint}`: nothing was sent. "
        f"If your agreement with the provider allows it, state it: --data-agreement '{form}'"
    )
