"""A Slack channel by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks

For workspaces that let no app read. Slack only says "ok": there is no id, so no thread, no edit, no address, and nothing can be looked
for after a lost answer. With a bot (kind slack) all of that is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from broadcasters import slack, text
from broadcasters.errors import OutcomeClass
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Post, Receipt, Remote

KIND = "slack_webhook"
CLASS = DeliveryClass.BLIND
MODES = ("new",)
ASKABLE = False  # nothing without sending: verify() only says what would be done


@dataclass(frozen=True)
class Config:
    """One webhook, which writes into one channel.

    hook_token  T…/B…/…, what stands behind /services/ in its address: all of it is the secret
    """

    hook_token: str = field(repr=False)
    base_url: str = "https://hooks.slack.com/services"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z0-9]+/[A-Z0-9]+/[A-Za-z0-9]+", self.hook_token):
            raise ValueError("hook_token: allowed are the three parts behind /services/ in the webhook's address, T…/B…/…")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))


def limits(_: Config) -> text.Limits:
    """As for a bot's messages."""
    return slack.LIMITS


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Write one message. Raises Rejected, Unavailable or Uncertain. The receipt's id is our own: Slack gives none."""
    body = {**slack.content(post), "unfurl_links": False, "unfurl_media": False}
    http.send("POST", f"{config.base_url}/{config.hook_token}", json=body, create=True, interpret=_reading)
    return Receipt(Remote(post.key))


def verify(config: Config, http: Http) -> str:
    """Nothing can be asked of a webhook without writing: says only that."""
    return f"A webhook at {urlsplit(config.base_url).hostname} would get the messages; whether it takes them shows with the first."


_BY_WORD: Mapping[str, OutcomeClass] = {
    **dict.fromkeys(("invalid_token", "no_active_hooks"), OutcomeClass.REAUTH),
    **dict.fromkeys(("no_service", "no_service_id", "no_team", "channel_not_found", "channel_is_archived"), OutcomeClass.GONE),
}


def _reading(answer: Answer, _: Any) -> Reading | None:
    """A word in plain text is all that is answered: "ok", or why not. A success in other words may be none."""
    word = answer.body.decode("ascii", "replace").strip()
    if 200 <= answer.status < 300:
        return None if word == "ok" else Reading(OutcomeClass.AMBIGUOUS, "not-ok")
    outcome = _BY_WORD.get(word) if answer.status < 500 else None
    return Reading(outcome, word) if outcome else None
