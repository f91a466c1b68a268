"""RadGraph archives in the published layout, with random weights, and the encoder's configuration and vocabulary beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

LABELS = {
    "radgraph": ("ANAT-DP", "OBS-DP", "OBS-U", "OBS-DA"),
    "radgraph-xl": ("Observation::definitely present", "Anatomy::definitely present", "Observation::definitely absent"),
    "modern-radgraph-xl": ("Observation::definitely present", "Anatomy::definitely present", "Observation::definitely absent"),
}
RELATIONS = ("modify", "located_at", "suggestive_of")
WORDS = (
    *("no", "small", "left", "right", "pleural", "effusion", "clear", "lung", "heart", "normal", "opacity", "nodule", "mm", "the"),
    *("is", "are", "of", "in", "a", ".", ",", "/", "(", ")", "%", "12", "basal", "##s", "##ular", "lob", "un", "##changed", "-"),
)

REPORTS = (
    "The lungs are clear. No pleural effusion.",
    "Small left pleural effusion, unchanged; the heart is normal in size.\nA 12mm nodule (50%) in the right lobular lung.",
    "Normal",
    "lungs",
    "Opacity/nodule in the left lung",
    "\u200d small \u200d opacity",
    " ".join(["The right lung is clear and the small basal opacity is unchanged , no effusion ."] * 4),
)


@dataclass(frozen=True)
class Size:
    """How large the parts are; the default is tiny."""

    hidden: int = 32
    layers: int = 2
    heads: int = 2
    inner: int = 64
    feed: tuple[int, ...] = (16, 12)
    features: int = 5
    widths: int = 6
    max_length: int | None = 24
    entity_bias: float = 0.0  # added to the scores of all entity labels: fewer of them where it is below 0
    words: tuple[str, ...] = field(default=WORDS, repr=False)


def write_archive(folder: Path, model_type: str, size: Size = Size(), seed: int = 5) -> Path:
    """The unpacked archive `folder`, with the encoder's files in `folder/tokenizer`; the folder."""
    import torch
    from transformers import AutoModel

    (folder / "vocabulary").mkdir(parents=True)
    config = write_encoder(folder / "tokenizer", size, is_modern=model_type.startswith("modern"))
    for kind, labels in (("ner", ("", *LABELS[model_type])), ("relation", ("", *RELATIONS))):
        (folder / "vocabulary" / f"{model_type}__{kind}_labels.txt").write_text("\n".join(labels))
    (folder / "vocabulary" / "non_padded_namespaces.txt").write_text("*tags\n*labels\n")
    (folder / "config.json").write_text(json.dumps(_config(size, str(folder / "tokenizer"))))
    torch.manual_seed(seed)
    encoder = AutoModel.from_config(config).state_dict()
    tensors = {f"_embedder.token_embedder_bert._matched_embedder.transformer_model.{name}": tensor for name, tensor in encoder.items()}
    for name, shape in _shapes(model_type, size).items():
        tensors[name] = torch.randn(shape) * (1.0 if len(shape) == 1 else 1.5 / shape[-1] ** 0.5)
    tensors[f"_ner._ner_scorers.{model_type}__ner_labels.1._module.bias"] += size.entity_bias
    torch.save(tensors, folder / "weights.th")
    return folder


def write_encoder(folder: Path, size: Size = Size(), *, is_modern: bool = False):
    """The encoder's configuration and vocabulary; the configuration."""
    from transformers import BertConfig, ModernBertConfig

    folder.mkdir(parents=True)
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    common = {
        "vocab_size": len(special) + len(size.words),
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.inner,
    }
    if is_modern:
        tokens = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
        config = ModernBertConfig(**common, **tokens, max_position_embeddings=512)
        _modern_tokenizer((*special, *size.words)).save(str(folder / "tokenizer.json"))
        named = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **named}))
    else:
        config = BertConfig(**common, max_position_embeddings=512)
        (folder / "vocab.txt").write_text("\n".join((*special, *size.words)) + "\n")
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True}))
    config.save_pretrained(folder)
    return config


def _modern_tokenizer(vocabulary: tuple[str, ...]):
    """A tokenizer without a class of its own that frames whole texts with [CLS] and [SEP], as ModernBERT's."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def _config(size: Size, encoder: str) -> dict:
    bert = {"type": "pretrained_transformer_mismatched", "model_name": encoder, "max_length": size.max_length}
    return {
        "dataset_reader": {"type": "dygie", "max_span_width": size.widths, "token_indexers": {"bert": bert}},
        "model": {
            "type": "dygie",
            "embedder": {"token_embedders": {"bert": bert}},
            "initializer": {},
            "module_initializer": {},
            "feature_size": size.features,
            "max_span_width": size.widths,
            "target_task": "relation",
            "loss_weights": {"ner": 0.2, "relation": 1.0, "coref": 0.0, "events": 0.0},
            "feedforward_params": {"num_layers": len(size.feed), "hidden_dims": list(size.feed), "dropout": 0.4},
            "modules": {
                "ner": {},
                "coref": {"spans_per_word": 0.3, "max_antecedents": 100, "coref_prop": 0},
                "relation": {"spans_per_word": 0.6},
                "events": {
                    "trigger_spans_per_word": 0.3,
                    "argument_spans_per_word": 0.8,
                    "loss_weights": {"trigger": 1.0, "arguments": 1.0},
                },
            },
        },
    }


def _shapes(model_type: str, size: Size) -> dict[str, tuple[int, ...]]:
    """All tensors besides the encoder's, written down from the state dict of the package's own model."""
    one, two = size.feed
    span, features = 2 * size.hidden + size.features, size.features
    ner, relation = f"{model_type}__ner_labels", f"{model_type}__relation_labels"
    networks = {  # prefix -> inputs
        f"_ner._ner_scorers.{ner}.0._module.": span,
        f"_relation._mention_pruners.{relation}._scorer.0._module.": span,
        f"_relation._relation_feedforwards.{relation}.": 3 * span,
        "_coref._mention_pruner._scorer.0._module.": span,
        "_coref._antecedent_feedforward._module.": 3 * span + features,
    }
    linears = {  # name -> outputs, inputs
        f"_ner._ner_scorers.{ner}.1._module": (len(LABELS[model_type]), two),
        f"_relation._mention_pruners.{relation}._scorer.1._module": (1, two),
        f"_relation._relation_scorers.{relation}": (len(RELATIONS) + 1, two),
        "_coref._mention_pruner._scorer.1._module": (1, two),
        "_coref._antecedent_scorer._module": (1, two),
        "_coref._f_network._linear_layers.0": (span, 2 * span),
    }
    for prefix, n_in in networks.items():
        linears |= {f"{prefix}_linear_layers.0": (one, n_in), f"{prefix}_linear_layers.1": (two, one)}
    shapes = {f"{name}.weight": shape for name, shape in linears.items()} | {f"{name}.bias": shape[:1] for name, shape in linears.items()}
    return shapes | {
        "_endpoint_span_extractor._span_width_embedding.weight": (size.widths, features),
        "_coref._distance_embedding.weight": (10, features),
        "_events._distance_embedding.weight": (10, features),
    }
