"""Citations: that what is named finds its entry, and that the entries are such as BibTeX reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.catalog import Catalog
from radbench.conventions import PRESETS
from radbench.leaderboard.printing.bibtex import Bibliography

FILE = Path(__file__).parents[3] / "radbench" / "leaderboard" / "printing" / "references.bib"
KEYS = re.findall(r"^@\w+\{([^,]+),$", FILE.read_text("utf-8"), re.MULTILINE)


def cited_by_radbench() -> dict[str, list[str]]:
    """Who cites -> the words by which it names the works, of all that ships."""
    catalog = Catalog()
    cards = [*map(catalog.task, catalog.names("tasks")), *map(catalog.model, catalog.names("adapters"))]
    cards += map(catalog.board, catalog.names("leaderboards"))
    found = {card.name: [card.about.paper] for card in cards if card.about.paper}
    found |= {entry.name: list(catalog.component("metrics", entry.name).papers) for entry in catalog.entries("metrics")}  # type: ignore[attr-defined]  # a metric
    return found | {name: [preset.source] for name, preset in PRESETS.items()}


def test_every_work_that_metrics_cards_and_presets_cite_has_an_entry() -> None:
    for who, papers in cited_by_radbench().items():
        for paper in papers:
            assert set(Bibliography.of([paper]).entries) <= set(KEYS), f"{who}: {paper}"


def test_every_entry_is_cited_by_something() -> None:
    used = {key for papers in cited_by_radbench().values() for key in Bibliography.of(papers).entries}

    assert used == set(KEYS)


def test_every_entry_has_author_title_and_year_and_no_key_or_id_stands_twice() -> None:
    whole = Bibliography.of(KEYS)

    assert list(whole.entries) == KEYS
    assert len(set(KEYS)) == len(KEYS)
    ids = re.findall(r"  (?:eprint|doi) = \{(.+)\},", str(whole))
    assert len(set(ids)) == len(ids)
    for key, entry in whole.entries.items():
        fields = re.findall(r"^  (\w+) = \{.+\},$", entry, re.MULTILINE)
        assert {"author", "title", "year"} <= set(fields), key
        assert len(fields) == entry.count("\n") - 2, key  # each line but the first and the last is a field
        assert entry.count("{") == entry.count("}"), key
        assert f"  year = {{{re.findall(r'[0-9]{4}', key)[0]}}},\n" in entry, key


def test_the_file_is_read_by_bibtex_and_printed_by_latex(tmp_path: Path) -> None:
    if not (shutil.which("bibtex") and shutil.which("pdflatex")):
        pytest.skip("no TeX here: bibtex and pdflatex are looked for on the path")
    found = Bibliography.of([*KEYS, "50% of_all & #1 ~x^2 {\\TeX}, arXiv 2001.00001"])
    (tmp_path / "references.bib").write_text(str(found), "utf-8")
    body = r"\nocite{*}\bibliographystyle{plain}\bibliography{references}"
    (tmp_path / "paper.tex").write_text(rf"\documentclass{{article}}\begin{{document}}{body}\end{{document}}", "utf-8")
    for command in (("pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"), ("bibtex", "paper")) * 2:
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout

    assert (tmp_path / "paper.bbl").read_text("utf-8").count(r"\bibitem{") == len(KEYS) + 1


@pytest.mark.parametrize(
    "named",
    ["smit2020chexbert", "arXiv 2004.09167", "Smit et al., CheXbert, arXiv: 2004.09167v3.", "doi 10.18653/V1/2020.emnlp-main.117"],
)
def test_a_work_is_found_by_key_arxiv_id_or_doi(named: str) -> None:
    assert Bibliography.of([named]).keys == {named: ("smit2020chexbert",)}


def test_a_work_named_twice_has_one_entry_and_words_may_name_several() -> None:
    both = "tables of arXiv 2004.09167 and arXiv 2106.14463"
    found = Bibliography.of(["smit2020chexbert", both])

    assert list(found.entries) == ["smit2020chexbert", "jain2021radgraph"]
    assert found.keys[both] == ("smit2020chexbert", "jain2021radgraph")


def test_words_that_name_no_known_work_are_kept_with_the_ids_and_years_that_they_state_and_no_more() -> None:
    wu, doe = "Wu et al. A & B. arXiv 2001.00001.", "Doe, J. Journal 2019. doi 10.1000/xy_z.1"
    made = str(Bibliography.of([wu, doe, "", wu]))

    assert made.count("@misc{") == 2
    fields = ("note = {Wu et al. A \\& B. arXiv 2001.00001.}", "eprint = {2001.00001}", "archivePrefix = {arXiv}", "year = {2020}")
    assert "@misc{wu2020,\n" + "".join(f"  {field},\n" for field in fields) + "}" in made
    assert "doi = {10.1000/xy\\_z.1},\n  year = {2019}," in made


@given(st.lists(st.text(), max_size=5))
def test_every_entry_has_a_key_of_its_own(papers: list[str]) -> None:
    found = Bibliography.of(papers)

    assert len(re.findall(r"^@\w+\{", str(found), re.MULTILINE)) == len(found.entries)
    assert {key for keys in found.keys.values() for key in keys} == set(found.entries)
