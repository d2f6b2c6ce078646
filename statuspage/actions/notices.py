"""Saying something: update, notice and one delivery per channel in one transaction; stopping or rewording posts that wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from statuspage.actions import alarms
from statuspage.actions.context import ChannelInfo, Context
from statuspage.actions.mail_words import mail_words
from statuspage.actions.subjects import Subject, channels
from statuspage.core.addresses import subject_path
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import may_be_out, stands_again
from statuspage.core.errors import CannotFit, Conflict, NotAllowed, NotFound
from statuspage.core.incidents import IncidentUpdate
from statuspage.core.notices import Facts, Notice
from statuspage.core.policy import decide, decision
from statuspage.core.promises import is_broken, valid_until
from statuspage.core.seal import digest_of, seal
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, LinkMode, NoticeKind, SubjectKind, UpdateMode
from statuspage.store import Session, audit, counters, deliveries, notices, updates, versioned

BROKEN_PROMISES = "statuspage_broken_promises_total"


@dataclass(frozen=True)
class Statement:
    """One thing to say.

    status    the subject's status after it, as the public API spells it
    who       a person's name, or audit.MACHINE
    reason    why against the rules, e.g. resolving while probes are red; never public
    valid_until   after this no post of it is sent any more; None: by the rules of core.promises
    affected  slug, old status, new status of the public components that changed
    posts     False: the page tells, no channel does
    """

    subject: Subject
    facts: Facts
    status: str
    who: str
    reason: str = ""
    corrects: int | None = None
    next_update_by: datetime | None = None
    valid_until: datetime | None = None
    affected: tuple[tuple[str, ComponentStatus, ComponentStatus], ...] = ()
    posts: bool = True


def announce(session: Session, ctx: Context, said: Statement, now: datetime) -> IncidentUpdate:
    """Writes update, notice and one delivery for each channel that may carry it, in the caller's transaction.

    Texts are frozen here, for the page in each language and for each channel. A language that lacks a text is left out and
    operators are alarmed; so is a channel on which the notice cannot be said in full. The rest goes on.
    """
    subject = said.subject
    sequence = updates.next_sequence(session, subject.kind, subject.id)
    until = said.valid_until or valid_until(said.facts.kind, made_at=now, next_update_by=said.next_update_by)
    blocked = _blocked(session, ctx, said)
    update = IncidentUpdate(
        id=ctx.new_id(),
        subject_kind=subject.kind,
        subject_id=subject.id,
        sequence=sequence,
        kind=said.facts.kind,
        status=said.status,
        texts=_page_texts(ctx, subject, said.facts, blocked, now),
        created_at=now,
        display_at=now,
        author="" if said.who == audit.MACHINE else said.who,
        reason=said.reason,
        corrects=said.corrects,
        next_update_by=said.next_update_by,
        valid_until=until,
        affected=said.affected,
    )
    if said.facts.kind is not NoticeKind.CORRECTION:
        _keep_promises(session, subject, now)
    updates.add(session, update, said.facts)
    _add_posts(session, ctx, said, update, blocked)
    return update


def nothing_was_posted(session: Session, subject: Subject, now: datetime) -> bool:
    """True if no post about the subject is or may be out; those that still wait are withdrawn then, and no other should follow.

    For trouble that is over before anybody outside the page read of it: a first post that says "working again" helps nobody.
    """
    if deliveries.subject_may_be_out(session, subject.kind, subject.id):
        return False
    rows = [row for row in deliveries.of_subject(session, subject.kind, subject.id) if not row.state.final]
    withdrawn = [row for row in rows if _withdraw(session, row, now, "it was over before anything was posted")]
    return withdrawn == rows


@dataclass(frozen=True)
class Stopped:
    """Channels on which an update is not sent any more, and those of them on which an older one goes out in its place, with its number."""

    channels: tuple[str, ...]
    instead: Mapping[str, int]


def withdraw(ctx: Context, *, kind: SubjectKind, subject_id: str, sequence: int, who: str, reason: str = "") -> Stopped:
    """Stops the posts of one update that have not left yet.

    The page keeps what it said. Raises NotAllowed if every post of it may be out, or is settled: what has left is corrected.
    """
    with ctx.ports.store.writing() as session:
        versioned.keep(session, kind, subject_id)
        now = ctx.now()
        rows = _of_update(session, kind, subject_id, sequence)
        stopped = [row for row in rows if stoppable(row) and _withdraw(session, row, now, f"withdrawn by {who}")]
        if not stopped:
            raise NotAllowed(f"No post of update {sequence} is waiting any more. Publish a correction instead. Nothing was changed.")
        older = [unsay(session, ctx, row, now) for row in stopped]
        names = sorted(row.channel for row in stopped)
        detail = {"sequence": sequence, "channels": names, "reason": reason}
        audit.append(session, at=now, who=who, what="notice.withdraw", subject=subject_id, detail=detail)
        return Stopped(tuple(names), {row.channel: row.sequence for row in older if row is not None})


def reword(ctx: Context, *, kind: SubjectKind, subject_id: str, sequence: int, free_text: Mapping[str, str], who: str) -> IncidentUpdate:
    """Replaces the free text of the newest update while all its posts still wait, on the page and in the posts.

    The posts get new texts, digests and seals in this transaction, so the old words are never sent after it.

    raises   NotAllowed if something newer was said or a post of it was tried (then: correct); Conflict if one was taken
             for sending meanwhile; InvalidText
    """
    check_free_text(ctx, free_text)
    with ctx.ports.store.writing() as session:
        versioned.keep(session, kind, subject_id)
        update = updates.get(session, kind, subject_id, sequence)
        rows = _of_update(session, kind, subject_id, sequence)
        waiting = [row for row in rows if untried(row)]
        newer = updates.next_sequence(session, kind, subject_id) - 1 != sequence
        if newer or not waiting or any(may_be_out(row) for row in rows):
            why = "something newer was said" if newer else "its posts have left or are settled"
            raise NotAllowed(f"Update {sequence} cannot be reworded any more: {why}. Publish a correction. Nothing was changed.")
        if update.kind is NoticeKind.POSTMORTEM and not any(free_text.values()):
            raise NotAllowed("An explanation says what happened and what changes: write it in at least one language. Nothing was changed.")
        facts = replace(updates.facts_of(session, kind, subject_id, sequence), free_text=dict(free_text))
        languages = ctx.words.blocked_languages(facts)
        texts = _page_texts(ctx, Subject(kind, subject_id), facts, languages, update.created_at)
        updates.replace_words(session, kind, subject_id, sequence, texts=texts, facts=facts)
        for row in waiting:
            _replace_texts(session, ctx, row, facts)
        detail = {"sequence": sequence, "before": dict(update.texts), "after": texts}
        audit.append(session, at=ctx.now(), who=who, what="notice.reword", subject=subject_id, detail=detail)
        return replace(update, texts=texts)


def check_free_text(ctx: Context, *texts: Mapping[str, str]) -> None:
    """Guard rails on what a person typed, per language. Raises InvalidText naming the language."""
    for by_language in texts:
        for language, text in by_language.items():
            if language not in ctx.settings.page.languages:
                allowed = ", ".join(ctx.settings.page.languages)
                raise NotAllowed(f"The page does not speak {language!r}. Use: {allowed}. Nothing was changed.")
            ctx.words.guard(text)


def _blocked(session: Session, ctx: Context, said: Statement) -> set[str]:
    """Languages in which this cannot be said; operators hear of each."""
    if said.subject.private:
        return set()
    blocked = ctx.words.blocked_languages(said.facts)
    for language in sorted(blocked):
        text = (
            f"A notice of the kind {said.facts.kind} lacks a text in {language!r}: nothing is published in it, the other languages go on."
        )
        alarms.raise_in(session, ctx, f"language:{language}:{said.facts.kind}", text)
    return blocked


def _page_texts(ctx: Context, subject: Subject, facts: Facts, blocked: Iterable[str], now: datetime) -> dict[str, str]:
    if subject.private:
        return {}
    root = ctx.settings.page.url
    return {
        language: ctx.words.page(facts, language, url=root + subject_path(subject.kind, subject.id, language), now=now)
        for language in ctx.settings.page.languages
        if language not in blocked
    }


def _keep_promises(session: Session, subject: Subject, now: datetime) -> None:
    for promised in updates.keep_promises(session, subject.kind, subject.id, now):
        if is_broken(next_update_by=promised, kept_at=now):
            counters.add(session, BROKEN_PROMISES)


def _add_posts(session: Session, ctx: Context, said: Statement, update: IncidentUpdate, blocked: set[str]) -> None:
    subject, now = said.subject, update.created_at
    told = _told(session, subject) if ctx.former.keys() & set(subject.components) else ()
    infos = [info for info in channels(ctx, subject, told) if said.posts and info.channel.language not in blocked]
    starts = {info.channel.name: _not_before(ctx, subject, info, update) for info in infos}
    notice = Notice(
        id=ctx.new_id(),
        subject_kind=subject.kind,
        subject_id=subject.id,
        sequence=update.sequence,
        kind=update.kind,
        created_at=now,
        valid_until=update.valid_until,
        next_update_by=update.next_update_by,
        not_before=max((start for start in starts.values() if start is not None), default=None),
        drill=subject.drill,
    )
    notices.add(session, notice)
    for info in infos:
        try:
            deliveries.add(session, _delivery(session, ctx, info, notice, said.facts.for_posts, starts[info.channel.name]))
        except CannotFit as fault:
            alarms.raise_in(
                session, ctx, f"fit:{info.channel.name}", f"A notice does not fit {info.channel.name} and is not posted there: {fault}"
            )


def _told(session: Session, subject: Subject) -> set[str]:
    """Channels that were told of it: the list of a channel's components can no longer name one that was removed."""
    rows = deliveries.of_subject(session, subject.kind, subject.id)
    return {row.channel for row in rows if row.state is not DeliveryState.WITHDRAWN}


def _not_before(ctx: Context, subject: Subject, info: ChannelInfo, update: IncidentUpdate) -> datetime | None:
    """When a held post may leave; None for at once. A hold ends at the latest halfway to the moment at which the words go stale."""
    policy = ctx.settings.policy
    found = decide(
        policy.rules,
        decision(policy.default, policy.hold_s),
        components=subject.components,
        impact=subject.impact,
        channel=info.channel.name,
    )
    if not found.hold_s:
        return None
    ends = update.created_at + timedelta(seconds=found.hold_s)
    if update.valid_until is None:
        return ends
    return min(ends, update.created_at + (update.valid_until - update.created_at) / 2)


def _delivery(session: Session, ctx: Context, info: ChannelInfo, notice: Notice, facts: Facts, not_before: datetime | None) -> Delivery:
    channel = info.channel
    earlier = deliveries.thread(session, notice.subject_kind, notice.subject_id, channel.name)
    code = _fresh_code(session, ctx)
    words = _post_words(ctx, info, facts, code, earlier, notice.created_at)
    row = Delivery(
        id=ctx.new_id(),
        notice_id=notice.id,
        subject_kind=notice.subject_kind,
        subject_id=notice.subject_id,
        sequence=notice.sequence,
        kind=notice.kind,
        channel=channel.name,
        account=channel.account,
        network=channel.network,
        language=channel.language,
        mode=channel.mode,
        text=words.text,
        text_alone=words.text_alone,
        story=words.story,
        code=code,
        digest=words.digest,
        state=DeliveryState.QUEUED if not_before is None else DeliveryState.WAITING,
        created_at=notice.created_at,
        not_before=not_before,
        valid_until=notice.valid_until,
        essential=notice.essential,
    )
    return replace(row, seal=seal(row, ctx.seal_key))


@dataclass(frozen=True)
class _Words:
    """The frozen texts of one delivery."""

    text: str
    text_alone: str
    story: str

    @property
    def digest(self) -> str:
        return digest_of(self.text, self.text_alone, self.story)


def _post_words(ctx: Context, info: ChannelInfo, facts: Facts, code: str, earlier: Sequence[Delivery], at: datetime) -> _Words:
    """The post in its thread, the post that stands alone, and the whole post where later updates edit the first."""
    channel, facts = info.channel, as_heard(facts, earlier)

    if info.sms:
        text = ctx.words.sms(facts, channel.language, now=at, code=code, fits=info.fits)
        return _Words(text, text, "")

    if info.mail:
        text = mail_words(ctx, info, facts, code, earlier, at)
        return _Words(text, text, "")

    def short(*, link: bool) -> str:
        return ctx.words.short(facts, channel.language, code=code, link=link, fits=info.fits, now=at)

    alone = short(link=channel.link is not LinkMode.NEVER)
    in_thread = short(link=False) if channel.link is LinkMode.FIRST and earlier else alone
    story = _story(ctx, channel.language, info.fits, alone, earlier, at) if channel.mode is UpdateMode.EDIT else ""
    return _Words(in_thread, alone, story)


def as_heard(facts: Facts, earlier: Sequence[Delivery]) -> Facts:
    """Nothing comes back for who never heard of it, as where it had healed while the first post was held: it is told as a beginning."""
    unheard = not any(may_be_out(row) for row in earlier)
    return replace(facts, kind=NoticeKind.INVESTIGATING) if facts.kind is NoticeKind.REOPENED and unheard else facts


def _story(ctx: Context, language: str, fits: Callable[[str], bool], alone: str, earlier: Sequence[Delivery], at: datetime) -> str:
    """The whole post as updates rewrite it: without what was taken back, what its network refused, and what somebody else changed."""
    unsaid = (DeliveryState.WITHDRAWN, DeliveryState.REFUSED)
    told = [row for row in earlier if row.state not in unsaid and row.error_class != "content" and ctx.genuine(row)]
    entries = [*((row.created_at, row.text_alone) for row in told), (at, alone)]
    return ctx.words.story(language, entries, fits=fits, now=at)


def _fresh_code(session: Session, ctx: Context) -> str:
    """A code that no message carries yet: there are few enough letters for chance to repeat one in the life of a bank."""
    code = ctx.new_code()
    while deliveries.by_code(session, code) is not None:
        code = ctx.new_code()
    return code


def _of_update(session: Session, kind: SubjectKind, subject_id: str, sequence: int) -> list[Delivery]:
    return [row for row in deliveries.of_subject(session, kind, subject_id) if row.sequence == sequence]


def stoppable(row: Delivery) -> bool:
    """True if the post has not left: it waits, or is to be tried again since it was not taken."""
    return row.state in (DeliveryState.WAITING, DeliveryState.QUEUED)


def untried(row: Delivery) -> bool:
    """True if nobody took the post for sending yet, so that its words can still be others."""
    return stoppable(row) and row.attempts == 0


def _withdraw(session: Session, row: Delivery, now: datetime, why: str) -> bool:
    done = deliveries.change(session, row, state=DeliveryState.WITHDRAWN.value, settled_at=now, detail=why)
    if done:
        deliveries.note(session, row, now, "decide", "withdrawn", why)
    return done


def _replace_texts(session: Session, ctx: Context, row: Delivery, facts: Facts) -> None:
    info = ctx.channels.get(row.channel)
    if info is None:
        raise NotAllowed(f"The channel {row.channel!r} is no longer configured. Withdraw its post first. Nothing was changed.")
    thread = deliveries.thread(session, row.subject_kind, row.subject_id, row.channel)
    earlier = [other for other in thread if other.sequence < row.sequence]
    _write_words(session, ctx, row, _post_words(ctx, info, facts.for_posts, row.code, earlier, row.created_at))


def unsay(session: Session, ctx: Context, withdrawn: Delivery, now: datetime) -> Delivery | None:
    """What follows when a post was withdrawn, or refused, in the same transaction: its words leave the stories that later posts would
    tell, and the statement that it had replaced goes out after all, if that is still true. Returns the latter; None if there is none.
    """
    thread = deliveries.thread(session, withdrawn.subject_kind, withdrawn.subject_id, withdrawn.channel)
    _retell(session, ctx, withdrawn, thread)
    said = replace(withdrawn, kind=_kind_of(session, withdrawn))
    found = stands_again(said, [row for row in thread if ctx.genuine(row)], now)
    if found is None:
        return None
    why = f"update {withdrawn.sequence}, which had replaced it, is not sent"
    state = DeliveryState.QUEUED if found.not_before is None else DeliveryState.WAITING
    if not deliveries.change(session, found, state=str(state), settled_at=None, next_attempt_at=None, detail=why):
        return None  # PostgreSQL: somebody else changed it meanwhile
    deliveries.note(session, found, now, "decide", "stands_again", why)
    return found


def _kind_of(session: Session, row: Delivery) -> NoticeKind:
    """What was said, by the update and not by the row: of one that is refused, that may be an intruder's."""
    try:
        return updates.get(session, row.subject_kind, row.subject_id, row.sequence).kind
    except NotFound:
        return row.kind


def _retell(session: Session, ctx: Context, withdrawn: Delivery, thread: Sequence[Delivery]) -> None:
    """Also on a channel that the configuration has no more: it may come back, and what waits for it goes out then."""
    info = ctx.channels.get(withdrawn.channel)
    for row in thread:
        waits = row.sequence > withdrawn.sequence and row.state in (DeliveryState.WAITING, DeliveryState.QUEUED)
        if waits and row.story and ctx.genuine(row):  # what somebody changed is never sealed anew
            earlier = [other for other in thread if other.sequence < row.sequence]
            fits = info.fits if info else partial(_no_longer_than, row.story)
            story = _story(ctx, row.language, fits, row.text_alone, earlier, row.created_at)
            _write_words(session, ctx, row, _Words(row.text, row.text_alone, story))


def _no_longer_than(before: str, text: str) -> bool:
    """What fitted once is all that is known of the limit of a channel that is not configured."""
    return len(text) <= len(before)


def _write_words(session: Session, ctx: Context, row: Delivery, words: _Words) -> None:
    if not ctx.genuine(row):
        raise NotAllowed(f"Delivery {row.id} was changed in the database: its seal is wrong. Withdraw it. Nothing was changed.")
    changed = replace(row, text=words.text, text_alone=words.text_alone, story=words.story, digest=words.digest)
    values = {name: getattr(changed, name) for name in ("text", "text_alone", "story", "digest")}
    if not deliveries.change(session, row, **values, request=None, seal=seal(changed, ctx.seal_key)):  # what was frozen has the old words
        raise Conflict(f"The post on {row.channel} was taken for sending meanwhile. Publish a correction. Nothing was changed.", row)
