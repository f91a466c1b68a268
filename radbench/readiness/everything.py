"""A look at all there is, or at what a name stands for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from radbench.catalog import CARD_KINDS, COMPONENT_KINDS, CardKind, Catalog, ComponentKind
from radbench.catalog.components import canonical
from radbench.catalog.files import kind_of
from radbench.errors import ContentError
from radbench.readiness.canaries import metrics_by_judge
from radbench.readiness.finding import Finding, Machine
from radbench.readiness.models import Blocked, look_at_component, look_at_keys, look_at_model
from radbench.readiness.packages import extras, look_at_extra
from radbench.readiness.tasks import look_at_data, look_at_metric, look_at_task, metrics_by_annotator


def look_at_all(catalog: Catalog, machine: Machine) -> Iterator[Finding]:
    """Extras, the data of all tasks, the weights and keys of all models, and broken components."""
    for extra, packages in extras().items():
        yield look_at_extra(extra, packages)
    for name in catalog.names("tasks"):
        yield from look_at_data(catalog, name, machine, closely=False)
    blocked = _blocked(catalog)
    for name in catalog.names("adapters"):
        yield from look_at_model(catalog, name, machine, blocked, closely=False)
    yield from look_at_keys(catalog)
    for kind in COMPONENT_KINDS:
        yield from (Finding(f"{kind} {entry.name}", False, entry.broken) for entry in catalog.entries(kind) if entry.broken)


def look_at(catalog: Catalog, name: str, machine: Machine) -> Iterator[Finding]:
    """What a task, model, board, component or extra of that name needs, or the card in a file.

    Raises:
        UnknownNameError: there is nothing of that name. ContentError: the file is no card.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        of_card = kind_of(path)
        if of_card is None:
            raise ContentError(f"{path}: is no card: a task has the key `ask`, a model `family`, a board `columns`.")
        yield from _of_kind(catalog, of_card, path, machine)
        return
    known_extras = extras()
    kinds = [kind for kind in (*CARD_KINDS, *COMPONENT_KINDS) if catalog.has(kind, name)]
    if not kinds and name not in known_extras:
        known = [*known_extras, *(known for kind in (*CARD_KINDS, *COMPONENT_KINDS) for known in catalog.names(kind))]
        raise catalog.unknown("task, model, component or extra", name, known, "radbench doctor")
    if name in known_extras:
        yield look_at_extra(name, known_extras[name])
    for kind in kinds:
        if kind != "models" or not catalog.has("adapters", name):  # a card of that name tells of its family too
            yield from _of_kind(catalog, kind, name, machine)


def _of_kind(catalog: Catalog, kind: CardKind | ComponentKind, name: str | Path, machine: Machine) -> Iterator[Finding]:
    match kind:
        case "tasks":
            yield from look_at_task(catalog, name, machine, _blocked(catalog))
        case "adapters":
            yield from look_at_model(catalog, name, machine, _blocked(catalog))
        case "leaderboards":
            tasks = (task for column in catalog.board(name).columns for task in column.task)
            for task in dict.fromkeys(task for task in tasks if catalog.has("tasks", task)):
                yield from look_at_data(catalog, task, machine, closely=False)
        case "datasets":
            yield look_at_component(catalog, "datasets", str(name))
            for task in catalog.names("tasks"):
                if catalog.task(task).ask.dataset == canonical(str(name)):
                    yield from look_at_data(catalog, task, machine, closely=True)
        case "metrics":
            yield from look_at_metric(catalog, str(name), {}, machine, _blocked(catalog))
        case _:
            yield look_at_component(catalog, kind, str(name))


def _blocked(catalog: Catalog) -> Blocked:
    """Which metrics a model that is missing blocks."""
    found = dict(metrics_by_annotator(catalog))
    for judge, metrics in metrics_by_judge(catalog).items():
        found[judge] = tuple(sorted({*found.get(judge, ()), *metrics}))
    return found
