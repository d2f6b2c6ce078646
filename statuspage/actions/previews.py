"""What an action would say, before it is said: every text in every language and on every channel, as the very same code makes it.

The action runs in a transaction that is never committed. What a preview shows is what the ledger would hold, but for what is drawn anew
each time (codes, ids) and the moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from statuspage.actions import subjects
from statuspage.actions.context import ChannelInfo, Context
from statuspage.actions.notices import as_heard
from statuspage.actions.subjects import Subject
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import Place, placed, plan_thread
from statuspage.core.errors import InvalidText
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.lengths import Length
from statuspage.core.maintenance import Maintenance
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import NoticeKind, SubjectKind
from statuspage.store import Session, deliveries, incidents, maintenance, notices, updates
from statuspage.store.within import Within

Said = Incident | Maintenance | IncidentUpdate  # what actions return
Deed = Callable[[Context], Said]
_WHERE = {
    Place.FIRST: "begins the thread",
    Place.REPLY: "replies to update {n}",
    Place.EDIT: "rewrites the post of update {n}",
    Place.NEW: "a post of its own, after update {n}",
}
_LEFT_OUT = {
    "free_text": "your own words",
    "advice": "the advice",
    "works": "some names of what works",
    "cause": "the cause",
    "works_line": "what works",
    "weekdays": "weekdays beside dates",
    "core": "all but service, state, promise and safety line",
}
_ENDS = (NoticeKind.MONITORING, NoticeKind.RESOLVED, NoticeKind.PLANNED_DONE, NoticeKind.PLANNED_CANCELLED)


@dataclass(frozen=True)
class PostPreview:
    """One post.

    row         as it would stand in the ledger
    words       what the network would be given just now
    place       where that stands in the thread; continues: update whose post it answers or rewrites
    lengths     by each limit of the network
    left_out    what did not fit; see words.fitting.left_out
    replaces    updates of this thread that have not left yet, and now never would
    link        the verification address, if the words carry it
    picture     the network takes it as a picture: with these words as caption
    """

    row: Delivery
    words: str
    place: Place
    continues: int | None
    lengths: tuple[Length, ...]
    left_out: tuple[str, ...]
    replaces: tuple[int, ...]
    link: str
    picture: bool

    @property
    def where(self) -> str:
        """Where it stands, in words."""
        return _WHERE[self.place].format(n=self.continues)

    @property
    def shortened(self) -> str:
        """What did not fit, in words; "" if all of it does."""
        return ", ".join(_LEFT_OUT[name] for name in self.left_out)


@dataclass(frozen=True)
class Preview:
    """All that would be said.

    titles    language -> name of what begins with this; texts: language -> text of the page
    silent    channel -> why nothing would be posted there
    missing   languages of the page in which nothing would be said
    """

    update: IncidentUpdate
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    posts: tuple[PostPreview, ...]
    silent: Mapping[str, str]
    missing: tuple[str, ...]


def preview(ctx: Context, deed: Deed) -> Preview:
    """What `deed` would say, if it were done now. Nothing is changed. Raises what the deed raises.

    deed   an action with its arguments, given the context in which it is to act
    """
    try:
        with ctx.ports.store.writing() as session:
            within = replace(ctx, ports=replace(ctx.ports, store=Within(session)))
            raise _Undone(_look(session, ctx, deed(within)))
    except _Undone as undone:
        return undone.preview


def refusals(ctx: Context, *texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Every one of a person's texts that the guard rails refuse: language and why. The actions themselves stop at the first."""
    found = []
    for by_language in texts:
        for language, text in by_language.items():
            try:
                ctx.words.guard(text)
            except InvalidText as refusal:
                found.append((language, str(refusal)))
    return found


class _Undone(Exception):
    """Ends the transaction of a preview."""

    def __init__(self, preview: Preview) -> None:
        super().__init__("previewed")
        self.preview = preview


def _look(session: Session, ctx: Context, said: Said) -> Preview:
    kind, subject_id = _named(said)
    update = updates.get(session, kind, subject_id, updates.next_sequence(session, kind, subject_id) - 1)
    facts = updates.facts_of(session, kind, subject_id, update.sequence).for_posts
    rows = [row for row in deliveries.of_subject(session, kind, subject_id) if row.sequence == update.sequence]
    begins = update.sequence == 1 and isinstance(said, Incident | Maintenance)
    subject = _subject(session, ctx, kind, subject_id)
    missing = () if subject.private else tuple(one for one in ctx.settings.page.languages if one not in update.texts)
    return Preview(
        update=update,
        titles=dict(said.titles) if begins and isinstance(said, Incident | Maintenance) else {},
        texts=update.texts,
        posts=tuple(_post(session, ctx, row, facts) for row in sorted(rows, key=lambda row: row.channel)),
        silent=dict(_silent(subjects.channels(ctx, subject), {row.channel for row in rows}, missing, update.kind)),
        missing=missing,
    )


def _named(said: Said) -> tuple[SubjectKind, str]:
    if isinstance(said, IncidentUpdate):
        return said.subject_kind, said.subject_id
    return SubjectKind.INCIDENT if isinstance(said, Incident) else SubjectKind.MAINTENANCE, said.id


def _subject(session: Session, ctx: Context, kind: SubjectKind, subject_id: str) -> Subject:
    match kind:
        case SubjectKind.INCIDENT:
            return subjects.of_incident(ctx, incidents.get(session, subject_id))
        case SubjectKind.MAINTENANCE:
            return subjects.of_maintenance(ctx, maintenance.get(session, subject_id))
        case _:
            drill = any(notice.drill for notice in notices.of_subject(session, kind, subject_id))
            return subjects.of_warning(subject_id, drill=drill)


def _post(session: Session, ctx: Context, row: Delivery, facts: Facts) -> PostPreview:
    info = ctx.channels[row.channel]
    thread = deliveries.thread(session, row.subject_kind, row.subject_id, row.channel)
    found = placed(row, thread, can_edit=info.can_edit)
    plan = plan_thread(thread, now=row.created_at, released={row.id})
    told = row.text_alone if found.place is Place.EDIT else found.words
    facts = as_heard(facts, [other for other in thread if other.sequence < row.sequence])
    left_out = ctx.words.left_out(facts, row.language, told, code=row.code, sms_form=info.sms, now=row.created_at)
    link = ctx.words.verification_url(row.code)
    return PostPreview(
        row=row,
        words=found.words,
        place=found.place,
        continues=found.parent.sequence if found.parent else None,
        lengths=info.lengths(found.words),
        left_out=left_out,
        replaces=tuple(sorted(other.sequence for other, _ in plan.supersede)),
        link=link if link in found.words else "",
        picture=info.pictures,
    )


def _silent(infos: list[ChannelInfo], speaking: set[str], missing: tuple[str, ...], kind: NoticeKind) -> Iterator[tuple[str, str]]:
    for info in infos:
        if info.channel.name in speaking:
            continue
        if info.channel.language in missing:
            yield info.channel.name, f"Nothing is said in {info.channel.language!r}, since words are missing in it."
        elif kind in _ENDS and not speaking:
            yield info.channel.name, "Nothing was posted before it was over, so no channel speaks of its end. The page does."
        else:
            yield info.channel.name, "It does not fit this channel, even in its shortest form. Operators are alarmed."
