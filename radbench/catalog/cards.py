"""Cards: what a task, a model and a board are made of, checked key by key.

A card's name is its file's name. A task card has two halves: `ask` fixes what is put before a model, has a version and
a recorded hash; `score` says how answers are read and measured, and may change at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import ErrorDetails

from radbench.catalog import files
from radbench.catalog.components import canonical
from radbench.catalog.wording import expected
from radbench.catalog.yaml_text import Lines, read_yaml
from radbench.conventions import Cleaning, Convention, Section
from radbench.errors import ContentError, nearest
from radbench.sample import AnswerMode
from radbench.terms import Access

_PATHS: Final = ("file", "tokenizer", "annotations")  # arguments of model families that name a file or folder

Options = Mapping[str, JsonValue]
Name = Annotated[str, AfterValidator(canonical)]  # of a component: with dashes, however it was written
Words = Annotated[tuple[str, ...], BeforeValidator(lambda value: value if isinstance(value, list | tuple) else (value,))]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, protected_namespaces=())


class _Card(_Record):
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


class TaskCard(_Card):
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


class ModelCard(_Card):
    """One model: `adapters/<name>.yaml`."""

    family: Name
    arguments: Options = {}  # relative paths, those in _PATHS, start at the folder of the card
    weights: Weights | None = None
    preprocessing: Options = {}
    prompt: JsonValue = None  # the model's own template
    generation: Options = {}
    endpoint: str | None = None
    about: AboutModel = AboutModel()

    def options(self, overrides: Mapping[str, object] | None = None) -> dict[str, object]:
        """The keywords for the family's constructor: what the card states, then what the command line states."""
        stated: dict[str, object] = dict(self.arguments)
        for name in _PATHS:
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
        return (self.file.parent if self.file else Path()) / Path(path).expanduser()


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


class BoardCard(_Card):
    """One board: `leaderboards/<name>.yaml`."""

    columns: tuple[Column, ...] = Field(min_length=1)
    group: str = ""  # what models are grouped by: family, open ...
    rows: Words = ()  # CSV files of published rows, beside the card
    about: AboutBoard = AboutBoard()


CardT = TypeVar("CardT", TaskCard, ModelCard, BoardCard)


def ask_hash(card: TaskCard) -> str:
    """16 hex digits of what is asked, without the version; a setting left out counts like its default."""
    asked = card.ask.model_dump(mode="json", exclude={"version"}, exclude_defaults=True)
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_card(path: Path, kind: type[CardT]) -> CardT:
    """The card in a file; raises ContentError as `parse_card`."""
    return parse_card(files.read(path), path, kind)


def parse_card(text: str, path: Path, kind: type[CardT]) -> CardT:
    """The card in a text that stands, or will stand, in the file `path`.

    Raises:
        ContentError: the text is no YAML, or a key is unknown, missing or holds the wrong thing.
    """
    data, lines = read_yaml(text, str(path))
    if not isinstance(data, dict):
        raise ContentError(f"{path}:1: expected a mapping with the keys of a card, got {_said(data)}.")
    for key in ("name", "file"):
        if key in data:
            raise ContentError(f"{path}:{lines[key,]}: key `{key}` is unknown: a card is named by its file, `{path.stem}`.")
    try:
        return kind.model_validate({**data, "name": path.stem, "file": path})
    except ValidationError as error:
        raise ContentError("\n".join(_explain(problem, kind, lines, path) for problem in _own(error.errors()))) from error


def lines_of(card: _Card) -> Lines:
    """The line of each key in a card's file; none for a card made in Python."""
    return read_yaml(files.read(card.file), card.where)[1] if card.file else {}


def _own(problems: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """All but lists that are too short only because an item of theirs, a problem of its own, was not counted."""
    at = [tuple(problem["loc"]) for problem in problems]
    for problem, here in zip(problems, at, strict=True):
        if problem["type"] != "too_short" or not any(len(other) > len(here) and other[: len(here)] == here for other in at):
            yield problem


def _explain(problem: ErrorDetails, kind: type[BaseModel], lines: Lines, path: Path) -> str:
    """One line for one thing that pydantic found: file, line, key, expected, got."""
    at = tuple(problem["loc"])
    shown = ".".join(map(str, at))
    near = next((lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in lines), 1)
    match problem["type"]:
        case "extra_forbidden":
            known = _keys(kind, at[:-1])
            return f"{path}:{near}: key `{shown}` is unknown{nearest(str(at[-1]), known)} Known: {', '.join(known)}."
        case "missing":
            return f"{path}:{near}: key `{shown}` is missing."
        case _:
            return f"{path}:{near}: `{shown}`: {expected(problem)}, got {_said(problem['input'])}."


def _keys(kind: type[BaseModel], at: tuple[str | int, ...]) -> list[str]:
    """The keys of the record at a path within a card."""
    for part in at:
        found = kind.model_fields.get(str(part))
        annotations = [found.annotation, *getattr(found.annotation, "__args__", ())] if found else [kind]
        kind = next((a for a in annotations if isinstance(a, type) and issubclass(a, BaseModel)), kind)
    return [name for name in kind.model_fields if name not in {"name", "file"}]


def _said(value: object) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return f"`{text if len(text) <= 80 else text[:77] + '...'}`"
