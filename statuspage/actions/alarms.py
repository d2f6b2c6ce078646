"""Alarms: what a person of the bank must look at. They reach operators' channels through the same ledger as public notices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import may_be_out
from statuspage.core.errors import NotAllowed, NotFound
from statuspage.core.seal import digest_of, seal
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.store import alarms, audit, deliveries

_RAISED, _OVER = 1, 2  # sequences within an alarm's thread
_PAGES = {
    "delivery": "deliveries",
    "unknown": "deliveries",
    "promise": "incidents",
    "promise-unkept": "incidents",
    "promise-unseen": "incidents",
    "resolve": "incidents",
    "contradiction": "incidents",
    "private": "incidents",
    "unwatched": "incidents",
    "maintenance": "maintenance",
    "held": "waiting",
}  # beginning of a key -> the console's page of what it is about
_LISTS = {  # the same, where one page has them all
    "account": "accounts",
    "ending": "accounts",
    "renewal": "accounts",
    "wait": "accounts",
    "late": "deliveries",
}
HELD = "held:"  # beginning of the keys of alarms about updates on hold
OF_DELIVERIES = ("delivery", "unknown")  # beginnings of the keys that end with a delivery's id


def raise_alarm(ctx: Context, key: str, text: str) -> None:
    """Opens the alarm `key`, unless it is open already, and tells the operators' channels. text: English, without any secret."""
    with ctx.ports.store.writing() as session:
        raise_in(session, ctx, key, text)


def clear_alarm(ctx: Context, key: str) -> None:
    """Closes the alarm `key`, if it is open, and tells those operators' channels that heard of it."""
    with ctx.ports.store.writing() as session:
        clear_in(session, ctx, key)


def retire_alarm(ctx: Context, key: str) -> None:
    """Closes the alarm `key`, if it is open, without a word: what it told of goes on, and is told otherwise."""
    with ctx.ports.store.writing() as session:
        retire_in(session, ctx, key)


def raise_in(session: Any, ctx: Context, key: str, text: str, *, tell: bool = True) -> None:
    """As raise_alarm, in the caller's transaction. tell=False: only listed, for trouble with the operators' channels themselves."""
    if alarms.open_one(session, key) is not None:
        return
    alarm = alarms.Alarm(ctx.new_id(), key, text, ctx.now())
    alarms.add(session, alarm)
    channels = _operators(ctx) if tell else []
    if channels:
        _tell(session, ctx, alarm.id, _RAISED, f"{text}\n{address(ctx, key)}", channels)


def clear_in(session: Any, ctx: Context, key: str) -> None:
    """As clear_alarm, in the caller's transaction. What was not yet begun to be told is withdrawn, and not told at all."""
    while (alarm := alarms.open_one(session, key)) is not None:  # PostgreSQL: two processes may have raised it at once
        _close(session, ctx, alarm, f"Over: {alarm.text}")


def retire_in(session: Any, ctx: Context, key: str) -> None:
    """As retire_alarm, in the caller's transaction."""
    while (alarm := alarms.open_one(session, key)) is not None:
        _close(session, ctx, alarm, "")


def replace_in(session: Any, ctx: Context, alarm: alarms.Alarm, key: str, text: str) -> None:
    """The alarm has grown: it stands under another key and is told anew, and nobody hears that the former one is over."""
    _close(session, ctx, alarm, "")
    raise_in(session, ctx, key, text)


def dismiss(ctx: Context, alarm_id: str, who: str) -> None:
    """`who` has looked into it: the alarm is closed. If what it tells of is found again, it comes again.

    raises   NotFound; NotAllowed for a delivery that still waits for a decision: there the decision ends the alarm
    """
    with ctx.ports.store.writing() as session:
        alarm = alarms.get(session, alarm_id)
        if alarm.cleared_at is not None:
            raise NotAllowed(f"Alarm {alarm.id} is over already. Nothing was changed.")
        topic, _, about = alarm.key.partition(":")
        if topic in OF_DELIVERIES and _undecided(session, about):
            raise NotAllowed(f"Delivery {about} waits for a decision. Decide there; that ends the alarm. Nothing was changed.")
        _close(session, ctx, alarm, f"Looked into by {who}: {alarm.text}")
        audit.append(session, at=ctx.now(), who=who, what="alarm.dismiss", subject=alarm.key, detail={})


def held_key(row: Delivery) -> str:
    """Alarm: posts of an update wait until their hold ends. It names the update as the console's address does."""
    return f"{HELD}{row.subject_kind}/{row.subject_id}/{row.sequence}"


def _is_of_warning(key: str) -> bool:
    return key.startswith(f"{HELD}{SubjectKind.WARNING}/")


def path(key: str) -> str:
    """The console's page on which a person deals with an alarm, below the page's own address."""
    topic, _, about = key.partition(":")
    if _is_of_warning(key):
        return "console/deliveries/"  # a warning has no page of its own: its posts are withdrawn one by one
    if topic in _LISTS:
        return f"console/{_LISTS[topic]}/"
    page = _PAGES.get(topic)
    return f"console/{page}/{about}" if page and about else "console/"


def address(ctx: Context, key: str) -> str:
    """The same as a whole address."""
    return f"{ctx.settings.page.url.rstrip('/')}/{path(key)}"


def _undecided(session: Any, delivery_id: str) -> bool:
    try:
        return not deliveries.get(session, delivery_id).state.final
    except NotFound:
        return False


def _close(session: Any, ctx: Context, alarm: alarms.Alarm, text: str) -> None:
    """text: what those are told who heard of it; "": nothing."""
    now = ctx.now()
    alarms.clear(session, alarm.id, now)
    heard = set()
    for row in deliveries.of_subject(session, SubjectKind.ALARM, alarm.id):
        if may_be_out(row) or row.state.final:
            heard.add(row.channel)
        elif deliveries.change(session, row, state=str(DeliveryState.WITHDRAWN), settled_at=now, detail="over before it was told"):
            deliveries.note(session, row, now, "decide", "withdrawn", "over before it was told")
    channels = [info for info in _operators(ctx) if info.channel.name in heard]
    if channels and text:
        _tell(session, ctx, alarm.id, _OVER, text, channels)


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
