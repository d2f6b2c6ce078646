"""Answers to customers who write to the bank, and what staff at counter and phone say: worded anew from the newest statement's facts.

Nothing is kept: as soon as the transaction that holds a statement is committed, which is before any page or post of it, the answers are
there. Only what the public may hear is in them. docs/words.md says what each class of message is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from statuspage.actions import facts as gathering
from statuspage.actions import sight, staff, subjects
from statuspage.actions.context import Context
from statuspage.actions.stories import title
from statuspage.core.addresses import subject_path
from statuspage.core.errors import DomainError
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.maintenance import Maintenance
from statuspage.core.notices import Facts
from statuspage.core.promises import RESOLVED_VALID
from statuspage.core.vocabulary import MaintenanceStatus, NoticeKind, SubjectKind
from statuspage.store import Session, incidents, maintenance, notices, updates
from statuspage.words.interface import Interface

CHARACTERS = 280  # of an answer, on whatever network a customer asks
LINK = 23  # what X counts for an address, however short it is
_ADDRESS = re.compile(r"https?://\S+")
_LASTING = (NoticeKind.INVESTIGATING, NoticeKind.UPDATE, NoticeKind.IDENTIFIED, NoticeKind.REOPENED)
_OF_TROUBLE = (*_LASTING, NoticeKind.MONITORING)


class MessageClass(StrEnum):
    """What a customer's message is; see `reply` in notices.yaml."""

    REACTION = "reaction"
    QUESTION_SIMPLE = "question_simple"
    QUESTION_PERSONAL = "question_personal"
    COMPLAINT = "complaint"


MEANT = {
    MessageClass.REACTION: "Says something, asks nothing",
    MessageClass.QUESTION_SIMPLE: "Asks what is known",
    MessageClass.QUESTION_PERSONAL: "Asks about their own case: needs a person and a case number",
    MessageClass.COMPLAINT: "Complains: concede first",
}


@dataclass(frozen=True)
class Answer:
    """What to write to one customer. texts: language -> text; missing: why there is none, in a language or at all."""

    message_class: MessageClass
    texts: Mapping[str, str]
    missing: str = ""


@dataclass(frozen=True)
class About:
    """One thing that customers write about.

    update       on which the answers are based: the newest statement, or the correction of it
    good_until   then the statement is due to be replaced, and the answers with it
    staff        language -> what staff say, and what only they know
    """

    kind: SubjectKind
    subject_id: str
    name: str
    update: IncidentUpdate
    good_until: datetime | None
    answers: tuple[Answer, ...]
    staff: Mapping[str, str]


@dataclass(frozen=True)
class AnswerCard:
    """All of it at one moment.

    about     what goes on or has just ended; empty: nothing is wrong as far as anybody knows
    suspected names of public components that probes see failing and of which no incident tells
    general   answers that hold whatever goes on
    nothing   language -> answer to who asks, while nothing is wrong
    """

    as_of: datetime
    about: tuple[About, ...]
    suspected: tuple[str, ...]
    general: tuple[Answer, ...]
    nothing: Mapping[str, str]

    @property
    def standing(self) -> str:
        """How things are, in a sentence for people of the bank."""
        if self.about:
            return f"{len(self.about)} thing{'s' if len(self.about) > 1 else ''} to answer about."
        if self.suspected:
            return f"No incident is open, but probes see trouble: {', '.join(self.suspected)}. Wait for the verdict, or look into it."
        return "Nothing is wrong: no incident is open, no work is under way, and no probe sees trouble."


def fits(text: str) -> bool:
    """True if an answer may have that length: an address counts for at least what X counts for it."""
    short = sum(max(0, LINK - len(found)) for found in _ADDRESS.findall(text))
    return len(text) + short <= CHARACTERS


def answers(session: Session, ctx: Context, *, ref: str | None = None, reply_by: datetime | None = None) -> AnswerCard:
    """The answers of this moment. ref, reply_by: case number and promised moment of one customer's case. Raises InvalidText for `ref`."""
    about = tuple(_all_about(session, ctx))
    red = sight.red(session) - {slug for incident in incidents.opened(session) for slug in incident.components}
    suspected = subjects.public(ctx, sorted(red))
    page = ctx.settings.page
    return AnswerCard(
        as_of=ctx.now(),
        about=about,
        suspected=tuple(ctx.words.facts.name(slug, page.default_language) for slug in suspected),
        general=(_reaction(ctx), _personal(ctx, ref, reply_by)),
        nothing={} if about or suspected else {language: _nothing(ctx, language) for language in page.languages},
    )


def _all_about(session: Session, ctx: Context) -> Iterator[About]:
    now = ctx.now()
    ended = [one for one in incidents.listing(session, limit=50) if not one.is_open and now - one.updated_at < RESOLVED_VALID]
    for incident in (*incidents.opened(session), *ended):
        subject = subjects.of_incident(ctx, incident)
        if not incident.drill and not subject.private:
            yield from _about(session, ctx, SubjectKind.INCIDENT, incident)
    for work in maintenance.unfinished(session):
        begun = work.status is not MaintenanceStatus.SCHEDULED
        if begun and not work.drill and not subjects.of_maintenance(ctx, work).private:
            yield from _about(session, ctx, SubjectKind.MAINTENANCE, work)
    for warning in updates.warnings(session, since=now - RESOLVED_VALID):
        if not any(notice.drill for notice in notices.of_subject(session, SubjectKind.WARNING, warning.subject_id)):
            yield _worded(session, ctx, warning, title(warning.texts).split("\n")[0], ())


def _about(session: Session, ctx: Context, kind: SubjectKind, thing: Incident | Maintenance) -> Iterator[About]:
    basis = _basis(session, [one for one in updates.of_subject(session, kind, thing.id) if one.texts])
    if basis is not None:
        known = staff.known(session, ctx, thing) if isinstance(thing, Incident) else ()
        yield _worded(session, ctx, basis, title(thing.titles), known, thing if isinstance(thing, Incident) else None)


def _basis(session: Session, told: list[IncidentUpdate]) -> IncidentUpdate | None:
    """The newest statement of how things are; its correction, if it was wrong, or if what it repeats was."""
    states = [one for one in told if one.kind is not NoticeKind.CORRECTION]
    if not states:
        return None
    corrections = [one for one in told if one.corrects == states[-1].sequence or _takes_back(session, one, states[-1])]
    return corrections[-1] if corrections else states[-1]


def _takes_back(session: Session, one: IncidentUpdate, state: IncidentUpdate) -> bool:
    """True if a correction of something older changed what customers are told to notice, after `state` had told it again."""
    if one.kind is not NoticeKind.CORRECTION or one.sequence < state.sequence:
        return False
    both = (updates.facts_of(session, said.subject_kind, said.subject_id, said.sequence) for said in (one, state))
    return all(facts.symptom is not None for facts in both)


def _worded(
    session: Session, ctx: Context, update: IncidentUpdate, name: str, known: tuple[staff.Fact, ...], incident: Incident | None = None
) -> About:
    facts = updates.facts_of(session, update.subject_kind, update.subject_id, update.sequence)
    spoken = [language for language in ctx.settings.page.languages if language in update.texts]
    if incident is not None and facts.start is None:
        facts = replace(facts, start=gathering.since(session, incident))
    return About(
        kind=update.subject_kind,
        subject_id=update.subject_id,
        name=name,
        update=update,
        good_until=update.valid_until,
        answers=(_question(ctx, update, facts, spoken), _complaint(ctx, update, facts, spoken)),
        staff={language: staff.text(ctx, update, facts, known, language) for language in spoken},
    )


def _address(ctx: Context, update: IncidentUpdate, language: str) -> str:
    return ctx.settings.page.url + subject_path(update.subject_kind, update.subject_id, language)


def _question(ctx: Context, update: IncidentUpdate, facts: Facts, spoken: list[str]) -> Answer:
    """What is known: while trouble lasts by the sentence for it, else the newest notice itself."""

    def word(language: str) -> str:
        url = _address(ctx, update, language)
        if facts.kind in _LASTING:
            return ctx.words.reply(MessageClass.QUESTION_SIMPLE, facts, language, url=url, fits=fits, now=update.created_at)
        return ctx.words.notice_answer(facts, language, url=url, fits=fits, now=update.created_at)

    return _answer(MessageClass.QUESTION_SIMPLE, spoken, word)


def _complaint(ctx: Context, update: IncidentUpdate, facts: Facts, spoken: list[str]) -> Answer:
    if facts.kind not in _OF_TROUBLE:
        why = "The answer to a complaint names a fault that lasts, as it was last said. Use the answer to a question, or your own words."
        return Answer(MessageClass.COMPLAINT, {}, why)

    def word(language: str) -> str:
        url = _address(ctx, update, language)
        return ctx.words.reply(MessageClass.COMPLAINT, facts, language, url=url, fits=fits, now=update.created_at)

    return _answer(MessageClass.COMPLAINT, spoken, word)


def _answer(message_class: MessageClass, languages: list[str], word: Callable[[str], str]) -> Answer:
    """In each language that has the words; what is missing is named."""
    texts, missing = {}, []
    for language in languages:
        try:
            texts[language] = word(language)
        except DomainError as error:
            missing.append(f"{language}: {error}")
    return Answer(message_class, texts, " ".join(missing))


def _reaction(ctx: Context) -> Answer:
    def word(language: str) -> str:
        url = f"{ctx.settings.page.url}/{language}/"
        return ctx.words.reply(MessageClass.REACTION, Facts(NoticeKind.UPDATE), language, url=url, fits=fits, now=ctx.now())

    return _answer(MessageClass.REACTION, list(ctx.settings.page.languages), word)


def _personal(ctx: Context, ref: str | None, reply_by: datetime | None) -> Answer:
    if ref is None or reply_by is None:
        return Answer(MessageClass.QUESTION_PERSONAL, {}, "Give the case number, and by when the customer gets an answer.")
    found, facts = {}, Facts(NoticeKind.UPDATE)
    for language in ctx.settings.page.languages:
        found[language] = ctx.words.reply(
            MessageClass.QUESTION_PERSONAL, facts, language, url="", fits=fits, now=ctx.now(), ref=ref, reply_by=reply_by
        )
    return Answer(MessageClass.QUESTION_PERSONAL, found)


def _nothing(ctx: Context, language: str) -> str:
    return Interface(language).text("answers.nothing", url=f"{ctx.settings.page.url}/{language}/", safety=ctx.words.safety_short(language))


def as_json(card: AnswerCard, languages: Sequence[str]) -> dict[str, Any]:
    """The card for programs, in some languages."""

    def told(texts: Mapping[str, str]) -> dict[str, str]:
        return {language: texts[language] for language in languages if language in texts}

    def answer(one: Answer) -> dict[str, Any]:
        return {"class": str(one.message_class), "texts": told(one.texts), "missing": one.missing or None}

    return {
        "as_of": card.as_of.isoformat(),
        "nothing_wrong": not card.about and not card.suspected,
        "standing": card.standing,
        "suspected": list(card.suspected),
        "about": [
            {
                "kind": str(about.kind),
                "id": about.subject_id,
                "name": about.name,
                "based_on": {"update": about.update.sequence, "kind": str(about.update.kind), "at": about.update.created_at.isoformat()},
                "good_until": about.good_until.isoformat() if about.good_until else None,
                "answers": [answer(one) for one in about.answers],
                "staff": told(about.staff),
            }
            for about in card.about
        ],
        "general": [answer(one) for one in card.general],
        "nothing": told(card.nothing),
    }
