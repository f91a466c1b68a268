"""What each cause adds to a gap, against gaps that are counted by hand on a few answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from bench import TASK, Bench

from radbench.conventions import Aggregation, Convention
from radbench.folder import RunFolder, write_json
from radbench.reproducing.cells import CAUSES, CellReproduced
from radbench.reproducing.reproduce import reproduce
from radbench.reproducing.steps import Scorer, Way, parts, views
from radbench.running.annotations import Annotators

PUBLISHED = "model,task,dataset,split,protocol,n,exposure,metric,value,low,high,unit,version,source,note\n"


def answered(folder: Path, asked: dict[str, Any], rows: Sequence[dict[str, Any]], outputs: Sequence[str]) -> tuple[Bench, RunFolder]:
    """A run in which a model gave these outputs to these rows."""
    bench = Bench(folder / "bench")
    bench.write_rows({"id": f"q{i}", "patient": f"p{i}", "question": "What is seen?", "kind": "any", **row} for i, row in enumerate(rows))
    bench.ask |= {key: value for key, value in asked.items() if key != "dataset_options"}
    bench.ask["dataset_options"] |= {"columns": {"id": "id", "question": "question", "answer": "answer", "cluster": "patient"}}
    bench.ask["dataset_options"] |= asked.get("dataset_options", {})
    bench.write_card()
    lines = [json.dumps({"id": f"q{i}", "output": output}) for i, output in enumerate(outputs)]
    (bench.folder / "said.jsonl").write_text("\n".join(lines) + "\n")
    card = {"title": "Said", "family": "replay", "arguments": {"file": str(bench.folder / "said.jsonl")}}
    (bench.cards / "said.yaml").write_text(yaml.safe_dump(card))
    return bench, bench.run("said").folder


def way(metric: str, id_: str, **changed: Any) -> Way:
    options = changed.pop("options", {})
    same = {"is_reciprocal": False, "convention": Convention(), "reader": "strict", "aggregation": Aggregation(), "is_selected": False}
    return Way.of(metric, options, id=id_, **{**same, **changed})


def gaps(made: tuple[Bench, RunFolder], start: Way, end: Way, ids: Sequence[str] | None = None) -> dict[str, float | None]:
    """What each cause that changes something adds; `whole` is the value at the end minus that at the start."""
    bench, folder = made
    annotators = Annotators(bench.catalog(), bench.out / "annotations")
    with views(folder, ids) as (whole, selected):
        scorer = Scorer(whole, selected, bench.catalog().task(TASK), annotators, 0)
        found = parts(scorer, start, end, is_selection_given=ids is not None)
        assert [part.cause for part in found] == list(CAUSES)
        first, last = scorer.value(start), scorer.value(end)
    assert first is not None
    assert last is not None
    return {part.cause: part.change for part in found if part.change} | {"whole": last - first}


def test_selection_three_of_four_are_right_and_the_paper_scored_two_of_those(tmp_path: Path) -> None:
    made = answered(tmp_path, {}, [{"answer": "yes"}] * 4, ["yes", "yes", "yes", "no"])

    found = gaps(made, way("answer-text", "exact_match"), way("answer-text", "exact_match", is_selected=True), ["q0", "q1"])

    assert found == {"selection": 1 - 3 / 4, "whole": 1 - 3 / 4}


REPORTS = {
    "protocol": "report",
    "options": {"form": "both"},
    "dataset_options": {"sections": {"findings": "findings", "impression": "impression"}},
}


def test_section_the_findings_are_right_and_one_impression_of_two_is(tmp_path: Path) -> None:
    rows = [{"findings": "clear lungs", "impression": "normal"}] * 2
    made = answered(tmp_path, REPORTS, rows, ["Findings: clear lungs\nImpression: normal", "Findings: clear lungs\nImpression: edema"])

    found = gaps(made, way("answer-text", "exact_match"), way("answer-text", "exact_match", convention=Convention("findings")))

    assert found == {"section": 1 - 1 / 2, "whole": 1 - 1 / 2}


def test_cleaning_one_reference_of_four_holds_a_mark(tmp_path: Path) -> None:
    made = answered(tmp_path, {}, [{"answer": "XXXX effusion"}, *[{"answer": "effusion"}] * 3], ["effusion"] * 4)

    found = gaps(made, way("answer-text", "exact_match"), way("answer-text", "exact_match", convention=Convention(clean=("marks",))))

    assert found == {"cleaning": 1 - 3 / 4, "whole": 1 - 3 / 4}


CLOSED = {"options": {"form": "closed"}, "dataset_options": {"answer_kind": "choice", "options": ["yes", "no"]}}
NORMAL = "yes, the image looks normal"  # holds both "yes" and, in "normal", "no"


def test_reader_a_substring_finds_every_answer_in_one_sentence(tmp_path: Path) -> None:
    made = answered(tmp_path, CLOSED, [{"answer": "yes"}] * 2 + [{"answer": "no"}] * 3, [NORMAL] * 5)

    found = gaps(made, way("classification", "accuracy"), way("classification", "accuracy", reader="legacy.llavamed_closed_v2"))

    assert found == {"reader": pytest.approx(1 - 2 / 5), "whole": pytest.approx(1 - 2 / 5)}


def test_metric_one_word_of_two_is_right(tmp_path: Path) -> None:
    made = answered(tmp_path, {}, [{"answer": "left effusion"}], ["right effusion"])

    assert gaps(made, way("answer-text", "exact_match"), way("bleu", "bleu-1")) == {"metric": 0.5, "whole": 0.5}


def test_tokenizer_one_word_of_two_differs_in_case(tmp_path: Path) -> None:
    made = answered(tmp_path, {}, [{"answer": "clear lungs"}], ["Clear lungs"])

    found = gaps(made, way("bleu", "bleu-1"), way("bleu", "bleu-1", options={"case": "lower"}))

    assert found == {"tokenizer": 0.5, "whole": 0.5}


def test_label_policy_the_only_finding_is_uncertain_in_the_reference(tmp_path: Path) -> None:
    made = answered(tmp_path, REPORTS, [{"findings": "Possible pulmonary edema.", "impression": ""}], ["Findings: Pulmonary edema."])
    start, end = (way("chexbert", "f1_14_micro", options={"annotator": "rules-14", "uncertain": said}) for said in ("positive", "negative"))

    assert gaps(made, start, end) == {"label policy": -1.0, "whole": -1.0}


def test_aggregation_a_mean_of_cases_in_place_of_counts_over_all(tmp_path: Path) -> None:
    made = answered(tmp_path, {}, [{"answer": "a"}, {"answer": "b y z"}], ["a", "b c d"])
    over_all, mean = (1 + 1) / (1 + 3), (1 / 1 + 1 / 3) / 2

    found = gaps(made, way("bleu", "bleu-1"), way("bleu", "bleu-1", options={"over": "cases"}))

    assert found == {"aggregation": pytest.approx(mean - over_all), "whole": pytest.approx(mean - over_all)}


def test_causes_come_one_after_the_other_and_add_up(tmp_path: Path) -> None:
    """Cleaning makes q0 right, as 3 of 4; then the metric counts single words: q3 has one of two."""
    rows = [{"answer": "XXXX effusion"}, {"answer": "effusion"}, {"answer": "effusion"}, {"answer": "left effusion"}]
    made = answered(tmp_path, {}, rows, ["effusion", "effusion", "effusion", "right effusion"])

    found = gaps(made, way("answer-text", "exact_match"), way("answer-text", "token_f1", convention=Convention(clean=("marks",))))

    assert found == {
        "cleaning": 3 / 4 - 2 / 4,
        "metric": pytest.approx((3 + 1 / 2) / 4 - 3 / 4),
        "whole": pytest.approx((3 + 1 / 2) / 4 - 2 / 4),
    }


def held_against(made: tuple[Bench, RunFolder], metric: str, value: str, shown: str, **row: str) -> CellReproduced:
    """The run beside one published row, under the convention of LLaVA-Med."""
    bench, folder = made
    stated = {"model": "Said", "task": "made", "split": "test", "metric": metric, "value": value, "unit": "percent", "n": "5", **row}
    names = PUBLISHED.strip().split(",")
    (bench.cards / "rows.csv").write_text(PUBLISHED + ",".join(f'"{stated.get(name, "")}"' for name in names) + "\n")
    board = {"title": "Made", "rows": "rows.csv", "columns": [{"task": TASK, "value": shown, "published": {"metric": metric}}]}
    (bench.cards / "made.yaml").write_text(yaml.safe_dump(board))
    (cell,) = reproduce(folder, "llava-med", Annotators(bench.catalog(), bench.out / "annotations")).cells
    return cell


def test_a_paper_that_reads_by_substring_is_reproduced_and_its_gain_is_the_readers(tmp_path: Path) -> None:
    made = answered(tmp_path, CLOSED, [{"answer": "yes"}] * 2 + [{"answer": "no"}] * 3, [NORMAL] * 5)

    found = held_against(made, "closed accuracy", "100.0", "accuracy", source="arXiv 2306.00890", protocol="LLaVA-Med")

    assert found.verdict == "reproduced"
    assert found.strict is not None
    assert found.strict.value == pytest.approx(2 / 5)
    assert {part.cause: part.change for part in found.parts if part.change} == {"reader": pytest.approx(1 - 2 / 5)}
    assert found.unexplained == pytest.approx(0)
    assert found.reasons == ()


def test_a_run_of_a_part_of_the_split_that_the_card_counts_says_so(tmp_path: Path) -> None:
    bench, folder = answered(tmp_path, CLOSED, [{"answer": "yes"}] * 5, ["yes"] * 5)
    run = folder.read_run()
    write_json(folder.run, run.model_copy(update={"task_card": run.task_card | {"about": {"n": 60}}}))

    found = held_against((bench, folder), "closed accuracy", "100", "accuracy", source="a paper", n="unstated")

    assert "the whole test split has 60 samples, as the task's card says, ours are 5" in found.reasons


def test_what_speaks_against_a_row_is_told(tmp_path: Path) -> None:
    made = answered(tmp_path, CLOSED, [{"answer": "yes"}] * 5, ["yes"] * 5)

    found = held_against(made, "closed accuracy", "20", "accuracy", source="someone else", split="validation", n="7")

    assert found.verdict == "not reproduced"
    assert found.reasons == (
        "the row's source is not known to score as LLaVA-Med and those who follow its code, closed and open questions does",
        "the source states n = 7, ours is 5",
        "the row is of `validation`, the run of the test split",
        "the source does not state who scored it, and how",
    )
