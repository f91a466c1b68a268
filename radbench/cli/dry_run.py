"""`radbench run --dry-run`: what would be asked, of whom, and what the run folder holds already. Loads no model."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from radbench.catalog.cards import ModelCard
from radbench.catalog.yaml_text import read_yaml
from radbench.cli.output import print_json
from radbench.datasets.base import Dataset
from radbench.errors import DataError
from radbench.folder import PredictionIndex, read_lines
from radbench.records import Prediction
from radbench.running.estimates import Estimate
from radbench.running.plan import Plan
from radbench.running.requests import render
from radbench.running.swap import partners
from radbench.sample import Media, Sample
from radbench.terms import host_of, is_local, reason_of, words


def describe(plans: Sequence[Plan], *, as_json: bool) -> None:
    """Print the plans: samples, replies at hand, the first prompt, the folder, what is missing on disk, whom metrics will ask."""
    found = [_described(plan) for plan in plans]
    if as_json:
        print_json({"plans": found})
        return
    for plan in found:
        prompt, annotators = str(plan.pop("first_prompt")), plan.pop("annotators")
        for name, value in plan.items():
            sys.stdout.write(f"{name:16} {value}\n")
        for one in annotators:
            where = f"{one['asked_at']} ({'external' if one['is_external'] else 'local'})"
            price = f", {one['prices']}" if one["prices"] else ""
            sys.stdout.write(f"{'annotator':16} {one['annotator']}, for metric {one['metric']}, at {where}{price}\n")
        sys.stdout.write("first prompt:\n" + "\n".join(f"  | {line}" for line in prompt.splitlines()) + "\n\n")


def _described(plan: Plan) -> dict[str, Any]:
    dataset = plan.dataset(plan.task.ask.split)
    samples = [sample for _, sample in plan.placed_samples(dataset)]
    swap = dict(zip(samples[0].media, _partner(plan, samples[0]), strict=False))
    protocol, shots = plan.protocol(), plan.shots()
    first = plan.request(protocol, samples[0], plan.shots_for(samples[0], shots), (), swap)
    # on the command line a mapping is text
    options = {name: _mapping(value) for name, value in plan.model.options(plan.overrides).items()}
    answered = _answered(plan)
    left = Estimate(options)
    for sample in samples:
        left.add(protocol.ask(sample, shots=plan.shots_for(sample, shots)), plan.settings.repeats - answered[sample.id])
    return {
        "task": plan.task.name,
        "model": plan.model.name,
        "asked_at": _address(options.get("endpoint")),
        "access": dataset.access,
        "n_samples": len(samples),
        "n_requests": len(samples) * plan.settings.repeats,
        "n_answered": answered.total(),
        **left.told(reply for folder in (plan.folder, *plan.kin()) for reply in read_lines(folder.predictions, Prediction)),
        "run_dir": str(plan.folder.path),
        "missing": _missing(dataset),
        "annotators": _annotators(plan),
        "first_prompt": render(first),
    }


def _annotators(plan: Plan) -> list[dict[str, Any]]:
    """Whom the task's metrics will ask about the replies, where they answer, and what they charge."""
    uses = plan.task.score.metrics
    asked = [(use.name, plan.catalog.build("metrics", use.name, use.options, where=plan.task.where).annotators) for use in uses]
    return [_annotator(plan.catalog.model(name), metric) for metric, names in asked for name in names]


def _annotator(card: ModelCard, metric: str) -> dict[str, Any]:
    options = card.options()
    endpoint, prices = options.get("endpoint"), options.get("prices")
    return {
        "metric": metric,
        "annotator": card.name,
        "asked_at": host_of(str(endpoint)) or _address(endpoint),
        "is_external": bool(endpoint) and not is_local(str(endpoint)),
        "prices": ", ".join(f"{name} {value}" for name, value in prices.items()) if isinstance(prices, Mapping) else None,
    }


def _address(endpoint: object) -> str:
    """Where a model answers, as it is stated, but for one that may hold a password."""
    if not endpoint:
        return "this machine"
    text = str(endpoint)
    return text if host_of(text) and "?" not in text else "an address that is not plainly written"


def _partner(plan: Plan, sample: Sample) -> Sequence[Media]:
    """The media shown instead of a sample's own where images are swapped; its own where they are not, or where it has no partner."""
    if plan.settings.images != "swapped":
        return sample.media
    return partners(plan.samples(plan.dataset(plan.task.ask.split)), plan.settings.seed).get(sample.id, sample.media)


def _mapping(value: object) -> object:
    is_written = isinstance(value, str) and value.lstrip().startswith("{")
    return read_yaml(str(value), "--model-arg")[0] if is_written else value


def _answered(plan: Plan) -> Counter[str]:
    """How many replies the run folder holds, by sample."""
    if not plan.folder.predictions.exists():
        return Counter()
    with PredictionIndex(plan.folder.predictions) as index:
        return Counter({sample.id: sum(map(index.is_answered, sample.keys)) for sample in plan.folder.iter_samples()})


def _missing(dataset: Dataset) -> list[str]:
    try:
        return [reason_of(dataset, problem) for problem in dataset.check()]
    except DataError as error:
        return [words(error)]
