"""ls, show, validate, new and doctor, as a person meets them."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from radbench.cli import COMMANDS, main
from radbench.terms import opened

GOOD_MODEL = "title: A floor\nfamily: constant\narguments: {text: no}\n"


def run(*arguments: str | Path) -> int:
    """The exit status of a command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def modules_after(*arguments: str) -> set[str]:
    """The modules that a fresh interpreter has imported after a command."""
    code = (
        "import sys\nfrom radbench.cli import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\nprint('\\n!', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("!")[2].split())


def test_help_lists_every_command_and_imports_none(capsys):
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)

    loaded = modules_after("--help")
    assert not loaded & {"typer", "pydantic", "yaml", "numpy", "torch", "radbench.catalog"}


def test_listing_tasks_parses_no_card_and_imports_nothing_heavy():
    assert not modules_after("ls", "tasks") & {
        "yaml",
        "numpy",
        "torch",
        "pandas",
        "scipy",
        "sklearn",
        "nltk",
        "pydicom",
        "radbench.catalog.cards",
    }


def test_each_command_of_the_table_explains_itself(capsys):
    for name in ("ls", "show", "validate", "new", "doctor"):
        assert run(name, "--help") == 0
        assert f"Usage: radbench {name}" in capsys.readouterr().out


def test_an_unknown_command_is_answered_with_the_nearest_one(capsys):
    assert run("validat") == 2
    assert "did you mean `validate`" in capsys.readouterr().err


def test_ls_lists_the_baselines_with_their_titles(capsys):
    assert run("ls", "models") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:2] == ["constant-yes", "card"] and line.endswith("Always yes") for line in lines)
    assert any(line.split()[:2] == ["constant", "family"] for line in lines)


def test_ls_json_is_one_document(capsys):
    assert run("ls", "metrics", "--json") == 0
    assert {"name": "bleu", "source": "radbench"}.items() <= next(
        m for m in json.loads(capsys.readouterr().out) if m["name"] == "bleu"
    ).items()


def test_ls_of_an_unknown_kind_is_exit_2(capsys):
    assert run("ls", "metric") == 2
    assert "did you mean `metrics`" in capsys.readouterr().err


def test_ls_runs_of_an_empty_folder_lists_nothing(tmp_path, capsys):
    assert run("ls", "runs", "--out", tmp_path) == 0
    assert capsys.readouterr().out == ""


def test_ls_runs_of_a_folder_that_is_not_there_says_so(tmp_path, capsys):
    assert run("ls", "runs", "--out", tmp_path / "nowhere") == 2
    assert f"no folder `{tmp_path / 'nowhere'}`" in capsys.readouterr().err


def test_underscores_and_dashes_are_both_options(tmp_path, capsys):
    assert run("doctor", "majority", "--data_dir", f"vqarad={tmp_path}") == 0
    assert run("doctor", "majority", "--data-dir", f"vqarad={tmp_path}") == 0


def test_show_prints_a_card_and_the_family_of_the_same_name(capsys):
    assert run("show", "constant") == 0
    out = capsys.readouterr().out
    assert "family: constant" in out
    assert "text: str = ''" in out


def test_show_of_a_metric_prints_what_to_cite(capsys):
    assert run("show", "retrieval") == 0
    assert "\nCite:\n@" in capsys.readouterr().out
    assert run("show", "rubric") == 0
    assert "Cite:" not in capsys.readouterr().out


def test_show_of_an_unknown_name_gives_the_nearest(capsys):
    assert run("show", "constand") == 2
    assert "`constant`" in capsys.readouterr().err


def test_show_schema_has_every_file_of_a_run_and_every_card(capsys):
    assert run("show", "schema") == 0
    schemas = json.loads(capsys.readouterr().out)
    assert {"run.json", "predictions.jsonl", "summary.json", "tasks/*.yaml", "adapters/*.yaml", "leaderboards/*.yaml"} <= set(schemas)


def test_validate_accepts_a_good_card(tmp_path, capsys):
    (tmp_path / "floor.yaml").write_text(GOOD_MODEL)

    assert run("validate", tmp_path / "floor.yaml") == 0
    assert capsys.readouterr().out.startswith("ok")


def test_validate_names_file_line_and_nearest_key(tmp_path, capsys):
    card = tmp_path / "floor.yaml"
    card.write_text(GOOD_MODEL.replace("arguments", "argument"))

    assert run("validate", card) == 2
    error = capsys.readouterr().err
    assert f"{card}:3: key `argument` is unknown; did you mean `arguments`?" in error
    assert "Traceback" not in error


def test_validate_refuses_a_changed_ask_half_under_an_old_version(tmp_path, capsys):
    assert run("new", "task", "mylab.closed", "--folder", tmp_path) == 0
    card = tmp_path / "mylab.closed.yaml"
    assert run("validate", card) == 0
    card.write_text(card.read_text().replace("form: open", "form: closed"))

    assert run("validate", card) == 2
    assert "is not that of version 1" in capsys.readouterr().err


def test_a_card_without_a_hash_is_fine_and_told_the_line_to_add(tmp_path, capsys):
    run("new", "task", "mylab.closed", "--folder", tmp_path)
    card = tmp_path / "mylab.closed.yaml"
    (line,) = [line for line in card.read_text().splitlines() if line.startswith("hashes:")]
    card.write_text(card.read_text().replace(line, ""))
    capsys.readouterr()

    assert run("validate", card) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"ok  {card}")
    assert f"add the line  {line}" in out


def test_a_wrong_hash_hides_no_later_finding(tmp_path, capsys):
    run("new", "task", "mylab.closed", "--folder", tmp_path)
    card = tmp_path / "mylab.closed.yaml"
    (tmp_path / "mylab.closed.jsonl").write_text(
        '{"id": "1", "image": [], "question": "Q", "answer": "yes", "patient": "p", "modality": "CR"}\n'
    )
    card.write_text(card.read_text().replace("form: open", "form: closed").replace("primary: token_f1", "primary: token_f2"))

    assert run("validate", card) == 2
    error = capsys.readouterr().err
    assert "is not that of version 1" in error
    assert "no metric of the task gives `token_f2`" in error


def test_validate_lets_the_score_half_change(tmp_path):
    run("new", "task", "mylab.closed", "--folder", tmp_path)
    card = tmp_path / "mylab.closed.yaml"
    card.write_text(card.read_text().replace("primary: token_f1", "primary: exact_match"))

    assert run("validate", card) == 0


def test_validate_refuses_an_option_that_the_family_does_not_know(tmp_path, capsys):
    card = tmp_path / "floor.yaml"
    card.write_text(GOOD_MODEL.replace("text:", "txt:"))

    assert run("validate", card) == 2
    assert "has no option `txt`; did you mean `text`?" in capsys.readouterr().err


def test_validate_finds_a_metric_that_breaks_its_contract(tmp_path, capsys):
    run("new", "metric", "my-metric", "--folder", tmp_path)
    file = tmp_path / "my_metric.py"
    file.write_text(file.read_text().replace("sums[:, 0], sums[:, 1]", "sums[:, 0] * len(sums), sums[:, 1]"))

    assert run("validate", file) == 2
    assert "a case with weight 0 should count as left out" in capsys.readouterr().err


def test_validate_finds_a_model_that_drops_a_reply(tmp_path, capsys):
    run("new", "model", "my-model", "--folder", tmp_path)
    file = tmp_path / "my_model.py"
    file.write_text(file.read_text().replace("for request in requests]", "for request in requests[1:]]"))

    assert run("validate", file) == 2
    assert "3 requests should give as many `Reply`" in capsys.readouterr().err


def test_validate_reports_a_file_that_cannot_be_imported_with_its_line(tmp_path, capsys):
    file = tmp_path / "broken.py"
    file.write_text("x = 1\nimport no_such_package\n")

    assert run("validate", file) == 2
    assert f"{file}:2: cannot be imported" in capsys.readouterr().err


def test_validate_json_holds_every_outcome(tmp_path, capsys):
    (tmp_path / "good.yaml").write_text(GOOD_MODEL)
    (tmp_path / "bad.yaml").write_text("family: constant\n")

    assert run("validate", tmp_path / "good.yaml", tmp_path / "bad.yaml", "--json") == 2
    good, bad = json.loads(capsys.readouterr().out)
    assert (good["ok"], bad["ok"]) == (True, False)
    assert "`title` is missing" in bad["problems"][0]


@pytest.mark.parametrize(
    ("kind", "name", "file"),
    [
        ("task", "mylab.closed", "mylab.closed.yaml"),
        ("model", "my-model", "my_model.py"),
        ("metric", "my-metric", "my_metric.py"),
        ("dataset", "my-data", "my_data.py"),
    ],
)
def test_what_new_writes_validates_at_once(tmp_path, kind, name, file):
    assert run("new", kind, name, "--folder", tmp_path) == 0
    assert run("validate", tmp_path / file) == 0


def test_new_overwrites_nothing(tmp_path, capsys):
    run("new", "metric", "my-metric", "--folder", tmp_path)

    assert run("new", "metric", "my-metric", "--folder", tmp_path) == 2
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "name"), [("metric", "bleu"), ("model", "nearest-neighbour"), ("dataset", "vqarad"), ("task", "demo.vqa")]
)
def test_new_refuses_a_name_that_is_taken(tmp_path, capsys, kind, name):
    assert run("new", kind, name, "--folder", tmp_path) == 2
    assert f"there is a {kind} `{name}`" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["closed", "mylab.", ".closed"])
def test_a_new_task_needs_a_suite(tmp_path, capsys, name):
    assert run("new", "task", name, "--folder", tmp_path) == 2
    assert "expected `suite.name`, such as `mylab.closed`" in capsys.readouterr().err


def test_validate_refuses_a_file_that_takes_a_name_of_radbenchs_own(tmp_path, capsys):
    run("new", "metric", "my-metric", "--folder", tmp_path)
    file = tmp_path / "my_metric.py"
    file.write_text(file.read_text().replace("my-metric", "bleu"))

    assert run("validate", file) == 2
    assert f"two metrics are named `bleu`: that of {file}, and radbench's own" in capsys.readouterr().err


def test_new_code_is_found_through_catalog(tmp_path, capsys):
    run("new", "metric", "my-metric", "--folder", tmp_path)
    capsys.readouterr()

    assert run("ls", "metrics", "--catalog", tmp_path) == 0
    assert "my-metric" in capsys.readouterr().out


def test_radbench_catalog_is_a_further_folder(tmp_path, capsys, monkeypatch):
    (tmp_path / "floor.yaml").write_text(GOOD_MODEL)
    monkeypatch.setenv("RADBENCH_CATALOG", str(tmp_path))

    assert run("show", "floor") == 0


def test_doctor_says_what_is_missing_and_fails_only_when_it_was_named(capsys):
    assert run("doctor") == 0
    assert "MISSING  data vqarad/test" in capsys.readouterr().out
    assert run("doctor", "vqarad") == 1
    assert "--data-dir vqarad=PATH" in capsys.readouterr().out
    assert run("doctor", "constant") == 0


def test_doctor_takes_the_file_of_a_card(tmp_path, capsys):
    run("new", "task", "mylab.closed", "--folder", tmp_path)
    capsys.readouterr()

    assert run("doctor", tmp_path / "mylab.closed.yaml") == 1
    out = capsys.readouterr().out
    assert "MISSING  data jsonl/test (file: mylab.closed.jsonl, columns: {id: id, image: ...)" in out
    assert "ready    protocols vqa" in out
    (tmp_path / "floor.yaml").write_text(GOOD_MODEL)
    assert run("doctor", tmp_path / "floor.yaml") == 0


def test_doctor_names_missing_weights_and_the_mend(tmp_path, capsys):
    (tmp_path / "big.yaml").write_text("title: Big\nfamily: constant\nweights: {hub: org/big, revision: abc}\n")

    assert run("doctor", "big", "--catalog", tmp_path) == 1
    assert "hf download org/big --revision abc" in capsys.readouterr().out


def test_the_config_file_says_where_data_lie_and_the_option_wins(tmp_path, monkeypatch):
    from radbench.catalog import Catalog
    from radbench.cli.options import data_roots, out_folder

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "radbench").mkdir()
    (tmp_path / "radbench" / "config.yaml").write_text("data_dirs: {vqarad: /data/a, my_set: /data/b}\nout: /results\n")

    assert data_roots(Catalog(), ["vqarad=/data/c"]) == {"vqarad": Path("/data/c"), "my-set": Path("/data/b")}
    assert out_folder() == Path("/results")
    assert out_folder(Path("here")) == Path("here")


def test_an_unknown_setting_is_refused_with_file_and_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "radbench").mkdir()
    (tmp_path / "radbench" / "config.yaml").write_text("data_dir: {}\n")

    assert run("doctor") == 2
    assert "config.yaml:1: key `data_dir` is unknown; did you mean `data_dirs`?" in capsys.readouterr().err


def test_debug_shows_the_traceback_and_keeps_the_exit_status(capsys):
    assert run("show", "nothing-of-that-name", "--debug") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("new", "task", "a.b", "--folder", "{file}/below"), "radbench: cannot write {file}/below: "),
        (("new", "task", "a.b", "--folder", "{file}"), "radbench: cannot write {file}: File exists\n"),
    ],
)
def test_what_the_system_refuses_is_one_sentence(tmp_path, capsys, arguments, sentence):
    (tmp_path / "taken").touch()
    file = str(tmp_path / "taken")

    assert run(*(argument.format(file=file) for argument in arguments)) == 2
    error = capsys.readouterr().err
    assert error.startswith(sentence.format(file=file))
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "no/such/folder"), "cannot write no/such/folder: Permission denied"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"), "cannot read a.csv: No such file or directory"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "tasks"), "cannot open tasks: Is a directory"),
        (OSError(errno.ENOSPC, "No space left on device"), "cannot write: No space left on device"),
        (OSError("Mrs Smith has an effusion"), "OSError at test_catalog_commands.py:{line}"),
    ],
)
def test_the_sentence_says_what_was_refused_where(monkeypatch, capsys, error, sentence):
    failing = ModuleType("failing_command")

    def fail() -> None:
        opened.note("open")
        raise error

    failing.fail = fail
    monkeypatch.setitem(sys.modules, "failing_command", failing)
    monkeypatch.setitem(COMMANDS, "fail", ("failing_command:fail", "Fail."))

    assert run("fail") == 2
    assert capsys.readouterr().err == f"radbench: {sentence.format(line=fail.__code__.co_firstlineno + 2)}\n"


def test_a_reader_who_leaves_is_no_error():
    code = "from radbench.cli import main; import sys; main(sys.argv[1:])"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", code, "ls", "metrics"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffered) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_ctrl_c_ends_a_command_with_130_and_one_line(tmp_path):
    (tmp_path / "slow.py").write_text("raise KeyboardInterrupt\n")
    code = "from radbench.cli import main; import sys; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "ls", "metrics", "--catalog", str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (130, "radbench: stopped.\n")


def test_validate_tries_a_script_of_evaluate_and_tells_what_it_gives(tmp_path, capsys):
    pytest.importorskip("evaluate", reason="needs the `test` extra")
    script = tmp_path / "same_length.py"
    script.write_text(
        "import datasets\nimport evaluate\n\n\n"
        "class SameLength(evaluate.Metric):\n"
        "    def _info(self):\n"
        "        text = datasets.Value('string')\n"
        "        features = datasets.Features({'predictions': text, 'references': text})\n"
        "        return evaluate.MetricInfo(description='', citation='', features=features)\n\n"
        "    def _compute(self, predictions, references):\n"
        "        return {'same': float(sum(map(len, predictions)) == sum(map(len, references))), 'by': 'length'}\n"
    )
    assert run("validate", f"evaluate:{script}") == 0
    assert f'it gives same; in a card: {{"evaluate:{script}": {{value: same}}}}' in capsys.readouterr().out
    assert run("validate", f"evaluate:{tmp_path}/absent.py") == 2
    assert "no script at" in capsys.readouterr().err
