"""A Slack channel in which an app's bot writes: https://docs.slack.dev/reference/methods/chat.postMessage

Slack answers 200 for errors too: `ok` tells. A repeat is a second message, but the bot can read the channel. Replies are also shown in the
channel (reply_broadcast): else they would stand neither before its readers nor in its history, and no absence could be proven.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from broadcasters import text, timeline
from broadcasters.answers import word
from broadcasters.errors import BroadcastError, OutcomeClass
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "slack"
CLASS = DeliveryClass.BARE
MODES = ("reply", "edit", "new")
PAGE = 15  # all that an app outside Slack's directory may get at once
PERMALINK_DEADLINE_S = 5.0
ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
LIMITS = text.Limits(text.Unit.CHARACTERS, 4000, wider=tuple((letter, len(name) - 1) for letter, name in ESCAPED.items()))

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """A bot that is a member of one channel.

    channel    its number (C…), from the foot of "View channel details"; a name does not do for reading and editing
    bot_token  xoxb-…, of an app of the bank's own
    """

    channel: str
    bot_token: str = field(repr=False)
    base_url: str = "https://slack.com/api"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[CG][A-Z0-9]{6,}", self.channel):
            raise ValueError(f"channel: found {self.channel!r}, allowed is the channel's number, which begins with C or G, not its name")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))


def limits(_: Config) -> text.Limits:
    """4,000 characters, more than which chat.update refuses; & < > count as they are escaped."""
    return LIMITS


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Send one message. Raises Rejected, Unavailable or Uncertain; parent_gone where its thread is not there any more."""
    body = {"channel": config.channel, **content(post), "unfurl_links": False, "unfurl_media": False}
    root = post.root or post.reply_to
    if post.reply_to is not None and root is not None:
        body |= {"thread_ts": root.id, "reply_broadcast": True}

    def read(answer: Any) -> tuple[str, bool]:
        message = answer.get("message")  # what was made of it; an answer need not repeat it
        return word(answer["ts"]), post.reply_to is not None and message is not None and "thread_ts" not in message

    ts, alone = _call(http, config, "POST", "chat.postMessage", body, create=True, read=read)
    url = _permalink(ts, config, http)
    return Receipt(_remote(ts, url), url, ("The message replied to is gone: posted alone.",) if alone else ())


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Rewrite a message; repeating it is harmless. Rejected with parent_gone where it is not there, or may not be rewritten any more."""
    if post.edit is None:
        raise ValueError("edit() needs post.edit")
    body = {"channel": config.channel, "ts": post.edit.id, **content(post)}
    _call(http, config, "POST", "chat.update", body, create=False, read=lambda answer: word(answer["ts"]))
    return Receipt(post.edit, post.edit.extra.get("url"))


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The bot's message that carries `code`; None if it is provably absent. Raises Unavailable if the channel cannot be read."""
    found = timeline.first_with(code, recent(config, http, since))
    if found is None:
        return None
    url = _permalink(found.remote.id, config, http)
    return replace(found, remote=_remote(found.remote.id, url), url=url)


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """The bot's messages since a moment, newest first; what other people write in the channel is their own affair."""
    own = _call(http, config, "GET", "auth.test", {}, create=False, read=lambda answer: word(answer["user_id"]))
    first = {"channel": config.channel, "oldest": f"{(since - timeline.SKEW).timestamp():.6f}", "limit": str(PAGE)}

    def read(answer: Any) -> tuple[list[Found], str]:
        messages = [one for one in answer["messages"] if one.get("user") == own]
        return [_found(one) for one in messages], str((answer.get("response_metadata") or {}).get("next_cursor") or "")

    def page(query: Mapping[str, str]) -> tuple[Sequence[Found], dict[str, str] | None]:
        posts, cursor = _call(http, config, "GET", "conversations.history", query, create=False, read=read)
        return posts, {**first, "cursor": cursor} if cursor else None

    return timeline.read_back(since, first, page)


def verify(config: Config, http: Http) -> str:
    """Which bot the token belongs to, and whether it may read the channel. Posts nothing."""
    who = _call(http, config, "GET", "auth.test", {}, create=False, read=lambda answer: (str(answer["user"]), str(answer["team"])))
    query = {"channel": config.channel, "limit": "1"}
    _call(http, config, "GET", "conversations.history", query, create=False, read=lambda answer: answer["messages"])
    return f"Signed in as @{who[0]} at “{who[1]}”; the bot reads the channel."


def escaped(words: str) -> str:
    """Words as Slack wants them where they stand in `text`."""
    return "".join(ESCAPED.get(letter, letter) for letter in words)


def plain(told: str) -> str:
    """The words of a message: addresses out of their brackets, signs as they were."""
    words = re.sub(r"<(https?://[^|>]+)(\|[^>]*)?>", r"\1", told)
    for letter in ("<", ">", "&"):  # the ampersand last: it stands in the other two
        words = words.replace(ESCAPED[letter], letter)
    return words


def content(post: Post) -> dict[str, Any]:
    """The words twice: for notifications, and as rich text, in which * and _ mean nothing and addresses can be clicked."""
    pieces: list[dict[str, str]] = []
    at = 0
    for start, end in text.web_links(post.text):
        pieces += [{"type": "text", "text": post.text[at:start]}, {"type": "link", "url": post.text[start:end]}]
        at = end
    pieces.append({"type": "text", "text": post.text[at:]})
    section = {"type": "rich_text_section", "elements": [one for one in pieces if one.get("text") != ""]}
    return {"text": escaped(post.text), "blocks": [{"type": "rich_text", "elements": [section]}]}


def _remote(ts: str, url: str | None) -> Remote:
    """The address goes along, so that an edit can name it."""
    return Remote(ts, {"url": url} if url else {})


def _permalink(ts: str, config: Config, http: Http) -> str | None:
    """The message's address; the message is out, so a fault here only means that there is none."""
    query = {"channel": config.channel, "message_ts": ts}
    try:
        return _call(
            http,
            config,
            "GET",
            "chat.getPermalink",
            query,
            create=False,
            read=lambda answer: word(answer["permalink"]),
            deadline_s=PERMALINK_DEADLINE_S,
        )
    except BroadcastError:
        return None


def _call(
    http: Http,
    config: Config,
    method: str,
    name: str,
    fields: Mapping[str, Any],
    *,
    create: bool,
    read: Callable[[Any], T],
    deadline_s: float | None = None,
) -> T:
    url = f"{config.base_url}/{name}"
    return http.send(
        method,
        f"{url}?{urlencode(fields)}" if method == "GET" and fields else url,
        headers={"Authorization": f"Bearer {config.bot_token}"},
        json=fields if method == "POST" else None,
        create=create,
        interpret=_reading,
        read=read,
        deadline_s=deadline_s,
    )


def _found(one: Any) -> Found:
    ts = word(one["ts"])
    return Found(Remote(ts), plain(str(one["text"])), datetime.fromtimestamp(float(ts), UTC))


_BY_ERROR: Mapping[str, OutcomeClass] = {
    **dict.fromkeys(("ratelimited", "rate_limited", "message_limit_exceeded"), OutcomeClass.THROTTLED),
    **dict.fromkeys(("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"), OutcomeClass.REAUTH),
    **dict.fromkeys(("missing_scope", "not_in_channel", "channel_not_found", "is_archived"), OutcomeClass.DENIED),
    **dict.fromkeys(("ekm_access_denied", "team_access_not_granted"), OutcomeClass.DENIED),
    **dict.fromkeys(("msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "no_text"), OutcomeClass.CONTENT),
    **dict.fromkeys(("internal_error", "fatal_error", "service_unavailable", "request_timeout"), OutcomeClass.AMBIGUOUS),
}
_GONE = (
    "thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked",
    "message_not_found", "cant_update_message", "edit_window_closed",
)  # fmt: skip


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """Slack's own word. One that is not in the table is a refusal for a person to read: `ok: false` means that nothing was done."""
    if not isinstance(parsed, dict) or parsed.get("ok") is not False or answer.status >= 500:
        return None
    error = str(parsed.get("error", ""))
    if error in _GONE:
        return Reading(OutcomeClass.CONTENT, error, parent_gone=True)
    if error in _BY_ERROR:
        return Reading(_BY_ERROR[error], error)
    return Reading(OutcomeClass.DENIED, error, single=not error.startswith("restricted_action")) if answer.status < 300 else None
