"""Paths in cards start at the card's folder; those of the command line at the working directory."""

from __future__ import annotations

import csv

import pytest

from radbench.catalog import Catalog
from radbench.conformance import check_model
from radbench.findings import LABELS
from radbench.models.rules_14 import _RULES


def write_card(folder, family, file):
    path = folder / "mine.yaml"
    path.write_text(f"title: Mine\nfamily: {family}\narguments: {{file: {file}}}\n")
    return path


def write_labels(file):
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([["Report Impression", *LABELS], ["Edema.", *(["1"] * len(LABELS))]])


WRITERS = {
    "label-file": write_labels,
    "term-list": lambda file: file.write_text("edema\n"),
    "rules-14": lambda file: file.write_bytes(_RULES.read_bytes()),
}


@pytest.mark.parametrize("family", WRITERS)
def test_a_file_beside_the_card_is_found_from_any_working_directory(tmp_path, monkeypatch, family):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    WRITERS[family](tmp_path / "data.txt")
    catalog = Catalog()
    card = catalog.model(write_card(tmp_path, family, "data.txt"))

    model = catalog.build("models", card.family, card.options(), where=card.where)

    assert model.file == tmp_path / "data.txt"
    assert check_model(model, family) == []


@pytest.mark.parametrize("argument", ["tokenizer", "annotations"])
def test_folders_and_files_that_readers_of_weights_want_lie_beside_the_card_too(tmp_path, argument):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: Mine\nfamily: radgraph\narguments: {{{argument}: beside}}\n")

    assert Catalog().model(path).options()[argument] == str(tmp_path / "beside")


def test_an_absolute_path_stays(tmp_path):
    card = Catalog().model(write_card(tmp_path, "term-list", "/lists/terms.txt"))
    assert card.options()["file"] == "/lists/terms.txt"


def test_a_path_of_the_command_line_is_left_to_the_working_directory(tmp_path):
    card = Catalog().model(write_card(tmp_path, "term-list", "terms.txt"))
    assert card.options({"file": "other.txt"})["file"] == "other.txt"


def test_a_judge_s_prompt_beside_a_task_s_card_is_found_from_any_working_directory(tmp_path, monkeypatch):
    (tmp_path / "cards").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cards" / "published.yaml").write_text("user: '{reference} {candidate}'\n")
    (tmp_path / "cards" / "mine.judged.yaml").write_text(
        "title: Mine\nask: {version: 1, dataset: demo, split: test, protocol: report}\n"
        "score: {metrics: [{grad: {judge: local-server, prompt: published.yaml}}, {green: {judge: j, prompt: green-v1}}], primary: total}\n"
    )
    grad, green = Catalog().task(tmp_path / "cards" / "mine.judged.yaml").score.metrics

    assert grad.options == {"judge": "local-server", "prompt": str(tmp_path / "cards" / "published.yaml")}
    assert Catalog().build("metrics", grad.name, grad.options).signature()["prompt"].startswith("published@")
    assert green.options["prompt"] == "green-v1"
