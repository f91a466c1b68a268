"""An exported long table back into a study's store: answers that were given to the same frozen study on another machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from radbench.errors import ContentError
from radbench.ratings.studies.answers import BOTH_BAD, Answer, scales
from radbench.ratings.studies.desk import Desk
from radbench.ratings.studies.export import CONTROL, REPEAT, Opened
from radbench.ratings.table import Rating, Ratings


def import_ratings(opened: Opened, ratings: Ratings) -> tuple[int, int]:
    """Add the answers of a long table; how many were new, and how many were there already.

    Each rater's answers must go on where those in the store end. The table does not say whether a reference was asked for.
    All is checked before anything is stored.

    Raises:
        ContentError: the table is of another study, or answers are missing in between, or differ from those in the store.
    """
    if opened.study.draft.mode == "spans":
        raise ContentError("a long table counts spans and does not hold their places: answers of this study cannot be brought back from it")
    pages = _pages(opened)
    found: dict[str, dict[int, list[Rating]]] = defaultdict(lambda: defaultdict(list))
    for row in ratings.rows:
        name, mark = _split(row.criterion)
        key = (row.rater, row.study, row.system, row.category if opened.study.draft.mode == "ab" else "", mark == REPEAT)
        if key not in pages or name not in scales(opened.study.draft) or (mark == CONTROL) != pages[key][1]:
            where = f"{ratings.source}: rater `{row.rater}`, study `{row.study}`, system `{row.system}`, criterion `{row.criterion}`"
            raise ContentError(f"{where} is no page of this study: export it from a copy of the same study folder")
        found[row.rater][pages[key][0]].append(row)
    stored = {(record.rater, record.position): record.answer for record in opened.store.answers()}
    new: list[tuple[str, int, Answer, float]] = []
    n_known = 0
    for rater, by_position in found.items():
        following = opened.store.open_page(rater)[0]
        for position, rows in sorted(by_position.items()):
            answer = _answer(opened, rater, position, rows, ratings.source)
            if (rater, position) in stored:
                if _said(stored[rater, position]) != _said(answer):
                    raise ContentError(f"{ratings.source}: rater `{rater}` answered page {position} otherwise here; nothing was imported")
                n_known += 1
            elif position == following:
                new.append((rater, position, answer, rows[0].seconds or 0.0))
                following += 1
            else:
                raise ContentError(f"{ratings.source}: rater `{rater}` has page {position} and not page {following}; nothing was imported")
    for rater, position, answer, seconds in new:
        shown = Desk(opened.study, opened.store, rater).at(*opened.store.open_page(rater))
        if shown is None or shown.page.position != position or opened.store.submit(shown.page, answer, seconds) != "stored":
            raise ContentError(f"rater `{rater}` answered page {position} while it was imported: run the import again")
    opened.store.log("import", file=ratings.source, new=str(len(new)), known=str(n_known))
    return len(new), n_known


def _pages(opened: Opened) -> Mapping[tuple[str, str, str, str, bool], tuple[int, bool]]:
    """What a row says of its page -> the page's position, and whether it is a control."""
    study = opened.study
    found = {}
    for rater, order in study.orders.items():
        for position, showing in enumerate(order, start=1):
            item = study.item_of[showing.item]
            sample = study.case_of[item.case].sample
            for place, arm in enumerate(showing.arms):
                other = showing.arms[1 - place] if len(showing.arms) > 1 else ""
                for names in {(arm, other), (opened.name(arm), opened.name(other) if other else "")}:
                    found[rater, sample, *names, showing.is_repeat] = position, bool(item.control)
    return found


def _answer(opened: Opened, rater: str, position: int, rows: Sequence[Rating], source: str) -> Answer:
    draft = opened.study.draft
    where = f"{source}: rater `{rater}`, page {position}"
    left = opened.study.orders[rater][position - 1].arms[0]
    values: dict[tuple[str, str, str], float] = {}
    for row in rows:
        is_left = row.system in {left, opened.name(left)}
        if draft.mode == "ab" and not is_left:
            continue  # the other half of the same judgement
        key = (_split(row.criterion)[0], "" if draft.mode == "ab" else row.category, row.significance)
        if key in values or not float(row.value).is_integer():
            raise ContentError(f"{where}: `{row.criterion}` stands twice or is no whole number")
        values[key] = row.value
    try:
        match draft.mode:
            case "ordinal":
                answer: Answer = {"scores": {c.name: _level(values[c.name, "", ""], c.anchors, where) for c in draft.questions}}
            case "ab":
                answer = {
                    "choices": {
                        c.name: _choice(values[c.name, "", ""], values[c.name + BOTH_BAD, "", ""], len(draft.strengths), where)
                        for c in draft.questions
                    }
                }
            case _:
                counts = {(category, kind): int(values["errors", category, kind]) for category in draft.categories for kind in _KINDS}
                answer = {"errors": {category: {kind: counts[category, kind] for kind in _KINDS} for category in draft.categories}}
    except KeyError as error:
        raise ContentError(f"{where}: no row of {' '.join(filter(None, error.args[0]))}") from error
    return {**answer, "reference_seen": draft.reference == "always" or None}


_KINDS = ("significant", "insignificant")


def _level(value: float, anchors: Mapping[int, str], where: str) -> int:
    if value not in anchors:
        raise ContentError(f"{where}: {value:g} is no level of the scale")
    return int(value)


def _choice(value: float, is_bad: float, n_strengths: int, where: str) -> dict[str, Any]:
    if abs(value) > max(1, n_strengths):
        raise ContentError(f"{where}: a preference of {value:g} is stronger than the study asks for")
    if value == 0:
        return {"choice": "both_bad" if is_bad else "tie"}
    said: dict[str, Any] = {"choice": "left" if value > 0 else "right"}
    return {**said, "strength": int(abs(value))} if n_strengths else said


def _split(criterion: str) -> tuple[str, str]:
    for mark in (REPEAT, CONTROL):
        if criterion.endswith(mark):
            return criterion.removesuffix(mark), mark
    return criterion, ""


def _said(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if name != "reference_seen"}
