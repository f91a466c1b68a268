"""Causal language models, on tiny random ones that the tests build: plumbing, not quality."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from radbench.catalog import Catalog
from radbench.errors import ContentError, MissingDataError, SampleModelError, WeightsError
from radbench.media import Reader
from radbench.models.base import Generator, Ranker
from radbench.models.hf_text import HfText
from radbench.running.answering import answer
from radbench.sample import Media, Request, Tokens, Turn

torch = pytest.importorskip("torch", reason="needs the extra `local`")
transformers = pytest.importorskip("transformers", reason="needs the extra `local`")

SENTENCES = ["Is there a pleural effusion on the left side?", "The heart is enlarged and the lungs are clear. yes no"]
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
NO_SYSTEM = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "[{{ message['content'] }}]{% endfor %}"
)
SHAREGPT = "{% for message in messages %}{{ message['from'] }}: {{ message['value'] }}{% endfor %}"


def write_tokenizer(folder: Path, template: str | None = None) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE(unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<unk>", "<s>", "</s>", "<pad>", "<|user|>", "<|system|>", "<|assistant|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet))
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, additional_special_tokens=special[4:], **names)
    made.chat_template = template
    made.save_pretrained(folder)


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny models are slower on several threads, and much slower where other tests run beside these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_model(folder: Path, architecture: str) -> Path:
    """A folder as it is published: config.json, model.safetensors, tokenizer files."""
    torch.manual_seed(3)
    sizes = {"vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "max_position_embeddings": 256}
    if architecture == "llama":
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(num_key_value_heads=2, tie_word_embeddings=False, **sizes, **ids))
    else:
        model = transformers.PhiForCausalLM(transformers.PhiConfig(**sizes, **ids))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)  # apart enough that no two tokens are nearly as likely
    model.save_pretrained(folder)
    write_tokenizer(folder, TEMPLATE)
    return folder


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny llama"), "llama")


@pytest.fixture(params=["llama", "phi"])
def any_weights(request: pytest.FixtureRequest, weights: Path, tmp_path: Path) -> Path:
    return weights if request.param == "llama" else write_model(tmp_path, "phi")


def loaded(weights: Path, **options: object) -> HfText:
    model = HfText(weights=weights, device="cpu", **options)
    model.load(Reader({}))
    return model


def asked(text: str, limit: int | None = 6, kind: str = "generate", options: tuple[str, ...] = ()) -> Request:
    return Request(kind=kind, turns=(Turn("user", (text,)),), options=options, max_new_tokens=limit)


TEXTS = ["Is the heart enlarged?", "yes", "Is there a pleural effusion on the left side, and are the lungs clear?", "no", "The heart."]
MIXED = [asked(text, limit) for text, limit in zip(TEXTS, (6, 9, 6, 3, 9), strict=True)]
RANKED = [asked(text, None, "rank", ("yes", "no", "pleural effusion")) for text in TEXTS]


def outcomes(replies):
    return [(reply.output, reply.finish_reason, reply.tokens, reply.error) for reply in replies]


def greedy(weights: Path, prompt: str, n: int) -> list[int]:
    """The most likely next tokens, one plain forward pass each."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(weights)
    model = transformers.AutoModelForCausalLM.from_pretrained(weights, dtype=torch.float32).eval()
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    new: list[int] = []
    with torch.inference_mode():
        while len(new) < n and 2 not in new:
            new.append(int(model(torch.tensor([ids + new])).logits[0, -1].argmax()))
    return new


def test_it_generates_and_ranks(weights):
    model = loaded(weights)
    assert isinstance(model, Generator)
    assert isinstance(model, Ranker)
    assert (model.generate([]), model.rank([])) == ([], [])


def test_a_batch_equals_one_by_one_in_any_order(any_weights):
    model = loaded(any_weights, batch_size=3)
    together = outcomes(model.generate(MIXED))
    assert outcomes(model.generate(MIXED[::-1])) == together[::-1]
    assert [outcomes(model.generate([request]))[0] for request in MIXED] == together


def test_the_answer_is_that_of_plain_forward_passes_on_the_written_conversation(any_weights):
    request = Request(turns=(Turn("system", ("Be brief.",)), Turn("user", ("Is the heart", "enlarged?"))), max_new_tokens=8)
    (reply,) = loaded(any_weights).generate([request])
    prompt = "<|system|>Be brief.</s><|user|>Is the heart\nenlarged?</s><|assistant|>"
    tokens = [token for token in greedy(any_weights, prompt, 8) if token != 2]
    tokenizer = transformers.AutoTokenizer.from_pretrained(any_weights)
    assert reply.output == tokenizer.decode(tokens, skip_special_tokens=True)
    assert reply.tokens == Tokens(len(tokenizer(prompt, add_special_tokens=False)["input_ids"]), len(tokens))


def test_likelihoods_are_those_of_plain_forward_passes(any_weights):
    replies = loaded(any_weights, batch_size=4).rank(RANKED)
    tokenizer = transformers.AutoTokenizer.from_pretrained(any_weights)
    plain = transformers.AutoModelForCausalLM.from_pretrained(any_weights, dtype=torch.float32).eval()
    for text, reply in zip(TEXTS, replies, strict=True):
        prompt = tokenizer(f"<|user|>{text}</s><|assistant|>", add_special_tokens=False)["input_ids"]
        for option, score in reply.output.items():
            ids = tokenizer(option, add_special_tokens=False)["input_ids"]
            with torch.inference_mode():
                logs = plain(torch.tensor([prompt + ids])).logits[0].log_softmax(-1)
            expected = sum(float(logs[len(prompt) - 1 + i, token]) for i, token in enumerate(ids))
            assert score == pytest.approx(expected, abs=1e-3)
        assert tuple(reply.output) == ("yes", "no", "pleural effusion")


def test_a_ranking_without_options_and_an_empty_option_are_answered(weights):
    none, empty = loaded(weights).rank([asked("yes", None, "rank"), asked("yes", None, "rank", ("", "no"))])
    assert none.output == {}
    assert empty.output[""] == 0.0
    assert math.isfinite(empty.output["no"])


def test_the_lower_limit_of_request_and_card_holds_and_is_told(weights):
    model = loaded(weights, generation={"max_new_tokens": "4", "eos_token_id": 399})
    long, short, open_ended = model.generate([asked("yes", 100), asked("yes", 2), asked("yes", None)])
    assert [reply.tokens.output for reply in (long, short, open_ended)] == [4, 2, 4]
    assert {reply.finish_reason for reply in (long, short, open_ended)} == {"length"}


def test_without_any_limit_512_tokens_are_the_most(weights):
    assert "and 512 new ones" in loaded(weights).generate([asked("yes", None)])[0].error


def test_an_end_mark_ends_the_answer_and_is_no_part_of_it(weights):
    first = greedy(weights, "<|user|>yes</s><|assistant|>", 1)[0]
    (reply,) = loaded(weights, generation={"eos_token_id": [first, 399]}).generate([asked("yes")])
    assert (reply.output, reply.finish_reason, reply.tokens.output) == ("", "stop", 0)


def test_without_a_template_turns_stand_below_each_other(weights, tmp_path):
    write_tokenizer(tmp_path)
    request = Request(turns=(Turn("system", ("Be brief.",)), Turn("user", ("yes",))), max_new_tokens=5)
    (reply,) = loaded(weights, tokenizer=tmp_path).generate([request])
    tokens = [token for token in greedy(weights, "Be brief.\n\nyes\n", 5) if token != 2]
    assert reply.output == transformers.AutoTokenizer.from_pretrained(tmp_path).decode(tokens, skip_special_tokens=True)


@pytest.mark.parametrize(("template", "written"), [(NO_SYSTEM, "[Be brief.\n\nyes]"), (SHAREGPT, "system: Be brief.human: yes")])
def test_templates_without_a_system_role_and_of_the_sharegpt_form_are_served(weights, template, written):
    turns = (Turn("system", ("Be brief.",)), Turn("user", ("yes",)))
    assert loaded(weights, prompt=template)._chat(turns) == written


def test_the_card_of_green_writes_the_published_conversation(weights):
    card = Catalog().model("green-radllama2-7b")
    model = loaded(weights, prompt=card.options()["prompt"])
    assert model._chat((Turn("user", ("Compare.",)),)) == "<s><|user|>\nCompare.</s>\n<|assistant|>\n"


def test_a_conversation_that_the_template_refuses_fails_alone(weights):
    model = loaded(weights, prompt="{% if 'zzz' in messages[0]['content'] %}{{ raise_exception('no') }}{% endif %}yes")
    with pytest.raises(SampleModelError, match="chat template refuses"):
        model.generate([asked("zzz")])
    assert [reply.error is None for reply in answer(model, [asked("zzz"), asked("no")])] == [False, True]


def test_images_and_prompts_beyond_the_context_are_errors_of_their_request_alone(weights):
    film = Request(turns=(Turn("user", (Media(name="d", path="a.png"), "yes")),))
    image, long, fine = loaded(weights).generate([film, asked("heart " * 300), asked("yes")])
    assert "reads text alone" in image.error
    assert "do not fit into the model's context of 256" in long.error
    assert fine.error is None
    assert "reads text alone" in loaded(weights).rank([film])[0].error


def test_the_identity_is_json_and_follows_weights_settings_and_tokenizer(weights, tmp_path):
    identity = loaded(weights).identity()
    assert json.loads(json.dumps(identity)) == identity
    assert identity == loaded(weights).identity()
    assert identity["family"] == "hf-text"
    write_tokenizer(tmp_path)
    others = [loaded(weights, tokenizer=tmp_path), loaded(weights, prompt=SHAREGPT), loaded(weights, generation={"max_new_tokens": 9})]
    assert all(other.identity() != identity for other in others)


def copied(weights: Path, folder: Path) -> tuple[Path, dict]:
    from safetensors.torch import load_file

    for file in weights.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    return folder, load_file(weights / "model.safetensors")


def damaged(weights: Path, folder: Path, how: str) -> Path:
    from safetensors.torch import save_file

    folder, tensors = copied(weights, folder)
    name = next(key for key in tensors if "q_proj.weight" in key)
    tensor = tensors.pop(name)
    if how == "renamed":
        tensors[name.replace("q_proj", "q_projection")] = tensor
    elif how == "truncated":
        tensors[name] = tensor[:-1].clone()
    elif how == "extra":
        tensors |= {name: tensor, "junk.weight": tensor.clone()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("missing", r"missing: .*q_proj\.weight"),
        ("renamed", r"missing: .*q_proj\.weight; unexpected: .*q_projection\.weight"),
        ("truncated", r"of another shape: .*q_proj\.weight"),
        ("extra", r"unexpected: .*junk\.weight"),
    ],
)
def test_a_checkpoint_that_does_not_hold_exactly_its_tensors_is_refused_by_name(weights, tmp_path, how, told):
    with pytest.raises(WeightsError, match=told):
        loaded(damaged(weights, tmp_path, how))


def test_a_torn_checkpoint_is_refused(weights, tmp_path):
    copied(weights, tmp_path)
    (tmp_path / "model.safetensors").write_bytes((weights / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(WeightsError, match="cannot be read"):
        loaded(tmp_path)


def test_absent_weights_are_missed_by_name(weights, tmp_path):
    with pytest.raises(MissingDataError, match="needs `weights`"):
        HfText().load(Reader({}))
    with pytest.raises(MissingDataError, match="a hub id needs `revision`"):
        loaded(tmp_path / "absent")
    (tmp_path / "config.json").write_bytes((weights / "config.json").read_bytes())
    with pytest.raises(MissingDataError, match="no weights"):
        loaded(tmp_path)


def test_construction_touches_nothing_and_refuses_a_batch_of_none(tmp_path):
    assert HfText(weights=tmp_path / "absent").batch_size >= 1
    with pytest.raises(ContentError, match="batch_size"):
        HfText(batch_size=0)
    with pytest.raises(ContentError, match="max_new_tokens"):
        HfText(generation={"max_new_tokens": "many"})
