"""Texts and stored values that several tests of text metrics use."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

WORDS = [
    "no",
    "the",
    "Left",
    "right",
    "pleural",
    "effusion,",
    "nodule.",
    "3.5",
    "mm",
    "T2-weighted",
    "(stable)",
    "unchanged;",
    "is",
    "seen",
    "are",
    "ischaemic",
    "cardiomegaly",
    "Ödem",
]


@pytest.fixture(scope="session")
def golden(shared_dir: Path) -> dict[str, Any]:
    """Stored values of the reference packages, by block."""
    return json.loads((shared_dir / "reference" / "metric_values.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def texts() -> tuple[list[str], list[list[str]]]:
    """200 candidates and two references for each, seeded; some candidates are empty, short or copies."""
    rng = random.Random(7)

    def text(longest: int = 30) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(1, longest)))

    references = [[text(), text()] for _ in range(200)]
    candidates = [rng.choice(["", text(3), text(), text(), own[0], own[1][: rng.randint(1, 60)]]) for own in references]
    return candidates, references
