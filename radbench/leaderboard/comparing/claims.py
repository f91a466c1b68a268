"""Whether `A beats B` holds elsewhere: on other values, under published conventions, within subgroups, in single repeats.

Views of a pair are looked at one at a time. On other values the p of each table is adjusted for its own pairs; in subgroups and
repeats the interval decides, corrected for the groups looked at. Values of a single label (`f1:Edema`) are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set

import numpy as np

from radbench.catalog import Catalog
from radbench.errors import RunError
from radbench.leaderboard.comparing.aligned import align
from radbench.leaderboard.comparing.comparison import ALPHA, LEVEL, Claim, Outcome, Table, View
from radbench.leaderboard.comparing.contenders import Contender, under, way
from radbench.leaderboard.comparing.sheet import Sheet, defined, sheets
from radbench.records import ValueRecord
from radbench.statistics.multiplicity import adjusted

_TIE = 1e-12  # differences this near 0 are rounding


def claims_of(table: Table, sheet: Sheet, catalog: Catalog, agreement: Mapping[str, str]) -> list[Claim]:
    """One claim a pair of the table, in its order.

    Args:
        table: of the value that the claims are about.
        sheet: its numbers, with groups of cases.
        catalog: knows the metrics.
        agreement: how far a value or metric family agrees with radiologists, in words, by id.
    """
    contenders = sheet.aligned.contenders
    own = {(value.id, way(value.signature)) for value in contenders[0].stored.summary.values}
    others = [("", one, agreed) for one, agreed in _values(contenders, sheet, {(table.value, table.signature)}, agreement)]
    for preset in _presets(contenders):
        published = [under(preset, contender, catalog) for contender in contenders]
        others += [(preset, one, agreed) for one, agreed in _values(published, sheet, own, agreement)]
    found = []
    for pair in table.pairs:
        views = [
            view for preset, one, agreed in others for view in _on_other_value(one, pair.first, pair.second, preset, agreed)
        ] + _in_groups(sheet, pair.first, pair.second, agreement)
        kinds = {c.name: c.exposure for c in contenders}
        found.append(
            Claim(
                task=table.task,
                value=table.value,
                first=pair.first,
                second=pair.second,
                is_significant=pair.is_significant,
                exposures=(kinds[pair.first], kinds[pair.second]),
                views=tuple(views),
                verdict=_verdict(pair.is_significant, views),
            )
        )
    return found


def agreed_with(radiologists: Mapping[str, str], value: str, signature: str) -> str:
    """What is known of a value's agreement with radiologists: by its own id, else by its metric family's; else `unstated`."""
    return radiologists.get(value) or radiologists.get(signature.partition("|")[0]) or "unstated"


def _values(
    contenders: Sequence[Contender], base: Sheet, known: Set[tuple[str, str]], agreement: Mapping[str, str]
) -> Iterator[tuple[Sheet, str]]:
    """A sheet, and its agreement with radiologists, for each value that all runs have and that is not known, by id and way."""
    by_way: dict[str, list[ValueRecord]] = {}
    for record in contenders[0].stored.summary.values:
        if ":" not in record.id and (record.id, way(record.signature)) not in known:
            by_way.setdefault(way(record.signature), []).append(record)
    for how, records in by_way.items():
        chosen = [(c, found) for c in contenders if (found := _record(c, records[0].id, how))]
        try:
            aligned = align(chosen, [record.id for record in records])
        except RunError:
            continue
        if len(chosen) == len(contenders) and aligned.panel.names:
            for sheet in sheets(aligned, base.settings, aligned.groups()[:1]):
                yield sheet, agreed_with(agreement, sheet.name, how)


def _record(contender: Contender, value: str, how: str) -> ValueRecord | None:
    return next((v for v in contender.stored.summary.values if v.id == value and way(v.signature) == how), None)


def _presets(contenders: Sequence[Contender]) -> list[str]:
    """The published conventions under which all runs were scored."""
    names = [{file.stem.removeprefix("summary-") for file in c.stored.folder.path.glob("summary-*.json")} for c in contenders]
    return sorted(set.intersection(*names))


def _on_other_value(sheet: Sheet, first: str, second: str, preset: str, agreed: str) -> Iterator[View]:
    at = {contender.name: i for i, contender in enumerate(sheet.aligned.contenders)}
    if first not in at or second not in at:
        return
    i, j = at[first], at[second]
    places = [p for p, pair in enumerate(sheet.pairs.tolist()) if set(pair) == {i, j}]
    p = float(adjusted(sheet.p, sheet.settings.correction)[places[0]])
    difference = float(sheet.points[i] - sheet.points[j])
    yield View(
        kind="convention" if preset else "value",
        name=f"{sheet.name} as {preset}" if preset else sheet.name,
        difference=defined(difference),
        ci=sheet.interval(i, j),
        p_adjusted=defined(p),
        outcome=_outcome(sheet.sign * difference, is_significant=p <= ALPHA),
        agreement=agreed,
    )


def _in_groups(sheet: Sheet, first: str, second: str, agreement: Mapping[str, str]) -> list[View]:
    """Views of each level of each subgroup, and of each repeat."""
    at = {contender.name: i for i, contender in enumerate(sheet.aligned.contenders)}
    i, j = at[first], at[second]
    counts = Counter(group.of == "repeat" for group in sheet.groups if group.of)
    signature = sheet.aligned.panel.metric.name
    found = []
    for g, group in enumerate(sheet.groups):
        if not group.of:
            continue
        is_repeat = group.of == "repeat"
        difference = float(sheet.grouped[g, i] - sheet.grouped[g, j])
        ci = sheet.group_interval(g, i, j, 1 - (1 - LEVEL) / counts[is_repeat])
        found.append(
            View(
                kind="repeat" if is_repeat else "subgroup",
                name=group.level if is_repeat else f"{group.of} {group.level}",
                difference=defined(difference),
                ci=ci,
                p_adjusted=None,
                outcome=_outcome(sheet.sign * difference, is_significant=ci is not None and (ci[0] > 0 or ci[1] < 0)),
                agreement=agreed_with(agreement, sheet.name, signature),
            )
        )
    return found


def _outcome(merit: float, *, is_significant: bool) -> Outcome:
    """What a difference, positive where the first is better, says of the claim."""
    if np.isnan(merit):
        return "undefined"
    if abs(merit) <= _TIE:
        return "tied"
    if merit > 0:
        return "confirmed" if is_significant else "same direction"
    return "reversed, significantly" if is_significant else "reversed"


def _verdict(is_significant: bool, views: Sequence[View]) -> str:
    """The claim in one word, with the count of each outcome."""
    counts = Counter(view.outcome for view in views)
    if not is_significant:
        word = "not shown"
    elif counts["reversed, significantly"]:
        word = "contradicted elsewhere"
    elif counts["reversed"]:
        word = "depends on the view"
    else:
        word = "holds throughout" if counts.total() == counts["confirmed"] else "holds in direction"
    order: tuple[Outcome, ...] = ("confirmed", "same direction", "tied", "reversed", "reversed, significantly", "undefined")
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in order if counts[outcome])
    return f"{word} ({counts.total()} further views: {told})" if told else f"{word} (no further view)"
