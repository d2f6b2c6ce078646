"""Publishes: looks several times a second whether anything is new, and at every heartbeat anyway."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import PurePosixPath

import structlog

from statuspage.actions import components, reports
from statuspage.actions.context import Context
from statuspage.publish.archive import Archive
from statuspage.publish.build import Builder
from statuspage.publish.encode import Encoded
from statuspage.publish.signing import Signer
from statuspage.publish.site import Site, file_of
from statuspage.publish.snapshot import Snapshot
from statuspage.publish.wording import Wording
from statuspage.publish.writer import Edition, Superseded, Target, Writer
from statuspage.store import cards, incidents, publications
from statuspage.store import components as component_store
from statuspage.words import load_catalogue
from statuspage.worker.cards import CardTable
from statuspage.worker.hubs import Hub, feed_digests, hub_name
from statuspage.worker.mirror import Behind, Mirror, told
from statuspage.worker.previews import Previews
from statuspage.worker.reading import Look, Reader, Reading

LOOK_EVERY_S = 0.2
LOOK_CLOSER_S = 1.0  # data grows old and planned work ends without anybody doing anything
IDLE_S = 5.0  # the archive waits until so long nothing was published
OTHERS_WITHIN_S = 5.0  # what is not looked at first waits for what is, but no longer
APART_S = 0.4  # editions come at least so far apart, so that a storm of small changes becomes few of them
Paths = Collection[PurePosixPath]
Limited = Mapping[PurePosixPath, Paths]
Passed = Generator[str, None, bool]  # points at which a crash must do no harm; at the end, whether it is out
NOTHING: Limited = {}
log = structlog.get_logger("statuspage.publisher")


def _signer(ctx: Context) -> Callable[[], Signer] | None:
    """Reads the keys at each use: a rotation counts at the next publication."""
    keys = ctx.signing
    return None if keys is None else lambda: Signer(tuple(keys.accepted()))


class Publisher:
    """One per configuration; only one may run over all processes, and if two do, the older edition never replaces the newer.

    hubs      loops that tell WebSub hubs of changed feeds, run like the mirrors
    targets   folders that get the same files. The first is written by step(); each further one has its own loop in `mirrors`,
              which whoever runs the publisher runs too, so that a folder that fails or hangs holds up no other
    previews  False: pictures of the state are not drawn
    """

    name = "publisher"

    def __init__(self, ctx: Context, targets: Sequence[Target], *, previews: bool = False) -> None:
        self._ctx = ctx
        self._reader = Reader(ctx)
        wording = Wording(self._reader.page, load_catalogue())
        self._builder = Builder(wording, _signer(ctx))
        self._folder = targets[0]
        self._writer = Writer(self._folder)
        self._archive = Archive(targets[0], self._builder)
        further, clock = enumerate(targets[1:], 1), ctx.ports.clock
        self.mirrors = tuple(Mirror(f"mirror:{number}", targets[0], target, clock) for number, target in further)
        self.hubs = tuple(Hub(hub_name(number), url, ctx) for number, url in enumerate(ctx.settings.publishing.hubs, 1))
        self._seen: Look | None = None
        self._beat_at: datetime | None = None
        self._beat_mono = float("-inf")
        self._looked_closer = float("-inf")
        self._hot: Mapping[PurePosixPath, Encoded] = {}
        self._snapshot: Snapshot | None = None
        self._others_since: float | None = None
        self._told: set[str] = set()
        self._began: float | None = None  # monotonic: since when it is this process that publishes
        self._out_mono = float("-inf")  # the end of the last edition that got into the first folder
        self._fault = ""
        self._synced = False
        self._cards = CardTable(ctx)
        self._cards_due = False
        self._previews = Previews(wording, ctx.logo, targets[0]) if previews else None
        self._previews_due = False

    def step(self) -> float:
        """One look, and a publication if there is anything to publish. Seconds until the next look."""
        try:
            for _ in self.work():
                pass
        except Exception as error:
            self._fault = told(error)
            raise
        return LOOK_EVERY_S

    def behind(self) -> Sequence[Behind] | None:
        """How far the first folder and each further one are behind; None while another process publishes. For any thread."""
        began, out = self._began, self._out_mono
        if began is None:
            return None
        late_s = self._ctx.ports.clock.monotonic() - max(out, began) - self._ctx.settings.publishing.heartbeat_s
        return [Behind(max(late_s, 0.0), self._fault, out >= began), *(mirror.behind() for mirror in self.mirrors)]

    @property
    def others_due(self) -> bool:
        """True while what is looked at first is out, and the rest of it is not yet."""
        return self._others_since is not None

    def close(self) -> None:
        """Another process publishes from now on. It may die half-way: the folders are looked at anew before the next edition."""
        self._writer = Writer(self._folder)
        self._seen = self._others_since = self._began = None
        self._builder.forget_files()
        if self._previews is not None:
            self._previews.forget()
        for mirror in self.mirrors:
            mirror.look_again()
        for hub in self.hubs:
            hub.forget()

    def work(self) -> Iterator[str]:
        """One pass; yields snapshot-written and renamed, the points at which a crash must do no harm."""
        now, ticks = self._ctx.now(), self._ctx.ports.clock.monotonic()
        self._began = ticks if self._began is None else self._began
        self._sync()
        quiet_s = ticks - self._beat_mono
        if self._anything_new(now, ticks) or self._beat_due(now):
            if quiet_s >= APART_S:
                yield from self._publish(now)
        elif self._cards_due:
            yield from self._put_cards_out(now)
        elif self.others_due:
            yield from self._put_others_out(now)
        elif self._previews_due:
            yield from self._put_previews_out(now)
        elif quiet_s >= IDLE_S:
            yield from self._archive_some()

    def _anything_new(self, now: datetime, ticks: float) -> bool:
        """Asks at every look whether anybody did anything, and now and then what every component shows."""
        with self._ctx.ports.store.reading() as session:
            if self._seen is None or publications.mark(session) != self._seen.mark:
                return True
            if ticks - self._looked_closer < LOOK_CLOSER_S:
                return False
            self._looked_closer = ticks
            return self._reader.seen(session, now) != self._seen.seen

    def _sync(self) -> None:
        """Sees that every component of this configuration has an id, once."""
        if not self._synced:
            components.sync(self._ctx)
            self._synced = True

    def _in_force(self) -> bool:
        """False once a newer configuration calls a component otherwise, or has it no more: this loop is about to be replaced."""
        with self._ctx.ports.store.reading() as session:
            return component_store.stand(session, [component.slug for component in self._ctx.settings.components])

    def _beat_due(self, now: datetime) -> bool:
        """True a heartbeat after the last one; also if the clock was put back, so that the stamp never lies ahead for long."""
        span = timedelta(seconds=self._ctx.settings.publishing.heartbeat_s)
        return self._beat_at is None or not timedelta(0) <= now - self._beat_at < span

    def _publish(self, now: datetime) -> Iterator[str]:
        if not self._in_force():
            return
        generation, read_at, look, reading = self._read(now)
        snapshot = reading.snapshot
        site = Site(snapshot.page)
        gone = [file_of(path) for code in reading.void for path in (site.code(code), site.signed(code))]
        hot = self._made(snapshot, generation, gone)
        edition = Edition(snapshot.page, generation, now, hot, gone=gone)
        for mirror in self.mirrors:
            mirror.offer(edition)
        out = yield from self._write(edition)
        fresh = {one.id for one in snapshot.open_incidents} - self._told
        with self._ctx.ports.store.writing() as session:
            incidents.note_first_published(session, fresh, self._ctx.now())  # it is out only now: what it took counts
            reports.look_back(session, fresh)
            publications.note_published(session, generation, read_at)
        for hub in self.hubs:
            hub.offer(feed_digests(snapshot.page, hot))
        self._told |= fresh
        self._seen, self._beat_at, self._hot, self._snapshot = look, now, hot, snapshot
        self._beat_mono = self._ctx.ports.clock.monotonic()
        self._out_mono = self._beat_mono if out else self._out_mono
        self._fault = "" if out else "A newer edition stands there, which somebody else wrote."
        self._archive.look_again(snapshot)
        self._cards_due = bool(self._cards.channels)
        self._previews_due = self._previews is not None

    def _made(self, snapshot: Snapshot, generation: int, gone: Collection[PurePosixPath]) -> Mapping[PurePosixPath, Encoded]:
        """What is looked at first, and the others as they were: these come next, unless they have waited long enough."""
        ticks = self._ctx.ports.clock.monotonic()
        waited_s = 0.0 if self._others_since is None else ticks - self._others_since
        first = None if waited_s >= OTHERS_WITHIN_S else self._builder.first(snapshot, generation, gone)
        if first is None:
            self._others_since = None
            return self._builder.hot(snapshot, generation)
        self._others_since = ticks - waited_s
        return first

    def _put_others_out(self, now: datetime) -> Iterator[str]:
        """The rest of the hot set. If something new is said meanwhile, that goes first; what was made by then is remembered."""
        if self._snapshot is None:
            return
        whole = self._hot
        looked = self._ctx.ports.clock.monotonic()
        for made in self._builder.others(self._snapshot):
            whole, ticks = made, self._ctx.ports.clock.monotonic()
            if ticks - looked >= LOOK_EVERY_S:
                looked = ticks
                if self._said_since():
                    return
        if whole.keys() != self._hot.keys() or any(whole[path] is not made for path, made in self._hot.items()):
            with self._ctx.ports.store.writing() as session:
                generation = publications.claim(session, now)
            edition = Edition(self._snapshot.page, generation, now, whole)
            for mirror in self.mirrors:
                mirror.offer(edition)
            yield from self._write(edition)
            for hub in self.hubs:
                hub.offer(feed_digests(self._snapshot.page, whole))
        self._hot, self._others_since = whole, None

    def _said_since(self) -> bool:
        """True if anybody did anything since the last edition was read."""
        with self._ctx.ports.store.reading() as session:
            return self._seen is None or publications.mark(session) != self._seen.mark

    def _read(self, now: datetime) -> tuple[int, datetime, Look, Reading]:
        """The number of the edition, the moment and what it shows, read in one transaction: a higher number never shows an older state.

        The bars of the past days are read before, for they take longest and hold up nobody so.
        """
        with self._ctx.ports.store.reading() as session:
            days = self._reader.days(session, now)
        with self._ctx.ports.store.writing() as session:
            generation, read_at = publications.claim(session, now), self._ctx.now()
            look = self._reader.look(session, now)
            return generation, read_at, look, self._reader.snapshot(session, now, look.seen, days)

    def _archive_some(self) -> Iterator[str]:
        """Brings the next few pages of the archive up to date; there is time now."""
        if self._snapshot is None:
            return
        if due := self._archive.next_due():
            with self._ctx.ports.store.reading() as session:
                month = self._reader.month(session, *due)
            self._archive.begin(self._snapshot, month)
        files = self._archive.files()
        if files:
            with self._ctx.ports.store.writing() as session:
                generation = publications.claim(session, self._ctx.now())
            if not (yield from self._add(self._snapshot, generation, files)):
                return
        self._archive.done()

    def _put_cards_out(self, now: datetime) -> Iterator[str]:
        """Some pictures that posts wait for: after the page, which must not wait for them. Killed anywhere, it is done again."""
        with self._ctx.ports.store.reading() as session:
            rows = self._cards.wanted(session)
        if self._snapshot is None:
            return
        files = self._cards.files(rows)
        with self._ctx.ports.store.writing() as session:
            gone = self._cards.take_old(session, now)
            generation = publications.claim(session, now) if files or gone else 0
        if not generation:
            self._cards_due = False
            return
        if not (yield from self._add(self._snapshot, generation, files, gone)):
            return
        with self._ctx.ports.store.writing() as session:
            cards.note(session, rows, now)

    def _put_previews_out(self, now: datetime) -> Iterator[str]:
        """The picture of the state in one of the languages in which it changed: one a look, so that what is said meanwhile goes first."""
        self._previews_due = False
        if self._snapshot is None or self._previews is None:
            return
        due = dict(islice(self._previews.due(self._snapshot).items(), 1))
        if not due:
            return
        self._previews_due = True
        page, files = self._snapshot.page, self._previews.files(self._snapshot.page, due)
        staying = self._previews.staying(page, due) if files else {}
        if files:
            with self._ctx.ports.store.writing() as session:
                generation = publications.claim(session, now)
            if not (yield from self._add(self._snapshot, generation, files, limited=staying)):
                return
        self._previews.note(due, staying)

    def _add(
        self, snapshot: Snapshot, generation: int, files: Mapping[PurePosixPath, Encoded], gone: Paths = (), limited: Limited = NOTHING
    ) -> Passed:
        """Files beside the hot set that is out. False if they did not get there; see _write()."""
        edition = Edition(snapshot.page, generation, self._ctx.now(), self._hot, archive=files, gone=gone, limited=limited)
        for mirror in self.mirrors:
            mirror.offer(edition)
        return (yield from self._write(edition))

    def _write(self, edition: Edition) -> Passed:
        """Into the first folder. False where a newer edition is already there, which shows the state as well and lacks what was beside it.

        Raises Busy and OSError: it is tried again.
        """
        try:
            yield from self._writer.write(edition)
        except Superseded as error:
            log.info("a newer edition is already out", detail=str(error))
            return False
        return True
