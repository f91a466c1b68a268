"""Reads predictions that any model left in a file, in the formats in use, as lines of radbench's own journal.

    predictions.jsonl   radbench's own journal, of a finished or a killed run
    *.jsonl             {"id", "query", "reference", "prediction"} a line (LLaVA-Rad: llava/eval/model_mimic_cxr.py)
    *.json              {study id: {..., "model_prediction"}} (ReXrank: a submission), or a list of objects as above
    *.csv               a column of ids and one of predictions
    *.csv               Question, Ground Truth, Pred, belong_to, each cell the text of a Python list (RadFM: src/test.py)

Ids stand under `sample_id`, `id` or `study_id`, texts under `prediction`, `model_prediction` or `output`, the prompt
under `query` or `prompt`, and where the model looked under `heat_map` (a path; see heat_maps.py). RadFM's file holds no
ids: its samples are the rows by number, from 1.
"""

from __future__ import annotations

import ast
import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from radbench.errors import ContentError
from radbench.folder import read_lines
from radbench.models.heat_maps import read_heat_maps
from radbench.records import Prediction
from radbench.sample import HeatMap
from radbench.terms import names_told

Row: TypeAlias = Mapping[str, Any]

# names in use, of which the first that is there counts
IDS: Final = ("sample_id", "id", "study_id")
TEXTS: Final = ("prediction", "model_prediction", "output")
HEAT_MAP: Final = "heat_map"
RADFM: Final = frozenset({"Question", "Ground Truth", "Pred"})
_PROMPTS: Final = ("query", "prompt")


def read_predictions(path: Path) -> list[Prediction]:
    """The predictions of a file in its order; `key` is empty but for a journal, and so is `prompt` where the file has none.

    A prediction that is `null` or NaN becomes a reply with an error, an empty text stays an answer. Of a journal's lines
    for the same sample and repeat the last output holds, else the last error.

    Raises:
        ContentError: not there, not one of these formats, a line or entry that cannot be read, an id that comes twice, or
            a heat map that is none; the message names file and line, never the text.
        RunError: a damaged line of a journal.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ContentError(f"{path}: predictions are read from {', '.join(_READERS)} files, got `{path.suffix}`")
    try:
        return list(reader(path))
    except FileNotFoundError as error:
        raise ContentError(f"{path}: there is no such file of predictions") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path}: is not UTF-8 text (byte {error.start}): save it as UTF-8") from error


def _jsonl(path: Path) -> Iterable[Prediction]:
    with path.open(encoding="utf-8-sig") as file:
        head = next((line for line in file if line.strip()), "")
    if _is_journal(head):
        return _latest(read_lines(path, Prediction))
    return _unique(path, _jsonl_rows(path))


def _is_journal(line: str) -> bool:
    try:
        held = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(held, dict) and held.keys() >= {"key", "sample_id"} and not held.keys().isdisjoint({"output", "error"})


def _latest(lines: Iterable[Prediction]) -> Iterable[Prediction]:
    held: dict[tuple[str, int], Prediction] = {}
    for line in lines:
        place = (line.sample_id, line.repeat)
        if line.error is None or place not in held or held[place].error is not None:
            held[place] = line
    return held.values()


def _jsonl_rows(path: Path) -> Iterator[tuple[str, Prediction]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                where = f"line {number}"
                yield where, _prediction(path, where, _parse(path, line, where))


def _json(path: Path) -> Iterable[Prediction]:
    held = _parse(path, path.read_text(encoding="utf-8-sig"), "")
    if isinstance(held, list):
        rows = [(f"entry {number}", row) for number, row in enumerate(held, start=1)]
    elif isinstance(held, dict) and held:
        rows = [(f"study `{key}`", {**row, "sample_id": key} if isinstance(row, dict) else row) for key, row in held.items()]
    else:
        raise ContentError(f"{path}: expected an object keyed by study id, or a list of objects, with a prediction each")
    return _unique(path, ((where, _prediction(path, where, row)) for where, row in rows))


def _csv(path: Path) -> Iterable[Prediction]:
    return _unique(path, _csv_rows(path))


def _csv_rows(path: Path) -> Iterator[tuple[str, Prediction]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file, strict=True)
        try:
            is_radfm = set(table.fieldnames or ()) >= RADFM
            for number, row in enumerate(table, start=1):
                where = f"line {table.line_num}"
                if None in row or None in row.values():
                    raise ContentError(f"{path}, {where}: expected {len(table.fieldnames or ())} cells, as in the header")
                if is_radfm:
                    said, asked = (_listed(path, where, row[column]) for column in ("Pred", "Question"))
                    yield where, Prediction(key="", sample_id=str(number), prompt=asked, output=said)
                else:
                    yield where, _prediction(path, where, row)
        except csv.Error as error:
            raise ContentError(f"{path}, line {table.reader.line_num}: {error}") from error


def _prediction(path: Path, where: str, row: object) -> Prediction:
    if not isinstance(row, dict):
        raise ContentError(f"{path}, {where}: expected an object with an id and a prediction, got {type(row).__name__}")
    sample_id = row[_first(path, where, row, IDS, "an id")]
    column = _first(path, where, row, TEXTS, "a prediction")
    text = row[column]
    if isinstance(sample_id, bool) or not isinstance(sample_id, str | int) or sample_id == "":
        raise ContentError(f"{path}, {where}: expected an id that is text or a whole number, got {type(sample_id).__name__}")
    prompt = next((row[name] for name in _PROMPTS if isinstance(row.get(name), str)), "")
    heat_maps = _heat_maps(path, where, row)
    if text is None or (isinstance(text, float) and math.isnan(text)):  # pandas writes an absent text as NaN
        return Prediction(key="", sample_id=str(sample_id), prompt=prompt, error=f"{path.name} holds no prediction for this sample")
    if not isinstance(text, str):
        raise ContentError(f"{path}, {where}: expected `{column}` to be text, got {type(text).__name__}")
    try:
        f"{sample_id}{prompt}{text}".encode()
    except UnicodeEncodeError as error:
        raise ContentError(f"{path}, {where}: holds half of a surrogate pair (\\ud800 to \\udfff), which is no text") from error
    return Prediction(key="", sample_id=str(sample_id), prompt=prompt, output=text, heat_maps=heat_maps)


def _heat_maps(path: Path, where: str, row: Row) -> tuple[HeatMap, ...]:
    try:
        return read_heat_maps(row.get(HEAT_MAP), path.parent)
    except ContentError as error:
        raise ContentError(f"{path}, {where}: {HEAT_MAP}: {error}") from error


def _first(path: Path, where: str, row: Row, names: tuple[str, ...], what: str) -> str:
    found = next((name for name in names if name in row), None)
    if found is None:
        raise ContentError(f"{path}, {where}: expected {what} under one of {', '.join(names)}; there are {names_told(row)}")
    return found


def _listed(path: Path, where: str, cell: str) -> str:
    """The text in a cell such as `['yes']`."""
    try:
        held = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        held = None
    if isinstance(held, list) and len(held) == 1 and isinstance(held[0], str):
        return held[0]
    raise ContentError(f"{path}, {where}: expected a cell that holds a Python list of one text, such as ['yes']")


def _parse(path: Path, text: str, where: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:  # json's own message quotes no text
        raise ContentError(f"{path}{', ' if where else ''}{where}: {error}") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    held = dict(pairs)
    if len(held) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key `{next(name for name in names if names.count(name) > 1)}` stands twice in one object")
    return held


def _unique(path: Path, found: Iterable[tuple[str, Prediction]]) -> Iterator[Prediction]:
    seen: dict[str, str] = {}
    for where, prediction in found:
        if prediction.sample_id in seen:
            raise ContentError(f"{path}, {where}: the id `{prediction.sample_id}` stands at {seen[prediction.sample_id]} already")
        seen[prediction.sample_id] = where
        yield prediction


_READERS: Final[Mapping[str, Callable[[Path], Iterable[Prediction]]]] = {".jsonl": _jsonl, ".json": _json, ".csv": _csv}
