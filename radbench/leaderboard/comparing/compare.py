"""Runs compared: per task, every pair of systems on the cases that both have, with what can be concluded and how surely.

Nothing is measured again: all follows from the rows that scoring has stored. Only numbers made in the same way are compared;
a run whose data, question or metric differs is left out, with the parts that differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from radbench.catalog import Catalog
from radbench.errors import ContentError, RunError, nearest
from radbench.folder import RunFolder
from radbench.leaderboard.comparing.aligned import align
from radbench.leaderboard.comparing.claims import claims_of
from radbench.leaderboard.comparing.comparison import Claim, Comparison, Table
from radbench.leaderboard.comparing.contenders import Contender, alike, gather
from radbench.leaderboard.comparing.sheet import CompareSettings, sheets
from radbench.leaderboard.comparing.tabulating import table

_UNSTATED: Final[Mapping[str, str]] = MappingProxyType({})


def compare(
    folders: Iterable[RunFolder],
    catalog: Catalog,
    settings: CompareSettings,
    *,
    with_claims: bool = False,
    agreement: Mapping[str, str] = _UNSTATED,
) -> Comparison:
    """The tables of all tasks of which there are two runs or more.

    Args:
        folders: scored runs, in any order.
        catalog: knows the metrics they were scored with.
        settings: value, draws, correction.
        with_claims: also say of each pair where else its order holds.
        agreement: how far a value or metric family agrees with radiologists, in words, by id.

    Raises:
        RunError: of no task two runs can be compared; the message says why.
        ContentError: several of the runs of a task are in `settings.against`.
    """
    by_task, left_out = gather(folders, catalog)
    tables: list[Table] = []
    claims: list[Claim] = []
    for task, contenders in by_task.items():
        try:
            own, said, claimed = _of_task(task, contenders, catalog, settings, agreement if with_claims else None)
        except RunError as error:
            left_out.append(f"{task}: {error}")
            continue
        tables.append(own)
        claims += claimed
        left_out += [f"{task}: {text}" for text in said]
    if not tables:
        raise RunError("nothing can be compared:\n" + "\n".join(f"  {text}" for text in left_out or ["no run was found"]))
    return Comparison(tables=tuple(tables), claims=tuple(claims), left_out=tuple(left_out))


def _of_task(
    task: str, contenders: Sequence[Contender], catalog: Catalog, settings: CompareSettings, agreement: Mapping[str, str] | None
) -> tuple[Table, list[str], list[Claim]]:
    """The table of a task, what was left out of it, and its claims where agreement (or an empty mapping) is given."""
    against = [c.name for c in contenders if c.stored.folder.path.resolve() in settings.against]
    if len(against) > 1:
        raise ContentError(f"--against holds {len(against)} runs of {task}, and others can be set against one alone: {', '.join(against)}")
    value = settings.value or Counter(str(c.stored.summary.score["primary"]) for c in contenders).most_common(1)[0][0]
    kept, left_out = alike(contenders, value)
    if not kept:
        known = list(dict.fromkeys(v.id for c in contenders for v in c.stored.summary.values))
        raise RunError(f"no run has a value `{value}`{nearest(value, known)} They have {', '.join(known) or 'none'}")
    if len(kept) < 2:
        raise RunError("; ".join([f"only {kept[0][0].name} has `{value}`", *left_out]))
    aligned = align(kept, [value])
    if not aligned.panel.names:
        raise RunError(f"`{value}` is not one that stored rows give, as a threshold chosen on the validation split is not")
    (sheet,) = sheets(aligned, settings, aligned.groups() + aligned.by_repeat())
    made = table(task, kept[0][1].signature, sheet)
    claimed = [] if agreement is None else claims_of(made, sheet, catalog, agreement)
    return made, [*left_out, *aligned.left_out], claimed
