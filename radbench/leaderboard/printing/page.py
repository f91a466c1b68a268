"""A board as one HTML page that needs nothing else: sort, filter, intervals, themes, print; without scripts a plain table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line
from radbench.leaderboard.printing.provenance import provenance
from radbench.leaderboard.printing.reading import decimals, headed, interval, legend, number, remarks


def page(board: Board, *, caption: str = "", made: Mapping[str, Any] | None = None) -> str:
    """The page. It carries the board's provenance as JSON (`made`, by default as of now), its date, and a hash of that content."""
    table = f"{_head(board)}\n<tbody>\n{_body(board)}\n</tbody>"
    notes = [*legend(board, best="bold", second="underlined", groups="group", other=""), *remarks(board)]
    return document(caption or board.title, board.card.about.summary, table, notes, made or provenance(board))


def document(title: str, summary: str, table: str, notes: Sequence[str], made: Mapping[str, Any]) -> str:
    """A page around the rows of a table.

    Args:
        title: escaped here, as are the summary and the notes.
        summary: a sentence below the title.
        table: head and body as HTML; what `page.js` sorts and filters by stands in its attributes.
        notes: below the table.
        made: the provenance, with its `made` (when) and `radbench` (version).
    """
    # "<" is not needed in JSON texts but by its escape, and so no text of a model can end the element
    data = json.dumps(made, ensure_ascii=False).replace("<", "\\u003c")
    digest = hashlib.sha256(json.dumps({**made, "made": ""}, sort_keys=True).encode()).hexdigest()[:16]
    body = f"""<header>
<h1>{escape(title)}</h1>
<p>{escape(summary)}</p>
<p class="faint">Made {made["made"]} by radbench {escape(made["radbench"])}; content {digest}.</p>
</header>
<main>
<form>
<label>Find a row <input type="search" name="find"></label>
<label><input type="checkbox" name="ci" checked> intervals</label>
<label>Theme <select name="theme"><option value="">as the system</option><option>light</option><option>dark</option></select></label>
<span id="count" role="status"></span>
</form>
<div class="scroll" role="region" aria-label="{escape(title)}" tabindex="0">
<table>
{table}
</table>
</div>
</main>
<footer>
<ul>
{_items(notes)}
</ul>
</footer>
<script type="application/json" id="provenance">{data}</script>
<script>
{_asset("page.js")}</script>"""
    return frame(title, body, scripts="script-src 'unsafe-inline'; ")


def frame(title: str, body: str, *, scripts: str = "") -> str:
    """An HTML document that needs nothing else.

    Args:
        title: escaped here.
        body: as HTML.
        scripts: what the document's policy says of its own scripts; "": none run.
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; {scripts}img-src data:">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>
{_asset("page.css")}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _asset(name: str) -> str:
    return (files("radbench.leaderboard.printing") / "assets" / name).read_text("utf-8")


def _head(board: Board) -> str:
    cells = []
    for place, column in enumerate(board.columns):
        cells.append(
            column_head(place, board.heading(place), column.value, lower_is_better=board.lower_is_better(place), group=column.group)
        )
    return f'<thead><tr><th scope="col">Model</th>{"".join(cells)}</tr></thead>'


def column_head(place: int, name: str, value: str, *, lower_is_better: bool, group: str = "") -> str:
    """The head of a column of numbers, by which the table can be sorted; `place` counts from 0."""
    better = "low" if lower_is_better else "high"
    above = f"<small>{escape(group)} </small>" if group and group != name else ""
    below = ", ".join(filter(None, (value, f"{better}er is better")))
    return (
        f'<th scope="col" data-column="{place + 1}" data-better="{better}" aria-sort="none">'
        f'<button type="button">{above}{escape(name)}</button><small>{escape(below)}</small></th>'
    )


def group_row(heading: str, n_columns: int) -> str:
    """A heading over rows."""
    return f'<tr data-heading="1"><th class="group" scope="colgroup" colspan="{n_columns + 1}">{escape(heading)}</th></tr>'


def _body(board: Board) -> str:
    places = [decimals(board, place) for place in range(len(board.columns))]
    rows = []
    for heading, lines in headed(board):
        if heading:
            rows.append(group_row(heading, len(places)))
        rows += [_row(line, places) for line in lines]
    return "\n".join(rows)


def _row(line: Line, places: Sequence[int]) -> str:
    kind = f"<small>{line.kind}</small>" if line.kind != "model" else ""
    cells = "".join(_cell(cell, n) for cell, n in zip(line.cells, places, strict=True))
    return f'<tr><th scope="row">{escape(line.name)}{kind}</th>{cells}</tr>'


def _cell(cell: Cell | None, places: int) -> str:
    if cell is None:
        return '<td data-value="">--</td>'
    kind = {1: "best", 2: "second"}.get(cell.order or 0, "" if cell.is_comparable else "other")
    value = "" if cell.value is None else repr(cell.value)
    where = cell.reported.source if cell.reported else _spent_by(cell) if cell.outlay else cell.signature
    return (
        f'<td class="{kind}" data-value="{value}" title="{escape(where)}"><span>{number(cell, places)}</span>'
        f'<small class="ci">{interval(cell, places)}</small>{_standing(cell)}</td>'
    )


def _spent_by(cell: Cell) -> str:
    """The runs behind a cost, and the replies that state it."""
    assert cell.outlay is not None  # asked of costs alone
    runs = f"runs {', '.join(asked.run.id for asked in cell.spent_by)}"
    return f"{cell.outlay.n} replies; {runs}" if cell.outlay.n else runs


def _standing(cell: Cell) -> str:
    """Rank with its interval and group; or why a number has none."""
    if cell.reported is not None:
        return "<small>reported</small>"
    if not cell.is_comparable:
        return "<small>not compared</small>"
    if cell.rank is None:
        return ""
    known, standing = f" {cell.exposure}" if cell.exposure != "unknown" else "", cell.standing
    if standing is None:
        return f"<small>rank {cell.rank}{known}</small>"
    group = f", group {standing.letters}" if standing.letters else ""
    return f"<small>rank {cell.rank} ({standing.low}&ndash;{standing.high}){group}{known}</small>"


def _items(notes: Sequence[str]) -> str:
    return "\n".join(f"<li>{escape(note)}</li>" for note in notes)
