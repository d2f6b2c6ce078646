"""Planned work: plan, start, extend, complete, cancel, by a person or when its time has come. One transaction each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from statuspage.actions import alarms, corrections, facts, sight, subjects
from statuspage.actions.context import Context
from statuspage.actions.notices import Statement, announce, check_free_text, nothing_was_posted
from statuspage.core.errors import Conflict, NotAllowed
from statuspage.core.incidents import IncidentUpdate
from statuspage.core.maintenance import Maintenance, touches_pay_day
from statuspage.core.promises import Cadence, next_update
from statuspage.core.vocabulary import Impact, MaintenanceStatus, NoticeKind, SubjectKind
from statuspage.store import Session, audit, maintenance

Texts = Mapping[str, str]  # language -> a person's words
SHORT_NOTICE = timedelta(hours=24)
LONGEST = timedelta(days=14)
FARTHEST = timedelta(days=731)


@dataclass(frozen=True)
class Plan:
    """Work that a person plans. symptom: what customers will notice, a key of the catalogue; None: that of the first component."""

    components: tuple[str, ...]
    scheduled_for: datetime
    scheduled_until: datetime
    who: str
    symptom: str | None = None
    free_text: Texts = field(default_factory=dict)
    drill: bool = False


@dataclass(frozen=True)
class Planned:
    """What was planned, and what the person should think about."""

    work: Maintenance
    warnings: tuple[str, ...]


def plan(ctx: Context, asked: Plan) -> Planned:
    """Announces planned work. Raises NotFound for an unknown component, NotAllowed for an impossible window, InvalidText."""
    check_free_text(ctx, asked.free_text)
    if not asked.components:
        raise NotAllowed("Name at least one component. Nothing was changed.")
    subjects.check_known(ctx, asked.components)
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        _check_window(now, asked.scheduled_for, asked.scheduled_until)
        warnings = _warnings(session, ctx, asked, now)
        work = Maintenance(
            id=ctx.new_id(),
            titles={},
            status=MaintenanceStatus.SCHEDULED,
            components=tuple(dict.fromkeys(asked.components)),
            symptom=asked.symptom or facts.symptom(ctx, asked.components),
            created_at=now,
            updated_at=now,
            scheduled_for=asked.scheduled_for,
            scheduled_until=asked.scheduled_until,
            drill=asked.drill,
        )
        work = replace(work, titles=_titles(session, ctx, work, asked.free_text))
        maintenance.add(session, work)
        _say(session, ctx, work, _Telling(NoticeKind.PLANNED, asked.who, "maintenance.plan", free_text=asked.free_text), now)
        return Planned(work, warnings)


def start(ctx: Context, *, work_id: str, who: str, version: int | None = None, free_text: Texts | None = None) -> Maintenance:
    """The work begins, at its time or earlier. Raises NotAllowed if it has begun, is over or would last too long; NotFound; Conflict."""
    words = free_text or {}
    check_free_text(ctx, words)
    with ctx.ports.store.writing() as session:
        work = _current(session, work_id, version)
        _check_status(work, MaintenanceStatus.SCHEDULED)
        now = ctx.now()
        if work.scheduled_until > now + LONGEST:
            raise NotAllowed(
                f"Begun now, the work would last until {work.scheduled_until:%d %b %Y}, more than {LONGEST.days} days, and silence what "
                "fails. Cancel it, and plan it anew with its true times. Nothing was changed."
            )
        return _start(session, ctx, work, who, words, now)


def extend(
    ctx: Context, *, work_id: str, until: datetime, who: str, version: int | None = None, free_text: Texts | None = None
) -> Maintenance:
    """The work takes longer; failures are silenced until the new end. Raises NotAllowed, NotFound, Conflict, InvalidText."""
    words = free_text or {}
    check_free_text(ctx, words)
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        work = _current(session, work_id, version)
        _check_status(work, MaintenanceStatus.IN_PROGRESS, MaintenanceStatus.VERIFYING)
        if until <= max(now, work.scheduled_until):
            raise NotAllowed(f"The new end must be later than now and than {work.scheduled_until:%d %b %H:%M} UTC. Nothing was changed.")
        _check_window(now, work.started_at or work.scheduled_for, until, begun=True)
        after = replace(work, scheduled_until=until, next_update_by=until, status=MaintenanceStatus.IN_PROGRESS)
        return _save(session, ctx, after, _Telling(NoticeKind.PLANNED_LONGER, who, "maintenance.extend", free_text=words), now)


def complete(
    ctx: Context, *, work_id: str, who: str, version: int | None = None, reason: str = "", free_text: Texts | None = None
) -> Maintenance:
    """The work is done. Raises NotAllowed if it has not begun, or while probes see a component failing and no reason is recorded."""
    words = free_text or {}
    check_free_text(ctx, words)
    with ctx.ports.store.writing() as session:
        work = _current(session, work_id, version)
        _check_status(work, MaintenanceStatus.IN_PROGRESS, MaintenanceStatus.VERIFYING)
        failing = sorted(sight.red(session) & set(work.components))
        if failing and not reason.strip() and not work.drill:
            raise NotAllowed(
                f"Probes see {', '.join(failing)} failing. Wait until they pass, extend the work, or complete it with a reason, which is "
                "recorded. Nothing was changed."
            )
        return _complete(session, ctx, work, who, reason, words, ctx.now())


def cancel(ctx: Context, *, work_id: str, who: str, version: int | None = None, free_text: Texts | None = None) -> Maintenance:
    """The work will not take place. Raises NotAllowed once it has begun: then complete it."""
    words = free_text or {}
    check_free_text(ctx, words)
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        work = _current(session, work_id, version)
        _check_status(work, MaintenanceStatus.SCHEDULED)
        after = replace(work, status=MaintenanceStatus.COMPLETED, completed_at=now, cancelled=True, next_update_by=None)
        return _save(session, ctx, after, _Telling(NoticeKind.PLANNED_CANCELLED, who, "maintenance.cancel", free_text=words), now)


def start_due(ctx: Context, *, work_id: str) -> Maintenance:
    """Starts work whose time has come. Repeats change nothing."""
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        work = maintenance.get(session, work_id, for_change=True)
        if work.status is not MaintenanceStatus.SCHEDULED or now < work.scheduled_for:
            return work
        return _start(session, ctx, work, audit.MACHINE, {}, now)


def end_due(ctx: Context, *, work_id: str) -> Maintenance:
    """Ends work whose time is over: done, if fresh checks see every component working; else a person is alarmed. Repeats are harmless.

    From its end on the work silences nothing any more, whoever has completed it or not.
    """
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        work = maintenance.get(session, work_id, for_change=True)
        begun = work.status in (MaintenanceStatus.IN_PROGRESS, MaintenanceStatus.VERIFYING)
        if not begun or now < work.scheduled_until:
            return work
        missing = unseen(session, ctx, work)
        if missing and not work.drill:
            text = (
                f"Planned work {work.id} is past its end and no check sees {', '.join(missing)} working. "
                "Extend it, or complete it when it is done. Failures are no longer silenced."
            )
            alarms.raise_in(session, ctx, overtime_key(work.id), text)
            return work
        return _complete(session, ctx, work, audit.MACHINE, "", {}, now)


def unseen(session: Session, ctx: Context, work: Maintenance) -> list[str]:
    """Components of the work that no check sees working. Private ones count where there is no other: they change nothing said in public."""
    shown = subjects.of_maintenance(ctx, work).components
    return sorted(set(shown or work.components) - sight.working(session, ctx))


def keep_promise(ctx: Context, *, work_id: str, promised: datetime) -> Maintenance:
    """The work's promised moment passed and nobody said that it is done, or takes longer: that much is said by itself.

    Nothing happens if the promise is no longer `promised`: somebody spoke meanwhile.
    """
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        work = maintenance.get(session, work_id, for_change=True)
        if work.completed_at is not None or work.next_update_by != promised:
            return work
        rules = ctx.settings.incidents
        cadence = Cadence(rules.next_update_s, rules.slow_after_s, rules.slow_update_s)
        promise = next_update(now, began_at=work.scheduled_until, impact=Impact.NONE, cadence=cadence)
        after = replace(work, next_update_by=promise, updated_at=now)
        saved = maintenance.save(session, _named(session, ctx, after))
        _say(session, ctx, saved, _Telling(NoticeKind.PLANNED_OVERDUE, audit.MACHINE, "maintenance.keep_promise"), now)
        return saved


def correct(
    ctx: Context, *, work_id: str, sequence: int, wrong: Texts, text: Texts, who: str, symptom: str | None = None
) -> IncidentUpdate:
    """Takes one update back in a new one; see corrections.correct."""
    return corrections.correct(
        ctx, kind=SubjectKind.MAINTENANCE, subject_id=work_id, sequence=sequence, wrong=wrong, text=text, who=who, symptom=symptom
    )


def overtime_key(work_id: str) -> str:
    """Alarm: the work is past its end."""
    return f"maintenance:{work_id}"


@dataclass(frozen=True)
class _Telling:
    kind: NoticeKind
    who: str
    what: str
    reason: str = ""
    free_text: Texts = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def _start(session: Session, ctx: Context, work: Maintenance, who: str, words: Texts, now: datetime) -> Maintenance:
    after = replace(work, status=MaintenanceStatus.IN_PROGRESS, started_at=now, next_update_by=work.scheduled_until)
    return _save(session, ctx, after, _Telling(NoticeKind.PLANNED_STARTED, who, "maintenance.start", free_text=words), now)


def _complete(session: Session, ctx: Context, work: Maintenance, who: str, reason: str, words: Texts, now: datetime) -> Maintenance:
    after = replace(work, status=MaintenanceStatus.COMPLETED, completed_at=now, next_update_by=None)
    telling = _Telling(NoticeKind.PLANNED_DONE, who, "maintenance.complete", reason, words, {"end": now})
    return _save(session, ctx, after, telling, now)


def _titles(session: Session, ctx: Context, work: Maintenance, words: Texts) -> dict[str, str]:
    """Its name in each language that has the words; none for work that is not public."""
    if subjects.of_maintenance(ctx, work).private:
        return {}
    told = facts.planned(session, ctx, work, NoticeKind.PLANNED, words)
    blocked = ctx.words.blocked_languages(told)
    return {lang: ctx.words.title(told, lang) for lang in ctx.settings.page.languages if lang not in blocked}


def _named(session: Session, ctx: Context, work: Maintenance) -> Maintenance:
    """With titles, where it was planned on private components and the public may hear of it by now."""
    return work if work.titles else replace(work, titles=_titles(session, ctx, work, {}))


def _save(session: Session, ctx: Context, after: Maintenance, telling: _Telling, now: datetime) -> Maintenance:
    saved = maintenance.save(session, _named(session, ctx, replace(after, updated_at=now)))
    _say(session, ctx, saved, telling, now)
    alarms.clear_in(session, ctx, overtime_key(saved.id))
    return saved


def _say(session: Session, ctx: Context, work: Maintenance, telling: _Telling, now: datetime) -> None:
    told = replace(facts.planned(session, ctx, work, telling.kind, telling.free_text), **telling.extra)
    subject = subjects.of_maintenance(ctx, work)
    quiet = telling.kind is NoticeKind.PLANNED_CANCELLED and nothing_was_posted(session, subject, now)
    valid_until = work.scheduled_for if telling.kind is NoticeKind.PLANNED else None
    announce(
        session,
        ctx,
        Statement(
            subject=subject,
            facts=told,
            status=work.status.value,
            who=telling.who,
            reason=telling.reason,
            next_update_by=work.next_update_by,
            valid_until=valid_until,
            posts=not quiet,
        ),
        now,
    )
    detail = {"status": work.status, "from": work.scheduled_for, "until": work.scheduled_until, "reason": telling.reason}
    audit.append(session, at=now, who=telling.who, what=telling.what, subject=work.id, detail=detail)


def _current(session: Session, work_id: str, version: int | None) -> Maintenance:
    work = maintenance.get(session, work_id, for_change=True)
    if version is not None and version != work.version:
        raise Conflict(
            f"Planned work {work_id} was changed meanwhile: you saw version {version}, it is at version {work.version} and {work.status} "
            "now. Look at it again, then decide. Nothing was changed.",
            work,
        )
    return work


def _check_status(work: Maintenance, *allowed: MaintenanceStatus) -> None:
    if work.status not in allowed:
        state = "cancelled" if work.cancelled else work.status
        raise NotAllowed(f"Planned work {work.id} is {state}. This is possible while it is {' or '.join(allowed)}. Nothing was changed.")


def _check_window(now: datetime, begin: datetime, end: datetime, *, begun: bool = False) -> None:
    if begin < now and not begun:
        raise NotAllowed(f"The work would begin in the past ({begin:%d %b %H:%M} UTC). Give a later start. Nothing was changed.")
    if begin > now + FARTHEST:
        raise NotAllowed(
            f"The work would begin in {begin:%Y}, more than {FARTHEST.days} days ahead. Look at the year. Nothing was changed."
        )
    if not begin < end <= begin + LONGEST:
        raise NotAllowed(f"The work must end after it begins and last at most {LONGEST.days} days. Nothing was changed.")


def _warnings(session: Session, ctx: Context, asked: Plan, now: datetime) -> tuple[str, ...]:
    found = []
    pay_day = touches_pay_day(asked.scheduled_for, asked.scheduled_until, ZoneInfo(ctx.settings.page.time_zone))
    if pay_day is not None:
        found.append(f"{pay_day:%d %B} is the last working day of the month: pay day for many customers. Another day would hurt fewer.")
    if asked.scheduled_for - now < SHORT_NOTICE:
        found.append("Customers get less than 24 hours' notice.")
    for other in maintenance.unfinished(session):
        shared = sorted(set(other.components) & set(asked.components))
        if shared and other.scheduled_for < asked.scheduled_until and asked.scheduled_for < other.scheduled_until:
            found.append(f"Work {other.id} on {', '.join(shared)} is planned for the same time.")
    return tuple(found)
