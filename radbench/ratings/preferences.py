"""Files of choices between two texts: votes of the ReXrank arena, and exports of Label Studio (which holds grades as well)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from radbench.errors import ContentError, nearest
from radbench.ratings._reading import PREFERENCE, Row, Stated, csv_rows, header_of, objects, scale_of
from radbench.ratings.table import RatedText, Rating, Ratings

ARENA_KEYS: Final = ("userId", "imageId", "choice")
_STUDIO_PARTS: Final = ("study", "reference", "left", "right", "left_text", "right_text", "system", "text")
_ARENA_TEXTS: Final = {"A": "report_a", "B": "report_b"}  # the columns of the cases' CSV


def read_arena(paths: Sequence[Path], stated: Stated) -> Ratings:
    """Votes {userId, imageId, choice: A | B} as JSON, JSONL or CSV, and, for the texts, a CSV of image_id, report_a, report_b.

    The arena shows report A on the left always, knows no tie, and does not say who wrote what: systems are `report_a` and `report_b`.
    A rater's later vote on an image replaces the earlier one, as the arena itself reads them.

    Source: github.com/rajpurkarlab/ReXrank, models/UserChoice.js, server.js, explore/vote_record.html.
    """
    cases = [path for path in paths if path.suffix == ".csv" and "report_a" in header_of(path)]
    votes = [path for path in paths if path not in cases]
    if not votes:
        raise ContentError(f"{', '.join(map(str, paths))}: no file of votes: expected {', '.join(ARENA_KEYS)} as JSON, JSONL or CSV")
    chosen: dict[tuple[str, str], str] = {}
    for path in votes:
        for row in csv_rows(path) if path.suffix == ".csv" else objects(path):
            rater = row.part("userId").name("$oid") if isinstance(row.cells.get("userId"), Mapping) else row.name("userId")
            chosen[rater, row.name("imageId")] = row.one_of("choice", _ARENA_TEXTS)
    rows: list[Rating] = []
    for (rater, study), choice in chosen.items():
        rows += preferred((study, "report_a", "report_b"), rater, 1.0 if choice == "A" else -1.0)
    texts = tuple(
        RatedText(row.name("image_id"), column, row.text(column))
        for path in cases
        for row in csv_rows(path)
        for column in _ARENA_TEXTS.values()
    )
    notes = ("the arena shows report A on the left always: position and report cannot be told apart",)
    return Ratings(tuple(rows), {"preference": PREFERENCE}, str(votes[0]), texts, stated.access or "credentialed", notes)


def read_label_studio(paths: Sequence[Path], stated: Stated) -> Ratings:
    """Label Studio's JSON export: `Pairwise` becomes the criterion `preference`, a `Rating` one of its own name, whose scale is stated.

    The mapping names what stands in a task's `data`: `study` (else the task's id), `reference`; for a Pairwise `left` and `right`,
    keys that hold the systems' names (else the systems are `left` and `right`), and `left_text`, `right_text`; for a Rating
    `system` and `text`. Cancelled annotations are left out and counted.

    Source: labelstud.io/guide/task_format, tags/pairwise, tags/rating.
    """
    for part in stated.mapping:
        if part not in _STUDIO_PARTS:
            raise ContentError(
                f"the mapping: `{part}` is no part here{nearest(str(part), _STUDIO_PARTS)} Parts: {', '.join(_STUDIO_PARTS)}"
            )
    rows: list[Rating] = []
    texts: dict[tuple[str, str], RatedText] = {}
    others: dict[str, int] = {}
    cancelled = 0
    for path in paths:
        for task in objects(path):
            data = task.part("data")
            named = {part: data.text(str(key)) for part, key in stated.mapping.items()}
            study = named.get("study") or task.name("id")
            references = (named["reference"],) if "reference" in named else ()
            for part, system_of in (("left_text", "left"), ("right_text", "right"), ("text", "system")):
                if part in named:
                    system = named.get(system_of, system_of)
                    texts[study, system] = RatedText(study, system, named[part], references)
            for annotation in _annotations(task):
                if annotation.cells.get("was_cancelled"):
                    cancelled += 1
                    continue
                rater = _rater(annotation)
                seconds = annotation.number("lead_time") if annotation.cells.get("lead_time") is not None else None
                for result in _listed(annotation, "result"):
                    kind = result.name("type")
                    if kind == "pairwise":
                        left = result.part("value").one_of("selected", ("left", "right")) == "left"
                        pair = (study, named.get("left", "left"), named.get("right", "right"))
                        rows += preferred(pair, rater, 1.0 if left else -1.0, seconds)
                    elif kind == "rating":
                        value, criterion = result.part("value").number("rating"), result.name("from_name")
                        system = named.get("system", "system")
                        rows.append(Rating(study=study, system=system, rater=rater, criterion=criterion, value=value, seconds=seconds))
                    else:
                        others[kind] = others.get(kind, 0) + 1
    notes = [f"{cancelled} cancelled annotations are left out"] if cancelled else []
    notes += [f"{count} results of type `{kind}` are left out" for kind, count in others.items()]
    scales = {criterion: scale_of(criterion, stated, paths[0]) for criterion in dict.fromkeys(row.criterion for row in rows)}
    return Ratings(tuple(rows), scales, str(paths[0]), tuple(texts.values()), stated.access or "credentialed", tuple(notes))


def preferred(pair: tuple[str, str, str], rater: str, strength: float, seconds: float | None = None) -> tuple[Rating, Rating]:
    """The two rows of a choice between the systems shown left and right on a study; `strength` above 0: left is better."""
    study, left, right = pair
    if left == right:
        raise ContentError(f"study `{study}`: `{left}` is compared with itself; name two systems")
    first = Rating(
        study=study, system=left, rater=rater, criterion="preference", value=strength, category=right, seconds=seconds, position=1
    )
    second = Rating(
        study=study, system=right, rater=rater, criterion="preference", value=-strength, category=left, seconds=seconds, position=2
    )
    return first, second


def _annotations(task: Row) -> list[Row]:
    return _listed(task, "annotations" if "annotations" in task.cells else "completions")


def _listed(row: Row, key: str) -> list[Row]:
    held = row.cells.get(key)
    if not isinstance(held, list) or not all(isinstance(item, Mapping) for item in held):
        raise ContentError(f"{row.where}, `{key}`: expected a list of objects: export as JSON, not as JSON-MIN or CSV")
    return [Row(f"{row.where}, `{key}` {number}", item) for number, item in enumerate(held, start=1)]


def _rater(annotation: Row) -> str:
    """Who annotated: a number, or an object that says more."""
    by = annotation.cells.get("completed_by")
    return annotation.part("completed_by").name("id") if isinstance(by, Mapping) else annotation.name("completed_by")
