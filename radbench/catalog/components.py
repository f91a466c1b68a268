"""Data sets, protocols, models and metrics by name: radbench's own, those of installed packages, those of `*.py` files.

radbench's own are found by a rule: `metrics/a_b.py` holds the class `AB`, and its name is `a-b`. Nothing is imported to
list them. A package joins through the entry-point groups `radbench.datasets`, `.protocols`, `.models`, `.metrics`; a
file in a catalogue folder through `register`.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, get_args

import radbench
from radbench.errors import ContentError, MissingPackageError, RadbenchError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ComponentKind: TypeAlias = Literal["datasets", "protocols", "models", "metrics"]  # the packages they lie in
Component: TypeAlias = Callable[..., Any]

COMPONENT_KINDS: Final[tuple[ComponentKind, ...]] = get_args(ComponentKind)
SINGULAR: Final[dict[str, str]] = {"datasets": "dataset", "protocols": "protocol", "models": "model", "metrics": "metric"}
_ALIASES: Final = {("metrics", "chexprompt"): "grad"}  # other names of radbench's own
_TAKES_MORE: Final = {("metrics", "evaluate"): "module"}  # named as `evaluate:WHAT`: the attribute of the class that WHAT becomes
_MARK: Final = "__radbench_names__"

ClassT = TypeVar("ClassT", bound=Component)


@dataclass(frozen=True, slots=True)
class Entry:
    """A component as a list shows it."""

    name: str
    title: str  # one line
    source: str  # "radbench", a package, or a file
    broken: str = ""  # why it cannot be used


def register(kind: Literal["dataset", "protocol", "model", "metric"], name: str) -> Callable[[ClassT], ClassT]:
    """Mark a class (or a function that returns an object) in a catalogue folder's `*.py` file as a component.

    Example:
        @register("metric", "word-count")
        class WordCount(SumMetric): ...
    """
    if kind not in SINGULAR.values():
        raise ContentError(f"register: kind `{kind}` is unknown; expected one of {', '.join(SINGULAR.values())}.")

    def mark(component: ClassT) -> ClassT:
        names = (*vars(component).get(_MARK, ()), (f"{kind}s", canonical(name)))
        setattr(component, _MARK, names)
        return component

    return mark


def canonical(name: str) -> str:
    """Names are shown with dashes; underscores are accepted. What follows a colon stays: `evaluate:./my_metric.py`."""
    name, colon, what = name.partition(":")
    return name.replace("_", "-") + colon + what


def class_name(name: str) -> str:
    """The class that the file of a component holds.

    >>> class_name("nearest-neighbour")
    'NearestNeighbour'
    """
    return "".join(part.capitalize() for part in re.split("[-_]", name))


def own_file(kind: ComponentKind, name: str) -> Path | None:
    """The file of one of radbench's own components, or None where there is none of that name."""
    name, colon, what = name.partition(":")
    if colon and ((kind, name) not in _TAKES_MORE or not what):
        return None
    path = Path(radbench.__file__).parent / kind / f"{_ALIASES.get((kind, name), name).replace('-', '_')}.py"
    return path if _holds_component(path) else None


def own(kind: ComponentKind) -> list[Entry]:
    """radbench's own components of a kind, in the order of names; nothing is imported."""
    files = sorted((Path(radbench.__file__).parent / kind).glob("[a-z]*.py"))
    return [Entry(canonical(path.stem), summary(path.read_text("utf-8")), "radbench") for path in files if _holds_component(path)]


def load_own(kind: ComponentKind, name: str) -> Component:
    """The class of one of radbench's own components.

    Raises:
        MissingPackageError: it needs an optional package that is not installed.
    """
    name, _, what = name.partition(":")
    name = _ALIASES.get((kind, name), name)
    module = f"radbench.{kind}.{name.replace('-', '_')}"
    try:
        found: Component = getattr(importlib.import_module(module), class_name(name))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "radbench"}:
            raise
        extra = extra_of(package)
        mend = f"pip install 'radbench[{extra}]'" if extra else f"pip install {package}"
        raise MissingPackageError(f"the {SINGULAR[kind]} `{name}` needs the package `{package}`: {mend}") from error
    if what:  # a class of its own that knows it
        found = type(class_name(name), (found,), {_TAKES_MORE[kind, name]: what, "__module__": module})  # type: ignore[arg-type]  # a class, by its name
    return found


def offered(kind: ComponentKind) -> dict[str, EntryPoint]:
    """What installed packages offer, by name; nothing of theirs is imported."""
    from importlib.metadata import entry_points

    return {canonical(point.name): point for point in entry_points(group=f"radbench.{kind}")}


def holder(kind: ComponentKind, name: str) -> str:
    """Whose component bears a name: radbench's own, or that of an installed package; "" where it is free."""
    if own_file(kind, name):
        return "radbench's own"
    point = offered(kind).get(name)
    return "" if point is None else f"that of {point.dist.name}" if point.dist else "that of an installed package"


def load_offered(kind: ComponentKind, point: EntryPoint) -> Component:
    """The object behind an entry point.

    Raises:
        ContentError: importing it fails, for whatever reason; the message names the package.
    """
    try:
        found: Component = point.load()
    except RadbenchError:
        raise
    except (Exception, SystemExit) as error:  # someone else's code: anything can happen in it
        package = point.dist.name if point.dist else "an installed package"
        raise ContentError(
            f"the {SINGULAR[kind]} `{point.name}` of {package} (`{point.value}`) cannot be imported: "
            f"{type(error).__name__}: {error}. Mend or uninstall {package}."
        ) from error
    return found


def registered(file: Path) -> dict[tuple[str, str], Component]:
    """What a `*.py` file of a catalogue folder registers, by (kind, name). The file is executed.

    Raises:
        ContentError: executing it fails; the message names the file and line.
    """
    name = f"radbench_catalog_{zlib.crc32(str(file.resolve()).encode()):08x}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ContentError(f"{file}: is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a user's code: anything can happen in it
        sys.modules.pop(name, None)
        raise ContentError(f"{file}:{_line_of(error, file)}: cannot be imported: {type(error).__name__}: {error}.") from error
    marked = [item for item in vars(module).values() if callable(item) and hasattr(item, "__dict__") and item.__module__ == name]
    return {key: item for item in marked for key in vars(item).get(_MARK, ())}


def summary(source: str) -> str:
    """The first line of a Python file's docstring, without importing it."""
    found = re.match(r'\s*[rR]?"""(.*?)(?:"""|$)', source, re.MULTILINE)
    return found[1].strip() if found else ""


@cache
def extra_of(package: str) -> str:
    """The extra of radbench that brings a package, by radbench's own metadata; "" where none does."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        wanted: Iterable[str] = requires("radbench") or ()
    except PackageNotFoundError:
        return ""
    for line in wanted:
        found = re.match(rf"{re.escape(package)}(?![A-Za-z0-9_-])[^;]*;.*extra == ['\"]([^'\"]+)['\"]", line, re.IGNORECASE)
        if found and found[1] not in {"test", "all"}:
            return found[1]
    return ""


def _holds_component(path: Path) -> bool:
    if path.stem in {"base", "__init__"} or not path.is_file():
        return False
    return re.search(rf"^class {class_name(path.stem)}\b", path.read_text("utf-8"), re.MULTILINE) is not None


def _line_of(error: BaseException, file: Path) -> int:
    """The last line of a file that an error passed through."""
    if isinstance(error, SyntaxError):
        return error.lineno or 1
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
