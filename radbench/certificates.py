"""Certificates: what came of holding somebody's weights against published outputs (`radbench doctor --verify`).

    <out>/certificates/<model>/<identity>.json    of the last time that these weights were verified

`identity` names what was verified as `annotations/<model>/<identity>/` does; signatures of numbers show its first 8 digits.
So a board finds the certificate of each annotator behind a number, or says that there is none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from radbench.errors import RunError
from radbench.folder import write_json
from radbench.records import adapter

FOLDER: Final = "certificates"

Basis = Literal["published", "definition"]  # what an expectation rests on: an output that was printed, or what the method is


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CheckRecord(_Record):
    """One expectation, and what came."""

    what: str  # the text, or the metric and its pairs
    expected: Any
    got: Any
    tolerance: float
    source: str
    basis: Basis
    passed: bool


class Certificate(_Record):
    """What was verified, with what, when, and every expectation with what came in its place."""

    format: int = 1
    model: str
    identity: str  # 16 hex digits
    weights: str  # digest of the weights as the model states it
    stated: dict[str, Any]  # the identity in full
    others: dict[str, str] = {}  # model -> identity: whom the checks asked besides
    canaries: dict[str, str]  # sha256 of a file of expectations -> its name
    date: str  # ISO, UTC
    versions: dict[str, str]
    passed: bool
    checks: tuple[CheckRecord, ...]

    @property
    def n_published(self) -> int:
        """How many of its checks rest on printed outputs; with none, a pass says that weights work, not which they are."""
        return sum(check.basis == "published" for check in self.checks)


def write_certificate(out: Path, certificate: Certificate) -> Path:
    """Write it to its place below the folder of runs, over an earlier one of the same identity; the place."""
    file = out / FOLDER / certificate.model / f"{certificate.identity}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, certificate)
    return file


def read_certificate(out: Path, model: str, identity: str) -> Certificate | None:
    """The certificate that covers a model's identity (or its first digits, as a signature has them); None where there is none.

    Its own is preferred to one of another model whose checks asked it too.

    Raises:
        RunError: a file is damaged.
    """
    own = sorted((out / FOLDER / model).glob(f"{identity}*.json"))
    for file in own or sorted((out / FOLDER).glob("*/*.json")):
        found = _read(file)
        if own or found.others.get(model, " ").startswith(identity):
            return found
    return None


def _read(file: Path) -> Certificate:
    try:
        found: Certificate = adapter(Certificate).validate_json(file.read_bytes())
    except ValidationError as error:
        again = f"radbench doctor --verify {file.parent.name}"
        raise RunError(f"{file} is damaged: delete it and verify `{file.parent.name}` again: {again}") from error
    return found
