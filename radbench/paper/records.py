"""The records of a bundle: settings and failures of each run, prompts as they were sent, and cases drawn by a stated rule."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from radbench.catalog.cards import TaskCard
from radbench.errors import ContentError
from radbench.folder import PredictionIndex, is_hidden
from radbench.leaderboard.cells import Asked
from radbench.leaderboard.printing.provenance import guarded
from radbench.paper.facts import Facts
from radbench.places import placeless
from radbench.protocols.base import EvaluationProtocol
from radbench.records import SampleRecord
from radbench.running.requests import render
from radbench.sample import Media, Sample, Text, as_text

_FORMS: Final = 12  # of requests shown of one task, the commonest
_SHARED: Final = 10  # samples with the same options from which on these are the task's own words
_LEFT_OUT: Final = {"hardware", "seconds"}  # of run.json: of the machine, not of the study


def settings(facts: Facts) -> str:
    """run.json of each run and the score half it was scored by, as one JSON document; it names no place of this machine."""
    found = {
        id_: {**part.run.model_dump(mode="json", exclude=_LEFT_OUT), "score": part.summary.score, "intervals": part.summary.intervals}
        for id_, part in facts.runs.items()
    }
    return json.dumps(placeless(found), indent=1, ensure_ascii=False) + "\n"


def failures(facts: Facts) -> str:
    """A line a run: what became of its cases, and why, as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    counts = [next(iter(facts.runs.values())).summary.counts.model_dump()] if facts.runs else [{}]
    writer.writerow(["task", "model", "run", "status", *counts[0], "failed", "unparsed", "excluded", "not_measured"])
    for id_, part in facts.runs.items():
        summary = part.summary
        reasons = [_reasons(found) for found in (summary.failed, summary.unparsed, summary.excluded)]
        numbers = summary.counts.model_dump().values()
        row = [part.run.task, part.run.model, id_, part.run.status, *numbers, *reasons, "; ".join(summary.problems)]
        writer.writerow(map(guarded, row))
    return out.getvalue()


def prompts(facts: Facts) -> str:
    """What each task asks, with a sample's own texts as slots in braces; and what judges were told."""
    parts = ["# Prompts", "What a sample brings stands in braces; images as `<image: ...>`."]
    if facts.imported:
        names = ", ".join(f"`{name}`" for name in facts.imported)
        parts.append(f"Predictions of {names} were made elsewhere, with prompts that are not known here.")
    for task, runs in facts.asked.items():
        ways: dict[str, list[Asked]] = {}
        for part in runs:
            ways.setdefault(json.dumps(part.run.task_card["ask"], sort_keys=True), []).append(part)
        for alike in ways.values():
            of = f", as {', '.join(dict.fromkeys(part.run.model for part in alike))} were asked" if len(ways) > 1 else ""
            parts.append(f"## {task}{of}\n\n{_prompt(alike[0], facts)}")
        templates = {part.run.model: part.run.model_card.get("options", {}).get("prompt") for part in runs}
        parts += [
            f"The model's own template of `{model}`:\n\n{_fenced(json.dumps(own, ensure_ascii=False))}"
            for model, own in templates.items()
            if own
        ]
    for how, metric in facts.metrics.items():
        for prompt in (value for value in vars(metric).values() if hasattr(value, "digest") and hasattr(value, "user")):
            said = f"[system]\n{prompt.system}\n\n{prompt.user}" if prompt.system else prompt.user
            parts.append(f"## Judge of {how.partition('|')[0]}: {prompt.name}@{prompt.digest}\n\n{_fenced(said)}")
    return "\n\n".join(parts) + "\n"


def cases(facts: Facts, n: int, seed: int) -> str:
    """Cases of each task with every model's first output; of data that are not open, or hidden, the ids alone.

    The rule: of the samples that all runs of a task have, the `n` whose sha256 of "seed:task:id" comes first. It knows nothing of outputs.
    """
    rule = f"Of the samples that all runs of a task have, the {n} whose sha256 of `{seed}:<task>:<id>` comes first."
    left_out = "Texts of data that are not open, or whose references are hidden, are left out."
    parts = ["# Cases", f"{rule} Outputs play no part in it. {left_out}"]
    for task, runs in facts.by_task.items():
        held = [{record.id: record for record in part.folder.iter_samples()} for part in runs]
        common = set.intersection(*map(set, held))
        drawn = sorted(common, key=lambda id_: hashlib.sha256(f"{seed}:{task}:{id_}".encode()).hexdigest())[:n]
        parts.append(f"## {task}")
        if any(part.run.data.access != "open" or is_hidden(part.folder.path) for part in runs):
            parts.append("\n".join(f"- `{id_}`" for id_ in drawn))
            continue
        for id_ in drawn:
            parts += [f"### {id_}", *_case(held[0][id_])]
            for part, own in zip(runs, held, strict=True):
                parts.append(f"{part.run.model}{_images(part)}:\n\n{_fenced(_output(part, own[id_]))}")
    return "\n\n".join(parts) + "\n"


def _prompt(part: Asked, facts: Facts) -> str:
    """The requests of a task, one of each form that its samples have, made of samples whose texts are slots."""
    card = TaskCard.model_validate(part.run.task_card)
    options = {**card.ask.options, "answer": card.ask.answer, "reader": card.score.reader}
    try:
        protocol: EvaluationProtocol = facts.catalog.build("protocols", card.ask.protocol, options)
        said = Counter[str]()
        for sample, n in _forms(part):
            said[render(protocol.ask(sample))] += n
    except (ContentError, ValueError) as error:
        return f"Cannot be shown without a sample: {error}"
    shown = [_fenced(text) if len(said) == 1 else f"Of {n} samples:\n\n{_fenced(text)}" for text, n in said.most_common(_FORMS)]
    if others := said.total() - sum(n for _, n in said.most_common(_FORMS)):
        shown.append(f"{others} samples have other forms.")
    if card.ask.shots:
        shown.append(f"{card.ask.shots} solved examples come before it, in the same words.")
    return "\n\n".join(shown) or "Nothing was asked."


def _forms(part: Asked) -> Iterator[tuple[Sample, int]]:
    """Samples with slots for all that is their own, and how many of the run are of that make.

    Options that many samples share are no sample's own, and stay.
    """
    shared = Counter(record.options for record in part.folder.iter_samples())
    makes = Counter(
        (
            tuple(record.texts),
            record.options if shared[record.options] >= _SHARED else tuple(f"{{option {i}}}" for i in range(1, len(record.options) + 1)),
            tuple(map(_slot, record.media)),
        )
        for record in part.folder.iter_samples()
    )
    for (roles, options, media), n in makes.items():
        references = (Text("{reference}"),)  # which retrieval asks about
        yield Sample(id="{id}", texts={role: f"{{{role}}}" for role in roles}, options=options, references=references, media=media), n


def _slot(media: Media) -> Media:
    role = " ".join(filter(None, ("prior" if media.is_prior else "", media.view or media.series or ("volume" if media.ndim == 3 else ""))))
    return Media(name="image", path=f"{{{role or 'image'}}}", ndim=media.ndim, is_prior=media.is_prior)


def _case(record: SampleRecord) -> Iterator[str]:
    for role, text in record.texts.items():
        yield f"{role}:\n\n{_fenced(text)}"
    if record.options:
        yield f"options:\n\n{_fenced(' | '.join(record.options))}"
    for reference in record.references:
        yield f"reference:\n\n{_fenced(as_text(reference) or repr(reference))}"


def _output(part: Asked, record: SampleRecord) -> str:
    """The first output to a sample, or why there is none."""
    if not record.keys:
        return f"(not asked: {record.excluded})"
    with PredictionIndex(part.folder.predictions) as index:
        found = index.get(record.keys[0])
    if found is None or found.error is not None:
        return "(not asked yet)" if found is None else f"(failed: {found.error})"
    return found.output if isinstance(found.output, str) else json.dumps(found.output, default=repr, ensure_ascii=False)


def _images(part: Asked) -> str:
    return "" if part.run.settings.images == "real" else f" (images {part.run.settings.images})"


def _reasons(found: Mapping[str, int]) -> str:
    return "; ".join(f"{count} {reason}" for reason, count in found.items())


def _fenced(text: str) -> str:
    """A text as it is, in a fence that it cannot end."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


def provenance_of(found: Mapping[str, Any], made: str, radbench: str) -> dict[str, Any]:
    """A board's provenance as of a date, its runs by task, model and id and not by where they lie, its values to 12 digits."""
    cells = [
        {
            **{name: float(f"{value:.12g}") if isinstance(value, float) else value for name, value in cell.items()},
            "runs": [{**run, "folder": f"{run['task']}/{run['model']}/{run['id']}"} for run in cell["runs"]],
        }
        for cell in found["cells"]
    ]
    return {**found, "made": made, "radbench": radbench, "cells": cells}
