"""radbench's extras: the packages they bring, and which of them are installed."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires, version

from radbench.readiness.finding import Finding


def extras() -> dict[str, list[str]]:
    """Extras and their packages, by radbench's installed metadata; empty where it is not installed."""
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


def look_at_extra(extra: str, packages: list[str]) -> Finding:
    """The installed versions of an extra's packages, or how to get it."""
    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    note = f"pip install 'radbench[{extra}]' ({', '.join(missing)})" if missing else ", ".join(found)
    return Finding(f"extra {extra}", not missing, note)
