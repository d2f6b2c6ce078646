"""A Microsoft Teams channel by a Workflows webhook: a card in, 202 out, and nothing more.
https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498

The flow is only queued: there is no id, so no reply, no edit, no address, and nothing can be looked for after a lost answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from broadcasters import text
from broadcasters.errors import OutcomeClass
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Post, Receipt, Remote

KIND = "teams"
CLASS = DeliveryClass.BLIND
MODES = ("new",)
ASKABLE = False  # nothing without sending: verify() only says what would be done
EMPTY_LINE = "\u00a0"  # a run without a letter is not allowed


@dataclass(frozen=True)
class Config:
    """A flow "when a Teams webhook request is received".

    url        its address without `sig=`
    signature  what stood behind `sig=`, as it stood there or decoded: the secret
    button     the word on the button that opens the notice
    """

    url: str
    signature: str = field(repr=False)
    button: str = "Status"

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", checked_base(self.url, "url"))
        if any(name == "sig" for name, _ in parse_qsl(urlsplit(self.url).query)):
            raise ValueError("url: the address holds its secret. Take sig=… out of it, and give what stood behind it as signature")


def limits(_: Config) -> text.Limits:
    """20,000 bytes, with what JSON adds to quotes and what the block of each line takes: the card keeps below the 28 KB of Teams."""
    return text.Limits(text.Unit.BYTES, 20_000, wider=(("\n", 100), ('"', 1), ("\\", 1)))


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Queue one card. Raises Rejected, Unavailable or Uncertain. The receipt's id is our own: Teams gives none."""
    separator = "&" if urlsplit(config.url).query else "?"
    url = f"{config.url}{separator}{urlencode({'sig': unquote(config.signature)})}"  # who copies it out of the address has %2B for +
    http.send("POST", url, json=_message(post, config), create=True, interpret=_reading)
    return Receipt(Remote(post.key))


def verify(config: Config, http: Http) -> str:
    """Nothing can be asked of a flow without starting it: says only that."""
    return f"A flow at {urlsplit(config.url).hostname} would get the cards; whether it takes them shows with the first."


def _message(post: Post, config: Config) -> dict[str, Any]:
    """A message with one card. Its lines are runs of rich text: in a TextBlock, signs like * and _ would be taken for markup."""
    body = [
        {"type": "RichTextBlock", "spacing": "None", "inlines": [{"type": "TextRun", "text": line or EMPTY_LINE}]}
        for line in post.text.split("\n")
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": post.language,
        "body": body,
        "msteams": {"width": "Full"},
    }
    if post.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": config.button, "url": post.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _reading(answer: Answer, _: Any) -> Reading | None:
    """202 without a word is the only sure success: what stood here before answered 200 with an error in its text."""
    if answer.status in (401, 403):
        return Reading(OutcomeClass.REAUTH)
    if answer.status == 404:
        return Reading(OutcomeClass.GONE)
    if 200 <= answer.status < 300 and answer.status != 202 and answer.body.strip():
        return Reading(OutcomeClass.AMBIGUOUS, "words-in-place-of-202")
    return None
