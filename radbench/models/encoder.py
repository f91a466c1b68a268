"""Any text encoder that transformers reads from a folder: BERTScore and cosine of two texts, and the vectors of texts.

Source: Zhang et al., BERTScore, arXiv 1904.09675, section 3, without IDF, as the package bert-score 0.3.13 computes it; mean
pooling: Reimers and Gurevych, Sentence-BERT, arXiv 1908.10084.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from radbench.errors import ModelError, WeightsError
from radbench.extras import need
from radbench.models import _encoders as encoders
from radbench.sample import Reply, Request, Vectors

if TYPE_CHECKING:
    from radbench.media import Reader

_WHAT: Final = "annotator of family `encoder`"
_INSTEAD: Final = "Expected a folder with config.json, model.safetensors and the tokenizer's files. Without one: `rouge`, `bleu`, `chrf`"
# of checkpoints saved with another head, or without a pooler: an encoder's hidden states need neither
_UNUSED: Final = ("pooler.", "cls.", "lm_head.", "head.", "classifier.", "vocab_", "embeddings.position_ids")
_PREFIX_SPACE: Final = {"roberta", "gpt2"}  # their first word is cut like the others only after a blank (as in bert-score)


class Encoder:
    """Compares two texts (`annotate`, of the turn's two parts): {"precision", "recall", "f1", "cosine"}, in [-1, 1].

    Precision is the mean over the first text's tokens of the highest cosine with any token of the second, recall the
    reverse, F1 their harmonic mean (BERTScore, not rescaled); [CLS] and [SEP] can be matched but do not count. They are 0 where
    either text is empty. `cosine` is that of the pooled vectors. The matching is done here: token vectors are too large to be stored.

    Asked to `embed`, it gives the pooled vector of each text: (n, hidden). Texts are stripped and cut at `max_tokens`.

    Args:
        weights: a folder, or a hub id in the local cache with its `revision`.
        tokenizer: the folder of the tokenizer, where it is not that of the weights.
        layer: take the hidden states after so many layers; by default all.
        pooling: the mean over all tokens, or the first token's vector.
        max_tokens: a longer text is cut, [CLS] and [SEP] counted.
        device: `auto` takes a GPU where there is one.
        batch_size: requests sorted by length at once; passes are smaller.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        tokenizer: str | Path | None = None,
        revision: str | None = None,
        layer: int | None = None,
        pooling: Literal["mean", "cls"] = "mean",
        max_tokens: int = 512,
        device: str = "auto",
        batch_size: int = 128,
    ) -> None:
        self.batch_size = batch_size
        self.layer, self.pooling, self.max_tokens = layer, pooling, max_tokens
        self._weights, self._folder, self._revision, self._device_name = weights, tokenizer, revision, device
        self._identity: dict[str, object] = {}

    def load(self, reader: Reader) -> None:  # noqa: ARG002 - it reads texts alone
        """Read weights and tokenizer.

        Raises:
            WeightsError: there are none, they lack a tensor, or there are fewer layers than asked for.
        """
        place = encoders.locate(self._weights, self._revision, what=_WHAT, instead=_INSTEAD)
        folder = Path(self._folder).expanduser() if self._folder is not None else place
        self._tokenizer = encoders.read_tokenizer(folder, what=_WHAT)
        model = encoders.read_pretrained("AutoModel", place, what=_WHAT, unused=_UNUSED)
        if self.layer is not None:
            _cut(model, self.layer, place)
        self._prefix = " " if model.config.model_type in _PREFIX_SPACE else ""
        self._device = encoders.pick_device(self._device_name, what=_WHAT)
        self._model = model.to(self._device)
        self._identity = {
            "family": "encoder",
            "version": 1,
            "weights": encoders.digest(place),
            "tokenizer": encoders.tokenizer_digest(folder),
            "layer": self.layer,
            "pooling": self.pooling,
            "max_tokens": self.max_tokens,
        }

    def identity(self) -> Mapping[str, object]:
        """Digests of weights and tokenizer, and the options."""
        return self._identity

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """How alike the two texts of each request are."""
        pairs = [encoders.texts(request) for request in requests]
        if any(len(pair) != 2 for pair in pairs):
            raise ModelError(f"{_WHAT} compares two texts at a time")
        read = self._read([text for pair in pairs for text in pair])
        return [Reply(output=_compare(read[candidate], read[reference])) for candidate, reference in pairs]

    def embed(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The pooled vector of each text of the last turn."""
        torch = need("torch", extra="local", purpose=_WHAT)
        asked = [encoders.texts(request) for request in requests]
        read = self._read([text for one in asked for text in one])
        return [Reply(output=Vectors.of(torch.stack([read[text].pooled for text in one]).cpu().numpy())) for one in asked]

    def _read(self, wanted: Sequence[str]) -> dict[str, _Text]:
        """Hidden states of each distinct text."""
        torch = need("torch", extra="local", purpose=_WHAT)
        new = list(dict.fromkeys(wanted))
        words = [text and self._prefix + text for text in map(str.strip, new)]
        token_ids = self._tokenizer(words, truncation=True, max_length=self.max_tokens)["input_ids"]
        ends = (self._tokenizer.cls_token_id, self._tokenizer.sep_token_id)
        marks = torch.tensor([mark for mark in ends if mark is not None], device=self._device)
        read: dict[str, _Text] = {}
        with torch.inference_mode():
            for places, ids, mask in encoders.passes(token_ids, self._device, self._tokenizer.pad_token_id or 0):
                states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
                for place, own_ids, own in zip(places, ids, states, strict=True):
                    n = len(token_ids[place])
                    pooled = own[0] if self.pooling == "cls" else own[:n].mean(dim=0)
                    read[new[place]] = _Text(torch.nn.functional.normalize(own[:n], dim=-1), ~torch.isin(own_ids[:n], marks), pooled)
        return read


class _Text:
    """A text as the encoder sees it: unit vectors of its tokens (n, hidden), which of them count (n), and the pooled vector."""

    __slots__ = ("counted", "pooled", "tokens")

    def __init__(self, tokens: Any, counted: Any, pooled: Any) -> None:  # noqa: ANN401  # torch tensors; torch is optional
        self.tokens, self.counted, self.pooled = tokens, counted, pooled


def _compare(candidate: _Text, reference: _Text) -> dict[str, float]:
    torch = need("torch", extra="local", purpose=_WHAT)
    cosine = float(torch.nn.functional.cosine_similarity(candidate.pooled, reference.pooled, dim=0))
    if not (candidate.counted.any() and reference.counted.any()):
        return {"precision": 0.0, "recall": 0.0, "f1": 0.0, "cosine": cosine}
    likeness = candidate.tokens @ reference.tokens.T
    precision = float(likeness.max(dim=1).values[candidate.counted].mean())
    recall = float(likeness.max(dim=0).values[reference.counted].mean())
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "cosine": cosine}


def _cut(model: Any, layer: int, folder: Path) -> None:  # noqa: ANN401  # a transformers model
    """Drop the layers after `layer`."""
    torch = need("torch", extra="local", purpose=_WHAT)
    n_layers = model.config.num_hidden_layers
    stacks = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList) and len(module) == n_layers]
    if not 1 <= layer <= n_layers or len(stacks) != 1:
        raise WeightsError(f"{_WHAT}: `layer` should be between 1 and {n_layers}, the layers of `{folder}`, got {layer}")
    del stacks[0][layer:]
