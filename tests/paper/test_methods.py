"""The methods paragraph and the checklists: that each sentence is true of the runs they describe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from bench import TASK, Bench, rows

from radbench.catalog.cards import BoardCard
from radbench.evaluation import Asking, import_plan, score_predictions
from radbench.folder import find_runs
from radbench.leaderboard.board import build
from radbench.leaderboard.cells import Asked
from radbench.leaderboard.costs import costs
from radbench.paper.checklists import checklist
from radbench.paper.facts import Facts, gather, weights
from radbench.paper.methods import methods
from radbench.paper.records import prompts
from radbench.scoring import IntervalSettings

FOLLOW_UPS = "follow-up questions after the model's own answers"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, n=12)


def facts(bench: Bench) -> Facts:
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": TASK}]})
    return gather(build(card, find_runs(bench.out), bench.catalog()), bench.catalog())


def imported(bench: Bench, file: str, name: str | None = None) -> None:
    path = bench.folder / file
    path.write_text("".join(json.dumps({"id": f"q{i}", "prediction": "yes"}) + "\n" for i in range(12)))
    asking = Asking(data_dirs={"jsonl": bench.data}, out=bench.out)
    plan = import_plan(bench.catalog(), path, TASK, name, asking)
    score_predictions(plan, path, asking, IntervalSettings(draws=0))


def test_follow_up_questions_are_told_of_tasks_that_have_some(bench: Bench) -> None:
    turns = [{**row, "patient": "p", "follows": "q0" if row["id"] == "q1" else ""} for row in rows(12)]
    bench.write_rows(turns)
    bench.run("majority", draws=0)
    found = facts(bench)

    assert FOLLOW_UPS in methods(found, "0")
    assert f"own, but for follow-up questions of {TASK}." in checklist("mi-clear-llm", found)


def test_no_follow_up_question_is_claimed_where_there_is_none(bench: Bench) -> None:
    bench.run("majority", draws=0)
    found = facts(bench)

    assert "follow-up" not in methods(found, "0")
    assert "follow-up" not in checklist("mi-clear-llm", found)
    assert "Each case in a conversation of its own." in checklist("mi-clear-llm", found)


def test_of_a_task_that_radbench_asked_nobody_it_tells_no_way_of_asking(bench: Bench) -> None:
    imported(bench, "theirs.jsonl")
    found = facts(bench)

    said = methods(found, "0")

    assert "without solved examples" not in said
    assert "stand verbatim" not in said
    assert f"## {TASK}" not in prompts(found)
    assert "- [ ] 3. Prompts word for word, with their syntax. **GAP**: those of theirs," in checklist("mi-clear-llm", found)


def test_imported_predictions_bear_the_name_they_were_given_else_that_of_their_file(bench: Bench) -> None:
    imported(bench, "one.jsonl")
    imported(bench, "two.jsonl", "lab-model")

    assert {part.run.model_card["title"] for part in facts(bench).runs.values()} == {"one", "lab-model"}


def test_what_the_makers_of_a_submission_state_is_told_as_theirs(bench: Bench) -> None:
    (bench.folder / "said.jsonl").write_text(json.dumps({"id": "q0", "prediction": "yes"}) + "\n")
    card = {"title": "Reporter 7B", "family": "replay", "arguments": {"file": str(bench.folder / "said.jsonl")}}
    (bench.cards / "reporter.yaml").write_text(yaml.safe_dump({**card, "about": {"notes": ["maker: Example Lab", "prompts: our own."]}}))
    bench.run("reporter", draws=0)

    said = methods(facts(bench), "0")

    assert "Reporter 7B, `reporter` (predictions made elsewhere;" in said
    assert "Of `reporter` its makers state, unverified: maker: Example Lab; prompts: our own." in said


def test_sizes_of_runs_of_the_first_samples_stand_beside_those_of_whole_runs(bench: Bench) -> None:
    bench.run("majority", draws=0)
    bench.run("constant-yes", draws=0, limit=6)

    assert "12 cases from 4 clusters or 6 cases from 2 clusters (unit: image; clusters: by patient)" in methods(facts(bench), "0")


def test_only_the_baselines_that_were_run_are_named_and_only_those_that_learn_use_the_train_split(bench: Bench) -> None:
    bench.run("majority", draws=0)
    bench.run("constant-yes", draws=0)
    found = facts(bench)

    assert "Baselines, as floors: Always yes (`constant-yes`); The most frequent answer of the training split (`majority`)." in methods(
        found, "0"
    )
    assert f"{TASK}: split test; the train split is used for learning by majority." in checklist("claim-2024", found)


def test_weights_and_settings_are_those_of_the_run_not_those_of_its_card(bench: Bench) -> None:
    bench.run("majority", draws=0)
    found = facts(bench)
    (part,) = found.runs.values()
    stated = {"weights": {"hub": "lab/base", "revision": "1a"}, "generation": {"temperature": 0}}
    given = {"weights": str(bench.folder / "tuned"), "generation": {"temperature": 1}}
    card = {**part.run.model_card, **stated, "family": "made", "options": given}
    run = part.run.model_copy(update={"model_card": card, "identity": {"weights_sha256": "0123abcd"}})
    part = Asked(run, part.summary, part.folder)
    found = Facts(found.board, found.catalog, {part.run.id: part}, {part.run.id: "model"}, {}, {}, found.bibliography)

    assert weights(part) == "tuned, weights_sha256 0123abcd"
    said = methods(found, "0")
    assert "lab/base" not in said
    assert "`majority` was asked with temperature 1, " in said


def test_reading_predictions_of_a_file_is_no_cost_of_the_model_that_made_them(bench: Bench) -> None:
    imported(bench, "theirs.jsonl")
    (part,) = facts(bench).runs.values()
    found = costs([part])

    assert {name: found[name].value for name in ("seconds", "memory", "gpu_memory")} == dict.fromkeys(("seconds", "memory", "gpu_memory"))


def test_predictions_that_state_their_own_time_keep_it(bench: Bench) -> None:
    first = bench.run("majority", draws=0).folder
    lines = [{**json.loads(line), "seconds": 2.0} for line in first.predictions.read_text().splitlines()]
    journal = bench.folder / "predictions.jsonl"
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    asking = Asking(data_dirs={"jsonl": bench.data}, out=bench.folder / "again")
    score_predictions(import_plan(bench.catalog(), journal, TASK, None, asking), journal, asking, IntervalSettings(draws=0))
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": TASK}]})
    (part,) = gather(build(card, find_runs(bench.folder / "again"), bench.catalog()), bench.catalog()).runs.values()

    assert costs([part])["seconds"].value == 2.0
