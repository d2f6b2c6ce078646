"""People, passwords, sessions and one-time links."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from statuspage.actions.context import Context
from statuspage.core.access import ABSOLUTE, LINK_LIFE, PASSWORD_MAX, PASSWORD_MIN, session_over
from statuspage.core.errors import NotAllowed, NotFound
from statuspage.core.ids import ID_ALPHABET
from statuspage.core.vocabulary import Role
from statuspage.store import audit, people
from statuspage.store.people import Person, SignedIn

LONGEST_NAME = 100
TOKEN_LENGTH = 50  # letters of ID_ALPHABET: 258 bits
HASHER = PasswordHasher(time_cost=2, memory_cost=47104, parallelism=1)


@dataclass(frozen=True)
class NewSession:
    """A session that has just begun. The token goes into the browser's cookie and nowhere else."""

    signed_in: SignedIn
    token: str = field(repr=False)


def ensure_administrator(ctx: Context, name: str) -> Person:
    """The first person: made without a password if nobody is there yet. Signs in by a one-time link."""
    with ctx.ports.store.writing() as session:
        found = people.by_name(session, name)
        if found is not None:
            return found
        person = Person(ctx.new_id(), name, Role.ADMINISTRATOR, "", ctx.now())
        people.add(session, person)
        audit.append(session, at=ctx.now(), who=audit.MACHINE, what="person.add", subject=name, detail={"role": str(person.role)})
        return person


def add_person(ctx: Context, *, name: str, role: Role, who: str) -> Person:
    """Somebody new, without a password yet. Raises NotAllowed if the name is taken, or cannot be typed as it looks."""
    _check_name(name)
    with ctx.ports.store.writing() as session:
        if people.by_name(session, name) is not None:
            raise NotAllowed(f"There is already somebody named {name!r}. Choose another name; nothing was changed.")
        person = Person(ctx.new_id(), name, role, "", ctx.now())
        people.add(session, person)
        audit.append(session, at=ctx.now(), who=who, what="person.add", subject=name, detail={"role": str(role)})
        return person


def set_password(ctx: Context, *, name: str, password: str, who: str) -> None:
    """A new password; every session of that person ends. Raises NotFound, or NotAllowed for one that is too short or long."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise NotAllowed(f"The password has {len(password)} letters; allowed are {PASSWORD_MIN} to {PASSWORD_MAX}. The old one stays.")
    hashed = HASHER.hash(password)
    with ctx.ports.store.writing() as session:
        person = _existing(people.by_name(session, name), name)
        people.change(session, person.id, password_hash=hashed)
        audit.append(session, at=ctx.now(), who=who, what="person.password", subject=name, detail={})


def set_role(ctx: Context, *, name: str, role: Role, who: str) -> None:
    """A new role; every session of that person ends, so that it counts at once. Raises NotFound; NotAllowed for the last administrator."""
    with ctx.ports.store.writing() as session:
        person = _existing(people.by_name(session, name), name)
        if role is not Role.ADMINISTRATOR:
            _check_not_the_last(session, person)
        people.change(session, person.id, role=role)
        audit.append(session, at=ctx.now(), who=who, what="person.role", subject=name, detail={"role": str(role)})


def disable(ctx: Context, *, name: str, who: str) -> None:
    """That person can no longer sign in, and is signed out everywhere. Raises NotFound; NotAllowed for the last administrator."""
    with ctx.ports.store.writing() as session:
        person = _existing(people.by_name(session, name), name)
        _check_not_the_last(session, person)
        people.change(session, person.id, disabled_at=ctx.now())
        audit.append(session, at=ctx.now(), who=who, what="person.disable", subject=name, detail={})


def sign_in_path(ctx: Context, person: Person, who: str = audit.MACHINE) -> str:
    """Path of a link that signs that person in once, within a day. Made anew each time; older ones stay good until used or over."""
    token = ctx.ports.random.token(TOKEN_LENGTH, ID_ALPHABET)
    with ctx.ports.store.writing() as session:
        people.add_link(session, token_hash=hash_of(token), person_id=person.id, expires_at=ctx.now() + LINK_LIFE)
        audit.append(session, at=ctx.now(), who=who, what="sign_in_link.make", subject=person.name, detail={})
    return f"/console/link/{token}"


def link_is_fresh(ctx: Context, token: str) -> bool:
    """True if the link would sign somebody in. Looking does not use it up: mail scanners look."""
    with ctx.ports.store.reading() as session:
        return people.link_is_fresh(session, hash_of(token), ctx.now())


def sign_in_by_link(ctx: Context, token: str) -> NewSession | None:
    """Uses the link up. None if it was used, is over, or never was."""
    with ctx.ports.store.writing() as session:
        person = people.use_link(session, hash_of(token), ctx.now())
        return None if person is None else _begin(session, ctx, person, "session.begin_by_link")


def sign_in(ctx: Context, name: str, password: str) -> NewSession | None:
    """None if name and password do not belong together; which of the two was wrong is never told."""
    with ctx.ports.store.reading() as session:
        person = people.by_name(session, name)
    if not _password_fits(person, password) or person is None or person.disabled_at is not None:
        return None
    with ctx.ports.store.writing() as session:
        if HASHER.check_needs_rehash(person.password_hash):
            people.rehash(session, person.id, HASHER.hash(password))
        return _begin(session, ctx, person, "session.begin")


def signed_in(ctx: Context, token: str, *, used: bool = True) -> SignedIn | None:
    """The session that a browser's token belongs to, if it is still good; notes that it was used.

    used   False for what a page fetched by itself: a screen that nobody touches shall not stay signed in for ever
    """
    now, hashed = ctx.now(), hash_of(token)
    with ctx.ports.store.reading() as session:
        found = people.signed_in(session, hashed)
    if found is None:
        return None
    over = session_over(seen_at=found.seen_at, expires_at=found.expires_at, now=now) or found.person.disabled_at is not None
    if over or (used and (now - found.seen_at).total_seconds() >= 60):  # a write per minute is enough to know who idles
        with ctx.ports.store.writing() as session:
            if over:
                people.end_session(session, hashed)
            else:
                people.seen(session, hashed, now)
    return None if over else found


def sign_out(ctx: Context, current: SignedIn) -> None:
    """Ends this session on the server; the cookie alone is worth nothing from then on."""
    with ctx.ports.store.writing() as session:
        people.end_session(session, current.token_hash)
        audit.append(session, at=ctx.now(), who=current.person.name, what="session.end", subject=current.person.name, detail={})


def hash_of(token: str) -> str:
    """Tokens have 258 random bits, so one round of SHA-256 keeps them."""
    return hashlib.sha256(token.encode()).hexdigest()


def _begin(session: Any, ctx: Context, person: Person, what: str) -> NewSession:
    now = ctx.now()
    token = ctx.ports.random.token(TOKEN_LENGTH, ID_ALPHABET)
    begun = SignedIn(person, hash_of(token), ctx.ports.random.token(TOKEN_LENGTH, ID_ALPHABET), now, now, now + ABSOLUTE)
    people.begin_session(session, begun)
    audit.append(session, at=now, who=person.name, what=what, subject=person.name, detail={})
    return NewSession(begun, token)


@functools.cache
def _nobody() -> str:
    """Checked when the name is unknown: both answers take as long. Made when it is first needed, for it takes a while and 46 MiB."""
    return HASHER.hash("nobody has this password")


def _password_fits(person: Person | None, password: str) -> bool:
    if len(password) > PASSWORD_MAX:
        return False
    nobody = _nobody()  # for a known name too: the very first answer would tell otherwise
    known = person.password_hash if person and person.password_hash else nobody
    try:
        HASHER.verify(known, password)
    except (VerificationError, InvalidHashError):
        return False
    return known is not nobody


def _existing(person: Person | None, name: str) -> Person:
    if person is None:
        raise NotFound(f"There is nobody named {name!r}. Nothing was changed.")
    return person


def _check_not_the_last(session: Any, person: Person) -> None:
    people.deciding(session)
    administrators = [one.id for one in people.everybody(session) if one.role is Role.ADMINISTRATOR and one.disabled_at is None]
    if administrators == [person.id]:
        raise NotAllowed(f"{person.name} is the only administrator. Make somebody else one first. Nothing was changed.")


def _check_name(name: str) -> None:
    """Raises NotAllowed for a name that nobody could type when signing in."""
    if not 1 <= len(name) <= LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise NotAllowed(
            f"A name has 1 to {LONGEST_NAME} letters that can be seen, without blanks around it; this one has {len(name)} letters, "
            "or others than these. Nobody was added."
        )
