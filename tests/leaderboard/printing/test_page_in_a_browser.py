"""The HTML page of a board in a real browser: sort, filter, theme, all in the address; nothing executed, no serious fault."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bench import Bench
from boards import everything
from browsing import SERIOUS, chromium

from radbench.leaderboard.printing.page import page as written

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium is on the path"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    (folder / "board.html").write_text(written(everything(Bench(folder / "bench", n=60))), "utf-8")
    return (folder / "board.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(params=["light", "dark"])
def page(browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 400, "height": 900}, color_scheme=request.param)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(address)
    yield opened
    context.close()
    assert said == []


def names(page: Page) -> list[str]:
    rows = page.locator("tbody tr:not([hidden]):not([data-heading]) th").all()
    return [row.evaluate("cell => cell.firstChild.textContent") for row in rows]


def test_a_click_on_a_heading_sorts_and_the_address_restores_it(page: Page):
    page.get_by_role("button", name="exact 100%").click()
    best_first = names(page)
    page.get_by_role("button", name="exact 100%").click()

    assert set(best_first[:2]) == {"model_a", "model_b"}
    assert names(page)[0] == "model_c"
    page.reload()
    assert names(page)[0] == "model_c"
    assert page.locator('th[aria-sort="ascending"]').count() == 1


def test_the_filter_counts_what_is_shown(page: Page):
    page.get_by_label("Find a row").fill("model_")

    assert names(page) == ["model_a", "model_b", "model_c", "model_c (images none)"]
    assert page.locator("#count").inner_text() == "4 of 6 lines"
    assert "find=model_" in page.url


def test_nothing_in_names_or_sources_is_executed_and_axe_finds_nothing_serious(page: Page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response["violations"]

    assert [one["id"] for one in found if one["impact"] in SERIOUS] == []
    assert page.locator("script").count() == 2  # the page's own


def test_the_page_does_not_scroll_sideways_on_a_telephone(page: Page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_intervals_and_theme_can_be_switched_and_stay_in_the_address(page: Page):
    page.get_by_label("intervals").uncheck()
    page.get_by_label("Theme").select_option("dark")

    assert not page.locator("td small.ci").first.is_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert "ci=off" in page.url
    assert "theme=dark" in page.url
    assert Path(page.url.partition("#")[0]).name == "board.html"
