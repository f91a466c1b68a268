"""Texts of others (names, messages, reports) as they may stand on a page: never markup."""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Final

import streamlit as st

_ESCAPES: Final = str.maketrans({mark: f"\\{mark}" for mark in string.punctuation} | {"\n": " ", "\r": " ", "\t": " "})


def plain(text: str) -> str:
    r"""The text for a place that reads Markdown: every mark that could mean something is escaped; one line.

    >>> print(plain("a_b <i>"))
    a\_b \<i\>
    """
    return text.translate(_ESCAPES)


def note(text: str) -> None:
    """A small line in the colour of the text: that of `st.caption` is too pale on white."""
    st.markdown(f":small[{plain(text)}]")


def notes(texts: Iterable[str]) -> None:
    """Small lines as a list."""
    st.markdown("\n".join(f"- :small[{plain(text)}]" for text in texts))
