"""The pages as a visitor meets them: no console errors, controls in the URL, no serious fault of accessibility, nothing executed."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import app_folders
import pandas as pd
import pytest
from bench import TASK
from browsing import Visit, chromium, served, visiting

from radbench.folder import find_runs

pytestmark = pytest.mark.slow  # a server and a browser: half a minute

PAGES = {
    "overview": "?board=all",
    "task": f"task?task={TASK}&by=kind",
    "compare": f"compare?task={TASK}&value=token_f1&runs=model_a&runs=model_c",
    "metrics": "metrics",
    "efficiency": "efficiency?board=all",
    "runs": "runs",
    "export": "export?board=all",
    "about": "about",
}


@pytest.fixture(scope="module")
def address(folders: app_folders.Folders) -> Iterator[str]:
    app_folders.correlations(folders.runs / "quality")
    options = ("--runs", str(folders.runs), "--catalog", str(folders.cards), "--board", "all", "--board", "vqa")
    with served(options) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def visit(browser, address: str) -> Iterator[Visit]:
    with visiting(browser, address) as found:
        yield found


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_without_console_errors_serious_faults_or_anything_executed(visit: Visit, page: str):
    visit.go(PAGES[page])
    visit.page.wait_for_selector("h1")
    assert visit.faults() == []
    assert visit.violations() == []
    assert visit.page.evaluate("window.hacked === undefined")
    assert visit.page.get_attribute("html", "lang") == "en"
    visit.shoot(f"{page}-light")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_keeps_its_contrast_in_the_dark_and_fits_a_telephone(browser, address: str, page: str):
    with visiting(browser, address, dark=True) as dark:
        dark.go(PAGES[page])
        assert dark.violations() == []
        dark.shoot(f"{page}-dark")
    with visiting(browser, address, width=400) as small:
        small.go(PAGES[page])
        wide = small.page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollWidth")
        assert wide <= 400, "the page scrolls sideways"
        small.shoot(f"{page}-400px")


def test_a_control_changes_the_url_and_the_url_restores_the_view(visit: Visit, browser, address: str):
    visit.go("?board=all")
    visit.page.get_by_role("tab", name="recall").click()
    visit.page.get_by_text("Plain table", exact=True).click()
    visit.page.get_by_label("Find a model").fill("model_a")
    visit.page.wait_for_url("**find=model_a**")
    visit.settle()
    url = visit.page.url
    assert "heading=recall" in url
    assert "plain=true" in url
    with visiting(browser, address) as other:
        other.page.goto(url)
        other.settle()
        assert other.page.get_by_label("Find a model").input_value() == "model_a"
        table = other.page.locator(".rb table").first
        assert table.locator("tbody tr").count() == 1
        assert "token_recall" not in table.inner_text() or "model_a" in table.inner_text()
        assert other.page.get_by_role("tab", name="recall").get_attribute("aria-selected") == "true"


def test_a_link_leads_to_the_run_behind_a_number(visit: Visit):
    visit.go("?board=all&line=model_b")
    visit.page.get_by_role("link", name=f"Run of {TASK}").first.click()
    visit.page.wait_for_url("**/runs?run=**")
    visit.settle()
    assert visit.page.get_by_text("The model's card as it was used").is_visible()


def test_the_plain_table_in_the_dark_is_drawn(browser, address: str):
    with visiting(browser, address, dark=True, width=1400) as visit:
        visit.go("?board=all&plain=true")
        assert visit.violations() == []
        visit.shoot("overview-plain-dark")


def test_what_is_downloaded_holds_the_numbers_of_the_board(visit: Visit, folders: app_folders.Folders, tmp_path):
    visit.go("export?board=all")
    got = {}
    for label, name in (("CSV", "all.csv"), ("Parquet", "all.parquet"), ("BibTeX of the papers", "all.bib")):
        with visit.page.expect_download() as download:
            visit.page.get_by_role("button", name=label).click()
        assert download.value.suggested_filename == name
        got[name] = tmp_path / name
        download.value.save_as(got[name])
    with got["all.csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    run = next(folder for folder in find_runs(folders.runs / TASK) if folder.read_run().model == "model_a")
    values = {value.id: value.value for value in run.read_summary().values}
    assert {row["value_id"]: float(row["value"]) for row in rows if row["model"] == "model_a"} == {
        name: values[name] for name in ("exact_match", "token_f1", "token_recall")
    }
    kept = pd.read_parquet(got["all.parquet"])
    assert list(kept["shown"]) == [row["shown"].removeprefix("'") for row in rows]  # CSV guards against formulas
    assert "@misc{" in got["all.bib"].read_text()


def test_a_click_on_a_cell_shows_where_its_number_comes_from(visit: Visit):
    visit.go("?board=all")
    box = visit.page.locator('[data-testid="stDataFrame"] canvas').first.bounding_box()
    assert box is not None
    visit.page.mouse.click(box["x"] + 30, box["y"] + 35 * 2 + 17)  # the second line's name
    visit.page.wait_for_url("**line=model_b**")


def test_a_click_on_a_line_of_the_list_of_runs_shows_that_run(visit: Visit):
    visit.go("runs?find=model_c")
    box = visit.page.locator('[data-testid="stDataFrame"] canvas').first.bounding_box()
    assert box is not None
    visit.page.mouse.click(box["x"] + 15, box["y"] + 35 + 17)  # the left end of the first line
    visit.page.wait_for_url("**run=**")
    visit.settle()
    assert visit.page.get_by_role("heading", name=f"model_c on {TASK}").is_visible()


def test_nothing_is_fetched_from_another_host(visit: Visit, address: str):
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    for page in PAGES.values():
        visit.go(page)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_a_deep_link_is_the_first_thing_that_a_fresh_server_may_be_asked(browser, folders: app_folders.Folders):
    with served(("--runs", str(folders.runs), "--catalog", str(folders.cards))) as fresh, visiting(browser, fresh) as first:
        first.go("about")
        first.page.wait_for_selector("h1")
        assert first.page.locator('[data-testid="stSidebarNav"] a').all_inner_texts()[0] == "Overview"
        assert first.faults() == []
