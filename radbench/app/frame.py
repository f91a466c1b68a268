"""What all pages share: where they are, links between them, and what is shown when one cannot be made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import streamlit as st

from radbench.app.texts import plain
from radbench.errors import RadbenchError, where_raised

_FOLDER: Final = Path(__file__).parent / "views"  # not "pages": streamlit would serve such a folder beside its script by rules of its own
# file -> its title; the first one opens. No icons: streamlit's client would fetch a page's icon from a foreign server
_PAGES: Final = {
    "overview": "Overview",
    "task": "Task",
    "compare": "Compare",
    "samples": "Samples",
    "metrics": "Metrics vs radiologists",
    "efficiency": "Efficiency",
    "runs": "Models and runs",
    "export": "Export",
    "about": "About",
}


def pages() -> list[st.Page]:
    """All pages."""
    return [_page(name) for name in _PAGES]


def link(name: str, label: str, query: Mapping[str, str | Sequence[str]]) -> None:
    """A link to a page with its controls set; `label` may be any text."""
    st.page_link(_page(name), label=f"→ {plain(label)}", query_params=dict(query))


def shown(page: Callable[[], None]) -> None:
    """Show a page; where it cannot be made, why, and never a traceback, which may quote texts of closed data."""
    try:
        page()
    except RadbenchError as error:
        st.error(plain(str(error)))
    except Exception as error:  # a fault of radbench or of someone's metric must not take the page's frame with it
        logging.getLogger(__name__).exception("a page failed")
        st.error(plain(f"unforeseen {where_raised(error)}: please report it, with what the server's log says"))


def _page(name: str) -> st.Page:
    return st.Page(_FOLDER / f"{name}.py", title=_PAGES[name], url_path=name, default=name == next(iter(_PAGES)))
