"""The table of what `radbench correlate` found as LaTeX, Markdown and one HTML page."""

from __future__ import annotations

from html import escape
from typing import Final

from radbench.leaderboard.printing.markdown import escaped as markdown_escaped
from radbench.leaderboard.printing.page import column_head, document, group_row
from radbench.leaderboard.printing.tex import NAME, Tabular, column_title, row_name, table
from radbench.paper.correlation_table import LOWER, Cell, Row, footnotes, levels, provenance, statistics_of
from radbench.ratings.correlations import Correlations
from radbench.ratings.report import LEVELS, STATISTICS, heading

_NUMBER: Final = 10.0  # characters of a column
_INTERVAL: Final = 20.0  # the same with intervals
_LEGEND: Final = "bold: best metric, and no control is better; underlined: second best"


def latex(found: Correlations, *, caption: str = "", label: str = "", intervals: bool = True) -> str:
    """A table environment; `% needs` names the packages. Of each level the best metric is bold, the second one underlined.

    Args:
        found: levels are groups of rows, statistics are columns; controls and the ceiling are never marked.
        caption: escaped here; by default what was rated.
        label: of `\\label`.
        intervals: print them, as subscripts.
    """
    names = statistics_of(found)
    arrows = [r"$\downarrow$" if name == LOWER else r"$\uparrow$" for name in names]
    heads = [column_title(STATISTICS[name], arrow) for name, arrow in zip(names, arrows, strict=True)]
    groups = [(LEVELS[level], [_latex_row(row, intervals=intervals) for row in of_level]) for level, of_level in levels(found)]
    rows = Tabular("S[table-format=-1.3]" * len(names), [" & ".join(["{Metric}", *heads]) + r" \\"], groups, len(names))
    notes = [_LEGEND, *footnotes(found)]
    return table(
        [rows], notes, caption=caption or heading(found), label=label, width=NAME + (_INTERVAL if intervals else _NUMBER) * len(names)
    )


def _latex_row(row: Row, *, intervals: bool) -> str:
    return " & ".join([row_name(row.label), *(_latex_cell(cell, intervals=intervals) for cell in row.cells)]) + r" \\"


def markdown(found: Correlations, *, caption: str = "") -> str:
    """A table a level and the notes; the best metric bold."""
    names = statistics_of(found)
    parts = [f"**{markdown_escaped(caption or heading(found))}**"]
    for level, rows in levels(found):
        lines = [["metric", *(f"{STATISTICS[name]} {'&darr;' if name == LOWER else '&uarr;'}" for name in names)]]
        lines += [["---", *("---:" for _ in names)]]
        lines += [[markdown_escaped(row.label), *map(_markdown_cell, row.cells)] for row in rows]
        parts.append(f"*{LEVELS[level]}*\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    parts.append("\n".join(f"- {markdown_escaped(note)}" for note in footnotes(found)))
    return "\n\n".join(parts) + "\n"


def page(found: Correlations, *, caption: str = "") -> str:
    """One page that needs nothing else, with the provenance in it: levels are groups of rows, statistics are columns."""
    names = statistics_of(found)
    heads = [column_head(place, STATISTICS[name], "", lower_is_better=name == LOWER) for place, name in enumerate(names)]
    body = "\n".join(row for level, rows in levels(found) for row in (group_row(LEVELS[level], len(names)), *map(_page_row, rows)))
    table = f'<thead><tr><th scope="col">Metric</th>{"".join(heads)}</tr></thead>\n<tbody>\n{body}\n</tbody>'
    return document(caption or heading(found), "", table, footnotes(found), provenance(found))


def _page_row(row: Row) -> str:
    """With its level, since a sorted table has no headings."""
    below = ", ".join([LEVELS[row.level], *([row.kind] if row.kind != "metric" else [])])
    cells = "".join(_page_cell(cell, row) for cell in row.cells)
    return f'<tr><th scope="row">{escape(row.metric.name)}<small>{below}</small></th>{cells}</tr>'


def _page_cell(cell: Cell, row: Row) -> str:
    value = "" if cell.estimate is None or cell.estimate.value is None else repr(cell.estimate.value)
    kind = {1: "best", 2: "second"}.get(cell.order or 0, "")
    shown, interval = cell.shown
    where = escape(row.metric.signature)
    return f'<td class="{kind}" data-value="{value}" title="{where}"><span>{shown}</span><small class="ci">{interval}</small></td>'


def _latex_cell(cell: Cell, *, intervals: bool) -> str:
    """A number that siunitx aligns, or, where it carries marks or an interval, mathematics in braces."""
    if cell.estimate is None or cell.estimate.value is None:
        return "{--}" if cell.estimate is None else "{n/a}"
    value, interval = cell.shown
    if cell.order is None and not (intervals and interval):
        return value
    styled = {1: f"\\mathbf{{{value}}}", 2: f"\\underline{{{value}}}"}.get(cell.order or 0, value)
    lowered = "_{\\," + interval.replace(", ", ",\\,") + "}" if intervals and interval else ""
    return f"{{${styled}{lowered}$}}"


def _markdown_cell(cell: Cell) -> str:
    value, interval = cell.shown
    return f"{f'**{value}**' if cell.order == 1 else value} {interval}".rstrip()
