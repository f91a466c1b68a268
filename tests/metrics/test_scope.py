"""What metrics were made for, and what they are used on."""

from __future__ import annotations

import pytest

from radbench.catalog import Catalog
from radbench.metrics.radgraph import Radgraph
from radbench.metrics.scope import out_of_scope


@pytest.mark.parametrize(
    ("scope", "modality", "region", "said"),
    [
        ("any", ["CT"], ["chest"], ""),
        ("what its author wrote", ["CT"], [], ""),
        ("chest X-ray reports", [], [], ""),
        ("chest X-ray reports", ["DX", "cr"], ["Chest"], ""),
        ("chest X-ray reports", ["DX"], [], ""),
        ("chest X-ray reports", ["DX"], ["knee"], "made for chest X-ray reports, used on DX of knee"),
        ("chest X-ray reports", ["DX", "CT"], ["chest"], "made for chest X-ray reports, used on DX, CT of chest"),
        ("radiology reports", ["MG"], ["breast"], ""),
        ("radiology reports", ["SM"], [], "made for radiology reports, used on SM"),
    ],
)
def test_use_outside_the_scope_is_told_where_the_task_tells_what_it_is_of(scope, modality, region, said):
    assert out_of_scope(scope, modality, region) == said


def test_radgraph_is_made_for_what_its_annotator_was_trained_on():
    assert out_of_scope(Radgraph().scope, ["CT"], ["abdomen"]) == ""
    assert out_of_scope(Radgraph().scope, ["US"], ["abdomen"]).startswith("made for reports of chest X-ray, CT")
    assert out_of_scope(Radgraph(annotator="radgraph").scope, ["CT"], ["abdomen"]).startswith("made for chest X-ray")


def test_every_task_of_ours_tells_what_it_is_of():
    catalog = Catalog()
    assert [name for name in catalog.names("tasks") if not catalog.task(name).about.modality] == []
