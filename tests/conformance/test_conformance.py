"""Conformance tests pass what radbench ships, and find what breaks a contract."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from judges import JUDGES

from radbench.catalog import Catalog
from radbench.catalog.cards import TaskCard
from radbench.catalog.options import keywords
from radbench.conformance import NotChecked, StandIns, check_dataset, check_metric, check_model, check_task
from radbench.errors import ContentError
from radbench.metrics.base import Ask, SumMetric
from radbench.models.constant import Constant
from radbench.sample import Reply, Request, Sample, Turn

CATALOG = Catalog()


class Length(SumMetric):
    """A metric that keeps the contract; subclasses break one point each."""

    name = "length"
    columns = ("words",)

    def row(self, case):
        return np.array([float(len(case.text.split()))])

    def value(self, sums):
        return {"length": sums[:, 0]}


class Remembering(Length):
    seen = 0

    def row(self, case):
        self.seen += 1
        return np.array([float(self.seen)])


class Ordered(Length):
    def aggregate(self, rows, weights):
        return {"length": weights @ (rows[:, 0] * np.arange(len(rows)))}


class Flat(Length):
    def aggregate(self, rows, weights):
        return {"length": np.array(5.0)}


class Refusing(Length):
    def row(self, case):
        raise ContentError("not mine")


class Asking(Length):
    def asks(self, case, replies):
        return () if replies else (Ask("constant", Request(turns=(Turn("user", ("?",)),))),)


class Rows:
    """A data set of given samples."""

    access = "open"
    roots = {}  # noqa: RUF012  # as a user writes it

    def __init__(self, *samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]

    def check(self):
        return []


def changed(task: TaskCard, half: str, **change: object) -> TaskCard:
    """The task with some keys of one half changed."""
    return task.model_copy(update={half: getattr(task, half).model_copy(update=change)})


def answers(judge=None):
    """Stand-ins for the catalogue's annotators, and a judge for the name `judge`."""
    stand_ins = StandIns(CATALOG)

    def answer(name, requests):
        return [judge(request) for request in requests] if judge and name == "judge" else stand_ins(name, requests)

    return answer


@pytest.mark.parametrize("name", CATALOG.names("metrics"))
def test_every_metric_keeps_the_contract(name):
    component = CATALOG.component("metrics", name)
    needed = {key for key, p in keywords(component).items() if p.default is p.empty}
    if others := needed - {"judge"}:
        pytest.skip(f"{name} needs {', '.join(others)}")
    assert check_metric(component(**dict.fromkeys(needed, "judge")), name, answers(JUDGES.get(name))) == []


def test_a_metric_that_asks_whom_it_does_not_name_is_found():
    class Unannounced(Length):
        def asks(self, case, replies):
            return () if replies else (Ask("rules-14", Request(kind="annotate", turns=(Turn("user", (case.text,)),))),)

    assert check_metric(Unannounced(), "length", answers()) == ["it asks `rules-14`, which its `annotators` should name"]


@pytest.mark.parametrize("name", ["constant", "majority", "nearest-neighbour"])
def test_every_baseline_keeps_the_contract(name):
    assert check_model(CATALOG.build("models", name)) == []


@pytest.mark.parametrize("name", CATALOG.suite("demo"))
def test_every_demo_task_scores_the_truth(name):
    assert check_task(CATALOG, CATALOG.task(name), {}) == []


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        (Remembering, "a row may depend on its own case only"),
        (Ordered, "the order of cases should not change a value"),
        (Flat, "arrays of shape"),
        (Refusing, "measures none of the generated cases"),
        (lambda: "no metric", "it is no `Metric`"),
    ],
)
def test_a_metric_that_breaks_the_contract_is_found(metric, problem):
    assert problem in " ".join(check_metric(metric(), "length", answers()))


def test_a_metric_of_another_name_is_found():
    assert check_metric(Length(), "width", answers()) == ["its `name` is `length`, the catalogue calls it `width`"]


def test_a_metric_that_asks_a_judge_is_not_checked_alone():
    with pytest.raises(NotChecked, match="it asks `constant`, of family `constant`, in whose place nothing can answer"):
        check_metric(Asking(), "length", answers())


def test_a_model_that_answers_by_the_batch_is_found():
    class Batched(Constant):
        def generate(self, requests):
            return [replace(reply, output=str(len(requests))) for reply in super().generate(requests)]

    assert check_model(Batched()) == ["`generate`: requests asked one by one give other outputs than asked together"]


def test_a_model_that_forgets_an_option_is_found():
    class Forgetful(Constant):
        def rank(self, requests):
            return [replace(reply, output={"yes": 0.0}) for reply in super().rank(requests)]

    assert check_model(Forgetful()) == ["`rank`: the output `dict` does not fit the request"]


def test_an_identity_that_is_no_json_is_found():
    class Secretive(Constant):
        def identity(self):
            return {"self": self}

    assert "JSON" in check_model(Secretive())[0]


def test_a_model_that_returns_bare_texts_is_told_what_to_return():
    class Bare(Constant):
        def generate(self, requests):
            return ["yes" for _ in requests]

    assert check_model(Bare()) == ["`generate`: each reply should be a `Reply(output=...)` (radbench.sample), not `str`"]


def test_a_model_that_yields_its_replies_is_found():
    class Yielding(Constant):
        def generate(self, requests):
            yield from super().generate(requests)

    assert check_model(Yielding()) == ["`generate`: it should give a list of `Reply`, not `generator`"]


def test_what_a_model_lacks_is_named():
    class Bare:
        batch_size = 1

        def load(self, reader): ...

        def generate(self, requests):
            return [Reply(output="yes") for _ in requests]

    assert check_model(Bare()) == ["it lacks `identity`: all that decides its answers, as JSON values (radbench.models.base.Model)"]


@pytest.mark.parametrize("method", ["load", "generate", "identity"])
def test_what_a_model_raises_is_said_of_the_method_that_raised(method):
    def fail(*_):
        raise ValueError("no such mode")

    assert check_model(type("Failing", (Constant,), {method: fail})())[-1] == f"`{method}` raises ValueError: no such mode"


def test_a_model_that_answers_in_no_way_is_found():
    class Silent:
        batch_size = 1

        def load(self, reader): ...

        def identity(self):
            return {}

    assert "it answers in no way" in check_model(Silent())[0]


def test_a_data_set_that_keeps_the_contract_passes():
    assert check_dataset(Rows(Sample(id="1"), Sample(id="2"))) == []


@pytest.mark.parametrize(
    ("dataset", "problem"),
    [
        (Rows(), "it holds no sample"),
        (Rows(Sample(id="1"), Sample(id="1")), "an id of its own"),
        (Rows(Sample(id="")), "an id of its own"),
        (Rows({"id": "1"}), "should be a `Sample`"),
    ],
)
def test_a_data_set_that_breaks_the_contract_is_found(dataset, problem):
    assert problem in " ".join(check_dataset(dataset))


def test_a_task_whose_primary_value_no_metric_gives_is_found():
    found = check_task(CATALOG, changed(CATALOG.task("demo.modality"), "score", primary="accurracy"), {})
    assert "no metric of the task gives `accurracy`" in found[0]


def test_a_task_with_a_subgroup_that_no_sample_has_is_found():
    found = check_task(CATALOG, changed(CATALOG.task("demo.modality"), "score", subgroups=("colour",)), {})
    assert "no sample has the subgroup `colour`" in found[0]


def test_a_task_that_selects_nothing_is_found():
    found = check_task(CATALOG, changed(CATALOG.task("demo.modality"), "ask", select={"modality": ("XX",)}), {})
    assert "`select` keeps none" in found[-1]


def test_a_task_without_its_data_is_not_checked():
    with pytest.raises(NotChecked, match="no data folder"):
        check_task(CATALOG, CATALOG.task("vqarad.closed"), {})
