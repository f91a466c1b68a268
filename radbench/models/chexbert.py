"""CheXbert: the 14 observations of a chest X-ray report, read from the published checkpoint `chexbert.pth`.

Source: Smit et al., CheXbert, arXiv 2004.09167; stanfordmlgroup/CheXbert, src/models/bert_labeler.py (layout of the
checkpoint), src/bert_tokenizer.py (how a report is cut).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from radbench.errors import ModelError, WeightsError
from radbench.extras import need
from radbench.findings import LABELS
from radbench.models import _encoders as encoders
from radbench.sample import Reply, Request, Vectors

if TYPE_CHECKING:
    from radbench.media import Reader

_CLASSES: Final = 4  # blank, positive, negative, uncertain; of No Finding, blank and positive alone
_MAX_TOKENS: Final = 512
_FILE: Final = "chexbert.pth"
_PREFIX: Final = "module."  # the checkpoint was saved from torch's DataParallel
_BUFFER: Final = "bert.embeddings.position_ids"  # saved by transformers before 4.31; holds no weights
_KEPT: Final = 16384  # reports whose reading is remembered: 25 MB of vectors
_WHAT: Final = "annotator `chexbert`"
_INSTEAD: Final = (
    f"Expected {_FILE} with config.json and the vocabulary of bert-base-uncased beside it, or in a folder named as `tokenizer`. "
    "Labels without these weights: annotator `rules-14`, or `label-file` with labels made elsewhere"
)


class Chexbert:
    """Labels a report (`annotate`): {observation: 0 blank, 1 positive, 2 negative, 3 uncertain}, for the 14 LABELS by name.

    Asked to `embed`, it gives the last hidden state of [CLS] for each text: (n, hidden), the vectors of SembScore. White
    space is collapsed, and a report is cut at 512 tokens. A report asked for both is read once.

    Args:
        weights: chexbert.pth, the folder that holds it, or a hub id in the local cache with its `revision`.
        tokenizer: the folder of bert-base-uncased's config.json and vocabulary, where they do not lie beside the weights.
        device: `auto` takes a GPU where there is one.
        batch_size: reports sorted by length at once; passes are smaller.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        revision: str | None = None,
        tokenizer: str | Path | None = None,
        device: str = "auto",
        batch_size: int = 256,
    ) -> None:
        self.batch_size = batch_size
        self._weights, self._revision, self._folder, self._device_name = weights, revision, tokenizer, device
        self._identity: dict[str, object] = {}
        self._read: dict[str, tuple[Mapping[str, float], Any]] = {}

    def load(self, reader: Reader) -> None:  # noqa: ARG002 - it reads texts alone
        """Read weights and vocabulary.

        Raises:
            WeightsError: there are none, or other tensors than CheXbert's; MissingPackageError: no torch.
        """
        place = encoders.locate(self._weights, self._revision, what=_WHAT, instead=_INSTEAD)
        file = place / _FILE if place.is_dir() else place
        if not file.is_file():
            raise WeightsError(f"{_WHAT}: no file `{file}`. {_INSTEAD}")
        torch = need("torch", extra="local", purpose=_WHAT)
        transformers = need("transformers", extra="local", purpose=_WHAT)
        folder = Path(self._folder).expanduser() if self._folder is not None else file.parent
        config = encoders.read_config(folder, what=_WHAT)
        self._tokenizer = encoders.read_tokenizer(folder, what=_WHAT)
        heads = [torch.nn.Linear(config.hidden_size, _CLASSES) for _ in LABELS[:-1]] + [torch.nn.Linear(config.hidden_size, 2)]
        network = torch.nn.ModuleDict({"bert": transformers.BertModel(config), "linear_heads": torch.nn.ModuleList(heads)})
        encoders.fill(network, _state(encoders.read_checkpoint(file, what=_WHAT), file), where=f"{_WHAT}: `{file}`")
        self._device = encoders.pick_device(self._device_name, what=_WHAT)
        self._network = network.eval().to(self._device)
        if self._device.type == "cpu":
            encoders.hand_to_onednn(self._network["bert"])
        self._last_layer = self._network["bert"].encoder.layer[-1]
        del self._network["bert"].encoder.layer[-1]  # only [CLS] goes through it: _first_token
        self._read.clear()
        self._identity = {
            "family": "chexbert",
            "version": 1,
            "weights": encoders.digest(file),
            "config": encoders.digest(folder / "config.json"),
            "tokenizer": encoders.tokenizer_digest(folder),
            "max_tokens": _MAX_TOKENS,
        }

    def identity(self) -> Mapping[str, object]:
        """Digests of weights and vocabulary."""
        return self._identity

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The class of each observation, by name."""
        asked = [_cleaned(encoders.texts(request)) for request in requests]
        if any(len(one) != 1 for one in asked):
            raise ModelError(f"{_WHAT} labels one text at a time")
        self._read_all([text for (text,) in asked])
        return [Reply(output=self._read[text][0]) for (text,) in asked]

    def embed(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The [CLS] vector of each text of the last turn."""
        import numpy as np

        asked = [_cleaned(encoders.texts(request)) for request in requests]
        self._read_all([text for one in asked for text in one])
        return [Reply(output=Vectors.of(np.stack([self._read[text][1] for text in one]))) for one in asked]

    def _read_all(self, wanted: Sequence[str]) -> None:
        torch = need("torch", extra="local", purpose=_WHAT)
        if len(self._read) + len(wanted) > _KEPT:
            self._read.clear()
        new = [text for text in dict.fromkeys(wanted) if text not in self._read]
        if not new:
            return
        token_ids = self._tokenizer(new, truncation=True, max_length=_MAX_TOKENS)["input_ids"]
        with torch.inference_mode():
            for places, ids, mask in encoders.passes(token_ids, self._device, self._tokenizer.pad_token_id):
                states = self._network["bert"](input_ids=ids, attention_mask=mask).last_hidden_state
                vectors = _first_token(self._last_layer, states, mask)
                classes = torch.stack([head(vectors).argmax(dim=1) for head in self._network["linear_heads"]], dim=1).tolist()
                for place, found, vector in zip(places, classes, vectors.half().cpu().numpy(), strict=True):
                    self._read[new[place]] = dict(zip(LABELS, map(float, found), strict=True)), vector


def _first_token(layer: Any, states: Any, mask: Any) -> Any:  # noqa: ANN401  # a layer of transformers' BERT, torch tensors
    """What the last layer makes of [CLS], (n, hidden): the rest of its output is not used, and it is a fourteenth of all work."""
    torch = need("torch", extra="local", purpose=_WHAT)
    attention, first = layer.attention.self, states[:, :1]
    query, key, value = (
        project(given).unflatten(-1, (attention.num_attention_heads, -1)).transpose(1, 2)
        for project, given in ((attention.query, first), (attention.key, states), (attention.value, states))
    )
    seen = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None].bool())
    attended = layer.attention.output(seen.transpose(1, 2).flatten(2), first)
    return layer.output(layer.intermediate(attended), attended)[:, 0]


def _state(checkpoint: Any, file: Path) -> dict[str, Any]:  # noqa: ANN401  # whatever the file holds
    """The tensors of the checkpoint under the names of the network."""
    state = checkpoint.get("model_state_dict") if isinstance(checkpoint, Mapping) else None
    if not isinstance(state, Mapping):
        raise WeightsError(f"{_WHAT}: `{file}` holds no `model_state_dict`, which CheXbert's checkpoint has. It is another file")
    return {name: tensor for key, tensor in state.items() if (name := key.removeprefix(_PREFIX)) != _BUFFER}


def _cleaned(texts: Sequence[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts]
