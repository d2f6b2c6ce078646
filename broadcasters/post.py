"""Post goes in, Receipt comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class DeliveryClass(StrEnum):
    """How a repeated send can be made harmless on a network."""

    NATURAL_KEY = "natural_key"  # the caller names the record; a repeat is refused or answered the same, for ever
    KEYED = "keyed"  # the server remembers a key for a window
    STAGED = "staged"  # create, then publish; the container can be asked
    BARE = "bare"  # no memory; the own timeline can be read
    BLIND = "blind"  # no memory, nothing readable


@dataclass(frozen=True)
class Remote:
    """A post as the network knows it. `extra` holds what a next request needs besides the id (uri, cid, root_uri...)."""

    id: str
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Price:
    """What a network bills for one post. as_of: year and month of these figures."""

    currency: str
    plain: float
    with_link: float
    as_of: str


@dataclass(frozen=True)
class Image:
    """A picture that the network fetches from a public address.

    url   of a JPEG; what is there never changes
    alt   everything that it says, in words, for people who do not see it
    """

    url: str
    alt: str


@dataclass(frozen=True)
class Post:
    """One request, complete and frozen: the same Post always gives the same bytes.

    text        final words, already fitted
    language    BCP-47 tag
    key         idempotency key; for a natural key also the source of the record key
    code        the marker that the text carries, by which the post is found again
    link        the address in the text, or "" where it carries only "Ref CODE"
    created_at  moment of the intent commit
    record_key  name of the record where the caller names it (a TID), else ""
    reply_to, root   parent and first post of the thread; None for a post that stands alone
    edit        the post to rewrite; None to create one
    image       the notice as a picture, for networks that take no bare text; None elsewhere
    """

    text: str
    language: str
    key: str
    code: str
    created_at: datetime
    link: str = ""
    record_key: str = ""
    reply_to: Remote | None = None
    root: Remote | None = None
    edit: Remote | None = None
    image: Image | None = None


@dataclass(frozen=True)
class Receipt:
    """What the network answered.

    notes   what is worth knowing, e.g. "reply was not allowed, posted alone"
    wrong   how the published post differs from what was sent, by reading it back; "" if it does not. A person is alarmed.
    """

    remote: Remote
    url: str | None = None
    notes: tuple[str, ...] = ()
    wrong: str = ""


@dataclass(frozen=True)
class Found:
    """One post on the own timeline."""

    remote: Remote
    text: str
    at: datetime | None
    url: str | None = None


@dataclass(frozen=True)
class Ending:
    """What stops working on a day that is known beforehand, and so must be replaced in time.

    topic   one word, the same for its successor: "credentials", "version"
    what    in words, without a stop: "version 202607 of the API ends"
    then    what a person does about it, a sentence
    on      the last day on which it works, or the first on which it may not
    days    people are told when so many days are left, and again at each smaller number
    """

    topic: str
    what: str
    then: str
    on: date
    days: tuple[int, ...] = (14, 7, 3, 1)
