"""ReXVal's files of error counts, and tables derived from them. The data are credentialed: users bring them.

Source: F. Yu et al., Patterns 4 (2023) 100802; PhysioNet `rexval-dataset` 1.0.0; the derived table: Stanford-AIMI/GREEN.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from radbench.errors import ContentError
from radbench.ratings._reading import COUNTS, Row, Stated, category_of, csv_cells, csv_rows, csv_with, error_count, find
from radbench.ratings.table import RatedText, Rating, Ratings, Significance

COLUMNS: Final = ("study_number", "candidate_type", "error_category", "rater_index", "clinically_significant", "num_errors")
GREEN_COLUMNS: Final = ("study_number", "origin", "error_category", "sig_mean_errors", "insig_mean_errors")
TEXT_COLUMNS: Final = ("study_id", "gt_report")
CANDIDATES: Final = ("radgraph", "bertscore", "s_emb", "bleu")  # the metric that chose the text under this column

_LAYOUT: Final = "6_valid_raters_per_rater_error_categories.csv and, for the texts, 50_samples_gt_and_candidates.csv"


def read_rexval(paths: Sequence[Path], stated: Stated) -> Ratings:
    """Counts a rater, text, category and significance; `study_number` is the row of the texts' file from 0, not its `study_id`.

    Without the file of texts, the study is the row's number.
    """
    counts = csv_with(paths, COLUMNS, _LAYOUT)
    ids, texts, notes = _texts(paths)
    rows: list[Rating] = []
    for row in csv_rows(counts):
        study, system = _study(row, ids), row.name("candidate_type")
        if ids and (study, system) not in texts:
            raise ContentError(f"{row.where}, `candidate_type`: the file of texts has no column `{system}`")
        significance: Significance = "significant" if row.claim("clinically_significant") else "insignificant"
        category = category_of(row.number("error_category"), f"{row.where}, `error_category`")
        rater, value = row.name("rater_index"), row.count("num_errors")
        rows.append(
            Rating(study=study, system=system, rater=rater, criterion="errors", value=value, category=category, significance=significance)
        )
    return Ratings(tuple(rows), {"errors": COUNTS}, str(counts), tuple(texts.values()), stated.access or "credentialed", notes)


def read_green(paths: Sequence[Path], stated: Stated) -> Ratings:
    """GREEN's table of the same counts: a row a text and category, the raters' columns 0..5 first significant, then insignificant.

    The second six are named 0..5 again, or 0.1..5.1 where pandas has written them.
    """
    table = csv_with(paths, GREEN_COLUMNS, "total_mean_error_radiologist_categories.csv")
    ids, texts, notes = _texts(paths)
    lines = csv_cells(table)
    header = [name.strip() for name in next(lines)[1]]
    ends = [header.index(name) for name in ("error_category", "sig_mean_errors", "insig_mean_errors")]
    blocks: list[tuple[Significance, range]] = [
        ("significant", range(ends[0] + 1, ends[1])),
        ("insignificant", range(ends[1] + 1, ends[2])),
    ]
    raters = [[header[i].removesuffix(".1") for i in block] for _, block in blocks]
    if not raters[0] or raters[0] != raters[1]:
        raise ContentError(f"{table}, line 1: expected the same raters before `sig_mean_errors` and before `insig_mean_errors`")
    rows: list[Rating] = []
    for number, cells in lines:
        first = Row(f"{table}, line {number}", dict(zip(header[: ends[0] + 1], cells, strict=False)))
        study, system = _study(first, ids), first.name("origin")
        category = category_of(first.number("error_category"), f"{first.where}, `error_category`")
        for significance, block in blocks:
            row = Row(first.where, {header[i].removesuffix(".1"): cells[i] for i in block})
            rows += [error_count((study, system), rater, (category, significance), row.count(rater)) for rater in row.cells]
    known = {(row.study, row.system) for row in rows}
    kept = tuple(text for text in texts.values() if (text.study, text.system) in known)
    return Ratings(tuple(rows), {"errors": COUNTS}, str(table), kept, stated.access or "credentialed", notes)


def _study(row: Row, ids: Sequence[str]) -> str:
    number = int(row.count("study_number"))
    if ids and number >= len(ids):
        raise ContentError(f"{row.where}, `study_number`: row {number} of the texts' file, which has rows 0 to {len(ids) - 1}")
    return ids[number] if ids else str(number)


def _texts(paths: Sequence[Path]) -> tuple[list[str], dict[tuple[str, str], RatedText], tuple[str, ...]]:
    """The study of each row of the file of texts, the texts by study and candidate type, and notes; empty where it is not given."""
    try:
        path = find(paths, "*samples_gt_and_candidates.csv", _LAYOUT)[0]
    except ContentError:
        return [], {}, ("without 50_samples_gt_and_candidates.csv: no texts, studies are named by row number",)
    found = list(csv_rows(path))
    ids = [row.name("study_id") for row in found]
    notes: tuple[str, ...] = ()
    if len(set(ids)) < len(ids):
        ids, notes = (
            [str(number) for number in range(len(ids))],
            (f"{path.name}: a `study_id` stands twice; studies are named by row number",),
        )
    texts = {
        (study, system): RatedText(study, system, row.text(system), (row.text("gt_report"),))
        for study, row in zip(ids, found, strict=True)
        for system in row.cells
        if system in CANDIDATES
    }
    return ids, texts, notes
