"""A comparison in words and tables, for a terminal or as Markdown: sentences carry their numbers and how they were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from radbench.leaderboard.comparing.comparison import (
    ALPHA,
    LEVEL,
    POWER,
    Claim,
    Comparison,
    Entry,
    Interval,
    NonInferiority,
    Pair,
    Table,
    ranged,
)
from radbench.statistics.multiplicity import NAMES

Format: TypeAlias = Literal["text", "markdown"]
Grid: TypeAlias = list[list[str]]

_MOST_SENTENCES: Final = 20  # beyond these pairs the table speaks


def rendered(comparison: Comparison, fmt: Format) -> str:
    """All tables, then claims, then what was left out."""
    parts = [part for table in comparison.tables for part in _table(table, fmt)]
    parts += [part for claim in comparison.claims for part in _claim(claim, fmt)]
    if any(view.agreement != "unstated" for claim in comparison.claims for view in claim.views):
        parts.append(_list(["agreement with radiologists: as published, on other texts than these"], fmt))
    if comparison.left_out:
        parts += [_heading("Not compared", fmt), _list(comparison.left_out, fmt)]
    return "\n\n".join(parts) + "\n"


def sentence(table: Table, pair: Pair) -> str:
    """What may be said of a pair, with all that it rests on."""
    if pair.difference is None or pair.p_adjusted is None:
        return f"{pair.first} and {pair.second} on {table.task}, {table.value}: not tested"
    verb = "beats" if pair.is_significant else "is not shown to beat"
    return (
        f"{pair.first} {verb} {pair.second} on {table.task}, {table.value}: {pair.difference:+.4f} "
        f"{interval(pair.ci, signed=True) or 'without interval'}, p = {p_value(pair.p_adjusted)} ({corrected(table)}; "
        f"unadjusted {p_value(pair.p)}), {how_tested(table)}, n = {table.n_cases} cases in "
        f"{table.n_clusters} clusters ({table.cluster})"
    )


def how_tested(table: Table) -> str:
    """The test with its draws and seed."""
    draws = f"all 2^{table.n_clusters}, exact" if table.is_exact else f"B = {ranged(table.draws, table.swaps)}, seed {table.seed}"
    return f"{table.test}, {draws}"


def corrected(table: Table) -> str:
    """How p-values are corrected, and for how many pairs."""
    return f"{NAMES[table.correction]} over {table.family} {'pair' if table.family == 1 else 'pairs'}"


def interval(ci: Interval | None, *, signed: bool = False) -> str:
    """An interval in brackets; "" where there is none."""
    if ci is None:
        return ""
    return f"[{ci[0]:+.4f}, {ci[1]:+.4f}]" if signed else f"[{ci[0]:.4f}, {ci[1]:.4f}]"


def p_value(p: float | None) -> str:
    """Four places; never 0."""
    return "-" if p is None else f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def _table(table: Table, fmt: Format) -> list[str]:
    direction = "lower is better" if table.lower_is_better else "higher is better"
    parts = [
        _heading(f"{table.task}: {table.value} ({direction})", fmt),
        _grid(
            [
                ["system", "value", f"{LEVEL:.0%} interval", "SE", "rank", "rank interval", "upper rank", "group"],
                *map(_entry, table.entries),
            ],
            fmt,
        ),
        _grid([_PAIR_HEAD, *map(_pair, table.pairs)], fmt),
    ]
    if table.gaps:
        head = ["system", "subgroup", "worst level", "cases", "clusters", "value", "gap to all", "corrected interval"]
        rows = [
            [
                g.system,
                g.subgroup,
                g.level,
                str(g.n_cases),
                str(g.n_clusters),
                f"{g.value:.4f}",
                f"{g.gap:+.4f}",
                interval(g.ci, signed=True),
            ]
            for g in table.gaps
        ]
        parts.append(_grid([head, *rows], fmt))
    if len(table.pairs) <= _MOST_SENTENCES:
        parts.append(_list([sentence(table, pair) for pair in table.pairs], fmt))
    if table.planned is not None:
        parts.append(_list([_planned(table, pair) for pair in table.pairs], fmt))
    if table.non_inferiority:
        parts.append(_list([_non_inferior(table, one) for one in table.non_inferiority], fmt))
    return [*parts, _list(footnotes(table), fmt)]


_PAIR_HEAD: Final = [
    "first",
    "second",
    "difference",
    "interval",
    "p",
    "adjusted",
    "",
    "win/tie/loss",
    "McNemar",
    "detectable",
    "clusters needed",
]


def footnotes(table: Table) -> list[str]:
    """How the numbers of a table were made, and what to keep in mind."""
    family = f"{corrected(table)}, * at {ALPHA}"
    notes = [
        f"n = {table.n_cases} cases in {table.n_clusters} clusters ({table.cluster})",
        f"intervals, {LEVEL:.0%}: of differences by {table.interval}, B = {table.draws}, seed {table.seed}, and ranks from the same draws; "
        f"of values by {table.value_interval}",
        f"test: {how_tested(table)}; {family}; systems that share a group letter are not told apart",
        "detectable: the least true difference found with a power of 80%; clusters needed: for the difference seen; neither is corrected",
        f"signature: {table.signature}",
    ]
    if table.gaps:
        notes.append(
            f"gaps: value of the worst level minus value of all, intervals Bonferroni over {table.gaps[0].n_levels} levels of a system"
        )
    if any(entry.kind != "model" for entry in table.entries):
        notes.append("[baseline]: a floor, such as the nearest training case; [control]: other images than the study's; neither is ranked")
    if len({entry.exposure for entry in table.entries}) > 1:
        notes.append("exposure: " + ", ".join(f"{entry.name} {entry.exposure}" for entry in table.entries))
    return [*notes, *table.notes]


def _entry(entry: Entry) -> list[str]:
    name = entry.name if entry.kind == "model" else f"{entry.name} [{entry.kind}]"
    ranks = "-" if entry.rank_ci is None else f"{entry.rank_ci[0]}-{entry.rank_ci[1]}"
    shown = [_number(entry.value), interval(entry.ci), _number(entry.standard_error)]
    return [name, *shown, _count(entry.rank), ranks, _count(entry.upper_bound_rank), entry.letters]


def _pair(pair: Pair) -> list[str]:
    outcomes = "-" if pair.wins is None else f"{pair.wins}/{pair.ties}/{pair.losses}"
    difference = "-" if pair.difference is None else f"{pair.difference:+.4f}"
    tested = [p_value(pair.p), p_value(pair.p_adjusted), "*" if pair.is_significant else ""]
    planned = [_number(pair.detectable), _count(pair.clusters_needed)]
    return [pair.first, pair.second, difference, interval(pair.ci, signed=True), *tested, outcomes, p_value(pair.mcnemar_p), *planned]


def _non_inferior(table: Table, one: NonInferiority) -> str:
    verb = "is no worse than" if one.is_shown else "is not shown to be no worse than"
    return (
        f"{one.system} {verb} {one.against} (margin {one.margin:g}) on {table.task}, {table.value}: {one.difference:+.4f} "
        f"{interval(one.ci, signed=True) or 'without interval'}, one-sided p = {p_value(one.p_adjusted)} ({NAMES[table.correction]} over "
        f"{len(table.non_inferiority)}; at {ALPHA / 2}), B = {table.draws}, seed {table.seed}, n = {table.n_cases} cases in "
        f"{table.n_clusters} clusters ({table.cluster})"
    )


def _planned(table: Table, pair: Pair) -> str:
    if pair.planned_power is None:
        return f"{pair.first} against {pair.second}: no standard error to plan with"
    now, needed = f"{pair.planned_power:.0%} in these {table.n_clusters} clusters", f"{POWER:.0%} takes {pair.planned_clusters}"
    found = f"a true difference of {table.planned:g} would be found with a power of {now}; {needed}"
    return f"{pair.first} against {pair.second}: {found} (one test at {ALPHA}, not corrected)"


def _claim(claim: Claim, fmt: Format) -> list[str]:
    parts = [_heading(f"{claim.first} beats {claim.second} on {claim.task}, {claim.value}: {claim.verdict}", fmt)]
    first, second = claim.exposures
    unlike = "" if first == second else "; unlike exposure, so this is not like with like"
    head = ["view", "", "difference", "interval", "adjusted p", "outcome", "agreement with radiologists"]
    rows = [
        [
            view.kind,
            view.name,
            "-" if view.difference is None else f"{view.difference:+.4f}",
            interval(view.ci, signed=True),
            p_value(view.p_adjusted),
            view.outcome,
            view.agreement,
        ]
        for view in claim.views
    ]
    if rows:
        parts.append(_grid([head, *rows], fmt))
    return [*parts, _list([f"exposure to the task's data: {claim.first} {first}, {claim.second} {second}{unlike}"], fmt)]


def _heading(text: str, fmt: Format) -> str:
    return f"### {_escaped(text)}" if fmt == "markdown" else f"{text}\n{'-' * len(text)}"


def _list(lines: Sequence[str], fmt: Format) -> str:
    return "\n".join(f"- {_escaped(line)}" if fmt == "markdown" else f"  {line}" for line in lines)


def _grid(rows: Grid, fmt: Format) -> str:
    if fmt == "markdown":
        shown = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
        return "\n".join(f"| {' | '.join(map(_escaped, row))} |" for row in shown)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _count(value: int | None) -> str:
    return "-" if value is None else str(value)


def _escaped(text: str) -> str:
    if set(text) <= {"-"}:
        return text
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
