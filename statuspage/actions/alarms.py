"""Alarms: what a person of the bank must look at. They reach operators' channels through the same ledger as public notices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.deliveries import Delivery
from statuspage.core.seal import digest_of, seal
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.store import alarms, deliveries

_RAISED, _OVER = 1, 2  # sequences within an alarm's thread


def raise_alarm(ctx: Context, key: str, text: str) -> None:
    """Opens the alarm `key`, unless it is open already, and tells the operators' channels. text: English, without any secret."""
    with ctx.ports.store.writing() as session:
        raise_in(session, ctx, key, text)


def clear_alarm(ctx: Context, key: str) -> None:
    """Closes the alarm `key`, if it is open, and tells those operators' channels that heard of it."""
    with ctx.ports.store.writing() as session:
        clear_in(session, ctx, key)


def raise_in(session: Any, ctx: Context, key: str, text: str, *, tell: bool = True) -> None:
    """As raise_alarm, in the caller's transaction. tell=False: only listed, for trouble with the operators' channels themselves."""
    if alarms.open_one(session, key) is not None:
        return
    alarm = alarms.Alarm(ctx.new_id(), key, text, ctx.now())
    alarms.add(session, alarm)
    channels = _operators(ctx) if tell else []
    if channels:
        _tell(session, ctx, alarm.id, _RAISED, text, channels)


def clear_in(session: Any, ctx: Context, key: str) -> None:
    """As clear_alarm, in the caller's transaction. What was not yet begun to be told is withdrawn, and not told at all."""
    alarm = alarms.open_one(session, key)
    if alarm is None:
        return
    now = ctx.now()
    alarms.clear(session, alarm.id, now)
    heard = set()
    for row in deliveries.of_subject(session, SubjectKind.ALARM, alarm.id):
        if row.attempts or row.state.final:
            heard.add(row.channel)
        elif deliveries.change(session, row, state=str(DeliveryState.WITHDRAWN), settled_at=now, detail="over before it was told"):
            deliveries.note(session, row, now, "decide", "withdrawn", "over before it was told")
    channels = [info for info in _operators(ctx) if info.channel.name in heard]
    if channels:
        _tell(session, ctx, alarm.id, _OVER, f"Over: {alarm.text}", channels)


def _operators(ctx: Context) -> list[ChannelInfo]:
    return [info for _, info in sorted(ctx.channels.items()) if info.channel.operators]


def _tell(session: Any, ctx: Context, alarm_id: str, sequence: int, text: str, channels: list[ChannelInfo]) -> None:
    now, notice_id = ctx.now(), ctx.new_id()
    deliveries.add_alarm_notice(session, notice_id, alarm_id, sequence, now)
    for info in channels:
        channel = info.channel
        row = Delivery(
            id=ctx.new_id(),
            notice_id=notice_id,
            subject_kind=SubjectKind.ALARM,
            subject_id=alarm_id,
            sequence=sequence,
            kind=NoticeKind.ALARM,
            channel=channel.name,
            account=channel.account,
            network=channel.network,
            language=channel.language,
            mode=UpdateMode.NEW,
            text=text,
            text_alone=text,
            story="",
            code=ctx.new_code(),
            digest=digest_of(text, text, ""),
            state=DeliveryState.QUEUED,
            created_at=now,
        )
        deliveries.add(session, replace(row, seal=seal(row, ctx.seal_key)))
