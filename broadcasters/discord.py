"""A Discord channel by its webhook: one message per subject, rewritten with each update. https://docs.discord.com/developers/resources/webhook

A webhook cannot read its channel, so a message whose answer was lost cannot be looked for; an edit can be repeated freely.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from broadcasters import text, waiting
from broadcasters.errors import BroadcastError, OutcomeClass
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Post, Receipt, Remote

KIND = "discord"
CLASS = DeliveryClass.BLIND
MODES = ("edit", "new")
GUILD_DEADLINE_S = 5.0
NO_PREVIEWS = 4  # flag SUPPRESS_EMBEDS: a preview would go on showing what the page said when it was fetched
SIGNS = r"\*_~`|<>#[]-"  # what Discord takes for markup; a backslash before it shows it as it is

T = TypeVar("T")
_SIGN = re.compile(f"[{re.escape(SIGNS)}]")


@dataclass(frozen=True)
class Config:
    """A webhook of one channel, whose address is {base_url}/webhooks/{webhook_id}/{webhook_token}."""

    webhook_id: str
    webhook_token: str = field(repr=False)
    base_url: str = "https://discord.com/api/v10"
    web_url: str = "https://discord.com"

    def __post_init__(self) -> None:
        if not self.webhook_id.isdecimal():
            raise ValueError(f"webhook_id: found {self.webhook_id!r}, allowed is the number in the webhook's address, in quotes")
        if not re.fullmatch(r"[^/\s]{16,}", self.webhook_token):
            raise ValueError("webhook_token must be the last part of the webhook's address alone; what was found is not shown")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))
        object.__setattr__(self, "web_url", checked_base(self.web_url, "web_url"))


def limits(_: Config) -> text.Limits:
    """2,000 characters, escapes included; counted as UTF-16 units, which are never fewer."""
    return text.Limits(text.Unit.UTF16, 2000, wider=tuple((sign, 1) for sign in SIGNS))


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Send one message, and wait until it stands in the channel: without `wait` Discord does not tell of lost ones."""
    body = {**_content(post), "allowed_mentions": {"parse": []}, "flags": NO_PREVIEWS}

    def read(answer: Any) -> tuple[str, str]:
        channel = str(answer.get("channel_id") or "")
        return _number(answer["id"]), channel if channel.isdecimal() else ""

    number, channel = _call(http, config, "POST", "?wait=true", body, create=True, read=read)
    guild = _guild(config, http) if channel else None
    url = f"{config.web_url}/channels/{guild}/{channel}/{number}" if guild else None
    return Receipt(Remote(number, {"url": url} if url else {}), url)


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Rewrite a message; repeating it is harmless. Rejected with parent_gone where it is not there any more."""
    if post.edit is None:
        raise ValueError("edit() needs post.edit")
    body = {**_content(post), "allowed_mentions": {"parse": []}}
    _call(http, config, "PATCH", f"/messages/{post.edit.id}", body, create=False, read=lambda answer: _number(answer["id"]))
    return Receipt(post.edit, post.edit.extra.get("url"))


def verify(config: Config, http: Http) -> str:
    """What the webhook is called. Posts nothing."""
    name = _call(http, config, "GET", "", None, create=False, read=lambda answer: str(answer["name"]))
    return f"The webhook is there; its messages come from “{name}”."


def escaped(words: str) -> str:
    """Words in which no sign is markup; addresses are left whole."""
    pieces, at = [], 0
    for start, end in text.web_links(words):
        pieces += [_SIGN.sub(r"\\\g<0>", words[at:start]), words[start:end]]
        at = end
    return "".join([*pieces, _SIGN.sub(r"\\\g<0>", words[at:])])


def _content(post: Post) -> dict[str, Any]:
    return {"content": escaped(post.text)}


def _guild(config: Config, http: Http) -> str | None:
    """The number of the server that the channel belongs to. The message is out: a fault here only means that it has no address."""
    try:
        return _call(
            http, config, "GET", "", None, create=False, read=lambda answer: _number(answer["guild_id"]), deadline_s=GUILD_DEADLINE_S
        )
    except BroadcastError:
        return None


def _call(
    http: Http,
    config: Config,
    method: str,
    path: str,
    body: Mapping[str, Any] | None,
    *,
    create: bool,
    read: Callable[[Any], T],
    deadline_s: float | None = None,
) -> T:
    url = f"{config.base_url}/webhooks/{config.webhook_id}/{config.webhook_token}{path}"
    return http.send(method, url, json=body, create=create, interpret=_reading, read=read, deadline_s=deadline_s)


def _number(value: Any) -> str:
    if not isinstance(value, str) or not value.isdecimal():
        raise TypeError("ids are numbers in quotes")
    return value


_BY_CODE: Mapping[int, Reading] = {
    10008: Reading(OutcomeClass.CONTENT, "10008", parent_gone=True),  # unknown message
    10015: Reading(OutcomeClass.GONE, "10015"),  # unknown webhook
    50027: Reading(OutcomeClass.REAUTH, "50027"),  # wrong token
    50005: Reading(OutcomeClass.CONTENT, "50005", parent_gone=True),  # a message of somebody else cannot be rewritten
}


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    code = parsed.get("code") if isinstance(parsed, dict) else None
    if answer.status == 429:
        wait = parsed.get("retry_after") if isinstance(parsed, dict) else None
        return Reading(OutcomeClass.THROTTLED, retry_after_s=waiting.number_s(wait))
    if not 400 <= answer.status < 500:
        return None
    if isinstance(code, int) and code in _BY_CODE:
        return _BY_CODE[code]
    return Reading(OutcomeClass.GONE, str(code or "404")) if answer.status == 404 else None
