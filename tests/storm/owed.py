"""What each channel owes its readers after the storm: worked out from what was said and from the configuration, never from the ledger.

The ledger and the networks are then held against it. A judge that begins with the rows cannot see a statement that never got one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.core.incidents import IncidentUpdate
from statuspage.core.vocabulary import DeliveryState, IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import incidents, updates
from statuspage.store.engine import Database
from tests.simulation.checker import code_of

WORKS_AGAIN = (NoticeKind.MONITORING, NoticeKind.RESOLVED, NoticeKind.RESOLVED_AUTO)
Shown = Mapping[str, Sequence[Mapping[str, Any]]]  # channel -> what it truly shows, oldest first


@dataclass(frozen=True)
class Said:
    """A statement that somebody of the storm made and that the product took."""

    incident_id: str
    status: IncidentStatus


@dataclass(frozen=True)
class Owed:
    """One statement, and the channels whose readers are to hear of it."""

    subject: str
    sequence: int
    kind: NoticeKind
    at: datetime
    channels: frozenset[str]

    def __str__(self) -> str:
        return f"statement {self.sequence} ({self.kind}) of {self.subject}"


def statements_wrong(store: Database, said: Sequence[Said], who: str) -> Iterator[str]:
    """What `who` said is what the incidents hold in that name: in its order, nothing more, nothing less."""
    spoken: dict[str, list[str]] = defaultdict(list)
    for one in said:
        spoken[one.incident_id].append(one.status.value)
    held = {incident_id: [one.status for one in made if one.author == who] for incident_id, made in _statements(store).items()}
    for incident_id in sorted(spoken.keys() | held.keys()):
        if spoken.get(incident_id, []) != held.get(incident_id, []):
            yield f"{who} said {spoken.get(incident_id)} of {incident_id}, which holds {held.get(incident_id)}"


def owed(ctx: Context, store: Database) -> list[Owed]:
    """Every statement that the page tells in words, on every channel that the configuration has for it."""
    with store.reading() as session:
        components = {one.id: one.components.keys() for one in incidents.listing(session, limit=None) if not one.drill}
    return [
        Owed(incident_id, one.sequence, one.kind, one.created_at, _channels(ctx, components[incident_id]))
        for incident_id, made in _statements(store).items()
        if incident_id in components
        for one in made
        if one.texts  # the page has no words for what concerns private components alone
    ]


def _channels(ctx: Context, components: Collection[str]) -> frozenset[str]:
    """Neither operators' nor sandbox channels, and those with a list of components only for what is on it."""
    return frozenset(
        channel.name
        for channel in ctx.settings.channels
        if not channel.operators and not channel.sandbox and (not channel.components or set(channel.components) & set(components))
    )


def _statements(store: Database) -> dict[str, list[IncidentUpdate]]:
    with store.reading() as session:
        every = [one.id for one in incidents.listing(session, limit=None)]
        return dict(updates.of_subjects(session, SubjectKind.INCIDENT, every))


def not_told(ctx: Context, expected: Sequence[Owed], shown: Shown, rows: Sequence[Delivery], heard: Sequence[str]) -> Iterator[str]:
    """Statements without a row on a channel that owes them, rows on others, and threads that do not end with what was said last.

    One thing may stay unsaid, everywhere: that it works again, when no network showed anything of the trouble until then. And what a
    network that cannot be read never showed is no fault if operators were told to look. heard: what was posted to them.
    """
    texts = _texts(shown)
    subject_of = {row.code: row.subject_id for row in rows}
    begun: dict[str, datetime] = {}
    for at, _, code in sorted(texts):
        begun.setdefault(subject_of.get(code, ""), at)
    held = _by_statement(rows)
    for one in expected:
        on = held[one.subject, one.sequence].keys()
        if not on and _may_stay_unsaid(one, begun):
            continue
        yield from (f"lost: {one} has no row on {channel}" for channel in sorted(one.channels - on))
        yield from (f"unexpected: {one} has a row on {channel}" for channel in sorted(on - one.channels))
    last_code = {(channel, subject_of.get(code, "")): code for _, channel, code in sorted(texts)}
    for one in _newest(expected):
        if not _may_stay_unsaid(one, begun):
            for channel in sorted(one.channels & held[one.subject, one.sequence].keys()):
                row = held[one.subject, one.sequence][channel]
                if last_code.get((channel, one.subject)) != row.code and not _told_to_look(ctx, row, heard):
                    yield f"lost: {channel} does not end with {one}; its row is {row.state} ({row.error_class}: {row.detail})"


def told_everywhere(expected: Sequence[Owed], shown: Shown, rows: Sequence[Delivery]) -> list[str]:
    """Incidents of which every channel that owes them showed the newest statement: without one, a storm has shown nothing."""
    held, texts = _by_statement(rows), {(channel, code) for _, channel, code in _texts(shown)}
    found = []
    for one in _newest(expected):
        on = held[one.subject, one.sequence]
        if one.channels and all(channel in on and (channel, on[channel].code) in texts for channel in one.channels):
            found.append(one.subject)
    return found


def _texts(shown: Shown) -> list[tuple[datetime, str, str]]:
    """When each text appeared, on which channel, and its code."""
    found = []
    for channel, posts in shown.items():
        for post in posts:
            at = datetime.fromisoformat(post["at"])
            for revision in post["revisions"]:
                found.append((at, channel, code_of(revision["text"])))
                at = datetime.fromisoformat(revision["until"])
            found.append((at, channel, code_of(post["text"])))
    return found


def _by_statement(rows: Sequence[Delivery]) -> dict[tuple[str, int], dict[str, Delivery]]:
    held: dict[tuple[str, int], dict[str, Delivery]] = defaultdict(dict)
    for row in rows:
        held[row.subject_id, row.sequence][row.channel] = row
    return held


def _newest(expected: Sequence[Owed]) -> list[Owed]:
    newest = {one.subject: one for one in sorted(expected, key=lambda one: one.sequence)}
    return list(newest.values())


def _may_stay_unsaid(one: Owed, begun: Mapping[str, datetime]) -> bool:
    return one.kind in WORKS_AGAIN and (one.subject not in begun or begun[one.subject] >= one.at)


def _told_to_look(ctx: Context, row: Delivery, heard: Sequence[str]) -> bool:
    """Assumed to be out, on a network on which nobody but a person can see whether it is; and an alarm about it was posted."""
    assumed = row.state is DeliveryState.DELIVERED and row.remote_id is None
    blind = ctx.channels[row.channel].delivery_class == "blind"
    return assumed and blind and any(row.id in text for text in heard)
