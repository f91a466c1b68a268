"""Where lines lie in the JSONL files of a run, found without parsing them, so that a page reads only the lines it shows."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from radbench.errors import RunError
from radbench.records import Prediction, SampleRecord, adapter

_STRING: Final = rb'"((?:[^"\\]|\\.)*)"'
# Quotes inside a JSON string are escaped, so these words with their quotes stand nowhere but at a field of their own; the last one
# counts, since a mapping of scores, which comes earlier, may have an entry of that name.
_ID: Final = re.compile(rb'\{"id":' + _STRING)
_KEY: Final = re.compile(rb'"key":' + _STRING + rb',"sample_id":' + _STRING)
_FAILED: Final = b'{"error":'
_REFUSED: Final = b'"finish_reason":"refused"'
_CUT: Final = b'"finish_reason":"length"'

STATES: Final = ("failed", "refused", "truncated")  # of a reply, in the order of their bits


class SamplePlaces:
    """The samples of a run by id.

    Raises:
        RunError: a line holds no sample.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.offsets: dict[str, int] = {}  # id -> where its last line begins, in the order asked
        for offset, line in _lines(path):
            found = _ID.match(line)
            name = _text(found[1]) if found else _parsed(SampleRecord, line, path, offset).id
            self.offsets[name] = offset

    def get(self, name: str) -> SampleRecord | None:
        """The sample of an id."""
        offset = self.offsets.get(name)
        if offset is None:
            return None
        record: SampleRecord = _parsed(SampleRecord, _line_at(self._path, offset), self._path, offset)
        return record


class JournalPlaces:
    """The predictions of a run by key, with what became of each; of a key's lines the one holds that holds in a `folder.PredictionIndex`.

    Some 30 bytes a prediction are kept. No file is held open.

    Raises:
        RunError: a line holds no prediction.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        held: dict[bytes, tuple[int, int, bytes]] = {}  # key -> offset, state, sample id
        for offset, line in _lines(path):
            at = line.rfind(b'"key":"')
            found = _KEY.match(line, at) if at >= 0 else None
            if found:
                key, sample = found[1], found[2]
                has_failed = line.startswith(_FAILED)
            else:
                prediction: Prediction = _parsed(Prediction, line, path, offset)
                key, sample = prediction.key.encode(), json.dumps(prediction.sample_id, ensure_ascii=False).encode()[1:-1]
                has_failed = prediction.error is not None
            if not has_failed or key not in held or held[key][1] & 1:
                held[key] = (offset, has_failed | (_REFUSED in line) << 1 | (_CUT in line) << 2, sample)
        keys = np.array(list(held), dtype=np.bytes_)
        order = np.argsort(keys)
        self._keys = keys[order]
        self._offsets = np.array([offset for offset, _, _ in held.values()], dtype=np.int64)[order]
        self.states: dict[str, frozenset[str]] = {  # state -> ids of the samples with such a reply
            state: frozenset(_text(sample) for _, bits, sample in held.values() if bits >> bit & 1) for bit, state in enumerate(STATES)
        }

    def get(self, key: str) -> Prediction | None:
        """The prediction under a key."""
        wanted = key.encode()
        at = int(np.searchsorted(self._keys, np.bytes_(wanted)))
        if at == len(self._keys) or self._keys[at] != wanted:
            return None
        offset = int(self._offsets[at])
        found: Prediction = _parsed(Prediction, _line_at(self._path, offset), self._path, offset)
        return found


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a file, each with the place of its first byte; none where there is no file."""
    if not path.exists():
        return
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):  # torn: it will be cut and asked again
                return
            yield offset, line
            offset += len(line)


def _line_at(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset, os.SEEK_SET)
        return file.readline()


def _parsed(kind: type[Any], line: bytes, path: Path, offset: int) -> Any:  # noqa: ANN401  # a record of that kind
    try:
        return adapter(kind).validate_json(line)
    except ValueError as error:  # its message would quote the line, which may be closed data
        raise RunError(f"{path}, the line at byte {offset}, holds no {kind.__name__}. Delete it and run the same command again") from error


def _text(raw: bytes) -> str:
    return str(json.loads(b'"' + raw + b'"')) if b"\\" in raw else raw.decode("utf-8", "replace")
