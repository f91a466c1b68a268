"""`radbench run --dry-run`: what would be asked, of whom, and what the run folder holds already. Loads no model."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from radbench.catalog.cards import ModelCard
from radbench.cli.options import print_json
from radbench.datasets.base import Dataset
from radbench.errors import DataError
from radbench.folder import PredictionIndex, SampleRecord, read_lines
from radbench.running.plan import Plan
from radbench.running.requests import render
from radbench.running.swap import partners
from radbench.sample import Media, Sample
from radbench.terms import host_of, is_local


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


def estimated(characters: int, prices: object) -> tuple[int, str | None]:
    """Tokens of prompts, taken for four characters each, and their price by a model card's `prices`, None where it states none.

    Pictures, outputs and later turns come on top.
    """
    tokens = characters // 4
    if not isinstance(prices, Mapping):
        return tokens, None
    return tokens, f"{tokens * float(prices['prompt']) / float(prices.get('per', 1_000_000)):.2f} {prices.get('currency', 'USD')}"


def _described(plan: Plan) -> dict[str, Any]:
    dataset = plan.dataset(plan.task.ask.split)
    samples = [sample for _, sample in plan.placed_samples(dataset)]
    swap = dict(zip(samples[0].media, _partner(plan, samples[0]), strict=False))
    protocol, shots = plan.protocol(), plan.shots()
    first = plan.request(protocol, samples[0], plan.shots_for(samples[0], shots), (), swap)
    characters = sum(len(render(protocol.ask(sample, shots=plan.shots_for(sample, shots)))) for sample in samples)
    options = plan.model.options(plan.overrides)
    tokens, price = estimated(characters * plan.settings.repeats, options.get("prices"))
    return {
        "task": plan.task.name,
        "model": plan.model.name,
        "asked_at": _address(options.get("endpoint")),
        "access": dataset.access,
        "n_samples": len(samples),
        "n_requests": len(samples) * plan.settings.repeats,
        "n_answered": _n_answered(plan),
        "prompt_tokens": tokens,
        "prompt_price": price,
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


def _n_answered(plan: Plan) -> int:
    if not plan.folder.predictions.exists():
        return 0
    with PredictionIndex(plan.folder.predictions) as index:
        return sum(index.is_answered(key) for sample in read_lines(plan.folder.samples, SampleRecord) for key in sample.keys)


def _missing(dataset: Dataset) -> list[str]:
    try:
        return list(dataset.check())
    except DataError as error:
        return [str(error)]
