"""Finds, validates and lists cards (tasks, models, boards), and builds components by name.

Listing parses no card and imports no component; pydantic is imported when the first card is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from radbench.catalog import components, files
from radbench.catalog.components import COMPONENT_KINDS, Component, ComponentKind, Entry, canonical, register
from radbench.catalog.files import CARD_KINDS, CardKind
from radbench.errors import ContentError, RadbenchError, UnknownNameError, is_own_part
from radbench.terms import opened

if TYPE_CHECKING:
    from radbench.catalog.cards import BoardCard, ModelCard, TaskCard
    from radbench.catalog.yaml_text import Key
    from radbench.datasets.base import Dataset

    CardT = TypeVar("CardT", TaskCard, ModelCard, BoardCard)

__all__ = ["CARD_KINDS", "COMPONENT_KINDS", "CardKind", "Catalog", "Component", "ComponentKind", "Entry", "register"]

_NOUN: Final = {"tasks": "task", "adapters": "model", "leaderboards": "board", **components.SINGULAR}
_LIST: Final = {"adapters": "models", "leaderboards": "boards"}  # what `radbench ls` calls them


class Catalog:
    """The cards and components that can be named: radbench's own, then those of further folders, then of packages.

    A folder holds `tasks/`, `adapters/` and `leaderboards/`, or cards directly, and `*.py` files that `register`.

    Raises:
        ContentError: a folder does not exist.
    """

    def __init__(self, folders: Iterable[Path | str] = ()) -> None:
        added = tuple(Path(folder).expanduser() for folder in folders)
        for folder in added:
            if not folder.is_dir():
                raise ContentError(f"the catalogue folder `{folder}` does not exist or is no folder; give a folder of cards.")
        self.folders = (files.content(), *added)
        self.broken: dict[Path, str] = {}  # `*.py` files that could not be imported, and why

    def names(self, kind: CardKind | ComponentKind) -> list[str]:
        """The names of a kind, sorted. Files of further folders that register components are imported for it."""
        if kind == "tasks" or kind == "adapters" or kind == "leaderboards":  # noqa: PLR1714  # spelt out, mypy narrows `kind`
            return sorted({path.stem for path in self._cards(kind)})
        own = [entry.name for entry in components.own(kind)]
        return sorted({*own, *components.offered(kind), *(name for group, name in self._registered if group == kind)})

    def titles(self, kind: CardKind) -> dict[str, str]:
        """The title of every card of a kind, by name; no card is parsed."""
        found: dict[str, str] = {}
        for path in self._cards(kind):
            found.setdefault(path.stem, files.title(path))
        return dict(sorted(found.items()))

    def entries(self, kind: ComponentKind) -> list[Entry]:
        """The components of a kind as a list shows them; those of packages are imported, and marked if that fails."""
        found = components.own(kind)
        for name, point in components.offered(kind).items():
            package = point.dist.name if point.dist else "a package"
            if components.own_file(kind, name):
                found.append(Entry(name, "", package, f"radbench's own {_NOUN[kind]} of that name comes first"))
                continue
            try:
                found.append(Entry(name, _doc(components.load_offered(kind, point)), package))
            except RadbenchError as error:
                found.append(Entry(name, "", package, str(error)))
        for (group, name), (file, component) in self._registered.items():
            if group == kind:
                found.append(Entry(name, _doc(component), str(file)))
        found += [Entry(file.stem, "", str(file), why) for file, why in self.broken.items()]
        return sorted(found, key=lambda entry: entry.name)

    def has(self, kind: CardKind | ComponentKind, name: str) -> bool:
        """Whether there is a card or component of that name."""
        if kind == "tasks" or kind == "adapters" or kind == "leaderboards":  # noqa: PLR1714  # spelt out, mypy narrows `kind`
            return self._find(kind, name) is not None
        name = canonical(name)
        return (kind, name) in self._registered or bool(components.holder(kind, name))

    def task(self, name: str | Path) -> TaskCard:
        """A task by name, or the card in a file (`*.yaml`).

        Raises:
            UnknownNameError: there is none of that name.
            ContentError: the card is not valid, or names a data set, protocol or metric that does not exist.
        """
        from radbench.catalog.cards import TaskCard

        card = self._card("tasks", name, TaskCard)
        metrics: dict[Key, tuple[ComponentKind, str]] = {
            ("score", "metrics", i): ("metrics", use.name) for i, use in enumerate(card.score.metrics)
        }
        self._check_names(
            card, {("ask", "dataset"): ("datasets", card.ask.dataset), ("ask", "protocol"): ("protocols", card.ask.protocol), **metrics}
        )
        return card

    def model(self, name: str | Path) -> ModelCard:
        """A model by the name of its card, a card's file, or the bare name of a family.

        Raises:
            UnknownNameError: there is none of that name.
            ContentError: the card is not valid, or names a family that does not exist.
        """
        from radbench.catalog.cards import ModelCard

        family = canonical(str(name))
        if not _is_path(name) and self._find("adapters", str(name)) is None and self.has("models", family):
            return ModelCard(name=family, title=family, family=family)
        card = self._card("adapters", name, ModelCard)
        self._check_names(card, {("family",): ("models", card.family)})
        return card

    def board(self, name: str | Path) -> BoardCard:
        """A board by name, or the card in a file (`*.yaml`).

        Raises:
            UnknownNameError: there is none of that name.
            ContentError: the card is not valid.
        """
        from radbench.catalog.cards import BoardCard

        return self._card("leaderboards", name, BoardCard)

    def suite(self, name: str) -> list[str]:
        """The names of a suite's tasks, those that begin with `name.`.

        Raises:
            UnknownNameError: no task is of that suite.
        """
        tasks = self.names("tasks")
        found = [task for task in tasks if task.startswith(f"{name}.")]
        if not found:
            suites = sorted({task.partition(".")[0] for task in tasks})
            raise UnknownNameError("suite", name, suites, "radbench ls tasks")
        return found

    def component(self, kind: ComponentKind, name: str) -> Component:
        """The class (or function) that makes a data set, protocol, model or metric of that name.

        Raises:
            UnknownNameError: there is none of that name.
            MissingPackageError: it needs an optional package that is not installed.
            ContentError: it belongs to a package or a file that cannot be imported, or a file takes a name that is taken.
        """
        name = canonical(name)
        if (kind, name) in self._registered:
            return self._registered[kind, name][1]
        if components.own_file(kind, name):
            return components.load_own(kind, name)
        if point := components.offered(kind).get(name):
            return components.load_offered(kind, point)
        raise self.unknown(_NOUN[kind], name, self.names(kind), f"radbench ls {kind}")

    def weights(self, stated: Mapping[str, Path | str], asked: Iterable[str] = ()) -> dict[str, Path]:
        """Where weights lie, by the name of a model or annotator as `canonical` spells it; `asked`: models that no catalogue need hold.

        Raises:
            UnknownNameError: a name that nobody knows: other weights than those meant would answer.
        """
        return self._places("adapters", stated, asked)

    def data_dirs(self, stated: Mapping[str, Path | str], asked: Iterable[str] = ()) -> dict[str, Path]:
        """Where data sets lie, by name as `canonical` spells it; `asked` as in `weights`.

        Raises:
            UnknownNameError: a name that nobody knows.
        """
        return self._places("datasets", stated, asked)

    def unknown(self, noun: str, name: str, known: Iterable[str], listing: str) -> RadbenchError:
        """The error for a name that nothing bears; it tells of files that could not be imported, which may have held it."""
        error = UnknownNameError(noun, name, known, listing)
        if not self.broken:
            return error
        return ContentError("\n".join([str(error), "It may stand in a file of the catalogue that is broken:", *self.broken.values()]))

    def build(
        self, kind: ComponentKind, name: str, options: Mapping[str, object] | None = None, *, where: str = "options", **fixed: object
    ) -> Any:  # noqa: ANN401  # what is made depends on the kind
        """Make a component: `options` are checked against its constructor, `fixed` keywords are handed on as they are.

        `where` says in messages where the options were written: a card's file, `--model-arg`.

        Raises:
            UnknownNameError: there is none of that name.
            ContentError: an option is unknown, missing or of the wrong kind.
        """
        from radbench.catalog.options import construct

        return construct(self.component(kind, name), f"the {_NOUN[kind]} `{canonical(name)}`", options or {}, where, fixed)

    def dataset(self, task: TaskCard, split: str, data_dirs: Mapping[str, Path]) -> Dataset:
        """A split of a task's data set, below the folder that `data_dirs` names for it.

        Where none is named, a data set that lies beside its card is looked for in the card's folder.

        Raises:
            ContentError: card and data set differ on the access class, or an option does not fit.
        """
        name = canonical(task.ask.dataset)
        root, component = data_dirs.get(name), self.component("datasets", name)
        if root is None and task.file and getattr(component, "lies_beside_card", False):
            root = task.file.parent
        if not is_own_part(component):  # what it says while it is made may quote what it reads
            stated = task.ask.dataset_options.get("access", getattr(component, "access", ""))
            opened.note("open" if stated in {"open", "non-commercial"} else "credentialed")
        dataset: Dataset = self.build("datasets", name, task.ask.dataset_options, where=f"task {task.name}", split=split, root=root)
        opened.note(dataset.access)
        if task.about.access not in {None, dataset.access}:
            raise ContentError(
                f"task {task.name}: `about.access` says {task.about.access}, and its data set `{name}` {dataset.access}: mend the one that "
                "is wrong"
            )
        return dataset

    def _cards(self, kind: CardKind) -> Iterable[Path]:
        return (path for folder in self.folders for path in files.card_files(folder, kind))

    def _places(self, kind: Literal["adapters", "datasets"], stated: Mapping[str, Path | str], asked: Iterable[str]) -> dict[str, Path]:
        known = {canonical(name) for name in (*asked, *self._known(kind))}
        if wrong := next((name for name in stated if canonical(name) not in known), None):
            raise self.unknown(_NOUN[kind], canonical(wrong), known, f"radbench ls {_LIST.get(kind, kind)}")
        return {canonical(name): Path(path).expanduser() for name, path in stated.items()}

    def _known(self, kind: CardKind | ComponentKind) -> list[str]:
        """The names that are understood where one of a kind is wanted: a family is a model too."""
        return self.names(kind) + (self.names("models") if kind == "adapters" else [])

    def _find(self, kind: CardKind, name: str) -> Path | None:
        """The file of a card, its dashes written as underscores or not; copies with the same bytes in several folders are one."""
        spellings = dict.fromkeys((name, canonical(name), name.replace("-", "_")))
        found = [path for spelt in spellings for folder in self.folders if (path := files.card_file(folder, kind, spelt))]
        for other in found[1:]:
            if other.read_bytes() != found[0].read_bytes():
                raise ContentError(f"two different cards are named `{name}`: {found[0]} and {other}; rename one.")
        return found[0] if found else None

    def _card(self, kind: CardKind, name: str | Path, model: type[CardT]) -> CardT:
        from radbench.catalog.reading import read_card

        path = Path(name).expanduser() if _is_path(name) else self._find(kind, str(name))
        if path is None:
            raise self.unknown(_NOUN[kind], str(name), self._known(kind), f"radbench ls {_LIST.get(kind, kind)}")
        return read_card(path, model)

    def _check_names(self, card: TaskCard | ModelCard, named: Mapping[Key, tuple[ComponentKind, str]]) -> None:
        """Refuse a card that names components that do not exist, with the line of each."""
        wrong = {at: (kind, name) for at, (kind, name) in named.items() if not self.has(kind, name)}
        if wrong:
            from radbench.catalog.reading import lines_of

            lines = lines_of(card)
            raise ContentError(
                "\n".join(
                    f"{card.where}:{lines.get(at, 1)}: `{'.'.join(map(str, at))}`: "
                    f"{self.unknown(_NOUN[kind], name, self.names(kind), f'radbench ls {kind}')}"
                    for at, (kind, name) in wrong.items()
                )
            )

    @cached_property
    def _registered(self) -> dict[tuple[str, str], tuple[Path, Component]]:
        """What the `*.py` files of further folders register, by (kind, name); imported when first asked for."""
        found: dict[tuple[str, str], tuple[Path, Component]] = {}
        for file in (file for folder in self.folders[1:] for file in sorted(folder.glob("*.py"))):
            try:
                marked = components.registered(file)
            except ContentError as error:
                self.broken[file] = str(error)
                continue
            for (kind, name), component in marked.items():
                other = str(found[kind, name][0]) if (kind, name) in found else components.holder(kind, name)  # type: ignore[arg-type]  # `register` checked it
                if other:
                    raise ContentError(f"two {kind} are named `{name}`: that of {file}, and {other}; rename that of {file.name}.")
                found[kind, name] = (file, component)
        return found


def _is_path(name: str | Path) -> bool:
    return isinstance(name, Path) or name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name


def _doc(component: Component) -> str:
    return (component.__doc__ or "").strip().partition("\n")[0]
