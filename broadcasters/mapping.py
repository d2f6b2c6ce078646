"""What an HTTP answer means where a network says nothing of its own, in words without secrets.

Source: contracts of the channels, section 1. A 5xx on a create never counts as "not published".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.wire import Answer, Request


@dataclass(frozen=True)
class Reading:
    """A network's own reading of an answer.

    outcome      OK where the answer is a success whatever its status
    code         the network's name or number for it
    parent_gone  the post replied to or edited is no longer there
    single       a refusal of this one request: denied, billing and gone otherwise speak of the account, which is then off
    """

    outcome: OutcomeClass
    code: str = ""
    retry_after_s: float | None = None
    parent_gone: bool = False
    single: bool = False


_BY_STATUS: Mapping[int, OutcomeClass] = {
    **dict.fromkeys((400, 413, 415, 422), OutcomeClass.CONTENT),
    401: OutcomeClass.REAUTH,
    402: OutcomeClass.BILLING,
    **dict.fromkeys((403, 404, 405, 406, 411, 414, 417, 421, 426, 431, 451), OutcomeClass.DENIED),
    **dict.fromkeys((300, 301, 302, 303, 304, 305, 307, 308), OutcomeClass.DENIED),  # redirects are not followed
    409: OutcomeClass.DUPLICATE,
    410: OutcomeClass.GONE,
    429: OutcomeClass.THROTTLED,
}
_OF_THE_ACCOUNT = (403, 404)  # any other status that denies may come from something on the way, e.g. a redirect to a page of regrets


def by_status(status: int) -> Reading:
    """The default reading. A status that nobody defined says nothing about what was done: ambiguous."""
    outcome = OutcomeClass.OK if 200 <= status < 300 else _BY_STATUS.get(status, OutcomeClass.AMBIGUOUS)
    return Reading(outcome, single=outcome is OutcomeClass.DENIED and status not in _OF_THE_ACCOUNT)


def error_for(reading: Reading, answer: Answer, request: Request, create: bool) -> BroadcastError | None:
    """The error that a reading stands for; None for OK. create: see Http.send."""
    name = _cleaned(reading.code, request)[:CODE_LETTERS]
    code = f", code {name}" if name else ""
    detail = f"{request.host} answered {answer.status}{code}{_said(answer, request)}."
    match reading.outcome:
        case OutcomeClass.OK:
            return None
        case OutcomeClass.AMBIGUOUS:
            error = lost(detail, create)
        case OutcomeClass.DUPLICATE:
            error = Uncertain(reading.outcome, f"{detail} The network takes it for a repeat of an earlier post.")
        case OutcomeClass.RETRY | OutcomeClass.THROTTLED:
            error = Unavailable(reading.outcome, detail)
        case _:
            error = Rejected(reading.outcome, detail)
    error.code, error.retry_after_s, error.parent_gone, error.single = name, reading.retry_after_s, reading.parent_gone, reading.single
    return error


def lost(detail: str, create: bool) -> BroadcastError:
    """The error for a request of which nobody knows whether it was processed."""
    if create:
        return Uncertain(OutcomeClass.AMBIGUOUS, f"{detail} The post may have been published.")
    return Unavailable(OutcomeClass.RETRY, f"{detail} Asking again is harmless.")


CODE_LETTERS = 60
_PROSE = ("error", "message", "detail", "description", "title", "error_description")
_SECRET_FIELDS = ("token", "secret", "password", "key", "proof", "sig")


def _said(answer: Answer, request: Request) -> str:
    """What the server said, for people: a short piece of its own words with everything secret of the request taken out."""
    parsed = answer.json()
    pieces: list[str] = []
    for level in (parsed, parsed.get("error") if isinstance(parsed, dict) else None):
        if isinstance(level, dict):
            pieces += [value for name in _PROSE if isinstance(value := level.get(name), str)]
    text = _cleaned(" / ".join(dict.fromkeys(pieces)), request).rstrip(".")
    return f" ({text[:200]})" if text else ""


def _cleaned(text: str, request: Request) -> str:
    """Without what nobody may read, and without letters that do not print."""
    for secret in _secrets(request):
        text = text.replace(secret, "[hidden]")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _secrets(request: Request) -> list[str]:
    """Strings of a request that an answer might echo and nobody may read: credentials in headers, address and body."""
    url = urlsplit(request.url)
    found = [word for name, value in request.headers.items() if name.lower() == "authorization" for word in value.split()]
    found += [piece for piece in url.path.split("/") if len(piece) >= 16 or (len(piece) >= 9 and any(map(str.isdigit, piece)))]
    found += [piece.removeprefix("bot") for piece in url.path.split("/") if piece.startswith("bot")]
    as_sent = [tuple(pair.partition("=")[::2]) for pair in url.query.split("&")]
    fields = [*as_sent, *parse_qsl(url.query), *_body_fields(request.body)]
    found += [value for name, value in fields if any(word in name.lower() for word in _SECRET_FIELDS)]
    return sorted((secret for secret in found if len(secret) >= 6), key=len, reverse=True)


def _body_fields(body: bytes) -> list[tuple[str, str]]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return parse_qsl(body.decode("utf-8", "replace"))
    return [(name, value) for name, value in parsed.items() if isinstance(value, str)] if isinstance(parsed, dict) else []
