"""The Python door: public names, and evaluating a function, an object and a name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from noted_judge import PLUGIN

import radbench
from radbench.errors import ContentError, DataTermsError, RunError


def test_the_public_names_are_these_and_all_can_be_had() -> None:
    assert radbench.__all__ == [
        *("Answer", "Box", "Boxes", "Case", "Catalog", "Choice", "HeatMap", "LabelSet"),
        *("Media", "Metric", "RadbenchError", "Reply", "Request", "Run"),
        *("Sample", "SumMetric", "Text", "Turn", "as_evaluate", "board", "evaluate", "load_run", "model", "register", "score"),
    ]
    assert all(getattr(radbench, name) is not None for name in radbench.__all__)
    assert dir(radbench) == sorted(radbench.__all__)


def test_importing_radbench_imports_nothing_slow() -> None:
    script = "import sys, radbench; print([m for m in ('numpy', 'pydantic', 'typer') if m in sys.modules])"

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_a_name_gives_the_same_run_as_the_command(tmp_path: Path) -> None:
    run = radbench.evaluate("constant-yes", "demo.vqa", out=tmp_path, limit=30, draws=100)
    again = radbench.load_run(run.folder.path)

    assert again.summary == run.summary
    assert run.primary == run["exact_match"]
    assert 0 < run.primary.value < 1
    assert "demo.vqa x constant-yes: complete, 30 of 30 scored" in repr(run)
    assert "<table>" in run._repr_html_()
    assert len(list(run.samples())) == 30


def test_a_function_is_a_model_and_is_asked_anew_without_a_version(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(requests: Sequence[radbench.Request]) -> list[str]:
        seen.extend(request.sample_id for request in requests)
        return ["yes"] * len(requests)

    first = radbench.evaluate(answer, "demo.vqa", out=tmp_path, limit=10, draws=0)
    radbench.evaluate(answer, "demo.vqa", out=tmp_path, limit=10, draws=0)

    assert len(seen) == 20
    assert first.record.model == "answer"


def test_a_version_keeps_its_answers_and_another_one_gets_its_own(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def evaluated(version: str, word: str) -> float | None:
        @radbench.model("trained", version=version, batch_size=4)
        def answer(requests: Sequence[radbench.Request], reader: object) -> list[radbench.Reply]:
            asked.extend((version, request.sample_id) for request in requests)
            assert reader is not None
            return [radbench.Reply(output=word) for _ in requests]

        return radbench.evaluate(answer, "demo.vqa", out=tmp_path, limit=8, draws=0).primary.value

    values = [evaluated("step-1", "yes"), evaluated("step-2", "no"), evaluated("step-1", "yes")]

    assert [version for version, _ in asked] == ["step-1"] * 8 + ["step-2"] * 8
    assert values[0] == values[2] != values[1]


def test_a_function_that_fails_is_a_failed_sample(tmp_path: Path) -> None:
    def answer(requests: Sequence[radbench.Request]) -> list[str]:
        if any("side" in str(request.turns[-1].parts) for request in requests):
            raise ValueError("secret report text")
        return ["yes"] * len(requests)

    run = radbench.evaluate(answer, "demo.vqa", out=tmp_path, limit=10, draws=0)

    assert 0 < run.summary.counts.n_failed < 10
    assert "secret" not in run.folder.predictions.read_text()


def test_an_object_with_the_methods_of_a_family_is_used_as_it_is(tmp_path: Path) -> None:
    class Loaded:
        batch_size = 2

        def load(self, reader: object) -> None: ...

        def identity(self) -> dict[str, object]:
            return {"weights": "in memory"}

        def rank(self, requests: Sequence[radbench.Request]) -> list[radbench.Reply]:
            return [radbench.Reply(output=dict.fromkeys(request.options, 0.0)) for request in requests]

    run = radbench.evaluate(Loaded(), "demo.diagnosis", out=tmp_path, limit=6, draws=0)

    assert run["auroc"].value == pytest.approx(0.5)


class Says:
    """A model made with a word, which its identity does not tell."""

    batch_size = 4

    def __init__(self, word: str, **stated: object) -> None:
        self.word, self._stated, self.asked = word, stated, 0

    def load(self, reader: object) -> None: ...

    def identity(self) -> dict[str, object]:
        return {"about": "a word", **self._stated}

    def generate(self, requests: Sequence[radbench.Request]) -> list[radbench.Reply]:
        self.asked += len(requests)
        return [radbench.Reply(output=self.word) for _ in requests]


def evaluated(model: Says, out: Path) -> tuple[int, Path, set[object]]:
    """How often an object was asked in an evaluation; its run folder, and what it said there."""
    before = model.asked
    run = radbench.evaluate(model, "demo.vqa", out=out, limit=4, draws=0)
    return model.asked - before, run.folder.path, {reply and reply.output for _, replies in run.samples() for reply in replies}


def test_objects_made_with_other_values_never_share_answers_nor_a_run_folder(tmp_path: Path) -> None:
    yes, no = evaluated(Says("yes", version=1), tmp_path), evaluated(Says("no", version=1), tmp_path)

    assert yes[0] == no[0] == 4
    assert yes[1] != no[1]
    assert (yes[2], no[2]) == ({"yes"}, {"no"})


def test_an_object_that_states_its_version_is_not_asked_twice_and_another_version_is_another_run(tmp_path: Path) -> None:
    model = Says("yes", version="step-1")
    first, again, alike = evaluated(model, tmp_path), evaluated(model, tmp_path), evaluated(Says("yes", version="step-1"), tmp_path)
    later = evaluated(Says("yes", version="step-2"), tmp_path)

    assert [first[0], again[0], alike[0], later[0]] == [4, 0, 0, 4]
    assert first[1] == again[1] == alike[1] != later[1]


def test_an_object_without_a_version_is_asked_anew_in_a_run_of_its_own(tmp_path: Path) -> None:
    model = Says("yes")
    first, again = evaluated(model, tmp_path), evaluated(model, tmp_path)

    assert first[0] == again[0] == 4
    assert first[1] != again[1]


@pytest.mark.parametrize("version", [["step", 1], {"step": 1}, 0], ids=["list", "dict", "zero"])
def test_a_version_may_be_of_any_type(version: object, tmp_path: Path) -> None:
    first, again = evaluated(Says("yes", version=version), tmp_path), evaluated(Says("yes", version=version), tmp_path)

    assert (first[0], again[0]) == (4, 0)


def test_an_object_that_cannot_tell_before_it_is_loaded_what_it_was_made_with_is_evaluated_all_the_same(tmp_path: Path) -> None:
    class Unloaded(Says):
        def __init__(self, word: str, width: int, own: object = None) -> None:
            super().__init__(word, version=1)
            self.own: dict[str, object] = {}
            self.own["itself"] = self.own

        @property
        def width(self) -> int:
            raise RuntimeError("not loaded")

    assert evaluated(Unloaded("yes", 3), tmp_path)[0] == 4
    assert evaluated(Unloaded("no", 3), tmp_path)[2] == {"no"}


def test_what_an_object_was_made_with_is_told_by_a_digest_alone(tmp_path: Path) -> None:
    run = radbench.evaluate(Says("a-secret-key", version=1), "demo.vqa", out=tmp_path, limit=1, draws=0)

    assert "a-secret-key" not in run.folder.run.read_text()


def test_texts_are_scored_without_a_task() -> None:
    values = radbench.score(
        ["clear lungs", ["small left effusion", "left effusion"]], ["clear lungs", "left effusion"], ["bleu", {"rouge": {"stem": True}}]
    )

    assert values["bleu-1"].value == pytest.approx(1.0)
    assert values["rougeL"].value == pytest.approx(1.0)
    assert "stem:yes" in values["rougeL"].signature


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A catalogue with the metric `noting` and its judge, which answers nearby."""
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "noted.py").write_text(PLUGIN)
    judge(folder)
    return folder


def judge(folder: Path, endpoint: str = "http://127.0.0.1:1/v1") -> None:
    log = folder / "judge.log"
    (folder / "judge.yaml").write_text(f"title: A judge\nfamily: noted\nendpoint: {endpoint}\narguments: {{log: {log}}}\n")


def test_texts_are_scored_by_metrics_that_ask_annotators(tmp_path: Path) -> None:
    references, candidates = ["Small left pleural effusion.", "The lungs are clear."], ["There is a left pleural effusion.", "Edema."]

    values = radbench.score(references, candidates, [{"chexbert": {"annotator": "rules-14"}}], store=tmp_path)

    assert values["f1:Pleural Effusion"].value == 1.0
    assert values["precision_14_micro"].value == pytest.approx(1 / 2)  # an effusion that is there, an edema that is not
    assert "|by:rules-14@" in values["precision_14_micro"].signature


def test_a_judge_is_asked_once_for_equal_texts_and_its_replies_are_kept(judged: Path, tmp_path: Path) -> None:
    texts, store = ["one", "two", "one"], tmp_path / "said"

    values = [radbench.score(texts, texts, ["noting"], catalog=[judged], store=store)["noting"].value for _ in range(2)]

    assert values == [1.0, 1.0]
    assert (judged / "judge.log").read_text().splitlines() == ["one", "two"]
    assert [file.name.split("-")[0] for file in store.glob("judge/*/*.jsonl")] == ["credentialed"]


def test_texts_count_as_closed_until_they_are_said_to_be_open(judged: Path, tmp_path: Path) -> None:
    judge(judged, "https://judge.example.com/v1")
    agreement = "provider=judge.example.com;retention=none;training=no;review=no;by=A. Person;date=2026-01-01"

    with pytest.raises(DataTermsError, match=r"annotator judge answers at the external host `judge\.example\.com`: nothing was sent"):
        radbench.score(["one"], ["one"], ["bleu", "noting"], catalog=[judged], store=tmp_path)
    assert not (judged / "judge.log").exists()
    for terms in ({"access": "open"}, {"data_agreement": agreement}):
        assert radbench.score(["one"], ["one"], ["noting"], catalog=[judged], store=tmp_path, **terms)["noting"].value == 1.0


def test_weights_of_an_annotator_are_looked_for_where_they_are_said_to_lie(judged: Path, tmp_path: Path) -> None:
    (judged / "judge.yaml").write_text(f"title: A judge\nfamily: noted\narguments: {{log: {judged / 'judge.log'}}}\n")

    with pytest.raises(ContentError, match="metric noting asks `judge`, which cannot be asked: no weights at"):
        radbench.score(["one"], ["one"], ["noting"], catalog=[judged], store=tmp_path, weights={"judge": tmp_path / "nothing"})


def test_clusters_widen_the_interval_of_repeated_patients() -> None:
    rng = np.random.default_rng(0)
    right = rng.integers(0, 2, 40)
    references, candidates = ["yes"] * 200, [("no", "yes")[i] for i in np.repeat(right, 5)]
    patients = [str(i) for i in np.repeat(np.arange(40), 5)]

    by_patient = radbench.score(references, candidates, ["answer_text"], clusters=patients)["exact_match"]
    by_row = radbench.score(references, candidates, ["answer_text"])["exact_match"]

    assert by_patient.value == by_row.value
    assert np.ptp(by_patient.ci) > 1.5 * np.ptp(by_row.ci)


def test_slips_are_named() -> None:
    with pytest.raises(ContentError, match="2 references, 1 candidates"):
        radbench.score(["a", "b"], ["a"], ["bleu"])
    for stated in ({"seed": -1}, {"limit": 0}, {"repeats": 0}, {"draws": -5}, {"images": "swappd"}):
        ((name, value),) = stated.items()
        with pytest.raises(ContentError, match=f"{name}: .*expected .*, got `{value}`"):
            radbench.evaluate("constant-yes", "demo.vqa", **stated)
    for no_model in (None, Says):
        with pytest.raises(ContentError, match=r"no model: .*; expected a name, a card's path, a function"):
            radbench.evaluate(no_model, "demo.vqa")
    nameless = Says("yes")
    nameless.identity = lambda: None  # type: ignore[assignment, method-assign, return-value]  # the slip
    with pytest.raises(ContentError, match="`identity` of Says gives `None`; expected a mapping"):
        radbench.evaluate(nameless, "demo.vqa")
    with pytest.raises(ContentError, match="expected a name, or one name with its options"):
        radbench.score(["a"], ["a"], [{"rouge": {}, "bleu": {}}])
    with pytest.raises(RunError, match=r"run\.json"):
        radbench.load_run("nowhere")


def test_a_missing_value_lists_those_there_are(tmp_path: Path) -> None:
    run = radbench.evaluate("constant-yes", "demo.vqa", out=tmp_path, limit=3, draws=0)

    with pytest.raises(KeyError, match="token_f1"):
        run["accuracy"]


def test_a_value_prints_on_one_line(tmp_path: Path) -> None:
    run = radbench.evaluate("majority", "demo.vqa", out=tmp_path, draws=20)
    value = run["exact_match"]

    assert value.ci is not None
    low, high = value.ci
    assert str(value) == f"exact_match {value.value:.4f} [{low:.4f}, {high:.4f}] n={value.n_scored} {value.signature}"
    assert repr(value) == str(value)


def test_a_value_that_was_not_measured_says_why(tmp_path: Path) -> None:
    run = radbench.evaluate("majority", "demo.vqa", out=tmp_path, draws=0)
    unmeasured = radbench.Run(run.folder, run.record, run.summary.model_copy(update={"problems": ("bertscore: no weights at DIR",)}))

    with pytest.raises(KeyError, match=r"no value `bertscore_f1`.* Not measured: bertscore: no weights at DIR\."):
        unmeasured["bertscore_f1"]


def test_a_board_prints_as_its_table(tmp_path: Path) -> None:
    radbench.evaluate("majority", "demo.vqa", out=tmp_path, draws=0)

    shown = repr(radbench.board("demo", tmp_path))

    assert shown.startswith("The demo suite")
    assert "RunFolder" not in shown
    assert "exact_match" in shown
    assert any(line.startswith("majority") for line in shown.splitlines())


def test_a_board_is_filled_from_runs_and_shown_by_notebooks(tmp_path: Path) -> None:
    radbench.evaluate("majority", "demo.vqa", out=tmp_path, draws=0)

    board = radbench.board("demo", tmp_path)

    assert [line.name for line in board.lines] == ["majority"]
    assert board._repr_markdown_().startswith("**The demo suite")


def test_the_cases_of_a_run_are_what_its_metrics_saw(tmp_path: Path) -> None:
    run = radbench.evaluate("constant-yes", "demo.vqa", out=tmp_path, limit=12)

    cases = list(run.cases())

    assert len(cases) == run.summary.counts.n_total
    assert {case.sample.id for case in cases} == {sample.id for sample, _ in run.samples()}
    assert sum(case.text == "yes" for case in cases) == run.summary.counts.n_total - run.summary.counts.n_unparsed
