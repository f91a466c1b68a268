"""The published RadGraph archive, read strictly: config.json, weights.th, vocabulary/, packed as .tar.gz or not.

Source of the layout: Stanford-AIMI/radgraph 0.1.18 (radgraph.py, dygie/models) and AllenNLP's model archives.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

from radbench.errors import WeightsError
from radbench.models import _encoders as encoders

ENCODER: Final = "_embedder.token_embedder_bert._matched_embedder.transformer_model."
WIDTHS: Final = "_endpoint_span_extractor._span_width_embedding.weight"
ENTITIES: Final = "_ner._ner_scorers.{}"
PRUNER: Final = "_relation._mention_pruners.{}._scorer"
PAIRS: Final = "_relation._relation_feedforwards.{}"
RELATIONS: Final = "_relation._relation_scorers.{}"
TOKENIZER: Final = "tokenizer"  # a folder that users may add: configuration and vocabulary of the encoder

_BUFFER: Final = f"{ENCODER}embeddings.position_ids"  # saved by transformers before 4.31; holds no weights
_BUCKETS: Final = 10  # of distances, in the parts that find no entities or relations
_FILES: Final = ("config.json", "weights.th")
_VOCABULARY: Final = "vocabulary"

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What config.json states of the model, as far as it decides entities and relations."""

    encoder: str  # the name that the encoder had in training: a hub id, or a folder
    max_length: int | None  # tokens that the encoder sees at once
    max_span_width: int  # words in a span
    n_widths: int  # rows of the table of span widths
    feature_size: int
    hidden: tuple[int, ...]  # of every feed-forward network
    spans_per_word: float  # spans whose relations are looked at
    unlike: str  # what is set as in no published archive, and not followed here; "" where nothing is


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as it was read."""

    settings: Settings
    labels: Mapping[str, tuple[str, ...]]  # namespace -> labels by index; of entities the first is "", no entity
    tensors: Mapping[str, Any]
    file: Path
    weights_digest: str
    config_digest: str


def archive_at(place: Path, model_type: str) -> Path:
    """The archive, packed or not, that `place` is or holds under the name of the model."""
    return next((path for path in (place / model_type, place / f"{model_type}.tar.gz") if path.exists()), place)


@contextmanager
def unpacked(place: Path, model_type: str, *, what: str) -> Iterator[Path]:
    """The folder that holds config.json, weights.th and vocabulary/; a packed one is unpacked beside the system's temporary files.

    `place` is such a folder, the .tar.gz, or a folder that holds either under the name of the model.

    Raises:
        WeightsError: no archive is there, or it is damaged.
    """
    found = archive_at(place, model_type)
    if found.is_dir():
        missing = [name for name in (*_FILES, _VOCABULARY) if not (found / name).exists()]
        if missing:
            raise WeightsError(f"{what}: `{found}` lacks {', '.join(missing)}; expected {model_type}.tar.gz, or what it unpacks to")
        yield found
        return
    with TemporaryDirectory(prefix="radgraph-") as folder:
        _unpack(found, Path(folder), what=what)
        with unpacked(Path(folder), model_type, what=what) as inner:
            yield inner


def read_archive(folder: Path, *, what: str) -> Archive:
    """An unpacked archive; its tensors are held against what config.json asks for by `check`.

    Raises:
        WeightsError: a file is truncated, or a setting is missing.
    """
    settings = _settings(folder / "config.json", what=what)
    file = folder / "weights.th"
    tensors = encoders.read_checkpoint(file, what=what)
    if not isinstance(tensors, Mapping):
        raise WeightsError(f"{what}: `{file}` holds no tensors by name. It is another file")
    vocabulary = {path.name: path.read_bytes() for path in sorted((folder / _VOCABULARY).glob("*_labels.txt"))}
    labels = {name.removesuffix(".txt"): tuple(text.decode("utf-8").splitlines()) for name, text in vocabulary.items()}
    stated = hashlib.sha256((folder / "config.json").read_bytes())
    for name, text in vocabulary.items():
        stated.update(name.encode() + text)
    kept = {name: tensor for name, tensor in tensors.items() if name != _BUFFER}
    return Archive(settings, labels, kept, file, encoders.digest(file), stated.hexdigest())


def check(archive: Archive, encoder: Shapes, hidden_size: int, *, what: str) -> None:
    """Hold the archive's tensors against its settings and the shapes of the encoder's.

    Raises:
        WeightsError: tensors are missing, unexpected or of another shape, and are named; or the network is of another make.
    """
    if unlike := archive.settings.unlike:
        raise WeightsError(f"{what}: `{archive.file.with_name('config.json')}`: {unlike}. Read it with the argument backend=package")
    wanted = {f"{ENCODER}{name}": shape for name, shape in encoder.items()} | _heads(archive, hidden_size)
    got = {name: tuple(tensor.shape) for name, tensor in archive.tensors.items()}
    misshaped = [f"{name} (expected {shape}, got {got[name]})" for name, shape in wanted.items() if got.get(name, shape) != shape]
    missing, unexpected = sorted(wanted.keys() - got.keys()), sorted(got.keys() - wanted.keys())
    broken = sorted(name for name, tensor in archive.tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all())
    wrong = {"missing": missing, "unexpected": unexpected, "misshaped": misshaped, "not finite": broken}
    encoders.refuse(f"{what}: `{archive.file}`", **wrong)


def _unpack(file: Path, folder: Path, *, what: str) -> None:
    try:
        with tarfile.open(file, "r:gz") as packed:
            for member in packed:
                path = PurePosixPath(member.name)
                inner = path.parent.name in {_VOCABULARY, TOKENIZER}
                if member.isfile() and (inner or path.name in _FILES):
                    member.name = f"{path.parent.name}/{path.name}" if inner else path.name
                    packed.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise WeightsError(f"{what}: `{file}` is truncated, or no archive of tar and gzip; copy it again") from error


def _settings(file: Path, *, what: str) -> Settings:
    try:
        config = json.loads(file.read_text("utf-8"))
        reader, model = config["dataset_reader"], config["model"]
        indexer, embedder = reader["token_indexers"]["bert"], model["embedder"]["token_embedders"]["bert"]
        network, modules, losses = model["feedforward_params"], model["modules"], model["loss_weights"]
        hidden = network["hidden_dims"]
        unlike = {
            "modules.coref.coref_prop is not 0": modules["coref"].get("coref_prop", 0) != 0,
            "loss_weights.ner or loss_weights.relation is 0": not (losses["ner"] and losses["relation"]),
            "max_length is set twice, differently": indexer.get("max_length") != embedder.get("max_length"),
            "max_span_width is wider for the reader than for the model": int(reader["max_span_width"]) > int(model["max_span_width"]),
        }
        return Settings(
            encoder=str(embedder["model_name"]),
            max_length=embedder.get("max_length"),
            max_span_width=int(reader["max_span_width"]),
            n_widths=int(model["max_span_width"]),
            feature_size=int(model["feature_size"]),
            hidden=tuple(hidden) if isinstance(hidden, list) else (int(hidden),) * int(network["num_layers"]),
            spans_per_word=float(modules["relation"]["spans_per_word"]),
            unlike="; ".join(reason for reason, is_so in unlike.items() if is_so),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{what}: `{file}` is no configuration of a RadGraph model: {type(error).__name__} {error}") from error


def _heads(archive: Archive, hidden_size: int) -> Shapes:
    """The shapes of all tensors besides the encoder's."""
    settings = archive.settings
    span = 2 * hidden_size + settings.feature_size
    last = settings.hidden[-1]
    shapes: Shapes = {
        WIDTHS: (settings.n_widths, settings.feature_size),
        "_coref._distance_embedding.weight": (_BUCKETS, settings.feature_size),
        "_events._distance_embedding.weight": (_BUCKETS, settings.feature_size),
    }

    def linear(name: str, n_out: int, n_in: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (n_out, n_in), (n_out,)

    def network(name: str, n_in: int) -> None:
        for i, n_out in enumerate(settings.hidden):
            linear(f"{name}._linear_layers.{i}", n_out, n_in)
            n_in = n_out

    def scorer(name: str, n_out: int) -> None:
        network(f"{name}.0._module", span)
        linear(f"{name}.1._module", n_out, last)

    for space, labels in archive.labels.items():
        if "ner_labels" in space:
            scorer(ENTITIES.format(space), len(labels) - 1)
        elif "relation_labels" in space:
            scorer(PRUNER.format(space), 1)
            network(PAIRS.format(space), 3 * span)
            linear(RELATIONS.format(space), len(labels), last)
    scorer("_coref._mention_pruner._scorer", 1)
    network("_coref._antecedent_feedforward._module", 3 * span + settings.feature_size)
    linear("_coref._antecedent_scorer._module", 1, last)
    linear("_coref._f_network._linear_layers.0", span, 2 * span)
    return shapes
