"""Models that a Python program brings: functions, and objects with the methods of a family; and what tells one from another."""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, overload

from radbench.catalog import Catalog
from radbench.catalog.cards import ModelCard
from radbench.errors import ContentError
from radbench.media import Reader
from radbench.models.base import Model
from radbench.sample import Reply, Request
from radbench.terms import told

Answerer: TypeAlias = Callable[..., Sequence[Reply | str]]  # (requests) or (requests, reader) -> a reply or a text a request

_log = logging.getLogger(__name__)


@dataclass
class CallableModel:
    """A function as a model that generates. Made by `radbench.model`; still callable as the function."""

    function: Answerer
    name: str
    version: str  # answers are reused only under the same name and version
    batch_size: int = 8
    _reader: Reader | None = None

    def __post_init__(self) -> None:
        """Be of the function's module: what it says of errors are the words of whoever wrote it."""
        self.__module__ = getattr(self.function, "__module__", "") or ""

    def __call__(self, *arguments: object) -> Sequence[Reply | str]:
        return self.function(*arguments)

    def load(self, reader: Reader) -> None:
        """Keep the reader, for a function that takes it."""
        self._reader = reader

    def identity(self) -> Mapping[str, object]:
        """Name and version, as stated."""
        return {"callable": self.name, "version": self.version}

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """What the function returns; plain texts become replies."""
        wants_reader = len(inspect.signature(self.function).parameters) > 1
        replies = self.function(requests, self._reader) if wants_reader else self.function(requests)
        return [Reply(output=reply) if isinstance(reply, str) else reply for reply in replies]


@overload
def model(name: str, *, version: str = ..., batch_size: int = ...) -> Callable[[Answerer], CallableModel]: ...
@overload
def model(name: Answerer) -> CallableModel: ...
def model(name: str | Answerer, *, version: str = "", batch_size: int = 8) -> CallableModel | Callable[[Answerer], CallableModel]:
    """Make a model of a function from a batch of requests (and, if it takes two arguments, a media reader) to replies.

    Args:
        name: the model's name in run folders and boards; used bare, as `@radbench.model`, the function's own.
        version: names the weights and settings that answer, such as a training step. Answers of an earlier evaluation
            are reused only under the same version; without one, every evaluation asks anew.
        batch_size: how many requests the function is given at once.
    """
    if not isinstance(name, str):
        return CallableModel(name, _name_of(name), version)

    def wrap(function: Answerer) -> CallableModel:
        return CallableModel(function, name, version, batch_size)

    return wrap


def as_model(catalog: Catalog, model: str | Path | Answerer | CallableModel | Model) -> tuple[ModelCard, Model | None]:
    """The card of a model and, where the caller brings one, the model.

    Raises:
        ContentError: what the caller brings is no model.
    """
    if isinstance(model, str | Path):
        return catalog.model(model), None
    if inspect.isclass(model) or not (isinstance(model, Model) or callable(model)):
        raise ContentError(
            f"no model: `{model!r}`; expected a name, a card's path, a function from requests to replies, or an object with "
            "`batch_size`, `load`, `identity` and one of `generate`, `rank`, `embed`"
        )
    if not isinstance(model, Model):
        model = CallableModel(model, _name_of(model), "")
    if not isinstance(model, CallableModel):
        name = type(model).__name__
        which = {"version": _version_of(model), "made_with": _made_with(model)}
        return ModelCard(name=name, title=name, family="instance", arguments=which), model
    version = model.version or _unlike_any()
    known = CallableModel(model.function, model.name, version, model.batch_size)
    return ModelCard(name=model.name, title=model.name, family="callable", arguments={"version": version}), known


def _version_of(model: Model) -> str:
    """The `version` in an object's identity.

    Raises:
        ContentError: its identity is no mapping.
    """
    try:
        identity = model.identity()
    except Exception as error:  # someone else's code, asked before `load`: what it cannot tell yet, it has not told
        _log.debug("no identity before load: %s", told(error))
        return _unlike_any()
    if not isinstance(identity, Mapping):
        raise ContentError(
            f"`identity` of {type(model).__name__} gives `{identity!r}`; expected a mapping, such as {{'version': 'step-1000'}}"
        )
    stated = identity.get("version")
    return ("" if stated is None else str(stated)) or _unlike_any()


def _made_with(model: Model) -> str:
    """A digest of the class of an object and of what its constructor was given, as far as that is plain data kept under its name.

    A digest, since a key may be among it.
    """
    try:
        given = tuple(inspect.signature(type(model)).parameters)
    except ValueError:  # a class written in C, such as SimpleNamespace
        given = ()
    about = [type(model).__module__, type(model).__qualname__, {name: _kept(model, name) for name in given}]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


def _kept(model: Model, name: str) -> str:
    """What an object keeps under the name of an argument of its constructor, as JSON; of what is no plain data its kind alone."""
    try:
        value = getattr(model, name, getattr(model, f"_{name}", None))
        return json.dumps(value, default=lambda other: str(other) if isinstance(other, Path) else type(other).__qualname__, skipkeys=True)
    except Exception as error:  # someone else's code, as a property that needs `load`; or data that hold themselves
        _log.debug("`%s` of %s is not told: %s", name, type(model).__qualname__, told(error))
        return ""


def _unlike_any() -> str:
    """Stands for a version where none is stated: nobody knows whether the model would answer the same again."""
    return uuid.uuid4().hex


def _name_of(function: Answerer) -> str:
    return str(getattr(function, "__name__", type(function).__name__)).strip("<>")
