"""The task cards of data sets that are always there: what they select is there, and as many as they say."""

from __future__ import annotations

import pytest

from radbench.catalog import Catalog

CARDS = sorted(name for name in Catalog().names("tasks") if name.startswith("demo."))


def test_there_is_a_card_for_each_kind_of_task() -> None:
    catalog = Catalog()
    protocols = {catalog.task(name).ask.protocol for name in CARDS}
    assert protocols == {"modality", "diagnosis", "vqa", "report", "rationale", "retrieval", "grounding", "text"}


@pytest.mark.parametrize("name", CARDS)
def test_a_demo_card_selects_as_many_samples_as_it_says(name: str) -> None:
    catalog = Catalog()
    card = catalog.task(name)
    data = catalog.build("datasets", card.ask.dataset, {"split": card.ask.split, "root": None, **card.ask.dataset_options}, where=name)
    samples = [data[i] for i in range(len(data))]
    assert not card.ask.select
    assert len(samples) == card.about.n
    assert data.access == card.about.access == "open"
    assert {*card.score.subgroups} <= samples[0].subgroups.keys()
