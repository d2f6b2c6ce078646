"""A notice board: one note per update, pinned below the one before. An example of a broadcaster in a package of its own.

The board's API: POST /notes makes a note, PUT /notes/ID rewrites one, GET /notes?before=ID lists the account's own, GET /me says whose
they are. The board remembers nothing of a request, so a note whose answer was lost is looked for by its marker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from broadcasters import text, timeline
from broadcasters.errors import OutcomeClass
from broadcasters.http import Answer, Http, Reading, checked_base
from broadcasters.post import DeliveryClass, Found, Post, Receipt, Remote

KIND = "noticeboard"
CLASS = DeliveryClass.BARE
MODES = ("reply", "edit", "new")

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """A board and the token of an account on it."""

    base_url: str
    token: str = field(repr=False)
    longest: int = 700

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", checked_base(self.base_url, "base_url"))
        if not 100 <= self.longest <= 5000:
            raise ValueError(f"longest: found {self.longest}, allowed is 100 to 5000")


def limits(config: Config) -> text.Limits:
    """The board counts what a reader takes for one letter."""
    return text.Limits(text.Unit.GRAPHEMES, config.longest)


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Pin one note. Raises Rejected, Unavailable or Uncertain; parent_gone where the note below which it belongs was taken down."""
    body = {"text": post.text, "lang": post.language, "below": post.reply_to.id if post.reply_to else None}
    return _send(http, config, "POST", "/notes", json=body, create=True, read=_receipt)


def edit(post: Post, config: Config, http: Http) -> Receipt:
    """Rewrite a note; repeating it is harmless."""
    if post.edit is None:
        raise ValueError("edit() needs post.edit")
    body = {"text": post.text, "lang": post.language}
    return _send(http, config, "PUT", f"/notes/{post.edit.id}", json=body, create=False, read=_receipt)


def find(code: str, since: datetime, config: Config, http: Http) -> Found | None:
    """The own note that carries `code`; None if it is provably absent."""
    return timeline.first_with(code, recent(config, http, since))


def recent(config: Config, http: Http, since: datetime) -> list[Found]:
    """Own notes since a moment, newest first."""

    def page(before: str) -> tuple[Sequence[Found], str | None]:
        path = f"/notes?before={before}" if before else "/notes"
        notes = _send(http, config, "GET", path, create=False, read=lambda answer: [_found(note) for note in answer["notes"]])
        return notes, notes[-1].remote.id if notes else None

    return timeline.read_back(since, "", page)


def verify(config: Config, http: Http) -> str:
    """Whose token it is. Posts nothing."""
    name = _send(http, config, "GET", "/me", create=False, read=lambda answer: str(answer["name"]))
    return f"Signed in as {name}."


def _send(http: Http, config: Config, method: str, path: str, *, json: Any = None, create: bool, read: Callable[[Any], T]) -> T:
    headers = {"Authorization": f"Bearer {config.token}"}
    return http.send(method, f"{config.base_url}{path}", headers=headers, json=json, create=create, interpret=_reading, read=read)


def _reading(answer: Answer, parsed: Any) -> Reading | None:
    """The board says with 404 that the note spoken of is gone, and with 423 that the board is closed for the night."""
    if answer.status == 404:
        return Reading(OutcomeClass.CONTENT, "note-gone", parent_gone=True)
    if answer.status == 423:
        return Reading(OutcomeClass.RETRY, "closed", retry_after_s=600.0)
    return None


def _receipt(answer: Any) -> Receipt:
    return Receipt(Remote(str(answer["id"])), url=str(answer["url"]))


def _found(note: Any) -> Found:
    return Found(Remote(str(note["id"])), str(note["text"]), timeline.moment(note["at"]), str(note["url"]))
