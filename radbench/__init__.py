"""radbench: the evaluation harness for radiology AI.

The public names, each imported when it is first touched, so that `import radbench` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radbench.api import Run, board, evaluate, load_run, model, score
    from radbench.catalog import Catalog, register
    from radbench.errors import RadbenchError
    from radbench.evaluate_module import as_evaluate
    from radbench.metrics.base import Metric, SumMetric
    from radbench.sample import Answer, Box, Boxes, Case, Choice, HeatMap, LabelSet, Media, Reply, Request, Sample, Text, Turn

_HOMES = {
    "radbench.api": ("Run", "board", "evaluate", "load_run", "model", "score"),
    "radbench.catalog": ("Catalog", "register"),
    "radbench.errors": ("RadbenchError",),
    "radbench.evaluate_module": ("as_evaluate",),
    "radbench.metrics.base": ("Metric", "SumMetric"),
    "radbench.sample": (
        *("Answer", "Box", "Boxes", "Case", "Choice", "HeatMap", "LabelSet"),
        *("Media", "Reply", "Request", "Sample", "Text", "Turn"),
    ),
}

__all__ = [
    "Answer",
    "Box",
    "Boxes",
    "Case",
    "Catalog",
    "Choice",
    "HeatMap",
    "LabelSet",
    "Media",
    "Metric",
    "RadbenchError",
    "Reply",
    "Request",
    "Run",
    "Sample",
    "SumMetric",
    "Text",
    "Turn",
    "as_evaluate",
    "board",
    "evaluate",
    "load_run",
    "model",
    "register",
    "score",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type is that of the name asked for
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module `radbench` has no attribute `{name}`")


def __dir__() -> list[str]:
    return sorted(__all__)
