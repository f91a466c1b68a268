"""Rows read back from a scored run give the values of its summary again."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from bench import Bench, rows

from radbench.catalog import Catalog
from radbench.errors import RunError, ScoringError
from radbench.evaluation import Asking, evaluate_all, plan_all, score_as_published
from radbench.folder import find_runs
from radbench.running.annotations import Annotators
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings
from radbench.scoring.case_table import CaseTable
from radbench.scoring.rows import stamp
from radbench.scoring.stored import StoredRun, per_case


def stored(bench: Bench) -> StoredRun:
    return StoredRun.open(bench.only_run(), bench.catalog())


def test_the_whole_weighting_of_stored_rows_gives_each_value_of_the_summary(bench: Bench) -> None:
    bench.score["metrics"] = ["answer-text", {"bleu": {"tokenizer": "regex"}}, "cider", {"bleu": {}}]
    bench.write_card()
    bench.run("constant")
    run = stored(bench)

    for value in run.summary.values:
        measured = run.measured(value)
        kept = measured.rows.array[[reason is None for reason in measured.rows.excluded]]
        again = measured.metric.aggregate(kept, np.ones((1, len(kept))))[value.id][0]
        assert again == pytest.approx(value.value, nan_ok=True), value.signature
    assert len({value.signature for value in run.summary.values}) == 4  # both variants of BLEU were told apart


def test_cases_carry_their_repeat_cluster_and_subgroups(bench: Bench) -> None:
    bench.run("constant", repeats=2)
    run = stored(bench)

    assert run.cases.pairs()[:4] == [("q0", 0), ("q0", 1), ("q1", 0), ("q1", 1)]
    assert run.cases.clusters[:8].tolist() == ["p0"] * 6 + ["p1"] * 2
    assert run.cases.subgroups["kind"][:6].tolist() == ["even"] * 4 + ["odd"] * 2


def test_the_mean_of_values_case_by_case_is_the_value_of_a_mean(bench: Bench) -> None:
    bench.run("constant")
    run = stored(bench)
    (value,) = [value for value in run.summary.values if value.id == "exact_match"]

    assert per_case(run.measured(value), value.id).mean() == pytest.approx(value.value)


def test_rows_older_than_the_replies_are_refused_with_the_mend(bench: Bench) -> None:
    bench.run("constant")
    run = stored(bench)
    with run.folder.predictions.open("ab") as journal:
        journal.write(run.folder.predictions.read_bytes().splitlines(keepends=True)[0])

    with pytest.raises(ScoringError, match="radbench score"):
        stored(bench).measured(run.summary.values[0])


def test_a_run_that_was_never_scored_is_refused(bench: Bench) -> None:
    bench.run("constant")
    bench.only_run().summary.unlink()

    with pytest.raises(RunError, match=r"summary\.json"):
        stored(bench)


def test_a_threshold_is_no_statistic_and_has_no_rows(bench: Bench) -> None:
    catalog = Catalog()
    asking = Asking(out=bench.out)
    plans = plan_all(catalog, [catalog.model("nearest-neighbour")], [catalog.task("demo.diagnosis")], asking)
    list(evaluate_all(plans, asking, Control(), IntervalSettings(draws=0)))
    (folder,) = [folder for folder in find_runs(bench.out) if folder.summary.exists()]
    run = StoredRun.open(folder, catalog)
    (value,) = [value for value in run.summary.values if value.id == "threshold"]

    with pytest.raises(ScoringError, match="has no rows"):
        run.measured(value)


def test_runs_of_one_task_hold_its_cases_once_in_memory(bench: Bench) -> None:
    bench.run("constant")
    bench.run("majority")
    bench.run("majority", limit=3)
    first, second, shorter = sorted(
        (StoredRun.open(folder, bench.catalog()) for folder in find_runs(bench.out)), key=lambda run: -len(run.cases)
    )

    assert (len(first.cases), len(second.cases), len(shorter.cases)) == (12, 12, 3)
    assert first.run.model != second.run.model
    assert first.cases is second.cases
    assert shorter.cases.pairs() == first.cases.pairs()[:3]


def one_array() -> bytes:
    """A file that numpy reads, but no archive of arrays."""
    file = BytesIO()
    np.save(file, np.arange(3))
    return file.getvalue()


@pytest.mark.parametrize("content", [None, b"", b"no archive", one_array()], ids=["absent", "empty", "damaged", "foreign"])
def test_cases_are_read_anew_where_their_table_is_not_to_be_had(bench: Bench, content: bytes | None) -> None:
    bench.run("constant", repeats=2)
    folder = bench.only_run()
    before = stored(bench).cases
    if content is None:
        folder.cases.unlink()
    else:
        folder.cases.write_bytes(content)

    after = stored(bench).cases
    assert after.pairs() == before.pairs()
    assert after.clusters.tolist() == before.clusters.tolist()
    assert after.subgroups["kind"].tolist() == before.subgroups["kind"].tolist()


def test_an_archive_damaged_anywhere_is_read_as_it_was_or_not_at_all(bench: Bench) -> None:
    bench.run("constant")
    folder = bench.only_run()
    whole, before, made_of = folder.cases.read_bytes(), stored(bench).cases, stamp(folder)

    for place in range(0, len(whole), 7):
        folder.cases.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        after = CaseTable.read(folder, made_of, "strict", before.subgroups)
        assert after is None or after.pairs() == before.pairs()


def test_rows_of_answers_read_in_two_ways_lie_side_by_side(bench: Bench) -> None:
    bench.ask["options"] = {"form": "closed"}
    bench.write_rows([{**row, "answer": ("yes", "no")[i % 2]} for i, row in enumerate(rows(12))])
    bench.score |= {"metrics": ["classification"], "primary": "accuracy"}
    bench.write_card()
    bench.run("constant")
    folder, catalog = bench.only_run(), bench.catalog()
    score_as_published(folder, "llava-med", Annotators(catalog, bench.out / "annotations"))

    with np.load(folder.cases) as tables:
        assert {name.partition("/")[0] for name in tables.files if name != "stamp"} == {"strict", "legacy.llavamed_closed_v2"}
    for run in (StoredRun.open(folder, catalog), StoredRun.open(folder, catalog, "llava-med")):
        assert run.summary.values
        for value in run.summary.values:
            measured = run.measured(value)
            assert measured.metric.aggregate(measured.rows.array, np.ones((1, 12)))[value.id][0] == pytest.approx(value.value, nan_ok=True)
