"""LaTeX for pdflatex: any text escaped, and tables of any length and width as floats that fit on a page."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

NEEDS: Final = "% needs \\usepackage{booktabs,graphicx,siunitx,textcomp}"
NAME: Final = 36  # characters from which on a name goes on in the next line
TITLE: Final = 16  # the same of the head of a column
WIDEST: Final = 110.0  # characters of a row, as many as stand across a page of two columns
_PAGE: Final = 46.0  # lines of a page, its caption left out
_NOTE: Final = 85  # characters of a line of notes
_NOTE_LINE: Final = 0.8  # its height
_COLUMN: Final = 60.0  # characters of a row from which on a table spans both columns of a page
_SIZES: Final = {78.0: "small", 88.0: "footnotesize", math.inf: "scriptsize"}  # of letters, by the characters of the longest row
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


@dataclass(frozen=True, slots=True)
class Tabular:
    """Rows under one head."""

    columns: str  # the specification of those after the first, which holds names
    head: Sequence[str]  # rows and rules
    groups: Sequence[tuple[str, Sequence[str]]]  # a heading over rows, "" for none, and the rows
    n_columns: int  # of numbers

    @property
    def height(self) -> float:
        """In lines; a rule counts half."""
        return len(self.head) + 1 + sum(sum(map(_lines, rows)) + (1.5 if heading else 0.5) for heading, rows in self.groups)

    def __str__(self) -> str:
        body: list[str] = []
        for heading, rows in self.groups:
            body += [f"\\multicolumn{{{self.n_columns + 1}}}{{l}}{{\\emph{{{escaped(heading)}}}}} \\\\"] if heading else []
            body += [*rows, r"\midrule"]
        return "\n".join(
            [
                "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",  # made smaller where it is wider than the page
                f"\\begin{{tabular}}{{l{self.columns}}}",
                "\\toprule",
                *self.head,
                "\\midrule",
                *body[:-1],
                "\\bottomrule",
                "\\end{tabular}}",
            ]
        )

    def pieces(self) -> Iterator[Tabular]:
        """The same in pieces that a page holds, each with the head, and with its heading a group that goes on."""
        taken: list[tuple[str, Sequence[str]]] = []
        for chunk in ((heading, rows) for heading, of_group in self.groups for rows in self._chunks(of_group)):
            if taken and replace(self, groups=[*taken, chunk]).height > _PAGE:
                yield replace(self, groups=taken)
                taken = []
            taken.append(chunk)
        yield replace(self, groups=taken)

    def _chunks(self, rows: Sequence[str]) -> Iterator[Sequence[str]]:
        """The rows of a group, as many at a time as a page holds."""
        room = _PAGE - len(self.head) - 3
        taken: list[str] = []
        for row in rows:
            if taken and sum(map(_lines, [*taken, row])) > room:
                yield taken
                taken = []
            taken.append(row)
        yield taken


def _lines(row: str) -> int:
    """Of a row whose name goes on in further lines."""
    return row.count(r"\\")


def table(tabulars: Sequence[Tabular], notes: Sequence[str], *, caption: str, label: str, width: float) -> str:
    """A table environment, and further ones under the same number for what one page does not hold, since a float cannot be broken.

    Args:
        notes: what stands below in small print; escaped here, as the caption is.
        label: of `\\label`; "" for none.
        width: characters of the longest row; all tabulars have letters of one size.
    """
    items = [_Item(piece.height, str(piece)) for tabular in tabulars for piece in tabular.pieces()]
    items += [_Item(_NOTE_LINE * math.ceil(len(note) / _NOTE), f"{escaped(note.removesuffix('.'))}.\\par", is_note=True) for note in notes]
    pages: list[list[_Item]] = [[]]
    for item in items:
        if pages[-1] and sum(one.height for one in [*pages[-1], item]) > _PAGE:
            pages.append([])
        pages[-1].append(item)
    environment = "table*" if width > _COLUMN else "table"
    size = next(size for most, size in _SIZES.items() if width <= most)
    lines = [NEEDS]
    for page in pages:
        is_first = page is pages[0]
        lines += [
            f"\\begin{{{environment}}}",
            f"\\centering\\{size}\\setlength{{\\tabcolsep}}{{4pt}}",
            *([] if is_first else ["\\addtocounter{table}{-1}"]),
            f"\\caption{{{escaped(caption)}{'' if is_first else ' (continued)'}}}",
            *([f"\\label{{{label}}}"] if label and is_first else []),
            "\\smallskip",
            "\\sisetup{mode=text,detect-weight}",
            *_body(page),
            f"\\end{{{environment}}}",
        ]
    return "\n".join([*lines, ""])


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of a table or a note, as LaTeX."""

    height: float  # in lines
    text: str
    is_note: bool = False


def _body(page: Sequence[_Item]) -> Iterator[str]:
    """What stands in one float: pieces one below the other, then notes in small print, as wide as the text."""
    yield "\n\\par\\medskip\n".join(item.text for item in page if not item.is_note)
    notes = [item.text for item in page if item.is_note]
    if notes:
        yield from ("\\par\\smallskip", "\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright", *notes, "\\end{minipage}")


def column_title(text: str, arrow: str) -> str:
    """The head of a column in braces, escaped, in lines above each other where it is long; `arrow` is LaTeX."""
    lines = [*map(escaped, textwrap.wrap(text, TITLE))] or [""]
    shown = "\\\\".join(lines) + f" {arrow}"
    return f"{{\\shortstack{{{shown}}}}}" if len(lines) > 1 else f"{{{shown}}}"


def row_name(text: str) -> str:
    """The name of a row in braces, escaped, which goes on below itself where it is long."""
    first, *more = [*map(escaped, textwrap.wrap(text, NAME))] or [""]
    if not more:
        return f"{{{first}}}"
    return f"\\begin{{tabular}}[t]{{@{{}}l@{{}}}}{first}{''.join(f'{chr(92) * 2}{chr(92)}quad {line}' for line in more)}\\end{{tabular}}"


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
