"""Controls whose state stands in the URL under their key. Defaults do not appear there; a value that is not offered is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st


def choice(label: str, options: Sequence[str], key: str, *, first: str = "", hint: str | None = None) -> str:
    """One of some options; `first` is taken where the URL says nothing."""
    index = options.index(first) if first in options else 0
    return str(st.selectbox(label, options, index=index, key=key, bind="query-params", help=hint))


def several(
    label: str, options: Sequence[str], key: str, *, first: Sequence[str] = (), most: int | None = None, hint: str | None = None
) -> list[str]:
    """Some of the options; none chosen means what the page says it means."""
    chosen = st.multiselect(label, options, default=list(first), key=key, bind="query-params", max_selections=most, help=hint)
    return [str(option) for option in chosen]


def switch(label: str, key: str, *, on: bool = False, hint: str | None = None) -> bool:
    """On or off."""
    return bool(st.toggle(label, value=on, key=key, bind="query-params", help=hint))


def words(label: str, key: str, *, hint: str | None = None) -> str:
    """A line of text."""
    return str(st.text_input(label, key=key, bind="query-params", help=hint, live="100ms") or "")


def picks(grid: str, key: str, names: Sequence[str]) -> Callable[[], None]:
    """For the grid of that key: a callback that gives the control `key` the name of the line that is selected."""

    def act() -> None:
        state: Mapping[str, Any] = st.session_state[grid]
        for row in state["selection"]["rows"][:1]:
            st.session_state[key] = names[row]

    return act
