"""The Python door: `evaluate`, `score`, `load_run`, `board`, and `model` for a callable. The same code as the commands.

import radbench

@radbench.model("my-model", version="step-1000")
def answer(requests, reader):
    return [net.say(request, reader) for request in requests]

run = radbench.evaluate(answer, "vqarad.closed", data_dirs={"vqarad": "VQA_RAD"})
run["accuracy"].value, run["accuracy"].ci
"""

from __future__ import annotations

from radbench.api.evaluating import board, evaluate
from radbench.api.objects import model
from radbench.api.run import Run, load_run
from radbench.api.texts import score

__all__ = ["Run", "board", "evaluate", "load_run", "model", "score"]
