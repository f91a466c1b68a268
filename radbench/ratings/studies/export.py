"""A study's answers as the long table, as a pair of files in ReXVal's layout, or as spans.

Answers to pages that came a second time stand under the criterion `<name>.repeat`, those to controls under `<name>.control`: nothing
is left out, and nothing is mixed with what is to be analysed. Before unblinding a system is the opaque code of its text.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from radbench.errors import ContentError
from radbench.ratings.studies.answers import BOTH_BAD, ERRORS, counts_of, preference, scales
from radbench.ratings.studies.store import Record, Store
from radbench.ratings.studies.study import Study, StudyFolder
from radbench.ratings.table import ERROR_CATEGORIES, RatedText, Rating, Ratings

UNBLIND: Final = "unblind"  # the event after which systems are named
REPEAT: Final = ".repeat"
CONTROL: Final = ".control"


@dataclass(frozen=True, slots=True)
class Opened:
    """A study with its answers, and the names of the systems where it is unblinded."""

    folder: StudyFolder
    study: Study
    store: Store
    systems: Mapping[str, str] | None  # arm -> system; None: blind

    @classmethod
    def at(cls, path: Path) -> Opened:
        """The study of a folder.

        Raises:
            ContentError: as `StudyFolder.read`, `Store` and, once unblinded, `StudyFolder.read_key`.
        """
        folder = StudyFolder(path)
        study = folder.read()
        store = Store(folder.answers, study.hash)
        is_open = any(event.kind == UNBLIND for event in store.events())
        return cls(folder, study, store, folder.read_key(study).systems if is_open else None)

    def name(self, arm: str) -> str:
        """Who wrote a text, as far as it may be told."""
        return self.systems[arm] if self.systems else arm

    def suffix(self, record: Record) -> str:
        """What marks the criterion of a control's answer, or of a page's second one."""
        if self.study.item_of[record.item].control:
            return CONTROL
        return REPEAT if self.is_repeat(record) else ""

    def is_repeat(self, record: Record) -> bool:
        """True for the answer to a page that came a second time."""
        return self.study.orders[record.rater][record.position - 1].is_repeat

    def plain(self) -> list[Record]:
        """The answers that are neither to controls nor to repeats."""
        return [record for record in self.store.answers() if not self.suffix(record)]


def unblind(folder: StudyFolder, by: str, reason: str) -> Opened:
    """Let the systems be named from now on; who did it, why, and how far the answers had come stay in the store.

    Raises:
        ContentError: the key is absent or another one; nothing was unblinded.
    """
    opened = Opened.at(folder.path)
    folder.read_key(opened.study)
    answered = Counter(record.rater for record in opened.store.answers())
    pages = " ".join(f"{rater}:{answered[rater]}/{len(order)}" for rater, order in opened.study.orders.items())
    opened.store.log(UNBLIND, by=by, reason=reason, answered=pages)
    return Opened.at(folder.path)


def ratings(opened: Opened) -> Ratings:
    """All answers that hold, as the long table, with the texts that were rated."""
    study = opened.study
    rows = [row for record in opened.store.answers() for row in _rows(opened, record)]
    known = {f"{name}{suffix}": scale for name, scale in scales(study.draft).items() for suffix in ("", REPEAT, CONTROL)}
    placed = [(study.case_of[item.case], arm) for item in study.items for arm in item.arms]
    told = (RatedText(case.sample, opened.name(arm), study.arms[arm], case.references) for case, arm in placed)
    texts = {(text.study, text.system): text for text in told}
    used = {row.criterion for row in rows}
    found = {name: scale for name, scale in known.items() if name in used}
    return Ratings(tuple(rows), found, str(opened.folder.path), tuple(texts.values()), study.access, study.notes)


def rexval(opened: Opened, out: Path) -> list[Path]:
    """ReXVal's pair of files in the folder `out`: texts, and counts by rater; answers to controls and repeats are not in them.

    Raises:
        ContentError: the study is of another mode, has other categories, or is blind: the layout names systems.
    """
    study = opened.study
    if study.draft.mode not in {"errors", "spans"} or study.draft.categories != ERROR_CATEGORIES:
        raise ContentError(
            f"ReXVal's layout holds counts of its own six categories: {', '.join(ERROR_CATEGORIES)}; this study: --format long"
        )
    if opened.systems is None:
        raise ContentError(
            "ReXVal's layout names who wrote each text, and this study is blind: radbench rate unblind STUDY --by NAME first"
        )
    cases = sorted(study.cases, key=lambda case: case.sample)
    number = {case.id: i for i, case in enumerate(cases)}
    candidates: dict[tuple[str, str], str] = {}
    for item in study.items:
        if not item.control:
            candidates |= {(item.case, opened.name(arm)): study.arms[arm] for arm in item.arms}
    systems = sorted({system for _, system in candidates})
    out.mkdir(parents=True, exist_ok=True)
    texts, counts = out / "50_samples_gt_and_candidates.csv", out / "6_valid_raters_per_rater_error_categories.csv"
    with texts.open("w", encoding="utf-8", newline="") as file:
        first = [[case.sample, case.references[0] if case.references else ""] for case in cases]
        rows = ([*head, *(candidates[case.id, system] for system in systems)] for head, case in zip(first, cases, strict=True))
        _write(file, ["study_id", "gt_report", *systems], rows)
    raters = {rater: i for i, rater in enumerate(study.orders)}
    with counts.open("w", encoding="utf-8", newline="") as file:
        columns = ["study_number", "candidate_type", "error_category", "rater_index", "clinically_significant", "num_errors"]
        _write(file, columns, (row for record in opened.plain() for row in _counted(opened, record, number, raters)))
    return [texts, counts]


def spans(opened: Opened, file: TextIO) -> None:
    """The marked spans as CSV, one a row; a text without errors has a row without words, so that it is seen to have been read.

    Raises:
        ContentError: the study is of another mode.
    """
    if opened.study.draft.mode != "spans":
        raise ContentError(f"no spans are marked in a study of the mode {opened.study.draft.mode}: --format long")
    columns = ["study", "system", "rater", "criterion", "start", "end", "words", "category", "significance", "position", "seconds"]
    _write(file, columns, (row for record in opened.store.answers() for row in _marked(opened, record)))


def _rows(opened: Opened, record: Record) -> Iterator[Rating]:
    study, suffix = opened.study, opened.suffix(record)
    rater = study.rater_of[record.rater]
    case = study.case_of[study.item_of[record.item].case]
    names = [opened.name(arm) for arm in record.arms]

    def row(system: str, criterion: str, value: float, **more: Any) -> Rating:  # noqa: ANN401  # fields of a Rating
        of_rater = {"rater": rater.id, "years": rater.years, "subspecialty": rater.subspecialty, "seconds": record.seconds}
        fields = {"position": record.position, **of_rater, **more}
        return Rating(study=case.sample, system=system, criterion=criterion + suffix, value=value, **fields)

    match study.draft.mode:
        case "ordinal":
            for name, level in record.answer["scores"].items():
                yield row(names[0], name, float(level))
        case "ab":
            for name, said in record.answer["choices"].items():
                value, is_bad = preference(said), float(said["choice"] == "both_bad")
                for place, sign in enumerate((1, -1)):
                    at = {"position": place + 1, "category": names[1 - place]}
                    yield row(names[place], name, sign * value + 0.0, **at)
                    yield row(names[place], name + BOTH_BAD, is_bad, **at)
        case _:
            for (category, significance), count in counts_of(record.answer, study.draft).items():
                yield row(names[0], ERRORS, float(count), category=category, significance=significance)


def _counted(opened: Opened, record: Record, number: Mapping[str, int], raters: Mapping[str, int]) -> Iterator[list[object]]:
    case = opened.study.item_of[record.item].case
    for (category, significance), count in counts_of(record.answer, opened.study.draft).items():
        place = ERROR_CATEGORIES.index(category) + 1
        yield [number[case], opened.name(record.arms[0]), place, raters[record.rater], significance == "significant", count]


def _marked(opened: Opened, record: Record) -> Iterator[list[object]]:
    case = opened.study.case_of[opened.study.item_of[record.item].case]
    head = [case.sample, opened.name(record.arms[0]), record.rater, "spans" + opened.suffix(record)]
    tail = [record.position, record.seconds]
    for span in record.answer["spans"] or [{"start": None, "words": "", "category": "", "significance": ""}]:
        start = span["start"]
        end = None if start is None else start + len(span["words"])
        yield [*head, start, end, span["words"], span["category"], span["significance"], *tail]


def _write(file: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
