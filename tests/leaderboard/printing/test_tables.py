"""Tables that leave the house: LaTeX that compiles, CSV, JSON and HTML with the numbers that are shown."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from bench import Bench
from boards import NASTY, everything
from hypothesis import given
from hypothesis import strategies as st

from radbench.api import evaluate
from radbench.catalog import Catalog
from radbench.cli import main
from radbench.errors import ContentError
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.printing.latex import escaped, latex
from radbench.leaderboard.printing.markdown import markdown
from radbench.leaderboard.printing.page import page
from radbench.leaderboard.printing.provenance import as_csv, provenance
from radbench.leaderboard.printing.reading import decimals, plain
from radbench.leaderboard.printing.text import text
from radbench.leaderboard.selection import select

PDFLATEX = shutil.which("pdflatex")
needs_tex = pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return everything(Bench(tmp_path_factory.mktemp("tables") / "bench", n=60))


def compiled(source: str, folder: Path) -> str:
    """Compile a table; what TeX said."""
    preamble = "\\documentclass{article}\n\\usepackage{booktabs,graphicx,siunitx,textcomp}\n"
    (folder / "table.tex").write_text(f"{preamble}\\begin{{document}}\n{source}\n\\end{{document}}\n")
    command = [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "table.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False, timeout=120)
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if line.startswith(("!", "l.")))
    return done.stdout


@needs_tex
@pytest.mark.parametrize(
    "options",
    [{}, {"intervals": False}, {"compare_to": "model_a", "caption": "Of 100% & more", "label": "tab:all"}],
    ids=["intervals", "numbers", "compared"],
)
def test_the_latex_table_compiles_with_ties_gaps_and_any_name(board: Board, tmp_path: Path, options: dict[str, object]) -> None:
    compiled(latex(board, **options), tmp_path)  # type: ignore[arg-type]


@needs_tex
@pytest.mark.parametrize("name", Catalog().names("leaderboards"))
def test_every_shipped_board_compiles(name: str, tmp_path: Path) -> None:
    catalog = Catalog()

    said = compiled(latex(build(catalog.board(name), [], catalog)), tmp_path)

    assert "Overfull" not in said.partition("minipage")[0]  # the table itself is no wider than the page


@needs_tex
def test_any_text_compiles(tmp_path: Path) -> None:
    chars = "".join(chr(code) for code in range(32, 1000)) + "中文€‰\u200b\U0001f9e0"

    compiled("\\noindent " + "\\par ".join(escaped(chars[i : i + 40]) for i in range(0, len(chars), 40)), tmp_path)


@given(st.text(max_size=60))
def test_escaped_text_is_plain_ascii_without_bare_specials(given_text: str) -> None:
    found = escaped(given_text)

    assert found.isascii()
    assert not re.search(r"(?<!\\)[&%$#_~^](?!\{)", re.sub(r"\\[`'^~\"rvc]\{\\?[A-Za-z]\}", "", found))


def test_best_is_bold_second_underlined_and_reports_are_neither(board: Board) -> None:
    rows = {line.split(" & ")[0]: line for line in latex(board).splitlines() if " & " in line}

    assert "\\mathbf" in rows["{model\\_a}"]
    assert "\\mathbf" in rows["{model\\_b}"]  # they are equal
    assert "\\dagger" in rows["{model\\_b}"]
    assert "\\underline" in rows["{model\\_c}"] + rows["{majority}"]
    reported = next(line for name, line in rows.items() if "U+4E2D" in name)
    assert "\\mathbf" not in reported
    assert "\\underline" not in reported
    assert "0.125" in reported


def test_the_star_marks_what_differs_from_the_model_named(board: Board) -> None:
    rows = {line.split(" & ")[0]: line for line in latex(board, compare_to="model_a").splitlines() if " & " in line}

    assert "^{*" in rows["{model\\_c}"]
    assert "*" not in rows["{model\\_b}"].replace("\\\\", "")


def test_all_formats_show_the_same_numbers(board: Board) -> None:
    cells = [(place, cell) for line in board.lines for place, cell in enumerate(line.cells) if cell is not None and cell.value is not None]
    assert len(cells) == 9  # of the control no case was asked

    for place, cell in cells:
        shown = plain(cell.value or 0.0, decimals(board, place))
        for written in (text(board), markdown(board), latex(board), page(board), as_csv(board)):
            assert shown in written
    values = [float(row["value"]) if row["value"] else None for row in csv.DictReader(io.StringIO(as_csv(board)))]
    assert values == [cell["value"] for cell in provenance(board)["cells"]]
    assert values == [cell.value for line in board.lines for cell in line.cells if cell is not None]


def test_the_footnote_says_how_numbers_were_made(board: Board) -> None:
    said = latex(board).partition("\\footnotesize")[2]

    for part in (
        "60 (20 patients)",
        "95\\%, percentile bootstrap of clusters, 200 draws, seed 0",
        "Holm over 3 pairs at 0.05",
        "500 draws, seed 0",
    ):
        assert part in said.replace("\\&", "&")
    assert "answer\\_text\\textbar{}" in said
    assert "3 failed" in said


def test_provenance_names_run_signature_and_source_of_each_cell(board: Board) -> None:
    cells = provenance(board)["cells"]

    ours = [cell for cell in cells if cell["kind"] == "model"]
    assert all(len(cell["runs"]) == 1 and cell["signature"] and cell["rank"] for cell in ours)
    (reported,) = [cell for cell in cells if cell["kind"] == "reported"]
    assert (reported["stated"], reported["value"], reported["rank"], reported["runs"]) == ("12.5 percent", 0.125, None, [])


def test_a_page_escapes_every_text_and_its_data_cannot_end_the_element(board: Board) -> None:
    made = page(board)

    assert "<script>alert" not in made
    assert html.escape(NASTY) in made
    data = re.search(r'<script type="application/json" id="provenance">(.*?)</script>', made, re.DOTALL)
    assert data is not None
    assert any(cell["model"] == NASTY for cell in json.loads(data[1])["cells"])
    assert "http://" not in made
    assert "https://" not in made


def test_a_selection_keeps_ranks_groups_and_marks(board: Board) -> None:
    part = select(board, ["token_f1"], ["model_c", "model_a"])

    assert [line.name for line in part.lines] == ["model_c", "model_a"]
    whole = {line.name: line.cells[1] for line in board.lines}
    assert all(line.cells[0] == whole[line.name] for line in part.lines)


@pytest.mark.parametrize(("columns", "models", "said"), [(["token_f2"], [], "column `token_f2`"), ([], ["model_d"], "model `model_d`")])
def test_a_name_the_board_lacks_is_refused_with_the_nearest(board: Board, columns: list[str], models: list[str], said: str) -> None:
    with pytest.raises(ContentError, match=said):
        select(board, columns, models)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "latex", "--compare-to", "nobody"], "has no such model"),
        (["--format", "markdown", "--compare-to", "constant-yes"], "marks cells of a LaTeX table"),
        (["--format", "latex", "--compare-to", "constant-yes"], "was tested against nobody"),
    ],
)
def test_a_comparison_that_no_mark_could_tell_of_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    evaluate("constant-yes", "demo.vqa", out=tmp_path)

    with pytest.raises(SystemExit) as left:
        main(["table", "demo", "--runs", str(tmp_path), *arguments])

    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_a_number_is_never_a_negative_zero(board: Board) -> None:
    line = board.lines[0]
    cell = line.cells[0]
    assert cell is not None
    tiny = replace(board, lines=(replace(line, cells=(replace(cell, value=-0.00001), *line.cells[1:])),))

    assert "-0.0" not in text(tiny)


def test_a_cell_that_a_spreadsheet_would_run_is_quoted(bench_free_board: Board) -> None:
    assert "\n'=1+1," in as_csv(bench_free_board)


@pytest.fixture
def bench_free_board(board: Board) -> Board:
    return replace(board, lines=(replace(board.lines[0], name="=1+1"),))
