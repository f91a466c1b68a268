"""The task cards of data sets that are always there: what they select is there, and as many as they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from radbench.catalog import Catalog
from radbench.errors import ContentError

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


@pytest.mark.parametrize(("about", "data"), [("credentialed", "open"), ("open", "credentialed")])
def test_a_card_that_says_of_its_data_what_its_data_set_does_not_is_refused(tmp_path: Path, about: str, data: str) -> None:
    (tmp_path / "q.csv").write_text("q,a\nIs it?,yes\n", "utf-8")
    card = tmp_path / "mylab.q.yaml"
    options = f"{{file: q.csv, columns: {{question: q, answer: a}}, access: {data}}}"
    ask = f"{{version: 1, dataset: csv, dataset_options: {options}, split: test, protocol: vqa}}"
    score = "{metrics: [answer_text], primary: exact_match}"
    card.write_text(f"title: Q\nask: {ask}\nscore: {score}\nabout: {{access: {about}}}\n", "utf-8")
    catalog = Catalog([tmp_path])
    with pytest.raises(ContentError, match=rf"task mylab\.q: `about\.access` says {about}, and its data set `csv` {data}: mend"):
        catalog.dataset(catalog.task("mylab.q"), "test", {})
