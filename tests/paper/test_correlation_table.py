"""The table of correlations for a paper: it compiles, all formats show the same numbers, and it is read back as written."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from radbench.cli import main
from radbench.errors import ContentError
from radbench.paper.correlation_printing import latex, markdown, page
from radbench.paper.correlation_table import as_csv, provenance, read_correlations, select_from
from radbench.ratings.correlating import correlate
from radbench.ratings.correlations import CEILING, Correlations, CorrelationSettings, MetricScores
from radbench.ratings.report import table
from radbench.ratings.table import RatedItems, Scale

PDFLATEX = shutil.which("pdflatex")
NASTY = "Größe_1 & 50% #{x} | <b>[α] 中"


@pytest.fixture(scope="module")
def found() -> Correlations:
    """Three metrics, one of them constant and one with any name, a control, three raters, three systems."""
    rng = np.random.default_rng(0)
    items = tuple((f"study {i}", f"system {j}") for i in range(12) for j in range(3))
    quality = rng.normal(size=36) + np.tile([0.0, 0.5, 1.0], 12)
    ratings = np.clip(np.round(3 + quality[:, None] + 0.5 * rng.normal(size=(36, 3))), 1, 5)
    metrics = [
        MetricScores(NASTY, quality, signature="made|up:yes"),
        MetricScores("worse", quality + rng.normal(size=36)),
        MetricScores("errors", np.round(np.abs(quality)), lower_is_better=True),
        MetricScores("flat", np.ones(36)),
        MetricScores("length", rng.normal(size=36), is_control=True),
    ]
    rated = RatedItems(items, ("a", "b", "c"), ratings, Scale("ordinal", 1, 5))
    return correlate(rated, metrics, criterion="quality_&", settings=CorrelationSettings(draws=50))


@pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed")
@pytest.mark.parametrize(
    "options", [{}, {"caption": "Of 100% & more", "label": "tab:c"}, {"intervals": False}], ids=["plain", "captioned", "numbers"]
)
def test_the_latex_table_compiles_with_any_name_and_undefined_cells(found: Correlations, tmp_path: Path, options: dict[str, Any]) -> None:
    source = latex(found, **options)
    assert "{n/a}" in source
    assert "{--}" in source
    document = (
        f"\\documentclass{{article}}\\usepackage{{booktabs,graphicx,siunitx,textcomp}}\\begin{{document}}\n{source}\\end{{document}}\n"
    )
    (tmp_path / "t.tex").write_text(document)

    command = [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False, timeout=120)

    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if line.startswith(("!", "l.")))


def test_all_formats_show_the_numbers_that_correlate_prints(found: Correlations) -> None:
    printed = table(found)
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))

    assert {row["level"] for row in rows} == {"pooled", "within", "system"}
    for row in rows:
        value = row["shown"].partition(" ")[0]
        for written in (printed, markdown(found).replace("**", "")):
            assert row["shown"] in written
        assert value in latex(found) or value == "undefined"
        assert (row["value"] == "") == (value == "undefined")


def test_a_page_holds_the_same_numbers_escapes_every_name_and_carries_its_provenance(found: Correlations) -> None:
    made = page(found, caption="Of <b> & more")
    told = provenance(found)

    assert NASTY not in made.partition("<script type")[0]
    assert html.escape(NASTY) in made
    assert "<h1>Of &lt;b&gt; &amp; more</h1>" in made
    data = re.search(r'<script type="application/json" id="provenance">(.*?)</script>', made, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["cells"] == told["cells"]
    unrounded = [float(text) for text in re.findall(r'data-value="([^"]+)"', made)]
    assert unrounded == [cell["value"] for cell in told["cells"] if cell["value"] is not None]
    shown = [" ".join(filter(None, pair)) for pair in re.findall(r'<span>(.*?)</span><small class="ci">(.*?)</small>', made)]
    assert [text for text in shown if text != "--"] == [cell["shown"] for cell in told["cells"]]


def test_provenance_tells_settings_signatures_and_what_each_cell_stands_on(found: Correlations) -> None:
    told = provenance(found)

    assert (told["settings"]["draws"], told["settings"]["seed"], told["n"]["clusters"]) == (50, 0, 12)
    assert {cell["signature"] for cell in told["cells"] if cell["metric"] == NASTY} == {"made|up:yes"}
    assert [str(cell["value"] or "") for cell in told["cells"]] == [
        str(float(row["value"]) or "") if row["value"] else "" for row in csv.DictReader(io.StringIO(as_csv(found)))
    ]


@pytest.mark.parametrize(
    ("name", "starts", "beside"),
    [
        ("c.tex", "% needs", True),
        ("c.html", "<!doctype html>", True),
        ("c.csv", "level,metric", True),
        ("c.json", "{", False),
        ("c.txt", "quality_&", True),
    ],
)
def test_the_command_writes_each_format_with_its_provenance_beside_it(
    found: Correlations, tmp_path: Path, name: str, starts: str, beside: bool
) -> None:
    (tmp_path / "correlations.json").write_text(json.dumps({**found.as_json(), "words": "said"}))

    with pytest.raises(SystemExit) as left:
        main(
            [
                "table",
                str(tmp_path / "correlations.json"),
                "--columns",
                "spearman",
                "--models",
                "worse,errors",
                "--to",
                str(tmp_path / name),
            ]
        )

    assert left.value.code == 0
    assert (tmp_path / name).read_text().startswith(starts)
    told = json.loads((tmp_path / (f"{name}.json" if beside else name)).read_text())
    assert {cell["metric"] for cell in told["cells"]} == {"worse", "errors", CEILING}
    assert {cell["statistic"] for cell in told["cells"]} == {"spearman"}


def test_all_statistics_with_intervals_fit_a_page(found: Correlations, tmp_path: Path) -> None:
    if PDFLATEX is None:
        pytest.skip("pdflatex is not installed")
    preamble = "\\documentclass{article}\\usepackage{booktabs,graphicx,siunitx,textcomp}"
    (tmp_path / "t.tex").write_text(f"{preamble}\\begin{{document}}\n{latex(found)}\\end{{document}}\n")

    command = [str(PDFLATEX), "-interaction=nonstopmode", "-no-shell-escape", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False, timeout=120)

    assert "Overfull" not in done.stdout


def test_some_statistics_and_metrics_can_be_chosen_and_others_are_named(found: Correlations) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(select_from(found, ["spearman"], ["worse"])))))

    assert {(row["metric"], row["statistic"]) for row in rows} == {("worse", "spearman"), (CEILING, "spearman")}
    with pytest.raises(ContentError, match="no statistic `kendall`"):
        select_from(found, ["kendall"])
    with pytest.raises(ContentError, match="no metric `wors`; did you mean `worse`"):
        select_from(found, (), ["wors"])


def test_the_best_metric_is_marked_and_a_control_never(found: Correlations) -> None:
    lines = latex(found).splitlines()

    best = next(line for line in lines if "{Gr" in line)
    control = next(line for line in lines if "{length (control)}" in line)
    ceiling = next(line for line in lines if CEILING in line)
    assert "\\mathbf" in best
    assert "\\mathbf" not in control + ceiling
    assert "\\underline" not in control + ceiling


def test_the_footnote_says_how_numbers_were_made(found: Correlations) -> None:
    said = latex(found).partition("\\footnotesize")[2]

    assert "50 bootstrap draws of 12 study clusters, seed 0" in said
    assert "made\\textbar{}up:yes" in said
    assert "bold: best metric, and no control is better" in said
    assert "swaps of clusters, Holm" in said


def test_a_metric_below_a_control_is_not_marked_as_best() -> None:
    items = tuple((f"study {i}", "system") for i in range(8))
    ratings = np.arange(8.0)[:, None] + np.zeros((8, 2))
    metrics = [
        MetricScores("below", np.array([0.0, 2, 1, 4, 3, 5, 7, 6])),
        MetricScores("worst", np.array([3.0, 2, 1, 0, 7, 6, 5, 4])),
        MetricScores("length", np.arange(8.0), is_control=True),
    ]
    rated = RatedItems(items, ("a", "b"), ratings, Scale("ordinal", 0, 7))

    lines = latex(correlate(rated, metrics, criterion="quality", settings=CorrelationSettings(draws=20))).splitlines()

    below, length = (next(line for line in lines if name in line and "&" in line) for name in ("{below}", "{length (control)}"))
    assert "\\underline" in below
    assert "\\mathbf" not in below + length


def test_what_was_written_is_read_back(found: Correlations, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({**found.as_json(), "words": "said"}))

    assert as_csv(read_correlations(tmp_path / "c.json")) == as_csv(found)


@pytest.mark.parametrize("text", ["{}", "[1", '{"criterion": 3}', ""])
def test_another_file_is_refused_with_what_is_expected(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)

    with pytest.raises(ContentError, match=r"expected the correlations\.json"):
        read_correlations(tmp_path / "c.json")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"none\.json: cannot be read"):
        read_correlations(tmp_path / "none.json")
