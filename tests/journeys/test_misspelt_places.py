"""`--weights` and `--data-dir` for a name that nobody knows: refused by every command that takes them, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import radbench
from radbench.cli import COMMANDS, command, main
from radbench.errors import UnknownNameError

# each command's shortest call; RUN is a run folder, FILE a file that need not be looked at
CALLS: Final = {
    "run": "--model constant-yes --task demo.vqa",
    "score": "--predictions FILE --task demo.vqa",
    "stress": "--model constant-yes --task demo.vqa",
    "probe": "--metric bleu",
    "correlate": "--ratings FILE --metric bleu",
    "reproduce": "demo.vqa --paper rexrank",
    "rerun": "RUN",
    "submit score": "FILE --card FILE --task demo.vqa --private DIR --public DIR",
    "submit ids": "--task demo.vqa",
    "rate create": "FILE --runs RUN",
    "app": "",
    "doctor": "bleu",
    "validate": "bleu",
}


def taking(option: str) -> Iterator[str]:
    """The commands, and commands of commands, that take an option."""

    def below(name: str, found: Any) -> Iterator[str]:
        for inner, one in getattr(found, "commands", {}).items():
            yield from below(f"{name} {inner}", one)
        if any(option in parameter.opts for parameter in found.params):
            yield name

    for name in COMMANDS:
        yield from below(name, command(name))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the demo task."""
    return radbench.evaluate("constant-yes", "demo.vqa", out=tmp_path_factory.mktemp("runs"), limit=3, draws=0).folder.path


def said(call: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status and what stands on stderr."""
    with pytest.raises(SystemExit) as leaving:
        main(call)
    return int(str(leaving.value.code or 0)), capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "slip", "answer"),
    [
        ("--weights", "chexbertt", "no model `chexbertt`; did you mean `chexbert`"),
        ("--data-dir", "vqa_rad_", "no dataset `vqa-rad-`; did you mean `vqarad`?"),
    ],
)
def test_every_command_that_takes_places_by_name_refuses_a_name_that_nobody_knows(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, slip: str, answer: str
) -> None:
    for name in taking(option):
        call = [*name.split(), *(str(run_folder) if word == "RUN" else word for word in CALLS[name].split())]
        status, err = said([*call, option, f"{slip}={tmp_path}"], capsys)
        assert (name, status) == (name, 2)
        assert err.startswith(f"radbench: {answer}"), name
        assert err.count("\n") == 1, name


def test_the_python_door_refuses_them_alike(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no model `chexbrt`; did you mean `chexbert`"):
        radbench.evaluate("constant-yes", "demo.vqa", out=tmp_path, weights={"chexbrt": tmp_path})
    with pytest.raises(UnknownNameError, match="no dataset `vqa-radd`"):
        radbench.evaluate("constant-yes", "demo.vqa", out=tmp_path, data_dirs={"vqa_radd": tmp_path})
    with pytest.raises(UnknownNameError, match="no model `chexbrt`"):
        radbench.score(["a"], ["a"], ["bleu"], weights={"chexbrt": tmp_path})
