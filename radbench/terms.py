"""Data terms: who may see which data, decided per endpoint host.

Closed data (credentialed, or of unknown terms) may go to a local host always, and to an external one only with a stated agreement
that names this very host. Open and non-commercial data may go anywhere. What is told of errors follows the data too: radbench's
own words quote no text of data; those of others (a model, a metric, a package) may, and of closed data are not told, by nobody.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from radbench.errors import DataTermsError, RadbenchError, code_raising, is_own, is_own_part, where_raised

Access: TypeAlias = Literal["open", "non-commercial", "credentialed"]

_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_LOCAL: Final = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")))

_COLUMN: Final = re.compile(r"[\w.-]{0,40}")  # the name of a column that is no text
_LONGEST_WORD: Final = 12

WITHHELD: Final = "the words of code that is not radbench's are not told, for they may quote closed data"

AGREEMENT_KEYS: Final = ("provider", "retention", "training", "review", "by", "date")

_log = logging.getLogger(__name__)


def is_local(endpoint: str) -> bool:
    """True for an endpoint on this machine or in a private network, judged by the host as written, without look-up.

    Of names `localhost` alone is one: on many systems those below it are looked up like any other.

    >>> is_local("http://127.0.0.1:8000/v1"), is_local("https://api.example.com/v1")
    (True, False)
    """
    host = host_of(endpoint)
    if host is None or ".:" in f"{urlsplit(endpoint).netloc}:":
        return False  # with a dot at its end even 127.0.0.1 is a name, and a server of names says where it leads
    if host == "localhost":
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

    `provider` names the hosts it covers, as they stand in endpoints, with commas between: `api.example.com,ours.example.org`.

    Raises:
        DataTermsError: a key is missing, empty, unknown or given twice, or `provider` names no host.
    """
    pairs = [(key.strip(), value.strip()) for key, _, value in (part.partition("=") for part in text.split(";") if part.strip())]
    stated = dict(pairs)
    wrong = [f"`{key}` is missing" for key in AGREEMENT_KEYS if not stated.get(key)]
    wrong += [f"`{key}` is unknown" for key in stated if key not in AGREEMENT_KEYS]
    wrong += [f"`{key}` is given twice" for key in stated if sum(key == other for other, _ in pairs) > 1]
    no_hosts = [name for name in stated.get("provider", "").split(",") if stated.get("provider") and _as_host(name) is None]
    wrong += [f"`provider`: `{name.strip()}` is no host, such as api.example.com" for name in no_hosts]
    if wrong:
        raise DataTermsError(f"--data-agreement: {', '.join(wrong)}. Its form: {_form(provider='HOST[,HOST]')}")
    return stated


def covers(agreement: Mapping[str, str], endpoint: str) -> bool:
    """True if an agreement names the host of an endpoint: the very host, for what lies below it may be another customer's.

    >>> covers({"provider": "api.example.com"}, "https://api.example.com/v1"), covers({"provider": "example.com"}, "https://a.example.com")
    (True, False)
    """
    host = host_of(endpoint)
    return host is not None and host in {_as_host(name) for name in agreement.get("provider", "").split(",")}


def guard(access: Access, endpoint: str | None, agreement: Mapping[str, str] | None, *, what: str, to: str) -> None:
    """Refuse to send closed data to an external endpoint without an agreement that covers its host.

    Raises:
        DataTermsError: naming the data (`what`), the receiver (`to`), its host, and what would allow it.
    """
    if endpoint is None or access != "credentialed" or is_local(endpoint) or (agreement and covers(agreement, endpoint)):
        return
    host = host_of(endpoint)
    if host is None:
        raise DataTermsError(
            f"{what} is credentialed data and the address of {to} can be read in more ways than one: nothing was sent. "
            "Write it plainly, such as https://api.example.com/v1"
        )
    stated = agreement or {}
    lacks = f" The agreement stated covers {stated['provider']}, not this host." if stated else ""
    form = _form(**{**stated, "provider": ",".join(filter(None, (stated.get("provider"), host)))})
    raise DataTermsError(
        f"{what} is credentialed data and {to} answers at the external host `{host}`: nothing was sent.{lacks} "
        f"If your agreement with the provider allows it, state it: --data-agreement '{form}'"
    )


class Opened:
    """Of which classes the data are that this process opened: what decides where the data behind some words are not known."""

    def __init__(self) -> None:
        self._classes: set[Access] = set()

    def note(self, access: Access) -> None:
        """Data of this class are opened, or about to be."""
        self._classes.add(access)

    def forget(self) -> None:
        """Begin anew, as a command does."""
        self._classes.clear()

    @property
    def access(self) -> Access:
        """The strictest class of what was opened; before anything was, closed."""
        return "credentialed" if not self._classes or "credentialed" in self._classes else "open"


opened: Final = Opened()


def reason_of(part: object, reason: str, access: Access | None = None) -> str:
    """A reason that a part (a protocol, a metric, a data set) gives, where that may be told: those of radbench's own quote no data.

    `access` is that of the data at hand; None: of all that was opened.
    """
    return reason if (access or opened.access) != "credentialed" or is_own_part(part) else WITHHELD


def told(error: BaseException, access: Access | None = None) -> str:
    """One line on an error met while handling data: the one place where it is decided whether its message is told.

    Of an error that is not radbench's own (`is_own`), and of closed data, only kind and place are told, in logs too. `access` is that
    of the data at hand; None: of all that was opened.
    """
    if isinstance(error, RadbenchError) and may_be_told(error, access):
        return " ".join(str(error).split())
    where = where_raised(error)
    if (access or opened.access) == "credentialed":
        return where
    _log.debug("%s: %s", where, error, exc_info=error)
    return f"{where} (its message: --debug)"


def words(error: BaseException, access: Access | None = None) -> str:
    """What an error says, as it stands, where that may be told.

    Else its kind, its place and the source code there: of the message that holds the words that are no data.
    """
    if may_be_told(error, access):
        return str(error)
    code = code_raising(error)
    return f"{where_raised(error)}{f': `{code}`' if code else ''}; {WITHHELD}"


def may_be_told(error: BaseException, access: Access | None = None) -> bool:
    """True for an error whose message quotes no closed data: the data are open, or the words are radbench's own."""
    return (access or opened.access) != "credentialed" or is_own(error)


def cell_told(text: str) -> str:
    """A cell of a table as a message may have it: a word alone, since more may be part of a report that stands in the wrong column.

    >>> cell_told("maybe"), cell_told("Small left effusion.")
    ('`maybe`', 'a text of 20 characters')
    """
    if not text:
        return "a blank"
    return f"`{text}`" if len(text) <= _LONGEST_WORD and " " not in text else f"a text of {len(text)} characters"


def names_told(names: Iterable[object]) -> str:
    """The columns of a table as a message may have them: by name where each is one word, since a table without a header has texts there.

    >>> names_told(["id", "report"]), names_told(["7", "Small left effusion."])
    ('id, report', '2 columns, whose names are more than words: is its first line a header?')
    """
    known = list(map(str, names))
    if all(map(_COLUMN.fullmatch, known)):
        return ", ".join(known) or "no column"
    return f"{len(known)} columns, whose names are more than words: is its first line a header?"


def _form(**stated: str) -> str:
    """An agreement as it is written, with what is known of it filled in."""
    return ";".join(f"{key}={stated.get(key, '...')}" for key in AGREEMENT_KEYS)


def _as_host(name: str) -> str | None:
    """A host as `host_of` would give it, from its name or its address alone; None for anything else."""
    plain = name.strip().lower().rstrip(".")
    at = f"[{plain}]" if ":" in plain else plain
    return plain if host_of(f"https://{at}") == plain else None
