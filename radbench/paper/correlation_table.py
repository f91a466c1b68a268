"""What `radbench correlate` found, as a table for a paper: LaTeX, Markdown and CSV; the numbers are those it prints."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from radbench.errors import ContentError, nearest
from radbench.leaderboard.printing.latex import escaped
from radbench.leaderboard.printing.markdown import escaped as markdown_escaped
from radbench.leaderboard.printing.provenance import guarded
from radbench.leaderboard.printing.reading import plain
from radbench.ratings.correlations import CEILING, Agreement, Correlations, Estimate, Level
from radbench.ratings.report import LEVELS, STATISTICS, heading, notes

_PLACES: Final = 3
_WIDE: Final = 3  # columns of numbers with intervals from which on a table spans both columns of a page
_LOWER: Final = "mae"  # the one statistic of which less is better


@dataclass(frozen=True, slots=True)
class _Cell:
    estimate: Estimate | None  # None: this level has no such statistic
    order: int | None = None  # 1: best, 2: second best of the metrics, by unrounded values


@dataclass(frozen=True, slots=True)
class _Row:
    level: Level
    metric: Agreement
    kind: Literal["metric", "control", "ceiling"]
    cells: tuple[_Cell, ...]

    @property
    def label(self) -> str:
        return f"{self.metric.name} (control)" if self.kind == "control" else self.metric.name


def read_correlations(path: Path) -> Correlations:
    """What `radbench correlate --out DIR` wrote as correlations.json.

    Raises:
        ContentError: the file is missing, damaged or something else.
    """
    try:
        found: Correlations = TypeAdapter(Correlations).validate_json(path.read_bytes())
    except OSError as error:
        raise ContentError(f"{path}: cannot be read ({error.strerror or error}); radbench correlate --out DIR writes one") from error
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise ContentError(f"{path}: `{where}`: {fault['msg']}; expected the correlations.json of radbench correlate --out DIR") from error
    return found


def select_from(found: Correlations, statistics: Sequence[str] = (), metrics: Sequence[str] = ()) -> Correlations:
    """Some statistics and metrics; all of them where none is named. What was tested over all stays as it is.

    Raises:
        ContentError: a name that is not there.
    """
    named = {"statistic": (statistics, _statistics(found)), "metric": (metrics, [metric.name for metric in found.metrics])}
    for what, (wanted, known) in named.items():
        for name in wanted:
            if name not in known:
                raise ContentError(f"there is no {what} `{name}`{nearest(name, known)} There are: {', '.join(known)}")
    ranked = found.ordered("pooled")  # also where the coefficient that orders them is not shown
    kept = [metric for metric in ranked if not metrics or metric.name in metrics]
    return replace(
        found,
        metrics=tuple(_with(metric, statistics) for metric in kept),
        ceiling=tuple(_with(rater, statistics) for rater in found.ceiling),
    )


def latex(found: Correlations, *, caption: str = "", label: str = "", intervals: bool = True) -> str:
    """A table environment; `% needs` names the packages. Of each level the best metric is bold, the second one underlined.

    Args:
        found: levels are groups of rows, statistics are columns; controls and the ceiling are never marked.
        caption: escaped here; by default what was rated.
        label: of `\\label`.
        intervals: print them, as subscripts; more than four statistics with them are wider than a page.
    """
    names = _statistics(found)
    environment = "table*" if len(names) > _WIDE else "table"
    rows: list[str] = []
    for level, of_level in _levels(found, names):
        rows += [f"\\multicolumn{{{len(names) + 1}}}{{l}}{{\\emph{{{escaped(LEVELS[level])}}}}} \\\\"]
        rows += [
            " & ".join([f"{{{escaped(row.label)}}}", *(_latex_cell(cell, intervals=intervals) for cell in row.cells)]) + r" \\"
            for row in of_level
        ]
        rows.append(r"\midrule")
    arrows = [r"$\downarrow$" if name == _LOWER else r"$\uparrow$" for name in names]
    heads = [f"{{{escaped(STATISTICS[name])} {arrow}}}" for name, arrow in zip(names, arrows, strict=True)]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs,siunitx,textcomp}",
            f"\\begin{{{environment}}}",
            "\\centering",
            f"\\caption{{{escaped(caption or heading(found))}}}",
            *([f"\\label{{{label}}}"] if label else []),
            *(["\\footnotesize", "\\setlength{\\tabcolsep}{3pt}"] if len(names) > _WIDE else []),
            "\\sisetup{mode=text,detect-weight}",
            f"\\begin{{tabular}}{{l{f'S[table-format=-1.{_PLACES}]' * len(names)}}}",
            "\\toprule",
            " & ".join(["{Metric}", *heads]) + r" \\",
            "\\midrule",
            *rows[:-1],
            "\\bottomrule",
            "\\end{tabular}",
            "\\par\\smallskip",
            "\\begin{minipage}{\\linewidth}\\footnotesize",
            *(f"{escaped(note.removesuffix('.'))}.\\par" for note in _footnotes(found)),
            "\\end{minipage}",
            f"\\end{{{environment}}}",
            "",
        ]
    )


def markdown(found: Correlations, *, caption: str = "") -> str:
    """A table a level and the notes; the best metric bold."""
    names = _statistics(found)
    parts = [f"**{markdown_escaped(caption or heading(found))}**"]
    for level, rows in _levels(found, names):
        lines = [["metric", *(f"{STATISTICS[name]} {'&darr;' if name == _LOWER else '&uarr;'}" for name in names)]]
        lines += [["---", *("---:" for _ in names)]]
        lines += [[markdown_escaped(row.label), *map(_markdown_cell, row.cells)] for row in rows]
        parts.append(f"*{LEVELS[level]}*\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    parts.append("\n".join(f"- {markdown_escaped(note)}" for note in _footnotes(found)))
    return "\n\n".join(parts) + "\n"


def as_csv(found: Correlations) -> str:
    """A line a level, metric and statistic; values are unrounded, `shown` is what tables print."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["level", "metric", "kind", "statistic", "value", "low", "high", "shown", "n", "signature"])
    names = _statistics(found)
    for level, rows in _levels(found, names):
        for row in rows:
            for name, cell in zip(names, row.cells, strict=True):
                if (one := cell.estimate) is not None:
                    numbers = [one.value, one.low, one.high, " ".join(_shown(one))]
                    writer.writerow([level, guarded(row.metric.name), row.kind, name, *numbers, row.metric.n, row.metric.signature])
    return out.getvalue()


def _with(metric: Agreement, statistics: Sequence[str]) -> Agreement:
    """A metric with some of its statistics."""
    if not statistics:
        return metric
    kept = {level: {name: one for name, one in held.items() if name in statistics} for level, held in metric.estimates.items()}
    return replace(metric, estimates=kept)


def _statistics(found: Correlations) -> list[str]:
    """The statistics that any level has, in their order."""
    return [name for name in STATISTICS if any(name in of_level for metric in found.metrics for of_level in metric.estimates.values())]


def _levels(found: Correlations, names: list[str]) -> Iterator[tuple[Level, list[_Row]]]:
    """The rows of each level: metrics, the best first, then the ceiling."""
    for level in LEVELS:
        ranked = found.ordered(level)
        if not ranked:
            continue
        own = [metric for metric in ranked if not metric.is_control]
        orders = {name: _orders(own, level, name) for name in names}
        rows = []
        for metric in [*ranked, *found.ceiling[-1:]]:
            kind: Literal["metric", "control", "ceiling"] = (
                "ceiling" if metric.name == CEILING else "control" if metric.is_control else "metric"
            )
            held = metric.estimates.get(level, {})
            cells = tuple(_Cell(held.get(name), orders[name].get(metric.name)) for name in names)
            rows.append(_Row(level, metric, kind, cells))
        yield level, rows


def _orders(metrics: list[Agreement], level: Level, name: str) -> dict[str, int]:
    """The best and second best metrics of a statistic; ties share their place."""
    sign = 1.0 if name == _LOWER else -1.0
    keys = {metric.name: sign * value for metric in metrics if (value := metric.of(level, name).value) is not None}
    order = {metric: 1 + len({other for other in keys.values() if other < key}) for metric, key in keys.items()}
    return {metric: place for metric, place in order.items() if place < 3 and len(keys) > 1}


def _footnotes(found: Correlations) -> list[str]:
    """What a reader must know, and how each metric was scored."""
    scored = [f"{metric.name}: {metric.signature}" for metric in found.metrics if metric.signature]
    return [*([heading(found)]), *notes(found), *([f"scored by {'; '.join(dict.fromkeys(scored))}"] if scored else [])]


def _shown(one: Estimate) -> tuple[str, ...]:
    """The value as printed, and its interval where it has one."""
    if one.value is None:
        return ("undefined",)
    if one.low is None or one.high is None:
        return (plain(one.value, _PLACES),)
    return plain(one.value, _PLACES), f"[{plain(one.low, _PLACES)}, {plain(one.high, _PLACES)}]"


def _latex_cell(cell: _Cell, *, intervals: bool) -> str:
    """A number that siunitx aligns, or, where it carries marks or an interval, mathematics in braces."""
    if cell.estimate is None or cell.estimate.value is None:
        return "{--}" if cell.estimate is None else "{n/a}"
    value, *found = _shown(cell.estimate)
    interval = found if intervals else []
    if cell.order is None and not interval:
        return value
    styled = {1: f"\\mathbf{{{value}}}", 2: f"\\underline{{{value}}}"}.get(cell.order or 0, value)
    lowered = "_{\\," + interval[0].replace(", ", ",\\,") + "}" if interval else ""
    return f"{{${styled}{lowered}$}}"


def _markdown_cell(cell: _Cell) -> str:
    if cell.estimate is None:
        return "--"
    value, *interval = _shown(cell.estimate)
    return " ".join([f"**{value}**" if cell.order == 1 else value, *interval])
