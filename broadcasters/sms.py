"""Short messages to one number, by Twilio or a service that speaks its API. API: https://www.twilio.com/docs/messaging/api/message-resource

Nothing is remembered by key, and a server fault may still have sent: what was sent to the number is read back by its marker.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from broadcasters import text, timeline
from broadcasters.answers import word
from broadcasters.errors import OutcomeClass
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.mapping import by_status
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "sms"
CLASS = DeliveryClass.BARE
MODES = ("new",)
SMS = True  # texts in the form of short messages: no address, letters that a phone network carries cheaply
PAGE = 50
LONGEST_VALID_S = 14_400
_NUMBER = r"\+[1-9][0-9]{6,14}"

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """One sender and one recipient.

    account_sid  AC and 32 letters of 0-9, a-f
    key_sid      of an API key; without it, auth_token is the account's own
    auth_token   the API key's secret, or the account's own
    sender       a number of the account, a name of up to 11 letters, or the MG… of a messaging service
    recipient    a number with + and country code
    max_parts    parts that one message may take; each is charged
    valid_s      a message that could not be handed on for so long is dropped: hours later it would mislead
    """

    account_sid: str
    sender: str
    recipient: str
    auth_token: str = field(repr=False)
    key_sid: str = ""
    max_parts: int = 2
    valid_s: int = 3600
    base_url: str = "https://api.twilio.com"

    def __post_init__(self) -> None:
        _must("account_sid", self.account_sid, r"AC[0-9a-f]{32}", "AC and 32 letters of 0-9 and a-f")
        _must("key_sid", self.key_sid, r"(SK[0-9a-f]{32})?", "SK and 32 letters of 0-9 and a-f, or nothing")
        kinds = "a number with + and country code, a name of up to 11 letters and digits, or MG and 32 letters of 0-9 and a-f"
        _must("sender", self.sender, rf"{_NUMBER}|MG[0-9a-f]{{32}}|(?=.*[A-Za-z])[A-Za-z0-9 ]{{1,11}}", kinds)
        _must("recipient", self.recipient, _NUMBER, "a number with + and country code (quote it: it is text)")
        if not 1 <= self.max_parts <= 10:
            raise ValueError(f"max_parts: found {self.max_parts}, allowed are 1 to 10")
        if not 60 <= self.valid_s <= LONGEST_VALID_S:
            raise ValueError(f"valid_s: found {self.valid_s}, allowed are 60 to {LONGEST_VALID_S} seconds")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))


def limits(config: Config) -> text.Limits:
    """So many parts. Ten parts of the dearest kind stay below the 1,600 letters at which the API refuses."""
    return text.Limits(text.Unit.PARTS, config.max_parts)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Hand one message over for sending; whether a phone then shows it is not followed."""
    form = {
        "To": config.recipient,
        "MessagingServiceSid" if config.sender.startswith("MG") else "From": config.sender,
        "Body": post.text,
        "ValidityPeriod": str(config.valid_s),
    }
    return http.send(
        "POST",
        f"{config.base_url}{_path(config)}",
        headers=_headers(config),
        form=form,
        create=True,
        interpret=_reading,
        read=lambda answer: Receipt(Remote(_sid(answer))),
    )


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The message that carries `code`; None if it is provably absent. Raises Unavailable if the messages cannot be read."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """What the account sent to the number since a moment, newest first. What failed before it left counts as never sent."""

    def read(answer: Any) -> tuple[Sequence[Found], str | None]:
        rows = [one for one in answer["messages"] if one["direction"] != "inbound" and one["status"] not in ("failed", "canceled")]
        following = answer.get("next_page_uri")
        return [_found(one) for one in rows], _own_path(following) if following else None

    def page(path: str) -> tuple[Sequence[Found], str | None]:
        return _ask(http, config, path, read)

    return timeline.read_back(since, f"{_path(config)}?{urlencode({'To': config.recipient, 'PageSize': PAGE})}", page)


def verify(config: Config, http: Http) -> str:
    """Whether the account takes the key. Sends nothing."""
    sign_in(config, http)
    return f"The account {config.account_sid} takes the key; messages go from {config.sender} to {config.recipient}."


def sign_in(config: Config, http: Http) -> None:
    """Asks something that only the key opens. Raises as every question does."""
    _ask(http, config, f"{_path(config)}?PageSize=1", lambda answer: len(answer["messages"]))


def is_number(value: str) -> bool:
    """True for a number as the API wants it: + and country code, digits alone."""
    return re.fullmatch(_NUMBER, value) is not None


def _must(name: str, value: str, pattern: str, allowed: str) -> None:
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{name}: found {value!r}, allowed is {allowed}")


def _path(config: Config) -> str:
    return f"/2010-04-01/Accounts/{config.account_sid}/Messages.json"


def _own_path(path: Any) -> str:
    """The next page, on the same host. TypeError for an address elsewhere: our key goes nowhere else."""
    if not isinstance(path, str) or not re.match(r"/[^/\\]", path):
        raise TypeError("the next page must be a path")
    return path


def _ask(http: Http, config: Config, path: str, read: Callable[[Any], T]) -> T:
    return http.send("GET", f"{config.base_url}{path}", headers=_headers(config), create=False, interpret=_reading, read=read)


def _headers(config: Config) -> Mapping[str, str]:
    pair = f"{config.key_sid or config.account_sid}:{config.auth_token}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _sid(answer: Any) -> str:
    return word(answer["sid"])


def _found(one: Any) -> Found:
    return Found(Remote(_sid(one)), str(one["body"]), parsedate_to_datetime(one["date_created"]).astimezone(UTC))


_BY_CODE: Mapping[int, OutcomeClass] = {
    20003: OutcomeClass.REAUTH,
    20429: OutcomeClass.THROTTLED,
    21211: OutcomeClass.GONE,  # no such number
    21214: OutcomeClass.GONE,  # cannot be reached
    21217: OutcomeClass.GONE,
    21265: OutcomeClass.GONE,  # a short code
    21266: OutcomeClass.DENIED,  # the sender itself
    21408: OutcomeClass.DENIED,  # region switched off
    21602: OutcomeClass.CONTENT,
    21606: OutcomeClass.DENIED,  # the sender cannot send
    21608: OutcomeClass.DENIED,  # a trial account, and the number is not verified with it
    21610: OutcomeClass.GONE,  # the recipient opted out
    21611: OutcomeClass.THROTTLED,  # the sender's queue is full
    21612: OutcomeClass.DENIED,
    21614: OutcomeClass.GONE,
    21617: OutcomeClass.CONTENT,
    21635: OutcomeClass.GONE,  # a landline
    30001: OutcomeClass.THROTTLED,
    30003: OutcomeClass.GONE,  # cannot be reached
    30005: OutcomeClass.GONE,
    30006: OutcomeClass.GONE,  # a landline
    30007: OutcomeClass.CONTENT,  # filtered: a person must look at the words
    30008: OutcomeClass.AMBIGUOUS,  # nobody knows what became of it
    63038: OutcomeClass.BILLING,  # daily cap
}


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """By the API's own number, where it is listed; it is told in any case. A server fault says nothing, whatever number it carries."""
    code = parsed.get("code") if isinstance(parsed, dict) else None
    if not isinstance(code, int) or answer.status < 400 or answer.status >= 500:
        return None
    return Reading(_BY_CODE[code], str(code)) if code in _BY_CODE else replace(by_status(answer.status), code=str(code))
