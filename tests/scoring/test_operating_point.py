"""The operating point: found on the validation split of the same model, never on the cases that are measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from radbench.catalog import Catalog
from radbench.evaluation import Asking, Result, evaluate_all, plan_all, rescore
from radbench.folder import PredictionIndex, RunFolder, find_runs
from radbench.metrics.classification import operating_point
from radbench.running.annotations import Annotators
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings


@pytest.fixture
def results(tmp_path: Path) -> list[Result]:
    catalog = Catalog()
    asking = Asking(out=tmp_path)
    plans = plan_all(catalog, [catalog.model("nearest-neighbour")], [catalog.task("demo.diagnosis")], asking)
    return list(evaluate_all(plans, asking, Control(), IntervalSettings(draws=0)))


def threshold(result: Result) -> float | None:
    assert result.summary is not None
    return next((value.value for value in result.summary.values if value.id == "threshold"), None)


def test_the_validation_split_is_asked_first_and_decides_the_threshold(results: list[Result], tmp_path: Path) -> None:
    runs = {folder.read_run().data.split: folder for folder in find_runs(tmp_path)}
    labels, scores = truth_and_scores(runs["validation"])

    assert [result.folder.path for result in results] == [runs["test"].path]
    assert threshold(results[0]) == pytest.approx(operating_point(labels, scores, "youden"), abs=1e-12)


def test_without_the_validation_run_the_metric_says_what_to_do(results: list[Result], tmp_path: Path) -> None:
    (validation,) = [folder for folder in find_runs(tmp_path) if folder.read_run().data.split == "validation"]
    validation.run.unlink()

    again = rescore(results[0].folder, Annotators(Catalog(), tmp_path / "annotations"), IntervalSettings(draws=0))

    assert threshold(again) is None
    assert again.summary is not None
    (problem,) = again.summary.problems
    assert "--task-arg split=validation" in problem
    assert not again.is_whole


def truth_and_scores(folder: RunFolder) -> tuple[np.ndarray, np.ndarray]:
    """Labels and softmax probabilities of `yes`, straight from the files."""
    labels, scores = [], []
    with PredictionIndex(folder.predictions) as index:
        for sample in folder.iter_samples():
            prediction = index.get(sample.keys[0])
            assert prediction is not None
            likelihoods = {option: np.exp(value) for option, value in prediction.output.items()}
            labels.append(sample.references[0].label == "yes")
            scores.append(likelihoods["yes"] / sum(likelihoods.values()))
    return np.array(labels), np.array(scores)
