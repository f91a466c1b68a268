"""Optional packages, asked for where they are touched."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from radbench.errors import MissingPackageError


def need(package: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional package where it is used; `purpose` names the task, model or metric that is blocked.

    Raises:
        MissingPackageError: the package is not installed. One that is installed but broken raises its own error.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise
        message = f"{purpose} needs the package `{package}`: pip install 'radbench[{extra}]'"
        raise MissingPackageError(message) from error
