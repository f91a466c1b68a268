"""Rating studies made in memory, for tests that need no run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from radbench.catalog.cards import TaskCard
from radbench.ratings.studies.design import draw
from radbench.ratings.studies.desk import Desk
from radbench.ratings.studies.draft import Draft
from radbench.ratings.studies.export import Opened
from radbench.ratings.studies.material import Material, SourceCase
from radbench.ratings.studies.study import Key, Study
from radbench.sample import Sample

SYSTEMS = ("alpha-net", "beta-net", "gamma-net")
ANSWERS: dict[str, dict[str, str]] = {  # an answer that any page of the mode takes
    "ordinal": {"score.quality": "4"},
    "errors": {"count.omission_finding.significant": "2"},
    "ab": {"choice.preference": "left", "strength.preference": "2"},
    "spans": {"span.0.words": "heart", "span.0.category": "incorrect_severity", "span.0.significance": "significant"},
}

Made = tuple[Study, Key]


def draft(mode: str = "errors", **changes: Any) -> Draft:
    """A draft of two raters and four cases."""
    criteria = [{"name": "quality", "question": "How good is it?", "anchors": {i: f"level {i}" for i in range(1, 6)}}]
    told = {"title": "A study", "mode": mode, "raters": [{"id": "r1", "years": 12}, {"id": "r2"}], "cases": 4, "images": False}
    return Draft.model_validate({**told, **({"criteria": criteria} if mode == "ordinal" else {}), **changes})


def material(n: int = 8, systems: tuple[str, ...] = SYSTEMS) -> Material:
    """`n` cases of n/2 patients in two sexes; texts name their case, and nothing else tells who wrote them."""
    cases = []
    for i in range(n):
        said = {system: f"Case {i}. The heart is of size {i + k}. <b>{'*' * k}</b>" for k, system in enumerate(systems)}
        sample = Sample(
            id=f"s{i}", cluster=f"p{i // 2}", texts={"indication": f"Pain & <i>{i}</i>."}, subgroups={"sex": "F" if i % 4 < 2 else "M"}
        )
        cases.append(SourceCase(sample, (f"Reference of case {i}: the heart is normal.",), said))
    ask = {"version": 1, "dataset": "demo", "split": "test", "protocol": "report"}
    card = TaskCard.model_validate(
        {"name": "demo.report", "title": "t", "ask": ask, "score": {"metrics": ["bleu"], "primary": "bleu4"}, "hashes": {}}
    )
    return Material("demo.report", card, "open", systems, tuple(cases))


def made(wanted: Draft | None = None, given: Material | None = None) -> Made:
    """A study and its key."""
    return draw(wanted or draft(), given or material(), lambda _: {})


def answer_all(opened: Opened, rater: str, fields: Callable[[Any], dict[str, str]] | None = None) -> None:
    """Answer every page of a rater; `fields` gives the form of a shown page."""
    desk = Desk(opened.study, opened.store, rater)
    while (shown := desk.current()) is not None:
        form = fields(shown) if fields else ANSWERS[opened.study.draft.mode]
        assert desk.submit(shown.page.position, shown.page.attempt, form, 3.0) == "stored"
