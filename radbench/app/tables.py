"""Tables as HTML: real rows and headers for screen readers, print and small screens. All texts are escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

import streamlit as st

_STYLE: Final = """<style>
.rb { overflow-x: auto; }
.rb table { border-collapse: collapse; font-size: 0.875rem; }
.rb caption { text-align: left; padding: 0.25rem 0; opacity: 0.85; }
.rb th, .rb td { padding: 0.3rem 0.6rem; text-align: right; vertical-align: top; border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
.rb td { white-space: nowrap; }
.rb th { font-weight: 600; }
.rb tbody th { min-width: 7rem; }
.rb .text { text-align: left; }
.rb td.text { white-space: normal; overflow-wrap: anywhere; min-width: 10rem; }
.rb .faint { font-style: italic; background-color: rgba(128, 128, 128, 0.18); }
.rb small { display: block; opacity: 0.85; white-space: nowrap; }
.rb .text small { white-space: normal; }
.rb.block { max-height: 20rem; overflow-y: auto; }
.rb pre { font-size: 0.8rem; margin: 0.3rem 0 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>"""
_SHADE: Final = "rgba(30, 120, 220, {:.2f})"  # dark and light text keep a contrast above 4.5 on it, on either theme
_DARKEST: Final = 0.4


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell: a text, a smaller line below it, and how strongly it is shaded, from 0 to 1."""

    text: str
    below: str = ""
    shade: float | None = None
    is_text: bool = False  # flush left
    is_faint: bool = False  # grey: the text says why


Row: TypeAlias = Sequence[str | Entry]


def table(caption: str, head: Sequence[str], rows: Sequence[Row], *, n_heads: int = 1) -> None:
    """Show a table. The first cell of a row names it; it and the next up to `n_heads` are flush left."""
    st.html(html(caption, head, rows, n_heads=n_heads))


def block(caption: str, text: str) -> None:
    """Show a text as it is, in lines of its own; scrolls like a table."""
    said = escape(caption)
    st.html(f'{_STYLE}<div class="rb block" role="region" aria-label="{said}" tabindex="0">{said}<pre>{escape(text)}</pre></div>')


def html(caption: str, head: Sequence[str], rows: Sequence[Row], *, n_heads: int = 1) -> str:
    """The table's HTML: all of its rows; what is too wide scrolls, also with the keyboard."""
    texts = {i for row in rows for i, cell in enumerate(row) if i < n_heads or (isinstance(cell, Entry) and cell.is_text)}
    top = "".join(f'<th scope="col"{" class=text" if i in texts else ""}>{escape(name)}</th>' for i, name in enumerate(head))
    body = "\n".join(f"<tr>{''.join(_cell(i, cell, n_heads) for i, cell in enumerate(row))}</tr>" for row in rows)
    said = escape(caption)
    return (
        f'{_STYLE}<div class="rb" role="region" aria-label="{said}" tabindex="0"><table><caption>{said}</caption>'
        f"<thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def _cell(place: int, cell: str | Entry, n_heads: int) -> str:
    entry = cell if isinstance(cell, Entry) else Entry(cell)
    below = f"<small>{escape(entry.below)}</small>" if entry.below else ""
    classes = [name for name, holds in (("text", place < n_heads or entry.is_text), ("faint", entry.is_faint)) if holds]
    kind = f' class="{" ".join(classes)}"' if classes else ""
    style = "" if entry.shade is None else f' style="background-color: {_SHADE.format(_DARKEST * entry.shade)}"'
    if place == 0:
        return f'<th scope="row"{kind}>{escape(entry.text)}{below}</th>'
    return f"<td{kind}{style}>{escape(entry.text)}{below}</td>"
