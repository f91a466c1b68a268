"""Labels by rules: cues and their scope, reports and sections, other rule files, and the accuracy that the docs state."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError, MissingDataError
from radbench.findings import LABELS
from radbench.media import Reader
from radbench.metrics.chexbert import Chexbert
from radbench.models import rules_14
from radbench.models.base import Annotator
from radbench.models.rules_14 import BLANK, NEGATIVE, POSITIVE, UNCERTAIN, Rules14, sentences
from radbench.sample import Case, Request, Turn

REPOSITORY = Path(__file__).resolve().parents[2]


def loaded(file: Path | None = None) -> Rules14:
    made = Rules14(file=file)
    made.load(Reader({}))
    return made


RULES = loaded()


def request(text: str) -> Request:
    return Request(kind="annotate", turns=(Turn("user", (text,)),))


def stated(text: str) -> dict[str, int]:
    """The labels that are not blank, but for No Finding."""
    return {label: int(kind) for label, kind in RULES.labels(text).items() if kind != BLANK and label != "No Finding"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There is a small effusion.", POSITIVE),
        ("There is no effusion.", NEGATIVE),
        ("Effusion is not seen.", NEGATIVE),
        ("Effusion is no longer seen.", NEGATIVE),
        ("No change in the effusion.", POSITIVE),
        ("A small effusion is possible.", UNCERTAIN),
        ("Possible effusion.", UNCERTAIN),
        ("An effusion cannot be excluded.", UNCERTAIN),
        ("Likely no effusion.", NEGATIVE),
        ("No edema, but a small effusion.", POSITIVE),
        ("No edema with an effusion.", POSITIVE),
        ("The edema is not seen, and the effusion is unchanged.", POSITIVE),
        ("Pericardial effusion.", BLANK),
        ("Evaluate for effusion.", BLANK),
    ],
)
def test_a_cue_concerns_the_findings_in_its_scope(text, expected):
    assert RULES.labels(text)["Pleural Effusion"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Heart size is normal.", NEGATIVE),
        ("Heart size is not normal.", POSITIVE),
        ("Heart size is probably normal.", UNCERTAIN),
    ],
)
def test_a_normal_phrase_means_the_absence_of_its_finding(text, expected):
    assert RULES.labels(text)["Cardiomegaly"] == expected


def test_over_a_report_present_wins_over_uncertain_and_uncertain_over_absent():
    assert stated("No effusion. Possible effusion.") == {"Pleural Effusion": UNCERTAIN}
    assert stated("No effusion. Possible effusion. Effusion on the left.") == {"Pleural Effusion": POSITIVE}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", BLANK),
        ("...", BLANK),
        ("The lungs are clear.", POSITIVE),
        ("A pacemaker is in place.", POSITIVE),
        ("Possible edema.", BLANK),
        ("Severe scoliosis.", BLANK),
        ("No scoliosis.", POSITIVE),
    ],
)
def test_no_finding_is_present_where_nothing_but_devices_is(text, expected):
    assert RULES.labels(text)["No Finding"] == expected


def test_a_line_break_within_a_sentence_does_not_end_it_and_a_list_item_does():
    assert list(sentences("No\neffusion.\n1. Edema\n2. Clear bones\n\nnodule vs. mass 3.5 cm")) == [
        "no effusion",
        "1",
        "edema",
        "2",
        "clear bones",
        "nodule vs mass 3.5 cm",
    ]


def test_case_line_breaks_and_commas_do_not_count():
    text = "No pleural effusion, pneumothorax or consolidation."
    assert RULES.labels(text) == RULES.labels(text.upper()) == RULES.labels(text.replace(" ", "\n")) == RULES.labels(text.replace(",", ""))


@given(st.text(max_size=200))
def test_any_text_has_a_class_for_each_of_the_14_findings(text):
    labels = RULES.labels(text)
    assert tuple(labels) == LABELS
    assert set(labels.values()) <= {BLANK, POSITIVE, NEGATIVE, UNCERTAIN}


@given(st.lists(st.sampled_from(["No effusion.", "Edema.", "Possible nodule.", "Heart is normal."]), max_size=6))
def test_the_order_of_sentences_is_irrelevant(parts):
    assert RULES.labels(" ".join(parts)) == RULES.labels(" ".join(reversed(parts)))


def test_it_annotates_requests_in_order_as_one_by_one():
    requests = [request(text) for text in ("Edema.", "No edema.", "")]
    together = RULES.annotate(requests)
    assert isinstance(RULES, Annotator)
    assert together == [RULES.annotate([one])[0] for one in requests]
    assert [reply.output["Edema"] for reply in together] == [POSITIVE, NEGATIVE, BLANK]


def test_another_rule_file_changes_labels_and_identity(tmp_path):
    rules = yaml.load(Path(rules_14.__file__).with_suffix(".yaml").read_text("utf-8"), yaml.BaseLoader)
    rules["findings"]["Edema"]["present"].append("wet lungs")
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(rules))
    own = loaded(tmp_path / "own.yaml")
    assert RULES.labels("Wet lungs.")["Edema"] == BLANK
    assert own.labels("Wet lungs.")["Edema"] == POSITIVE
    assert own.identity() != RULES.identity()
    assert json.loads(json.dumps(own.identity())) == own.identity()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"annotator `rules-14`: no file `.*rules\.yaml`"),
        ("clauses: [", r"rules\.yaml is no YAML"),
        ("clauses: [but]", r"rules\.yaml is not built like radbench's own rule file: KeyError 'cues'"),
    ],
)
def test_a_rule_file_that_cannot_be_used_is_refused(content, message, tmp_path):
    file = tmp_path / "rules.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises((ContentError, MissingDataError), match=message):
        loaded(file)


def test_an_unknown_finding_in_a_rule_file_is_named(tmp_path):
    rules = yaml.load(Path(rules_14.__file__).with_suffix(".yaml").read_text("utf-8"), yaml.BaseLoader)
    rules["findings"]["Oedema"] = {"present": ["wet"]}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(rules))
    with pytest.raises(ContentError, match=r"the findings `Oedema` are unknown"):
        loaded(tmp_path / "own.yaml")


def test_the_docs_state_its_accuracy_on_the_labelled_texts():
    spec = importlib.util.spec_from_file_location("benchmark_of_rules", REPOSITORY / "benchmarks" / "rules.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    assert benchmark.table() in (REPOSITORY / "docs" / "clinical-metrics.md").read_text("utf-8")


def test_it_stands_in_where_labels_of_chexbert_are_wanted():
    metric = Chexbert(annotator="rules-14", uncertain="negative")
    case = Case.of("Small effusion. No edema.", ["Effusion. The heart is enlarged."])
    replies = tuple(RULES.annotate([ask.request])[0] for ask in metric.asks(case, ()))
    rows = metric.measure([Case(case.sample, case.answer, 0, replies)])
    assert metric.aggregate(rows.array, np.ones((1, 1)))["f1_14_micro"] == pytest.approx(2 / 3)  # one of two found, none wrong
