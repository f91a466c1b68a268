"""What metrics hold against single cases of a scored run, from replies on disk alone."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from bench import Bench
from judged_runs import CANDIDATE, REFERENCE, judged

from radbench.catalog import Catalog
from radbench.metrics.base import Objection
from radbench.sample import Case
from radbench.scoring.objecting import NOT_STORED, Objectors
from radbench.scoring.stored import StoredRun

CASE = Case.of(CANDIDATE, [REFERENCE])
TOLD = [
    Objection("false positive finding (significant)", "Nodule of the <b>left</b> lung"),
    Objection("omission finding (significant)", "old rib fracture", "reference"),
    Objection("omission finding (significant)", "a scar <script>", "reference"),
    Objection("incorrect severity (insignificant)", n=2),
]


def objectors(bench: Bench) -> Objectors:
    """Of the only run, with a catalogue that knows no judge: nobody could be asked."""
    return Objectors(StoredRun.open(bench.only_run(), bench.catalog()), Catalog([bench.cards]))


def test_errors_come_from_stored_replies_and_only_of_metrics_that_tell_them(bench: Bench):
    judged(bench)
    made = objectors(bench)
    assert made.of(CASE) == {"green": TOLD}
    assert made.faults == {}


def test_a_case_that_was_never_judged_is_told(bench: Bench):
    judged(bench)
    assert objectors(bench).of(Case.of("Another report.", [REFERENCE])) == {"green": NOT_STORED}


def test_without_stored_replies_the_place_where_they_would_lie_is_told(bench: Bench):
    judged(bench)
    shutil.rmtree(bench.out / "annotations")
    (said,) = objectors(bench).of(CASE).values()
    assert "no replies of `judge` are stored" in said


def test_of_several_judges_of_one_name_the_one_that_scored_the_run_is_quoted(bench: Bench):
    judged(bench)
    (own,) = (bench.out / "annotations" / "judge").iterdir()
    other = own.with_name("0123456789abcdef")
    shutil.copytree(own, other)
    for file in other.glob("*.jsonl"):
        file.write_text(file.read_text().replace("Nodule", "Mass"))
    assert objectors(bench).of(CASE) == {"green": TOLD}


def test_a_metric_that_cannot_be_built_is_told_and_the_others_stand(bench: Bench):
    judged(bench)
    stored = StoredRun.open(bench.only_run(), bench.catalog())
    uses = [*stored.summary.score["metrics"], {"name": "gone-metric", "options": {}}]
    summary = stored.summary.model_copy(update={"score": {**stored.summary.score, "metrics": uses}})
    made = Objectors(replace(stored, summary=summary), Catalog([bench.cards]))
    assert "gone-metric" in made.faults["gone-metric"]
    assert made.of(CASE) == {"green": TOLD}


@pytest.mark.parametrize("damage", ["[]", "{"])
def test_a_damaged_store_is_told_and_raises_nothing(bench: Bench, damage: str):
    judged(bench)
    (identity,) = (bench.out / "annotations" / "judge").glob("*/identity.json")
    identity.write_text(damage)
    (said,) = objectors(bench).of(CASE).values()
    assert isinstance(said, str)
