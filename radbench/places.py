"""Paths and addresses of a machine, which nothing that is published may tell."""

from __future__ import annotations

import re
from typing import Any, Final

from radbench.terms import is_local

HERE: Final = "(local)"  # in the place of a path or address of the machine at hand

# two parts at least: what begins with one slash may be an instruction of a prompt
_PATH: Final = re.compile(r"(?<![^\s:=(`'\"])(?:/[^/\s|]+/|~/|[A-Za-z]:[\\/](?!/)|\\\\)[^\s|,;:)`'\"]*")
_ADDRESS: Final = re.compile(r"https?://[^\s|,;)`'\"]+")


def placeless(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value whose texts, keys too, name no place on this machine or in its network."""
    if isinstance(value, dict):
        return {without_places(key): placeless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [placeless(item) for item in value]
    return without_places(value) if isinstance(value, str) else value


def without_places(text: str) -> str:
    """The text with `(local)` in the place of absolute paths and of addresses of this machine or its network.

    >>> without_places("evaluate:/srv/lab/mine.py at http://10.0.0.5:8000/v1, https://example.org/a/b")
    'evaluate:(local) at (local), https://example.org/a/b'
    """
    plain = _ADDRESS.sub(lambda found: HERE if is_local(found[0]) else found[0], text)
    return _PATH.sub(HERE, plain)
