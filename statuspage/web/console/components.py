"""The components as the console lists them: with what each shows now, by group or the gravest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from statuspage.actions.stories import LANGUAGE
from statuspage.core.vocabulary import GRAVITY, ComponentStatus
from statuspage.store import Session, timeline
from statuspage.web.auth import context
from statuspage.web.console.words import component_name


@dataclass(frozen=True)
class Shown:
    """A component with what it shows now. group: the name of its group, "" if it has none; since: None if nobody ever looked."""

    slug: str
    name: str
    status: ComponentStatus
    since: datetime | None
    private: bool
    group: str


def shown(session: Session) -> list[Shown]:
    """All components, in the order of the configuration."""
    settings, changes = context().settings, timeline.current(session)
    groups = {group.slug: _named(group.name) for group in settings.groups}
    return [
        Shown(
            slug=item.slug,
            name=component_name(item.slug),
            status=changes[item.slug].status if item.slug in changes else ComponentStatus.UNKNOWN,
            since=changes[item.slug].effective_at if item.slug in changes else None,
            private=item.private,
            group=groups[item.group] if item.group else "",
        )
        for item in settings.components
    ]


def gravest_first(components: Sequence[Shown]) -> list[Shown]:
    """What does not work comes first; among equals the order stays."""
    return sorted(components, key=lambda item: GRAVITY.index(item.status))


def by_group(components: Sequence[Shown]) -> list[tuple[str, list[Shown]]]:
    """(group, its components): groups as they first appear, each once."""
    found: dict[str, list[Shown]] = {}
    for item in components:
        found.setdefault(item.group, []).append(item)
    return list(found.items())


def _named(names: Mapping[str, str]) -> str:
    return names.get(LANGUAGE) or names[context().settings.page.default_language]
