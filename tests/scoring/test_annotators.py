"""Metrics that ask annotators: answered once for all runs, in rounds, under the data's terms."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pytest
from bench import Bench
from fakes import FakeModel

from radbench.catalog import Catalog
from radbench.catalog.options import keywords
from radbench.cli.results import report_questions
from radbench.errors import DataTermsError, SampleModelError
from radbench.evaluation import card_today, rescore
from radbench.metrics.base import Ask, Metric, Row, SumMetric, Values, ratio
from radbench.records import Summary
from radbench.running.annotations import Annotators
from radbench.sample import Case, Reply, Request, Turn
from radbench.scoring import IntervalSettings, count_questions
from radbench.scoring.stored import StoredRun, per_case


class Judged(SumMetric):
    """The share of candidates a judge accepts; where it hesitates, it is asked once more."""

    name: ClassVar[str] = "judged"
    columns = ("accepted", "cases")

    def __init__(self, *, judge: str = "judge") -> None:
        self.annotators = (judge,)

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        if len(replies) < 2 and (not replies or replies[0].output == "hm"):
            question = f"{'Really: is' if replies else 'Is'} `{case.text}` right?"
            return [Ask(self.annotators[0], Request(turns=(Turn("user", (question,)),)))]
        return []

    def row(self, case: Case) -> Row:
        return np.array([float(case.annotations[-1].output == "yes"), 1.0])

    def value(self, sums: np.ndarray) -> Values:
        return {"judged": ratio(sums[:, 0], sums[:, 1])}


def judgement(request: Request) -> Reply:
    """Hesitates on the third question, then says yes; no to the fourth; yes to the rest."""
    text = str(request.turns[0].parts[0])
    return Reply(output="hm" if text.startswith("Is `answer to q2`") else "no" if "q3" in text else "yes")


@pytest.fixture
def judge(bench: Bench) -> FakeModel:
    made = FakeModel(answer=judgement, batch_size=5)
    bench.models = {"fake": FakeModel(), "other": FakeModel(name="other"), "judge": made}
    bench.metrics = {"judged": Judged}
    bench.score |= {"metrics": ["judged"], "primary": "judged"}
    bench.write_card()
    return made


def questions(judge: FakeModel) -> list[str]:
    return [str(request.turns[0].parts[0]) for batch in judge.asked for request in batch]


def test_every_metric_that_asks_says_whom():
    catalog = Catalog()
    asking = {name: made for name in catalog.names("metrics") if (made := catalog.component("metrics", name)).asks is not Metric.asks}
    assert {"radcliq", "grad", "terms"} <= asking.keys()
    for name, made in asking.items():
        metric = catalog.build("metrics", name, {"judge": "the-judge"} if "judge" in keywords(made) else {})
        asked = {ask.annotator for ask in metric.asks(Case.of("A small effusion.", ["Small left effusion."]), ())}
        assert asked, name
        assert asked <= set(metric.annotators), name


def test_an_annotator_is_asked_in_batches_and_rounds_and_the_metric_sees_its_replies(bench: Bench, judge: FakeModel):
    summary = bench.run().summary
    assert summary.values[0].value == pytest.approx(11 / 12)
    assert questions(judge) == [*(f"Is `answer to q{i}` right?" for i in range(12)), "Really: is `answer to q2` right?"]
    assert [len(batch) for batch in judge.asked] == [5, 5, 2, 1]


def test_scoring_again_asks_nothing(bench: Bench, judge: FakeModel):
    first = bench.run().summary
    judge.asked.clear()
    assert bench.run().summary == first
    assert judge.asked == []


def test_a_second_run_with_equal_texts_asks_nothing_and_lies_beside_the_first_in_one_store(bench: Bench, judge: FakeModel):
    bench.run()
    judge.asked.clear()
    summary = bench.run("other").summary
    assert summary.values[0].value == pytest.approx(11 / 12)
    assert judge.asked == []
    assert (bench.out / "annotations" / "judge").is_dir()


def test_equal_questions_of_one_run_are_asked_once(bench: Bench, judge: FakeModel):
    bench.models["fake"] = FakeModel(answer=lambda _: Reply(output="the same"))
    summary = bench.run().summary
    assert summary.values[0].value == 1.0
    assert questions(judge) == ["Is `the same` right?"]


def test_a_failed_question_is_asked_again_next_time_and_only_that(bench: Bench, judge: FakeModel):
    def fails_once(request: Request) -> Reply:
        if "q7" in str(request.turns[0].parts[0]):
            raise SampleModelError("too long")
        return judgement(request)

    bench.models["judge"] = FakeModel(answer=fails_once, batch_size=5)
    broken = bench.run().summary
    assert broken.values[0].value == pytest.approx(10 / 12)
    bench.models["judge"] = judge
    mended = bench.run().summary
    assert mended.values[0].value == pytest.approx(11 / 12)
    assert questions(judge) == ["Is `answer to q7` right?"]


def test_another_version_of_the_annotator_is_asked_anew(bench: Bench, judge: FakeModel):
    bench.run()
    bench.models["judge"] = (newer := FakeModel(answer=judgement, name="newer"))
    bench.run()
    assert len(questions(newer)) == 13


def test_a_store_torn_by_a_kill_is_read_up_to_the_tear(bench: Bench, judge: FakeModel):
    bench.run()
    (file,) = (bench.out / "annotations" / "judge").glob("*/*.jsonl")
    file.write_bytes(file.read_bytes()[:-9])
    judge.asked.clear()
    bench.run()
    assert questions(judge) == ["Really: is `answer to q2` right?"]


def test_closed_data_are_not_sent_to_an_external_annotator_without_an_agreement(bench: Bench, judge: FakeModel):
    judge.endpoint = "https://judge.example.com/v1"
    bench.ask["dataset_options"]["access"] = "credentialed"
    bench.write_card()
    with pytest.raises(DataTermsError, match=r"annotator judge answers at the external host `judge\.example\.com`"):
        bench.run()
    assert judge.asked == []
    agreement = {**dict.fromkeys(("retention", "training", "review", "by", "date"), "stated"), "provider": "judge.example.com"}
    assert bench.run(agreement=agreement).is_whole


def test_scoring_without_the_store_asks_everything_again(bench: Bench, judge: FakeModel):
    bench.run()
    judge.asked.clear()
    for file in (bench.out / "annotations" / "judge").glob("*/*.jsonl"):
        file.unlink()
    bench.run()
    assert len(questions(judge)) == 13


def score_again(bench: Bench, mode: str, **options: object) -> tuple[Annotators, Summary]:
    annotators = Annotators(bench.catalog(), bench.out / "annotations", mode, **options)
    return annotators, rescore(bench.only_run(), annotators, IntervalSettings(draws=0)).summary


def test_stored_replies_are_read_without_the_annotator(bench: Bench, judge: FakeModel):
    first = bench.run().summary
    judge.asked.clear()
    del bench.models["judge"]

    annotators, summary = score_again(bench, "stored")

    assert [value.value for value in summary.values] == [value.value for value in first.values]
    assert summary.values[0].signature == first.values[0].signature
    assert (judge.asked, annotators.unanswered) == ([], Counter())


def test_replies_missing_from_a_store_are_counted_and_asked_of_nobody(bench: Bench, judge: FakeModel):
    bench.run()
    judge.asked.clear()
    for file in (bench.out / "annotations" / "judge").glob("*/*.jsonl"):
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:4]))

    annotators, _ = score_again(bench, "stored")

    assert annotators.unanswered["judge"] == 9  # eight first questions, and the second one on q2
    assert judge.asked == []


def test_a_store_without_the_annotator_is_named(bench: Bench, judge: FakeModel):
    bench.run()

    annotators = Annotators(bench.catalog(), bench.out / "elsewhere", "stored")
    result = rescore(bench.only_run(), annotators, IntervalSettings(draws=0))

    assert "no replies of `judge` are stored" in result.summary.problems[0]


def test_counting_asks_nothing_and_writes_nothing(bench: Bench, judge: FakeModel):
    bench.run("fake")
    store = bench.out / "annotations"
    before = {path: path.read_bytes() for path in bench.out.rglob("*") if path.is_file()}
    judge.asked.clear()
    shutil.move(store, bench.out / "moved")

    annotators = Annotators(bench.catalog(), store, "count")
    card, _ = card_today(bench.only_run(), annotators.catalog)
    count_questions(bench.only_run(), card, annotators.catalog, annotators)

    assert annotators.unanswered["judge"] == 12
    assert (annotators.estimates["judge"].n_requests, annotators.estimates["judge"].characters > 12 * 20) == (12, True)
    assert judge.asked == []
    assert not store.exists()
    assert all(path.read_bytes() == content for path, content in before.items() if store not in path.parents)


def test_the_judge_and_its_identity_stand_in_the_signature(bench: Bench, judge: FakeModel):
    signature = bench.run().summary.values[0].signature
    (folder,) = (bench.out / "annotations" / "judge").iterdir()

    assert f"|by:judge@{folder.name[:8]}|" in signature


def test_the_price_of_the_questions_is_told_before_they_are_asked(bench: Bench, judge: FakeModel, capsys: pytest.CaptureFixture[str]):
    prices = "{prompt: 5, output: 15, currency: EUR, per: 1000}"
    (bench.cards / "judge.yaml").write_text(
        f"title: A judge\nfamily: fake\ngeneration: {{max_tokens: 100}}\narguments: {{prices: {prices}}}\n"
    )
    bench.run("fake")
    catalog = bench.catalog()
    catalog.model = super(type(catalog), catalog).model  # type: ignore[method-assign]  # the card, while the judge is the test's

    def counted(store: str) -> list[list[str]]:
        annotators = Annotators(catalog, bench.out / store, "count")
        count_questions(bench.only_run(), card_today(bench.only_run(), catalog)[0], catalog, annotators)
        report_questions([annotators], as_json=False)
        return [line.split(maxsplit=4) for line in capsys.readouterr().out.splitlines()[1:2]]

    ((name, n, prompt, output, rest),) = counted("elsewhere")
    money = (int(prompt) * 5 + 1200 * 15) / 1000
    assert (name, n, output) == ("judge", "12", "1200")
    assert rest.split("  ") == ["at most, by their limits", f"{money:.2f} EUR"]
    assert counted("annotations") == []


def test_questions_that_fail_are_a_problem_of_the_metric_with_the_reason(bench: Bench, judge: FakeModel):
    bench.models["judge"] = FakeModel(answer=lambda _: Reply(error="the server said 500"))

    result = bench.run()

    assert result.summary.problems == ("judged: 12 questions to judge failed: the server said 500",)
    assert not result.is_whole


def test_rows_by_two_judges_are_kept_beside_each_other(bench: Bench, judge: FakeModel):
    bench.models["strict"] = FakeModel(name="strict", answer=lambda request: Reply(output="no"))
    bench.score["metrics"] = ["judged", {"judged": {"judge": "strict"}}]
    bench.write_card()
    bench.run()
    stored = StoredRun.open(bench.only_run(), bench.catalog())

    values = {value.id: per_case(stored.measured(value), value.id).mean() for value in stored.summary.values}

    assert values == pytest.approx({"judged": 11 / 12, "judged(judge=strict)": 0})
