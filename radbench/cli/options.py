"""Options that several commands share, and the settings behind them: the config file and the environment, read here only.

`~/.config/radbench/config.yaml` (below XDG_CONFIG_HOME where that is set) may hold:

    data_dirs: {vqarad: /data/vqa-rad}
    weights: {chexbert: /models/chexbert}
    out: /results/radbench
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import typer

from radbench.catalog import Catalog
from radbench.catalog.components import canonical
from radbench.errors import ContentError, nearest
from radbench.sample import AnswerMode
from radbench.terms import Access, parse_agreement

CatalogOption: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--catalog", metavar="DIR", help="A further folder of cards and components; repeatable.")
]
OutOption: TypeAlias = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where runs go. [default: runs]")]
DataDirOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--data-dir", metavar="NAME=PATH", help="Where a data set lies; repeatable.")
]
WeightsOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--weights", metavar="NAME=PATH", help="Where the weights of a model or annotator lie; repeatable.")
]
DataAgreementOption: TypeAlias = Annotated[
    str | None, typer.Option("--data-agreement", help="The terms under which closed data may go out.")
]
ModelArgOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--model-arg", metavar="K=V", help="An argument of the model's family.")
]
GenOption: TypeAlias = Annotated[list[str] | None, typer.Option("--gen", metavar="K=V", help="A generation setting of the model.")]
TaskArgOption: TypeAlias = Annotated[list[str] | None, typer.Option("--task-arg", metavar="K=V", help="A part of the task's ask half.")]
AnswerOption: TypeAlias = Annotated[AnswerMode | None, typer.Option("--answer", help="How options are answered; else as the task says.")]
MetricArgOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--metric-arg", metavar="NAME.OPTION=V", help="An option of a metric: rouge.stem=true; repeatable.")
]
SignificanceOption: TypeAlias = Annotated[
    Literal["significant", "insignificant"] | None, typer.Option("--significance", help="Of errors: count these alone.")
]
ScaleOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--scale", metavar="CRITERION=SCALE", help="What values mean: quality=ordinal:1..5; repeatable.")
]
MapOption: TypeAlias = Annotated[Path | None, typer.Option("--map", metavar="FILE.yaml", help="Which column plays which part.")]
AccessOption: TypeAlias = Annotated[Access | None, typer.Option("--access", help="The access class of the texts. [default: the format's]")]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

_SETTINGS: Final = ("data_dirs", "weights", "out")


def open_catalog(folders: Iterable[Path] | None = None) -> Catalog:
    """The catalogue with the folders of `--catalog`, then those of RADBENCH_CATALOG (separated as in PATH)."""
    more = [Path(folder) for folder in os.environ.get("RADBENCH_CATALOG", "").split(os.pathsep) if folder]
    return Catalog([*(folders or ()), *more])


def data_roots(catalog: Catalog, stated: Sequence[str] | None, asked: Iterable[str] = ()) -> dict[str, Path]:
    """Where data sets lie, by name: `--data-dir` wins over the config file, which may name what this catalogue does not hold.

    `asked`: names that may be stated though no catalogue holds them.

    Raises:
        UnknownNameError: an option is for a data set that nobody knows.
        ContentError: an option is not `NAME=PATH`, or the config file is not valid.
    """
    return {**_configured("data_dirs"), **catalog.data_dirs(pairs(stated, "--data-dir"), asked)}


def weights_paths(catalog: Catalog, stated: Sequence[str] | None, asked: Iterable[str] = ()) -> dict[str, Path]:
    """Where weights lie, by the name of a model or annotator, with dashes; else as `data_roots`."""
    return {**_configured("weights"), **catalog.weights(pairs(stated, "--weights"), asked)}


def stems(names: Iterable[str]) -> list[str]:
    """What the cards among some names and files are called, for `asked` of `weights_paths`."""
    return [Path(name).stem for name in names if name.endswith((".yaml", ".yml"))]


def out_folder(stated: Path | None = None) -> Path:
    """Where runs go: `--out`, else the config file's `out`, else `runs`."""
    return stated or _path(_config().get("out", "runs"))


def hub_cache() -> Path:
    """Where the Hugging Face hub keeps downloaded weights, as HF_HUB_CACHE and HF_HOME say."""
    home = Path(os.environ.get("HF_HOME") or _path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub")


def pairs(stated: Sequence[str] | None, option: str) -> dict[str, str]:
    """`NAME=VALUE` options as a mapping; dashes in names are read as underscores.

    Raises:
        ContentError: an option has no `=` or no name, or a name stands twice.
    """
    found: dict[str, str] = {}
    for text in stated or ():
        name, sign, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not sign or not name:
            raise ContentError(f"{option}: expected NAME=VALUE, got `{text}`.")
        if name in found:
            raise ContentError(f"{option}: `{name}` is given twice.")
        found[name] = value
    return found


def _configured(key: Literal["data_dirs", "weights"]) -> dict[str, Path]:
    return {canonical(str(name)): _path(path) for name, path in _config().get(key, {}).items()}


def _config() -> Mapping[str, Any]:
    folder = os.environ.get("XDG_CONFIG_HOME")
    path = (Path(folder) if folder else Path.home() / ".config") / "radbench" / "config.yaml"
    if not path.is_file():
        return {}
    from radbench.catalog.yaml_text import read_yaml

    settings, lines = read_yaml(path.read_text("utf-8"), str(path))
    if not isinstance(settings, dict):
        raise ContentError(f"{path}:1: expected a mapping with {' and '.join(_SETTINGS)}.")
    for key in settings:
        if key not in _SETTINGS:
            raise ContentError(f"{path}:{lines[key,]}: key `{key}` is unknown{nearest(str(key), _SETTINGS)}")
    for key in ("data_dirs", "weights"):
        if not isinstance(settings.get(key, {}), dict):
            raise ContentError(f"{path}:{lines[key,]}: `{key}`: expected a mapping from names to paths.")
    return settings


def _path(text: object) -> Path:
    return Path(str(text)).expanduser()


def refuse_idle(why: str, **stated: object) -> None:
    """Refuse flags that would do nothing where they stand.

    Raises:
        ContentError: one of them was given.
    """
    if idle := [f"--{name.replace('_', '-')}" for name, value in stated.items() if value]:
        raise ContentError(f"{' and '.join(idle)}: {why}")


def agreement_of(stated: str | None) -> dict[str, str] | None:
    """What `--data-agreement` states; None: nothing."""
    return parse_agreement(stated) if stated else None


def model_options(stated: Sequence[str] | None, gen: Sequence[str] | None) -> dict[str, object]:
    """What `--model-arg` and `--gen` change of a model's card."""
    from radbench.catalog.yaml_text import read_yaml

    generation = {key: read_yaml(value, "--gen")[0] for key, value in pairs(gen, "--gen").items()}
    return {**pairs(stated, "--model-arg"), **({"generation": generation} if generation else {})}


def task_changes(stated: Sequence[str] | None, **flags: object) -> dict[str, object]:
    """What `--task-arg` and the flags that have one change of a task's ask half."""
    return {**pairs(stated, "--task-arg"), **{name: value for name, value in flags.items() if value is not None}}


def metric_options(stated: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """`rouge.stem=true` options by metric; what the values may be is for the metric to say."""
    found: dict[str, dict[str, str]] = {}
    for name, value in pairs(stated, "--metric-arg").items():
        metric, dot, option = name.partition(".")
        if not (metric and dot and option):
            raise ContentError(f"--metric-arg: expected METRIC.OPTION=VALUE, such as rouge.stem=true, got `{name}={value}`")
        found.setdefault(metric, {})[option] = value
    return found
