"""What Facebook, Instagram and Threads share: how the Graph API says what went wrong, and how it pages.

Errors are decided by `code`, then `error_subcode`, never by the status. Source: https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from broadcasters import waiting
from broadcasters.errors import OutcomeClass
from broadcasters.http import Answer, Reading
from broadcasters.post import Found

GONE_SUBCODE = 33
_SECRET = ("access_token", "appsecret_proof")

_BY_CODE: Mapping[int, OutcomeClass] = {
    **dict.fromkeys((4, 17, 32, 341, 613, 80001), OutcomeClass.THROTTLED),
    **dict.fromkeys((10, *range(200, 300), 368), OutcomeClass.DENIED),  # 368: blocked for policy; a person first
    100: OutcomeClass.CONTENT,
    1609005: OutcomeClass.CONTENT,
    **dict.fromkeys((102, 190), OutcomeClass.REAUTH),
    506: OutcomeClass.DUPLICATE,
    **dict.fromkeys((1, 2), OutcomeClass.AMBIGUOUS),
}
BY_SUBCODE: Mapping[int, OutcomeClass] = {  # Instagram's, which say more than their code
    **dict.fromkeys((2207001, 2207003, 2207032, 2207052, 2207053), OutcomeClass.RETRY),  # the picture was not fetched, or not in time
    2207020: OutcomeClass.RETRY,  # the container has expired
    2207027: OutcomeClass.RETRY,  # the container is not ready yet
    **dict.fromkeys((2207004, 2207005, 2207009), OutcomeClass.CONTENT),  # size, format, shape of the picture
    2207042: OutcomeClass.THROTTLED,  # no more posts today
    2207051: OutcomeClass.DENIED,  # the account is restricted
}
SPENT = frozenset({"2207003", "2207020", "2207032", "2207053"})  # its picture was not taken, or it ran out: only another can be published


def reading(answer: Answer, parsed: Any) -> Reading | None:
    """The Graph API's own reading of an answer; None where it says nothing of its own."""
    error = parsed.get("error") if isinstance(parsed, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return None
    code, told = error["code"], error.get("error_subcode")
    subcode = told if isinstance(told, int) else 0
    outcome = BY_SUBCODE.get(subcode)
    outcome = outcome or _BY_CODE.get(code) or (OutcomeClass.AMBIGUOUS if error.get("is_transient") is True else None)
    if outcome is None:
        return None
    name = f"{code}/{subcode}" if subcode else str(code)
    gone = code == 100 and subcode == GONE_SUBCODE
    return Reading(outcome, name, _regain_s(answer) if outcome is OutcomeClass.THROTTLED else None, gone)


def page(answer: Any, found: Callable[[Any], Found]) -> tuple[list[Found], dict[str, str]]:
    """Posts, and what the address of the next page asks for besides the token; only its absence says that there is none."""
    onward = dict(parse_qsl(urlsplit(answer.get("paging", {}).get("next", "")).query))
    return [found(one) for one in answer["data"]], {name: value for name, value in onward.items() if name not in _SECRET}


def _regain_s(answer: Answer) -> float | None:
    """The longest estimated_time_to_regain_access (minutes) in the header that tells the use."""
    try:
        usage = json.loads(answer.header("X-Business-Use-Case-Usage") or "{}")
        entries = [entry for entries in usage.values() for entry in entries]
        return waiting.longest(*(waiting.number_s(entry.get("estimated_time_to_regain_access"), unit_s=60.0) for entry in entries))
    except (ValueError, AttributeError, TypeError):
        return None
