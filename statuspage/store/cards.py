"""Which pictures of notices are out on the public page, and which are wanted there: a post that needs one waits for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries
from statuspage.store.tables import CardRow, DeliveryRow
from statuspage.store.upsert import insert_for


def wanted(session: Session, channels: Collection[str], limit: int) -> list[Delivery]:
    """Posts on these channels that could leave now if their pictures were out, oldest first."""
    out = and_(CardRow.code == DeliveryRow.code, CardRow.digest == DeliveryRow.digest)
    query = select(DeliveryRow.id).outerjoin(CardRow, out).where(CardRow.code.is_(None))
    query = query.where(DeliveryRow.state == str(DeliveryState.QUEUED), DeliveryRow.channel.in_(list(channels)))
    return [deliveries.get(session, one) for one in session.scalars(query.order_by(DeliveryRow.created_at, DeliveryRow.id).limit(limit))]


def note(session: Session, shown: Iterable[Delivery], at: datetime) -> None:
    """The pictures of these posts, as they are worded now, are out."""
    for row in shown:
        insert = insert_for(session)(CardRow).values(code=row.code, digest=row.digest, at=at)
        session.execute(insert.on_conflict_do_nothing(index_elements=["code", "digest"]))


def is_out(session: Session, row: Delivery) -> bool:
    """True if the picture of this post, as it is worded now, is out."""
    return session.get(CardRow, (row.code, row.digest)) is not None


def old(session: Session, before: datetime, limit: int) -> list[tuple[str, str]]:
    """Code and digest of pictures that went out before a moment."""
    query = select(CardRow.code, CardRow.digest).where(CardRow.at < before).order_by(CardRow.at).limit(limit)
    return [(code, digest) for code, digest in session.execute(query)]


def forget(session: Session, cards: Iterable[tuple[str, str]]) -> None:
    """These pictures are out no more."""
    for code, digest in cards:
        session.execute(delete(CardRow).where(CardRow.code == code, CardRow.digest == digest))
