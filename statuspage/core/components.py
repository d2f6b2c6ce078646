"""What customers use and the page lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Names = Mapping[str, str]  # language -> name; the page's default language is always there


@dataclass(frozen=True)
class ComponentGroup:
    """A heading of the page with its components."""

    slug: str
    names: Names
    position: int = 0


@dataclass(frozen=True)
class Component:
    """One thing that customers use.

    symptom   key of the catalogue for what customers notice when it fails, e.g. "login"
    advice    keys of the catalogue that fit while it fails, best first
    scheme    name of a payment scheme, where the symptom needs one
    private   never in a public file or on a public channel
    depends_on  slugs of components whose failure explains this one's
    """

    slug: str
    names: Names
    group: str | None = None
    descriptions: Names | None = None
    position: int = 0
    symptom: str = "slow"
    advice: tuple[str, ...] = ()
    scheme: str | None = None
    private: bool = False
    depends_on: tuple[str, ...] = ()
    showcase: bool = True


@dataclass(frozen=True)
class ComponentRecord:
    """A component or group once configured, as the store remembers it. `id` is the public API's and outlives the slug.

    private   as it was configured last
    """

    id: str
    slug: str
    names: Names
    is_group: bool
    created_at: datetime
    updated_at: datetime
    removed_at: datetime | None = None
    private: bool = False
