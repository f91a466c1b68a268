"""Settles disagreements: items on which raters differ by more than a threshold become a study of their own, blind as the first.

Its raters see neither who wrote a text nor what was answered before. The first study and its answers stay as they are.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

from radbench.errors import ContentError
from radbench.ratings.studies.creating import lay_down, open_place
from radbench.ratings.studies.draft import Controls, Rater
from radbench.ratings.studies.export import Opened
from radbench.ratings.studies.scores import scores
from radbench.ratings.studies.study import Item, Key, Showing, Study, StudyFolder, code


def disagreements(opened: Opened, threshold: float) -> dict[str, float]:
    """Item -> the widest spread (highest less lowest value) of a criterion, for items on which it is above `threshold`.

    Values are levels, numbers of errors (significant ones, and all), or preferences from -k to k.
    """
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in opened.plain():
        for criterion, value in scores(opened.study, record).items():
            found[record.item][criterion].append(value)
    spreads = {item: max(max(values) - min(values) for values in by.values()) for item, by in found.items()}
    return {item: spread for item, spread in sorted(spreads.items()) if spread > threshold}


def adjudicate(opened: Opened, threshold: float, raters: Sequence[Rater], out: Path, seed: int = 0) -> tuple[StudyFolder, Study]:
    """A new study in `out` of the items on which raters differ by more than `threshold`, for `raters` to judge.

    Raises:
        ContentError: there is no such item, a rater took part in the first study, or `out` is no place for a study.
    """
    first = opened.study
    items = [first.item_of[item] for item in disagreements(opened, threshold)]
    if not items:
        raise ContentError(f"no item has a spread above {threshold:g}: there is nothing to adjudicate")
    if known := sorted({rater.id for rater in raters} & set(first.orders)):
        raise ContentError(f"`{known[0]}` rated in the first study: name an adjudicator who did not, under another id")
    folder = open_place(out)
    old_key = opened.folder.read_key(first)
    salt = secrets.token_hex(16)
    new_arm = {arm: code(salt, arm) for item in items for arm in item.arms}
    new_items = [
        Item(id=code(salt, item.id, prefix="i"), case=item.case, arms=tuple(sorted(new_arm[arm] for arm in item.arms))) for item in items
    ]
    used = {item.case for item in items}
    cases = tuple(case for case in first.cases if case.id in used)
    key = Key(salt=salt, systems={new: old_key.systems[old] for old, new in sorted(new_arm.items())})
    change = {"raters": tuple(raters), "cases": len(cases), "overlap": 1.0, "repeats": 0.0, "controls": Controls(), "seed": seed}
    study = Study(
        draft=first.draft.model_copy(update={**change, "title": f"{first.draft.title}: adjudication"}),
        access=first.access,
        task=first.task,
        cases=cases,
        items=tuple(sorted(new_items, key=lambda item: item.id)),
        arms={new: first.arms[old] for old, new in sorted(new_arm.items())},
        orders={rater.id: _order(new_items, rater.id, j, seed) for j, rater in enumerate(raters)},
        key_hash=key.digest,
        notes=(f"{len(items)} items with a spread above {threshold:g}",),
        adjudicates=first.hash,
    ).frozen()
    for media in (media for case in cases for media in case.media):
        name = media.path.partition("#")[0]
        folder.media.mkdir(parents=True, exist_ok=True)
        source = (opened.folder.media / name).resolve()
        (folder.media / name).symlink_to(source, target_is_directory=source.is_dir())
    lay_down(folder, study, key)
    return folder, study


def _order(items: Sequence[Item], rater: str, place: int, seed: int) -> tuple[Showing, ...]:
    """The items in an order of the rater's own; sides change from item to item and from rater to rater."""
    showings = [Showing(item=item.id, arms=item.arms if (i + place) % 2 == 0 else item.arms[::-1]) for i, item in enumerate(items)]
    return tuple(Random(f"{seed}|order|{rater}").sample(showings, len(showings)))
