"""Peak memory of the process that asks a model."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def forget_peaks() -> None:
    """Measure from now on, so that a model is not charged with the peaks of those before it in the same process.

    Main memory can be measured anew on Linux alone; elsewhere its peak is that of the process so far.
    """
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    for cuda, device in _gpus():
        cuda.reset_peak_memory_stats(device)


def peak_memory() -> dict[str, int]:
    """Peak bytes: `main` memory of this process where the system tells it; `gpu`, what torch allocated on all GPUs, where it used any."""
    found = {"main": _peak_main(), "gpu": sum(cuda.max_memory_allocated(device) for cuda, device in _gpus())}
    return {name: peak for name, peak in found.items() if peak}


def larger(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The larger of two peaks, each kind for itself: sessions and shards of a run are processes of their own.

    >>> larger({"main": 3}, {"gpu": 1, "main": 2})
    {'gpu': 1, 'main': 3}
    """
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in sorted({*one, *other})}


def _gpus() -> list[tuple[Any, int]]:
    """torch.cuda with each of its devices, where torch is loaded and sees some."""
    torch = sys.modules.get("torch")
    return [(torch.cuda, device) for device in range(torch.cuda.device_count())] if torch is not None else []


def _peak_main() -> int:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # bytes there, KiB elsewhere
