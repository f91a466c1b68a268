"""What the doctor says of models, metrics and tasks: ready or not, what is expected where, and what can be used instead."""

from __future__ import annotations

import json
import os

import pytest

from radbench.catalog import Catalog
from radbench.cli import main
from radbench.readiness import Machine, look_at, look_at_all
from radbench.readiness.tasks import metrics_by_annotator

MACHINE = Machine()  # on which nothing lies anywhere
CLINICAL = ("radgraph", "radgraph-xl", "modern-radgraph-xl", "chexbert", "rate-ner-deberta", "biolord-2023-c", "green-radllama2-7b")
TASK = """\
title: Reports
ask: {version: 1, dataset: demo, dataset_options: {task: report}, split: test, protocol: report}
score:
  metrics: [{chexbert: {annotator: ANNOTATOR}}, {grad: {judge: JUDGE}}]
  primary: f1_14_micro
"""


def run(*arguments) -> int:
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def found(name, machine=MACHINE, folders=()):
    return {finding.what: finding for finding in look_at(Catalog(folders), str(name), machine)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "near.yaml").write_text("title: Near\nfamily: openai\narguments: {model: m}\nendpoint: http://127.0.0.1:8000/v1\n")
    (tmp_path / "far.yaml").write_text(
        "title: Far\nfamily: openai\narguments: {model: m, api_key_env: FAR_KEY}\nendpoint: https://api.example.com/v1\n"
    )
    (tmp_path / "odd.yaml").write_text("title: Odd\nfamily: openai\narguments: {model: m}\nendpoint: http://a:80:b/v1\n")
    return tmp_path


@pytest.mark.parametrize("name", CLINICAL)
def test_a_model_whose_weights_are_absent_is_not_ready(name):
    finding = found(name)[f"weights {name}"]
    assert not finding.ready
    assert finding.expected
    assert f"--weights {name}=DIR" in finding.mend
    assert "licence" in finding.source


def test_the_list_of_all_says_what_is_blocked_by_each_missing_weight():
    findings = {finding.what: finding for finding in look_at_all(Catalog(), Machine())}
    blocks = {name: findings[f"weights {name}"].blocks for name in CLINICAL}
    assert blocks == {
        "radgraph": ("radcliq",),
        "radgraph-xl": ("radgraph",),
        "modern-radgraph-xl": (),
        "chexbert": ("chexbert", "radcliq", "semb-score"),
        "rate-ner-deberta": ("ratescore",),
        "biolord-2023-c": ("ratescore",),
        "green-radllama2-7b": ("green",),
    }


def test_whatever_blocks_a_metric_says_what_can_be_used_instead():
    for finding in look_at_all(Catalog(), Machine()):
        assert bool(finding.blocks) == bool(finding.instead)
    assert "rules-14" in found("chexbert")["weights chexbert"].instead


def test_a_model_of_a_user_with_its_weights_in_place_is_ready(tmp_path):
    for name in ("chexbert.pth", "config.json", "vocab.txt"):
        (tmp_path / name).touch()
    findings = found("chexbert", Machine(weights={"chexbert": tmp_path}))
    assert findings["weights chexbert"].ready
    assert findings["weights chexbert"].note == str(tmp_path)


def test_the_file_of_a_card_is_looked_for_beside_it(tmp_path):
    (tmp_path / "ours.yaml").write_text("title: Ours\nfamily: term-list\narguments: {file: terms.txt}\n")
    assert "no file" in found("ours", folders=[tmp_path])["file ours"].note
    (tmp_path / "terms.txt").write_text("edema\n")
    assert found("ours", folders=[tmp_path])["file ours"].ready


def test_packages_that_read_weights_are_looked_for():
    assert "packages of extra local" in found("chexbert")
    assert "packages of extra local" not in found("rules-14")


def test_an_endpoint_is_local_or_external(folder):
    pytest.importorskip("openai", reason="needs the `api` extra")
    pytest.importorskip("aiohttp", reason="needs the `api` extra")
    near, far = found("near", folders=[folder]), found("far", folders=[folder])
    assert near["endpoint near"].ready
    assert near["endpoint near"].note.startswith("127.0.0.1, local")
    assert far["endpoint far"].note.startswith("api.example.com, external: closed data go there only with --data-agreement")
    assert not any(what.startswith("key") for what in near)


def test_an_address_that_cannot_be_used_is_told(folder):
    pytest.importorskip("openai", reason="needs the `api` extra")
    pytest.importorskip("aiohttp", reason="needs the `api` extra")
    finding = found("odd", folders=[folder])["model odd"]
    assert not finding.ready
    assert "expected an address such as" in finding.note


def test_a_key_is_looked_for_and_never_shown(folder, monkeypatch, capsys):
    pytest.importorskip("openai", reason="needs the `api` extra")
    pytest.importorskip("aiohttp", reason="needs the `api` extra")
    monkeypatch.delenv("FAR_KEY", raising=False)
    assert run("doctor", "far", "--catalog", folder) == 1
    assert "set the environment variable FAR_KEY" in capsys.readouterr().out

    monkeypatch.setenv("FAR_KEY", "very-secret")
    assert run("doctor", "far", "--catalog", folder) == 0
    assert run("doctor", "--json", "--catalog", folder) == 0
    assert "very-secret" not in capsys.readouterr().out


def test_a_key_of_blanks_is_no_key(folder, monkeypatch):
    monkeypatch.setenv("FAR_KEY", "  ")
    findings = {finding.what: finding for finding in look_at_all(Catalog([folder]), Machine())}
    assert not findings["key FAR_KEY"].ready
    assert findings["key FAR_KEY"].note == "for far; not set"


def test_a_metric_is_as_ready_as_those_it_asks():
    findings = found("radcliq")
    assert findings["metrics radcliq"].note == "asks radgraph, chexbert, distilroberta-base"
    assert [what for what in findings if what.startswith("weights")] == [
        "weights radgraph",
        "weights chexbert",
        "weights distilroberta-base",
    ]
    assert run("doctor", "radcliq") == 1
    assert run("doctor", "hallucination") == 0
    assert run("doctor", "rouge") == 0


def test_a_metric_with_a_judge_says_that_it_wants_one():
    assert found("grad")["metrics grad"].note.startswith("asks a judge, which its option `judge` names")


def test_a_task_is_as_ready_as_its_annotators_and_judges(folder):
    (folder / "lab.reports.yaml").write_text(TASK.replace("ANNOTATOR", "chexbert").replace("JUDGE", "gpt-4o"))
    findings = found(folder / "lab.reports.yaml", folders=[folder])
    assert findings["data demo/test (task: report)"].ready
    assert findings["protocols report"].ready
    assert findings["metrics grad"].note == "asks gpt-4o"
    assert not findings["weights chexbert"].ready
    assert not findings["key OPENAI_API_KEY"].ready

    (folder / "lab.rules.yaml").write_text(TASK.replace("ANNOTATOR", "rules-14").replace("JUDGE", "constant"))
    assert all(finding.ready for finding in found(folder / "lab.rules.yaml", folders=[folder]).values())


def test_a_task_that_names_an_unknown_annotator_is_told(folder):
    (folder / "lab.reports.yaml").write_text(TASK.replace("ANNOTATOR", "chexbort").replace("JUDGE", "constant"))
    finding = found(folder / "lab.reports.yaml", folders=[folder])["model chexbort"]
    assert not finding.ready
    assert "did you mean `chexbert`?" in finding.note


def test_the_command_prints_one_thing_a_line_that_a_person_can_act_on(capsys):
    assert run("doctor", "chexbert") == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "expected: chexbert.pth" in lines
    assert (
        "from: https://github.com/stanfordmlgroup/CheXbert; licence: Stanford academic licence, by other accounts; see the home page"
        in lines
    )
    assert "blocks: chexbert, radcliq, semb-score" in lines
    assert any(line.startswith("instead: for labels `rules-14`") for line in lines)


def test_the_list_of_all_keeps_to_a_line_a_thing(capsys):
    assert run("doctor") == 0
    out = capsys.readouterr().out
    assert all(line.startswith(("ready", "MISSING")) for line in out.splitlines())
    assert "blocks: chexbert, radcliq, semb-score; radbench doctor chexbert" in out


def test_weights_are_named_as_for_a_run(tmp_path, capsys):
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).touch()
    assert run("doctor", "rate-ner-deberta", "--weights", f"rate-ner-deberta={tmp_path}") == 0
    assert str(tmp_path) in capsys.readouterr().out


def test_json_holds_what_there_is_to_say(capsys):
    assert run("doctor", "chexbert", "--json") == 1
    document = {item["what"]: item for item in json.loads(capsys.readouterr().out)}
    assert document["models chexbert"] == {"what": "models chexbert", "ready": True, "note": ""}
    assert document["weights chexbert"].keys() == {
        *("what", "ready", "note", "expected", "mend", "source", "remarks", "blocks", "instead"),
    }


def test_no_metric_asks_by_default_whom_the_catalogue_does_not_know():
    catalog = Catalog()
    assert all(catalog.has("adapters", name) or catalog.has("models", name) for name in metrics_by_annotator(catalog))


def test_looking_touches_no_environment(monkeypatch):
    before = dict(os.environ)
    list(look_at_all(Catalog(), Machine()))
    assert dict(os.environ) == before
