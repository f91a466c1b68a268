"""Cards: what a task, a model and a board are made of, checked key by key.

A card's name is its file's name. A task card has two halves: `ask` fixes what is put before a model, has a version and
a recorded hash; `score` says how answers are read and measured, and may change at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from radbench.catalog.components import canonical
from radbench.conventions import Cleaning, Convention, Section
from radbench.sample import AnswerMode
from radbench.terms import Access

PATHS: Final = ("file", "tokenizer", "annotations")  # arguments of model families that name a file or folder

Options = Mapping[str, JsonValue]
Name = Annotated[str, AfterValidator(canonical)]  # of a component: with dashes, however it was written
Words = Annotated[tuple[str, ...], BeforeValidator(lambda value: value if isinstance(value, list | tuple) else (value,))]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, protected_namespaces=())


class Card(_Record):
    """What every card has."""

    name: str  # the file's name without `.yaml`
    title: str  # one line; the first of the file, so that lists need not parse the rest
    file: Path | None = Field(default=None, exclude=True, repr=False)  # where it was read; None: made in Python

    @property
    def where(self) -> str:
        """The file, for messages."""
        return str(self.file) if self.file else f"`{self.name}`"


class Ask(_Record):
    """What is put before a model: a change of any of it asks for a new version."""

    version: int = Field(ge=1)
    dataset: Name
    dataset_options: Options = {}
    split: str
    train: str | None = None  # the split that models and shots may learn from
    validation: str | None = None
    select: Mapping[str, Words] = {}  # subgroup -> the values kept
    unit: Literal["image", "volume", "series", "study", "breast", "patient", "report", "passage", "pair"] = "image"
    protocol: Name
    options: Options = {}  # the protocol's own, `prompt` among them
    answer: AnswerMode = "free"
    shots: int = Field(default=0, ge=0)


class MetricUse(_Record):
    """A metric with its options; written as its name, or as `{name: {option: value}}`."""

    name: Name
    options: Options = {}

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: object) -> object:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, Mapping) and isinstance(value.get("name"), str):
            return value  # made in Python: MetricUse(name=..., options=...)
        if isinstance(value, Mapping) and len(value) == 1:
            ((name, options),) = value.items()
            return {"name": name, "options": options or {}}
        raise ValueError("expected a name, or one name with its options: `{name: {option: value}}`")

    @model_serializer
    def _write(self) -> dict[str, Any]:
        return {self.name: dict(self.options)}

    def beside(self, folder: Path) -> MetricUse:
        """The same, a script and a judge's prompt that are named by a path from `folder` by their whole paths."""
        name, _, script = self.name.partition(":")
        path = folder / script
        prompts = {option: folder / said for option, said in self.options.items() if option.endswith("prompt") and isinstance(said, str)}
        found = {option: str(file.resolve()) for option, file in prompts.items() if file.is_file()}
        whole = f"{name}:{path.resolve()}" if script and path.exists() else self.name
        return self.model_copy(update={"name": whole, "options": {**self.options, **found}})


class Score(_Record):
    """How answers are read and measured."""

    reader: str = "strict"
    metrics: tuple[MetricUse, ...] = Field(min_length=1)
    primary: str  # the value that stands for the task
    section: Section = "as_is"  # of reports: the part that is compared
    clean: tuple[Cleaning, ...] = ()  # what is done to candidate and reference texts before they are compared
    absent: str = ""  # what `section: both` writes for a part that a report lacks
    cluster: str = ""  # what `Sample.cluster` is, in words: patient, study, image
    subgroups: tuple[str, ...] = ()

    @property
    def convention(self) -> Convention:
        """What is done to texts before metrics see them."""
        return Convention(self.section, self.clean, self.absent)

    @field_validator("metrics")
    @classmethod
    def _once_each(cls, metrics: tuple[MetricUse, ...]) -> tuple[MetricUse, ...]:
        if twice := next((use.name for i, use in enumerate(metrics) if use in metrics[:i]), None):
            raise ValueError(f"expected each metric once, or with other options; `{twice}` stands twice with the same")
        return metrics


class AboutTask(_Record):
    """Facts for people."""

    summary: str = ""
    paper: str = ""
    home: str = ""
    licence: str = ""
    access: Access | None = None  # what its data set says; None: not told here
    modality: Words = ()  # of its images or reports, DICOM codes: CR, DX, CT, MR ...; none: not told
    region: Words = ()  # of the body: chest, brain ...; none: not told
    n: int | None = Field(default=None, ge=0)  # samples expected in the complete split
    notes: tuple[str, ...] = ()


class TaskCard(Card):
    """One task: `tasks/<suite>.<name>.yaml`."""

    ask: Ask
    score: Score
    hashes: Mapping[int, str] = {}  # version -> ask_hash
    about: AboutTask = AboutTask()

    @field_validator("score")
    @classmethod
    def _files_beside_the_card(cls, score: Score, known: ValidationInfo) -> Score:
        """The script of a metric `evaluate:./mine.py` and the prompt of a judge lie where their paths from the card's folder lead."""
        file: Path | None = known.data.get("file")
        return score.model_copy(update={"metrics": tuple(use.beside(file.parent) for use in score.metrics)}) if file else score


class Weights(_Record):
    """Where weights lie: a local file or folder, or a hub id at a fixed revision."""

    path: str | None = None  # relative: to the folder of the card
    hub: str | None = None
    revision: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Weights:
        if (self.path is None) == (self.hub is None):
            raise ValueError("expected one of `path` and `hub`")
        if self.hub is not None and not self.revision:
            raise ValueError("expected `revision` beside `hub`: the commit that is meant")
        return self


class AboutModel(_Record):
    """Facts for people."""

    summary: str = ""
    parameters: str = ""  # as its makers count: 7B
    licence: str = ""
    open: bool | None = None  # whether weights can be had
    paper: str = ""
    home: str = ""
    trained_on: Mapping[str, Words] = {}  # data set -> its splits seen in training; one not named: unknown
    tested: Literal["parity-tiny", "real-weights", "card-only"] = "card-only"
    notes: tuple[str, ...] = ()


class ModelCard(Card):
    """One model: `adapters/<name>.yaml`."""

    family: Name
    arguments: Options = {}  # relative paths, those in PATHS, start at the folder of the card
    weights: Weights | None = None
    preprocessing: Options = {}
    prompt: JsonValue = None  # the model's own template
    generation: Options = {}
    endpoint: str | None = None
    about: AboutModel = AboutModel()

    def options(self, overrides: Mapping[str, object] | None = None) -> dict[str, object]:
        """The keywords for the family's constructor: what the card states, then what the command line states."""
        stated: dict[str, object] = dict(self.arguments)
        for name in PATHS:
            if isinstance(path := stated.get(name), str):
                stated[name] = str(self._local(path))
        if self.weights is not None:
            stated["weights"] = self.weights.hub or str(self._local(self.weights.path or ""))
            if self.weights.revision:
                stated["revision"] = self.weights.revision
        for name in ("preprocessing", "prompt", "generation", "endpoint"):
            if value := getattr(self, name):
                stated[name] = value
        changed = dict(overrides or {})
        settings = changed.get("generation")
        if isinstance(settings, Mapping):  # --gen changes single settings of the card
            changed["generation"] = {**dict(self.generation), **dict(settings)}
        return {**stated, **changed}

    def _local(self, path: str) -> Path:
        return (self.file.parent if self.file else Path()).absolute() / Path(path).expanduser()


Cost: TypeAlias = Literal["seconds", "memory", "gpu_memory", "tokens", "price", "parameters"]


class Column(_Record):
    """One column of a board: a value of a task, or of several tasks together; or what their runs cost."""

    task: Words  # not yet in the catalogue: the column shows published rows alone
    value: str = ""  # "": the (first) task's primary value
    cost: Cost | None = None  # shown in place of a value; never ranked or marked
    over: Literal["average", "pooled"] = "average"  # of several tasks: the mean of their values, or the value of all their cases
    title: str = ""
    group: str = ""  # the heading above several columns
    published: Mapping[str, Words] = {}  # field of the published rows -> the texts that belong here
    lower_is_better: bool = False  # of a column without runs; else the metric says it

    @model_validator(mode="after")
    def _one_thing(self) -> Column:
        if self.cost and (self.value or self.published):
            raise ValueError("expected `cost`, or `value` and `published`, not both")
        return self

    @property
    def name(self) -> str:
        """What the column is called where it has no title."""
        return self.title or " + ".join(self.task)


class AboutBoard(_Record):
    """Facts for people."""

    summary: str = ""
    paper: str = ""
    home: str = ""
    notes: tuple[str, ...] = ()


class BoardCard(Card):
    """One board: `leaderboards/<name>.yaml`."""

    columns: tuple[Column, ...] = Field(min_length=1)
    group: str = ""  # what models are grouped by: family, open ...
    rows: Words = ()  # CSV files of published rows, beside the card
    about: AboutBoard = AboutBoard()


def ask_hash(card: TaskCard) -> str:
    """16 hex digits of what is asked, without the version; a setting left out counts like its default."""
    asked = card.ask.model_dump(mode="json", exclude={"version"}, exclude_defaults=True)
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
