"""The whole story of one delivery, for terminal and console: the row, its thread, every attempt, why it waits, what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from statuspage.actions import alarms
from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_story import Choice, Standing, Surroundings, choices, standing, told, unknown_since
from statuspage.core.errors import NotFound
from statuspage.core.vocabulary import DeliveryState, SubjectKind
from statuspage.store import Session, accounts, cards, deliveries, incidents, maintenance, switches, updates
from statuspage.store.deliveries import Attempt

LANGUAGE = "en"  # engineers are spoken to in English


@dataclass(frozen=True)
class Line:
    """One line of the story in words. what: what was asked or done; evidence: what the request was, what the network answered."""

    attempt: Attempt
    what: str

    @property
    def evidence(self) -> str:
        return self.attempt.detail


@dataclass(frozen=True)
class Story:
    """about: what the post speaks of, for people; thread: all posts about it on the same channel, by update."""

    row: Delivery
    about: str
    thread: tuple[Delivery, ...]
    lines: tuple[Line, ...]
    standing: Standing
    choices: tuple[Choice, ...]
    delivery_class: str


def story_of(session: Session, ctx: Context, delivery_id: str) -> Story:
    """Raises NotFound."""
    row = deliveries.get(session, delivery_id)
    attempts = deliveries.story(session, delivery_id)
    thread = deliveries.thread(session, row.subject_kind, row.subject_id, row.channel)
    around = _around(session, ctx, row, attempts)
    return Story(
        row=row,
        about=subject_name(session, row),
        thread=tuple(thread),
        lines=tuple(Line(attempt, told(attempt.act, attempt.outcome)) for attempt in attempts),
        standing=standing(row, thread, around),
        choices=choices(row, around),
        delivery_class=around.delivery_class,
    )


def subject_name(session: Session, row: Delivery) -> str:
    """What a delivery speaks of, e.g. “Logging in does not work (incident abc)”."""
    return subject_names(session, [row])[row.subject_kind, row.subject_id]


def subject_names(session: Session, rows: list[Delivery]) -> dict[tuple[SubjectKind, str], str]:
    """The same for many, by subject."""
    return {subject: _name(session, *subject) for subject in {(row.subject_kind, row.subject_id) for row in rows}}


def alarm(session: Session, ctx: Context, key: str, text: str, row: Delivery, *, tell: bool) -> None:
    """Raises an alarm about a delivery, which says besides of what the post speaks; see alarms.raise_in."""
    alarms.raise_in(session, ctx, key, f"{text} It is update {row.sequence} of {subject_name(session, row)}.", tell=tell)


def title(titles: Mapping[str, str]) -> str:
    """A title in English, else in any language; "" if there is none."""
    return titles.get(LANGUAGE) or next(iter(titles.values()), "")


def _name(session: Session, kind: SubjectKind, subject_id: str) -> str:
    try:
        match kind:
            case SubjectKind.INCIDENT:
                found = title(incidents.get(session, subject_id).titles)
            case SubjectKind.MAINTENANCE:
                found = title(maintenance.get(session, subject_id).titles)
            case SubjectKind.WARNING:
                found = title(updates.get(session, kind, subject_id, 1).texts).split("\n")[0]
            case SubjectKind.ALARM:
                return "an alarm to operators"
    except NotFound:
        found = ""
    return f"“{found}” ({kind} {subject_id})" if found else f"{kind} {subject_id}"


def _around(session: Session, ctx: Context, row: Delivery, attempts: list[Attempt]) -> Surroundings:
    own, info = ctx.settings.delivery, ctx.channels.get(row.channel)
    account: Any = accounts.get(session, row.account)
    posting = next(item for item in switches.listing(session) if item.name == switches.POSTING)
    run = info is not None and info.run
    waiting = row.state in (DeliveryState.QUEUED, DeliveryState.WAITING) or (run and row.state is DeliveryState.SENDING)
    return Surroundings(
        now=ctx.now(),
        delivery_class=info.delivery_class if info is not None and info.channel.account == row.account else "",
        quiet_s=own.quiet_s,
        blind_assume_s=own.blind_assume_s,
        unknown_since=unknown_since(row, attempts),
        posting_off=(posting.by or "somebody") if posting.off and waiting else "",
        stopped=account.stopped,
        held=bool(account.held_for),
        failing=account.failures >= own.breaker_failures,
        open_until=account.open_until,
        run=run,
        asked_until=account.paused_until,
        no_picture=info is not None and info.pictures and not cards.is_out(session, row),
    )
