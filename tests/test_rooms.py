"""Who may import whom, and what may be imported before it is asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).resolve().parent.parent / "radbench"

# every room may import these
OPEN: Final = {"certificates", "sample", "errors", "extras", "findings", "folder", "places", "records", "terms", "thoughts"}

# room -> the further rooms it may import (docs/design.md)
ROOMS: Final[dict[str, set[str]]] = {
    "sample": set(),
    "errors": set(),
    "extras": set(),
    "findings": set(),
    "folder": set(),
    "places": set(),
    "records": set(),
    "terms": set(),
    "thoughts": set(),
    "conventions": set(),
    "catalog": {"datasets", "conventions"},
    "media": set(),
    "datasets": {"media"},
    "protocols": set(),
    "models": {"media"},
    "running": {"catalog", "media", "datasets", "protocols", "models"},
    "metrics": set(),
    "statistics": set(),
    "scoring": {"catalog", "conventions", "protocols", "running", "metrics", "statistics"},
    "evaluation": {"catalog", "conventions", "models", "running", "scoring"},
    "submissions": {"catalog", "evaluation", "leaderboard", "models", "running", "scoring"},
    "ratings": {"catalog", "media", "metrics", "running", "scoring", "statistics", "evaluation"},
    "probing": {"catalog", "conventions", "datasets", "evaluation", "media", "metrics", "running", "scoring", "statistics"},
    "leaderboard": {"catalog", "metrics", "protocols", "scoring", "statistics"},
    "app": {"catalog", "leaderboard", "media", "metrics", "ratings", "scoring"},
    "reproducing": {"catalog", "conventions", "evaluation", "leaderboard", "running", "scoring"},
    "paper": {"catalog", "leaderboard", "metrics", "protocols", "ratings", "running", "scoring"},
    "certificates": set(),
    "conformance": {"catalog", "media", "datasets", "protocols", "models", "metrics", "scoring"},
    "readiness": {"catalog", "media", "metrics", "models", "running", "scoring"},
    "api": {"catalog", "media", "metrics", "models", "running", "scoring", "evaluation", "leaderboard"},
    "evaluate_module": {"api", "catalog", "metrics"},
    "rerunning": {"catalog", "running", "scoring", "evaluation"},
    "cli": {
        *("catalog", "media", "datasets", "protocols", "models", "running", "metrics", "statistics", "scoring"),
        *(
            "api",
            "conventions",
            "evaluation",
            "rerunning",
            "ratings",
            "submissions",
            "leaderboard",
            "conformance",
            "readiness",
            "probing",
            "app",
        ),
        *("paper", "reproducing"),
    },
    "__init__": {"api", "catalog", "evaluate_module", "metrics"},  # the public names
    "__main__": {"cli"},
}

HEAVY: Final = {"torch", "transformers", "pandas", "pyarrow", "sklearn", "scipy", "streamlit", "ray", "nltk", "pydicom", "nibabel", "PIL"}
LIGHT_ROOMS: Final = OPEN | {
    "__init__",
    "api",
    "cli",
    "catalog",
    "statistics",
    "evaluation",
    "readiness",
    "rerunning",
    "running",
    "scoring",
    "leaderboard",
}
CORE: Final = {"numpy", "pydantic", "pydantic_core", "yaml", "typer", "rich", "PIL", "pydicom", "nibabel", "nltk"}

FILES: Final = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path, *, everywhere: bool) -> Iterator[tuple[int, str]]:
    """Line and full name of each import of a file: all of them, or those that run when the file is imported."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = set() if everywhere else {id(inner) for node in ast.walk(tree) if _runs_later(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _runs_later(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
        isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    )


def violations(check: Callable[[str, str], bool], *, everywhere: bool = True) -> list[str]:
    """The imports that `check(room of the importing file, full name)` does not allow, with file and line."""
    return [
        f"{path.relative_to(PACKAGE)}:{line}: {name}"
        for path in FILES
        for line, name in imports(path, everywhere=everywhere)
        if not check(room_of(path), name)
    ]


def test_every_room_stands_in_the_table():
    assert {room_of(path) for path in FILES} <= set(ROOMS)


def test_a_room_imports_only_the_rooms_that_it_may():
    def may(room: str, name: str) -> bool:
        return not name.startswith("radbench.") or name.split(".")[1] in OPEN | ROOMS[room] | {room}

    assert violations(may) == []


def test_no_file_imports_an_underscored_name_of_another_room():
    def may(room: str, name: str) -> bool:
        parts = name.split(".")
        return parts[0] != "radbench" or parts[1:2] == [room] or not any(part.startswith("_") for part in parts[1:])

    assert violations(may) == []


def test_nothing_heavy_is_imported_at_the_top_of_a_light_room():
    assert violations(lambda room, name: room not in LIGHT_ROOMS or name.partition(".")[0] not in HEAVY, everywhere=False) == []


def test_outside_models_and_the_app_the_top_of_a_file_imports_core_packages_alone():
    known = {*sys.stdlib_module_names, *CORE, "radbench"}
    assert violations(lambda room, name: room in ("models", "app") or name.partition(".")[0] in known, everywhere=False) == []


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after running this code."""
    show = "import sys; print('loaded', *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"try:\n    {code}\nfinally:\n    {show}"], capture_output=True, text=True, check=True)
    return set(done.stderr.partition("loaded")[2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import radbench",
        "import radbench.cli, radbench.catalog, radbench.sample, radbench.errors",
        "from radbench.cli import main; main(['--help'])",
        "from radbench.cli import main; main(['--version'])",
    ],
)
def test_a_fresh_interpreter_gets_help_without_anything_heavy(code: str):
    assert loaded_by(code) & (HEAVY | {"numpy", "pydantic", "yaml", "typer"}) == set()


@pytest.mark.parametrize(
    "command",
    ["run", "score", "ls", "show", "doctor", "table", "app", "compare", "correlate", "ratings", "rate", "demo", "new", "validate"],
)
def test_help_of_a_command_needs_nothing_heavy(command: str):
    loaded = loaded_by(f"from radbench.cli import main; main(['{command}', '--help'])")
    assert loaded & (HEAVY | {"numpy", "pydantic"}) == set()


def test_asking_a_baseline_text_questions_and_scoring_them_loads_no_further_package(tmp_path: Path):
    arguments = ["run", "--model", "constant", "--task", "demo.text-qa", "--limit", "2", "--out", str(tmp_path)]
    loaded = loaded_by(f"from radbench.cli import main; main({arguments})")
    assert loaded & (HEAVY - {"nltk"}) == set()
