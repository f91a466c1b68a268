"""The entities of RaTEScore: spans of a report with a type, by a token classifier read from a folder.

Source: Zhao et al., RaTEScore, arXiv 2406.16845, section 3.1; MAGIC-AI4Med/RaTEScore, RaTEScore/score.py and utils.py (model
Angelakeke/RaTE-NER-Deberta; the sentences are cut by a rule of our own in place of medspacy's).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from radbench.errors import ModelError
from radbench.extras import need
from radbench.models import _encoders as encoders
from radbench.sample import Reply, Request

if TYPE_CHECKING:
    from radbench.media import Reader

_WHAT: Final = "annotator of family `ratescore-ner`"
_INSTEAD: Final = "Expected the folder of Angelakeke/RaTE-NER-Deberta: config.json, model.safetensors, the tokenizer's files"
_MAX_TOKENS: Final = 512
_SHORTEST: Final = 3  # characters of a sentence, as upstream
_BETWEEN: Final = re.compile(r"(?<=[.!?])\s+|\s*\n\s*\n\s*")


class RatescoreNer:
    """Finds entities (`annotate`): JSON text {"entities": [{"text", "type"}, ...]} in the order of the report.

    Types are those of the classifier's labels B-<type> and I-<type>; in the published one ABNORMALITY, NON-ABNORMALITY, DISEASE,
    NON-DISEASE and ANATOMY. A report is cut into sentences after `.`, `!` or `?` before white space, and at empty lines; those
    shorter than 3 characters are left out. A report without a sentence has no entities: no row is lost.

    Args:
        weights: a folder, or a hub id in the local cache with its `revision`.
        tokenizer: the folder of the tokenizer, where it is not that of the weights.
        device: `auto` takes a GPU where there is one.
        batch_size: reports whose sentences are sorted by length at once; passes are smaller.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        tokenizer: str | Path | None = None,
        revision: str | None = None,
        device: str = "auto",
        batch_size: int = 128,
    ) -> None:
        self.batch_size = batch_size
        self._weights, self._folder, self._revision, self._device_name = weights, tokenizer, revision, device
        self._identity: dict[str, object] = {}

    def load(self, reader: Reader) -> None:  # noqa: ARG002 - it reads texts alone
        """Read weights and tokenizer.

        Raises:
            WeightsError: there are none, or other tensors than the model's.
        """
        place = encoders.locate(self._weights, self._revision, what=_WHAT, instead=_INSTEAD)
        folder = Path(self._folder).expanduser() if self._folder is not None else place
        self._tokenizer = encoders.read_tokenizer(folder, what=_WHAT)
        model = encoders.read_pretrained("AutoModelForTokenClassification", place, what=_WHAT, unused=("pooler.",))
        self._labels = model.config.id2label
        self._device = encoders.pick_device(self._device_name, what=_WHAT)
        self._model = model.to(self._device)
        self._identity = {
            "family": "ratescore-ner",
            "version": 1,
            "weights": encoders.digest(place),
            "tokenizer": encoders.tokenizer_digest(folder),
            "max_tokens": _MAX_TOKENS,
        }

    def identity(self) -> Mapping[str, object]:
        """Digests of weights and tokenizer."""
        return self._identity

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The entities of each report."""
        asked = [encoders.texts(request) for request in requests]
        if any(len(one) != 1 for one in asked):
            raise ModelError(f"{_WHAT} reads one text at a time")
        reports = [sentences(text) for (text,) in asked]
        found = self._entities(list(dict.fromkeys(sentence for report in reports for sentence in report)))
        entities = ([entity for sentence in report for entity in found[sentence]] for report in reports)
        return [Reply(output=json.dumps({"entities": own}, ensure_ascii=False)) for own in entities]

    def _entities(self, asked: Sequence[str]) -> dict[str, list[dict[str, str]]]:
        torch = need("torch", extra="local", purpose=_WHAT)
        found: dict[str, list[dict[str, str]]] = {}
        if not asked:
            return found
        cut = self._tokenizer(
            list(asked), truncation=True, max_length=_MAX_TOKENS, return_offsets_mapping=True, return_special_tokens_mask=True
        )
        with torch.inference_mode():
            for places, ids, mask in encoders.passes(cut["input_ids"], self._device, self._tokenizer.pad_token_id or 0):
                classes = self._model(input_ids=ids, attention_mask=mask).logits.argmax(dim=2).tolist()
                for place, own in zip(places, classes, strict=True):
                    tokens = zip(cut["offset_mapping"][place], cut["special_tokens_mask"][place], own, strict=False)  # padding follows
                    labelled = ((start, end, self._labels[label]) for (start, end), is_special, label in tokens if not is_special)
                    found[asked[place]] = [{"text": asked[place][a:b].strip(), "type": kind} for a, b, kind in spans(labelled)]
        return found


def sentences(text: str) -> list[str]:
    """The sentences of a report that are long enough to say something.

    >>> sentences("No effusion. A.\\nHeart size\\nis normal.\\n\\nImpression")
    ['No effusion.', 'Heart size\\nis normal.', 'Impression']
    """
    return [sentence for part in _BETWEEN.split(text) if len(sentence := part.strip()) >= _SHORTEST]


def spans(tokens: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Entities (start, end, type) from tokens (start, end, label): B- opens one, I- of any type goes on with it, O closes it.

    >>> spans([(0, 4, "B-ANATOMY"), (5, 9, "I-ANATOMY"), (10, 12, "O"), (13, 15, "I-DISEASE")])
    [(0, 9, 'ANATOMY')]
    """
    found: list[tuple[int, int, str]] = []
    is_open = False
    for start, end, label in tokens:
        if label.startswith("B-"):
            found.append((start, end, label[2:]))
        elif label.startswith("I-") and is_open:
            found[-1] = (found[-1][0], end, found[-1][2])
        is_open = label.startswith("B-") or (is_open and label.startswith("I-"))
    return found
