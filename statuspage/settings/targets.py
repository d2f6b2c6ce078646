"""What the targets of probes may hold, beyond its type: values with which a check would always pass, always fail, or never begin."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from statuspage.probes.place import BadPlace, join, parse_place, without_secrets
from statuspage.probes.values import as_number, fill, slots
from statuspage.settings.source import Path

Problem = tuple[Path, str]
_TEXTS = ("contains", "lacks", "matches", "avoids", "texts")
_STATUSES = ("expect_status", "status", "statuses")
_HEADERS = ("headers", "secret_headers")
_ORDERED = (("min", "max"), ("min_s", "max_s"))  # the first is not above the second
_AT_LEAST = {"attempts_per_hour": 1, "rest_s": 0, "min_s": 0, "signature_hours": 0}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # a token of RFC 9110
_VALUE = re.compile(r"[\t\x20-\x7e]*\Z")


def wrong(target: Any, path: Path) -> Iterator[Problem]:
    """Every value of a target, or of what stands in it, that makes no sense. path: where it stands."""
    for name in (field.name for field in dataclasses.fields(target)):
        value, place = getattr(target, name), (*path, name)
        yield from _number(name, value, place)
        yield from _listed(name, value, place)
        if name == "ends_at" and value:
            yield from _end(value, place)
        if name in _HEADERS:
            yield from _headers(value, place)
        for key, item in _parts(value):
            yield from wrong(item, (*place, *key))
    for low, high in _ORDERED:
        found = getattr(target, low, None), getattr(target, high, None)
        if found[0] is not None and found[1] is not None and found[0] > found[1]:
            yield (*path, high), f"found {found[1]:g}, which is below {low}: {found[0]:g}. Nothing could be both."
    yield from _accounts(target, path)
    yield from _steps(target, path)


def _parts(value: Any) -> Iterator[tuple[Path, Any]]:
    """What has fields of its own, in a value, with its place in there."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield (), value
    pairs: Any = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, tuple) else ()
    yield from (((key,), item) for key, item in pairs if dataclasses.is_dataclass(item))


def _number(name: str, value: Any, place: Path) -> Iterator[Problem]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if not math.isfinite(value):
        yield place, f"found {value}. Allowed is a finite number."
    elif name == "slow_s" and value <= 0:
        yield place, f"found {value:g}. It must be greater than 0."
    elif value < _AT_LEAST.get(name, -math.inf):
        yield place, f"found {value:g}. It must be at least {_AT_LEAST[name]}."


def _listed(name: str, value: Any, place: Path) -> Iterator[Problem]:
    if not isinstance(value, tuple):
        return
    if name == "expect_status" and not value:
        yield place, "found an empty list, so that no answer would be right. Name at least one status, e.g. 200."
    for index, item in enumerate(value):
        if name in _TEXTS and item == "":
            yield (*place, index), "found an empty text, which stands in every page. Write the words that are meant, or remove it."
        if name in _STATUSES and not 100 <= item <= 599:
            yield (*place, index), f"found {item}. A status of HTTP is 100 to 599."
        if name == "ports" and not 1 <= item <= 65535:
            yield (*place, index), f"found the port {item}; a port is 1 to 65535."


def _end(written: str, place: Path) -> Iterator[Problem]:
    """Where no answer ends: the check would fail whatever the bank does."""
    path = written.startswith("/")
    try:
        ends = parse_place(f"https://anywhere.invalid{written}" if path else written)
    except BadPlace as error:
        yield place, f"found {without_secrets(written)!r}: {error}{'' if path else ', or a path, which begins with a slash'}."
        return
    fitting = ends.path.split("?", 1)[0] if path else ends.shown
    if written != fitting:
        yield place, f"found {without_secrets(written)!r}, where no answer ends. Write it in this form, without its query: {fitting}."


def _headers(headers: Mapping[str, str], place: Path) -> Iterator[Problem]:
    """What cannot be sent. Values are never repeated."""
    for name, value in headers.items():
        if not _NAME.match(name):
            yield (*place, name), f"found {name!r}, which no header is called. Allowed are letters, digits and hyphens."
        if not _VALUE.match(value):
            yield (*place, name), "its value has letters that no header carries. Allowed are those of ASCII, on one line."


def _accounts(target: Any, path: Path) -> Iterator[Problem]:
    """Test accounts of a journey: one login under two names counts its attempts twice, and tells no outage from an expired password."""
    used = {slot for step in getattr(target, "steps", ()) for slot in step.slots}
    seen: set[str] = set()
    for index, account in enumerate(getattr(target, "accounts", ())):
        place = (*path, "accounts", index)
        if account.user and account.user in seen:
            yield (*place, "user"), "this user is that of another account here. Each account needs a login of its own."
        seen.add(account.user)
        for slot in ("user", "password"):
            if slot in used and not getattr(account, slot):
                yield place, f"a step uses {{{slot}}}, and this account has none. Write its {slot}."


def _steps(target: Any, path: Path) -> Iterator[Problem]:
    """Addresses and numbers of a journey that could not be used when it runs, whatever the bank's pages say."""
    known = [{**account.values, **account.secrets} for account in getattr(target, "accounts", ())] or [{}]
    for index, step in enumerate(getattr(target, "steps", ())):
        place = (*path, "steps", index)
        yield from _address(target.url, step.url, known, (*place, "url"))
        yield from _numbers(step.expect.numbers, known, (*place, "expect", "numbers"))
        if step.confirm is not None:
            yield from _address(target.url, step.confirm.url, known, (*place, "confirm", "url"))
            yield from _numbers(step.confirm.expect.numbers, known, (*place, "confirm", "expect", "numbers"))


def _address(start: str, written: str, known: list[dict[str, str]], place: Path) -> Iterator[Problem]:
    for values in known:
        filled = fill(written, {name: quote(values.get(name, "x"), safe="") for name in slots(written)})
        try:
            join(parse_place(start), filled)
        except BadPlace as error:
            yield place, f"found {without_secrets(written)!r}: {error}."
            return


def _numbers(rules: Iterable[Any], known: list[dict[str, str]], place: Path) -> Iterator[Problem]:
    """What a number should equal is one itself; what a page gives for it is seen when the journey runs."""
    for index, rule in enumerate(rules):
        for values in known:
            used = slots(rule.equals)
            if rule.equals and used <= values.keys() and as_number(fill(rule.equals, values), ".") is None:
                what = "which becomes no number for every account" if used else "which is no number"
                yield (
                    (*place, index, "equals"),
                    f"found {rule.equals!r}, {what}. Write it with a point and without a currency, e.g. 1234.56.",
                )
                break
