"""RadGraph: the entities of a radiology report and their relations, read from the published archives.

Source: Jain et al., RadGraph, arXiv 2106.14463; Delbrouck et al., RadGraph-XL, Findings of ACL 2024; the archives and the
shape of an annotation: Stanford-AIMI/radgraph 0.1.18.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from radbench.errors import ContentError, MissingDataError, ModelError, WeightsError
from radbench.extras import need
from radbench.models import _encoders as encoders
from radbench.models._radgraph_archive import TOKENIZER, Archive, archive_at, check, read_archive, unpacked
from radbench.models._radgraph_text import WORDS, Indexer
from radbench.sample import Reply, Request

if TYPE_CHECKING:
    from radbench.media import Reader
    from radbench.models._radgraph_network import Graph

_SHAPE: Final = '{id: {"text": ..., "entities": {number: {"tokens", "label", "relations"}}}}'
_EMPTY: Final[Mapping[str, Any]] = {"text": "", "entities": {}}

Find: TypeAlias = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[Mapping[str, Any] | None]]  # of texts and their words
ModelType: TypeAlias = Literal["radgraph", "radgraph-xl", "modern-radgraph-xl"]

_INSTEAD: Final = (
    "Expected the archive MODEL_TYPE.tar.gz of StanfordAIMI/RRG_scorers, or the folder it unpacks to: config.json, weights.th, "
    "vocabulary/. Without it: annotations made elsewhere (argument `annotations`), or the metrics rouge and bleu, which need no weights"
)


class Radgraph:
    """Finds the entities of a report and their relations (`annotate`); the output is JSON of the published shape:

        {"text": "small left effusion",
         "entities": {"1": {"tokens": "effusion", "label": "Observation::definitely present", "start_ix": 2, "end_ix": 2,
                            "relations": [["located_at", "2"]]}, ...}}

    `text` is the report as cut into words, `start_ix` and `end_ix` the first and last word of an entity. A report
    without a word has no entities (the package annotates the word None in its place).

    Args:
        model_type: which of the three published models; it decides how reports are cut into words.
        weights: the archive, its unpacked folder, or a folder that holds either under the name of the model.
        revision: of `weights`, where that is a hub id: looked up in the local cache.
        tokenizer: the folder of the encoder's config.json and vocabulary; by default `tokenizer/` in the unpacked
            folder or beside the packed archive, else the local folder that the archive's config.json names.
        backend: `package` runs the Python package radgraph on the archive, report by report.
        annotations: a JSON file {id: {"text": ..., "entities": ...}} to answer from, in place of any weights.
        device: `auto` takes a GPU where there is one.
        batch_size: reports sorted by length at once; passes are smaller.
    """

    def __init__(
        self,
        *,
        model_type: ModelType = "radgraph-xl",
        weights: str | Path | None = None,
        revision: str | None = None,
        tokenizer: str | Path | None = None,
        backend: Literal["own", "package"] = "own",
        annotations: str | Path | None = None,
        device: str = "auto",
        batch_size: int = 256,
    ) -> None:
        self.batch_size = batch_size
        self._model_type, self._backend = model_type, backend
        self._weights, self._revision, self._tokenizer_folder = weights, revision, tokenizer
        self._device_name = device
        self._annotations = annotations
        self._what = f"annotator `{model_type}`"
        self._find: Find | None = None
        self._identity: dict[str, object] = {}

    def load(self, reader: Reader) -> None:  # noqa: ARG002 - it reads texts alone
        """Read archive and vocabulary.

        Raises:
            WeightsError: there is none, or it holds other tensors than its settings ask for, each named.
            MissingDataError, ContentError: the file of annotations is not there, or of another shape.
            MissingPackageError: torch, transformers, or the package radgraph is not installed.
        """
        self._identity = {"family": "radgraph", "version": 1, "model_type": self._model_type}
        if self._annotations is not None:
            file = Path(self._annotations).expanduser()
            self._find = _from_file(file, WORDS[self._model_type], what=self._what)
            self._identity["annotations"] = encoders.digest(file)
            return
        place = encoders.locate(self._weights, self._revision, what=self._what, instead=_INSTEAD)
        device = encoders.pick_device(self._device_name, what=self._what)
        with unpacked(place, self._model_type, what=self._what) as folder:
            archive = read_archive(folder, what=self._what)
            self._check_labels(archive)
            tokenizer = self._tokenizer(folder, place, archive.settings.encoder)
            if self._backend == "package":
                from radbench.models._radgraph_package import Package

                gpu = -1 if device.type == "cpu" else device.index or 0
                package = Package(folder, tokenizer, self._model_type, gpu, what=self._what)
                self._find = lambda texts, words: package.annotations(texts)  # noqa: ARG005 - it cuts texts itself
                backend = f"package {package.version}"
            else:
                self._find, backend = self._build(archive, tokenizer, device), "own"
            self._identity |= {
                "weights": archive.weights_digest,
                "config": archive.config_digest,
                "encoder": encoders.digest(tokenizer / "config.json"),
                "tokenizer": encoders.tokenizer_digest(tokenizer),
                "backend": backend,
            }

    def identity(self) -> Mapping[str, object]:
        """Digests of weights, configuration and vocabulary, wherever they lie."""
        return self._identity

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The annotation of the one text of each request."""
        if self._find is None:
            raise ModelError(f"{self._what} was asked before it was loaded")
        asked = [encoders.texts(request) for request in requests]
        if any(len(one) != 1 for one in asked):
            raise ModelError(f"{self._what} annotates one text at a time")
        words = [WORDS[self._model_type](text) for (text,) in asked]
        filled = [i for i, one in enumerate(words) if one]
        found = self._find([asked[i][0] for i in filled], [words[i] for i in filled])
        annotations = {**dict.fromkeys(range(len(asked)), _EMPTY), **dict(zip(filled, found, strict=True))}
        return [self._reply(annotations[i]) for i in range(len(asked))]

    def _check_labels(self, archive: Archive) -> None:
        wanted = {f"{self._model_type}__{kind}_labels" for kind in ("ner", "relation")}
        if missing := wanted - archive.labels.keys():
            held = ", ".join(sorted(archive.labels)) or "none"
            raise WeightsError(
                f"{self._what}: the vocabulary of `{archive.file.parent}` has no {', '.join(sorted(missing))} (it has: {held}). "
                "Name the model that it is of as `model_type`"
            )

    def _tokenizer(self, folder: Path, place: Path, encoder: str) -> Path:
        """The folder of the encoder's configuration and vocabulary."""
        if self._tokenizer_folder is not None:
            return Path(self._tokenizer_folder).expanduser()
        archive = archive_at(place, self._model_type)
        beside = (archive if archive.is_dir() else archive.parent) / TOKENIZER
        for path in (folder / TOKENIZER, beside, Path(encoder)):
            if (path / "config.json").is_file():
                return path
        raise WeightsError(
            f"{self._what} needs the configuration and vocabulary of its encoder, `{encoder}` (config.json and tokenizer files, no "
            f"weights): put them in `{beside}`, or in a folder that a model card names as `tokenizer`"
        )

    def _build(self, archive: Archive, tokenizer: Path, device: Any) -> Find:  # noqa: ANN401  # a torch device
        from radbench.models._radgraph_network import Network

        transformers = need("transformers", extra="local", purpose=self._what)
        config = encoders.read_config(tokenizer, what=self._what)
        encoder = transformers.AutoModel.from_config(config)
        shapes = {name: tuple(tensor.shape) for name, tensor in encoder.state_dict().items()}
        check(archive, shapes, config.hidden_size, what=self._what)
        network = Network(archive, encoder, self._model_type, device)
        indexer = Indexer(encoders.read_tokenizer(tokenizer, what=self._what), archive.settings.max_length)
        return lambda texts, words: list(map(_annotation, words, network.graphs(indexer.pieces(words))))  # noqa: ARG005 - cut already

    def _reply(self, annotation: Mapping[str, Any] | None) -> Reply:
        if annotation is None:
            return Reply(error="not among the stored annotations" if self._annotations else "the package radgraph failed on this report")
        return Reply(output=json.dumps({part: annotation[part] for part in _EMPTY}, ensure_ascii=False, separators=(",", ":")))


def _from_file(file: Path, cut: Callable[[str], list[str]], *, what: str) -> Find:
    """Answers from annotations of the published shape; texts are equal where they are cut into equal words."""
    try:
        stored = {" ".join(cut(one["text"])): {part: one[part] for part in _EMPTY} for one in json.loads(file.read_text("utf-8")).values()}
    except OSError as error:
        raise MissingDataError(f"{what}: cannot read `{file}`: {error.strerror}; expected a JSON file {_SHAPE}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ContentError(
            f"{what}: `{file}` holds no annotations of the published shape, {_SHAPE}: {type(error).__name__} {error}"
        ) from error
    return lambda texts, words: [stored.get(" ".join(one)) for one in words]  # noqa: ARG005 - compared as cut


def _annotation(words: Sequence[str], graph: Graph) -> Mapping[str, Any]:
    """A graph in the published shape, in which entities are numbered from 1."""
    entities: dict[str, dict[str, Any]] = {
        str(i): {"tokens": " ".join(words[first : last + 1]), "label": label, "start_ix": first, "end_ix": last, "relations": []}
        for i, (first, last, label) in enumerate(graph.entities, start=1)
    }
    for one, other, label in graph.relations:
        entities[str(one + 1)]["relations"].append([label, str(other + 1)])
    return {"text": " ".join(words), "entities": entities}
