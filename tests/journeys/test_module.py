"""`python -m radbench`: for where the script is not on the path."""

from __future__ import annotations

import subprocess
import sys


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "radbench", "ls", "tasks"], capture_output=True, text=True, check=True)
    assert "demo.vqa" in done.stdout
