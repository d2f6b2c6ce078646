"""What is said of a wrong value: what was found, what is allowed. pydantic's words speak of Python; here people edit YAML."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from statuspage.settings.models import COLOUR_PATTERN, LANGUAGE_PATTERN, PROSE_PATTERN, SLUG_PATTERN, WORDS_PATTERN
from statuspage.settings.source import Path

LONGEST_SHOWN = 80
_LIST = "a list: [one, two], or lines that begin with a hyphen"
_PATTERNS = {
    SLUG_PATTERN: "small letters, digits and hyphens, at most 63, a letter or digit first",
    LANGUAGE_PATTERN: "a language in two small letters, e.g. en",
    PROSE_PATTERN: "a text without control characters",
    WORDS_PATTERN: "a text on one line that is not blank",
    COLOUR_PATTERN: "a colour in quotes, e.g. '#0b3d6e'",
}
_ALLOWED = {
    "list_type": _LIST, "tuple_type": _LIST, "set_type": _LIST, "frozen_set_type": _LIST,
    "string_type": "a text", "bool_type": "true or false", "bool_parsing": "true or false",
    "int_type": "a whole number", "int_parsing": "a whole number", "int_parsing_size": "a smaller whole number",
    "int_from_float": "a whole number", "float_type": "a number", "float_parsing": "a number", "finite_number": "a finite number",
}  # fmt: skip
_MAPPINGS = ("model_type", "model_attributes_type", "dataclass_type", "dataclass_exact_type", "dict_type", "mapping_type")


def message(detail: Mapping[str, Any], kind: Any, found: str | None) -> str:
    """One mistake that pydantic found in a value of type `kind`. found: see shown(); None if it may not be shown, or is too much."""
    place, error = detail["loc"], detail["type"]
    around = keys_of(inside(kind, place[:-1]))
    if error in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"this key is unknown.{_meant(place[-1], around)} Remove it, or correct it; known here: {', '.join(around)}."
    if error in ("missing", "missing_argument"):
        return "this key is missing. It has no default: write it."
    seen = "" if found is None else f"found {found}. "
    if error in ("value_error", "assertion_error"):
        return f"{seen}{detail['msg'].removeprefix('Value error, ').rstrip('.')}."
    return f"{seen}{_sentence(_allowed(detail, inside(kind, place)))}{_help(detail)}."


def shown(value: Any) -> str:
    """A value as people write it in YAML, cut to a size."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text)} letters)"


def what(value: Any) -> str:
    """What kind of thing stands there, for one that is too large to be shown."""
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)


def place_of(detail: Mapping[str, Any]) -> Path:
    """Where it stands. pydantic says "[key]" of a key that is itself wrong."""
    steps: Iterable[str | int] = detail["loc"]
    return tuple(step for step in steps if step != "[key]")


def _sentence(allowed: str) -> str:
    return allowed.replace("Input should be", "It must be") if allowed.startswith("Input should be") else f"Allowed is {allowed}"


def _allowed(detail: Mapping[str, Any], kind: Any) -> str:
    error, limits = detail["type"], detail.get("ctx", {})
    if error in _MAPPINGS:
        keys = keys_of(kind)
        return f"a mapping with the keys {', '.join(keys)}" if keys else "a mapping, e.g. {key: value}"
    match error:
        case "string_pattern_mismatch":
            return _PATTERNS.get(limits["pattern"], f"what fits the pattern {limits['pattern']}")
        case "string_too_long":
            return f"a text of at most {limits['max_length']} letters; this one has {len(detail['input'])}"
        case "string_too_short":
            return f"a text of at least {limits['min_length']} letter"
        case "too_short":
            return f"a list with at least {limits['min_length']}; this one has {limits['actual_length']}"
        case "literal_error" | "enum":
            return f"one of {limits['expected'].replace(' or ', ', ')}"
    return _ALLOWED.get(error) or str(detail["msg"])


def _help(detail: Mapping[str, Any]) -> str:
    """The slips of YAML itself: what is read as something else than it was meant."""
    found, error = detail["input"], detail["type"]
    if found is None:
        comment = "; behind a # stands a comment, unless it is in quotes" if error == "string_type" else ""
        return f". Write it, or leave the key out{comment}"
    if error == "string_type" and isinstance(found, bool | int | float | date):
        return "; put it in quotes"
    return ""


def _meant(key: Any, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(key), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def inside(kind: Any, path: Path) -> Any:
    """The type of what stands at `path` in a value of type `kind`: whose keys a message should name."""
    for step in path:
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        if typing.get_origin(kind) in (types.UnionType, typing.Union, typing.Annotated) and options:
            kind = options[0]
            options = list(typing.get_args(kind))
        if isinstance(step, int):
            kind = options[0] if options else kind
        elif hasattr(kind, "model_fields") or hasattr(kind, "__dataclass_fields__"):
            kind = typing.get_type_hints(kind).get(str(step), kind)
        elif options:
            kind = options[-1]
    return kind


def number_asked(kind: Any, path: Path) -> str:
    """What is allowed at `path` if it is a number; "" if it is something else. pydantic takes true for 1, which nobody means."""
    found = inside(kind, path)
    options = set(typing.get_args(found) or (found,)) - {type(None)}
    if bool in options:
        return ""
    return "a number" if float in options else "a whole number" if int in options else ""


def keys_of(kind: Any) -> tuple[str, ...]:
    """The keys of a mapping that is read into `kind`; none of what is no such type."""
    return tuple(getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", {}))
