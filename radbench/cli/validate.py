"""`radbench validate`: cards by their keys and what they name; components and tasks by a conformance test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from radbench.catalog import CARD_KINDS, COMPONENT_KINDS, CardKind, Catalog, Component, ComponentKind
from radbench.catalog.components import canonical
from radbench.catalog.files import NAME, kind_of
from radbench.cli.options import CatalogOption, DataDirOption, JsonOption, WeightsOption, data_roots, open_catalog, stems, weights_paths
from radbench.cli.output import print_json
from radbench.errors import ContentError, MissingDataError, MissingPackageError, RadbenchError
from radbench.terms import may_be_told, opened, words

if TYPE_CHECKING:
    from radbench.catalog.cards import TaskCard


class Remark(str):
    """A sentence worth telling that is no fault."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Places:
    """Where data sets and weights lie, by name."""

    roots: Mapping[str, Path]
    weights: Mapping[str, Path]


# Gives what is found, one sentence each: faults, and remarks. What it raises is found too.
Check = Callable[[], Iterable[str]]

_SUFFIXES: Final = (".yaml", ".yml", ".py")
_MODULE: Final = "evaluate:"  # a script or hub id of the package `evaluate`, as a metric


def validate(
    names: Annotated[list[str], typer.Argument(help="Cards and *.py files, or names in the catalogue.", metavar="FILE...")],
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    weights: WeightsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check cards and components; exit 2 if one cannot be accepted as it is.

    A task is tried with a model that is always right, a metric on generated cases, a model on a toy batch, an annotator on
    a few texts, an empty and a very long one among them.
    """
    cards = open_catalog(catalog)
    places = _Places(data_roots(cards, data_dir, _registered_in(names) if data_dir else ()), weights_paths(cards, weights, stems(names)))
    checked = []
    for name in names:
        for what, check in _checks(cards, name, places):
            problems, notes = _outcome(check)
            checked.append({"name": what, "ok": not problems, "problems": problems, "notes": notes})
            if not as_json:
                _print(what, problems, notes)
    if as_json:
        print_json(checked)
    if not all(item["ok"] for item in checked):
        raise typer.Exit(2)


def _print(what: str, problems: list[str], notes: list[str]) -> None:
    for problem in problems:
        sys.stderr.write(f"{problem}\n" if problem.startswith(what) else f"{what}: {problem}\n")
    if not problems:
        sys.stdout.write(f"ok  {what}\n")
    for note in notes:
        sys.stdout.write("    " + note.replace("\n", "\n    ") + "\n")


def _outcome(check: Check) -> tuple[list[str], list[str]]:
    """A check's faults and notes: its refusals count as faults, its remarks and what it lacks as notes."""
    from radbench.conformance import NotChecked

    found: list[str] = []
    try:
        found.extend(check())
    except (NotChecked, MissingDataError, MissingPackageError) as error:
        found.append(Remark(f"not checked: {_said(error)}"))
    except RadbenchError as error:
        found += _said(error).splitlines()
    except Exception as error:  # a user's component: anything can happen in it
        found.append(f"{type(error).__name__}: {error}" if may_be_told(error) else _said(error))
    return [one for one in found if not isinstance(one, Remark)], [one for one in found if isinstance(one, Remark)]


def _said(error: Exception) -> str:
    from radbench.conformance import NotChecked

    return str(error) if isinstance(error, NotChecked) else words(error)


def _checks(catalog: Catalog, name: str, places: _Places) -> Iterator[tuple[str, Check]]:
    """What a name or file on the command line asks to have checked: its label and the check."""
    path = Path(name)
    if name.startswith(_MODULE):
        yield name, partial(_module, catalog, name)
        return
    if path.suffix == ".py":
        yield from _code(catalog, path, places)
        return
    if path.suffix in _SUFFIXES or path.is_file():
        kind = kind_of(path)
        if kind is None:
            raise ContentError(f"{path}: is no card: a task has the key `ask`, a model `family`, a board `columns`.")
        yield name, partial(_card, catalog, kind, path, places)
        return
    found = [kind for kind in (*CARD_KINDS, *COMPONENT_KINDS) if catalog.has(kind, name)]
    if not found:
        known = [known for kind in (*CARD_KINDS, *COMPONENT_KINDS) for known in catalog.names(kind)]
        raise catalog.unknown("file, card or component", name, known, "radbench ls tasks|models|metrics|datasets|protocols|boards")
    for one in found:
        if one == "tasks" or one == "adapters" or one == "leaderboards":  # noqa: PLR1714  # spelt out, mypy narrows `one`
            yield f"{one}/{name}", partial(_card, catalog, one, name, places)
        else:
            yield f"{one}/{name}", partial(_named, catalog, one, name, places)


def _registered_in(names: Iterable[str]) -> Iterator[str]:
    """The names that files to be checked register; one that is broken is told of when it is checked."""
    from radbench.catalog.components import registered

    for file in (Path(name) for name in names if name.endswith(".py")):
        with suppress(ContentError):
            yield from (name for _, name in registered(file))


def _code(catalog: Catalog, path: Path, places: _Places) -> Iterator[tuple[str, Check]]:
    from radbench.catalog.components import registered

    found = registered(path)
    if not found:
        raise ContentError(f'{path}: registers nothing; put `@register("metric", "{path.stem}")` above the class.')
    for (kind, name), component in found.items():
        one: ComponentKind = next(k for k in COMPONENT_KINDS if k == kind)
        yield f"{path} ({name})", partial(_registered, catalog, path, one, name, component, places)


def _registered(catalog: Catalog, path: Path, kind: ComponentKind, name: str, component: Component, places: _Places) -> Iterator[str]:
    from radbench.catalog.components import holder

    if other := holder(kind, name):
        yield f"two {kind} are named `{name}`: that of {path}, and {other}; rename that of {path.name}"
    yield from _component(catalog, kind, name, component, places)


def _module(catalog: Catalog, name: str) -> Iterator[str]:
    """A module of the package `evaluate` with every number it gives, since no card says which are wanted."""
    from radbench import conformance
    from radbench.metrics.evaluate import numbers_of

    opened.note("open")  # the texts it is tried on are radbench's own
    keys = numbers_of(catalog.build("metrics", name, {"value": []}, where=name))
    yield Remark(f'it gives {", ".join(keys)}; in a card: {{"{name}": {{value: {keys[0]}}}}}')
    yield from conformance.check_metric(catalog.build("metrics", name, {"value": keys}), "evaluate", conformance.StandIns(catalog))


def _named(catalog: Catalog, kind: ComponentKind, name: str, places: _Places) -> list[str]:
    return _component(catalog, kind, name, catalog.component(kind, name), places)


def _component(catalog: Catalog, kind: ComponentKind, name: str, component: Component, places: _Places) -> list[str]:
    """A component made with its own defaults, held against its contract."""
    from radbench import conformance
    from radbench.catalog.options import construct, keywords

    given: dict[str, object] = {"split": "test", "root": places.roots.get(name)} if kind == "datasets" else {}
    open_ones = [key for key, p in keywords(component).items() if p.default is p.empty and key not in given]
    if open_ones:
        raise conformance.NotChecked(f"it needs options ({', '.join(open_ones)}): check a card that gives them")
    closed = kind == "datasets" and getattr(component, "access", "") not in {"open", "non-commercial"}
    opened.note("credentialed" if closed else "open")  # what checks of other parts show them is radbench's own
    made = construct(component, f"`{name}`", {}, name, given)
    match kind:
        case "metrics":
            return conformance.check_metric(made, name, conformance.StandIns(catalog))
        case "models":
            return conformance.check_model(made, name)
        case "datasets":
            return conformance.check_dataset(made)
        case _:
            raise conformance.NotChecked("protocols are checked with a task that uses them")


def _card(catalog: Catalog, kind: CardKind, name: str | Path, places: _Places) -> Iterable[str]:
    stem = name.stem if isinstance(name, Path) else name
    if not NAME.fullmatch(stem):
        return [f"`{stem}`: name a card's file in letters, digits, dashes, underscores and dots: it names folders of runs too"]
    match kind:
        case "tasks":
            return _task(catalog, name, places.roots)
        case "adapters":
            return _model(catalog, name, places.weights)
        case "leaderboards":
            return _board(catalog, name)


def _task(catalog: Catalog, name: str | Path, roots: Mapping[str, Path]) -> Iterator[str]:
    from radbench.conformance import check_task

    card = catalog.task(name)
    yield from _hash(card)
    yield from check_task(catalog, card, roots)


def _hash(card: TaskCard) -> Iterator[str]:
    """Whether the ask half is that of the version it states."""
    from radbench.catalog.cards import ask_hash

    version, found = card.ask.version, ask_hash(card)
    recorded = card.hashes.get(version)
    if recorded is None:
        yield Remark(f'to have validate notice changes of what version {version} asks, add the line  hashes: {{{version}: "{found}"}}')
    elif recorded != found:
        yield (
            f"{card.where}: the ask half is not that of version {version} (recorded `{recorded}`, found `{found}`). If runs of version "
            f'{version} exist, set `version: {version + 1}` and add {version + 1}: "{found}" to `hashes`; else write {version}: "{found}".'
        )


def _model(catalog: Catalog, name: str | Path, weights: Mapping[str, Path]) -> list[str]:
    """The family takes the card's options; an annotator, and a model without weights or endpoint, is tried."""
    from radbench.conformance import NotChecked, check_model
    from radbench.models.base import Annotator

    card = catalog.model(name)
    opened.note("open")  # what the check shows it is radbench's own
    place = weights.get(canonical(card.name))
    model = catalog.build("models", card.family, card.options({"weights": str(place)} if place else None), where=card.where)
    if (card.weights or card.endpoint) and not isinstance(model, Annotator):
        raise NotChecked("it was made, but not asked: it needs its weights or endpoint")
    return check_model(model, card.family)


def _board(catalog: Catalog, name: str | Path) -> list[str]:
    from radbench.leaderboard.published import rows_of

    card = catalog.board(name)
    asked = [task for column in card.columns if not column.published for task in column.task]
    found = [f"{card.where}: no task `{task}`; see `radbench ls tasks`" for task in dict.fromkeys(asked) if not catalog.has("tasks", task)]
    try:
        published = rows_of(card)
    except ContentError as error:
        return [*found, str(error)]
    unmatched = [column for column in card.columns if column.published and not any(row.fits(column.published) for row in published)]
    return [*found, *(f"{card.where}: column `{column.name}`: no published row fits {dict(column.published)}" for column in unmatched)]
