"""The page of samples and its viewer as a visitor meets them: zoom, slices, window, URL, hostile texts, small and dark screens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import invented_board
import numpy as np
import pytest
from bench import TASK, Bench
from browsing import SCREENSHOTS, Visit, chromium, served, visiting
from demo_runs import SCRIPT, asked
from judged_runs import judged

pytestmark = pytest.mark.slow  # a server and a browser: half a minute

REPORT = "samples?task=demo.report&sample=test-003-film2"
VOLUME = "samples?task=demo.vqa&sample=test-003-scan-presence"  # a CT, in HU
BOXES = "samples?task=demo.grounding&sample=test-000-film1"
HOSTILE = "samples?task=demo.report&sample=test-000-film1&runs=replay"
HEAT = "samples?task=demo.report&sample=test-003-film2&runs=replay"
HEAT_IN_A_VOLUME = "samples?task=demo.vqa&sample=test-003-scan-presence&runs=replay"
JUDGED = f"samples?task={TASK}&sample=q0"
LIST = "samples?task=demo.report&order=largest+gap"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("viewer") / "runs"
    asked(
        out,
        "demo.report",
        "nearest-neighbour",
        "majority",
        said={"test-000-film1": f"Findings: {SCRIPT}\nImpression: none.", "test-003-film2": "Findings: Clear lungs.\nImpression: Normal."},
        looked={"test-003-film2": np.eye(2)},  # the upper left and the lower right quarter
    )
    upper_half = np.stack([np.zeros((4, 4)), np.ones((4, 4))])  # of a volume
    asked(
        out,
        "demo.vqa",
        "nearest-neighbour",
        "majority",
        said={"test-003-scan-presence": "yes"},
        looked={"test-003-scan-presence": upper_half},
    )
    asked(out, "demo.grounding", "nearest-neighbour", "majority")
    return out


@pytest.fixture(scope="module")
def address(runs: Path) -> Iterator[str]:
    judged(bench := Bench(runs.parent / "bench"))
    with served(("--runs", str(runs), "--runs", str(bench.out), "--catalog", str(bench.cards), "--board", "demo")) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def visit(browser, address: str) -> Iterator[Visit]:
    with visiting(browser, address) as found:
        yield found


def opened(visit: Visit, path: str) -> None:
    """Open a sample and wait for its image."""
    visit.go(path)
    visit.page.wait_for_selector(".rb-viewer[data-ready]")
    visit.page.wait_for_timeout(200)
    visit.page.locator(".rb-canvas").scroll_into_view_if_needed()


def state(visit: Visit) -> dict[str, float]:
    """What the viewer says that it shows."""
    canvas = visit.page.locator(".rb-canvas")
    names = ("slice", "zoom", "centre", "width", "x", "y", "heat", "opacity")
    return {name: float(canvas.get_attribute(f"data-{name}") or "nan") for name in names}


def pixels(visit: Visit) -> list[int]:
    """The greys of the canvas, every 997th."""
    script = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 3988 === 0)"
    return visit.page.locator(".rb-canvas").evaluate(script)


def test_wheel_keys_and_slider_scroll_through_the_slices(visit: Visit):
    opened(visit, VOLUME)
    first, before = state(visit), pixels(visit)
    visit.page.locator(".rb-canvas").hover()
    visit.page.mouse.wheel(0, -100)
    assert state(visit)["slice"] == first["slice"] + 1
    visit.page.locator(".rb-canvas").focus()
    visit.page.keyboard.press("ArrowUp")
    assert state(visit)["slice"] == first["slice"] + 2
    assert pixels(visit) != before
    visit.page.locator("[data-control=slice]").fill("0")
    assert state(visit)["slice"] == 0
    visit.page.locator(".rb-canvas").focus()
    visit.page.keyboard.press("ArrowDown")
    assert state(visit)["slice"] == 0


def test_buttons_wheel_and_drag_zoom_and_move_a_film(visit: Visit):
    opened(visit, REPORT)
    before = pixels(visit)
    visit.page.get_by_role("button", name="Zoom in").click()
    assert state(visit)["zoom"] == pytest.approx(1.25)
    canvas = visit.page.locator(".rb-canvas")
    canvas.scroll_into_view_if_needed()
    canvas.hover()
    visit.page.mouse.wheel(0, -100)
    assert state(visit)["zoom"] == pytest.approx(1.375)
    box = canvas.bounding_box()
    assert box is not None
    start = state(visit)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + 50, y + 30)
    visit.page.mouse.up()
    moved = state(visit)
    assert (moved["x"] - start["x"], moved["y"] - start["y"]) == pytest.approx((50, 30))
    assert pixels(visit) != before
    visit.page.get_by_role("button", name="Reset").click()
    assert state(visit)["zoom"] == 1
    assert pixels(visit) == before


def test_presets_keys_and_drag_change_the_window_and_what_is_seen(visit: Visit):
    opened(visit, VOLUME)
    assert (state(visit)["centre"], state(visit)["width"]) == (40, 400)
    before = pixels(visit)
    visit.page.locator("[data-control=preset]").select_option("Lung")
    assert (state(visit)["centre"], state(visit)["width"]) == (-600, 1500)
    assert pixels(visit) != before
    visit.page.locator(".rb-canvas").focus()
    visit.page.keyboard.press("[")
    assert state(visit)["width"] == pytest.approx(1350)
    visit.page.locator("[data-control=drag]").select_option("window")
    canvas = visit.page.locator(".rb-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + 100, y)
    visit.page.mouse.up()
    assert state(visit)["width"] > 1350
    assert state(visit)["x"] == 0


def test_the_url_restores_sample_slice_and_window(visit: Visit, browser, address: str):
    opened(visit, VOLUME)
    visit.page.locator(".rb-canvas").focus()
    visit.page.keyboard.press("ArrowUp")
    visit.page.locator("[data-control=preset]").select_option("Bone")
    visit.page.wait_for_url("**view=**")
    wanted = state(visit)
    visit.settle()
    assert state(visit) == wanted, "telling the page changes nothing in the viewer"
    with visiting(browser, address) as other:
        opened(other, visit.page.url.removeprefix(f"{address}/"))
        assert state(other) == wanted
    visit.page.get_by_role("button", name="Next", exact=True).click()
    visit.page.wait_for_url(lambda url: "sample=test-003-scan-presence" not in url and "view=" not in url)


def test_a_click_on_a_line_opens_its_sample_and_back_leads_to_the_list(visit: Visit):
    visit.go(LIST)
    grid = visit.page.locator('[data-testid="stDataFrame"]').bounding_box()
    assert grid is not None
    visit.page.mouse.click(grid["x"] + 18, grid["y"] + 35 + 17)
    visit.page.wait_for_url("**sample=**")
    visit.settle()
    assert "order=largest+gap" in visit.page.url
    visit.page.get_by_role("button", name="Back to the list").click()
    visit.page.wait_for_url(lambda url: "sample=test" not in url)
    visit.settle()
    assert visit.page.locator('[data-testid="stDataFrame"]').count() == 1


def test_boxes_can_be_taken_away(visit: Visit):
    opened(visit, BOXES)
    with_boxes = pixels(visit)
    visit.page.get_by_role("button", name="Boxes").click()
    assert pixels(visit) != with_boxes
    assert visit.page.get_by_role("button", name="Boxes").get_attribute("aria-pressed") == "false"


def colours(visit: Visit) -> list[bool]:
    """Whether there is colour in the middle of each quarter of the image: upper left, upper right, lower left, lower right."""
    script = """c => {
        const [across, down] = [c.width, c.height], side = Math.min(across, down);
        return [[-1, -1], [1, -1], [-1, 1], [1, 1]].map(([x, y]) => {
            const [r, g, b] = c.getContext('2d').getImageData(across / 2 + x * side * 0.4, down / 2 + y * side * 0.4, 1, 1).data;
            return Math.max(r, g, b) - Math.min(r, g, b) > 8;
        });
    }"""
    return visit.page.locator(".rb-canvas").evaluate(script)


def test_a_heat_map_lies_over_the_whole_film_and_keys_slider_and_list_change_it(visit: Visit):
    opened(visit, HEAT)
    assert (state(visit)["heat"], state(visit)["opacity"]) == (1, 0.6)
    assert colours(visit) == [True, False, False, True]
    assert "heat map of replay: strongest" in (visit.page.locator(".rb-canvas").get_attribute("aria-label") or "")
    visit.page.locator(".rb-canvas").focus()
    visit.page.keyboard.press("h")
    assert colours(visit) == [False] * 4
    assert state(visit)["heat"] == 0
    visit.page.keyboard.press("k")
    assert (state(visit)["heat"], state(visit)["opacity"]) == (1, pytest.approx(0.7))
    before = pixels(visit)
    visit.page.locator("[data-control=opacity]").fill("1")
    assert state(visit)["opacity"] == 1
    assert pixels(visit) != before
    visit.page.locator("[data-control=heat]").select_option("none")
    assert colours(visit) == [False] * 4


def test_a_heat_map_of_a_volume_follows_the_slices(visit: Visit):
    opened(visit, HEAT_IN_A_VOLUME)
    slices = visit.page.locator("[data-control=slice]")
    slices.fill("0")
    assert colours(visit) == [False] * 4
    slices.fill(slices.get_attribute("max") or "")
    assert colours(visit) == [True] * 4


def test_the_url_restores_the_heat_map_and_a_link_without_one_shows_the_first(visit: Visit, browser, address: str):
    opened(visit, HEAT)
    visit.page.locator(".rb-canvas").focus()
    visit.page.keyboard.press("k")
    visit.page.keyboard.press("h")
    visit.page.wait_for_url("**view=**")
    with visiting(browser, address) as other:
        opened(other, visit.page.url.removeprefix(f"{address}/"))
        assert (state(other)["heat"], state(other)["opacity"]) == (0, pytest.approx(0.7))
        opened(other, f"{HEAT}&view=0,100,200")
        assert (state(other)["heat"], state(other)["centre"]) == (1, 100)


def test_the_plain_image_shows_the_heat_map_too_and_says_where_it_is_strongest(visit: Visit):
    visit.go(f"{HEAT}&still=true")
    image = visit.page.locator('[data-testid="stImage"] img')
    assert "heat map of replay: strongest" in (image.get_attribute("alt") or "")
    visit.go(f"{HEAT}&still=true&heat=none")
    assert "heat map" not in (image.get_attribute("alt") or "")


def test_script_in_a_reply_is_text(visit: Visit):
    opened(visit, HOSTILE)
    assert visit.page.get_by_text("window.hacked").count() >= 1
    assert visit.page.evaluate("window.hacked === undefined")
    assert visit.faults() == []


@pytest.mark.parametrize(
    ("name", "path"), [("report", REPORT), ("volume", VOLUME), ("boxes", BOXES), ("heat", HEAT), ("heat-volume", HEAT_IN_A_VOLUME)]
)
def test_a_sample_is_without_faults_in_light_dark_and_on_a_telephone(browser, address: str, name: str, path: str):
    for look, width, dark in (("light", 1400, False), ("dark", 1400, True), ("400px", 400, False)):
        with visiting(browser, address, width=width, dark=dark) as visit:
            opened(visit, path)
            assert visit.faults() == []
            assert visit.violations() == []
            assert visit.page.locator(".rb-canvas").get_attribute("aria-label")
            wide = visit.page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollWidth")
            assert wide <= width
            visit.shoot(f"sample-{name}-{look}")


def test_errors_of_a_judge_are_framed_in_the_texts_without_faults_in_light_dark_and_on_a_telephone(browser, address: str):
    for look, width, dark in (("light", 1400, False), ("dark", 1400, True), ("400px", 400, False)):
        with visiting(browser, address, width=width, dark=dark) as visit:
            visit.go(JUDGED)
            marks = visit.page.locator(".rb-text mark")
            assert "Old rib fracture" in marks.all_inner_texts()
            assert marks.first.get_attribute("title") == "green: omission finding (significant)"
            assert visit.faults() == []
            assert visit.violations() == []
            visit.shoot(f"sample-judged-{look}")


def test_the_list_is_without_faults_in_light_dark_and_on_a_telephone(browser, address: str):
    for look, width, dark in (("light", 1400, False), ("dark", 1400, True), ("400px", 400, False)):
        with visiting(browser, address, width=width, dark=dark) as visit:
            visit.go(LIST)
            assert visit.faults() == []
            assert visit.violations() == []
            visit.shoot(f"samples-{look}")


@pytest.mark.skipif(not SCREENSHOTS, reason="no folder for pictures is named: RADBENCH_SCREENSHOTS=docs/images")
def test_the_pictures_of_the_readme_are_small_enough_to_load(browser, tmp_path: Path):
    folders = invented_board.make(tmp_path)
    shown = ("--runs", str(folders.runs), "--catalog", str(folders.cards), "--board", invented_board.BOARD)
    with served(shown) as address, visiting(browser, address, width=1280) as visit:
        visit.go("")
        visit.page.get_by_text("being worked out").wait_for(state="hidden", timeout=120_000)
        _picture(visit, "board", 930)
        opened(visit, f"{REPORT}&runs=invented-a&runs=nearest-neighbour+%5Bbaseline%5D")
        _picture(visit, "sample", 1560)


def _picture(visit: Visit, name: str, height: int) -> None:
    """The top of a page."""
    visit.page.set_viewport_size({"width": 1280, "height": height})
    visit.page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollTo(0, 0)")
    visit.settle()
    file = Path(SCREENSHOTS) / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    visit.page.screenshot(path=file)
    assert file.stat().st_size < 300_000
