"""Causal language models from a local folder (or hub id at a fixed revision), through transformers: judges, text tasks, floors.

Any architecture that `AutoModelForCausalLM` knows; no code that comes with weights is run.
"""

from __future__ import annotations

import hashlib
import json
import pickle  # for the name of its error
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from pydantic import JsonValue

from radbench.errors import ContentError, MissingDataError, SampleModelError, WeightsError
from radbench.extras import need
from radbench.sample import Reply, Request, Role, Tokens, Turn
from radbench.terms import words

if TYPE_CHECKING:
    from radbench.media import Reader

ItemT = TypeVar("ItemT")
Ids = list[int]

_PURPOSE: Final = "the model `hf-text`"
_MAX_NEW_TOKENS: Final = 512  # where neither request nor card states a limit
_LOOK_AHEAD: Final = 4  # batches handed in at once, so that requests of like length meet in one
_WEIGHTS: Final = ("*.safetensors", "*.bin")
_TEXTS: Final = ("tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "chat_template*")
_FROM: Final = {"user": "human", "assistant": "gpt", "system": "system"}  # roles in the templates of the ShareGPT form
_LISTED: Final = 5  # keys named in a message


class HfText:
    """Goes on with text, greedily unless `generation` says otherwise; ranks options by the likelihood of their tokens.

    A conversation is written by the tokenizer's chat template where it has one; else its turns stand below each other,
    an empty line between them, and the answer begins on a new line. A request that holds media, or does not fit into the
    model's context, gets an error as its reply.

    Ranking: the log-likelihood of an option is the sum over its tokens, as the next message, without an end mark.

    Args:
        weights: a folder with config.json, *.safetensors and tokenizer files; or a hub id, with `revision`.
        revision: of a hub id: the commit that is meant.
        tokenizer: a folder, where the tokenizer does not lie beside the weights.
        prompt: a chat template (Jinja) in place of the tokenizer's own; it may read `role` and `content`, or `from` and `value`.
        generation: of transformers' `generate`; of it `max_new_tokens` is a limit that a lower one of a request goes below.
            Sampled answers (`do_sample: true`) are not reproduced by asking again.
        device: `auto`: a GPU if there is one.
        dtype: `auto`: of the weights on a GPU, float32 on a CPU. With 16 bits a batch and a single request may differ
            in the last digits, and so, rarely, in a token.
        batch_size: requests in one pass; of those handed in at once, the ones of like length.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        revision: str | None = None,
        tokenizer: str | Path | None = None,
        prompt: str | None = None,
        generation: Mapping[str, JsonValue] | None = None,
        device: str = "auto",
        dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto",
        batch_size: int = 8,
    ) -> None:
        if batch_size < 1:
            raise ContentError(f"option `batch_size`: expected 1 or more, got `{batch_size}`")
        self.batch_size = batch_size * _LOOK_AHEAD
        self._pass_size = batch_size
        self._weights, self._revision, self._tokenizer_folder = weights, revision, tokenizer
        self._template, self._device, self._dtype = prompt, device, dtype
        self._generation = {"do_sample": False, **{name: _typed(value) for name, value in (generation or {}).items()}}
        limit = self._generation.pop("max_new_tokens", None)
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise ContentError(f"option `generation`: expected a `max_new_tokens` of 1 or more, got `{limit}`")
        self._limit = limit
        self._digests: dict[str, str] = {}

    def load(self, reader: Reader) -> None:  # noqa: ARG002 - the contract's; this model reads no image
        """Read weights and tokenizer.

        Raises:
            MissingDataError: a folder or its files are not there.
            WeightsError: a tensor is missing, unexpected or of another shape.
            MissingPackageError: torch or transformers is not installed.
        """
        torch = need("torch", extra="local", purpose=_PURPOSE)
        transformers = need("transformers", extra="local", purpose=_PURPOSE)
        folder = _local(self._weights, self._revision)
        texts = Path(self._tokenizer_folder).expanduser() if self._tokenizer_folder else folder
        self._digests = {
            "weights_sha256": _digest(folder, _WEIGHTS),
            "config_sha256": _digest(folder, ("config.json", "generation_config.json")),
        }
        self._digests["tokenizer_sha256"] = _digest(texts, _TEXTS)
        self._where = torch.device(self._device if self._device != "auto" else "cuda" if torch.cuda.is_available() else "cpu")
        if self._dtype == "auto" and self._where.type == "cpu":
            self._dtype = "float32"
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(texts, padding_side="left", local_files_only=True)
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token or self._tokenizer.unk_token
        if self._template:
            self._tokenizer.chat_template = self._template
        self._model = _read(transformers.AutoModelForCausalLM, folder, self._dtype).to(self._where).eval()
        self._dtype_read = str(self._model.dtype).removeprefix("torch.")
        self._context = int(getattr(self._model.config, "max_position_embeddings", 0) or 0)
        self._torch: Any = torch
        self._template_error: type[Exception] = need("jinja2", extra="local", purpose=f"{_PURPOSE} with a chat template").TemplateError

    def identity(self) -> Mapping[str, object]:
        """Digests of weights, configuration and tokenizer; template, generation settings and number format."""
        template = hashlib.sha256(self._template.encode()).hexdigest() if self._template else ""
        settings = {"generation": self._generation, "max_new_tokens": self._limit, "template_sha256": template, "dtype": self._dtype_read}
        return {"family": "hf-text", "version": 1, **self._digests, **settings}

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The continuations. `finish_reason` is `length` where the model did not come to an end by itself."""
        replies: dict[int, Reply] = {}
        ready: dict[int, list[tuple[int, Ids]]] = {}  # limit -> places and prompts
        for place, request in enumerate(requests):
            limit = min((stated for stated in (request.max_new_tokens, self._limit) if stated), default=_MAX_NEW_TOKENS)
            prompt = self._prompt(request, limit)
            if isinstance(prompt, Reply):
                replies[place] = prompt
            else:
                ready.setdefault(limit, []).append((place, prompt))
        for limit, prompts in ready.items():
            for batch in self._batches(prompts, lambda item: len(item[1])):
                said = self._continue([prompt for _, prompt in batch], limit)
                replies.update(zip((place for place, _ in batch), said, strict=True))
        return [replies[place] for place in range(len(requests))]

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The log-likelihoods of the options."""
        replies: dict[int, Reply] = {}
        ready: list[tuple[int, str, Ids, Ids]] = []
        for place, request in enumerate(requests):
            options = {option: self._ids(option) for option in request.options}
            prompt = self._prompt(request, max(map(len, options.values()), default=0))
            if isinstance(prompt, Reply):
                replies[place] = prompt
            else:
                ready += [(place, option, prompt, ids) for option, ids in options.items()]
        scores: dict[tuple[int, str], float] = {}
        for batch in self._batches(ready, lambda item: len(item[2]) + len(item[3])):
            found = self._likelihoods([(prompt, ids) for _, _, prompt, ids in batch])
            scores.update(zip(((place, option) for place, option, _, _ in batch), found, strict=True))
        return [
            replies.get(place) or Reply(output={option: scores[place, option] for option in request.options})
            for place, request in enumerate(requests)
        ]

    def _batches(self, items: Sequence[ItemT], length: Callable[[ItemT], int]) -> Iterator[Sequence[ItemT]]:
        in_order = sorted(items, key=length)
        return (in_order[start : start + self._pass_size] for start in range(0, len(in_order), self._pass_size))

    def _prompt(self, request: Request, n_new: int) -> Ids | Reply:
        """The tokens before the answer, or why there can be no answer."""
        if any(not isinstance(part, str) for turn in request.turns for part in turn.parts):
            return Reply(error="hf-text reads text alone, and the request holds an image; ask with --images none")
        if self._tokenizer.chat_template:
            ids = self._ids(self._chat(request.turns))
        else:
            text = "\n\n".join(_text(turn) for turn in request.turns) + "\n"
            ids = list(self._tokenizer(text)["input_ids"])
        if self._context and len(ids) + n_new > self._context:
            return Reply(error=f"a prompt of {len(ids)} tokens and {n_new} new ones do not fit into the model's context of {self._context}")
        return ids

    def _chat(self, turns: Sequence[Turn]) -> str:
        """The conversation by the template, whose own marks include the beginning of the text.

        Raises:
            SampleModelError: the template refuses the order of the turns.
        """
        texts = [(turn.role, _text(turn)) for turn in turns]
        try:
            return self._written(texts)
        except self._template_error as error:
            if len(texts) > 1 and texts[0][0] == "system":  # some know no system role: its text heads the first message
                (_, system), (role, first), *rest = texts
                return self._written([(role, f"{system}\n\n{first}"), *rest])
            raise SampleModelError(f"the chat template refuses this conversation: {words(error)}") from error

    def _written(self, texts: Sequence[tuple[Role, str]]) -> str:
        messages = [{"role": role, "content": text, "from": _FROM[role], "value": text} for role, text in texts]
        written: str = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return written

    def _ids(self, text: str) -> Ids:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _padded(self, rows: Sequence[Ids]) -> Any:  # noqa: ANN401 - tensors
        return self._tokenizer.pad({"input_ids": list(rows)}, padding_side="left", return_tensors="pt").to(self._where)

    def _continue(self, prompts: Sequence[Ids], limit: int) -> list[Reply]:
        start = time.perf_counter()
        with self._torch.inference_mode():
            inputs = self._padded(prompts)
            out = self._model.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                max_new_tokens=limit,
                pad_token_id=self._tokenizer.pad_token_id,
                **self._generation,
            )
        seconds = (time.perf_counter() - start) / len(prompts)
        new = out[:, inputs["input_ids"].shape[1] :].tolist()
        return [self._reply(len(prompt), ids, limit, seconds) for prompt, ids in zip(prompts, new, strict=True)]

    def _reply(self, n_prompt: int, new: Ids, limit: int, seconds: float) -> Reply:
        ends = self._ends()
        end = next((place for place, token in enumerate(new) if token in ends), None)
        said = new if end is None else new[:end]
        text = self._tokenizer.decode(said, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        finish: Literal["stop", "length"] = "length" if end is None and len(new) >= limit else "stop"
        return Reply(output=text, finish_reason=finish, tokens=Tokens(n_prompt, len(said)), seconds=seconds)

    def _ends(self) -> frozenset[int]:
        named = self._generation.get("eos_token_id", self._model.generation_config.eos_token_id)
        return frozenset(named if isinstance(named, list) else [] if named is None else [named])

    def _likelihoods(self, items: Sequence[tuple[Ids, Ids]]) -> list[float]:
        longest = max(len(ids) for _, ids in items)
        with self._torch.inference_mode():
            inputs = self._padded([[*prompt, *ids] for prompt, ids in items])
            mask = inputs["attention_mask"]
            positions = (mask.cumsum(-1) - 1).clamp(min=0)
            # the last token predicts nothing that is asked for; the logits before the options are many and not needed
            logits = self._model(
                input_ids=inputs["input_ids"], attention_mask=mask, position_ids=positions, logits_to_keep=longest + 1
            ).logits
            logs = logits.float().log_softmax(-1)[:, :-1]
            wanted = inputs["input_ids"][:, -longest:] if longest else inputs["input_ids"][:, :0]
            each = logs.gather(-1, wanted.unsqueeze(-1)).squeeze(-1)
            return [float(each[row, longest - len(ids) :].sum()) for row, (_, ids) in enumerate(items)]


def _typed(value: JsonValue) -> JsonValue:
    """A number or a switch for its text: `--gen do_sample=true` comes as text."""
    if not isinstance(value, str):
        return value
    try:
        found: JsonValue = json.loads(value)
    except ValueError:
        return value
    return found


def _text(turn: Turn) -> str:
    return "\n".join(part for part in turn.parts if isinstance(part, str))


def _local(weights: str | Path | None, revision: str | None) -> Path:
    """The folder of the weights; a hub id is fetched only where a revision says which ones are meant."""
    if weights is None:
        raise MissingDataError(f"{_PURPOSE} needs `weights`: a folder with config.json, *.safetensors and tokenizer files")
    folder = Path(weights).expanduser()
    if not folder.is_dir() and revision:
        hub = need("huggingface_hub", extra="local", purpose=_PURPOSE)
        return Path(hub.snapshot_download(str(weights), revision=revision))
    if not (folder / "config.json").is_file():
        raise MissingDataError(
            f"{folder}: expected a folder with config.json, *.safetensors and tokenizer files; a hub id needs `revision`"
        )
    if not any(file for pattern in _WEIGHTS for file in folder.glob(pattern)):
        raise MissingDataError(f"{folder}: there are no weights (*.safetensors or *.bin) beside config.json")
    return folder


def _digest(folder: Path, patterns: Sequence[str]) -> str:
    """sha256 over names and digests of the files of a folder that fit one of the patterns."""
    files = sorted({file for pattern in patterns for file in folder.glob(pattern) if file.is_file()})
    found: list[tuple[str, str]] = []
    for file in files:
        with file.open("rb") as opened:
            found.append((file.name, hashlib.file_digest(opened, "sha256").hexdigest()))
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _read(maker: Any, folder: Path, dtype: str) -> Any:  # noqa: ANN401 - a class of transformers, and a model
    """The model, if the files hold exactly its tensors.

    Raises:
        WeightsError: they do not, or a file cannot be read.
    """
    torn = need("safetensors", extra="local", purpose=_PURPOSE).SafetensorError
    try:
        model, info = maker.from_pretrained(
            folder, dtype=dtype, local_files_only=True, output_loading_info=True, ignore_mismatched_sizes=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, pickle.UnpicklingError, torn) as error:
        raise WeightsError(f"{folder}: cannot be read as a causal language model: {error}") from error
    problems = []
    for kind, title in (("missing_keys", "missing"), ("unexpected_keys", "unexpected"), ("mismatched_keys", "of another shape")):
        keys = sorted(key if isinstance(key, str) else str(key[0]) for key in info.get(kind) or ())
        if keys:
            more = f" and {len(keys) - _LISTED} more" if len(keys) > _LISTED else ""
            problems.append(f"{title}: {', '.join(keys[:_LISTED])}{more}")
    if problems:
        raise WeightsError(f"{folder}: the tensors are not those of its config.json ({'; '.join(problems)})")
    return model
