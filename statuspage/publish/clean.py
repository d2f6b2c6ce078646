"""Letters that no output may carry: they break XML, hide text, or cannot be encoded at all. Refused at input, stripped here again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from statuspage.publish.snapshot import Day

_TEXTLESS = (Day,)  # thousands of these in a snapshot, and not a letter in them
T = TypeVar("T")

# Control characters but tab and line feed, lone surrogates, non-characters: what XML 1.0 forbids, and C1 controls beside.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str) -> str:
    """The text without forbidden letters. A carriage return before a line feed goes with them."""
    return _FORBIDDEN.sub("", text)


def _names(value: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(value))


def cleaned(value: T) -> T:
    """The same value with every text in it cleaned: dataclasses, mappings and tuples are walked. Unchanged parts are shared."""
    return _walk(value)  # type: ignore[no-any-return]


def _walk(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value) if type(value) is str and _FORBIDDEN.search(value) else value
    if isinstance(value, tuple):
        items = [_walk(item) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else tuple(items)
    if isinstance(value, Mapping):
        pairs = {_walk(key): _walk(item) for key, item in value.items()}
        return value if all(pairs.get(key) is item for key, item in value.items()) else pairs
    if isinstance(value, _TEXTLESS):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        changed = {name: new for name in _names(value) if (new := _walk(old := getattr(value, name))) is not old}
        return _replaced(value, changed) if changed else value
    return value


def _replaced(value: Any, changed: Mapping[str, Any]) -> Any:
    return type(value)(**{name: changed.get(name, getattr(value, name)) for name in _names(value)})
