"""Files of error counts by category and significance, other than ReXVal's: CheXprompt, chest2error-bench, RadEvalX, RadEvalExpert."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from radbench.errors import ContentError
from radbench.ratings._reading import COUNTS, Row, Stated, category_of, csv_rows, csv_with, error_count, objects
from radbench.ratings.table import ERROR_CATEGORIES, RatedText, Rating, Ratings, Significance

CHEST2ERROR_COLUMNS: Final = ("anchor_id", "reference_style", "variant_id", "reference_report", "candidate_report", "rad_errors")
RADEVALX_COLUMNS: Final = ("report_id", "error_type", "one", "two", "three", "four", "five", "six", "seven", "eight")
RADEVAL_EXPERT_COLUMNS: Final = ("annotator", "type", "ground_truth", "images_path", *(f"annotation{n}" for n in (1, 2, 3)))

_RADEVALX_TEXTS: Final = ("study_id", "ground_truth", "candidate_report")
_SIGNIFICANCE: Final[dict[str, Significance]] = {"clinically_significant": "significant", "clinically_insignificant": "insignificant"}
_CRITICALITY: Final[dict[str, Significance]] = {"Critical": "significant", "Minor": "insignificant"}
_EXPERT_CATEGORIES: Final = (*ERROR_CATEGORIES, "inarticulate_report")  # the seven of RadEvalExpert
_EXPERT_KINDS: Final[tuple[tuple[Significance, str], ...]] = (
    *(("significant", name) for name in _EXPERT_CATEGORIES),
    *(("insignificant", name) for name in _EXPERT_CATEGORIES),
)
_HEAD: Final = re.compile(r"[^a-z]*(?:clinically )?(significant|insignificant)(?: errors)?[^a-z]*")
_COUNTED: Final = re.compile(r"\s*([1-7])[.)]\s.*[:=]\s*(\d+)\s*[.;]?\s*")


def read_chexprompt(paths: Sequence[Path], stated: Stated) -> Ratings:
    """What `chexprompt` writes: {id, reference, candidate, rating: {clinically_significant: {six counts}, clinically_insignificant}}.

    One JSONL file a judge; its name is the rater. `system` and `rater` beside `id` say otherwise. A rating that is null, or has a
    count that is, is left out and counted: the judge's reply could not be read.
    """
    rows: list[Rating] = []
    texts: dict[tuple[str, str], RatedText] = {}
    unread = 0
    for path in paths:
        for row in objects(path):
            study = row.name("id")
            system, rater = (
                row.name(key) if row.cells.get(key) else other for key, other in (("system", "candidate"), ("rater", path.stem))
            )
            if row.cells.get("candidate") is not None:
                texts[study, system] = RatedText(study, system, row.text("candidate"), (row.text("reference"),))
            found = row.cells.get("rating") or {}
            counts = [found.get(key) or {} for key in _SIGNIFICANCE] if isinstance(found, dict) else []
            if any(not isinstance(half, dict) or any(half.get(name) is None for name in ERROR_CATEGORIES) for half in counts or [None]):
                unread += 1
                continue
            for key, significance in _SIGNIFICANCE.items():
                half = row.part("rating").part(key)
                rows += [error_count((study, system), rater, (name, significance), half.count(name)) for name in ERROR_CATEGORIES]
    notes = (f"{unread} ratings without the counts of all six categories are left out",) if unread else ()
    access = stated.access or "credentialed"
    return Ratings(tuple(rows), {"errors": COUNTS}, str(paths[0]), tuple(texts.values()), access, notes)


def read_chest2error(paths: Sequence[Path], stated: Stated) -> Ratings:
    """The pairs of `chest2vec/chest2error-bench`, saved as CSV: 50 anchors x 4 variants x 2 styles of the reference, one rater.

    The study is the anchor, the system its variant against one style ("V1 vs GT-U"): each pair was rated by itself. Counts are
    those of the list `rad_errors`, {category 1..6, criticality Critical | Minor}; Critical is significant, Minor insignificant.

    Source: huggingface.co/datasets/chest2vec/chest2error-bench (CC BY-NC 4.0; references from CT-RATE).
    """
    path = csv_with(paths, CHEST2ERROR_COLUMNS, "gold_pairs.parquet saved as CSV")
    rows: list[Rating] = []
    texts = []
    for row in csv_rows(path):
        study, system = row.name("anchor_id"), f"{row.name('variant_id')} vs {row.name('reference_style')}"
        texts.append(RatedText(study, system, row.text("candidate_report"), (row.text("reference_report"),)))
        found = Counter(_listed_errors(row))
        if "rad_error_count" in row.cells and row.count("rad_error_count") != found.total():
            raise ContentError(f"{row.where}: `rad_error_count` says {row.text('rad_error_count')}, `rad_errors` lists {found.total()}")
        rows += [
            error_count((study, system), "radiologist", (name, significance), found[name, significance])
            for name in ERROR_CATEGORIES
            for significance in _CRITICALITY.values()
        ]
    return Ratings(tuple(rows), {"errors": COUNTS}, str(path), tuple(texts), stated.access or "non-commercial")


def read_radevalx(paths: Sequence[Path], stated: Stated) -> Ratings:
    """RadEvalX: a row a report, rater and `error_type` (significant | insignificant), counts in the columns one to eight.

    One to six are ReXVal's categories; seven and eight keep their names. Raters are told by a column `rater` or `annotator`, else
    the n-th row of a report and type is the n-th rater's. What a blank cell means is unsettled upstream: it is left out, adds
    nothing to totals, and is noted. A second CSV with study_id, ground_truth, candidate_report holds the texts.
    """
    layout = f"the raters' CSV (report_id, error_type, one .. eight) and, for the texts, a CSV with {', '.join(_RADEVALX_TEXTS)}"
    path = csv_with(paths, RADEVALX_COLUMNS, layout)
    rows: list[Rating] = []
    seen: Counter[tuple[str, str]] = Counter()
    blanks = 0
    named = ""
    for row in csv_rows(path):
        study = row.name("report_id")
        significance: Significance = "significant" if row.one_of("error_type", _CRITICALITY.values()) == "significant" else "insignificant"
        seen[study, significance] += 1
        named = next((column for column in ("rater", "annotator") if column in row.cells), "")
        rater = row.name(named) if named else f"rater-{seen[study, significance]}"
        for column, category in zip(RADEVALX_COLUMNS[2:], (*ERROR_CATEGORIES, "seven", "eight"), strict=True):
            if row.text(column):
                rows.append(error_count((study, "candidate"), rater, (category, significance), row.count(column)))
            else:
                blanks += 1
    notes = (
        [f"{blanks} counts are blank, and nothing is added to totals for them: the file does not say whether they are zeros"]
        if blanks
        else []
    )
    if not named:
        notes.append("no column names the rater: the n-th row of a report and error type is taken for the n-th rater's")
    others = [other for other in paths if other.is_file() and other != path]
    reports = csv_rows(csv_with(others, _RADEVALX_TEXTS, layout)) if others else ()
    texts = tuple(
        RatedText(row.name("study_id"), "candidate", row.text("candidate_report"), (row.text("ground_truth"),)) for row in reports
    )
    return Ratings(tuple(rows), {"errors": COUNTS}, str(path), texts, stated.access or "open", tuple(notes))


def read_radeval_expert(paths: Sequence[Path], stated: Stated) -> Ratings:
    """RadEvalExpert: a row a reference and section, with three texts and a radiologist's counts of each as written text.

    An annotation is two headed lists, "Clinically significant errors:" and "... insignificant ...", of lines such as
    "2. Omission of finding ...: 1"; the seventh category is an inarticulate report. An annotation in which a count is no number, or
    is missing, is left out as a whole, so that no total is too small, and noted. The study is the images' path with the section.
    """
    path = csv_with(paths, RADEVAL_EXPERT_COLUMNS, "reader_study_final_with_annotationsv3.csv")
    rows: list[Rating] = []
    texts: dict[tuple[str, str], RatedText] = {}
    notes: list[str] = []
    seen: Counter[str] = Counter()
    for row in csv_rows(path):
        study = f"{row.name('images_path')} {row.name('type')}"
        seen[study] += 1
        if seen[study] > 1:
            study = f"{study} {seen[study]}"
        for n in (1, 2, 3):
            system = f"prediction{n}"
            texts[study, system] = RatedText(study, system, row.text(system), (row.text("ground_truth"),))
            found = _written_counts(row.text(f"annotation{n}"))
            unknown = [f"{significance} {name}" for significance, name in _EXPERT_KINDS if (significance, name) not in found]
            if unknown:
                notes.append(f"{row.where}, `annotation{n}`: left out, without a readable count of {', '.join(unknown)}")
                continue
            annotator = row.name("annotator")
            rows += [error_count((study, system), annotator, (name, kind), found[kind, name]) for kind, name in _EXPERT_KINDS]
    access = stated.access or "credentialed"
    return Ratings(tuple(rows), {"errors": COUNTS}, str(path), tuple(texts.values()), access, tuple(notes))


def _written_counts(text: str) -> dict[tuple[str, str], float]:
    """The readable counts of an annotation, by significance and category; one that stands twice is not readable."""
    found: dict[tuple[str, str], float] = {}
    twice = set()
    under = ""
    for line in text.splitlines():
        head, counted = _HEAD.fullmatch(line.lower()), _COUNTED.fullmatch(line)
        if head:
            under = head[1]
        elif counted and under:
            place = (under, _EXPERT_CATEGORIES[int(counted[1]) - 1])
            if place in found:
                twice.add(place)
            found[place] = float(counted[2])
    return {place: count for place, count in found.items() if place not in twice}


def _listed_errors(row: Row) -> Iterator[tuple[str, Significance]]:
    try:
        listed = json.loads(row.text("rad_errors") or "[]")
    except ValueError as error:
        raise ContentError(f"{row.where}, `rad_errors`: expected a JSON list, got a text that is none ({error})") from error
    for item in listed if isinstance(listed, list) else [None]:
        if not isinstance(item, dict):
            raise ContentError(f"{row.where}, `rad_errors`: expected a list of objects with category and criticality")
        listed_error = Row(f"{row.where}, `rad_errors`", item)
        category = category_of(listed_error.count("category"), listed_error.where)
        yield category, _CRITICALITY[listed_error.one_of("criticality", _CRITICALITY)]
