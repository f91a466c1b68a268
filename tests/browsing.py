"""The app served as users start it, in a real browser without network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCREENSHOTS = os.environ.get("RADBENCH_SCREENSHOTS", "")  # a folder for pictures; unset: none are taken
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
SERIOUS = {"serious", "critical"}
# a first-party 404 that streamlit's own client causes when a sub-page is opened directly: it looks for its health there first
IGNORED = re.compile(r"_stcore/(health|host-config)")


@contextmanager
def served(arguments: Sequence[str]) -> Iterator[str]:
    """`radbench app` with options, as a process of its own; its address. Ended when the block is left."""
    command = [sys.executable, "-c", "from radbench.cli import main; main()", "app", "--port", "0", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RADBENCH_")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=kept)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        address = first.rpartition(" at ")[2].strip()
        assert address.startswith("http://127.0.0.1:"), first + (process.stderr.read() if process.stderr and process.poll() else "")
        _wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; skips where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium is on the path")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One page of the browser, with what its console complained of."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.errors: list[str] = []
        page.on("console", lambda said: self.errors.append(f"{said.text} {said.location.get('url', '')}") if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, path: str) -> None:
        """Open a path of the app and wait until it is drawn."""
        self.page.goto(f"{self.address}/{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and nothing is marked as stale."""
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=30_000)
        self.page.wait_for_function("document.querySelectorAll('[data-testid=\"stSkeleton\"]').length === 0", timeout=30_000)
        self.page.wait_for_timeout(400)  # charts and grids draw after the script has ended

    def faults(self) -> list[str]:
        """Console errors, but for streamlit's own first look at a sub-page."""
        return [error for error in self.errors if not IGNORED.search(error)]

    def violations(self) -> list[str]:
        """What axe-core finds that is serious or worse."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
        found = axe.Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}" for one in found if one["impact"] in SERIOUS
        ]

    def shoot(self, name: str) -> None:
        """A picture of the whole page, where pictures are wanted."""
        if SCREENSHOTS:
            Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
            height = self.page.evaluate("document.querySelector('[data-testid=\"stMainBlockContainer\"]')?.scrollHeight || 900")
            size = self.page.viewport_size or {"width": 1400, "height": 900}
            self.page.set_viewport_size({"width": size["width"], "height": min(int(height) + 80, 3000)})
            self.page.wait_for_timeout(300)
            self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")
            self.page.set_viewport_size(size)


@contextmanager
def visiting(browser: Browser, address: str, *, width: int = 1400, dark: bool = False) -> Iterator[Visit]:
    """A fresh visitor."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    try:
        yield Visit(context.new_page(), address)
    finally:
        context.close()


def _wait_for(url: str, timeout_s: float = 30.0) -> None:
    ends = time.monotonic() + timeout_s
    while True:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
