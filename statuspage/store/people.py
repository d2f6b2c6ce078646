"""People of the bank, their signed-in browsers and one-time links. Tokens are kept as hashes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from statuspage.core.vocabulary import Role
from statuspage.store import Session
from statuspage.store.locks import one_at_a_time
from statuspage.store.tables import PersonRow, SessionRow, SignInLinkRow

_DECIDING = 0x726F6C65  # two administrators who disable each other at once: the second one sees the first


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in. password_hash: argon2id, "" if only links sign in."""

    id: str
    name: str
    role: Role
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True)
class SignedIn:
    """A browser and the person at it."""

    person: Person
    token_hash: str
    csrf_token: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def add(session: Session, person: Person) -> None:
    session.add(
        PersonRow(
            id=person.id,
            name=person.name,
            role=str(person.role),
            password_hash=person.password_hash,
            created_at=person.created_at,
            disabled_at=person.disabled_at,
        )
    )


def deciding(session: Session) -> None:
    """Nobody else takes a role from anybody until the transaction ends. To be asked before it is looked who is left."""
    one_at_a_time(session, _DECIDING)


def by_name(session: Session, name: str) -> Person | None:
    row = session.scalars(select(PersonRow).where(PersonRow.name == name)).first()
    return _person(row) if row else None


def by_id(session: Session, person_id: str) -> Person | None:
    row = session.get(PersonRow, person_id)
    return _person(row) if row else None


def everybody(session: Session) -> list[Person]:
    """All, by name; those who may no longer sign in too."""
    return [_person(row) for row in session.scalars(select(PersonRow).order_by(PersonRow.name))]


def change(
    session: Session,
    person_id: str,
    *,
    role: Role | None = None,
    password_hash: str | None = None,
    disabled_at: datetime | None = None,
) -> None:
    """Changes what is given, and ends every session of that person: what they may do is decided anew."""
    values = {"role": role and str(role), "password_hash": password_hash, "disabled_at": disabled_at}
    session.execute(update(PersonRow).where(PersonRow.id == person_id).values({k: v for k, v in values.items() if v is not None}))
    end_sessions(session, person_id)


def rehash(session: Session, person_id: str, password_hash: str) -> None:
    """The same password under newer parameters; sessions go on."""
    session.execute(update(PersonRow).where(PersonRow.id == person_id).values(password_hash=password_hash))


def begin_session(session: Session, signed_in: SignedIn) -> None:
    session.add(
        SessionRow(
            token_hash=signed_in.token_hash,
            person_id=signed_in.person.id,
            csrf_token=signed_in.csrf_token,
            created_at=signed_in.created_at,
            seen_at=signed_in.seen_at,
            expires_at=signed_in.expires_at,
        )
    )


def signed_in(session: Session, token_hash: str) -> SignedIn | None:
    """The session under that hash, whatever its age; the caller judges."""
    found = session.execute(select(SessionRow, PersonRow).join(PersonRow).where(SessionRow.token_hash == token_hash)).first()
    if found is None:
        return None
    row, person = found
    return SignedIn(_person(person), row.token_hash, row.csrf_token, row.created_at, row.seen_at, row.expires_at)


def seen(session: Session, token_hash: str, at: datetime) -> None:
    session.execute(update(SessionRow).where(SessionRow.token_hash == token_hash).values(seen_at=at))


def end_session(session: Session, token_hash: str) -> None:
    session.execute(delete(SessionRow).where(SessionRow.token_hash == token_hash))


def end_sessions(session: Session, person_id: str) -> None:
    session.execute(delete(SessionRow).where(SessionRow.person_id == person_id))


def add_link(session: Session, *, token_hash: str, person_id: str, expires_at: datetime) -> None:
    session.add(SignInLinkRow(token_hash=token_hash, person_id=person_id, expires_at=expires_at))


def link_is_fresh(session: Session, token_hash: str, now: datetime) -> bool:
    """True if the link was not used and is not over."""
    row = session.get(SignInLinkRow, token_hash)
    return row is not None and row.used_at is None and row.expires_at > now


def use_link(session: Session, token_hash: str, now: datetime) -> Person | None:
    """Consumes the link; the second of two who try at once gets None."""
    taken = session.execute(
        update(SignInLinkRow)
        .where(SignInLinkRow.token_hash == token_hash, SignInLinkRow.used_at.is_(None), SignInLinkRow.expires_at > now)
        .values(used_at=now)
        .returning(SignInLinkRow.person_id)
    ).scalar()
    person = by_id(session, taken) if taken else None
    return person if person and person.disabled_at is None else None


def _person(row: PersonRow) -> Person:
    return Person(row.id, row.name, Role(row.role), row.password_hash, row.created_at, row.disabled_at)
