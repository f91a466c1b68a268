"""The page of samples without a browser: what it lists, what it opens, what it keeps to itself."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bench import TASK, Bench
from demo_runs import SCRIPT, asked
from judged_runs import judged
from streamlit.testing.v1 import AppTest

from radbench.folder import RunFolder, write_json

Opened = Callable[..., AppTest]
FIRST = "test-000-film1"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports, one of them hostile, boxes and volumes."""
    out = tmp_path_factory.mktemp("samples-page") / "runs"
    asked(out, "demo.report", "majority", "constant-yes", said={FIRST: f"Findings: {SCRIPT}\nImpression: _none_."})
    asked(out, "demo.modality", "majority", "nearest-neighbour")
    return out


def html(app: AppTest) -> str:
    return "\n".join(str(one.proto.body) for one in app.get("html"))


def test_the_list_holds_the_samples_with_the_values_and_words_of_each_run(opened: Opened, runs: Path):
    app = opened("samples", below=runs, task="demo.report", runs=["majority [baseline]", "replay"])
    (grid,) = app.dataframe
    assert len(grid.value) == 50
    assert {"sample", "rougeL, replay", "prior", "reference", "replay"} <= set(grid.value.columns)
    assert [one.value for one in app.error] == []


def test_the_url_restores_order_and_filters(opened: Opened, runs: Path):
    app = opened("samples", below=runs, task="demo.report", order="worst", value="chrf", **{"by-shows": "normal"})
    assert app.selectbox(key="order").value == "worst"
    assert app.selectbox(key="value").value == "chrf"
    (grid,) = app.dataframe
    assert set(grid.value["shows"]) == {"normal"}
    means = list(grid.value.filter(like="chrf, ").mean(axis=1))
    assert means == sorted(means)


def test_the_plain_table_holds_the_same_lines(opened: Opened, runs: Path):
    app = opened("samples", below=runs, task="demo.report")
    app.toggle(key="plain").set_value(True).run()
    assert html(app).count('<th scope="row"') == 50
    assert not app.dataframe


def test_a_link_opens_its_sample_with_texts_values_and_provenance(opened: Opened, runs: Path):
    app = opened("samples", below=runs, task="demo.report", sample="test-001-film1", runs=["majority [baseline]"])
    assert app.subheader[0].value == "test\\-001\\-film1"
    page = html(app)
    assert "<ins>" in page or "<del>" in page
    assert "rougeL ↑" in page
    assert any("Write the radiology report" in code.value for code in app.code)
    assert app.get("bidi_component") or app.get("component")


def test_markup_in_a_report_reaches_the_page_as_text(opened: Opened, runs: Path):
    app = opened("samples", below=runs, task="demo.report", sample=FIRST, runs=["replay"])
    page = html(app)
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page


def test_next_and_back_walk_through_the_list(opened: Opened, runs: Path):
    app = opened("samples", below=runs, task="demo.report", sample=FIRST)
    app.button(key="next").click().run()
    assert app.text_input(key="sample").value == "test-001-film1"
    app.button(key="back").click().run()
    assert app.dataframe


def test_an_unknown_id_is_told_and_the_list_stays(opened: Opened, runs: Path):
    app = opened("samples", below=runs, task="demo.report", sample="nobody")
    assert "nobody" in app.warning[0].value
    assert app.dataframe


def test_the_plain_image_shows_a_slice_of_a_volume(opened: Opened, runs: Path):
    app = opened("samples", below=runs, task="demo.modality", sample="test-003-scan", still="true", slice="3")
    assert app.slider(key="slice").value == 3
    (image,) = app.get("image")
    assert image.proto.imgs[0].alt.startswith("volume")


def test_errors_that_a_judge_quotes_are_marked_in_the_texts_and_the_others_listed(opened: Opened, tmp_path: Path):
    judged(bench := Bench(tmp_path / "bench"))
    page = html(opened("samples", below=bench.out, task=TASK, sample="q0"))
    assert '<mark title="green: false positive finding (significant)">' in page
    assert '<mark title="green: omission finding (significant)">' in page  # of the reference
    listed = re.findall(r"<li>(.*?)</li>", page)
    assert listed == [
        "green: omission finding (significant)",
        "green: omission finding (significant): “a scar &lt;script&gt;”",
        "green: false positive finding (significant)",
        "green: 2 times incorrect severity (insignificant)",
    ]


def test_errors_that_are_not_known_are_told(opened: Opened, tmp_path: Path):
    judged(bench := Bench(tmp_path / "bench"))
    shutil.rmtree(bench.out / "annotations")
    app = opened("samples", below=bench.out, task=TASK, sample="q0")
    assert any("errors of green are not known" in str(one.value) for one in app.markdown)


def test_where_a_model_looked_is_told_in_words_and_a_map_that_does_not_fit_is_named(opened: Opened, tmp_path: Path):
    asked(tmp_path / "runs", "demo.report", said={FIRST: "Findings: none."}, looked={FIRST: np.eye(2)})
    app = opened("samples", below=tmp_path / "runs", task="demo.report", sample=FIRST)
    assert any("heat map of replay\\: strongest 25 \\% from the left" in str(one.value) for one in app.markdown)
    asked(tmp_path / "wrong", "demo.report", said={FIRST: "Findings: none."}, looked={FIRST: np.ones((2, 2, 2))})
    app = opened("samples", below=tmp_path / "wrong", task="demo.report", sample=FIRST)
    assert any("has 3 axes\\, and this is an image" in str(one.value) for one in app.markdown)
    assert app.get("bidi_component") or app.get("component")


def test_closed_data_are_shown_only_with_the_flag(opened: Opened, runs: Path, tmp_path: Path):
    for folder in asked(tmp_path / "closed", "demo.report", "majority"):
        run = folder.read_run()
        write_json(folder.run, run.model_copy(update={"data": run.data.model_copy(update={"access": "credentialed"})}))
    listed = opened("samples", below=tmp_path / "closed", task="demo.report")
    (grid,) = listed.dataframe
    assert "rougeL, majority [baseline]" in grid.value.columns
    assert not {"reference", "question", "majority [baseline]"} & set(grid.value.columns)
    one = opened("samples", below=tmp_path / "closed", task="demo.report", sample=FIRST)
    assert "--show-closed" in one.info[0].value
    assert "pneumothorax" not in html(one)
    assert not one.code


def test_a_path_that_climbs_out_of_its_folder_is_told_in_place_of_the_image(opened: Opened, tmp_path: Path):
    (folder,) = asked(tmp_path / "runs", "demo.modality", "majority", limit=1)
    _point_at(folder, "../../private.png")
    app = opened("samples", below=tmp_path / "runs", task="demo.modality", sample="test-000-scan")
    assert "cannot be shown" in app.warning[0].value


def test_a_damaged_line_is_told_in_place_of_the_page(opened: Opened, tmp_path: Path):
    (folder,) = asked(tmp_path / "runs", "demo.modality", "majority", limit=1)
    with folder.samples.open("ab") as file:
        file.write(b'{"a secret"\n')
    app = opened("samples", below=tmp_path / "runs", task="demo.modality")
    assert len(app.error) == 1
    assert "secret" not in app.error[0].value


def test_without_runs_the_page_says_how_one_is_made(opened: Opened, tmp_path: Path):
    app = opened("samples", below=tmp_path)
    assert any("radbench demo" in code.value for code in app.code)


def _point_at(folder: RunFolder, path: str) -> None:
    text = folder.samples.read_text()
    folder.samples.write_text(text.replace('"path":"test-000-scan.png"', f'"path":"{path}"'))
