"""What a model or annotator needs on this machine: its family's packages, its weights, its endpoint and key."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from radbench.catalog import Catalog, ComponentKind
from radbench.catalog.components import canonical
from radbench.errors import RadbenchError
from radbench.readiness.finding import Finding, Machine
from radbench.readiness.weights import READERS, Weights, find_weights
from radbench.terms import endpoint_of, host_of, is_local, words

if TYPE_CHECKING:
    from radbench.catalog.cards import ModelCard

Blocked = Mapping[str, tuple[str, ...]]  # annotator -> metrics that ask it

_READER_PACKAGES = ("torch", "transformers")


def look_at_model(catalog: Catalog, name: str | Path, machine: Machine, blocked: Blocked, *, closely: bool = True) -> Iterator[Finding]:
    """Family, packages, endpoint, key, weights and file of a model; not closely: of its weights and file alone."""
    try:
        card = catalog.model(name)
    except RadbenchError as error:
        yield Finding(f"model {name}", False, words(error), blocks=blocked.get(str(name), ()))
        return
    weights = find_weights(card, machine)
    if closely:
        yield look_at_component(catalog, "models", card.family)
        if card.family in READERS:
            yield _packages(card.family)
        yield from _endpoint(catalog, card, weights)
    if weights is not None:
        yield _weights(card, weights, blocked.get(canonical(card.name), ()))
    if file := card.options().get("file"):
        note = str(file) if Path(str(file)).is_file() else f"no file `{file}`, which {card.where} names"
        yield Finding(f"file {card.name}", note == str(file), note)


def look_at_component(catalog: Catalog, kind: ComponentKind, name: str) -> Finding:
    """Whether a component can be imported."""
    try:
        catalog.component(kind, name)
    except RadbenchError as error:
        return Finding(f"{kind} {name}", False, words(error))
    return Finding(f"{kind} {name}", True)


def look_at_keys(catalog: Catalog) -> Iterator[Finding]:
    """Whether the keys that cards of endpoints name are set, one finding a variable."""
    users: dict[str, list[str]] = {}
    for name in catalog.names("adapters"):
        try:
            variable = str(catalog.model(name).options().get("api_key_env") or "")
        except RadbenchError:
            continue  # a card that is not valid is told of with its weights
        if variable:
            users.setdefault(variable, []).append(name)
    for variable, names in users.items():
        yield _key(variable, f"for {', '.join(names)}")


def _packages(family: str) -> Finding:
    missing = [package for package in _READER_PACKAGES if find_spec(package) is None]
    note = f"{', '.join(missing)}, which read the weights of family `{family}`" if missing else ", ".join(_READER_PACKAGES)
    return Finding("packages of extra local", not missing, note, mend="pip install 'radbench[local]'" if missing else "")


def _endpoint(catalog: Catalog, card: ModelCard, weights: Weights | None) -> Iterator[Finding]:
    """Whether the family takes the card's options, where it would send requests, and whether its key is set."""
    options = card.options({"weights": str(weights.place)} if weights and weights.place else None)
    try:
        model = catalog.build("models", card.family, options, where=card.where)
    except RadbenchError as error:
        yield Finding(f"model {card.name}", False, words(error))
        return
    endpoint = endpoint_of(model)
    host = "" if endpoint is None else host_of(endpoint) or ""
    if endpoint is not None:
        where = "local: any data may go there" if is_local(endpoint) else "external: closed data go there only with --data-agreement"
        note = f"{host}, {where}" if host else f"`{endpoint}` can be read in several ways; write it plainly: https://host/v1"
        yield Finding(f"endpoint {card.name}", bool(host), note)
    if variable := str(options.get("api_key_env") or ""):
        yield _key(variable, f"for {host or card.name}")


def _key(variable: str, used: str) -> Finding:
    if os.environ.get(variable, "").strip():
        return Finding(f"key {variable}", True, f"{used}; set, and not shown")
    return Finding(f"key {variable}", False, f"{used}; not set", mend=f"set the environment variable {variable} to the key")


def _weights(card: ModelCard, found: Weights, blocks: tuple[str, ...]) -> Finding:
    what = f"weights {card.name}"
    if not found.problem:
        return Finding(what, True, str(found.place))
    about = card.about
    source = "; ".join(filter(None, (about.home, about.licence and f"licence: {about.licence}")))
    reader = READERS.get(card.family)
    return Finding(
        what,
        False,
        found.problem,
        expected=found.missing,
        mend=_mend(card),
        source=source,
        remarks=about.notes,
        blocks=blocks,
        instead=reader.instead if reader and blocks else "",
    )


def _mend(card: ModelCard) -> str:
    """How weights come to be found."""
    fetch = f"hf download {card.weights.hub} --revision {card.weights.revision}; or " if card.weights and card.weights.hub else ""
    return (
        f"{fetch}put them in a folder and name it: --weights {card.name}=DIR, or `weights: {{{card.name}: DIR}}` in the config file, "
        "or `weights: {path: DIR}` in a card of your own"
    )
