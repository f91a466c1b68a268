"""Times the app against its budgets: a board of 100 models, a task of 100,000 samples, in process and in a real browser.

    python benchmarks/app.py [--models 100] [--samples 100000] [--folder DIR] [--rounds 5]

The runs are made first (a minute): one run of a baseline on each of five demo tasks, and one run of `constant` on an invented task
of as many samples as wanted, all copied under other names with other values (large files as links, so that disks hold them). They are
kept and used again with --folder. Needs the extras `app` and `test`, and chromium for what is timed in a browser. The server is
`radbench app`; memory is its resident set after all visits, among them those of ten sets of four large runs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import yaml

from radbench.app.settings import VARIABLE, Settings
from radbench.catalog import Catalog
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import RunFolder, find_runs
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

TASKS = ("demo.diagnosis", "demo.vqa", "demo.text-qa", "demo.report", "demo.findings")
MANY = "many.questions"


def run(catalog: Catalog, task: str, model: str, out: Path, data: dict[str, Path]) -> RunFolder:
    """One run, scored."""
    asking = Asking(out=out, data_dirs=data)
    plans = plan_all(catalog, [catalog.model(model)], [catalog.task(task)], asking)
    (result,) = evaluate_all(plans, asking, Control(), IntervalSettings(draws=200))
    return RunFolder(result.folder.path)


def copied(run: RunFolder, name: str, rng: random.Random) -> None:
    """The run under another model's name, with rows of its own and values moved a little."""
    target = run.path.parent.parent / name / f"{run.path.name[:8]}{rng.randrange(16**8):08x}"
    shutil.copytree(run.path, target, copy_function=os.link)
    record, summary = (json.loads((target / file).read_text()) for file in ("run.json", "summary.json"))
    about = {"trained_on": {"demo": []}, "open": rng.random() < 0.5, "parameters": f"{rng.choice([1, 3, 7, 13, 70])}B"}
    card = {**record["model_card"], "name": name, "family": "openai", "about": {**record["model_card"]["about"], **about}}
    record |= {"model": name, "id": target.name, "model_card": card}
    summary |= {"model": name, "run": target.name}
    shift = rng.uniform(-0.2, 0.2)
    for value in summary["values"]:
        if value["value"] is not None:
            value["value"] = min(1.0, max(0.0, value["value"] + shift))
            value["ci"] = [max(0.0, value["value"] - 0.05), min(1.0, value["value"] + 0.05)]
    for file in (target / "scores").iterdir():
        reranked(file, 2 ** rng.uniform(-1, 1), rng.randrange(2**32))
    for file, content in (("run.json", record), ("summary.json", summary)):
        (target / file).unlink()  # the name alone: the other run keeps its file
        (target / file).write_text(json.dumps(content))


def reranked(file: Path, bias: float, seed: int) -> None:
    """Rows of a metric drawn anew from its rows, the better ones more or less often: a model that is better or worse than the first."""
    with np.load(file) as stored:
        arrays = dict(stored)
    rng = np.random.default_rng(seed)
    for name in [name for name in arrays if name.endswith("/rows")]:
        order = np.argsort(arrays[name][:, 0], kind="stable")
        arrays[name] = arrays[name][order[(len(order) * rng.random(len(order)) ** bias).astype(int)]]
    file.unlink()  # the name alone: the other run keeps its file
    np.savez(file, allow_pickle=False, **arrays)


def make_board(folder: Path, n_models: int) -> None:
    """Five tasks, each with so many models; and a board of them."""
    rng, catalog = random.Random(0), Catalog()
    for task in TASKS:
        first = run(catalog, task, "majority", folder / "runs", {})
        for i in range(n_models):
            copied(first, f"model-{i:03}", rng)
    columns = [{"task": task, "group": "values"} for task in TASKS]
    (folder / "cards").mkdir()
    (folder / "cards" / "bench.yaml").write_text(yaml.safe_dump({"title": "A board of many models", "columns": columns}))


def make_samples(folder: Path, n: int, n_models: int) -> None:
    """A task of so many questions, each with so many models."""
    data, cards = folder / "data", folder / "cards"
    data.mkdir()
    words = ["small", "left", "right", "effusion", "nodule", "none", "heart", "normal", "enlarged", "line"]
    rng = random.Random(0)
    with (data / "test.jsonl").open("w") as file:
        for i in range(n):
            row = {
                "id": f"q{i}",
                "question": f"What does study {i} show?",
                "answer": " ".join(rng.choices(words, k=6)),
                "patient": f"p{i // 2}",
            }
            file.write(json.dumps({**row, "kind": rng.choice(["plain", "odd"])}) + "\n")
    columns = {"id": "id", "question": "question", "answer": "answer", "cluster": "patient"}
    options = {"file": "{split}.jsonl", "columns": columns, "subgroups": ["kind"], "access": "open"}
    ask = {"version": 1, "dataset": "jsonl", "dataset_options": options, "split": "test", "protocol": "vqa", "options": {"form": "open"}}
    score = {"metrics": ["answer-text"], "primary": "token_f1", "cluster": "patient", "subgroups": ["kind"]}
    (cards / f"{MANY}.yaml").write_text(yaml.safe_dump({"title": "Many questions", "ask": ask, "score": score, "hashes": {1: "0" * 16}}))
    first = run(Catalog([cards]), MANY, "constant", folder / "many", {"jsonl": data})
    for i in range(n_models - 1):
        copied(first, f"model-{i:03}", rng)


def show(what: str, seconds: list[float], budget: str) -> None:
    """One line of the table."""
    print(f"{what:58} {statistics.median(seconds) * 1000:8.0f} ms  (most {max(seconds) * 1000:.0f})  budget {budget}")


def timed(call: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each round."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return found


def scripts(folder: Path, rounds: int) -> None:
    """The scripts of pages, without a browser."""
    from streamlit.testing.v1 import AppTest

    import radbench.app
    from radbench.app import loading
    from radbench.app.settings import settings

    start = Path(radbench.app.__file__).with_name("start.py")

    def page(name: str, runs: Path, **query: str) -> AppTest:
        os.environ[VARIABLE] = Settings(runs=(runs,), catalog=(folder / "cards",), boards=("bench",)).to_json()
        settings.cache_clear()
        app = AppTest.from_file(str(start), default_timeout=600)
        if name != "overview":
            app.run()
            app.switch_page(f"views/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        assert not app.error, app.error[0].value
        return app

    def ranked() -> None:
        loading.rank("bench")
        while loading.ranked("bench") is None:
            time.sleep(0.01)

    cold = timed(lambda: page("overview", folder / "runs"), 1)
    show("board, script, first run of the process", cold, "-")
    show("board, ranks and groups of all columns (behind the page)", timed(ranked, 1), "-")
    app = page("overview", folder / "runs")
    show("board, script, warm", timed(app.run, rounds), "100 ms")
    for name in ("task", "compare", "efficiency", "runs"):
        app = page(name, folder / "runs")
        show(f"{name}, script, warm", timed(app.run, rounds), "-")
    show("samples, script, first run of the process", timed(lambda: page("samples", folder / "many", task=MANY), 1), "-")
    app = page("samples", folder / "many", task=MANY)
    show("a page of 50 samples, script, warm", timed(app.run, rounds), "300 ms")


RANKED = """
import resource, sys, time
from pathlib import Path
from radbench.catalog import Catalog
from radbench.catalog.cards import BoardCard
from radbench.folder import find_runs
from radbench.leaderboard.board import build
from radbench.leaderboard.standing import infer
folder = Path(sys.argv[1])
catalog = Catalog([folder / "cards"])
card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": sys.argv[2]}]})
plain = build(card, find_runs(folder / "many"), catalog)
start = time.perf_counter()
made = infer(plain, catalog)
assert any(line.cells[0].standing for line in made.lines), made.notes
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def ranks(folder: Path) -> None:
    """Ranks and groups of the task of many samples, in a process of their own."""
    done = subprocess.run([sys.executable, "-c", RANKED, str(folder), MANY], stdout=subprocess.PIPE, text=True, check=True)
    seconds, memory = map(float, done.stdout.split())
    show("ranks and groups of the column of many samples", [seconds], "-")
    print(f"{'peak memory of that process':58} {memory:8.0f} MiB  budget 1,024 MiB")


def browser(folder: Path, rounds: int) -> None:
    """What a visitor waits for."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no chromium on the path: nothing is timed in a browser")
        return
    command = [sys.executable, "-c", "from radbench.cli import main; main()", "app", "--port", "0", "--board", "bench"]
    command += ["--runs", str(folder / "runs"), "--runs", str(folder / "many"), "--catalog", str(folder / "cards")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().rpartition(" at ")[2].strip()
        time.sleep(3)
        with sync_playwright() as playwright:
            visitor = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

            def paint(path: str, awaited: str) -> None:
                context = visitor.new_context()
                page = context.new_page()
                page.goto(f"{address}/{path}")
                page.wait_for_selector(awaited, timeout=60_000)
                context.close()

            grid = '[data-testid="stDataFrame"] canvas'
            show("board, cold: fresh server and browser to the grid", timed(lambda: paint("", grid), 1), "5,000 ms")
            time.sleep(20)  # the ranks, which are made behind the page
            show("board, fresh browser to the grid", timed(lambda: paint("", grid), rounds), "5,000 ms")
            show("board as a plain table, fresh browser", timed(lambda: paint("?plain=true", ".rb table"), rounds), "5,000 ms")
            show("samples, first visit", timed(lambda: paint(f"samples?task={MANY}", grid), 1), "-")
            names = sorted(path.name for path in (folder / "many" / MANY).iterdir() if path.name.startswith("model-"))
            sets = [names[i : i + 4] for i in range(0, min(40, len(names)), 4)]
            visits = [partial(paint, f"samples?task={MANY}&{'&'.join(f'runs={name}' for name in one)}", grid) for one in sets]
            show("samples of four runs, first visit", [second for visit in visits for second in timed(visit, 1)], "-")
            show("filter to new table", filtered(visitor, address, rounds), "500 ms")
            visitor.close()
        memory = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())
        print(
            f"{'memory of the server after all visits':58} {int(memory[1]) / 1024:8.0f} MiB  budget 1,024 MiB"
            if memory
            else "memory unknown"
        )
    finally:
        server.terminate()
        server.wait(timeout=20)


def filtered(visitor, address: str, rounds: int) -> list[float]:
    """From the last key in the search box to the table of what was found."""
    page = visitor.new_context().new_page()
    page.goto(f"{address}/")
    box = page.get_by_label("Find a model")
    box.wait_for()
    page.wait_for_timeout(3000)
    found = []
    for i in range(rounds):
        start = time.perf_counter()
        box.fill(f"model-0{i}")
        page.wait_for_function("document.body.textContent.includes('10 of 101 lines')")  # looks at each frame; `wait_for` each half second
        found.append(time.perf_counter() - start)
        box.fill("")
        page.wait_for_function("document.body.textContent.includes('101 of 101 lines')")
    return found


def main() -> None:
    """Make what is missing, time, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        if not (folder / "runs").exists():
            make_board(folder, asked.models)
            make_samples(folder, asked.samples, asked.models)
        print(f"{len(find_runs(folder / 'runs'))} runs of {asked.models} models, {asked.samples} samples; {os.cpu_count()} cores")
        ranks(folder)
        scripts(folder, asked.rounds)
        browser(folder, asked.rounds)


if __name__ == "__main__":
    main()
