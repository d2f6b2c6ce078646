"""Taking values out of pages and JSON, in time that grows with their length only.

Inputs of forms are found by a scanner of our own: html.parser of older Pythons needs quadratic time on hostile pages (CVE-2025-6069).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.jsonpath import JSONPath
from jsonpath_ng.parser import parse

from statuspage.probes.texts import pattern

_MAX_TAG = 4096  # characters of one <input ...>
_MAX_INPUTS = 500
_MAX_DEPTH = 64
_MAX_BRACKETS = 100_000
_STRING_OR_BRACKET = re.compile(r'(?s)"(?:[^"\\]|\\.)*+"?|[\[\]{}]')  # ours; a string that never ends is taken to its end, once
_GROUPED = r"[1-9]\d{0,2}(?P<between>[%s'\u2019 \u00a0\u2009\u202f])\d{3}(?:(?P=between)\d{3})*"  # 1 234 567, in all ways of writing it
_WRITTEN = rf"(?P<sign>[+-]?)\s*(?=%s?\d)(?P<whole>{_GROUPED}|\d*)(?:%s(?P<fraction>\d*))?(?P<power>[eE][+-]?\d+)?"
_NUMBERS = {".": re.compile(_WRITTEN % (r"\.", ",", r"\.")), ",": re.compile(_WRITTEN % (",", ".", ","))}  # by decimal sign
_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}  # unlike lower() it never makes two letters of one
_ATTRIBUTE = r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?"""
_TAG = r"""(?i)^<input(?:[\s/](?:[^>"']|"[^"]*"|'[^']*')*)?>"""


class Unreadable(ValueError):
    """Not JSON, or deeper than anybody needs."""


def input_value(page: str, name: str) -> str | None:
    """The value of the first <input> with that name outside of comments; None if there is none."""
    small = page.translate(_SMALL)
    position = 0
    for _ in range(_MAX_INPUTS):
        position = small.find("<input", position)
        if position < 0:
            return None
        comment = small.rfind("<!--", max(0, position - _MAX_TAG), position)
        if comment >= 0 and (end := small.find("-->", comment)) > position:
            position = end
            continue
        tag = pattern(_TAG).search(page[position : position + _MAX_TAG])
        if tag is not None:
            found = attributes(tag.group(0)[len("<input") : -1])
            if found.get("name") == name:
                return found.get("value", "")
        position += len("<input")
    return None


def attributes(text: str) -> dict[str, str]:
    """Those of a tag, from what stands behind its name; of two with the same name the first."""
    found: dict[str, str] = {}
    for match in pattern(_ATTRIBUTE).finditer(text):
        name, *values = match.groups()
        found.setdefault(name.lower(), html.unescape(next((value for value in values if value is not None), "")))
    return found


def first_match(page: str, text: str) -> str | None:
    """The part in brackets of the first match, None without one."""
    match = pattern(text).search(page)
    return None if match is None else str(match.group(1))


def count_matches(page: str, text: str) -> int:
    return sum(1 for _ in pattern(text).finditer(page))


def read_json(text: str) -> Any:
    """The value. Raises Unreadable; nesting is measured before anything is parsed."""
    if _depth(text) > _MAX_DEPTH:
        raise Unreadable(f"the JSON is nested deeper than {_MAX_DEPTH}")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unreadable("the answer is not JSON") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _depth(text: str) -> int:
    """The deepest nesting; brackets inside strings do not count. Raises Unreadable for an absurd number of brackets."""
    if text.count("[") + text.count("{") > _MAX_BRACKETS:
        raise Unreadable(f"the JSON has more than {_MAX_BRACKETS} lists and objects")
    depth = deepest = 0
    for token in _STRING_OR_BRACKET.findall(text):
        if token in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token in ("]", "}"):
            depth -= 1
    return deepest


@lru_cache(maxsize=512)
def json_path(text: str) -> JSONPath:
    """A compiled JSON path. Raises ValueError."""
    try:
        return parse(text)
    except (JSONPathError, ValueError, IndexError):
        raise ValueError(f"the JSON path {text!r} cannot be read; write for example $.accounts[0].balance") from None


def find_json(data: Any, path: str) -> list[Any]:
    """All values at that path."""
    return [match.value for match in json_path(path).find(data)]


def as_text(value: Any) -> str:
    """A value of JSON as a person would type it; half a letter (a lone surrogate), which JSON can write, becomes a question mark."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


def as_number(text: str, decimal: str) -> Decimal | None:
    """The number that a page shows, e.g. "1.234,56" with decimal ","; None if it is none ("---").

    Nor is one that another country would read otherwise: signs between the thousands stand before groups of three, are all the same,
    and none comes behind the decimal sign. So "1.234,56" is no number with decimal ".", rather than a thousandth of what is meant.
    """
    match = _NUMBERS[decimal].fullmatch(text.strip().replace("\u2212", "-"))
    if match is None:
        return None
    sign, whole, fraction, power = match.group("sign", "whole", "fraction", "power")
    plain = "".join(letter for letter in whole or "0" if letter.isdecimal())
    try:
        return Decimal(f"{sign or ''}{plain}.{fraction or '0'}{power or ''}")
    except InvalidOperation:
        return None  # a power beyond all bounds


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each {name} replaced, once: what is filled in is not looked at again. Raises KeyError for an unknown name."""
    parts, end = [], 0
    for match in pattern(SLOT).finditer(text):
        parts += [text[end : match.start()], values[match.group(1)]]
        end = match.end()
    return "".join([*parts, text[end:]])


def slots(text: str) -> set[str]:
    """The names in {brackets}."""
    return {match.group(1) for match in pattern(SLOT).finditer(text)}


SLOT = r"\{([a-z_][a-z0-9_]*)\}"
