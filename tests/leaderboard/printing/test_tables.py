"""Tables that leave the house: LaTeX that compiles, CSV, JSON and HTML with the numbers that are shown."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from bench import TASK, Bench
from boards import NASTY, everything
from hypothesis import given
from hypothesis import strategies as st

from radbench.api import evaluate
from radbench.catalog import Catalog
from radbench.catalog.cards import Column
from radbench.cli import main
from radbench.errors import ContentError
from radbench.folder import find_runs
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.cells import Outlay
from radbench.leaderboard.costs import COSTS
from radbench.leaderboard.lint import lint
from radbench.leaderboard.printing.latex import latex
from radbench.leaderboard.printing.markdown import markdown
from radbench.leaderboard.printing.page import page
from radbench.leaderboard.printing.provenance import as_csv, provenance
from radbench.leaderboard.printing.reading import decimals
from radbench.leaderboard.printing.tex import escaped, row_name
from radbench.leaderboard.printing.text import text
from radbench.leaderboard.selection import select

PDFLATEX = shutil.which("pdflatex")
needs_tex = pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("tables") / "bench", n=60)


@pytest.fixture(scope="module")
def board(bench: Bench) -> Board:
    return everything(bench)


@pytest.fixture(scope="module")
def costly(board: Board, bench: Bench) -> Board:
    """The same with what each line cost."""
    costs = [Column(task=(TASK,), cost=name, group="costs_#") for name in COSTS]
    card = board.card.model_copy(update={"columns": (*board.columns, *costs)})
    return build(card, find_runs(bench.out), bench.catalog())


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
def test_the_latex_table_of_costs_compiles_with_prices_and_unknown_ones(costly: Board, tmp_path: Path) -> None:
    line = next(line for line in costly.lines if line.name == "model_a")
    priced = replace(line.cells[-2], value=1.5, outlay=Outlay(1.5, 60, "EUR & <$>"))  # type: ignore[type-var]  # it has costs
    lines = (replace(line, cells=(*line.cells[:-2], priced, line.cells[-1])), *(other for other in costly.lines if other is not line))
    source = latex(replace(costly, lines=lines))

    compiled(source, tmp_path)

    assert "{1.50 EUR \\& \\textless{}\\$\\textgreater{}}" in source
    assert "{n/r}" in source


@needs_tex
@pytest.mark.parametrize("name", Catalog().names("leaderboards"))
def test_every_shipped_board_compiles(name: str, tmp_path: Path) -> None:
    catalog = Catalog()

    said = compiled(latex(build(catalog.board(name), [], catalog)), tmp_path)

    assert "Overfull" not in said.partition("minipage")[0]  # the table itself is no wider than the page


def grown(board: Board, n_lines: int, n_columns: int, called: str = "model-{}") -> Board:
    """The board with its first column and the cells of `model_a`, as often as is asked for, under headings of four columns."""
    column, line = board.columns[0], next(line for line in board.lines if line.name == "model_a")
    columns = tuple(column.model_copy(update={"title": f"value {i}", "group": f"data {i // 4}"}) for i in range(n_columns))
    lines = tuple(replace(line, name=called.format(i), cells=line.cells[:1] * n_columns) for i in range(n_lines))
    return replace(board, card=board.card.model_copy(update={"columns": columns}), lines=lines)


@needs_tex
@pytest.mark.parametrize(
    ("n_lines", "n_columns", "called"), [(40, 12, "model-{}"), (90, 2, "model-{}"), (14, 5, "a-very-long-name-" * 4 + "{}")]
)
def test_a_board_wider_and_longer_than_a_page_goes_on_under_the_same_number_and_loses_nothing(
    board: Board, tmp_path: Path, n_lines: int, n_columns: int, called: str
) -> None:
    made = grown(board, n_lines, n_columns, called)
    source = latex(made, label="tab:x")

    said = compiled(f"See \\ref{{tab:x}}. {source}", tmp_path)

    assert "Float too large" not in said
    assert "Overfull" not in said
    n_floats = source.count("\\begin{table")
    assert n_floats > 1
    assert source.count("\\addtocounter{table}{-1}") == source.count("(continued)") == n_floats - 1
    assert source.count("\\label{tab:x}") == 1
    cells = [cell for row in source.splitlines() if row.startswith(("{model-", "\\begin{tabular}[t]")) for cell in row.split(" & ")[1:]]
    assert len(cells) == n_lines * n_columns
    assert [f"value {i} " in source for i in range(n_columns)] == [True] * n_columns


def test_columns_under_one_heading_stay_together_where_they_fit(board: Board) -> None:
    heads = [line for line in latex(grown(board, 3, 12)).splitlines() if "multicolumn{4}{c}" in line]

    assert [re.findall(r"data \d", line) for line in heads] == [["data 0"], ["data 1"], ["data 2"]]


@needs_tex
def test_any_text_compiles(tmp_path: Path) -> None:
    chars = "".join(chr(code) for code in range(32, 1000)) + "中文€‰\u200b\U0001f9e0"

    compiled("\\noindent " + "\\par ".join(escaped(chars[i : i + 40]) for i in range(0, len(chars), 40)), tmp_path)


@given(st.text(max_size=60))
def test_escaped_text_is_plain_ascii_without_bare_specials(given_text: str) -> None:
    found = escaped(given_text)

    assert found.isascii()
    assert not re.search(r"(?<!\\)[&%$#_~^](?!\{)", re.sub(r"\\[`'^~\"rvc]\{\\?[A-Za-z]\}", "", found))


def test_best_is_bold_and_baselines_and_reports_never_are(board: Board) -> None:
    rows = {line.split(" & ")[0]: line for line in latex(board).splitlines() if " & " in line}

    assert "\\mathbf" in rows["{model\\_a}"]
    assert "\\mathbf" in rows["{model\\_b}"]  # they are equal
    assert "\\dagger" in rows["{model\\_b}"]
    assert "\\mathbf" not in rows["{majority}"]
    assert "\\underline" not in rows["{majority}"]
    reported = next(line for name, line in rows.items() if "U+4E2D" in name)
    assert "\\mathbf" not in reported
    assert "\\underline" not in reported
    assert "0.12" in reported


def test_the_second_best_is_underlined(board: Board) -> None:
    line = next(line for line in board.lines if line.name == "model_c")
    second = replace(line, cells=tuple(replace(cell, order=2) if cell else None for cell in line.cells))

    assert "\\underline{0.05}" in latex(replace(board, lines=(second,)))


def test_the_star_marks_what_differs_from_the_model_named(board: Board) -> None:
    rows = {line.split(" & ")[0]: line for line in latex(board, compare_to="model_a").splitlines() if " & " in line}

    assert "^{*" in rows["{model\\_c}"]
    assert "*" not in rows["{model\\_b}"].replace("\\\\", "")


@pytest.mark.parametrize("fmt", ["text", "markdown", "latex", "html", "csv"])
def test_numbers_read_back_from_any_format_are_those_of_the_board(costly: Board, fmt: str) -> None:
    read = {"text": _from_text, "markdown": _from_markdown, "latex": _from_latex, "html": _from_html, "csv": _from_csv}[fmt](costly)
    places = [decimals(costly, place) for place in range(len(costly.columns))]
    values = [(line.name, place, cell) for line in costly.lines for place, cell in enumerate(line.cells) if cell and cell.value is not None]

    assert set(read) == {(name, place) for name, place, _ in values}
    assert (
        len(values) == 9 + 1 + 1
    )  # of the control no case was asked; the baseline alone records seconds and memory, the others read files
    for name, place, cell in values:
        value, *bounds = read[name, place]
        assert cell.value is not None
        half = 0.5 * 10 ** -places[place] if cell.outlay is None else 0.005 * cell.value  # three significant digits
        assert value == pytest.approx(cell.value, abs=half * 1.001, rel=0)
        assert bounds == pytest.approx(cell.ci or [], abs=half * 1.001, rel=0)


Numbers = dict[tuple[str, int], list[float]]  # by line and column: a value, and the ends of its interval


def _numbers(rows: Iterable[tuple[str, Iterable[str]]]) -> Numbers:
    """The numbers in the cells of rows; cells without one left out."""
    found = {
        (name, place): list(map(float, re.findall(r"-?\d+(?:\.\d+)?", cell))) for name, cells in rows for place, cell in enumerate(cells)
    }
    return {key: numbers for key, numbers in found.items() if numbers}


def _from_text(board: Board) -> Numbers:
    """Of each block the columns stand where the line of dashes says, on a terminal, where a wide character takes two places."""
    found: Numbers = {}
    start = 0
    for block in text(board, 1000).split("\n\n")[1:-1]:
        lines = [re.sub("[\u4e00-\u9fff]", "\\g<0>\0", line) for line in block.splitlines()]
        if len(lines) < 2:  # nothing under this heading
            start += 1
            continue
        (ruler,) = (at for at, line in enumerate(lines) if set(line) == {"-", " "})
        spans = [match.span() for match in re.finditer("-+", lines[ruler])]
        rows = [[line[low:high] for low, high in spans] for line in lines[ruler + 1 :]]
        read = _numbers((name.replace("\0", "").strip(), cells) for name, *cells in rows)
        found |= {(name, start + place): numbers for (name, place), numbers in read.items()}
        start += len(spans) - 1
    return found


def _from_markdown(board: Board) -> Numbers:
    rows = [re.split(r" \| |\| | \|$", line)[1:-1] for line in markdown(board).splitlines() if line.startswith("| ")][2:]
    names = [line.name for line in board.lines]
    return _numbers((name, cells) for name, (_, *cells) in zip(names, rows, strict=True))


def _from_latex(board: Board) -> Numbers:
    """Blocks of columns stand one below the other."""
    names = {row_name(line.name): line.name for line in board.lines}
    found: Numbers = {}
    start = width = 0
    for line in latex(board).splitlines():
        first, *cells = line.removesuffix(r" \\").split(" & ")
        if first == "{Model}":
            start, width = start + width, len(cells)
        if first in names:
            plain = [re.sub(r"\^\{.*?\}(?=[_$])", "", cell) for cell in cells]
            found |= {(names[first], start + place): read for (_, place), read in _numbers([("", plain)]).items()}
    assert start + width == len(board.columns)
    return found


def _from_html(board: Board) -> Numbers:
    body = page(board).partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r'<tr><th scope="row">(.*?)(?:<small>\w+</small>)?</th>(.*?)</tr>', body)
    cells = r'<td[^>]*?data-value="([^"]*)"[^>]*>(?:<span>(.*?)</span><small class="ci">(.*?)</small>.*?|--)</td>'
    for name, row in rows:
        for line in (line for line in board.lines if line.name == html.unescape(name)):
            unrounded = [float(value) if value else None for value, _, _ in re.findall(cells, row)]
            assert unrounded == [None if cell is None else cell.value for cell in line.cells]
    return _numbers((html.unescape(name), [f"{shown} {ci}" for _, shown, ci in re.findall(cells, row)]) for name, row in rows)


def _from_csv(board: Board) -> Numbers:
    rows = list(csv.DictReader(io.StringIO(as_csv(board))))
    cells = [(line.name, place, cell) for line in board.lines for place, cell in enumerate(line.cells) if cell is not None]
    assert [row["model"] for row in rows] == [name for name, _, _ in cells]
    assert [float(row["value"]) if row["value"] else None for row in rows] == [cell.value for _, _, cell in cells]
    assert [cell["value"] for cell in provenance(board)["cells"]] == [cell.value for _, _, cell in cells]
    found = {(name, place): row["shown"] for row, (name, place, _) in zip(rows, cells, strict=True)}
    return {key: numbers for key, shown in found.items() if (numbers := list(map(float, re.findall(r"-?\d+(?:\.\d+)?", shown))))}


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", Catalog().names("leaderboards"))
def test_text_of_every_shipped_board_fits_the_terminal(name: str, width: int) -> None:
    catalog = Catalog()

    said = text(build(catalog.board(name), [], catalog), width)

    assert max(map(len, said.splitlines())) <= width


def test_what_to_check_stands_below_every_table(board: Board) -> None:
    (said,) = (said for said in lint(board) if "does not state" in said)

    assert f"to check: {said}" in text(board, 1000)
    assert f"to check: {said}" in html.unescape(page(board))
    assert f"to check: {said}".replace("_", "\\_").replace("<", "&lt;") in markdown(board)
    assert f"to check: {escaped(said)}" in latex(board)


def test_the_footnote_says_how_numbers_were_made(board: Board) -> None:
    said = latex(board).partition("\\footnotesize")[2]

    for part in (
        "60 (20 patients)",
        "95\\%, percentile bootstrap of clusters, Wilson for shares, 200 draws, seed 0",
        "Holm over 3 pairs at 0.05",
        "500 draws, seed 0",
    ):
        assert part in said.replace("\\&", "&")
    assert "answer\\_text\\textbar{}" in said
    assert "3 of 60 failed" in said


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
        (["--format", "markdown", "--compare-to", "constant-yes"], "--compare-to is for latex alone, and this table is markdown"),
        (["--format", "csv", "--label", "tab:all"], "--label is for latex alone, and this table is csv"),
        (["--to", "board.html", "--no-intervals"], "--no-intervals is for latex alone, and this table is html"),
        (["--format", "json", "--caption", "All"], "--caption is for latex and html alone, and this table is json"),
        (["--format", "latex", "--compare-to", "constant-yes"], "was tested against nobody"),
    ],
)
def test_a_flag_that_would_do_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    evaluate("constant-yes", "demo.vqa", out=tmp_path)

    with pytest.raises(SystemExit) as left:
        main(["table", "demo", "--runs", str(tmp_path), *arguments])

    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_a_file_in_a_folder_that_is_not_there_is_refused_by_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["table", "vqa", "--runs", str(tmp_path), "--to", str(tmp_path / "nowhere" / "x.tex")])

    assert left.value.code == 2
    assert f"there is no folder {tmp_path / 'nowhere'}: make it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "starts", "beside"),
    [
        ("x.tex", "% needs", True),
        ("x.html", "<!doctype html>", True),
        ("x.csv", "model,kind", True),
        ("x.json", "{", False),
        ("x", "**", True),
    ],
)
def test_the_ending_of_a_file_says_how_it_is_written_and_provenance_stands_beside_it_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, starts: str, beside: bool
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["table", "vqa", "--runs", str(tmp_path), "--to", str(tmp_path / name)])

    assert left.value.code == 0
    written = [tmp_path / name, *([tmp_path / f"{name}.json"] if beside else [])]
    assert (tmp_path / name).read_text().startswith(starts)
    assert json.loads(written[-1].read_text())["board"] == "vqa"
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert capsys.readouterr().out.split() == [str(path) for path in written]


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
