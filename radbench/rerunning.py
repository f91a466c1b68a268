"""A run once more: the same cards, settings and seeds, into a folder of its own; and what differs today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from radbench.catalog import Catalog
from radbench.catalog.cards import ModelCard, TaskCard
from radbench.errors import RunError
from radbench.evaluation import Asking, Result, evaluate_all
from radbench.folder import PredictionIndex, RunFolder
from radbench.records import Summary, comparable
from radbench.running.engine import Control
from radbench.running.plan import Plan
from radbench.scoring import IntervalSettings

_OF_PYTHON: Final = frozenset({"callable", "instance"})  # families of models that `radbench.evaluate` was handed


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two runs that were asked the same have in common."""

    differences: dict[str, tuple[str, str]]  # what -> then, now
    n_same: int  # replies equal word for word
    n_both: int  # replies that both runs have
    values: dict[str, tuple[float | None, float | None]]  # value id -> then, now


def rerun(folder: RunFolder, catalog: Catalog, asking: Asking, control: Control) -> Result:
    """Ask again what a run asked, as its run.json says, and score it as it was scored.

    Each repetition has a folder of its own below `asking.out`, with a number (`1/<task>/<model>/<run id>`), so that nothing of an
    earlier one is taken over; only one that was stopped is gone on with. Annotators are asked what they were not asked for the
    run: their stored replies are used again.

    Raises:
        RunError: the folder is no run folder, or its model was an object or a function of a Python program.
        RadbenchError: the model or its data cannot be had.
    """
    record = folder.read_run()
    if record.model_card["family"] in _OF_PYTHON:
        raise RunError(
            f"{folder.path} was asked from Python, of a model that only that program holds: evaluate it there again, with another `out`"
        )
    if "stress" in record.task_card["ask"]["dataset_options"]:
        raise RunError(f"{folder.path} is one part of a stress test: repeat the whole with radbench stress, and another --out")
    card = {key: value for key, value in record.model_card.items() if key != "options"}
    plan = Plan(
        catalog=catalog,
        task=TaskCard.model_validate(record.task_card),
        model=ModelCard.model_validate(card),
        overrides={**record.model_card["options"], **asking.weights_of(record.model)},
        settings=record.settings,
        out=asking.out,
        data_dirs=asking.data_dirs,
    )
    before = folder.read_summary().intervals
    intervals = IntervalSettings(draws=int(before["draws"]), level=float(before["level"]), seed=int(before["seed"]))
    own = _own_folder(plan)
    (result,) = evaluate_all([replace(plan, out=own)], replace(asking, out=own), control, intervals)
    return result


def _own_folder(plan: Plan) -> Path:
    """The numbered folder below `plan.out` of the last repetition if that was not completed, else of a new one."""
    place = plan.folder.path.relative_to(plan.out)
    made = [int(path.name) for path in plan.out.glob("[0-9]*") if path.name.isdecimal() and (path / place / "run.json").exists()]
    last = max(made, default=0)
    if last and RunFolder(plan.out / str(last) / place).read_run().status != "complete":
        return plan.out / str(last)
    return plan.out / str(last + 1)


def compare(then: RunFolder, now: RunFolder) -> Comparison:
    """What differs between a run and its repetition: versions, hardware, identity, data, served model, replies, values."""
    first, second = then.read_run(), now.read_run()
    about = {"radbench commit": (first.commit, second.commit), "ask": (first.ask_hash, second.ask_hash)}
    for part in ("versions", "hardware", "identity"):
        old, new = _flat(getattr(first, part)), _flat(getattr(second, part))
        about |= {f"{part}: {key}": (old.get(key, "-"), new.get(key, "-")) for key in {**old, **new}}
    about["data: ids, texts, references"] = (_data(before := then.read_summary()), _data(after := now.read_summary()))
    if n_changed := _n_changed(then, now):
        about["data: images"] = ("-", f"{n_changed} changed")
    replies = list(_paired(then, now))
    about["served model"] = tuple(", ".join(sorted({pair[side][1] for pair in replies})) for side in (0, 1))  # type: ignore[assignment]  # two
    return Comparison(
        differences={what: pair for what, pair in about.items() if pair[0] != pair[1]},
        n_same=sum(old[0] == new[0] for old, new in replies),
        n_both=len(replies),
        values=_values(before, after),
    )


def _paired(then: RunFolder, now: RunFolder) -> Iterator[tuple[tuple[Any, str], tuple[Any, str]]]:
    """Output and served model of both runs for each sample and repeat that both answered."""
    keys = {sample.id: sample.keys for sample in then.iter_samples()}
    with PredictionIndex(then.predictions) as old, PredictionIndex(now.predictions) as new:
        for sample in now.iter_samples():
            for key_then, key_now in zip(keys.get(sample.id, ()), sample.keys, strict=False):
                first, second = old.get(key_then), new.get(key_now)
                if first is not None and second is not None and first.error is None and second.error is None:
                    yield (first.output, first.served_model), (second.output, second.served_model)


def _data(summary: Summary) -> str:
    """The fingerprint of the data that a run's values state; "-" where it has none."""
    asked = summary.values[0].signature.partition("|ask:")[2] if summary.values else ""
    return next((part.partition(":")[2] for part in asked.split("|") if part.startswith("data:")), "-")


def _n_changed(then: RunFolder, now: RunFolder) -> int:
    """How many images of the same samples and names are not what they were."""
    old = {(sample.id, media.path): media.digest for sample in then.iter_samples() for media in sample.media}
    new = {(sample.id, media.path): media.digest for sample in now.iter_samples() for media in sample.media}
    return sum(digest != old.get(name, digest) for name, digest in new.items())


def _values(then: Summary, now: Summary) -> dict[str, tuple[float | None, float | None]]:
    old = {(value.id, comparable(value.signature).partition("|ask:")[0]): value.value for value in then.values}
    new = {(value.id, comparable(value.signature).partition("|ask:")[0]): value.value for value in now.values}
    return {key[0]: (old.get(key), new.get(key)) for key in {**old, **new}}


def _flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in record.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": str(value)}
    return found


def again_folder(folder: RunFolder, out: Path | None) -> Path:
    """Where repetitions go: `out`, else `reruns` beside the folder that holds the run's tasks."""
    return out or _runs_of(folder).parent / "reruns"


def annotations_of(folder: RunFolder) -> Path:
    """Where the replies of annotators lie that a run was scored with."""
    return _runs_of(folder) / "annotations"


def _runs_of(folder: RunFolder) -> Path:
    """The folder that holds tasks, models and runs, for a run that lies as radbench lays it; else its own."""
    folders = folder.path.resolve().parents
    return folders[2] if len(folders) > 2 else folders[0]
