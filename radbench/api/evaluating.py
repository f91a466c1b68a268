"""`evaluate` and `board`: what `radbench run` and `radbench table` do, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from radbench.api.objects import Answerer, CallableModel, as_model
from radbench.api.run import Run, load_run
from radbench.api.texts import intervals_of
from radbench.catalog import Catalog
from radbench.catalog.wording import expected
from radbench.errors import ContentError, RunError
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import find_runs
from radbench.leaderboard.board import Board
from radbench.leaderboard.board import build as build_board
from radbench.models.base import Model
from radbench.records import Settings
from radbench.running.engine import Control
from radbench.sample import AnswerMode, ImageMode
from radbench.terms import parse_agreement


def evaluate(
    model: str | Path | Answerer | CallableModel | Model,
    task: str | Path,
    *,
    limit: int | None = None,
    images: ImageMode = "real",
    answer: AnswerMode | None = None,
    shots: int | None = None,
    repeats: int = 1,
    seed: int = 0,
    draws: int = 2000,
    model_options: Mapping[str, object] | None = None,
    data_dirs: Mapping[str, Path | str] | None = None,
    weights: Mapping[str, Path | str] | None = None,
    data_agreement: str | None = None,
    catalog: Sequence[Path | str] = (),
    out: Path | str = "runs",
) -> Run:
    """Evaluate a model on a task, as `radbench run` does; what was answered before is not asked again.

    Args:
        model: a name, the path of a card, a function (see `radbench.model`), or an object with `load`, `identity`, `batch_size` and one of
            `generate`, `rank`, `embed`; an object already loaded on a GPU is used as it is. Its answers are reused, by an object of the
            same class that was made with the same values, where its `identity` states the same `version` (and the rest alike); in a
            training loop, let that name the step. An object or function without a version is asked anew each time, in a run of its own.
        task: a name, or the path of a card.
        draws: bootstrap draws for intervals; 0: none.
        data_dirs: data set -> folder.
        weights: model or annotator -> where its weights lie.
        data_agreement: the terms under which closed data may go to an external endpoint.
        catalog: further folders of cards and components.

    Raises:
        RadbenchError: it cannot be carried out; the message says what to do.
    """
    cards = Catalog(catalog)
    card, instance = as_model(cards, model)
    changes = {name: value for name, value in (("answer", answer), ("shots", shots)) if value is not None}
    asking = Asking(
        settings=_settings(limit=limit, seed=seed, images=images, repeats=repeats),
        task_changes=changes,
        model_options=model_options or {},
        agreement=parse_agreement(data_agreement) if data_agreement else None,
        data_dirs=cards.data_dirs(data_dirs or {}),
        weights=cards.weights(weights or {}, [card.name]),
        out=Path(out),
    )
    plans = plan_all(cards, [card], [cards.task(task)], asking, instance=instance)
    (result,) = evaluate_all(plans, asking, Control(), intervals_of(draws, seed))
    if result.summary is None:
        raise RunError(f"{result.task} x {result.model}: {result.message}")
    return load_run(result.folder.path)


def _settings(**stated: object) -> Settings:
    try:
        return Settings.model_validate(stated)
    except ValidationError as error:
        problem = error.errors()[0]
        raise ContentError(f"{problem['loc'][0]}: {expected(problem)}, got `{problem['input']}`") from error


def board(name: str | Path, runs: Path | str = "runs", *, catalog: Sequence[Path | str] = ()) -> Board:
    """A board of the catalogue, filled from the runs below a folder; a notebook shows it as a table."""
    cards = Catalog(catalog)
    return build_board(cards.board(name), find_runs(Path(runs)), cards)
