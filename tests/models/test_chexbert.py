"""The reader of chexbert.pth, held against a plain forward pass on tiny random checkpoints of the published layout."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from tiny_encoders import REPORTS, chexbert_state, write_chexbert, write_vocabulary

from radbench.errors import WeightsError
from radbench.findings import LABELS
from radbench.media import Reader
from radbench.metrics import chexbert as metric
from radbench.models import _encoders as encoders
from radbench.models.base import Annotator, Embedder
from radbench.models.chexbert import Chexbert
from radbench.sample import Request, Turn

torch = pytest.importorskip("torch", reason="needs the `local` extra")
transformers = pytest.importorskip("transformers", reason="needs the `local` extra")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_chexbert(tmp_path_factory.mktemp("chexbert"))


@pytest.fixture(scope="module")
def chexbert(folder):
    return loaded(folder)


def loaded(weights, **options):
    model = Chexbert(weights=weights, **options)
    model.load(Reader({}))
    return model


def requests(texts, kind="annotate"):
    return [Request(kind=kind, turns=(Turn("user", (text,)),)) for text in texts]


def plain_forward(folder, text):
    """[CLS] and classes of one report: the definition, without batches, padding or masks."""
    state = chexbert_state(folder)
    config = transformers.AutoConfig.from_pretrained(folder)
    bert = transformers.BertModel(config).eval()
    bert.load_state_dict({k.removeprefix("module.bert."): v for k, v in state.items() if k.startswith("module.bert.")})
    words = transformers.AutoTokenizer.from_pretrained(folder).tokenize(" ".join(text.split()))[:510]
    ids = transformers.AutoTokenizer.from_pretrained(folder).convert_tokens_to_ids(["[CLS]", *words, "[SEP]"])
    with torch.no_grad():
        vector = bert(torch.tensor([ids])).last_hidden_state[0, 0]
    logits = [state[f"module.linear_heads.{i}.weight"] @ vector + state[f"module.linear_heads.{i}.bias"] for i in range(14)]
    return vector.numpy(), {label: int(scores.argmax()) for label, scores in zip(LABELS, logits, strict=True)}


LONG = " ".join(REPORTS * 30)


def test_labels_and_vectors_equal_a_plain_forward_pass(folder, chexbert):
    texts = [*REPORTS, "  Lungs\n are\t clear. ", LONG]
    labels = chexbert.annotate(requests(texts))
    vectors = chexbert.embed(requests(texts, "embed"))
    for text, said, embedded in zip(texts, labels, vectors, strict=True):
        vector, classes = plain_forward(folder, text)
        assert said.output == classes
        np.testing.assert_allclose(embedded.output.array()[0], vector, rtol=1e-3, atol=1e-3)  # kept as float16


def test_a_batch_equals_its_reports_one_by_one_in_any_order(folder, chexbert):
    alone = loaded(folder)
    assert [alone.annotate([request])[0] for request in reversed(requests(REPORTS))] == list(chexbert.annotate(requests(REPORTS)))[::-1]


def test_several_texts_of_one_request_are_embedded_in_order(chexbert):
    together = chexbert.embed([Request(kind="embed", turns=(Turn("user", REPORTS[:3]),))])[0].output.array()
    alone = [reply.output.array()[0] for reply in chexbert.embed(requests(REPORTS[:3], "embed"))]
    np.testing.assert_array_equal(together, alone)


def test_reader_and_metric_name_the_labels_alike():
    assert metric.LABELS == LABELS


def test_it_annotates_and_embeds_and_its_identity_is_json_and_holds_the_digest_of_the_weights(folder, chexbert):
    assert isinstance(chexbert, Annotator)
    assert isinstance(chexbert, Embedder)
    identity = chexbert.identity()
    assert json.loads(json.dumps(identity)) == identity
    assert identity == loaded(folder / "chexbert.pth", tokenizer=folder).identity()


def test_other_weights_have_another_identity(folder, chexbert, tmp_path):
    def change(state):
        state["module.linear_heads.3.bias"] += 1

    other = loaded(write_chexbert(tmp_path, change)).identity()
    assert {key for key in other if other[key] != chexbert.identity()[key]} == {"weights"}


def drop(state):
    del state["module.linear_heads.13.bias"]


def rename(state):
    state["module.linear_heads.13.prejudice"] = state.pop("module.linear_heads.13.bias")


def add(state):
    state["module.junk"] = torch.zeros(1)


def reshape(state):
    state["module.linear_heads.13.weight"] = torch.zeros(4, 32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop, r"missing: linear_heads\.13\.bias"),
        (rename, r"missing: linear_heads\.13\.bias; unexpected: linear_heads\.13\.prejudice"),
        (add, r"unexpected: junk"),
        (reshape, r"misshaped: linear_heads\.13\.weight \(expected \(2, 32\), got \(4, 32\)\)"),
        (dict.clear, r"missing: bert\.embeddings.* and 62 more"),
    ],
)
def test_a_checkpoint_of_other_tensors_is_refused_by_their_names(tmp_path, change, message):
    with pytest.raises(WeightsError, match=message):
        loaded(write_chexbert(tmp_path, change))


def test_the_position_ids_that_old_files_hold_are_no_weights(tmp_path, chexbert):
    def add_position_ids(state):
        state["module.bert.embeddings.position_ids"] = torch.arange(512)[None]

    model = loaded(write_chexbert(tmp_path, add_position_ids))
    assert list(model.annotate(requests(REPORTS))) == list(chexbert.annotate(requests(REPORTS)))


def test_a_truncated_file_is_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "chexbert.pth"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="truncated"):
        loaded(tmp_path)


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save({"junk": torch.zeros(1)}, write_vocabulary(tmp_path) / "chexbert.pth")
    with pytest.raises(WeightsError, match="no `model_state_dict`"):
        loaded(tmp_path)


@pytest.mark.parametrize("weights", [None, "absent/chexbert", "."])
def test_without_weights_the_message_says_where_they_go_and_what_can_be_used_instead(weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"chexbert\.pth .*rules-14"):
        loaded(weights)


def test_without_a_vocabulary_the_folder_is_named(folder, tmp_path):
    shutil.copy(folder / "chexbert.pth", tmp_path)
    with pytest.raises(WeightsError, match=r"config\.json"):
        loaded(tmp_path)
    shutil.copy(folder / "config.json", tmp_path)
    with pytest.raises(WeightsError, match="no vocabulary"):
        loaded(tmp_path)


def test_linear_layers_handed_to_onednn_compute_the_same_numbers():
    network = torch.nn.Sequential(torch.nn.Linear(24, 40), torch.nn.GELU(), torch.nn.Sequential(torch.nn.Linear(40, 4)))
    given = torch.randn(3, 5, 24, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        before = network(given)
        encoders.hand_to_onednn(network)
        assert torch.allclose(network(given), before, atol=1e-5)
    assert not any(type(layer) is torch.nn.Linear for layer in network.modules())
