"""Start-up: CPU time of the commands a person waits for, with 200 task cards in the catalogue, and the demo's time.

    python benchmarks/startup.py

The floor, in the same run, is an interpreter that does nothing; the peer is one that imports typer and pydantic.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RADBENCH = [sys.executable, "-c", "from radbench.cli import main; main()"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        catalog = with_cards(folder / "catalog", 200)
        out = ["--out", str(folder / "runs")]
        rows = [
            ("an interpreter that does nothing", [sys.executable, "-c", ""], 0),
            ("import typer, pydantic", [sys.executable, "-c", "import typer, pydantic"], 0),
            ("radbench --help", [*RADBENCH, "--help"], 0),
            ("radbench run --help", [*RADBENCH, "run", "--help"], 0),
            ("radbench ls tasks", [*RADBENCH, "ls", "tasks", *catalog], 0),
            ("a misspelt task", [*RADBENCH, "run", "--model", "constant", "--task", "demo.vqq", *catalog, *out], 2),
            ("a misspelt model", [*RADBENCH, "run", "--model", "constnat", "--task", "demo.vqa", *catalog, *out], 2),
        ]
        print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; median of {rounds}")
        print(f"{'':36} {'s CPU':>7} {'s':>7} {'times the floor':>16}")
        floor = 0.0
        for label, command, status in rows:
            found = [timed(command, status) for _ in range(rounds)]
            cpu, wall = statistics.median(c for c, _ in found), statistics.median(w for _, w in found)
            floor = floor or cpu
            print(f"{label:36} {cpu:7.3f} {wall:7.3f} {cpu / floor:16.1f}", flush=True)
        cpu, wall = timed([*RADBENCH, "demo"], 0)
        print(f"{'radbench demo, once':36} {cpu:7.3f} {wall:7.3f} {cpu / floor:16.1f}")


def with_cards(folder: Path, n: int) -> list[str]:
    """The options for a catalogue folder of `n` task cards."""
    import radbench

    card = next(path for path in Path(radbench.__file__).parent.parent.glob("**/tasks/demo.vqa.yaml")).read_text("utf-8")
    (folder / "tasks").mkdir(parents=True)
    for i in range(n):
        (folder / "tasks" / f"copies.task-{i:03}.yaml").write_text(card, "utf-8")
    return ["--catalog", str(folder)]


def timed(command: list[str], status: int) -> tuple[float, float]:
    """CPU and wall seconds of one process, which must leave with `status` and without a traceback."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read().decode() if process.stderr else ""
    _, raw, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(raw)
    if process.returncode != status or "Traceback" in said:
        sys.exit(f"{' '.join(command)} left with {process.returncode}, expected {status}:\n{said}")
    return usage.ru_utime + usage.ru_stime, wall


if __name__ == "__main__":
    main()
