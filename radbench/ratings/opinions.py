"""Files of grades: RadPref (with errors per finding), BAGEL, RaTE-Eval, and sheets of a grade per system as of RadFM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from radbench.errors import ContentError
from radbench.ratings._reading import (
    COUNTS,
    Row,
    Stated,
    csv_rows,
    error_count,
    find,
    json_of,
    objects,
    scale_of,
)
from radbench.ratings.table import RatedText, Rating, Ratings, Scale, Significance

_RADPREF: Final = "a folder with preference_data.json and user_*.json (also below radiologist_annotations/)"
_GRADES: Final[dict[str, Significance]] = {
    "urgent": "significant",
    "actionable_not_urgent": "significant",
    "not_actionable_not_urgent": "insignificant",
    "benign_expected": "insignificant",
    "significant": "significant",
    "negligible": "insignificant",
}
_BOTH: Final[tuple[Significance, ...]] = ("significant", "insignificant")
_ATTRIBUTES: Final = {"location": "incorrect_location", "severity": "incorrect_severity"}  # others keep their names


def read_radpref(paths: Sequence[Path], stated: Stated) -> Ratings:
    """RadPref: 1 to 5 (5 is best) as `quality`, and `errors` per finding, of two candidates a study, by three raters.

    The system is what `C1_source` and `C2_source` name, whose order changes from study to study. A false finding counts as
    false_positive_finding, a missing one as omission_finding, an attribute under ReXVal's name or its own. urgent and
    actionable_not_urgent are significant, as are attributes called so; the other grades insignificant. A finding with two wrong
    attributes counts twice. Findings are counted by their entries: an index may lie past the list that it points into.

    Source: arXiv 2603.06183, github.com/rajpurkarlab/CRIMSON, RadPref/.
    """
    studies = {row.name("id"): row for row in objects(find(paths, "preference_data.json", _RADPREF)[0])}
    systems = {(study, c): row.name(f"{c}_source") for study, row in studies.items() for c in ("C1", "C2")}
    texts = [
        RatedText(study, systems[study, c], studies[study].text(f"{c}_report"), (studies[study].text("ground_truth_report"),))
        for study, c in systems
    ]
    inner = [path / "radiologist_annotations" for path in paths if (path / "radiologist_annotations").is_dir()]
    files = find([*paths, *inner], "user_*.json", _RADPREF)
    rows: list[Rating] = []
    for path in files:
        document = Row(str(path), json_of(path))
        rater, marks = document.name("user_id"), document.part("annotations")
        for study in marks.cells:
            if study not in studies:
                raise ContentError(f"{marks.where}: study `{study}` is not in preference_data.json")
            for c in ("C1", "C2"):
                mark, item = marks.part(study).part(c), (study, systems[study, c])
                rows.append(Rating(study=study, system=item[1], rater=rater, criterion="quality", value=mark.number("rating")))
                counts = Counter(_findings(mark))
                counts.update({(name, s): 0 for name in ("false_positive_finding", "omission_finding") for s in _BOTH})
                rows += [error_count(item, rater, kind, count) for kind, count in sorted(counts.items())]
    scales = {"quality": Scale("ordinal", 1, 5), "errors": COUNTS}
    return Ratings(tuple(rows), scales, str(paths[0]), tuple(texts), stated.access or "non-commercial")


def _findings(mark: Row) -> Iterator[tuple[str, Significance]]:
    """Category and significance of each error marked in one candidate."""
    for index in mark.part("missing_findings").cells:
        found = mark.part("missing_findings").part(index)
        yield "omission_finding", _GRADES[found.one_of("clinical_significance", _GRADES)]
    for index in mark.part("finding_errors").cells:
        found = mark.part("finding_errors").part(index)
        if found.one_of("error_type", ("false", "attribute")) == "false":
            yield "false_positive_finding", _GRADES[found.one_of("clinical_significance", _GRADES)]
        else:
            attributes = found.part("attributes")
            for name in attributes.cells:
                yield _ATTRIBUTES.get(name, name), _GRADES[attributes.one_of(name, _GRADES)]


def read_bagel(paths: Sequence[Path], stated: Stated) -> Ratings:
    """BAGEL: an object by id of {sys_summ, ref_summs, scores {informativeness, naturalness, quality}}, 1 to 6 in halves.

    One system, and one rater: the file holds what was published, one value a sentence. No radiology: a check of the machinery.

    Source: github.com/neulab/BARTScore, D2T/BAGEL, as JSON.
    """
    rows: list[Rating] = []
    texts = []
    for row in objects(paths[0]):
        study, scores, references = row.name("id"), row.part("scores"), row.cells.get("ref_summs")
        if not isinstance(references, list) or not all(isinstance(text, str) for text in references):
            raise ContentError(f"{row.where}, `ref_summs`: expected a list of texts")
        texts.append(RatedText(study, "system", row.text("sys_summ"), tuple(references)))
        rows += [
            Rating(study=study, system="system", rater="published", criterion=name, value=scores.number(name)) for name in scores.cells
        ]
    found = Scale("interval", 1, 6)
    scales = {criterion: scale_of(criterion, stated, paths[0], found) for criterion in dict.fromkeys(row.criterion for row in rows)}
    return Ratings(tuple(rows), scales, str(paths[0]), tuple(texts), stated.access or "open")


def read_rate_eval(paths: Sequence[Path], stated: Stated) -> Ratings:
    """A part of RaTE-Eval: rate_<split>.csv beside gt_report_<split>.json and similar_report_<split>.json, in one folder.

    The columns of the CSV have no published description, so the mapping says which holds the value (`value: ...`), and `rater`,
    `system`, `study` where there are such. Texts go with rows by the study's name if the JSON files are objects, else by order.
    `split: train | test` (test unless said) chooses the files; the scale of `quality` must be stated.

    Source: huggingface.co/datasets/Angelakeke/RaTE-Eval (CC BY 4.0); arXiv 2406.16845.
    """
    split = str(stated.mapping.get("split", "test"))
    layout = "the folder Task1_sentence_rate or Task2_paragraph_rate"
    path, reference_file, text_file = (
        find(paths, name, layout)[0] for name in (f"rate_{split}.csv", f"gt_report_{split}.json", f"similar_report_{split}.json")
    )
    value = stated.mapping.get("value")
    found = list(csv_rows(path))
    if not value:
        columns = ", ".join(found[0].cells) if found else "none"
        raise ContentError(f"{path}: which column holds the rating? Say `value: COLUMN` in --map FILE.yaml; the columns: {columns}")
    references, texts = json_of(reference_file), json_of(text_file)
    if type(references) is not type(texts) or len(references) != len(texts):
        raise ContentError(f"{text_file} holds {len(texts)} texts, {reference_file.name} {len(references)} references: expected pairs")
    if isinstance(texts, list) and len(texts) != len(found):
        raise ContentError(f"{path}: {len(found)} rows, but {text_file.name} holds {len(texts)} texts: nothing says which goes with which")
    rows: list[Rating] = []
    rated: dict[tuple[str, str], RatedText] = {}
    for number, row in enumerate(found):
        study = row.name(str(stated.mapping["study"])) if "study" in stated.mapping else str(number)
        rater, system = (row.name(str(stated.mapping[key])) if key in stated.mapping else key for key in ("rater", "system"))
        rows.append(Rating(study=study, system=system, rater=rater, criterion="quality", value=row.number(str(value))))
        pair = [_at(held, study, number, row.where) for held in (texts, references)]
        rated[study, system] = RatedText(study, system, pair[0], (pair[1],))
    scales = {"quality": scale_of("quality", stated, path)}
    return Ratings(tuple(rows), scales, str(path), tuple(rated.values()), stated.access or "open")


def _at(held: Any, study: str, number: int, where: str) -> str:  # noqa: ANN401  # whatever JSON holds
    text = held.get(study) if isinstance(held, Mapping) else held[number]
    if not isinstance(text, str):
        raise ContentError(f"{where}: no text for `{study}` in the file of texts or references")
    return text


def read_sheet(paths: Sequence[Path], stated: Stated) -> Ratings:
    """A sheet with a row a case and a column a system, as RadFM's raters filled in: `case`, optionally `rater` and `task`, systems.

    The criterion is the task, else `quality`; its scale must be stated. A blank is not rated. Without `rater`, a file is a rater.
    """
    rows: list[Rating] = []
    for path in paths:
        for row in csv_rows(path):
            criterion = row.name("task") if "task" in row.cells else "quality"
            rater = row.name("rater") if "rater" in row.cells else path.stem
            rows += [
                Rating(study=row.name("case"), system=system, rater=rater, criterion=criterion, value=row.number(system))
                for system in row.cells
                if system not in {"case", "task", "rater"} and row.text(system)
            ]
    scales = {criterion: scale_of(criterion, stated, paths[0]) for criterion in dict.fromkeys(row.criterion for row in rows)}
    return Ratings(tuple(rows), scales, str(paths[0]), access=stated.access or "credentialed")
