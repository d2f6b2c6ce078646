"""What the phone line says of each thing that goes on: the newest statement, worded anew from its facts for the ear."""

from __future__ import annotations

from collections.abc import Iterable

from statuspage.core.errors import DomainError
from statuspage.core.vocabulary import SubjectKind
from statuspage.publish.snapshot import PublicIncident, PublicUpdate, PublicWarning, Subject, Texts
from statuspage.store import Session, updates
from statuspage.words import Words


def spoken(session: Session, words: Words, subjects: Iterable[Subject], warnings: Iterable[PublicWarning]) -> dict[str, Texts]:
    """Id -> language -> text, of open incidents, work under way and fraud warnings.

    A language in which the statement cannot be spoken is left out: the file of that language then names the trouble by its title.
    """
    told = [(_kind(one), one.id, one.updates[0]) for one in subjects if one.updates and _goes_on(one)]
    told += [(SubjectKind.WARNING, one.id, one.updates[0]) for one in warnings if one.updates]
    return {subject_id: _texts(session, words, kind, subject_id, newest) for kind, subject_id, newest in told}


def _texts(session: Session, words: Words, kind: SubjectKind, subject_id: str, newest: PublicUpdate) -> Texts:
    """As they were at the moment of writing: made again later, the same letters."""
    facts = updates.facts_of(session, kind, subject_id, newest.sequence)
    found = {}
    for language in words.facts.languages:
        try:
            found[language] = words.voice_body(facts, language, now=newest.created_at)
        except DomainError:  # operators heard of it when the statement was made
            continue
    return found


def _kind(one: Subject) -> SubjectKind:
    return SubjectKind.INCIDENT if isinstance(one, PublicIncident) else SubjectKind.MAINTENANCE


def _goes_on(one: Subject) -> bool:
    return one.is_open if isinstance(one, PublicIncident) else one.is_active
