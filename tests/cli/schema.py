"""The part of JSON Schema (draft 2020-12) that `statuspage schema` uses; an unknown keyword is a fault, so that nothing is overlooked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

SAID_ONLY = {"$defs", "$schema", "title", "description", "default", "additionalProperties", "examples", "format", "then"}
KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


def problems(value: Any, schema: dict[str, Any]) -> list[str]:
    """Where `value` does not fit, each with the reason."""
    return list(_wrong(value, schema, schema, "$"))


def _wrong(value: Any, rule: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    for keyword, wanted in rule.items():
        if keyword in SAID_ONLY:
            continue
        yield from _keyword(keyword, wanted, value, rule, root, at)
    if isinstance(value, dict):
        yield from _unknown_keys(value, rule, root, at)


def _unknown_keys(value: dict[str, Any], rule: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    more = rule.get("additionalProperties", True)
    patterns = rule.get("patternProperties", {})
    for key in value.keys() - rule.get("properties", {}).keys():
        if any(re.search(pattern, key) for pattern in patterns):
            continue
        if more is False:
            yield f"{at}.{key}: unknown key"
        elif isinstance(more, dict):
            yield from _wrong(value[key], more, root, f"{at}.{key}")


def _keyword(keyword: str, wanted: Any, value: Any, rule: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    match keyword:
        case "$ref":
            yield from _wrong(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, at)
        case "type":
            if not isinstance(value, KINDS[wanted]) or (isinstance(value, bool) and wanted in ("integer", "number")):
                yield f"{at}: {type(value).__name__} instead of {wanted}"
        case "properties":
            for key in wanted.keys() & (value.keys() if isinstance(value, dict) else set()):
                yield from _wrong(value[key], wanted[key], root, f"{at}.{key}")
        case "required":
            yield from (f"{at}: {key} is missing" for key in wanted if isinstance(value, dict) and key not in value)
        case "items":
            for index, item in enumerate(value if isinstance(value, list) else []):
                yield from _wrong(item, wanted, root, f"{at}[{index}]")
        case "enum":
            if value not in wanted:
                yield f"{at}: {value!r} is none of {wanted}"
        case "const":
            if value != wanted:
                yield f"{at}: {value!r} is not {wanted!r}"
        case "anyOf":
            if all(list(_wrong(value, one, root, at)) for one in wanted):
                yield f"{at}: fits none of the alternatives"
        case "allOf":
            for one in wanted:
                yield from _wrong(value, one, root, at)
        case "if":
            if not list(_wrong(value, wanted, root, at)):
                yield from _wrong(value, rule["then"], root, at)
        case "patternProperties":
            for key in value if isinstance(value, dict) else ():
                rules = [one for pattern, one in wanted.items() if re.search(pattern, key)]
                yield from (problem for one in rules for problem in _wrong(value[key], one, root, f"{at}.{key}"))
        case "propertyNames":
            for key in value:
                yield from _wrong(key, wanted, root, f"{at}.{key}")
        case _:
            yield from _limit(keyword, wanted, value, at)


def _limit(keyword: str, wanted: Any, value: Any, at: str) -> Iterator[str]:
    fits = {
        "minLength": lambda: len(value) >= wanted,
        "maxLength": lambda: len(value) <= wanted,
        "minItems": lambda: len(value) >= wanted,
        "maxItems": lambda: len(value) <= wanted,
        "pattern": lambda: re.search(wanted, value) is not None,
        "minimum": lambda: value >= wanted,
        "maximum": lambda: value <= wanted,
        "exclusiveMinimum": lambda: value > wanted,
        "exclusiveMaximum": lambda: value < wanted,
    }
    if not fits[keyword]():
        yield f"{at}: {value!r} breaks {keyword} {wanted}"
