"""What a model that learns sees before it is asked: the task's train split, each sample as it would be asked, with the right reply."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

from radbench.errors import MediaError
from radbench.media import Reader
from radbench.models.base import Example, Learner, Model
from radbench.running.plan import Plan
from radbench.running.requests import Keys
from radbench.terms import told

_log = logging.getLogger(__name__)


def learn(plan: Plan, model: Model, reader: Reader) -> str:
    """Let a model that learns see the task's train split; the digest of what it saw, "" for other models."""
    if not isinstance(model, Learner):
        return ""
    dataset, samples = plan.train_samples()
    protocol, keys, seen = plan.protocol(), Keys({}), hashlib.sha256()
    examples = []
    for sample in samples:
        try:
            request = protocol.ask(replace(sample, media=tuple(map(reader.identify, sample.media))))
        except MediaError as error:
            _log.warning("train sample `%s` is left out: %s", sample.id, told(error, dataset.access))
            continue
        example = Example(request, protocol.target(sample))
        seen.update(f"{keys.of(request)[0]}{example.target}\0".encode())
        examples.append(example)
    model.learn(examples)
    return seen.hexdigest()[:16]
