"""radbench's metrics in the package `evaluate`."""

from __future__ import annotations

import pytest

import radbench
from radbench.errors import ContentError, UnknownNameError

evaluate = pytest.importorskip("evaluate", reason="needs the extra `evaluate`")

SAID = ["No effusion.", "The heart is enlarged.", ""]
WANTED = ["No pleural effusion.", "The heart is large.", "Clear lungs."]


@pytest.mark.parametrize(
    ("metric", "options"), [("bleu", {"case": "lower"}), ("rouge", {"stem": True}), ("cider", {}), ("answer-text", {})]
)
def test_its_numbers_are_those_of_radbench(metric, options):
    own = {name: value.value for name, value in radbench.score(WANTED, SAID, [{metric: options}], draws=0).items()}

    assert radbench.as_evaluate(metric, **options).compute(predictions=SAID, references=WANTED) == own


def test_several_references_go_in_as_lists():
    module = radbench.as_evaluate("rouge")
    found = module.compute(predictions=["Clear lungs."], references=[["Enlarged heart.", "Clear lungs."]])

    assert found["rougeL"] == 1.0


def test_it_is_filled_in_batches_and_combined_like_any_module():
    module = radbench.as_evaluate("bleu")
    for said, wanted in zip(SAID, WANTED, strict=True):
        module.add(prediction=said, reference=wanted)
    whole = module.compute()
    both = evaluate.combine([radbench.as_evaluate("bleu"), radbench.as_evaluate("chrf")]).compute(predictions=SAID, references=WANTED)

    assert isinstance(module, evaluate.Metric)
    assert whole == radbench.as_evaluate("bleu").compute(predictions=SAID, references=WANTED)
    assert both.items() >= whole.items()
    assert len(both) > len(whole)


def test_a_metric_may_ask_its_annotator(tmp_path):
    module = radbench.as_evaluate("chexbert", annotator="rules-14", store=tmp_path)

    assert module.compute(predictions=["There is a fracture."], references=["Fracture of a rib."])["f1:Fracture"] == 1.0
    assert list(tmp_path.glob("rules-14/*/*.jsonl"))


def test_what_radbench_refuses_is_refused_when_it_is_made():
    with pytest.raises(UnknownNameError, match="did you mean `bleu`"):
        radbench.as_evaluate("bleuu")
    with pytest.raises(ContentError, match="no option `tok`"):
        radbench.as_evaluate("bleu", tok="13a")
