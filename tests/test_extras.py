"""Optional packages: asked for where they are touched, missing ones named with what they block and how to get them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from radbench.errors import MissingPackageError
from radbench.extras import need


def test_a_package_that_is_there_is_given():
    assert need("json", extra="local", purpose="this test") is json


@pytest.mark.parametrize("package", ["radbench_absent", "radbench_absent.inner"])
def test_a_missing_package_is_named_with_what_it_blocks_and_its_extra(package: str):
    with pytest.raises(MissingPackageError) as raised:
        need(package, extra="local", purpose="model llava")
    assert str(raised.value) == f"model llava needs the package `{package}`: pip install 'radbench[local]'"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("import radbench_absent_dependency", ModuleNotFoundError),
        ("from json import no_such_name", ImportError),
        ("1 / 0", ZeroDivisionError),
    ],
)
def test_a_package_that_is_there_but_broken_says_so_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, error: type[Exception]
):
    (tmp_path / "radbench_broken.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(error) as raised:
        need("radbench_broken", extra="local", purpose="this test")
    assert not isinstance(raised.value, MissingPackageError)
    sys.modules.pop("radbench_broken", None)
