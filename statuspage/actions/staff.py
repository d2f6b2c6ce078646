"""What staff at counter and phone say and know: the same words as the public's, and facts that are for them alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from statuspage.actions.context import Context
from statuspage.actions.subjects import public
from statuspage.core.errors import DomainError
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import DeliveryState, SubjectKind
from statuspage.store import Session, deliveries
from statuspage.words.interface import Interface

NOT_TO_SAY = ("cause", "repair", "names", "codes", "money", "solved")


@dataclass(frozen=True)
class Fact:
    """One thing that only staff know. key: of the sentence staff.KEY; at, number, slug and status: what it says."""

    key: str
    at: datetime | None = None
    number: int | None = None
    of: int | None = None
    slug: str = ""
    status: str = ""


def known(session: Session, ctx: Context, incident: Incident) -> tuple[Fact, ...]:
    """What staff may know of an incident beyond what is said: how each service stands, when it was noticed and how, where its posts are."""
    facts = [Fact("service", slug=slug, status=incident.components[slug]) for slug in public(ctx, incident.components)]
    noticed = incident.moments.first_failed_at or incident.moments.detected_at
    facts.append(Fact("noticed_by_probes" if incident.automatic else "noticed_by_people", at=noticed or incident.created_at))
    rows = [row for row in deliveries.of_subject(session, SubjectKind.INCIDENT, incident.id) if not hidden(ctx, row.channel)]
    newest = [row for row in rows if row.sequence == max(one.sequence for one in rows)]
    if newest:
        out = sum(row.state is DeliveryState.DELIVERED for row in newest)
        facts.append(Fact("posts", number=out, of=len(newest)))
        held = [row.not_before for row in newest if row.state is DeliveryState.WAITING and row.not_before is not None]
        if held:
            facts.append(Fact("held", at=max(held)))
    return tuple(facts)


def hidden(ctx: Context, channel: str) -> bool:
    """True for a channel that customers do not see."""
    info = ctx.channels.get(channel)
    return info is None or info.channel.sandbox or info.channel.operators


def text(ctx: Context, update: IncidentUpdate, facts: Facts, about: tuple[Fact, ...], language: str) -> str:
    """The whole text in one language: what to say, for the ear too, what only staff know, and what nobody says."""
    own = Interface(language)

    def moment(at: datetime) -> str:
        return ctx.words.moment(at, language, now=update.created_at)

    parts = [
        own.text("staff.as_of", moment=moment(update.created_at), phase=ctx.words.phase_name(update.kind.phase, language)),
        _block(own.text("staff.say"), [update.texts[language]]),
        _block(own.text("staff.speak"), _spoken(ctx, facts, language, update.created_at)),
        _block(own.text("staff.know"), [_told(ctx, own, fact, language, update) for fact in about]),
        _block(own.text("staff.leave"), [f"- {own.text(f'staff.not.{key}')}" for key in NOT_TO_SAY]),
    ]
    return "\n\n".join(part for part in parts if part)


def _block(heading: str, lines: list[str]) -> str:
    return "\n".join([heading, *lines]) if lines else ""


def _spoken(ctx: Context, facts: Facts, language: str, at: datetime) -> list[str]:
    try:
        return [ctx.words.voice_body(facts, language, now=at)]
    except DomainError:  # operators heard of it when the statement was made; the written words stand above
        return []


def _told(ctx: Context, own: Interface, fact: Fact, language: str, update: IncidentUpdate) -> str:
    values: dict[str, object] = {"n": fact.number or 0, "of": fact.of or 0}
    if fact.at is not None:
        values["moment"] = ctx.words.moment(fact.at, language, now=update.created_at)
    if fact.slug:
        values |= {"name": ctx.words.facts.name(fact.slug, language), "state": ctx.words.state_name(fact.status, language)}
    return f"- {own.text(f'staff.{fact.key}', **values)}"
