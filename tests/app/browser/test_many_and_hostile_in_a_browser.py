"""What pages meet in the wild: a hundred models, hostile names, damaged folders, closed data, a run that goes on meanwhile."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import TASK, Bench, start
from browsing import chromium, served, visiting
from demo_runs import SCRIPT, asked

from radbench.folder import RunFolder, find_runs, write_json

pytestmark = pytest.mark.slow  # servers and a browser: a minute

PAGES = ("", "task", "compare", "samples", "metrics", "efficiency", "runs", "export", "about")
FIRST = "test-000-film1"
REPLIES = "Number(document.querySelector('[data-testid=\"stProgress\"]')?.innerText.match(/(\\d+)( of \\d+)? replies/)?.[1])"
TEXT = "A most secret finding"


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def renamed(folder: RunFolder, model: str) -> None:
    """Give the run's model another name, in all of its records."""
    run, summary = folder.read_run(), folder.read_summary()
    card = {**run.model_card, "name": model, "title": model, "about": {**run.model_card["about"], "licence": model}}
    write_json(folder.run, run.model_copy(update={"model": model, "model_card": card, "id": model, "message": model}))
    write_json(folder.summary, summary.model_copy(update={"model": model, "run": model}))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Script wherever others write: in a model's name, licence and message, in a report, in an image's path, in folders and records."""
    runs = tmp_path_factory.mktemp("hostile") / "runs"
    for folder in asked(runs, "demo.report", "majority", said={FIRST: f"Findings: {SCRIPT}\nImpression: none."}):
        if folder.read_run().model == "replay":
            renamed(folder, SCRIPT)
            lines = folder.samples.read_text()
            folder.samples.write_text(lines.replace(f'"path":"{FIRST}.png"', f'"path":{json.dumps(f"{SCRIPT}.png")}'))
    good = find_runs(runs / "demo.report")[0].path
    for name, text in {"<img src=x onerror=hacked()>": "[]", "list": '["x"]', "text": '"<script>"', "nothing": "", "null": "null"}.items():
        shutil.copytree(good, runs / "odd" / "model" / name)
        (runs / "odd" / "model" / name / "run.json").write_text(text)
    with served(("--runs", str(runs), "--board", "demo")) as found:
        yield found


@pytest.mark.parametrize("page", PAGES)
def test_nothing_that_others_wrote_is_executed_or_breaks_a_page(browser, hostile: str, page: str):
    with visiting(browser, hostile) as visit:
        visit.go(f"{page}?task=demo.report&board=demo")
        visit.page.wait_for_selector("h1")
        visit.page.wait_for_timeout(1500)  # what comes after the first drawing
        assert visit.page.evaluate("window.hacked === undefined")
        assert visit.page.locator("[data-testid=stMain] script, [data-testid=stMain] img[onerror]").count() == 0
        assert visit.page.locator('[data-testid="stException"]').count() == 0
        assert visit.page.get_by_text("unforeseen").count() == 0
        assert visit.faults() == []


def test_a_hostile_model_is_compared_and_its_sample_and_missing_image_are_shown_as_text(browser, hostile: str):
    with visiting(browser, hostile) as visit:
        for path in (f"samples?task=demo.report&sample={FIRST}", "compare?task=demo.report&value=chrf", "runs?run=%3Cimg"):
            visit.go(path)
            assert visit.page.evaluate("window.hacked === undefined")
            assert visit.faults() == []
        visit.go(f"samples?task=demo.report&sample={FIRST}")
        assert visit.page.get_by_text("window.hacked").count() >= 1


def test_damaged_folders_are_listed_in_words_that_are_not_pythons(browser, hostile: str):
    with visiting(browser, hostile) as visit:
        visit.go("runs")
        table = visit.page.locator(".rb table").first.inner_text()
        assert "5 folders that boards leave out, and why" in table
        assert "object has no attribute" not in table
        assert "Traceback" not in table


@pytest.mark.parametrize("shown", [False, True])
def test_closed_texts_and_images_reach_the_browser_with_the_flag_alone(browser, tmp_path: Path, shown: bool):
    for folder in asked(tmp_path / "runs", "demo.report", "majority", said={FIRST: f"Findings: {TEXT}."}):
        run = folder.read_run()
        write_json(folder.run, run.model_copy(update={"data": run.data.model_copy(update={"access": "credentialed"})}))
    flag = ("--show-closed",) if shown else ()
    with served(("--runs", str(tmp_path / "runs"), "--board", "demo", *flag)) as address, visiting(browser, address) as visit:
        sent: list[str] = []
        visit.page.on("websocket", lambda socket: socket.on("framereceived", lambda data: sent.append(str(data))))
        for page in (*PAGES, f"samples?task=demo.report&sample={FIRST}&runs=replay"):
            visit.go(f"{page}{'&' if '?' in page else '?'}task=demo.report")
        assert any(TEXT in frame for frame in sent) is shown
        assert (visit.page.locator(".rb-viewer").count() == 1) is shown
        assert visit.page.get_by_text("Texts and images of closed data are shown").count() == shown
        assert visit.faults() == []


def test_a_run_that_goes_on_is_seen_going_on_and_ending(browser, tmp_path: Path):
    bench = Bench(tmp_path / "bench", n=60)
    bench.out.mkdir(parents=True)  # served before the run has made it
    runner = start(bench.arguments(sleep_s=0.4))
    try:
        with served(("--runs", str(bench.out))) as address, visiting(browser, address) as visit:
            visit.go("runs")
            visit.page.get_by_text("Under way: 1").wait_for(timeout=30_000)
            first = int(visit.page.evaluate(REPLIES))
            visit.page.wait_for_function(f"n => {REPLIES} > n", arg=first, timeout=30_000)  # without a click
            visit.page.get_by_text("Under way: 0").wait_for(timeout=60_000)
            assert visit.faults() == []
    finally:
        runner.communicate(timeout=60)
    assert find_runs(bench.out)[0].read_run().status == "complete"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A task with a hundred models."""
    bench = Bench(tmp_path_factory.mktemp("many") / "bench")
    first = bench.run("majority").folder.path
    for i in range(99):
        shutil.copytree(first, bench.out / TASK / f"model_{i:02}" / f"{i:016x}")
        renamed(RunFolder(bench.out / TASK / f"model_{i:02}" / f"{i:016x}"), f"model_{i:02}")
    (bench.cards / "wide.yaml").write_text(f"title: A hundred\ncolumns:\n- task: {TASK}\n")
    with served(("--runs", str(bench.out), "--catalog", str(bench.cards), "--board", "wide")) as found:
        yield found


@pytest.mark.parametrize("page", PAGES)
def test_a_hundred_models_are_shown_on_every_page_without_a_fault(browser, many: str, page: str):
    with visiting(browser, many) as visit:
        visit.go(page or "?plain=true")
        visit.page.wait_for_selector("h1")
        assert visit.faults() == []
        assert visit.page.locator('[data-testid="stAlertContentError"]').count() == 0
        if not page:
            assert visit.page.locator(".rb table").first.locator("tbody tr").count() >= 100
        visit.shoot(f"hundred-{page or 'overview'}")
