"""`radbench table`: a board as a table for the terminal, a paper or a page."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

import typer

from radbench.cli.options import CatalogOption, OutOption, open_catalog
from radbench.errors import ContentError

if TYPE_CHECKING:
    from radbench.leaderboard.board import Board
    from radbench.ratings.correlations import Correlations

Format: TypeAlias = Literal["markdown", "text", "latex", "csv", "html", "json"]

_INFERRED: Final = ("latex", "html", "csv", "json")  # formats that are kept: they carry rank intervals and groups
_ENDINGS: Final[dict[str, Format]] = {".tex": "latex", ".txt": "text", ".csv": "csv", ".html": "html", ".json": "json"}


def table(
    board: Annotated[str, typer.Argument(help="A board by name or file, or the correlations.json of correlate --out.")],
    fmt: Annotated[
        Format | None, typer.Option("--format", help="How it is written. [default: by the ending of --to, else markdown]")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns", metavar="NAME", help="Titles, values, tasks or headings to keep (of correlations: statistics); repeatable."
        ),
    ] = None,
    models: Annotated[
        list[str] | None, typer.Option("--models", metavar="NAME", help="Lines to keep (of correlations: metrics); repeatable.")
    ] = None,
    compare_to: Annotated[
        str, typer.Option("--compare-to", metavar="MODEL", help="In a LaTeX table, star what differs significantly from it.")
    ] = "",
    caption: Annotated[str, typer.Option("--caption", help="Of a LaTeX or HTML table. [default: the board's title]")] = "",
    label: Annotated[str, typer.Option("--label", help="Of a LaTeX table.")] = "",
    intervals: Annotated[bool, typer.Option("--intervals/--no-intervals", help="Print intervals in a LaTeX table.")] = True,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write here, and where numbers come from into FILE.json.")] = None,
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", metavar="DIR", help="Where runs lie; repeatable. [default: as --out]")
    ] = None,
    catalog: CatalogOption = None,
    out: OutOption = None,
) -> None:
    """Print a board: its columns for every model that has a run, with intervals, counts and what is not comparable.

    Or print how metrics agree with radiologists, from what `radbench correlate --out DIR` wrote.
    """
    fmt = fmt or (_ENDINGS.get(to.suffix) if to else None) or "markdown"
    is_agreement = board.endswith(".json")
    _check_flags(fmt, {"--compare-to": compare_to, "--label": label, "--no-intervals": not intervals}, ("latex",))
    _check_flags(fmt, {"--caption": caption}, ("latex", "html", "markdown") if is_agreement else ("latex", "html"))
    if is_agreement:
        if compare_to:
            raise ContentError(f"{board}: a table of correlations has no --compare-to")
        from radbench.paper import correlation_table as of

        agreement = of.select_from(of.read_correlations(Path(board)), _split(columns), _split(models))
        written = _correlations(agreement, fmt, caption=caption, label=label, intervals=intervals)
        _print(written, to, of.provenance(agreement) if to and fmt != "json" else None)
        return
    from radbench.cli.runs import found_below
    from radbench.leaderboard.board import build
    from radbench.leaderboard.printing.provenance import provenance
    from radbench.leaderboard.selection import select

    cards = open_catalog(catalog)
    found = build(cards.board(board), found_below(runs or ([out] if out else None)), cards)
    if compare_to and compare_to not in (names := [line.name for line in found.lines]):
        raise ContentError(f"--compare-to {compare_to}: the board has no such model; it has {', '.join(names)}")
    if fmt in _INFERRED or to:
        from radbench.leaderboard.standing import infer

        found = infer(found, cards)
    if compare_to:
        _check_tested(found, compare_to)
    found = select(found, _split(columns), _split(models))
    written = _written(found, fmt, caption=caption, label=label, compare_to=compare_to, intervals=intervals)
    _print(written, to, provenance(found) if to and fmt != "json" else None)


def _check_flags(fmt: Format, given: Mapping[str, object], of: Sequence[Format]) -> None:
    """Refuse a flag that the format has no place for."""
    for flag in (flag for flag, value in given.items() if value and fmt not in of):
        more = ": radbench compare tells more of any two runs" if flag == "--compare-to" else ""
        raise ContentError(f"{flag} is for {' and '.join(of)} alone, and this table is {fmt}{more}")


def _check_tested(board: Board, model: str) -> None:
    """Refuse a comparison that no mark could tell of."""
    if not any(cell is not None and cell.standing is not None for line in board.lines if line.name == model for cell in line.cells):
        raise ContentError(
            f"--compare-to {model}: it was tested against nobody. Tested are models of one class of exposure whose numbers are comparable, "
            "and no baselines, controls or reports: radbench compare takes any runs"
        )


def _print(written: str, to: Path | None, provenance: dict[str, Any] | None) -> None:
    """On stdout; or into a file, with where its numbers come from beside it, and the names of both on stdout."""
    if to is None:
        sys.stdout.write(written)
        return
    if not to.parent.is_dir():
        raise ContentError(f"--to {to}: there is no folder {to.parent}: make it, or name a file in another one")
    texts = {to: written}
    if provenance is not None:
        texts[to.with_name(f"{to.name}.json")] = _json(provenance)
    for path, text in texts.items():
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path}\n")


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _correlations(found: Correlations, fmt: Format, *, caption: str, label: str, intervals: bool) -> str:
    """The table of what `radbench correlate` found."""
    from radbench.paper import correlation_printing, correlation_table

    match fmt:
        case "latex":
            return correlation_printing.latex(found, caption=caption, label=label, intervals=intervals)
        case "markdown":
            return correlation_printing.markdown(found, caption=caption)
        case "html":
            return correlation_printing.page(found, caption=caption)
        case "csv":
            return correlation_table.as_csv(found)
        case "json":
            return _json(correlation_table.provenance(found))
        case "text":
            from radbench.ratings.report import table

            return table(found)


def _written(board: Board, fmt: Format, *, caption: str, label: str, compare_to: str, intervals: bool) -> str:
    match fmt:
        case "markdown":
            from radbench.leaderboard.printing.markdown import markdown

            return markdown(board)
        case "text":
            from radbench.leaderboard.printing.text import text

            return text(board)
        case "latex":
            from radbench.leaderboard.printing.latex import latex

            return latex(board, caption=caption, label=label, compare_to=compare_to, intervals=intervals)
        case "html":
            from radbench.leaderboard.printing.page import page

            return page(board, caption=caption)
        case "csv":
            from radbench.leaderboard.printing.provenance import as_csv

            return as_csv(board)
        case "json":
            from radbench.leaderboard.printing.provenance import provenance

            return _json(provenance(board))


def _split(names: list[str] | None) -> list[str]:
    """Names given one by one, or several with commas between them; a comma before a blank belongs to a name."""
    return [name.strip() for given in names or () for name in re.split(r",(?! )", given) if name.strip()]
