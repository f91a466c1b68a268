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
from typing import Annotated, Any, Final, TypeAlias

import typer

from radbench.catalog import Catalog
from radbench.catalog.components import canonical
from radbench.errors import ContentError, nearest

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
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

_SETTINGS: Final = ("data_dirs", "weights", "out")


def open_catalog(folders: Iterable[Path] | None = None) -> Catalog:
    """The catalogue with the folders of `--catalog`, then those of RADBENCH_CATALOG (separated as in PATH)."""
    more = [Path(folder) for folder in os.environ.get("RADBENCH_CATALOG", "").split(os.pathsep) if folder]
    return Catalog([*(folders or ()), *more])


def data_roots(stated: Sequence[str] | None = None) -> dict[str, Path]:
    """Where data sets lie, by name: `--data-dir` wins over the config file.

    Raises:
        ContentError: an option is not `NAME=PATH`, or the config file is not valid.
    """
    configured = _config().get("data_dirs", {})
    return {canonical(str(name)): _path(path) for name, path in {**configured, **pairs(stated, "--data-dir")}.items()}


def weights_paths(stated: Sequence[str] | None = None) -> dict[str, Path]:
    """Where weights lie, by the name of a model or annotator, with dashes: `--weights` wins over the config file.

    Raises:
        ContentError: as `data_roots`.
    """
    found = {canonical(str(name)): path for name, path in _config().get("weights", {}).items()}
    found |= {canonical(name): path for name, path in pairs(stated, "--weights").items()}
    return {name: _path(path) for name, path in found.items()}


def check_weights(stated: Sequence[str] | None, catalog: Catalog, asked: Iterable[str] = ()) -> None:
    """Refuse a `--weights` for a model that nobody knows, beside those `asked`: other weights than those meant would answer.

    Raises:
        UnknownNameError: with the names that are near.
    """
    known = set(map(canonical, asked))
    for name in pairs(stated, "--weights"):
        if canonical(name) not in known:
            catalog.model(name)


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


def metric_options(stated: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """`rouge.stem=true` options by metric; what the values may be is for the metric to say."""
    found: dict[str, dict[str, str]] = {}
    for name, value in pairs(stated, "--metric-arg").items():
        metric, dot, option = name.partition(".")
        if not (metric and dot and option):
            raise ContentError(f"--metric-arg: expected METRIC.OPTION=VALUE, such as rouge.stem=true, got `{name}={value}`")
        found.setdefault(metric, {})[option] = value
    return found
