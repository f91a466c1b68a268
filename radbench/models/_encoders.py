"""What readers of text encoders share: finding weights, loading them strictly, and passes over texts of like length."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from radbench.errors import ModelError, WeightsError
from radbench.extras import need
from radbench.sample import Request

_SHOWN: Final = 5  # keys named in a message
_BLOCK: Final = 1 << 20  # bytes hashed at once
_HUB_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")
_WEIGHT_FILES: Final = ("*.safetensors", "pytorch_model*.bin")
_TOKENIZER_FILES: Final = ("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "spm.model", "sentencepiece.bpe.model")
_PASS: Final = {"cpu": 8}  # texts in a pass; few, for a processor gains nothing from more and pays for the padding
_PASS_ACCELERATED: Final = 64


def locate(weights: str | Path | None, revision: str | None, *, what: str, instead: str) -> Path:
    """The file or folder of the weights; of a hub id, its snapshot in the local cache.

    Raises:
        WeightsError: it is not there; the message says where it is looked for and what can be used `instead`.
    """
    if weights is None:
        raise WeightsError(
            f"{what} needs weights: say where they lie with --weights NAME=PATH, in the config file or in a model card (the names: "
            f"radbench doctor). {instead}"
        )
    path = Path(weights).expanduser()
    if path.exists():
        return path
    if revision and _HUB_ID.fullmatch(str(weights)):
        hub = need("huggingface_hub", extra="local", purpose=what)
        try:
            return Path(hub.snapshot_download(str(weights), revision=revision, local_files_only=True))
        except (OSError, ValueError) as error:
            fetch = f"hf download {weights} --revision {revision}"
            raise WeightsError(f"{what}: `{weights}` is not in the local cache: {fetch}. {instead}") from error
    raise WeightsError(f"{what}: no weights at `{path}`. Put them there, or say where they lie with --weights NAME=PATH. {instead}")


def digest(path: Path) -> str:
    """sha256 of a weights file; of a folder, of its weights and config files with their names."""
    files = [path] if path.is_file() else sorted(file for glob in ("config.json", *_WEIGHT_FILES) for file in path.glob(glob))
    return _digest(files, named=path.is_dir())


def tokenizer_digest(folder: Path) -> str:
    """sha256 of the files that decide how a text is cut."""
    return _digest([folder / name for name in (*_TOKENIZER_FILES, "tokenizer_config.json") if (folder / name).is_file()], named=True)


def read_tokenizer(folder: Path, *, what: str) -> Any:  # noqa: ANN401  # transformers' tokenizers have no common public type
    """The tokenizer of a folder.

    Raises:
        WeightsError: the folder holds none, or a damaged one.
    """
    transformers = need("transformers", extra="local", purpose=what)
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):  # transformers would make up an empty one
        raise WeightsError(f"{what}: no vocabulary in `{folder}`; expected one of {', '.join(_TOKENIZER_FILES)}")
    try:
        return transformers.AutoTokenizer.from_pretrained(str(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{what}: the vocabulary in `{folder}` cannot be read; copy it again") from error


def read_config(folder: Path, *, what: str) -> Any:  # noqa: ANN401  # likewise
    """The configuration of a folder.

    Raises:
        WeightsError: the folder holds none.
    """
    transformers = need("transformers", extra="local", purpose=what)
    try:
        return transformers.AutoConfig.from_pretrained(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{what}: no configuration can be read from `{folder}`; expected config.json with `model_type`") from error


def read_checkpoint(file: Path, *, what: str) -> Any:  # noqa: ANN401  # whatever the file holds
    """What a file written by torch.save holds, on the CPU; code in it is not run.

    Raises:
        WeightsError: it is truncated, or no such file.
    """
    torch = need("torch", extra="local", purpose=what)
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise WeightsError(f"{what}: `{file}` is truncated, or no PyTorch checkpoint of plain tensors; copy it again") from error


def read_pretrained(kind: str, folder: Path, *, what: str, unused: tuple[str, ...] = ()) -> Any:  # noqa: ANN401  # a transformers model
    """A model in float32 by one of transformers' auto classes; tensors whose names begin with one of `unused` may lack or be left over.

    Raises:
        WeightsError: the folder holds no such model, or not exactly its tensors; the message names them.
    """
    transformers = need("transformers", extra="local", purpose=what)
    torch = need("torch", extra="local", purpose=what)
    safetensors = need("safetensors", extra="local", purpose=what)
    read_config(folder, what=what)
    if not any(file for glob in _WEIGHT_FILES for file in folder.glob(glob)):
        raise WeightsError(f"{what}: no weights in `{folder}`; expected model.safetensors or pytorch_model.bin")
    transformers.utils.logging.disable_progress_bar()
    try:
        model, found = getattr(transformers, kind).from_pretrained(
            str(folder), dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True
        )
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{what}: the model in `{folder}` cannot be read ({type(error).__name__}); copy it again") from error
    misshaped = [f"{key} (expected {tuple(wanted)}, got {tuple(got)})" for key, got, wanted in found["mismatched_keys"]]
    kept = {part: sorted(key for key in found[f"{part}_keys"] if not key.startswith(unused)) for part in ("missing", "unexpected")}
    refuse(f"{what}: `{folder}`", **kept, misshaped=misshaped)
    return model.eval()


def fill(module: Any, state: Mapping[str, Any], *, where: str) -> None:  # noqa: ANN401  # a torch module; torch is optional
    """Load tensors into a module that must have exactly these.

    Raises:
        WeightsError: keys are missing, unexpected, of another shape, or hold what is no number; the message names them.
    """
    wanted = module.state_dict()
    misshaped = [
        f"{key} (expected {tuple(wanted[key].shape)}, got {tuple(tensor.shape)})"
        for key, tensor in state.items()
        if key in wanted and tensor.shape != wanted[key].shape
    ]
    broken = sorted(key for key, tensor in state.items() if tensor.is_floating_point() and not tensor.isfinite().all())
    missing, unexpected = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    refuse(where, missing=missing, unexpected=unexpected, misshaped=misshaped, **{"not finite": broken})
    module.load_state_dict(state)


def refuse(where: str, **wrong: Sequence[str]) -> None:
    """Raise a WeightsError that names what is `missing`, `unexpected` or `misshaped`; nothing where all are empty."""
    said = [
        f"{kind}: {', '.join(keys[:_SHOWN])}{f' and {len(keys) - _SHOWN} more' if len(keys) > _SHOWN else ''}"
        for kind, keys in wrong.items()
        if keys
    ]
    if said:
        raise WeightsError(f"{where} does not hold the tensors it should; {'; '.join(said)}. It is damaged, or of another model")


def pick_device(name: str, *, what: str) -> Any:  # noqa: ANN401  # a torch device
    """The torch device of that name; `auto` is a GPU where there is one."""
    torch = need("torch", extra="local", purpose=what)
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


def hand_to_onednn(module: Any) -> None:  # noqa: ANN401  # a torch module on the CPU
    """Let oneDNN compute the linear layers of a module from here on; the numbers are float32 as before.

    torch hands them to MKL, which takes twice as long on processors that are not Intel's.
    """
    torch = need("torch", extra="local", purpose="an encoder")
    if not torch.backends.mkldnn.is_available():
        return

    class Linear(torch.nn.Module):  # type: ignore[name-defined,misc]  # torch is optional
        def __init__(self, dense: Any) -> None:  # noqa: ANN401  # a linear layer
            super().__init__()
            self.weight, self.bias = dense.weight.detach().to_mkldnn(), dense.bias.detach().to_mkldnn()

        def forward(self, given: Any) -> Any:  # noqa: ANN401  # torch tensors
            return torch.nn.functional.linear(given.to_mkldnn(), self.weight, self.bias).to_dense()

    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is torch.nn.Linear and child.bias is not None:
                setattr(parent, name, Linear(child))


def texts(request: Request) -> list[str]:
    """The texts of a request's last turn.

    Raises:
        ModelError: there is none, or an image among them.
    """
    parts = [part for part in request.turns[-1].parts if isinstance(part, str)]
    if not parts or len(parts) < len(request.turns[-1].parts):
        raise ModelError("an annotator of texts was asked about something else")
    return parts


def passes(token_ids: Sequence[Sequence[int]], device: Any, pad: int) -> Iterator[tuple[list[int], Any, Any]]:  # noqa: ANN401  # a torch device, tensors
    """Passes over texts sorted by length, longest first: places in `token_ids`, ids (n, tokens), mask of the same shape."""
    torch = need("torch", extra="local", purpose="an encoder")
    order = sorted(range(len(token_ids)), key=lambda i: -len(token_ids[i]))
    size = _PASS.get(device.type, _PASS_ACCELERATED)
    for start in range(0, len(order), size):
        places = order[start : start + size]
        longest = len(token_ids[places[0]])
        ids = torch.tensor([[*token_ids[i], *[pad] * (longest - len(token_ids[i]))] for i in places])
        mask = torch.arange(longest)[None] < torch.tensor([len(token_ids[i]) for i in places])[:, None]
        yield places, ids.to(device), mask.long().to(device)


def _digest(files: Sequence[Path], *, named: bool) -> str:
    total = hashlib.sha256()
    for file in files:
        if named:
            total.update(file.name.encode())
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                total.update(block)
    return total.hexdigest()
