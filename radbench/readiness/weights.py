"""Whether the weights of a model are here: named, in their place, and with every file beside them that their reader needs."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from radbench.catalog.cards import ModelCard
from radbench.catalog.components import canonical
from radbench.readiness.finding import Machine

# Alternatives by comma: the first is what is published. Vocabularies are those that the readers in radbench/models take.
_VOCABULARY: Final = "tokenizer.json, vocab.txt, vocab.json, merges.txt, spm.model, sentencepiece.bpe.model"
_TEXT_VOCABULARY: Final = "tokenizer.json, tokenizer.model, vocab.json, vocab.txt, spiece.model"


@dataclass(frozen=True, slots=True)
class Reader:
    """What the reader of a family wants to find: alternatives of files, in the folder of the weights, and of the tokenizer."""

    files: tuple[str, ...]
    tokenizer: tuple[str, ...]
    instead: str  # what can be used in its place


_SAFETENSORS: Final = "model.safetensors, *.safetensors, pytorch_model*.bin"

READERS: Final[Mapping[str, Reader]] = {
    "radgraph": Reader(
        files=("config.json", "weights.th", "vocabulary/{model_type}__ner_labels.txt", "vocabulary/{model_type}__relation_labels.txt"),
        tokenizer=("config.json", _VOCABULARY),
        instead="annotations made elsewhere, by a card of family `radgraph` with `annotations: FILE`; no other model gives these numbers",
    ),
    "chexbert": Reader(
        files=("chexbert.pth",),
        tokenizer=("config.json", _VOCABULARY),
        instead="for labels `rules-14` (by rules: other numbers), or a card of family `label-file` with CheXbert labels made elsewhere; "
        "for semb-score and radcliq nothing",
    ),
    "ratescore-ner": Reader(
        files=("config.json", _SAFETENSORS),
        tokenizer=(_VOCABULARY,),
        instead="nothing gives these numbers; `terms` compares the terms of a list of your own without weights",
    ),
    "encoder": Reader(
        files=("config.json", _SAFETENSORS),
        tokenizer=(_VOCABULARY,),
        instead="another card of family `encoder` (other numbers); `rouge`, `bleu` and `chrf` need no weights",
    ),
    "hf-text": Reader(
        files=("config.json", "model.safetensors, *.safetensors, *.bin"),
        tokenizer=(_TEXT_VOCABULARY,),
        instead="as a judge any other generator, one behind an endpoint too, with radbench's own prompt (other numbers)",
    ),
}


@dataclass(frozen=True, slots=True)
class Weights:
    """Where weights lie, and what is wrong with them."""

    place: Path | None  # None: nowhere
    problem: str = ""  # "" where all is there
    missing: tuple[str, ...] = ()  # files; alternatives joined by "or"


def find_weights(card: ModelCard, machine: Machine) -> Weights | None:
    """The weights of a card as its reader would find them; None where its family reads none."""
    named = machine.weights.get(canonical(card.name))
    options = card.options({"weights": str(named)} if named else None)
    reader = READERS.get(card.family)
    if card.family == "radgraph" and options.get("annotations"):
        file = Path(str(options["annotations"])).expanduser()
        return Weights(file) if file.is_file() else Weights(None, f"no file `{file}` of annotations", (str(file),))
    if options.get("weights") is None:
        return None if reader is None else Weights(None, "no weights are named", _expected(card, reader, options))
    place = _place(str(options["weights"]), options.get("revision"), machine.hub_cache)
    if place is None:
        by = "--weights or the config file" if named else card.where
        hub = f"`{options['weights']}` is not in {machine.hub_cache}" if options.get("revision") and not named else ""
        problem = hub or f"no file or folder `{options['weights']}`, which {by} names"
        return Weights(None, problem, _expected(card, reader, options) if reader else ())
    if reader is None:
        return Weights(place)
    missing, problem = _missing(card.family, place, reader, options)
    return Weights(place, problem or (f"`{place}` lacks files" if missing else ""), missing)


def _place(weights: str, revision: object, hub_cache: Path) -> Path | None:
    """The file or folder, or a hub id's snapshot in the local cache."""
    path = Path(weights).expanduser()
    if path.exists():
        return path
    if not revision:
        return None
    kept = hub_cache / f"models--{weights.replace('/', '--')}"
    commit = kept / "refs" / str(revision)
    snapshot = kept / "snapshots" / (commit.read_text("utf-8").strip() if commit.is_file() else str(revision))
    return snapshot if snapshot.is_dir() else None


def _expected(card: ModelCard, reader: Reader, options: Mapping[str, Any]) -> tuple[str, ...]:
    """All files of a family, where none is there."""
    if card.family == "radgraph":
        kind = options.get("model_type", "radgraph-xl")
        files = [file.format(model_type=kind) for file in reader.files]
        return (f"{kind}.tar.gz, or unpacked {', '.join(files)}", *(f"tokenizer/{_any(file)}" for file in reader.tokenizer))
    return tuple(dict.fromkeys(_any(file) for file in (*reader.files, *reader.tokenizer)))


def _any(alternatives: str) -> str:
    return alternatives.replace(", ", " or ")


def _missing(family: str, place: Path, reader: Reader, options: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """The files that a reader will not find at a place that exists; or why it cannot be told."""
    stated = options.get("tokenizer")
    tokenizer = Path(str(stated)).expanduser() if stated else None
    if family == "radgraph":
        return _missing_of_radgraph(place, reader, str(options.get("model_type", "radgraph-xl")), tokenizer)
    folder = place if place.is_dir() else place.parent
    files = reader.files if place.is_dir() else ()
    if family != "chexbert" and not place.is_dir():
        return (), f"`{place}` is a file; expected the folder that holds {', '.join(map(_any, reader.files))}"
    return (*_absent(folder, files), *_absent(tokenizer or folder, reader.tokenizer)), ""


def _missing_of_radgraph(place: Path, reader: Reader, kind: str, tokenizer: Path | None) -> tuple[tuple[str, ...], str]:
    """Of an archive, packed or not: its own files, and those of its encoder inside or elsewhere."""
    archive = next((path for path in (place / kind, place / f"{kind}.tar.gz") if path.exists()), place)
    wanted = [file.format(model_type=kind) for file in reader.files]
    if archive.is_dir():
        missing = _absent(archive, wanted)
        inner = archive / "tokenizer"
        encoder = _encoder(archive / "config.json")
    else:
        try:
            with tarfile.open(archive, "r:gz") as packed:
                held = {_tail(name): name for name in packed.getnames()}
                config = packed.extractfile(held["config.json"]) if "config.json" in held else None
                encoder = _model_name(config.read()) if config else None
        except (OSError, EOFError, tarfile.TarError) as error:
            return (), f"`{archive}` is truncated, or no archive of tar and gzip ({type(error).__name__}): copy it again"
        missing = tuple(f"{file} in {archive}" for file in wanted if file not in held)
        if tokenizer is None and any(name.startswith("tokenizer/") for name in held):
            unheld = [f"{_any(file)} in tokenizer/ of {archive}" for file in reader.tokenizer if not _holds(held, file)]
            return (*missing, *unheld), ""
        inner = archive.parent / "tokenizer"
    chosen = tokenizer or next((path for path in (inner, encoder) if path and (path / "config.json").is_file()), inner)
    return (*missing, *_absent(chosen, reader.tokenizer)), ""


def _tail(name: str) -> str:
    """A member of an archive by its name in it, and its folder's where that is one of two."""
    path = PurePosixPath(name)
    return f"{path.parent.name}/{path.name}" if path.parent.name in {"vocabulary", "tokenizer"} else path.name


def _holds(held: Mapping[str, str], alternatives: str) -> bool:
    return any(f"tokenizer/{name}" in held for name in alternatives.split(", "))


def _encoder(config: Path) -> Path | None:
    return _model_name(config.read_bytes()) if config.is_file() else None


def _model_name(config: bytes) -> Path | None:
    """The encoder that an archive's config.json names: a hub id, or a folder."""
    try:
        return Path(json.loads(config)["model"]["embedder"]["token_embedders"]["bert"]["model_name"])
    except (ValueError, KeyError, TypeError):
        return None


def _absent(folder: Path, files: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Those alternatives of which a folder holds none, each with the place where the first is expected."""
    return tuple(
        f"{folder / file.split(', ')[0]}" + (f" (or {', '.join(file.split(', ')[1:])})" if ", " in file else "")
        for file in files
        if not any(True for pattern in file.split(", ") for _ in folder.glob(pattern))
    )
