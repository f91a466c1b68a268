"""What a run folder's files hold: the records of samples, predictions, runs and values, and their schemas.

Defaults are left out of JSONL lines. Numbers that are not numbers are `null` in summary.json.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

from radbench.sample import Boxes, ImageMode, Reply, Sample, Vectors
from radbench.terms import Access

FEW: Final = 30  # clusters below which a bootstrap interval is too narrow to trust
FORMAT: Final = 1  # raised when older readers would misread a file

_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}

# JSON knows no infinities; a log-likelihood may be "-inf", or "nan" by a model's fault
_Score = Annotated[float, PlainSerializer(lambda score: score if math.isfinite(score) else str(score), when_used="json")]

RecordT = TypeVar("RecordT", bound="Sample | Reply | BaseModel")


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecord(Sample):
    """A sample as it was asked: its place in the task, and the keys of its predictions (one a repeat)."""

    position: int
    keys: tuple[str, ...] = ()
    excluded: str = ""  # why nothing was asked (no partner for swapped images); "" otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction(Reply):
    """A reply in the journal. Its key hashes all that reached the model: identity, settings, request, repeat."""

    output: str | Mapping[str, _Score] | Vectors | Boxes | None = None
    key: str
    sample_id: str
    repeat: int = 0
    prompt: str = ""  # the request as text; media as <image: name/path>
    asked: str = ""  # the day (UTC) it was asked, of a model behind an endpoint and of every annotator


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Settings(_Record):
    """How a task is asked, beyond its card; part of the run id."""

    limit: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)
    images: ImageMode = "real"
    repeats: int = Field(default=1, ge=1)


class DataRecord(_Record):
    """The data set behind a run."""

    name: str
    split: str
    access: Access
    n_samples: int | None = None  # known once all samples of the task have been seen


class RunRecord(_Record):
    """run.json: enough to score, show and repeat the run without the data set or the catalogue."""

    format: int = FORMAT
    id: str
    task: str
    model: str
    task_card: dict[str, Any]
    model_card: dict[str, Any]
    identity: dict[str, Any]  # what the loaded model says decides its answers
    settings: Settings
    shard: str = ""  # "2/8" in a shard's folder
    data: DataRecord
    ask_hash: str
    agreement: dict[str, str] | None = None  # the data agreement stated for an external endpoint
    status: str = "running"  # running, partial, complete, failed
    message: str = ""  # why it is partial or failed
    media_notes: dict[str, int] = {}  # what readers remarked on images (uneven gaps, gantry tilt ...) -> files
    memory: dict[str, int] = {}  # peak bytes of the process that asked: "main", and "gpu" where torch used one; none for endpoints
    versions: dict[str, str] = {}
    hardware: dict[str, str] = {}
    commit: str = ""
    started: str = ""
    ended: str = ""
    seconds: float = 0.0  # of all sessions together


class ValueRecord(_Record):
    """One value of a metric, with all that is needed to read it."""

    id: str
    signature: str
    value: float | None
    ci: tuple[float | None, float | None] | None = None
    undefined_draws: int = 0  # bootstrap draws in which the value is not defined; the interval is that of the others
    level: float | None = None
    n_effective: float | None = None  # of a share: the independent cases that its cases are worth; its interval is Wilson's of so many
    lower_is_better: bool = False
    n_scored: int
    n_excluded: int = 0
    excluded: dict[str, int] = {}  # reason -> cases
    subgroups: dict[str, dict[str, ValueRecord]] = {}  # subgroup -> level -> the same value there

    def __str__(self) -> str:
        """The value with its interval, the number of cases and its signature, on one line."""
        return f"{self.id} {self.shown} n={self.n_scored} {self.signature}"

    __repr__ = __str__

    @property
    def shown(self) -> str:
        """The value with its interval, to four places; a dash where it is undefined."""
        number = "-" if self.value is None else f"{self.value:.4f}"
        if self.ci is None or None in self.ci:
            return number
        return f"{number} [{self.ci[0]:.4f}, {self.ci[1]:.4f}]"


class Counts(_Record):
    """What became of the cases (samples x repeats): n_total = n_scored + n_excluded; the others may overlap."""

    n_total: int
    n_scored: int
    n_failed: int
    n_refused: int
    n_truncated: int
    n_unparsed: int
    n_empty: int
    n_excluded: int


class Summary(_Record):
    """summary.json: the values of one run; depends on what was asked and said alone, not on time or machine."""

    format: int = FORMAT
    run: str
    task: str
    model: str
    status: str
    counts: Counts
    failed: dict[str, int] = {}  # reason -> cases, the most frequent ones
    unparsed: dict[str, int]  # reason -> cases
    excluded: dict[str, int]
    intervals: dict[str, str | int | float]  # method, draws, seed, level, cluster, n_clusters
    score: dict[str, Any]  # the score half used
    values: tuple[ValueRecord, ...]
    agreement: dict[str, str] | None = None  # stated for annotators elsewhere when this was scored
    problems: tuple[str, ...] = ()  # metrics that could not run, and why


def comparable(signature: str) -> str:
    """What must be equal for two numbers to be compared: all of a signature but the days on which judges answered.

    >>> comparable("grad|v:1|by:judge@0123abcd(model-0613)|judged:2026-11-22|ask:506f6c4e")
    'grad|v:1|by:judge@0123abcd(model-0613)|ask:506f6c4e'
    """
    return re.sub(r"\|judged:[^|]*", "", signature)


def adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """The pydantic adapter of a record; built once, since building it takes milliseconds."""
    found = _ADAPTERS.get(kind)
    if found is None:
        found = _ADAPTERS[kind] = TypeAdapter(kind)
    return found


def extend(kind: type[RecordT], base: Sample | Reply, **more: object) -> RecordT:
    """A record of a derived kind with the fields of `base`, some of them changed, and some more."""
    fields = {name: getattr(base, name) for name in type(base).__slots__}
    return kind(**(fields | more))


def schemas() -> Mapping[str, dict[str, Any]]:
    """The JSON schema of each file of a run folder, by file name."""
    return {
        "run.json": RunRecord.model_json_schema(),
        "samples.jsonl": adapter(SampleRecord).json_schema(),
        "predictions.jsonl": adapter(Prediction).json_schema(),
        "summary.json": Summary.model_json_schema(),
    }
