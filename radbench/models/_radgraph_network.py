"""RadGraph's network: an encoder, scores of spans as entities, and of pairs of spans as relations.

Source: Wadden et al., DyGIE++, arXiv 1909.03546, without propagation, as Stanford-AIMI/radgraph 0.1.18 runs it. It differs
in order alone: many reports go through at once, first layers are applied to words before they are joined to spans, and
relations are scored only between spans that are entities, the only ones whose relations are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

from radbench.models._radgraph_archive import ENCODER, ENTITIES, PAIRS, PRUNER, RELATIONS, WIDTHS, Archive
from radbench.models._radgraph_text import Pieces

_PIECES: Final = {"cpu": 512}  # in one pass, padding included: a processor gains little from more and pays for the padding
_PIECES_ACCELERATED: Final = 16384
_PAIRS: Final = 8192  # scored at once, which bounds the memory for long reports

Layers = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class Graph:
    """What was found in one report, by numbers of words."""

    entities: list[tuple[int, int, str]]  # first and last word, label; in the order of the text
    relations: list[tuple[int, int, str]]  # places in `entities`, label; ordered likewise


class Network:
    """The tensors of a checked archive on a device.

    Args:
        encoder: a transformers model whose configuration fits the archive; it takes the archive's weights.
    """

    def __init__(self, archive: Archive, encoder: Any, model_type: str, device: torch.device) -> None:  # noqa: ANN401  # any encoder
        tensors = archive.tensors
        weights = {name.removeprefix(ENCODER): tensor for name, tensor in tensors.items() if name.startswith(ENCODER)}
        encoder.load_state_dict(weights, assign=True)
        self._encoder = encoder.float().eval().to(device)
        self._device = device
        self._settings = archive.settings
        entities, relations = f"{model_type}__ner_labels", f"{model_type}__relation_labels"
        self._entity_labels, self._relation_labels = archive.labels[entities], archive.labels[relations]

        def layers(*names: str) -> Layers:
            return [(tensors[f"{name}.weight"].float().to(device), tensors[f"{name}.bias"].float().to(device)) for name in names]

        def network(name: str) -> list[str]:
            return [f"{name}._linear_layers.{i}" for i in range(len(archive.settings.hidden))]

        def scorer(name: str) -> Layers:
            return layers(*network(f"{name}.0._module"), f"{name}.1._module")

        self._widths = tensors[WIDTHS].float().to(device)
        self._entity, self._pruner = scorer(ENTITIES.format(entities)), scorer(PRUNER.format(relations))
        self._pair = layers(*network(PAIRS.format(relations)), RELATIONS.format(relations))

    @torch.inference_mode()
    def graphs(self, reports: Sequence[Pieces]) -> list[Graph]:
        """The graph of each report of one word or more."""
        found: dict[int, Graph] = {}
        for places in self._passes(reports):
            found.update(zip(places, self._pass([reports[i] for i in places]), strict=True))
        return [found[i] for i in range(len(reports))]

    def _passes(self, reports: Sequence[Pieces]) -> Iterator[list[int]]:
        """Places of reports of like length, longest first, as many as a pass holds."""
        limit = _PIECES.get(self._device.type, _PIECES_ACCELERATED)
        order = sorted(range(len(reports)), key=lambda i: -reports[i].n_pieces)
        while order:
            n = max(1, limit // max(1, reports[order[0]].n_pieces))
            yield order[:n]
            del order[:n]

    def _pass(self, reports: Sequence[Pieces]) -> list[Graph]:
        words = self._words(reports)
        lengths = np.array([len(report.counts) for report in reports])
        spans = [_spans(int(n), self._settings.max_span_width) for n in lengths]
        report_of = np.repeat(np.arange(len(reports)), [len(one) for one in spans])
        ends = np.concatenate(spans) + (np.cumsum(lengths) - lengths)[report_of, None]
        first, last = (torch.from_numpy(column).to(self._device) for column in ends.T.copy())
        scores = self._span_scores(self._entity, words, first, last)
        labels = torch.where(scores.amax(dim=1) > 0, scores.argmax(dim=1) + 1, 0)
        mention = self._span_scores(self._pruner, words, first, last)[:, 0]
        asked = torch.nonzero((labels > 0) & self._kept(mention, lengths, list(map(len, spans))))[:, 0]
        joined = torch.cat([words[first[asked]], words[last[asked]], self._widths[(last - first)[asked]]], dim=1)
        pairs = _pairs(report_of[asked.cpu().numpy()])
        relation = self._relations(joined, mention[asked], pairs)
        return self._decoded(spans, labels.cpu().numpy(), asked.cpu().numpy(), pairs, relation)

    def _words(self, reports: Sequence[Pieces]) -> Tensor:
        """Vectors of the words of all reports, one after the other: the mean of their pieces' vectors."""
        vectors = self._vectors([window for report in reports for window in report.windows if window])
        starts = np.cumsum([0, *(report.n_pieces for report in reports)])
        places = np.concatenate([np.array(r.places, dtype=np.int64) + start for r, start in zip(reports, starts, strict=False)])
        counts = np.concatenate([np.array(report.counts) for report in reports])
        word_of = torch.from_numpy(np.repeat(np.arange(len(counts)), counts)).to(self._device)
        summed = vectors.new_zeros(len(counts), vectors.shape[1])
        summed.index_add_(0, word_of, vectors[torch.from_numpy(places).to(self._device)])
        return summed / torch.from_numpy(counts).to(self._device).clamp_min(1)[:, None]

    def _vectors(self, windows: Sequence[Sequence[int]]) -> Tensor:
        """Vectors of the pieces of all windows, one after the other."""
        if not windows:
            return torch.zeros(0, int(self._encoder.config.hidden_size), dtype=self._widths.dtype, device=self._device)
        ids = np.zeros((len(windows), max(map(len, windows))), dtype=np.int64)
        mask = np.zeros(ids.shape, dtype=bool)
        for i, window in enumerate(windows):
            ids[i, : len(window)], mask[i, : len(window)] = window, True
        seen = torch.from_numpy(mask).to(self._device)
        vectors: Tensor = self._encoder(input_ids=torch.from_numpy(ids).to(self._device), attention_mask=seen.float())[0]
        return vectors[seen]

    def _span_scores(self, layers: Layers, words: Tensor, first: Tensor, last: Tensor) -> Tensor:
        weight, bias = layers[0]
        size = words.shape[1]
        by_first, by_last = linear(words, weight[:, :size]), linear(words, weight[:, size : 2 * size], bias)
        by_width = linear(self._widths, weight[:, 2 * size :])
        return _after_first(by_first[first] + by_last[last] + by_width[last - first], layers)

    def _kept(self, mention: Tensor, lengths: NDArray[np.int64], n_spans: Sequence[int]) -> Tensor:
        """For each span, whether it is among those of its report that score best as mentions.

        Reports are taken one by one, for equal scores (of words that no piece stands for) are then chosen among as the
        package chooses.
        """
        share = np.float32(self._settings.spans_per_word)  # in single precision, as the package rounds up
        n_kept = np.ceil(lengths.astype(np.float32) * share).astype(np.int64).tolist()
        kept = torch.zeros_like(mention, dtype=torch.bool)
        for scores, flags, n in zip(torch.split(mention, list(n_spans)), torch.split(kept, list(n_spans)), n_kept, strict=True):
            flags[scores.topk(min(n, len(scores))).indices] = True
        return kept

    def _relations(self, spans: Tensor, mention: Tensor, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each pair of spans the relation from the first to the second by its index, or -1."""
        weight, bias = self._pair[0]
        size = spans.shape[1]
        by_one, by_other = linear(spans, weight[:, :size]), linear(spans, weight[:, size : 2 * size], bias)
        found = [np.empty(0, dtype=np.int64)]
        for start in range(0, len(pairs), _PAIRS):
            one, other = (torch.from_numpy(column).to(self._device) for column in pairs[start : start + _PAIRS].T.copy())
            hidden = by_one[one] + by_other[other] + linear(spans[one] * spans[other], weight[:, 2 * size :])
            scores = _after_first(hidden, self._pair) + (mention[one] + mention[other])[:, None]
            found.append(torch.where(scores.amax(dim=1) > 0, scores.argmax(dim=1), -1).cpu().numpy())
        return np.concatenate(found)

    def _decoded(
        self,
        spans: Sequence[NDArray[np.int64]],
        labels: NDArray[np.int64],
        asked: NDArray[np.int64],
        pairs: NDArray[np.int64],
        relations: NDArray[np.int64],
    ) -> list[Graph]:
        related: dict[int, list[tuple[int, int, str]]] = {}  # by number of the first span
        for (one, other), label in zip(asked[pairs[relations >= 0]].tolist(), relations[relations >= 0].tolist(), strict=True):
            related.setdefault(one, []).append((one, other, self._relation_labels[label]))
        graphs, start = [], 0
        for of_report in spans:
            entities = np.flatnonzero(labels[start : start + len(of_report)])
            number = {start + int(span): i for i, span in enumerate(entities)}
            graphs.append(
                Graph(
                    [(*of_report[span].tolist(), self._entity_labels[labels[start + span]]) for span in entities],
                    [(number[a], number[b], label) for span in number for a, b, label in related.get(span, ())],
                )
            )
            start += len(of_report)
        return graphs


def _after_first(hidden: Tensor, layers: Layers) -> Tensor:
    """What follows the first layer of a feed-forward network; the last layer has no activation."""
    for weight, bias in layers[1:]:
        hidden = linear(hidden.relu_(), weight, bias)
    return hidden


@lru_cache(1024)
def _spans(n_words: int, max_width: int) -> NDArray[np.int64]:
    """First and last word of all spans, in the order of the text."""
    first, width = np.meshgrid(np.arange(n_words), np.arange(max_width), indexing="ij")
    spans = np.stack([first.ravel(), (first + width).ravel()], axis=1)
    return spans[spans[:, 1] < n_words]


def _pairs(report_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """All ordered pairs of spans of the same report, by their places; a span is also paired with itself."""
    bounds = np.append(np.flatnonzero(np.diff(report_of, prepend=-1)), len(report_of)).tolist()
    ranges = [np.arange(start, end) for start, end in pairwise(bounds)]
    parts = [np.stack(np.meshgrid(one, one, indexing="ij"), axis=-1).reshape(-1, 2) for one in ranges]
    return np.concatenate([np.empty((0, 2), dtype=np.int64), *parts])
