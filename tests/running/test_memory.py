"""Peak memory: measured from the loading of a model on, where the system allows it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from radbench.running.memory import forget_peaks, larger, peak_memory


def test_the_peak_grows_with_what_was_held_even_after_it_is_let_go() -> None:
    before = peak_memory()["main"]
    held = np.ones(200_000_000, dtype=np.uint8)
    del held
    assert peak_memory()["main"] >= before + 100_000_000


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux lets a process forget its peak")
def test_a_model_is_not_charged_with_the_peak_of_the_one_before_it() -> None:
    held = np.ones(300_000_000, dtype=np.uint8)
    del held
    with_it = peak_memory()["main"]
    forget_peaks()
    assert peak_memory()["main"] <= with_it - 200_000_000


def test_a_gpu_is_told_where_torch_used_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cuda:
        @staticmethod
        def device_count() -> int:
            return 2

        @staticmethod
        def max_memory_allocated(device: int) -> int:
            return 10 * (device + 1)

    monkeypatch.setitem(sys.modules, "torch", type("Torch", (), {"cuda": Cuda}))  # type: ignore[arg-type]  # stands in for the module
    assert peak_memory()["gpu"] == 30


def test_each_kind_of_peak_is_kept_for_itself() -> None:
    assert larger({"main": 5, "gpu": 1}, {"main": 4, "gpu": 2}) == {"main": 5, "gpu": 2}
