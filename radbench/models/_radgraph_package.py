"""The package `radgraph` as a backend: its own code on a local archive, with what transformers 5 took away put back."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from radbench.errors import WeightsError
from radbench.extras import need
from radbench.models._radgraph_text import is_bare

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "radgraph"


class Package:
    """The package's model of one archive.

    Args:
        folder: the unpacked archive.
        tokenizer: the folder of the encoder's configuration and vocabulary.
        gpu: a GPU's number; -1: the processor.

    Raises:
        WeightsError: the package does not read the archive.
    """

    def __init__(self, folder: Path, tokenizer: Path, model_type: str, gpu: int, *, what: str) -> None:
        with _quiet(), _patched(what), TemporaryDirectory(prefix="radgraph-") as made:
            _mirror(folder, tokenizer, Path(made) / model_type)
            radgraph = need(NAME, extra="radgraph", purpose=f"{what} with backend=package")
            try:
                self.model = radgraph.RadGraph(model_type=model_type, model_cache_dir=made, cuda=gpu)
            except (RuntimeError, KeyError, TypeError, AttributeError, AssertionError, OSError) as error:
                raise WeightsError(f"{what}: the package `{NAME}` does not read `{folder}`: {type(error).__name__} {error}") from error
        self.version = version(NAME)

    def annotations(self, reports: Sequence[str]) -> list[Mapping[str, Any] | None]:
        """The package's annotation of each report; None where it fails on one."""
        import torch

        with _quiet(), torch.inference_mode():
            found = self.model(list(reports))
        return [found.get(str(i)) for i in range(len(reports))]


def _mirror(folder: Path, tokenizer: Path, made: Path) -> None:
    """The archive as the package looks for it: under the model's name, with a local encoder in its configuration."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    for part in (config["dataset_reader"]["token_indexers"]["bert"], config["model"]["embedder"]["token_embedders"]["bert"]):
        part["model_name"] = str(tokenizer)
    (made / "vocabulary").mkdir(parents=True)
    (made / "config.json").write_text(json.dumps(config), "utf-8")
    (made / "weights.th").symlink_to((folder / "weights.th").resolve())
    for file in (folder / "vocabulary").glob("*.txt"):  # copied: the package writes a lock file beside them
        (made / "vocabulary" / file.name).write_bytes(file.read_bytes())


@contextmanager
def _quiet() -> Iterator[None]:
    """The package prints to stdout, and changes the filters of warnings when it is imported."""
    with warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _patched(what: str) -> Iterator[None]:
    """While it is made, the package gets tokenizers with the three methods of transformers 4 that it calls."""
    purpose = f"{what} with backend=package"
    need(NAME, extra="radgraph", purpose=purpose)
    shelf: Any = need("radgraph.allennlp.common.cached_transformers", extra="radgraph", purpose=purpose)
    original = shelf.get_tokenizer

    def get_tokenizer(*names: object, **options: object) -> Any:  # noqa: ANN401  # a tokenizer, of no public type
        return _with_old_methods(original(*names, **options))

    shelf.get_tokenizer = get_tokenizer
    try:
        yield
    finally:
        shelf.get_tokenizer = original


def _with_old_methods(tokenizer: Any) -> Any:  # noqa: ANN401  # likewise
    if hasattr(tokenizer, "encode_plus") and hasattr(tokenizer, "build_inputs_with_special_tokens"):
        return tokenizer
    start, end = ([], []) if is_bare(tokenizer) else ([tokenizer.cls_token_id], [tokenizer.sep_token_id])
    tokenizer.encode_plus = tokenizer.__call__
    tokenizer.build_inputs_with_special_tokens = lambda ids: [*start, *ids, *end]
    tokenizer.num_special_tokens_to_add = lambda pair=False: len(tokenizer("a", *(["b"] if pair else []))["input_ids"]) - 1 - pair
    return tokenizer
