"""Rated texts as runs: one a system, whole, with the access class of the ratings."""

from __future__ import annotations

from pathlib import Path

import pytest

from radbench.catalog import Catalog
from radbench.catalog.cards import MetricUse
from radbench.errors import ContentError
from radbench.evaluation import Asking, Result
from radbench.ratings.table import RatedText, Rating, Ratings, Scale
from radbench.ratings.texts import runs_of
from radbench.scoring.stored import StoredRun, per_case

ROUGE = [MetricUse(name="rouge")]
RATING = Rating(study="s1", system="good", rater="r", criterion="q", value=1)


def ratings(*texts: RatedText) -> Ratings:
    return Ratings((RATING,), {"q": Scale("ordinal", 1, 5)}, "folder/my ratings.csv", texts, "non-commercial")


def two_systems() -> Ratings:
    references = {"s1": ("The heart is enlarged.", "Cardiomegaly."), "s2": ("No pleural effusion.",)}
    texts = {"good": {"s1": "Cardiomegaly.", "s2": "No pleural effusion."}, "org/poor": {"s1": "Answer: clear lungs.", "s2": ""}}
    return ratings(*(RatedText(s, system, text, references[s]) for system, of in texts.items() for s, text in of.items()))


def rouge_of(result: Result) -> dict[str, float]:
    stored = StoredRun.open(result.folder, Catalog())
    value = next(value for value in stored.summary.values if value.id == "rougeL")
    assert stored.cases.clusters.tolist() == stored.cases.samples.tolist()
    return dict(zip(stored.cases.samples.tolist(), per_case(stored.measured(value), "rougeL").tolist(), strict=True))


def test_each_system_is_a_run_scored_study_by_study(tmp_path: Path):
    found = runs_of(two_systems(), ROUGE, Asking(out=tmp_path), Catalog())
    assert set(found) == {"good", "org/poor"}
    assert all(result.is_whole for result in found.values())
    assert rouge_of(found["good"]) == {"s1": 1.0, "s2": 1.0}  # the better of two references counts
    assert rouge_of(found["org/poor"]) == {"s1": 0.0, "s2": 0.0}


def test_texts_are_compared_as_they_stand(tmp_path: Path):
    said = "Findings: none. Final answer: clear lungs."
    found = runs_of(ratings(RatedText("s1", "good", said, (said,))), ROUGE, Asking(out=tmp_path), Catalog())
    assert rouge_of(found["good"]) == {"s1": 1.0}


def test_runs_keep_the_access_class_of_the_ratings(tmp_path: Path):
    card = runs_of(two_systems(), ROUGE, Asking(out=tmp_path), Catalog())["good"].folder.read_run().task_card
    assert card["ask"]["dataset_options"]["access"] == card["about"]["access"] == "non-commercial"


def test_the_same_ratings_find_their_runs_again(tmp_path: Path):
    first, second = (runs_of(two_systems(), ROUGE, Asking(out=tmp_path), Catalog()) for _ in range(2))
    assert {name: result.folder.path for name, result in first.items()} == {name: result.folder.path for name, result in second.items()}


def test_systems_with_other_references_or_studies_have_a_task_of_their_own(tmp_path: Path):
    found = runs_of(
        ratings(
            RatedText("s1", "against-list", "Clear.", ("- Clear",)),
            RatedText("s1", "against-prose", "Clear.", ("The lungs are clear.",)),
            RatedText("s2", "other", "Mass.", ("Nodule.",)),
            RatedText("s2", "another", "Nodule.", ("Nodule.",)),
        ),
        ROUGE,
        Asking(out=tmp_path),
        Catalog(),
    )
    assert all(result.is_whole and result.summary is not None and result.summary.counts.n_total == 1 for result in found.values())
    assert found["other"].task == found["another"].task
    assert len({result.task for result in found.values()}) == 3
    assert {result.task.rpartition(".")[0] for result in found.values()} == {"rated.my_ratings"}


@pytest.mark.parametrize(("texts", "what"), [((), "no texts"), ((RatedText("s1", "good", "Clear."),), "texts without references")])
def test_ratings_that_leave_nothing_to_compare_are_refused(texts: tuple[RatedText, ...], what: str, tmp_path: Path):
    with pytest.raises(ContentError, match=f"holds {what}, so metrics have nothing to compare"):
        runs_of(ratings(*texts), ROUGE, Asking(out=tmp_path), Catalog())
