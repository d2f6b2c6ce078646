"""What the ledger, the alarms and the configurations know about posts on an own account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from statuspage.core.deliveries import Delivery
from statuspage.store import deliveries
from statuspage.store.tables import AlarmRow, ConfigurationRow, DeliveryRow

_MANY = 300  # values in one question


def of_posts(session: Session, account: str, remote_ids: Iterable[str], codes: Iterable[str]) -> list[Delivery]:
    """Deliveries of an account that have one of those remote ids, or one of those codes."""
    found: dict[str, Delivery] = {}
    for values, column in ((sorted(remote_ids), DeliveryRow.remote_id), (sorted(codes), DeliveryRow.code)):
        for start in range(0, len(values), _MANY):
            query = select(DeliveryRow.id).where(DeliveryRow.account == account, column.in_(values[start : start + _MANY]))
            found |= {one: deliveries.get(session, one) for one in session.scalars(query) if one not in found}
    return list(found.values())


def told_before(session: Session, keys: Iterable[str]) -> set[str]:
    """Those alarms that were ever raised, cleared ones too."""
    wanted = list(keys)
    found: set[str] = set()
    for start in range(0, len(wanted), _MANY):
        found |= set(session.scalars(select(AlarmRow.key).where(AlarmRow.key.in_(wanted[start : start + _MANY]))))
    return found


def configurations(session: Session) -> list[tuple[datetime, str]]:
    """When each configuration was accepted, and its text; the oldest first."""
    query = select(ConfigurationRow.accepted_at, ConfigurationRow.text).order_by(ConfigurationRow.generation)
    return [(at, text) for at, text in session.execute(query)]
