"""The table of what `radbench correlate` found as LaTeX, Markdown and one HTML page."""

from __future__ import annotations

from html import escape
from typing import Final

from radbench.leaderboard.printing.latex import escaped
from radbench.leaderboard.printing.markdown import escaped as markdown_escaped
from radbench.leaderboard.printing.page import column_head, document, group_row
from radbench.paper.correlation_table import LOWER, Cell, Row, footnotes, levels, provenance, statistics_of
from radbench.ratings.correlations import Correlations
from radbench.ratings.report import LEVELS, STATISTICS, heading

_WIDE: Final = 3  # columns of numbers with intervals from which on a table spans both columns of a page
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
    environment = "table*" if len(names) > _WIDE else "table"
    rows: list[str] = []
    for level, of_level in levels(found):
        rows += [f"\\multicolumn{{{len(names) + 1}}}{{l}}{{\\emph{{{escaped(LEVELS[level])}}}}} \\\\"]
        rows += [
            " & ".join([f"{{{escaped(row.label)}}}", *(_latex_cell(cell, intervals=intervals) for cell in row.cells)]) + r" \\"
            for row in of_level
        ]
        rows.append(r"\midrule")
    arrows = [r"$\downarrow$" if name == LOWER else r"$\uparrow$" for name in names]
    heads = [f"{{{escaped(STATISTICS[name])} {arrow}}}" for name, arrow in zip(names, arrows, strict=True)]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs,graphicx,siunitx,textcomp}",
            f"\\begin{{{environment}}}",
            "\\centering",
            f"\\caption{{{escaped(caption or heading(found))}}}",
            *([f"\\label{{{label}}}"] if label else []),
            "\\sisetup{mode=text,detect-weight}",
            "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",  # made smaller where it is wider than the page
            f"\\begin{{tabular}}{{l{'S[table-format=-1.3]' * len(names)}}}",
            "\\toprule",
            " & ".join(["{Metric}", *heads]) + r" \\",
            "\\midrule",
            *rows[:-1],
            "\\bottomrule",
            "\\end{tabular}}",
            "\\par\\smallskip",
            "\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright",
            *(f"{escaped(note.removesuffix('.'))}.\\par" for note in [_LEGEND, *footnotes(found)]),
            "\\end{minipage}",
            f"\\end{{{environment}}}",
            "",
        ]
    )


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
