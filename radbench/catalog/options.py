"""Options for a component, held against the keywords of its constructor before it is made."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import ConfigDict, JsonValue, ValidationError, create_model

from radbench.catalog.components import Component
from radbench.catalog.wording import expected
from radbench.catalog.yaml_text import read_yaml
from radbench.errors import ContentError, is_own_part, nearest
from radbench.terms import words

_CONFIG = ConfigDict(arbitrary_types_allowed=True, coerce_numbers_to_str=True)


def construct(component: Component, what: str, options: Mapping[str, object], where: str, fixed: Mapping[str, object]) -> Any:  # noqa: ANN401  # what is made depends on the component
    """The object that `component` makes of its options; `what` names it, `where` the options' origin, in messages.

    Options are brought to the annotated types ("8" is a number where one is wanted); `fixed` are handed on as they are.

    Raises:
        ContentError: an option is unknown, missing, or of the wrong kind, or the constructor refuses it.
    """
    parameters = keywords(component)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(component).parameters.values())
    for name in options:
        if name not in parameters and not takes_any:
            known = [n for n in parameters if n not in fixed]
            listed = f" Its options: {', '.join(known)}." if known else " It takes no options."
            raise ContentError(f"{where}: {what} has no option `{name}`{nearest(name, known)}{listed}")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in options and name not in fixed:
            raise ContentError(f"{where}: {what} needs the option `{name}`.")
    hints = _hints(component)
    fitted = {name: _fit(value, hints.get(name, Any), f"{where}: option `{name}` of {what}") for name, value in options.items()}
    try:
        return component(**{**fitted, **fixed})
    except ContentError as error:
        raise ContentError(f"{where}: {words(error)}") from error
    except ValueError as error:
        said = str(error) if is_own_part(component) else words(error)
        raise ContentError(f"{where}: {what} refuses its options: {said}") from error


def keywords(component: Component) -> dict[str, inspect.Parameter]:
    """The parameters of a constructor that can be given by name."""
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: p for name, p in inspect.signature(component).parameters.items() if p.kind in by_name}


def _hints(component: Component) -> dict[str, Any]:
    try:
        return get_type_hints(component.__init__ if inspect.isclass(component) else component)
    except NameError:  # an annotation that exists for type checkers only: the constructor judges by itself
        return {}


def _fit(value: object, hint: Any, what: str) -> object:  # noqa: ANN401  # any annotation
    """The value as the annotated type; a string that does not fit is read as YAML first (`--model-arg ids=[a, b]`)."""
    model = create_model("Option", __config__=_CONFIG, value=(hint, ...))
    try:
        return model.model_validate({"value": value}).value  # type: ignore[attr-defined]  # the field made above
    except ValidationError as error:
        problem = error.errors()[0]
        refused = error
    if isinstance(value, str):
        try:
            return model.model_validate({"value": _parsed(value)}).value  # type: ignore[attr-defined]  # the field made above
        except (ValidationError, ContentError):
            pass
    raise ContentError(f"{what}: {expected(problem)}, got `{value}`.") from refused


def _parsed(text: str) -> JsonValue:
    document: JsonValue = read_yaml(text, "option")[0]
    return document
