"""What a run was made with: versions, hardware, commit."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import radbench


def now() -> str:
    """The time in UTC, to the second, with its zone."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def today() -> str:
    """The day in UTC, as 2026-11-22."""
    return datetime.now(UTC).date().isoformat()


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of all installed packages, as `pip freeze` lists them."""
    packages = sorted((d.name.lower(), d.version) for d in distributions() if d.name)
    return {"python": platform.python_version(), **dict(packages)}


@cache
def hardware() -> dict[str, str]:
    """The machine, without its name: system, processor, cores; GPUs where torch is loaded and sees some."""
    found = {"system": platform.platform(), "processor": platform.machine(), "cores": str(os.cpu_count())}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["gpu"] = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return found


@cache
def commit() -> str:
    """The commit of the radbench checkout this runs from, with `+` where files are changed; "" outside a checkout."""
    folder = Path(radbench.__file__).parent.parent
    if not (folder / ".git").exists():
        return ""
    try:
        head = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changed else "")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    return done.stdout.strip()
