"""A board as a LaTeX table for a paper: booktabs and siunitx, its footnote written from the board itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line
from radbench.leaderboard.printing.reading import decimals, digits, headed, legend, number, plain, remarks

_WIDE: Final = 5  # columns of numbers from which on a table spans both columns of a page
_SPECIAL: Final = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "<": r"\textless{}", ">": r"\textgreater{}"},
    **{"|": r"\textbar{}", '"': "''", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}"},
    **{"ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "œ": r"\oe{}", "ł": r"\l{}", "Ł": r"\L{}"},
    **{
        "–": "--",
        "—": "---",
        "†": r"\textdagger{}",
        "‡": r"\textdaggerdbl{}",
        "±": r"\textpm{}",
        "°": r"\textdegree{}",
        "×": r"\texttimes{}",
        "µ": r"\textmu{}",
        "\xa0": "~",
    },
}
_GREEK: Final = "alpha beta gamma delta epsilon zeta eta theta iota kappa lamda mu nu xi pi rho sigma tau upsilon phi chi psi omega"
_ACCENTS: Final = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r", "\u030c": "v", "\u0327": "c"}


def latex(board: Board, *, caption: str = "", label: str = "", compare_to: str = "", intervals: bool = True) -> str:
    """A table environment; `% needs` names the packages. Best values bold, second ones underlined, within their class.

    Args:
        board: reports stand in a group of their own and are never marked.
        caption: LaTeX-escaped here; by default the board's title.
        label: of `\\label`.
        compare_to: the line from which others that differ significantly carry a star.
        intervals: print them, as subscripts.
    """
    environment = "table*" if len(board.columns) > _WIDE else "table"
    places = [decimals(board, place) for place in range(len(board.columns))]
    rows: list[str] = []
    for heading, lines in headed(board):
        rows += [f"\\multicolumn{{{len(places) + 1}}}{{l}}{{\\emph{{{escaped(heading)}}}}} \\\\"] if heading else []
        rows += [_row(line, places, compare_to, intervals=intervals) for line in lines]
        rows.append(r"\midrule")
    notes = [*legend(board, best="bold", second="underlined", groups="letters"), *remarks(board)]
    if compare_to:
        notes.insert(1, f"*: differs significantly from {compare_to}; models of its class alone are tested")
    head = _head(board)
    kinds = ["r" if column.cost else f"S[table-format=1.{n}]" for column, n in zip(board.columns, places, strict=True)]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs,graphicx,siunitx,textcomp}",
            f"\\begin{{{environment}}}",
            "\\centering",
            f"\\caption{{{escaped(caption or board.title)}}}",
            *([f"\\label{{{label}}}"] if label else []),
            "\\sisetup{mode=text,detect-weight}",
            "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",  # made smaller where it is wider than the page
            f"\\begin{{tabular}}{{l{''.join(kinds)}}}",
            "\\toprule",
            *head,
            "\\midrule",
            *rows[:-1],
            "\\bottomrule",
            "\\end{tabular}}",
            "\\par\\smallskip",
            "\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright",
            *(f"{escaped(note.removesuffix('.'))}.\\par" for note in notes),
            "\\end{minipage}",
            f"\\end{{{environment}}}",
            "",
        ]
    )


def _head(board: Board) -> list[str]:
    """The names of columns with the direction in which they are better, below the headings that several share."""
    arrows = [r"$\downarrow$" if board.lower_is_better(place) else r"$\uparrow$" for place in range(len(board.columns))]
    shown = [column.title or f"{column.name} {column.value}".strip() for column in board.columns]
    titles = [escaped(f"{title}‡" if place in board.outside else title) for place, title in enumerate(shown)]
    names = [f"{{{title} {arrow}}}" for title, arrow in zip(titles, arrows, strict=True)]
    head = [" & ".join(["{Model}", *names]) + r" \\"]
    if not any(column.group for column in board.columns):
        return head
    cells, rules, at = [], [], 2
    for group, columns in groupby(board.columns, key=lambda column: column.group):
        n = len(list(columns))
        cells.append(f"\\multicolumn{{{n}}}{{c}}{{{escaped(group)}}}")
        rules += [f"\\cmidrule(lr){{{at}-{at + n - 1}}}"] if group else []
        at += n
    return [" & ".join(["", *cells]) + r" \\", " ".join(rules), *head]


def _row(line: Line, places: Sequence[int], compare_to: str, *, intervals: bool) -> str:
    cells = [_cell(cell, n, compare_to, intervals=intervals) for cell, n in zip(line.cells, places, strict=True)]
    return " & ".join([f"{{{escaped(line.name)}}}", *cells]) + r" \\"


def _cell(cell: Cell | None, places: int, compare_to: str, *, intervals: bool) -> str:
    """A number that siunitx aligns, or, where it carries marks, mathematics in braces."""
    if cell is not None and cell.outlay is not None:
        return f"{{{escaped(number(cell, places))}}}"
    if cell is None or cell.value is None:
        return "{--}" if cell is None else "{n/a}"
    places = digits(cell, places)
    shown, bounds = plain(cell.value, places), cell.ci if intervals else None
    marks = [r"\dagger"] if cell.is_partial else []
    marks += ["*"] if cell.standing is not None and compare_to in cell.standing.differs else []
    marks += [f"\\mathrm{{{cell.standing.letters}}}"] if cell.standing is not None and cell.standing.letters else []
    if not bounds and not marks and cell.order is None and (cell.is_comparable or cell.reported is not None):
        return shown
    styled = {1: f"\\mathbf{{{shown}}}", 2: f"\\underline{{{shown}}}"}.get(cell.order or 0, shown)
    whole = styled if cell.is_comparable or cell.reported is not None else f"({styled})"
    raised = "^{" + r"\,".join(marks) + "}" if marks else ""
    lowered = f"_{{\\,[{plain(bounds[0], places)},\\,{plain(bounds[1], places)}]}}" if bounds else ""
    return f"{{${whole}{raised}{lowered}$}}"


def escaped(text: str) -> str:
    """Any text for pdflatex: special characters escaped, accents as commands, others that its fonts lack by their code."""
    return "".join(map(_escaped, re.sub(r"\s+", " ", text)))


def _escaped(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char.isascii():
        return char if char.isprintable() else ""
    parts = unicodedata.normalize("NFD", char)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in _ACCENTS:
        base = {"i": r"\i", "j": r"\j"}.get(parts[0], parts[0])
        return f"\\{_ACCENTS[parts[1]]}{{{base}}}"
    letter = unicodedata.name(char, "").removeprefix("GREEK SMALL LETTER ").lower()
    if letter in _GREEK.split():
        return f"\\ensuremath{{\\{letter.replace('lamda', 'lambda')}}}"
    return f"U+{ord(char):04X}"
