"""Tiny random encoders in the layouts in which the real ones are published, made anew by each test that needs one."""

from __future__ import annotations

import string
from pathlib import Path

WORDS = (
    *("no", "left", "right", "small", "large", "pleural", "effusion", "heart", "enlarged", "lungs", "clear", "the", "is", "are", "a"),
    *("pneumothorax", "edema", "acute", "fracture", "with", "mild", "consolidation", "lobe", "lower", "upper", "normal", "line", "in"),
    *".,;:()-/",
    *string.ascii_lowercase,
    *(f"##{letter}" for letter in string.ascii_lowercase),
    *string.digits,
)
REPORTS = (
    "No acute fracture.",
    "The heart is enlarged, with a small left pleural effusion and mild edema in the lower lobe.",
    "Lungs are clear.",
    "",
    "Right upper lobe consolidation. No pneumothorax. The heart is normal; the lungs are clear; a line is in the right lobe.",
    "Effusion.",
)


def write_vocabulary(folder: Path) -> Path:
    """A BERT vocabulary and configuration: hidden size 32, two layers."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    bert_config(len(words)).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)
    return folder


def bert_config(n_words: int):
    import transformers

    return transformers.BertConfig(
        vocab_size=n_words,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=512,
        initializer_range=0.5,  # or all texts would look the same to random weights
    )


def chexbert_state(folder: Path) -> dict:
    """The tensors of a tiny CheXbert, named as in the published checkpoint."""
    import torch
    import transformers

    torch.manual_seed(7)
    config = transformers.AutoConfig.from_pretrained(folder)
    state = {f"module.bert.{key}": tensor for key, tensor in transformers.BertModel(config).state_dict().items()}
    for i in range(14):
        n_classes = 2 if i == 13 else 4
        state[f"module.linear_heads.{i}.weight"] = torch.randn(n_classes, config.hidden_size)
        state[f"module.linear_heads.{i}.bias"] = torch.randn(n_classes)
    return state


def write_chexbert(folder: Path, change=None) -> Path:
    """chexbert.pth with configuration and vocabulary beside it; `change` may alter the tensors first."""
    import torch

    write_vocabulary(folder)
    state = chexbert_state(folder)
    if change is not None:
        change(state)
    torch.save({"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"state": {}}}, folder / "chexbert.pth")
    return folder


def write_encoder(folder: Path) -> Path:
    """A BERT encoder as transformers saves it, with its tokenizer."""
    return _save(folder, "BertModel", n_labels=2)


ENTITY_LABELS = (
    "O",
    *(f"{part}-{kind}" for kind in ("ABNORMALITY", "NON-ABNORMALITY", "DISEASE", "NON-DISEASE", "ANATOMY") for part in "BI"),
)


def write_tagger(folder: Path) -> Path:
    """A token classifier with the labels of RaTEScore's."""
    return _save(folder, "BertForTokenClassification", n_labels=len(ENTITY_LABELS))


def _save(folder: Path, kind: str, n_labels: int) -> Path:
    import torch
    import transformers

    write_vocabulary(folder)
    torch.manual_seed(7)
    config = transformers.AutoConfig.from_pretrained(folder, num_labels=n_labels)
    if n_labels == len(ENTITY_LABELS):
        config.id2label = dict(enumerate(ENTITY_LABELS))
    getattr(transformers, kind)(config).save_pretrained(folder)
    return folder


def change_safetensors(folder: Path, change) -> None:
    """Alter the tensors of model.safetensors in place."""
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors", {"format": "pt"})
