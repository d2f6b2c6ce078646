"""A Telegram channel: one message per subject, rewritten with each update. API: https://core.telegram.org/bots/api#sendmessage

A bot cannot read the channel, so a message whose answer was lost cannot be looked for; an edit can be repeated freely.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from broadcasters import text, waiting
from broadcasters.answers import number as whole
from broadcasters.errors import OutcomeClass, Rejected
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Post, Receipt, Remote

KIND = "telegram"
CLASS = DeliveryClass.BLIND
MODES = ("edit", "reply", "new")

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """A bot that is administrator of a channel, with the rights to post and to edit.

    chat_id    @name of a public channel, or its number (-100…)
    bot_token  stands in the address of every call, which is why no address is ever shown
    """

    chat_id: str
    bot_token: str = field(repr=False)
    base_url: str = "https://api.telegram.org"
    web_url: str = "https://t.me"

    def __post_init__(self) -> None:
        if not (self.chat_id.startswith("@") or self.chat_id.lstrip("-").isdecimal()):
            raise ValueError(f"chat_id: found {self.chat_id!r}, allowed are @name and the channel's number (quote it: it is text)")
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))
        object.__setattr__(self, "web_url", checked_base(self.web_url, "web_url"))


def limits(_: Config) -> text.Limits:
    """4,096 characters; counted as UTF-16 units, which are never fewer."""
    return text.Limits(text.Unit.UTF16, 4096)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Send one message. A group that became a supergroup is followed once, and the receipt says so."""
    try:
        return _send(post, config, http)
    except _Moved as moved:
        chat_id = moved.chat_id
    receipt = _send(post, replace(config, chat_id=chat_id), http)
    return replace(receipt, notes=(*receipt.notes, _new_number(chat_id)))


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Rewrite a message; a repeat is answered "not modified", which is success. Rejected with parent_gone where it is not there."""
    if post.edit is None:
        raise ValueError("edit() needs post.edit")
    body = {
        "chat_id": post.edit.extra.get("chat_id", config.chat_id),
        "message_id": int(post.edit.id),
        "text": post.text,
        "link_preview_options": {"is_disabled": True},
    }
    try:
        _call(http, config, "editMessageText", body, create=False, read=_edited)
    except _Moved as moved:  # the messages of the group stayed behind
        raise Rejected(moved.outcome, moved.detail, parent_gone=True, code=moved.code) from None
    return Receipt(post.edit, post.edit.extra.get("url"))


def verify(config: Config, http: Http) -> str:
    """Which bot the token belongs to, and whether it sees the channel. Posts nothing."""
    bot = _call(http, config, "getMe", {}, create=False, read=lambda answer: str(answer["result"]["username"]))
    try:
        chat = _call(http, config, "getChat", {"chat_id": config.chat_id}, create=False, read=lambda answer: str(answer["result"]["title"]))
    except _Moved as moved:
        return f"The bot @{bot} sees the group. {moved.detail}"
    return f"The bot @{bot} sees the channel “{chat}”."


def _send(post: Post, config: Config, http: Http) -> Receipt:
    # No preview: it would go on showing what the page said when it was fetched.
    body: dict[str, Any] = {"chat_id": config.chat_id, "text": post.text, "link_preview_options": {"is_disabled": True}}
    if post.reply_to is not None:
        body["reply_parameters"] = {"message_id": int(post.reply_to.id), "allow_sending_without_reply": True}

    def receipt(answer: Any) -> Receipt:
        message = answer["result"]
        number, chat = str(whole(message["message_id"])), message.get("chat") or _configured(config)
        alone = post.reply_to is not None and "chat" in message and "reply_to_message" not in message
        url = _permalink(chat, number, config)
        notes = ("The message replied to is gone: posted alone.",) if alone else ()
        return Receipt(Remote(number, {"chat_id": str(chat["id"]), "url": url}), url, notes)

    return _call(http, config, "sendMessage", body, create=True, read=receipt)


def _edited(answer: Any) -> None:
    """ValueError for what is not Telegram's own "done", or "it says that already"."""
    if answer["ok"] is not True and NOT_MODIFIED not in answer["description"].lower():
        raise ValueError("not edited")


def _configured(config: Config) -> Mapping[str, Any]:
    """The chat that was asked for, where the answer does not tell which one it is."""
    return {"id": config.chat_id, "username": config.chat_id.removeprefix("@") if config.chat_id.startswith("@") else None}


def _permalink(chat: Mapping[str, Any], number: str, config: Config) -> str:
    name = chat.get("username")
    return f"{config.web_url}/{name}/{number}" if name else f"{config.web_url}/c/{str(chat['id']).removeprefix('-100')}/{number}"


class _Moved(Rejected):
    """The group lives on under another number; nothing was done under the old one."""

    def __init__(self, chat_id: str) -> None:
        super().__init__(OutcomeClass.DENIED, _new_number(chat_id), code="moved")
        self.chat_id = chat_id


def _new_number(chat_id: str) -> str:
    return f"The group has a new number: set chat_id to {chat_id!r}."


def _call(http: Http, config: Config, method: str, body: Mapping[str, Any], *, create: bool, read: Callable[[Any], T]) -> T:
    moved: list[str] = []

    def reading(answer: Answer, parsed: Any) -> Reading | None:
        parameters = parsed.get("parameters") if isinstance(parsed, dict) else None
        if isinstance(parameters, dict) and isinstance(parameters.get("migrate_to_chat_id"), int):
            moved.append(str(parameters["migrate_to_chat_id"]))
        return _reading(answer, parsed)

    try:
        url = f"{config.base_url}/bot{config.bot_token}/{method}"
        return http.send("POST", url, json=body, create=create, interpret=reading, read=read)
    except Rejected:
        if moved:
            raise _Moved(moved[0]) from None
        raise


NOT_MODIFIED = "message is not modified"
_BY_DESCRIPTION: Mapping[str, Reading] = {  # for 400 the description is the only sign
    NOT_MODIFIED: Reading(OutcomeClass.OK),
    "message to edit not found": Reading(OutcomeClass.CONTENT, "message-gone", parent_gone=True),
    "message to be replied not found": Reading(OutcomeClass.CONTENT, "message-gone", parent_gone=True),
    "chat not found": Reading(OutcomeClass.DENIED, "chat-not-found"),
}


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    if answer.status == 404:
        return Reading(OutcomeClass.REAUTH, "404")  # the token is wrong: the method is not
    if not isinstance(parsed, dict):
        return None
    if answer.status == 429:
        parameters = parsed.get("parameters")
        wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
        return Reading(OutcomeClass.THROTTLED, retry_after_s=waiting.number_s(wait))
    if answer.status == 400:
        description = str(parsed.get("description", "")).lower()
        return next((reading for sign, reading in _BY_DESCRIPTION.items() if sign in description), None)
    return None
