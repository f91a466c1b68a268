"""The hallucination panel: what each rate counts, where it can be told, and the places in the text."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from radbench.findings import LABELS
from radbench.metrics.base import Excluded
from radbench.metrics.hallucination import KINDS, Hallucination, Span, spans
from radbench.sample import Case, Media, Reply

REPOSITORY = Path(__file__).resolve().parents[2]
FRONTAL = Media(name="film", path="1.png", view="PA")


def studied(candidate, reference="Normal.", *, said=(), wanted=("No Finding",), media=(FRONTAL,), texts=None):
    """A case with the positive labels of its candidate and its reference."""
    plain = Case.of(candidate, [reference], media=media, texts=texts or {})
    labels = [*([said] if candidate else []), wanted]
    return Case(plain.sample, plain.answer, 0, tuple(Reply(output={label: float(label in found) for label in LABELS}) for found in labels))


def found(case, kind):
    return [case.text[span.start : span.end] for span in spans(case) if span.kind == kind]


def told(case):
    row = Hallucination().row(case)
    return {kind: row[2 * i] for i, kind in enumerate(KINDS) if row[2 * i + 1]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Unchanged effusion compared to the prior study.", ["Unchanged", "compared to", "prior study"]),
        ("The effusion has slightly increased in the interval.", ["has slightly increased", "interval"]),
        ("A new nodule; the line is no longer seen.", ["new", "no longer"]),
        ("No prior study is available for comparison.", []),
        ("Comparison: none.", []),
        ("There is increased opacity after prior surgery.", []),
        ("Clear lungs.", []),
    ],
)
def test_comparisons_count_where_no_earlier_study_was_given(text, expected):
    assert found(studied(text), "comparison_without_prior") == expected


@pytest.mark.parametrize(
    "given",
    [
        {"media": (FRONTAL, Media(name="film", path="0.png", view="PA", is_prior=True))},
        {"texts": {"prior_report": "Small effusion."}},
    ],
)
def test_with_an_earlier_study_comparisons_are_not_told(given):
    assert "comparison_without_prior" not in told(studied("Unchanged effusion.", **given))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PA and lateral views were obtained.", ["PA and lateral"]),
        ("On the lateral view, the sulcus is blunt. Frontal view shows more.", ["lateral view"]),
        ("Two views of the chest.", ["Two views"]),
        ("The lateral chest wall is intact.", []),
        ("A left lateral decubitus film shows fluid.", ["decubitus film"]),
    ],
)
def test_views_that_were_not_shown_are_found(text, expected):
    assert found(studied(text), "absent_view") == expected


def test_views_are_told_where_all_images_name_theirs():
    lateral = Media(name="film", path="2.png", view="LATERAL")
    unknown = Media(name="film", path="3.png")
    text = "PA and lateral views."
    assert told(studied(text, media=(FRONTAL, lateral)))["absent_view"] == 0
    assert "absent_view" not in told(studied(text, media=(FRONTAL, unknown)))
    assert "absent_view" not in told(studied(text, media=()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A nodule of 12 mm and one of 3.5 x 2 cm.", ["12 mm", "3.5 x 2 cm"]),
        ("A nodule of 0.9 cm.", []),
        ("The tip lies 4-5 cm above the carina.", ["4-5 cm"]),
        ("The tip lies 30mm above the carina.", []),
        ("Ribs 3 to 5 on film 2, 50 HU.", ["50 HU"]),
    ],
)
def test_measurements_count_where_no_text_holds_them_in_any_unit(text, expected):
    case = studied(text, "Nodule of 9 mm.", texts={"indication": "Tube 3 centimeters above carina?"})
    assert found(case, "invented_measurement") == expected


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [
        ("Left effusion.", "Small right pleural effusion.", 1),
        ("Left effusion.", "Bilateral effusions.", 0),
        ("Effusion on the left, nodule on the right.", "Left effusion. Right nodule.", 0),
        ("Right base atelectasis with left effusion.", "Left effusion and right atelectasis.", 0),
        ("Left effusion.", "No right effusion.", None),
        ("Left effusion.", "Right nodule.", None),
        ("Effusion.", "Right effusion.", None),
    ],
)
def test_sides_contradict_where_both_name_one_and_none_is_shared(text, reference, expected):
    assert told(studied(text, reference)).get("laterality_contradiction") == expected


def test_a_contradicted_side_is_shown_with_the_reference():
    case = studied("Small left effusion.", "Right effusion.")
    assert spans(case) == [Span("laterality_contradiction", 11, 19, "reference: right")]


def test_positive_labels_count_on_normal_references_alone_and_devices_do_not():
    assert told(studied("Edema.", said=("Edema",)))["positive_on_normal"] == 1
    assert told(studied("Tube.", said=("Support Devices", "No Finding")))["positive_on_normal"] == 0
    assert "positive_on_normal" not in told(studied("Edema.", said=("Edema",), wanted=("Pneumonia",)))
    assert spans(studied("Edema.", said=("Edema", "Pneumonia"))) == [Span("positive_on_normal", 0, 6, "Edema, Pneumonia")]


def test_places_found_by_words_need_no_labels():
    plain = Case.of("Unchanged edema, 9 mm.", ["Normal."])
    assert [span.kind for span in spans(plain)] == ["comparison_without_prior", "invented_measurement"]
    failed = Case(plain.sample, plain.answer, 0, (Reply(error="down"),) * 2)
    assert spans(failed) == spans(plain)


def test_an_empty_report_commits_nothing():
    assert set(told(studied("")).values()) == {0}


def test_rates_are_shares_of_the_cases_where_they_can_be_told():
    cases = [studied("Unchanged.", media=()), studied("Unchanged.", texts={"prior_report": "x"}), studied("Clear.")]
    metric = Hallucination()
    values = metric.aggregate(metric.measure(cases).array, np.ones((1, 3)))
    assert values["comparison_without_prior"][0] == 1 / 2
    assert values["told:comparison_without_prior"][0] == pytest.approx(2 / 3)
    assert values["absent_view"][0] == 0
    assert np.isnan(values["laterality_contradiction"][0])


def test_a_case_without_an_answer_or_labels_is_left_out():
    case = studied("Edema.")
    failed = Case(case.sample, case.answer, 0, (Reply(error="down"), case.annotations[1]))
    assert Hallucination().row(failed) == Excluded("annotator failed")
    assert Hallucination().measure([Case(case.sample, None)]).excluded == ("no readable answer",)


def test_the_docs_state_its_accuracy_on_the_labelled_texts():
    spec = importlib.util.spec_from_file_location("benchmark_of_hallucination", REPOSITORY / "benchmarks" / "hallucination.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    assert benchmark.table() in (REPOSITORY / "docs" / "clinical-metrics.md").read_text("utf-8")
