"""Conformance tests: does a component keep its room's contract? One file a room; none needs data, weights or a network.

A check gives sentences that say what is wrong; an empty list is a pass. What cannot be checked here raises `NotChecked`.
"""

from __future__ import annotations

from radbench.conformance.datasets import check_dataset
from radbench.conformance.metrics import check_metric
from radbench.conformance.models import check_model
from radbench.conformance.reading import NotChecked
from radbench.conformance.stand_ins import StandIns
from radbench.conformance.tasks import check_task

__all__ = ["NotChecked", "StandIns", "check_dataset", "check_metric", "check_model", "check_task"]
