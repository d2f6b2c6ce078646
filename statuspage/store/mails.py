"""The ledger of mails and short messages: who is on the list in force, where each run stands with each of them, who left.

A subscriber is known here by a tag (see core.subscribers); the address stands in the list alone. States of a mail: sending, sent,
deferred (asked again at due_at), refused (never again in this run), left (that person left the list meanwhile), gone (off the list).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from statuspage.core.subscribers import Subscriber
from statuspage.store.mail_tables import MailLeftRow, MailListRow, MailRow, MailSubscriberRow
from statuspage.store.tables import DeliveryRow
from statuspage.store.upsert import insert_for

SENDING, SENT, DEFERRED, REFUSED, LEFT, GONE = "sending", "sent", "deferred", "refused", "left", "gone"


@dataclass(frozen=True)
class MailList:
    """One account's list. edition 0: none was ever read."""

    account: str
    secret: bytes
    edition: int
    digest: str
    subscribers: int


@dataclass(frozen=True)
class Due:
    """A subscriber to whom a mail may go now. attempts: how often it was tried; doubtful: nobody knows whether one of them arrived."""

    subscriber: Subscriber
    attempts: int = 0
    doubtful: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt. doubtful: nobody knows whether it arrived."""

    delivery_id: str
    tag: str
    state: str
    said: str = ""
    due_at: datetime | None = None
    doubtful: bool = False


# --- the list ---------------------------------------------------------------------------------------------------------------------


def mail_list(session: Session, account: str) -> MailList | None:
    row = session.get(MailListRow, account)
    return None if row is None else _list(row)


def mail_lists(session: Session) -> list[MailList]:
    return [_list(row) for row in session.scalars(select(MailListRow).order_by(MailListRow.account))]


def begin_list(session: Session, account: str, secret: bytes, at: datetime) -> None:
    """Makes an empty one with its secret, unless it is there: a secret never changes."""
    values = {"account": account, "secret": secret.hex(), "edition": 0, "digest": "", "subscribers": 0, "read_at": at}
    session.execute(insert_for(session)(MailListRow).values(**values).on_conflict_do_nothing(index_elements=["account"]))


def add_subscribers(session: Session, account: str, edition: int, subscribers: Sequence[Subscriber]) -> None:
    """A piece of an edition that is not in force yet."""
    rows = [{"account": account, "edition": edition, "tag": s.tag, "address": s.address, "language": s.language} for s in subscribers]
    session.execute(insert(MailSubscriberRow), rows)


def put_in_force(session: Session, account: str, edition: int, digest: str, subscribers: int, at: datetime) -> None:
    values = {"edition": edition, "digest": digest, "subscribers": subscribers, "read_at": at}
    session.execute(update(MailListRow).where(MailListRow.account == account).values(**values))


def remove_editions(session: Session, account: str, in_force: int, limit: int) -> int:
    """Removes rows of other editions than the one in force; returns how many."""
    mine = (MailSubscriberRow.account == account, MailSubscriberRow.edition != in_force)
    rows = session.execute(select(MailSubscriberRow.edition, MailSubscriberRow.tag).where(*mine).limit(limit)).all()
    for edition in {edition for edition, _ in rows}:
        tags = [tag for other, tag in rows if other == edition]
        which = (MailSubscriberRow.account == account, MailSubscriberRow.edition == edition, MailSubscriberRow.tag.in_(tags))
        session.execute(delete(MailSubscriberRow).where(*which))
    return len(rows)


# --- who left ---------------------------------------------------------------------------------------------------------------------


def leave(session: Session, tag: str, at: datetime) -> None:
    """From now on no mail goes to that subscriber; a second time changes nothing."""
    session.execute(insert_for(session)(MailLeftRow).values(tag=tag, at=at).on_conflict_do_nothing(index_elements=["tag"]))


def left_among(session: Session, tags: Collection[str]) -> set[str]:
    return set(session.scalars(select(MailLeftRow.tag).where(MailLeftRow.tag.in_(list(tags)))))


# --- a run ------------------------------------------------------------------------------------------------------------------------


def next_unsent(session: Session, of: MailList, language: str, delivery_id: str, after: str, limit: int) -> list[Due]:
    """Subscribers whose tag is above `after`, in its order, for whom the ledger has nothing of this delivery, and who have not left."""
    person = MailSubscriberRow
    query = (
        select(person.tag, person.address, person.language)
        .outerjoin(MailRow, and_(MailRow.delivery_id == delivery_id, MailRow.tag == person.tag))
        .outerjoin(MailLeftRow, MailLeftRow.tag == person.tag)
        .where(person.account == of.account, person.edition == of.edition, person.tag > after, person.language == language)
        .where(MailRow.tag.is_(None), MailLeftRow.tag.is_(None))
        .order_by(person.tag)
        .limit(limit)
    )
    return [Due(Subscriber(*row)) for row in session.execute(query)]


def due_again(session: Session, of: MailList, delivery_id: str, now: datetime, limit: int) -> list[Due]:
    """Subscribers still on the list whose mail was put off until now or earlier."""
    person = MailSubscriberRow
    query = (
        select(person.tag, person.address, person.language, MailRow.attempts, MailRow.doubtful)
        .join(MailRow, MailRow.tag == person.tag)
        .where(MailRow.delivery_id == delivery_id, MailRow.state == DEFERRED, MailRow.due_at <= now)
        .where(person.account == of.account, person.edition == of.edition)
        .order_by(MailRow.due_at, person.tag)
        .limit(limit)
    )
    return [Due(Subscriber(*who), attempts, doubtful > 0) for *who, attempts, doubtful in session.execute(query)]


def intend(session: Session, delivery_id: str, chosen: Sequence[Due]) -> None:
    """Their mails are about to be sent: whoever finds them so later knows that nobody knows."""
    rows = [_row(delivery_id, one.subscriber.tag, SENDING, one.attempts + 1) for one in chosen]
    if rows:
        session.execute(_put(insert_for(session), "state", "attempts", "due_at"), rows)


def record(session: Session, outcomes: Sequence[Outcome]) -> None:
    """What became of mails that were intended."""
    if outcomes:
        session.connection().execute(_RECORD, [_values(one) for one in outcomes])


def pass_over(session: Session, delivery_id: str, tags: Iterable[str], state: str) -> None:
    """No mail of this delivery goes to them: they left, or stand on the list no more."""
    rows = [_row(delivery_id, tag, state, 0) for tag in tags]
    if rows:
        session.execute(_put(insert_for(session), "state", "due_at"), rows)


def _row(delivery_id: str, tag: str, state: str, attempts: int) -> dict[str, Any]:
    return {"delivery_id": delivery_id, "tag": tag, "state": state, "attempts": attempts, "doubtful": 0, "due_at": None, "said": ""}


def _values(one: Outcome) -> dict[str, Any]:
    values = {"new_state": one.state, "new_said": one.said, "new_due_at": one.due_at, "more": int(one.doubtful)}
    return {"of": one.delivery_id, "whose": one.tag, **values}


@cache
def _put(insert_into: Callable[..., Any], *names: str) -> Any:
    """Insert, or change those columns of the row that is there."""
    statement = insert_into(MailRow.__table__)
    changed = {name: statement.excluded[name] for name in names}
    return statement.on_conflict_do_update(index_elements=["delivery_id", "tag"], set_=changed)


_MAIL: Any = MailRow.__table__
_RECORD = (
    update(_MAIL)
    .where(_MAIL.c.delivery_id == bindparam("of"), _MAIL.c.tag == bindparam("whose"))
    .values(
        state=bindparam("new_state"),
        said=bindparam("new_said"),
        due_at=bindparam("new_due_at"),
        doubtful=_MAIL.c.doubtful + bindparam("more"),
    )
)


def interrupted(session: Session, delivery_id: str, known: Collection[str], due_at: datetime, said: str) -> int:
    """Mails found in sending, but for the `known` tags, belong to a process that is no more: they are tried again at due_at."""
    query = update(MailRow).where(MailRow.delivery_id == delivery_id, MailRow.state == SENDING, MailRow.tag.not_in(list(known)))
    done = session.execute(query.values(state=DEFERRED, due_at=due_at, said=said, doubtful=MailRow.doubtful + 1))
    return int(done.rowcount)  # type: ignore[attr-defined]


def put_back(session: Session, delivery_id: str, due_at: datetime) -> None:
    """Refusals that were not their recipients' doing: tried again at due_at, if the run goes on."""
    refused = (MailRow.delivery_id == delivery_id, MailRow.state == REFUSED)
    session.execute(update(MailRow).where(*refused).values(state=DEFERRED, due_at=due_at))


def settle_absent(session: Session, of: MailList, delivery_id: str) -> None:
    """Mails that were put off for people who have left or stand on the list no more are never sent."""
    deferred = (MailRow.delivery_id == delivery_id, MailRow.state == DEFERRED)
    left = exists().where(MailLeftRow.tag == MailRow.tag)
    session.execute(update(MailRow).where(*deferred, left).values(state=LEFT, due_at=None))
    person = MailSubscriberRow
    listed = exists().where(person.account == of.account, person.edition == of.edition, person.tag == MailRow.tag)
    session.execute(update(MailRow).where(*deferred, ~listed).values(state=GONE, due_at=None))


def next_due(session: Session, delivery_id: str) -> datetime | None:
    """When the first of the mails that were put off is to be tried; None if there is none."""
    query = select(func.min(MailRow.due_at)).where(MailRow.delivery_id == delivery_id, MailRow.state == DEFERRED)
    return session.scalar(query)


def counts(session: Session, delivery_id: str) -> dict[str, int]:
    """state -> number of subscribers; and under "doubtful" how many attempts ended without anybody knowing how."""
    query = select(MailRow.state, func.count(), func.sum(MailRow.doubtful)).where(MailRow.delivery_id == delivery_id)
    found = {"doubtful": 0}
    for state, number, doubtful in session.execute(query.group_by(MailRow.state)):
        found[state] = number
        found["doubtful"] += int(doubtful or 0)
    return found


def forget(session: Session, settled_before: datetime, limit: int) -> int:
    """Removes the ledger of runs that ended before a moment, some rows at a time; returns how many. Who left stays known."""
    old = select(DeliveryRow.id).where(DeliveryRow.settled_at < settled_before)
    rows = session.execute(select(MailRow.delivery_id, MailRow.tag).where(MailRow.delivery_id.in_(old)).limit(limit)).all()
    for delivery_id in {one for one, _ in rows}:
        tags = [tag for other, tag in rows if other == delivery_id]
        session.execute(delete(MailRow).where(MailRow.delivery_id == delivery_id, MailRow.tag.in_(tags)))
    return len(rows)


def _list(row: MailListRow) -> MailList:
    return MailList(row.account, bytes.fromhex(row.secret), row.edition, row.digest, row.subscribers)
