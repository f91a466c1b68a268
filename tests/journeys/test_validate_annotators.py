"""`radbench validate` on the cards of annotators, as a person meets it."""

from __future__ import annotations

import pytest
from tiny_encoders import write_chexbert

from radbench.cli import main


def run(*arguments) -> int:
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_rules_are_tried_and_a_reader_without_weights_is_not(capsys):
    assert run("validate", "rules-14", "chexbert") == 0
    out = capsys.readouterr().out
    assert "ok  adapters/rules-14\nok  models/rules-14\n" in out
    assert "ok  adapters/chexbert\n    not checked: `load`: annotator `chexbert` needs weights" in out


def test_a_reader_with_weights_is_tried(tmp_path, capsys):
    pytest.importorskip("torch", reason="needs the `local` extra")
    pytest.importorskip("transformers", reason="needs the `local` extra")
    (tmp_path / "ours.yaml").write_text("title: Ours\nfamily: chexbert\narguments: {device: cpu}\n")

    assert run("validate", tmp_path / "ours.yaml", "--weights", f"ours={write_chexbert(tmp_path / 'weights')}") == 0
    assert capsys.readouterr().out == f"ok  {tmp_path / 'ours.yaml'}\n"


def test_a_card_whose_file_is_not_there_is_told(tmp_path, capsys):
    (tmp_path / "ours.yaml").write_text("title: Ours\nfamily: term-list\narguments: {file: terms.txt}\n")

    assert run("validate", tmp_path / "ours.yaml") == 0
    assert f"no file `{tmp_path / 'terms.txt'}`" in capsys.readouterr().out


def test_a_file_that_is_no_list_is_refused(tmp_path, capsys):
    (tmp_path / "terms.txt").write_text("# nothing\n")
    (tmp_path / "ours.yaml").write_text("title: Ours\nfamily: term-list\narguments: {file: terms.txt}\n")

    assert run("validate", tmp_path / "ours.yaml") == 2
    assert "holds no term" in capsys.readouterr().err
