"""`radbench doctor`: what is ready, what is missing, and the exact mend."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from radbench.catalog import CARD_KINDS, COMPONENT_KINDS, CardKind, Catalog, ComponentKind
from radbench.catalog.components import canonical
from radbench.catalog.files import kind_of
from radbench.cli.options import CatalogOption, DataDirOption, JsonOption, data_roots, hub_cache, open_catalog, print_columns, print_json
from radbench.errors import ContentError, MissingDataError, RadbenchError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is ready or missing."""

    what: str
    ready: bool
    note: str = ""  # its version or place, or why it is missing and the mend


def doctor(
    names: Annotated[
        list[str] | None, typer.Argument(help="Tasks, models, components or extras; all without.", metavar="[NAME]...")
    ] = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is ready, what is missing, and the mend; exit 1 if something that was named is missing."""
    cards, roots = open_catalog(catalog), data_roots(data_dir)
    found = [finding for name in names or () for finding in _named(cards, name, roots)] if names else list(_all(cards, roots))
    found = list(dict.fromkeys(found))
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        print_columns([["ready" if f.ready else "MISSING", f.what, f.note.replace("\n", "\n" + " " * 9)] for f in found])
    if names and not all(finding.ready for finding in found):
        raise typer.Exit(1)


def _all(catalog: Catalog, roots: Mapping[str, Path]) -> Iterator[Finding]:
    for extra, packages in _extras().items():
        yield _extra(extra, packages)
    for name in catalog.names("tasks"):
        yield from _task_data(catalog, name, roots, look_closely=False)
    for name in catalog.names("adapters"):
        yield from _model(catalog, name, only_weights=True)
    for kind in COMPONENT_KINDS:
        yield from (Finding(f"{kind} {entry.name}", False, entry.broken) for entry in catalog.entries(kind) if entry.broken)


def _named(catalog: Catalog, name: str, roots: Mapping[str, Path]) -> Iterator[Finding]:
    """What a task, model, component or extra of that name needs, or the card in a file."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        of_card = kind_of(path)
        if of_card is None:
            raise ContentError(f"{path}: is no card: a task has the key `ask`, a model `family`, a board `columns`.")
        yield from _of_kind(catalog, of_card, path, roots)
        return
    extras = _extras()
    kinds = [kind for kind in (*CARD_KINDS, *COMPONENT_KINDS) if catalog.has(kind, name)]
    if not kinds and name not in extras:
        known = [*extras, *(known for kind in (*CARD_KINDS, *COMPONENT_KINDS) for known in catalog.names(kind))]
        raise catalog.unknown("task, model, component or extra", name, known, "radbench doctor")
    if name in extras:
        yield _extra(name, extras[name])
    for kind in kinds:
        yield from _of_kind(catalog, kind, name, roots)


def _of_kind(catalog: Catalog, kind: CardKind | ComponentKind, name: str | Path, roots: Mapping[str, Path]) -> Iterator[Finding]:
    match kind:
        case "tasks":
            task = catalog.task(name)
            yield from _task_data(catalog, name, roots, look_closely=True)
            yield _component(catalog, "protocols", task.ask.protocol)
            yield from (_component(catalog, "metrics", use.name) for use in task.score.metrics)
        case "adapters":
            yield from _model(catalog, name, only_weights=False)
        case "leaderboards":
            for task_name in dict.fromkeys(column.task for column in catalog.board(name).columns):
                yield from _task_data(catalog, task_name, roots, look_closely=False)
        case "datasets":
            yield _component(catalog, "datasets", str(name))
            for task_name in catalog.names("tasks"):
                if catalog.task(task_name).ask.dataset == canonical(str(name)):
                    yield from _task_data(catalog, task_name, roots, look_closely=True)
        case _:
            yield _component(catalog, kind, str(name))


def _component(catalog: Catalog, kind: ComponentKind, name: str) -> Finding:
    try:
        catalog.component(kind, name)
    except RadbenchError as error:
        return Finding(f"{kind} {name}", False, str(error))
    return Finding(f"{kind} {name}", True)


def _task_data(catalog: Catalog, name: str | Path, roots: Mapping[str, Path], *, look_closely: bool) -> Iterator[Finding]:
    """The data of a task, split by split; a close look asks the data set for files that are missing."""
    try:
        task = catalog.task(name)
    except ContentError as error:
        yield Finding(f"task {name}", False, str(error))
        return
    ask = task.ask
    for split in dict.fromkeys(part for part in (ask.split, ask.train, ask.validation) if part):
        options = _flow(ask.dataset_options)
        what = f"data {ask.dataset}/{split}" + (f" ({options})" if options else "")
        try:
            dataset = catalog.dataset(task, split, roots)
            missing = dataset.check() if look_closely else ()
        except RadbenchError as error:
            yield Finding(
                what, False, str(error) if look_closely or not isinstance(error, MissingDataError) else _brief(error, ask.dataset)
            )
            return
        shown = f"{len(missing)} problems: {'; '.join(missing[:3])}" if missing else f"{len(dataset)} samples"
        yield Finding(what, not missing, shown)


def _flow(options: Mapping[str, object]) -> str:
    """Options in one line, as a card would have them."""
    import yaml

    written = yaml.safe_dump(dict(options), default_flow_style=True, sort_keys=False, allow_unicode=True, width=math.inf)
    return written.strip()[1:-1]


def _brief(error: RadbenchError, dataset: str) -> str:
    return f"{str(error).splitlines()[0].partition('; expected')[0].rstrip('.')}. The layout: radbench doctor {dataset}"


def _model(catalog: Catalog, name: str | Path, *, only_weights: bool) -> Iterator[Finding]:
    """The family of a model card, and its weights on this machine."""
    try:
        card = catalog.model(name)
    except ContentError as error:
        yield Finding(f"model {name}", False, str(error))
        return
    if not only_weights:
        yield _component(catalog, "models", card.family)
    if card.weights is None:
        return
    what = f"weights {card.name}"
    if card.weights.path is not None:
        path = Path(str(card.options()["weights"]))
        yield Finding(what, path.exists(), str(path) if path.exists() else f"no file or folder {path}, which {card.where} names")
        return
    hub, revision = str(card.weights.hub), str(card.weights.revision)
    place = hub_cache() / f"models--{hub.replace('/', '--')}"
    ready = (place / "snapshots" / revision).is_dir() or (place / "refs" / revision).is_file()
    yield Finding(what, ready, str(place) if ready else f"{hub} is not in {place.parent}: hf download {hub} --revision {revision}")


def _extras() -> dict[str, list[str]]:
    """radbench's extras and the packages they bring, by its installed metadata; empty where it is not installed."""
    from importlib.metadata import PackageNotFoundError, requires

    found: dict[str, list[str]] = {}
    try:
        lines = requires("radbench") or []
    except PackageNotFoundError:
        return found
    for line in lines:
        part = re.match(r"([A-Za-z0-9._-]+)[^;]*;.*extra == ['\"]([^'\"]+)['\"]", line)
        if part and part[2] not in {"test", "all"} and part[1] != "radbench":
            found.setdefault(part[2], []).append(part[1])
    return found


def _extra(extra: str, packages: list[str]) -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    note = f"pip install 'radbench[{extra}]' ({', '.join(missing)})" if missing else ", ".join(found)
    return Finding(f"extra {extra}", not missing, note)
