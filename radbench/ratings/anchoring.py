"""A radiologists' score of each model from few ratings: runs scored on the whole test set, anchored in the texts that were rated.

The mean rating of the rated texts is corrected by how the automatic scores of the rated differ from those of the unrated
(prediction-powered inference, by cluster: radbench.statistics.ppi). That holds for rated studies drawn at random from the test set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from radbench.catalog import Catalog
from radbench.errors import ContentError
from radbench.folder import RunFolder
from radbench.ratings.correlating import over_raters
from radbench.ratings.correlations import OverRaters
from radbench.ratings.scored import run_values
from radbench.ratings.table import RatedItems
from radbench.scoring.stored import StoredRun
from radbench.statistics.ppi import Anchored, Arm, anchored_difference, anchored_mean, further_ratings


@dataclass(frozen=True, slots=True)
class AnchoredModel:
    """One model's mean rating."""

    model: str
    estimate: Anchored
    n_unscored: int  # samples without the automatic value, which were left out; rated ones among them


@dataclass(frozen=True, slots=True)
class AnchoredPair:
    """The difference of two models; its interval is wide enough for all pairs together (Bonferroni)."""

    first: str
    second: str
    estimate: Anchored
    further: int | None  # rated clusters more that would set it apart from 0; None: more ratings on this test set would not

    @property
    def is_separated(self) -> bool:
        """True where the interval leaves 0 out."""
        return self.estimate.low > 0 or self.estimate.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """Models anchored in ratings, the best first."""

    criterion: str
    lower_is_better: bool
    value: str  # the automatic value, by id
    signature: str
    level: float
    models: tuple[AnchoredModel, ...]
    pairs: tuple[AnchoredPair, ...]

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON; undefined numbers are None."""
        held: dict[str, Any] = asdict(self, dict_factory=_without_nan)
        for one, model in zip(held["models"], self.models, strict=True):
            one["worth"] = None if math.isnan(model.estimate.worth) else model.estimate.worth
        for one, pair in zip(held["pairs"], self.pairs, strict=True):
            one["is_separated"] = pair.is_separated
        return held


@dataclass(frozen=True, slots=True)
class _Whole:
    """One model's automatic values of its whole test set."""

    model: str
    how: str
    scores: dict[str, float]
    clusters: dict[str, str]
    n_unscored: int


def anchor(
    rated: RatedItems,
    runs: Mapping[str, RunFolder],
    catalog: Catalog,
    *,
    criterion: str,
    value: str | None = None,
    level: float = 0.95,
    raters: OverRaters = "mean",
) -> Anchors:
    """Anchor runs, by model, in the ratings of their texts, by one automatic value; by default the primary one of the first run's task.

    Raises:
        ContentError: no run is of a rated model, the value is not had of each text, or was made in different ways.
        RunError: a folder is no scored run.
    """
    means = over_raters(rated.values, raters)
    rating_of = {(system, study): float(mean) for (study, system), mean in zip(rated.items, means, strict=True)}
    systems = {system for system, _ in rating_of}
    stored = {model: StoredRun.open(folder, catalog) for model, folder in runs.items() if model in systems}
    if not stored:
        raise ContentError(f"--anchor: no run is of a rated model; rated are {', '.join(sorted(systems))}, runs are of {', '.join(runs)}")
    name = value or str(next(iter(stored.values())).summary.score["primary"])
    wholes = [_whole(model, run, name) for model, run in stored.items()]
    if len({whole.how for whole in wholes}) > 1:
        raise ContentError(
            f"--anchor: `{name}` of {wholes[0].model} and of others was scored in different ways: radbench score the runs again"
        )
    codes = {name: i for i, name in enumerate(sorted({cluster for whole in wholes for cluster in whole.clusters.values()}))}
    arms = {whole.model: _arm(whole, rating_of, codes) for whole in wholes}
    family = math.comb(len(wholes), 2)
    ranked = [AnchoredModel(whole.model, anchored_mean(arms[whole.model], level), whole.n_unscored) for whole in wholes]
    turn = 1 if rated.scale.lower_is_better else -1
    ranked.sort(key=lambda one: (math.isnan(one.estimate.value), turn * one.estimate.value, one.model))
    pairs = []
    for first, second in combinations([one.model for one in ranked], 2):
        difference = anchored_difference(arms[first], arms[second], 1 - (1 - level) / family)
        pairs.append(AnchoredPair(first, second, difference, further_ratings(difference, difference.level)))
    return Anchors(
        criterion=criterion,
        lower_is_better=rated.scale.lower_is_better,
        value=name,
        signature=wholes[0].how,
        level=level,
        models=tuple(ranked),
        pairs=tuple(pairs),
    )


def _without_nan(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in fields}


def _whole(model: str, stored: StoredRun, name: str) -> _Whole:
    missing: dict[str, str] = {}
    found = [value for value in run_values(stored, [name], missing) if value.id == name]
    if len(found) != 1:
        reason = missing.get(name, f"it has {len(found)} values of that id" if found else "it has no value of that id")
        raise ContentError(f"--anchor: {stored.folder.path}: `{name}`: {reason}. Name another one with --metric")
    clusters = stored.cases.cluster_of()
    scores = dict(found[0].by_sample)
    return _Whole(model, found[0].how, scores, clusters, len(clusters) - len(scores))


def _arm(whole: _Whole, rating_of: dict[tuple[str, str], float], codes: dict[str, int]) -> Arm:
    samples = list(whole.scores)
    ratings = [rating_of.get((whole.model, sample), math.nan) for sample in samples]
    return Arm(np.array(list(whole.scores.values())), np.array(ratings), np.array([codes[whole.clusters[sample]] for sample in samples]))
