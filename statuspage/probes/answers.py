"""Is an answer what a step of a journey expects? Sentences name the rule that failed, never what stands on the page."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from statuspage.core.vocabulary import Reason
from statuspage.probes.cookies import CookieJar
from statuspage.probes.fetch import Answer
from statuspage.probes.findings import Failure
from statuspage.probes.http import wrong_place, wrong_status
from statuspage.probes.steps import Capture, Expect, JsonRule, Number, Rows
from statuspage.probes.texts import check_texts, pattern
from statuspage.probes.values import Unreadable, as_number, as_text, count_matches, find_json, first_match, input_value, read_json

_LONGEST_CAPTURE = 2048


def check_answer(answer: Answer, expect: Expect, jar: CookieJar) -> Failure | None:
    """The first rule that does not hold; None if all do. Slots are filled already."""
    checks: list[Callable[[], Failure | None]] = [
        lambda: wrong_status(answer, expect.status),
        lambda: wrong_place(answer, expect.ends_at) if expect.ends_at else None,
        lambda: _empty(answer, expect),
        lambda: check_texts(answer.text, expect.contains, expect.lacks, expect.matches, expect.avoids),
        lambda: _first(_number(answer, rule) for rule in expect.numbers),
        lambda: _first(_rows(answer, rule) for rule in expect.rows),
        lambda: _first(_json(answer, rule) for rule in expect.json),
        lambda: _first(_cookie(jar, name) for name in expect.cookies),
    ]
    try:
        return _first(check() for check in checks)
    except Unreadable as error:
        return Failure(Reason.BODY_UNREADABLE, str(error))


def take(answer: Answer, capture: Capture, jar: CookieJar) -> str | Failure:
    """The value that a capture finds, or why there is none that can be used."""
    try:
        value = _found(answer, capture, jar)
    except Unreadable as error:
        return Failure(Reason.BODY_UNREADABLE, str(error))
    if value is None:
        return Failure(Reason.VALUE_MISSING, "nothing to capture was found")
    if len(value) > _LONGEST_CAPTURE or any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in value):
        return Failure(Reason.VALUE_WRONG, "what was captured is too long, or has control characters")
    return value


def _found(answer: Answer, capture: Capture, jar: CookieJar) -> str | None:
    if capture.input:
        return input_value(answer.text, capture.input)
    if capture.match:
        return first_match(answer.text, capture.match)
    if capture.cookie:
        return jar.get(capture.cookie)
    values = find_json(read_json(answer.text), capture.json)
    return as_text(values[0]) if values and values[0] is not None else None


def _first(failures: Any) -> Failure | None:
    return next((failure for failure in failures if failure is not None), None)


def _empty(answer: Answer, expect: Expect) -> Failure | None:
    nothing_expected = not (expect.contains or expect.matches or expect.numbers or expect.rows or expect.json)
    if answer.exchange.body or nothing_expected:
        return None
    return Failure(Reason.BODY_EMPTY, "the page is empty")


def _number(answer: Answer, rule: Number) -> Failure | None:
    where = f"at {rule.json}" if rule.json else f"by the pattern {rule.match!r}"
    text, decimal = _shown(answer, rule)
    if text is None:
        return Failure(Reason.VALUE_MISSING, f"no number {where}")
    number = as_number(text, decimal)
    if number is None:
        return Failure(Reason.VALUE_WRONG, f"what stands {where} is no number with the decimal sign {decimal!r}")
    if rule.equals and number != as_number(rule.equals, "."):
        return Failure(Reason.VALUE_WRONG, f"the number {where} is not the one expected")
    if rule.min is not None and number < Decimal(str(rule.min)):
        return Failure(Reason.VALUE_WRONG, f"the number {where} is below {rule.min:g}")
    if rule.max is not None and number > Decimal(str(rule.max)):
        return Failure(Reason.VALUE_WRONG, f"the number {where} is above {rule.max:g}")
    return None


def _shown(answer: Answer, rule: Number) -> tuple[str | None, str]:
    """What stands where a number should (None: nothing), and its decimal sign: that of pages, but for a number of JSON a point."""
    if not rule.json:
        return first_match(answer.text, rule.match), rule.decimal
    values = find_json(read_json(answer.text), rule.json)
    if not values or values[0] is None:
        return None, rule.decimal
    return as_text(values[0]), rule.decimal if isinstance(values[0], str) else "."


def _rows(answer: Answer, rule: Rows) -> Failure | None:
    count = len(find_json(read_json(answer.text), rule.json)) if rule.json else count_matches(answer.text, rule.match)
    where = f"at {rule.json}" if rule.json else f"by the pattern {rule.match!r}"
    if count < rule.min:
        return Failure(Reason.VALUE_MISSING, f"{count} rows {where}; at least {rule.min} are expected")
    if rule.max is not None and count > rule.max:
        return Failure(Reason.VALUE_WRONG, f"{count} rows {where}; at most {rule.max} are expected")
    return None


def _json(answer: Answer, rule: JsonRule) -> Failure | None:
    values = find_json(read_json(answer.text), rule.path)
    if not values or values[0] is None:
        return Failure(Reason.VALUE_MISSING, f"nothing at {rule.path}")
    text = as_text(values[0])
    if rule.equals and text != rule.equals:
        return Failure(Reason.VALUE_WRONG, f"the value at {rule.path} is not the one expected")
    if rule.matches and not pattern(rule.matches).fullmatch(text):
        return Failure(Reason.VALUE_WRONG, f"the value at {rule.path} does not match {rule.matches!r}")
    return None


def _cookie(jar: CookieJar, name: str) -> Failure | None:
    return None if jar.get(name) is not None else Failure(Reason.VALUE_MISSING, f"no cookie {name!r} was set")
