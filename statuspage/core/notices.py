"""What is said to the public, when, and under which policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from statuspage.core.vocabulary import LinkMode, NoticeKind, SubjectKind, UpdateMode


@dataclass(frozen=True)
class Facts:
    """All values that a notice may speak of; words are chosen from these and from the catalogue, nothing else.

    service, affected, works   component slugs: hit first, all that are hit, those seen to work
    symptom, cause, advice, late   keys of the catalogue; None or () leaves the sentence out where that is allowed
    wrong, text   language -> a person's whole sentences, for a correction
    codes   filled per channel: the code of one message (see statuspage.words)
    """

    kind: NoticeKind
    service: str | None = None
    affected: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    symptom: str | None = None
    scheme: str | None = None
    cause: str | None = None
    advice: tuple[str, ...] = ()
    late: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    was: datetime | None = None
    next: datetime | None = None
    late_until: datetime | None = None
    review: datetime | None = None
    duration_s: int | None = None
    fake: str | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)
    free_text: Mapping[str, str] = field(default_factory=dict)  # a person's addition, after the template part

    @property
    def for_posts(self) -> Facts:
        """What posts speak of: all of it, but a correction names no promise there, since it may leave after the promised time."""
        return replace(self, next=None) if self.kind is NoticeKind.CORRECTION else self


@dataclass(frozen=True)
class Notice:
    """What is to be said about one update, once. A thread is subject x channel.

    next_update_by   the promise; None once the subject is over
    valid_until      after this it is never sent by itself (= next update; resolved + 2 h)
    not_before       hold: posts wait until then, so that a person can stop or edit them
    essential        never collapsed into a newer one: corrections and warnings
    """

    id: str
    subject_kind: SubjectKind
    subject_id: str
    sequence: int
    kind: NoticeKind
    created_at: datetime
    valid_until: datetime | None
    next_update_by: datetime | None = None
    not_before: datetime | None = None
    drill: bool = False

    @property
    def essential(self) -> bool:
        return self.kind in (NoticeKind.CORRECTION, NoticeKind.FRAUD_WARNING)


@dataclass(frozen=True)
class Channel:
    """One language on one account, as delivery needs to know it."""

    name: str
    account: str
    network: str
    language: str
    mode: UpdateMode
    link: LinkMode
    sandbox: bool = False
    operators: bool = False
