"""What several checks share: the outcome that is neither pass nor failure, and perfect replies."""

from __future__ import annotations

from radbench.protocols.base import EvaluationProtocol
from radbench.sample import Media, Reply, Request, Sample, Vectors


class NotChecked(Exception):  # noqa: N818  # an outcome, not an error
    """Nothing is known to be wrong, but something that the check needs is not here: data, weights, options."""


def perfect_reply(protocol: EvaluationProtocol, sample: Sample, request: Request) -> Reply:
    """The reply of a model that is right: the target as text, all likelihood on it, or equal vectors for a pair."""
    if request.kind == "embed":
        import numpy as np

        n_parts = len(request.turns[-1].parts)
        n_media = sum(isinstance(part, Media) for part in request.turns[-1].parts)
        seed = [*sample.id.encode()] or [0]
        return Reply(output=Vectors.of(np.tile(np.random.default_rng(seed).normal(size=(1, 16)), (n_parts if n_media else 1, 1))))
    target = protocol.target(sample)
    if request.kind == "rank":
        return Reply(output={option: 0.0 if option == target else -30.0 for option in request.options})
    return Reply(output=target)
