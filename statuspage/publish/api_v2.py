"""Statuspage's public API v2, as files: the endpoints, keys, order and types that aggregators, exporters and libraries read.

The page's default language. Moments have milliseconds and the offset of the page's zone. The API has no word for "unknown": a
component nobody sees keeps its last known status, and an extra key `monitoring` (after the standard ones, and only then) names it:
{"impaired": true, "unknown_components": [ids]}.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from statuspage.core.status import PUBLIC_API_WORDS
from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.site import Site
from statuspage.publish.snapshot import (
    PublicComponent,
    PublicGroup,
    PublicIncident,
    PublicMaintenance,
    PublicUpdate,
    Snapshot,
    Subject,
    said,
)

LATEST = 50  # incidents.json and scheduled-maintenances.json show so many
Row = dict[str, Any]


def dump(value: object) -> bytes:
    """JSON as bytes; `<` is escaped, so that nothing in it can begin a tag wherever it lands."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").encode()


def _word(status: ComponentStatus) -> str:
    """A component status in the API's words; one that was never known counts as operational there."""
    return ComponentStatus.OPERATIONAL.value if status is ComponentStatus.UNKNOWN else status.value


class ApiV2:
    """One snapshot, in the API's shapes."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.site = Site(snapshot.page)
        self.language = snapshot.page.default_language
        self.zone = ZoneInfo(snapshot.page.time_zone)
        self.components = {row["id"]: row for row in self._component_rows()}
        self.named = {**self.components, **{one.id: self._component(one, one.position) for one in snapshot.former}}

    def files(self) -> Mapping[str, bytes]:
        """Path -> body, for every endpoint."""
        snapshot = self.snapshot
        upcoming = [self.maintenance(work) for work in snapshot.upcoming_maintenances]
        active = [self.maintenance(work) for work in snapshot.active_maintenances]
        unresolved = [self.incident(incident) for incident in snapshot.open_incidents]
        parts: Mapping[str, Row] = {
            "summary": {
                "components": list(self.components.values()),
                "incidents": unresolved,
                "scheduled_maintenances": active + upcoming,
                "status": self.status(),
            },
            "status": {"status": self.status()},
            "components": {"components": list(self.components.values())},
            "incidents": {"incidents": [self.incident(incident) for incident in snapshot.incidents[:LATEST]]},
            "incidents/unresolved": {"incidents": unresolved},
            "scheduled-maintenances": {"scheduled_maintenances": [self.maintenance(work) for work in snapshot.maintenances[:LATEST]]},
            "scheduled-maintenances/upcoming": {"scheduled_maintenances": upcoming},
            "scheduled-maintenances/active": {"scheduled_maintenances": active},
        }
        page, extra = self.page(), self._extra()
        return {f"/api/v2/{name}.json": dump({"page": page, **part, **extra}) for name, part in parts.items()}

    def moment(self, at: datetime) -> str:
        if self.zone.key in ("UTC", "Etc/UTC"):
            return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return at.astimezone(self.zone).isoformat(timespec="milliseconds")

    def _maybe(self, at: datetime | None) -> str | None:
        return None if at is None else self.moment(at)

    def page(self) -> Row:
        page = self.snapshot.page
        return {
            "id": page.id,
            "name": page.name,
            "url": page.url,
            "time_zone": page.time_zone,
            "updated_at": self.moment(self.snapshot.content_at),
        }

    def status(self) -> Row:
        found = self.snapshot.status_known
        return {"indicator": found.indicator.value, "description": PUBLIC_API_WORDS[found.sentence]}

    def _extra(self) -> Row:
        unknown = [component.id for component in self.snapshot.components if component.status is ComponentStatus.UNKNOWN]
        if not unknown and not self.snapshot.impaired:
            return {}
        return {"monitoring": {"impaired": self.snapshot.impaired, "unknown_components": unknown}}

    def _component_rows(self) -> Iterable[Row]:
        """In the page's order, by which programs sort: positions count within a group, and from the top for groups and single ones."""
        for place, group in enumerate(self.snapshot.groups, 1):
            yield self._group(group, place)
            for inside, component in enumerate(self.snapshot.members(group.id), 1):
                yield self._component(component, inside)
        for place, component in enumerate(self.snapshot.members(None), len(self.snapshot.groups) + 1):
            yield self._component(component, place)

    def _component(self, component: PublicComponent, position: int) -> Row:
        return {
            "id": component.id,
            "name": said(component.names, self.language, self.language),
            "status": _word(component.last_known),
            "created_at": self.moment(component.created_at),
            "updated_at": self.moment(component.updated_at),
            "position": position,
            "description": component.descriptions.get(self.language),
            "showcase": component.showcase,
            "start_date": None if component.start_date is None else component.start_date.isoformat(),
            "group_id": component.group_id,
            "page_id": self.snapshot.page.id,
            "group": False,
            "only_show_if_degraded": False,
        }

    def _group(self, group: PublicGroup, position: int) -> Row:
        members = self.snapshot.members(group.id)
        return {
            "id": group.id,
            "name": said(group.names, self.language, self.language),
            "status": _word(self.snapshot.group_last_known(group.id)),
            "created_at": self.moment(group.created_at),
            "updated_at": self.moment(max([group.updated_at, *(member.updated_at for member in members)])),
            "position": position,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self.snapshot.page.id,
            "group": True,
            "only_show_if_degraded": False,
            "components": [member.id for member in members],
        }

    def incident(self, incident: PublicIncident) -> Row:
        row = self._head(incident, incident.monitoring_at, incident.resolved_at, incident.impact.value)
        shortlink = self.site.url(self.site.incident(self.language, incident.id))
        return {**row, **self._tail(incident, shortlink, incident.started_at), "reminder_intervals": None}

    def maintenance(self, work: PublicMaintenance) -> Row:
        """`started_at` is when it was announced, as it is there: when the work is to begin stands in `scheduled_for`."""
        row = self._head(work, None, work.completed_at, "maintenance")
        shortlink = self.site.url(self.site.maintenance(self.language, work.id))
        planned = {"scheduled_for": self.moment(work.scheduled_for), "scheduled_until": self.moment(work.scheduled_until)}
        return {**row, **self._tail(work, shortlink, work.created_at), **planned}

    def _head(self, subject: Subject, monitoring: datetime | None, resolved: datetime | None, impact: str) -> Row:
        return {
            "id": subject.id,
            "name": said(subject.titles, self.language, self.language),
            "status": subject.status.value,
            "created_at": self.moment(subject.created_at),
            "updated_at": self.moment(subject.updated_at),
            "monitoring_at": self._maybe(monitoring),
            "resolved_at": self._maybe(resolved),
            "impact": impact,
        }

    def _tail(self, subject: Subject, shortlink: str, started: datetime) -> Row:
        return {
            "shortlink": shortlink,
            "started_at": self.moment(started),
            "page_id": self.snapshot.page.id,
            "incident_updates": [self._update(update, subject.id) for update in subject.updates],
            "components": [self.named[component] for component in subject.component_ids if component in self.named],
        }

    def _update(self, update: PublicUpdate, subject_id: str) -> Row:
        affected = [
            {"code": component, "name": self._full_name(component), "old_status": _word(before), "new_status": _word(after)}
            for component, before, after in update.affected
            if component in self.named
        ]
        return {
            "id": update.id,
            "status": update.status,
            "body": said(update.texts, self.language, self.language),
            "incident_id": subject_id,
            "created_at": self.moment(update.created_at),
            "updated_at": self.moment(update.created_at),
            "display_at": self.moment(update.display_at),
            "affected_components": affected or None,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": update.x_post,
        }

    def _full_name(self, component_id: str) -> str:
        component = self.snapshot.by_id[component_id]
        name = said(component.names, self.language, self.language)
        group = next((group for group in self.snapshot.groups if group.id == component.group_id), None)
        return name if group is None else f"{said(group.names, self.language, self.language)} - {name}"
