"""What a server sent back, as a reply: its answer, its refusal, or one line on why there is neither.

Nothing is taken on trust: servers leave out, rename and ignore. Messages of servers may quote what they were sent, so of
an error only its status, type, code and parameter are handed on.
"""

from __future__ import annotations

import json
import math
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import openai

from radbench.errors import SampleModelError
from radbench.models._chat import LETTERS
from radbench.sample import FinishReason, Reply, Request, Tokens

Body: TypeAlias = Mapping[str, Any]

_REFUSED: Final = frozenset({"content_filter", "content_policy_violation", "refusal", "safety"})
_FINISHED: Final[Mapping[str, FinishReason]] = {"length": "length", "max_tokens": "length"}
_TOO_LONG: Final = ("context length", "context window", "maximum context", "too long", "too many tokens")
_NAME: Final = re.compile(r"[\w.\[\]-]{1,64}")  # what types, codes and parameters are; anything longer may quote a prompt
_AROUND_LETTERS: Final = " \t\n.,:;()[]*\"'`"


def read_reply(body: object, request: Request, *, wants_json: bool) -> Reply:
    """The reply in the parsed body of a chat completion, as the request wants it; an error where it holds none.

    `rank`: log-likelihood of an option = logarithm of the summed probability of those first tokens that are its letter,
    white space and punctuation aside, among the 20 that the server tells. A letter that is not among them gets the
    lowest log-likelihood of the 20, which is the most it can have.
    """
    if isinstance(body, str) and body.lstrip().startswith("data:"):
        return Reply(error="the server streams its answer, which is not read: have it answer in one piece")
    if not isinstance(body, dict):
        return Reply(error="the server's answer is no JSON object")
    about: dict[str, Any] = {"served_model": _string(body.get("model")), "tokens": _tokens(body.get("usage"))}
    try:
        return Reply(**_outcome(body, request, wants_json=wants_json), **about)
    except SampleModelError as error:
        return Reply(error=str(error), **about)


def _outcome(body: Body, request: Request, *, wants_json: bool) -> dict[str, Any]:
    """Output, thoughts and how it ended; raises SampleModelError where there is no output."""
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise SampleModelError(f"the server sent {'an error in place of an answer' if body.get('error') else 'no choices'}")
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, dict):
        raise SampleModelError("the server sent a choice without a message")
    finish, said = str(choice.get("finish_reason")), _said(message.get("content"))
    found = {"reasoning": _string(message.get("reasoning_content")) or _string(message.get("reasoning"))}
    if message.get("refusal") or finish in _REFUSED:
        return {**found, "output": _string(message.get("refusal")) or said, "finish_reason": "refused"}
    if request.kind == "rank":
        return {**found, "output": _likelihoods(choice.get("logprobs"), request.options)}
    ended = _FINISHED.get(finish, "stop")
    if wants_json and ended == "stop" and not _is_json(said):
        raise SampleModelError("JSON was asked for (`response_format`) and text came: the server ignores it")
    return {**found, "output": said, "finish_reason": ended}


def is_refusal(error: openai.APIStatusError) -> bool:
    """True where the server's content filter stopped the prompt: an outcome, and no failure."""
    return _string(error.code) in _REFUSED or is_refused_body(error.body)


def is_key_refused(error: openai.APIStatusError) -> bool:
    """True where the server does not know the key; Gemini says so with 400."""
    return error.status_code == 401 or (error.status_code == 400 and "api key not valid" in str(error.body).lower())


def is_refused_body(body: object) -> bool:
    """As `is_refusal`, of the error in a body."""
    return bool(_codes(body) & _REFUSED)


def describe(error: openai.OpenAIError | TimeoutError) -> str:
    """One line on a failed request, without a word of what was sent."""
    if isinstance(error, openai.APIStatusError):
        code, param = "" if str(error.code) == str(error.status_code) else _name(error.code), _name(error.param)
        known = ", ".join(filter(None, (_name(error.type), code, f"parameter `{param}`" if param else "")))
        said = str(error.message).lower()
        hint = ": longer than the model's context" if any(phrase in said for phrase in _TOO_LONG) else ""
        retried = " after all retries" if error.status_code in {408, 409, 429} or error.status_code >= 500 else ""
        return f"the server said {error.status_code}{f' ({known})' if known else ''}{retried}{hint}"
    if isinstance(error, openai.APITimeoutError):
        return "no answer in time, after all retries"
    if isinstance(error, TimeoutError):
        return "the answer came too slowly: not whole within twice `timeout_s`"
    if isinstance(error, openai.APIConnectionError):
        return f"the connection broke, after all retries ({type(error.__cause__).__name__})"
    return f"{type(error).__name__} while asking"


def is_certificate(error: BaseException) -> bool:
    """True where a server's certificate was not trusted."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(cause) for cause in causes(error))


def is_named(error: BaseException, *names: str) -> bool:
    """True where an error of that class's name is among the causes: the client's own transport has several homes."""
    return any(type(cause).__name__ in names for cause in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what caused it, back to the first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _codes(body: object) -> set[str]:
    """The codes in an error's body; Azure tells the reason of a stopped prompt in an inner error."""
    if not isinstance(body, dict):
        return set()
    inner = [part for name in ("innererror", "inner_error", "error") if isinstance(part := body.get(name), dict)]
    codes = {_string(part.get("code")) for part in (body, *inner)}
    return {"content_filter" if code == "ResponsibleAIPolicyViolation" else code for code in codes}


def _likelihoods(logprobs: object, options: tuple[str, ...]) -> dict[str, float]:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    first = content[0] if isinstance(content, list) and content and isinstance(content[0], dict) else {}
    top = {str(t["token"]): float(t["logprob"]) for t in first.get("top_logprobs") or () if _is_token(t)}
    if not top:
        raise SampleModelError(
            "`logprobs` were asked for and none came: the server ignores them, so it cannot rank; ask with --answer letter"
        )
    letters = LETTERS[: len(options)]
    shares = dict.fromkeys(letters, 0.0)
    for token, logprob in top.items():
        if (letter := token.strip(_AROUND_LETTERS)) in shares:
            shares[letter] += math.exp(logprob)
    if not any(shares.values()):
        raise SampleModelError(f"none of the letters {letters[0]} to {letters[-1]} is among the {len(top)} likeliest first tokens")
    least = min(top.values())
    return {option: math.log(shares[letter]) if shares[letter] else least for letter, option in zip(letters, options, strict=True)}


def _is_token(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("token"), str) and isinstance(item.get("logprob"), int | float)


def _said(content: object) -> str:
    """The text of a message; some servers send it in parts."""
    if isinstance(content, list):
        return "".join(_string(part.get("text")) for part in content if isinstance(part, dict))
    return _string(content)


def _tokens(usage: object) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    prompt, output = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return Tokens(prompt, output) if isinstance(prompt, int) and isinstance(output, int) else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _name(value: object) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
