"""What a person may not do to an incident, and how that is said."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime, timedelta

from statuspage.actions import facts, sight, subjects
from statuspage.actions.context import Context
from statuspage.core.errors import Conflict, NotAllowed
from statuspage.core.incidents import Incident
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, NoticeKind
from statuspage.store import Session, incidents

Components = Mapping[str, ComponentStatus]

OLDEST = timedelta(days=366)  # further back an incident is not told any more: the year was mistyped
NEEDS_APPROVAL = "flood"  # a cause that two people must stand behind
WAITING_UNTIL = "waiting"  # what is said of payments whose end is expected at a moment
OPEN = (IncidentStatus.INVESTIGATING, IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING)


def check_open(before: Incident, status: IncidentStatus) -> None:
    """Only an open incident is updated, and an update does not end it."""
    if not before.is_open:
        raise NotAllowed(f"Incident {before.id} is {before.status}. Reopen it, or declare a new one. Nothing was changed.")
    if status not in OPEN:
        raise NotAllowed(
            f"An update cannot make an incident {status}. Allowed: {', '.join(OPEN)}; to end it, resolve it. Nothing was changed."
        )


def check_components(ctx: Context, components: Components, allowed: frozenset[ComponentStatus], *, at_least_one: bool = False) -> None:
    """Components of the configuration, with statuses that make sense here."""
    if at_least_one and not components:
        raise NotAllowed("Name at least one component and what it shows. Nothing was changed.")
    subjects.check_known(ctx, components)
    for slug, status in components.items():
        if status not in allowed:
            raise NotAllowed(
                f"{slug} cannot be given the status {status} here. Allowed: {', '.join(sorted(allowed))}. Nothing was changed."
            )


def check_start(started: datetime, now: datetime) -> None:
    """Trouble has begun when it is told of, and not years ago."""
    if started > now:
        raise NotAllowed(
            f"The incident cannot start in the future ({started:%H:%M} UTC). Give the moment of the first sign. Nothing was changed."
        )
    if started < now - OLDEST:
        raise NotAllowed(
            f"The incident cannot have started on {started:%Y-%m-%d}, more than {OLDEST.days} days ago. Look at the year. "
            "Nothing was changed."
        )


def check_keys(ctx: Context, symptom: str | None, cause: str | None, late: str | None) -> None:
    """Raises InvalidText for a key that the catalogue does not have, NotAllowed for a cause that one person may not name."""
    ctx.words.blocked_languages(Facts(NoticeKind.UPDATE, symptom=symptom, cause=cause))
    ctx.words.blocked_languages(Facts(NoticeKind.MONITORING, late=late))
    if cause == NEEDS_APPROVAL:
        raise NotAllowed(
            f"The cause {NEEDS_APPROVAL!r} needs the approval of a second person, which this release cannot ask for yet. "
            "Choose another cause, or unknown. Nothing was changed."
        )


def check_next(after: Incident, late: str | None, late_until: datetime | None, now: datetime) -> None:
    """What the next status needs: identified a cause; waiting payments a service that works again, and an end that is to come."""
    if after.status is IncidentStatus.IDENTIFIED and after.cause in (None, facts.UNKNOWN_CAUSE):
        raise NotAllowed("An incident is identified when its cause is known: choose a cause other than unknown. Nothing was changed.")
    if late and after.status is not IncidentStatus.MONITORING:
        raise NotAllowed(
            "Waiting payments are spoken of in monitoring and when it is resolved, not while the trouble lasts. Nothing was changed."
        )
    if late_until is not None and (late != WAITING_UNTIL or late_until <= now):
        raise NotAllowed(f"Payments are expected to be done at a moment to come, said with {WAITING_UNTIL!r} alone. Nothing was changed.")


def check_untold(session: Session, components: Components) -> None:
    """Two engineers at once do not begin two incidents about one trouble. Raises Conflict with the one that stands."""
    for incident in incidents.opened(session):
        if not incident.drill and components.keys() <= incident.components.keys():
            raise Conflict(
                f"Incident {incident.id} is open and tells of {', '.join(components)} already. Update it instead. Nothing was changed.",
                incident,
            )


def check_green(session: Session, incident: Incident, said_to_work: Set[str], reason: str) -> None:
    """Nobody says that something works while probes see the contrary, without a recorded reason."""
    failing = sorted(sight.red(session) & said_to_work)
    if failing and not reason.strip() and not incident.drill:
        raise NotAllowed(
            f"Probes still see {', '.join(failing)} failing. Wait until they pass, or give a reason, which is recorded. "
            "Nothing was changed."
        )
