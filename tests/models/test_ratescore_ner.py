"""The entities of RaTEScore, by a tiny random token classifier."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_encoders import ENTITY_LABELS, REPORTS, change_safetensors, write_tagger

from radbench.errors import WeightsError
from radbench.media import Reader
from radbench.models.base import Annotator
from radbench.models.ratescore_ner import RatescoreNer, sentences, spans
from radbench.sample import Request, Turn

torch = pytest.importorskip("torch", reason="needs the `local` extra")
transformers = pytest.importorskip("transformers", reason="needs the `local` extra")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tagger(tmp_path_factory.mktemp("tagger"))


@pytest.fixture(scope="module")
def tagger(folder):
    return loaded(folder)


def loaded(folder):
    model = RatescoreNer(weights=folder)
    model.load(Reader({}))
    return model


def asked(model, *texts):
    replies = model.annotate([Request(kind="annotate", turns=(Turn("user", (text,)),)) for text in texts])
    return [json.loads(reply.output)["entities"] for reply in replies]


def plain_entities(folder, text):
    """Sentence by sentence, token by token, without batches."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    found = []
    for sentence in sentences(text):
        cut = tokenizer(sentence, return_offsets_mapping=True)
        with torch.no_grad():
            classes = model(torch.tensor([cut["input_ids"]])).logits[0].argmax(dim=1)[1:-1].tolist()
        labels = [(a, b, ENTITY_LABELS[label]) for (a, b), label in zip(cut["offset_mapping"][1:-1], classes, strict=True)]
        found += [{"text": sentence[a:b], "type": kind} for a, b, kind in spans(labels)]
    return found


def test_entities_equal_a_plain_pass_sentence_by_sentence(folder, tagger):
    expected = [plain_entities(folder, report) for report in REPORTS]
    assert asked(tagger, *REPORTS) == expected
    assert sum(map(len, expected)) > 10


def test_a_report_without_a_sentence_has_no_entities_and_moves_no_other(tagger):
    assert asked(tagger, "", REPORTS[1], "a.", REPORTS[2]) == [[], *asked(tagger, REPORTS[1]), [], *asked(tagger, REPORTS[2])]
    assert asked(tagger, "") == [[]]


def test_it_is_an_annotator_whose_identity_is_json(tagger):
    assert isinstance(tagger, Annotator)
    assert json.loads(json.dumps(tagger.identity())) == tagger.identity()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("classifier.bias"), r"missing: classifier\.bias"),
        (
            lambda state: state.update({"classifier.prejudice": state.pop("classifier.bias")}),
            r"missing: classifier\.bias; unexpected: classifier\.prejudice",
        ),
        (lambda state: state.update(junk=state["classifier.bias"].clone()), "unexpected: junk"),
        (
            lambda state: state.update({"classifier.bias": state["classifier.bias"][:-1].clone()}),
            r"misshaped: classifier\.bias \(expected \(11,\), got \(10,\)\)",
        ),
    ],
    ids=["missing", "renamed", "extra", "truncated"],
)
def test_a_classifier_of_other_tensors_is_refused_by_their_names(tmp_path, change, message):
    change_safetensors(write_tagger(tmp_path), change)
    with pytest.raises(WeightsError, match=message):
        loaded(tmp_path)


def test_a_torn_file_is_refused(tmp_path):
    file = write_tagger(tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="cannot be read"):
        loaded(tmp_path)


def test_without_weights_the_message_says_what_is_expected(tmp_path):
    with pytest.raises(WeightsError, match="RaTE-NER-Deberta"):
        loaded(tmp_path / "absent")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("A mass of 3.5 cm. Stable.", ["A mass of 3.5 cm.", "Stable."]),
        ("Heart size\nis normal.\n\nNo edema", ["Heart size\nis normal.", "No edema"]),
        ("A. B.", []),
        ("", []),
    ],
)
def test_sentences_end_after_marks_and_at_empty_lines(text, expected):
    assert sentences(text) == expected


@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"])))
def test_there_is_one_entity_for_each_opening_label(labels):
    tokens = [(2 * i, 2 * i + 1, label) for i, label in enumerate(labels)]
    found = spans(tokens)
    openings = [(start, label[2:]) for start, _, label in tokens if label.startswith("B-")]
    assert [(start, kind) for start, _, kind in found] == openings
    for start, end, _ in found:
        assert all(labels[i // 2].startswith("I-") for i in range(start + 2, end, 2))
