"""Canaries: published outputs that somebody's weights should give; `canaries/<model>.yaml`, here and in catalogue folders.

title: one line
model: the card whose weights are verified        # left out: the file's name
options: {prompt: what the user must bring}       # given with --option prompt=FILE to the metrics of the checks
checks:
- text: a text, or a list of two                  # put to the model; the keys named under `expect` are compared, in full
  expect: {Edema: 1}                              # `{one_of: [1, 3]}` in place of a value: any of these
  tolerance: 0                                    # largest difference of a number
  source: where the output was printed
- metric: {radgraph: {annotator: radgraph-xl}}    # or: a metric over pairs, as a task card writes it
  pairs: [{reference: a text, candidate: a text}]
  expect: {radgraph_partial: 0.5}
  tolerance: 0.0001
  source: where
  basis: definition                               # of what the method is, where nothing was printed; else `published`
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from radbench.catalog import Catalog
from radbench.catalog.cards import MetricUse, Words
from radbench.catalog.components import canonical
from radbench.catalog.wording import expected
from radbench.catalog.yaml_text import read_yaml
from radbench.certificates import Basis
from radbench.errors import ContentError, UnknownNameError

_OWN: Final = Path(__file__).parent / "canaries"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Pair(_Record):
    """What a metric compares."""

    reference: str
    candidate: str


class Check(_Record):
    """One expectation."""

    text: Words = ()
    metric: MetricUse | None = None
    pairs: tuple[Pair, ...] = ()
    expect: Mapping[str, JsonValue] = Field(min_length=1)
    tolerance: float = Field(ge=0, allow_inf_nan=False)
    source: str = Field(min_length=1)
    basis: Basis = "published"

    @model_validator(mode="after")
    def _one_question(self) -> Check:
        if bool(self.text) == bool(self.metric) or bool(self.metric) != bool(self.pairs):
            raise ValueError("expected either `text`, or `metric` with `pairs`")
        return self

    @property
    def what(self) -> str:
        """The question in one line."""
        if self.metric is None:
            return " | ".join(self.text)
        return f"{self.metric.name}: " + "; ".join(f"{pair.candidate} (reference: {pair.reference})" for pair in self.pairs)


class Canary(_Record):
    """The expectations of one file."""

    title: str
    model: str
    options: Mapping[str, str] = {}  # option of the metrics -> what the user must bring
    checks: tuple[Check, ...] = Field(min_length=1)


def find_canaries(catalog: Catalog, model: str) -> dict[Path, Canary]:
    """The canaries of a model, by file: radbench's own, then those of the catalogue's further folders.

    Raises:
        ContentError: a file is not valid. UnknownNameError: no file names this model.
    """
    found = {file: canary for file, canary in _all(catalog).items() if canonical(canary.model) == canonical(model)}
    if not found:
        known = dict.fromkeys(canary.model for canary in _all(catalog).values())
        raise UnknownNameError(
            "canary of", model, known, f"{', '.join(known)}; one of your own: canaries/{model}.yaml in a catalogue folder"
        )
    return found


def metrics_by_judge(catalog: Catalog) -> dict[str, set[str]]:
    """The metrics that were made for a judge: those by which it is verified."""
    found: dict[str, set[str]] = {}
    for check in (check for canary in _all(catalog).values() for check in canary.checks):
        if check.metric is not None and (judge := check.metric.options.get("judge")):
            found.setdefault(canonical(str(judge)), set()).add(check.metric.name)
    return found


def digest(file: Path) -> str:
    """sha256 of a canary's file: what was expected."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_canary(file: Path) -> Canary:
    """The canary in a file.

    Raises:
        ContentError: it is no YAML, or a key is unknown, missing or holds the wrong thing; with its line.
    """
    data, lines = read_yaml(file.read_text("utf-8-sig"), str(file))
    if not isinstance(data, dict):
        raise ContentError(f"{file}:1: expected a mapping with `title` and `checks`")
    try:
        return Canary.model_validate({"model": file.stem, **data})
    except ValidationError as error:
        problem = error.errors()[0]
        at = tuple(problem["loc"])
        line = next((lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in lines), 1)
        raise ContentError(f"{file}:{line}: `{'.'.join(map(str, at))}`: {expected(problem)}") from error


def _all(catalog: Catalog) -> dict[Path, Canary]:
    folders = (_OWN, *(folder / "canaries" for folder in catalog.folders))
    return {file: read_canary(file) for folder in folders for file in sorted(folder.glob("*.yaml"))}
