"""Judges what is kept for years: the timeline of what components showed, the sums of checks, and that nothing else is removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from statuspage.core.rollups import Rollup
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.store import rollups, timeline
from statuspage.store.tables import CheckRow, ComponentChangeRow
from tests.simulation.flow.town import Town
from tests.simulation.flow.watch import LookMade

Sums = list[tuple[datetime, Rollup]]
LATE = timedelta(minutes=5)
FAR = timedelta(days=1000)
PERIODS: tuple[rollups.Period, rollups.Period] = ("hour", "day")


def faults(town: Town) -> Iterator[str]:
    yield from _timeline(town)
    yield from _sums(town)
    yield from torn(town)


def _timeline(town: Town) -> Iterator[str]:
    """Each change comes after the one before, by both its moments, and says something else; the seconds of a day are its seconds."""
    zone = ZoneInfo(town.bank.zone)
    now = town.wall()
    today = now.astimezone(zone).date()
    slugs = [part.slug for part in town.bank.present]
    with town.store.reading() as session:
        every = {slug: timeline.changes(session, slug) for slug in slugs}
        written = session.execute(select(ComponentChangeRow.slug, ComponentChangeRow.effective_at).order_by(ComponentChangeRow.id)).all()
        first = min((moment for _, moment in written), default=now).astimezone(zone).date()
        bars = timeline.day_bars(session, slugs, first=first, last=today, zone=zone, now=now)
    newest: dict[str, datetime] = {}
    for slug, moment in written:
        if slug in newest and moment <= newest[slug]:
            yield f"timeline: {slug}: a change for {moment} is written after the one for {newest[slug]}"
        newest[slug] = moment
    for slug, changes in every.items():
        for one, other in pairwise(changes):
            if one.status is other.status:
                yield f"timeline: {slug} turns {one.status} twice, at {one.effective_at} and {other.effective_at}"
        for change in changes:
            if change.effective_at > change.recorded_at:
                yield f"timeline: {slug}: what is written at {change.recorded_at} lies ahead, at {change.effective_at}"
        for bar in bars[slug]:
            begin = datetime(bar.day.year, bar.day.month, bar.day.day, tzinfo=zone)
            after = bar.day + timedelta(days=1)
            end = min(datetime(after.year, after.month, after.day, tzinfo=zone), now)
            length = int(end.timestamp()) - int(begin.timestamp())
            if sum(bar.seconds.values()) != length:
                yield f"timeline: {slug}: {bar.day} has {length} seconds, {sum(bar.seconds.values())} are told"


def _sums(town: Town) -> Iterator[str]:
    """Every hour's sums are those of its looks; a day's are those of its hours, and of all its looks once they are removed."""
    zone = ZoneInfo(town.bank.zone)
    covers = min(3 * town.bank.interval_s, 3600.0)
    pairs: dict[tuple[str, str], list[LookMade]] = {}
    for look in town.watch.looks:
        pairs.setdefault((look.key, look.place), []).append(look)
    with town.store.reading() as session:
        kept = {(probe, place): number for probe, place, number in session.execute(
            select(CheckRow.probe, CheckRow.location, func.count()).group_by(CheckRow.probe, CheckRow.location))}  # fmt: skip
        oldest = session.scalar(select(func.min(CheckRow.at)))
        start, end = town.wall() - FAR, town.wall() + FAR
        sums = {(key, place): tuple(rollups.listing(session, f"p-{key}", place, period, start, end) for period in PERIODS)
                for key, place in pairs}  # fmt: skip
    for (key, place), looks in sorted(pairs.items()):
        where, (hours, days) = f"{key} from {place}", sums[key, place]
        looks.sort(key=lambda one: (one.dated, one.sequence))
        removed = len(looks) - kept.get((f"p-{key}", place), 0)
        if removed < 0 or (removed and town.bank.raw_days >= 7.0):
            yield f"retention: {len(looks)} looks of {where} arrived, {removed} are gone"
        for begin, told in hours:
            yield from _hour(town, where, looks, begin, told, covers)
        yield from _days(town, zone, where, hours, days)
        yield from _missing(town, where, looks, hours, oldest or town.wall())


def _hour(town: Town, where: str, looks: list[LookMade], begin: datetime, told: Rollup, covers: float) -> Iterator[str]:
    end = begin + timedelta(hours=1)
    if abs(begin.astimezone(ZoneInfo(town.bank.zone)).utcoffset() - end.astimezone(ZoneInfo(town.bank.zone)).utcoffset()):  # type: ignore[operator]
        return  # an hour in which the clocks move may be half as long; the day tells
    due = town.seconds(end + LATE)
    early = [look for look in looks if look.received <= due]
    wanted = {_painted(some, begin, end, covers) for some in (looks, early)}
    found = (tuple(sorted(told.counts.items())), told.up_s, told.down_s, told.no_data_s)
    some_late = any(look.received > due for look in looks if begin <= look.dated < end + timedelta(hours=1))
    if found not in wanted and not some_late:
        yield f"sums: {where}, hour from {begin}: {found}, the looks say {sorted(wanted)[0]}"


def _painted(looks: list[LookMade], begin: datetime, end: datetime, covers: float) -> tuple[tuple[tuple[str, int], ...], int, int, int]:
    """Second by second, each painted with what the newest look before it says; what is older than `covers` says nothing."""
    start, stop = int(begin.timestamp()), int(end.timestamp())
    seconds: list[bool | None] = [None] * (stop - start)
    near = [look for look in looks if begin - timedelta(seconds=covers) <= look.dated < end]
    for number, look in enumerate(near):
        until = look.dated + timedelta(seconds=covers)
        if number + 1 < len(near):
            until = min(until, near[number + 1].dated)
        if look.bad is None:
            continue
        low, high = max(look.dated, begin), min(until, end)
        for second in range(int(low.timestamp()) - start, int(high.timestamp()) - start if low < high else 0):
            seconds[second] = not look.down
    counts = Counter(look.outcome for look in near if look.dated >= begin)
    up, down = sum(second is True for second in seconds), sum(second is False for second in seconds)
    return tuple(sorted(counts.items())), up, down, len(seconds) - up - down


def _days(town: Town, zone: ZoneInfo, where: str, hours: Sums, days: Sums) -> Iterator[str]:
    for begin, told in days:
        local = begin.astimezone(zone)
        after = local.date() + timedelta(days=1)
        end = datetime(after.year, after.month, after.day, tzinfo=zone)
        length = int(end.timestamp()) - int(begin.timestamp())
        own = [part for moment, part in hours if begin <= moment < end]
        if told.up_s + told.down_s + told.no_data_s != length:
            yield f"sums: {where}, {local.date()}: {told.up_s} + {told.down_s} + {told.no_data_s} s is not a day of {length} s"
        counts: Counter[str] = Counter()
        for part in own:
            counts.update(part.counts)
        parts = (sum(part.up_s for part in own), sum(part.down_s for part in own), dict(counts))
        if parts != (told.up_s, told.down_s, dict(told.counts)):
            yield f"sums: {where}, {local.date()}: its hours say {parts}, the day {(told.up_s, told.down_s, dict(told.counts))}"


def _missing(town: Town, where: str, looks: list[LookMade], hours: list[tuple[datetime, Rollup]], oldest: datetime) -> Iterator[str]:
    """No look is gone before the sums have it."""
    told: Counter[str] = Counter()
    for _, part in hours:
        told.update(part.counts)
    gone = Counter(look.outcome for look in looks if look.dated < oldest)
    lost = {outcome: number for outcome, number in gone.items() if told[outcome] < number}
    if lost:
        yield f"retention: {where}: {lost} looks are gone, and no sum has them"


def torn(town: Town) -> Iterator[str]:
    """After all is quiet every folder holds what its manifest says, and all hold the same."""
    first = town.shelves[0]
    for shelf in town.shelves:
        yield from (f"torn: {shelf.name} ends with {path}" for path in shelf.torn())
        if shelf is not first:
            both = [path for path in first.files.keys() | shelf.files.keys() if path.parts[0] not in (".archive", MANIFEST.name)]
            other = sorted(str(path) for path in both if first.files.get(path) != shelf.files.get(path))
            one, two = (Manifest.from_bytes(folder.files.get(MANIFEST)) for folder in (first, shelf))
            if {path: entry.digests for path, entry in one.files.items()} != {path: entry.digests for path, entry in two.files.items()}:
                other.append(MANIFEST.name)  # since when a file is as it is, each folder may say for itself
            if other:
                yield f"drift: {shelf.name} differs from the first in {other[:3]} and {len(other)} in all"
