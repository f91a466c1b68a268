"""The formats that ratings are read from, by name, and which of them a file is unmistakably of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Final

from radbench.errors import ContentError, UnknownNameError, nearest
from radbench.ratings._reading import Stated, header_of, objects
from radbench.ratings.files import written
from radbench.ratings.table import Ratings

__all__ = ["FORMATS", "Format", "Stated", "read_ratings"]


@dataclass(frozen=True, slots=True)
class Format:
    """One layout of ratings."""

    reader: str  # module:function, of (paths, stated)
    title: str  # what it is, and the files it takes
    columns: frozenset[str] = frozenset()  # a CSV header, or the keys of the first object of a JSON file, that tell it; none: never guessed


def _format(reader: str, title: str, columns: str = "") -> Format:
    return Format(f"radbench.ratings.{reader}", title, frozenset(columns.split()))


FORMATS: Final[Mapping[str, Format]] = {
    "long": _format("files:read_long", "radbench's own table, a rating a line", "study system rater criterion value"),
    "csv": _format("files:read_mapped", "any CSV, through --map FILE.yaml"),
    "rexval": _format(
        "rexval:read_rexval",
        "ReXVal: per-rater error counts, with the candidates' CSV for texts",
        "study_number candidate_type error_category rater_index clinically_significant num_errors",
    ),
    "green": _format(
        "rexval:read_green",
        "GREEN's table derived from ReXVal, with the candidates' CSV for texts",
        "study_number origin error_category sig_mean_errors insig_mean_errors",
    ),
    "chexprompt": _format("error_counts:read_chexprompt", "CheXprompt's JSONL, a file a judge", "id candidate reference rating"),
    "chest2error": _format(
        "error_counts:read_chest2error", "chest2error-bench, gold_pairs saved as CSV", "anchor_id reference_style variant_id rad_errors"
    ),
    "radevalx": _format(
        "error_counts:read_radevalx",
        "RadEvalX: error counts, with a CSV of texts",
        "report_id error_type one two three four five six seven eight",
    ),
    "radeval-expert": _format(
        "error_counts:read_radeval_expert",
        "RadEvalExpert: counts written as text, three candidates a row",
        "annotator ground_truth prediction1 annotation1 annotation2 annotation3",
    ),
    "radpref": _format("opinions:read_radpref", "RadPref: the folder with preference_data.json", "C1_report C1_source C2_report C2_source"),
    "rate-eval": _format("opinions:read_rate_eval", "RaTE-Eval: a task's folder, columns named with --map"),
    "sheet": _format("opinions:read_sheet", "RadFM's kind of sheet: a row a case, a column a system, scale stated"),
    "rexrank-arena": _format("preferences:read_arena", "votes of the ReXrank arena, with the cases' CSV", "userId imageId choice"),
    "label-studio": _format("preferences:read_label_studio", "Label Studio's JSON export (Pairwise, Rating)", "data annotations"),
    "bagel": _format("opinions:read_bagel", "BAGEL as JSON", "sys_summ ref_summs scores"),
}


CLOSED: Final = frozenset({"rexval", "green", "radevalx", "radpref"})  # texts from credentialed sources, whatever a user states


def read_ratings(path: Path | Sequence[Path], fmt: str | None = None, stated: Stated | None = None) -> Ratings:
    """The ratings of a file, of files that belong together, or of a folder that holds them.

    Args:
        fmt: a name of `FORMATS`; None: told by the header, where that is unmistakable.
        stated: what the files do not say: scales, a mapping (which alone means the format `csv`), the access class.

    Raises:
        UnknownNameError: there is no such format.
        ContentError: nothing tells the format, the file does not hold what it should, a value is off its scale, or texts that are
            credentialed are stated to be of another class.
    """
    paths, stated = [path] if isinstance(path, Path) else list(path), stated or Stated()
    for one in paths:
        if not one.exists():
            raise ContentError(f"{one}: there is no such file or folder of ratings")
    name = fmt or ("csv" if stated.mapping and not _guesses(paths) else _guessed(paths))
    if name not in FORMATS:
        raise UnknownNameError("format of ratings", name, FORMATS, "radbench ratings --formats")
    if name == "csv" and not stated.mapping:
        raise ContentError(f"{paths[0]}: the format csv needs a mapping that says which column is what: --map FILE.yaml")
    if name in CLOSED and stated.access not in {None, "credentialed"}:
        raise ContentError(f"--access {stated.access}: the texts of {FORMATS[name].title.partition(':')[0]} are credentialed data")
    module, _, function = FORMATS[name].reader.partition(":")
    found: Ratings = getattr(import_module(module), function)(paths, stated)
    _check(found, stated)
    return found


def _check(found: Ratings, stated: Stated) -> None:
    if not found.rows:
        raise ContentError(f"{found.source}: holds no rating{': ' + '; '.join(found.notes) if found.notes else ''}")
    if unknown := [name for name in stated.scales if name not in found.scales]:
        known = list(found.scales)
        raise ContentError(f"--scale: {found.source} has no `{unknown[0]}`{nearest(unknown[0], known)} It has {', '.join(known)}")
    for row in found.rows:
        if not (scale := found.scales[row.criterion]).holds(row.value):
            place = f"rater `{row.rater}`, study `{row.study}`, system `{row.system}`"
            raise ContentError(f"{found.source}: the value {row.value:g} of `{row.criterion}` is off its scale {written(scale)}: {place}")


def _guessed(paths: Sequence[Path]) -> str:
    found = _guesses(paths)
    if len(found) == 1:
        return found[0]
    which = f"it could be {' or '.join(found)}" if found else "nothing in it tells"
    raise ContentError(f"{paths[0]}: of which format? ({which}) Say it with --format: {', '.join(FORMATS)}")


def _guesses(paths: Sequence[Path]) -> list[str]:
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path]) if file.is_file()]
    seen = [_names(file) for file in files if file.suffix in {".csv", ".json", ".jsonl"}]
    return [name for name, known in FORMATS.items() if known.columns and any(known.columns <= names for names in seen)]


def _names(file: Path) -> set[str]:
    """The header of a CSV file, or the keys of the first object of a JSON file; none where it is neither."""
    if file.suffix == ".csv":
        return set(header_of(file))
    try:
        return {str(key) for row in islice(objects(file), 1) for key in row.cells}
    except ContentError:
        return set()
