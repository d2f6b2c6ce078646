"""The ledger: one row per notice and channel, and the story of each.

Every change names the state (and epoch) it starts from and reports whether it still held: two writers never both win.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import may_be_out
from statuspage.core.errors import NotFound
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.store.tables import AttemptRow, DeliveryRow, FirstAcceptedRow, NoticeRow
from statuspage.store.upsert import insert_for

_TABLE = DeliveryRow.__table__
_NAMES = tuple(field.name for field in fields(Delivery))
_COLUMNS = tuple(_TABLE.c[name] for name in _NAMES)
_ENUMS = {"subject_kind": SubjectKind, "kind": NoticeKind, "mode": UpdateMode, "state": DeliveryState}
_MANY = 500  # ids in one question
OPEN = tuple(state for state in DeliveryState if not state.final)


@dataclass(frozen=True)
class Attempt:
    """One line of a delivery's story. act: send, edit, find or decide; outcome: how it ended; detail: for people."""

    delivery_id: str
    epoch: int
    at: datetime
    act: str
    outcome: str
    detail: str = ""


def add(session: Session, delivery: Delivery) -> None:
    """One new row, in the caller's transaction: update, notice and deliveries stand or fall together."""
    values = {name: getattr(delivery, name) for name in _NAMES}
    values["remote"] = dict(delivery.remote)
    session.execute(_ADD, values)


def get(session: Session, delivery_id: str) -> Delivery:
    """Raises NotFound."""
    rows = _rows(session, _ONE, id=delivery_id)
    if not rows:
        raise NotFound(f"There is no delivery {delivery_id!r}.")
    return rows[0]


def by_code(session: Session, code: str) -> Delivery | None:
    """The delivery whose post carries that code."""
    row = session.execute(select(*_COLUMNS).where(_TABLE.c.code == code)).first()
    return None if row is None else _delivery(row)


def thread(session: Session, kind: SubjectKind, subject_id: str, channel: str) -> list[Delivery]:
    """All deliveries of one subject on one channel, in the order of their updates."""
    return _rows(session, _THREAD, kind=str(kind), subject_id=subject_id, channel=channel)


def of_subject(session: Session, kind: SubjectKind, subject_id: str) -> list[Delivery]:
    """All deliveries of one subject on every channel."""
    return _select(session, _TABLE.c.subject_kind == kind, _TABLE.c.subject_id == subject_id)


def of_subjects(session: Session, kind: SubjectKind, subject_ids: Iterable[str]) -> dict[str, list[Delivery]]:
    """subject id -> all deliveries about it, in the order of channel and sequence. A subject without one is left out."""
    found: dict[str, list[Delivery]] = {}
    for row in _select(session, _TABLE.c.subject_kind == kind, _TABLE.c.subject_id.in_(list(subject_ids))):
        found.setdefault(row.subject_id, []).append(row)
    return found


def listing(session: Session, states: Iterable[DeliveryState] | None = None, limit: int = 500) -> list[Delivery]:
    """The newest first; only those in `states`, if given."""
    query = select(*_COLUMNS).order_by(_TABLE.c.created_at.desc(), _TABLE.c.id).limit(limit)
    if states is not None:
        query = query.where(_TABLE.c.state.in_([str(state) for state in states]))
    return [_delivery(row) for row in session.execute(query)]


def settled(session: Session) -> list[Delivery]:
    """All that are delivered or gave way to a newer one, however old."""
    return _select(session, _TABLE.c.state.in_([str(DeliveryState.DELIVERED), str(DeliveryState.SUPERSEDED)]))


def count_by_state(session: Session) -> dict[tuple[str, DeliveryState], int]:
    """(network, state) -> number of rows, for the metrics."""
    query = select(_TABLE.c.network, _TABLE.c.state, func.count()).group_by(_TABLE.c.network, _TABLE.c.state)
    return {(network, DeliveryState(state)): number for network, state, number in session.execute(query)}


def busy_threads(session: Session, account: str) -> list[Delivery]:
    """All rows, settled ones too, of those threads of an account in which something is still open (stuck rows alone excepted)."""
    return _rows(session, _BUSY, account=account)


def subject_may_be_out(session: Session, kind: SubjectKind, subject_id: str) -> bool:
    """True if anything about the subject was ever sent, or tried, or may stand on any channel."""
    return any(may_be_out(row) for row in of_subject(session, kind, subject_id))


def change(session: Session, seen: Delivery, **values: Any) -> bool:
    """Writes `values` if the row is still in the state, epoch and attempt in which it was `seen`; False if it is not."""
    as_seen = {"seen_id": seen.id, "seen_state": str(seen.state), "seen_epoch": seen.epoch, "seen_attempts": seen.attempts}
    new = {f"new_{name}": value for name, value in values.items()}
    done = session.execute(_change(tuple(values)), {**as_seen, "seen_seal": seen.seal, **new})
    return bool(done.rowcount)  # type: ignore[attr-defined]


def note(session: Session, delivery: Delivery, at: datetime, act: str, outcome: str, detail: str = "") -> None:
    """Adds one line to a delivery's story."""
    values = {"delivery_id": delivery.id, "epoch": delivery.epoch, "at": at, "act": act, "outcome": outcome, "detail": detail}
    session.execute(_NOTE, values)


def story(session: Session, delivery_id: str) -> list[Attempt]:
    """Everything that was tried and decided about a delivery, in order."""
    query = select(AttemptRow).where(AttemptRow.delivery_id == delivery_id).order_by(AttemptRow.id)
    return [Attempt(row.delivery_id, row.epoch, row.at, row.act, row.outcome, row.detail) for row in session.scalars(query)]


def tries(session: Session, delivery_id: str) -> int:
    """How often a delivery was sent, over all its epochs, since a person last asked for it."""
    mine = (AttemptRow.delivery_id == delivery_id,)
    asked = (
        select(func.coalesce(func.max(AttemptRow.id), 0))
        .where(*mine, AttemptRow.act == "decide", AttemptRow.outcome == "retry")
        .scalar_subquery()
    )
    query = select(func.count()).where(*mine, AttemptRow.outcome.in_(("intent", "repeat")), AttemptRow.id > asked)
    return session.scalar(query) or 0


def unfinished(session: Session) -> list[Delivery]:
    """Rows of which a backup cannot know whether they were sent after it was made: every open one, stuck ones too."""
    return _select(session, _TABLE.c.state.in_([str(state) for state in OPEN]))


def accept_first(session: Session, subject_id: str, network: str, at: datetime) -> None:
    """Remembers when a network first accepted a post about a subject; later calls change nothing."""
    session.execute(_accept_first(insert_for(session)), {"subject_id": subject_id, "network": network, "at": at})


def first_accepted(session: Session, subject_ids: Sequence[str]) -> dict[str, dict[str, datetime]]:
    """Subject -> network -> when it first accepted a post about the subject."""
    query = select(FirstAcceptedRow.subject_id, FirstAcceptedRow.network, FirstAcceptedRow.at)
    found: dict[str, dict[str, datetime]] = {}
    for start in range(0, len(subject_ids), _MANY):
        part = subject_ids[start : start + _MANY]
        for row in session.execute(query.where(FirstAcceptedRow.subject_id.in_(part))):
            found.setdefault(row.subject_id, {})[row.network] = row.at
    return found


def is_drill(session: Session, notice_id: str) -> bool:
    """True if the notice belongs to a rehearsal."""
    return bool(session.scalar(_DRILL, {"id": notice_id}))


def add_alarm_notice(session: Session, notice_id: str, subject_id: str, sequence: int, at: datetime) -> None:
    """The notice behind an operators' alarm: it has no update and no public text."""
    session.add(
        NoticeRow(
            id=notice_id,
            subject_kind=str(SubjectKind.ALARM),
            subject_id=subject_id,
            sequence=sequence,
            kind=str(NoticeKind.ALARM),
            created_at=at,
            drill=False,
        )
    )
    session.flush()


# Statements of the hot paths, built once.
_ADD = insert(_TABLE)  # type: ignore[arg-type]
_NOTE = insert(AttemptRow.__table__)  # type: ignore[arg-type]
_DRILL = select(NoticeRow.drill).where(NoticeRow.id == bindparam("id"))
_ORDER = (_TABLE.c.subject_id, _TABLE.c.channel, _TABLE.c.sequence)
_MOVING = [str(state) for state in OPEN if state is not DeliveryState.STUCK]
_ONE = select(*_COLUMNS).where(_TABLE.c.id == bindparam("id"))
_THREAD = (
    select(*_COLUMNS)
    .where(
        _TABLE.c.subject_kind == bindparam("kind"),
        _TABLE.c.subject_id == bindparam("subject_id"),
        _TABLE.c.channel == bindparam("channel"),
    )
    .order_by(*_ORDER)
)
_BUSY = (
    select(*_COLUMNS)
    .where(
        _TABLE.c.account == bindparam("account"),
        _TABLE.c.subject_id.in_(select(_TABLE.c.subject_id).where(_TABLE.c.account == bindparam("account"), _TABLE.c.state.in_(_MOVING))),
    )
    .order_by(*_ORDER)
)


@cache
def _accept_first(insert_into: Callable[..., Any]) -> Any:
    return insert_into(FirstAcceptedRow.__table__).on_conflict_do_nothing()


@cache
def _change(names: tuple[str, ...]) -> Any:
    """The update of those columns, as long as the row is as it was seen."""
    as_seen = (_TABLE.c[name] == bindparam(f"seen_{name}") for name in ("id", "state", "epoch", "attempts", "seal"))
    return update(_TABLE).where(*as_seen).values({name: bindparam(f"new_{name}") for name in names})  # type: ignore[arg-type]


def _rows(session: Session, statement: Any, **values: str) -> list[Delivery]:
    return [_delivery(row) for row in session.execute(statement, values)]


def _select(session: Session, *conditions: Any) -> list[Delivery]:
    return _rows(session, select(*_COLUMNS).where(*conditions).order_by(*_ORDER))


def _delivery(row: Row[Any]) -> Delivery:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    for name, enum in _ENUMS.items():
        values[name] = enum(values[name])
    return Delivery(**values)
