"""Judges a world that has ended, by what was true in it: verdicts, incidents, promises and what readers saw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.vocabulary import IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import counters, timeline, updates
from tests.simulation.flow.clean import TICKS_S, Episode, Script
from tests.simulation.flow.levels import Levels
from tests.simulation.flow.town import IDLE_S, Town, span

SKEW_S = 2.5  # by so much the clocks of this world's locations may be wrong at most
STALE_S = 12.0  # so long after the looks an incident may still be begun about them: gathering, and the loops' pauses
_SPEAKS = (NoticeKind.INVESTIGATING, NoticeKind.IDENTIFIED, NoticeKind.MONITORING, NoticeKind.REOPENED, NoticeKind.RESOLVED_AUTO)


class Judge:
    """seconds are virtual; `to_open`: the smallest threshold that any configuration of this world had."""

    def __init__(self, town: Town, *, to_open: int = 3, strict: bool = True) -> None:
        self.town, self.watch, self.strict = town, town.watch, strict
        interval = town.bank.interval_s
        self.levels = {
            part.key: Levels([look for look in self.watch.looks if look.key == part.key], to_open=to_open, interval_s=interval)
            for part in town.bank.parts
        }
        with town.store.reading() as session:
            self.said = updates.of_subjects(session, SubjectKind.INCIDENT, list(self.watch.incidents))
            self.broken = sum(count.value for count in counters.all(session) if count.name == "broken_promises")

    def faults(self) -> Iterator[str]:
        yield from self.begun()
        yield from self.limits()
        yield from self.threads()
        yield from self.spoken()
        yield from self.promises()

    def machine(self) -> list[tuple[float, Incident]]:
        """The machine's incidents as they began."""
        found = [history[0] for history in self.watch.incidents.values() if history[0][1].automatic]
        return sorted(found, key=lambda one: one[0])

    # --- what an incident is begun about --------------------------------------------------------------------------------

    def begun(self) -> Iterator[str]:
        """Nothing begins, or begins again, that the looks do not bear out; nothing under planned work; no second thread."""
        for at, incident in self.machine():
            for slug in incident.components:
                yield from self._justified(at, incident, slug, "begins")
            for history in self.watch.incidents.values():
                yield from self._second_thread(at, incident, history)
        for one, said in sorted(self.said.items()):
            for update in said:
                if update.kind is NoticeKind.REOPENED and not update.author:
                    again = next(item for at, item in self.watch.incidents[one] if self._at(update) <= at + 0.5)
                    hit = [slug for slug, status in again.components.items() if status != "operational"]
                    if hit and not any(self._borne_out(self._at(update), slug) for slug in hit):
                        yield f"unfounded: {one} fails again at {self._at(update):.0f} s, and no look bears it out"

    def _at(self, update: IncidentUpdate) -> float:
        return self.town.seconds(update.created_at)

    def _borne_out(self, at: float, slug: str) -> bool:
        key = self.town.bank.key_of(slug)
        return key is None or self.levels[key].borne_out(at, STALE_S, min(2, len(self.town.bank.places)))

    def _justified(self, at: float, incident: Incident, slug: str, how: str) -> Iterator[str]:
        if not self._borne_out(at, slug):
            yield f"unfounded: {incident.id} {how} about {slug} at {at:.0f} s, and no look bears it out"
        bank = self.town.bank
        key = bank.key_of(slug)
        reach = {key, *(bank.ancestors(key) if key else ())}
        for work in (log for log in self.watch.works.values()):
            named = {bank.key_of(one) for one in work[0][1].components}
            standing = [item for moment, item in work if moment <= at - STALE_S]
            if reach & named and standing and standing[-1].silences(standing[-1].components[0], self.town.wall() - self._ago(at)):
                yield f"silence: {incident.id} {how} about {slug} at {at:.0f} s, while planned work {standing[-1].id} runs"

    def _ago(self, at: float) -> timedelta:
        return span(self.town.time - at)

    def _second_thread(self, at: float, incident: Incident, history: list[tuple[float, Incident]]) -> Iterator[str]:
        """What was resolved lately is reopened, not begun anew."""
        before = [item for moment, item in history if moment < at]
        if not before or before[-1].id == incident.id or not before[-1].automatic or before[-1].status is not IncidentStatus.RESOLVED:
            return
        resolved = before[-1].moments.resolved_at
        lately = resolved is not None and at - self.town.seconds(resolved) < self.town.bank.reopen_s - STALE_S
        if lately and incident.components.keys() <= before[-1].components.keys():
            hit = sorted(incident.components)
            yield f"second thread: {incident.id} begins about {hit} at {at:.0f} s, {before[-1].id} was resolved lately"

    def limits(self) -> Iterator[str]:
        bank = self.town.bank
        begun: dict[str, list[float]] = {}
        for at, incident in self.machine():
            for slug in incident.components:
                begun.setdefault(bank.key_of(slug) or slug, []).append(at)
        for key, moments in sorted(begun.items()):
            for one, other in pairwise(moments):
                if other - one < bank.apart_s - 1.0:
                    yield f"too many: incidents about {key} begin at {one:.0f} s and {other:.0f} s"
            for number, at in enumerate(moments):
                if sum(at - 86400.0 < moment <= at for moment in moments[: number + 1]) > bank.per_day:
                    yield f"too many: more than {bank.per_day} incidents about {key} in a day, at {at:.0f} s"

    # --- what is said ---------------------------------------------------------------------------------------------------

    def threads(self) -> Iterator[str]:
        """The machine speaks when something changed or was promised, and never says that it is over before it was good for long enough."""
        for one, said in sorted(self.said.items()):
            if [update.sequence for update in said] != list(range(1, len(said) + 1)):
                yield f"order: the updates of {one} are {[update.sequence for update in said]}"
            for before, update in pairwise(said):
                if update.author or update.kind not in (*_SPEAKS, NoticeKind.UPDATE):
                    continue
                promised = before.next_update_by is not None and update.created_at >= before.next_update_by
                if update.status == before.status and not update.affected and not promised:
                    yield f"talk: {one} says {update.kind} at {self._at(update):.0f} s; nothing changed and nothing was promised"
            yield from self._over(one, said)

    def spoken(self) -> Iterator[str]:
        """Whatever is said of what customers use is said in words: on the page, and on the channels until it is over."""
        bank = self.town.bank
        for one, said in sorted(self.said.items()):
            history = self.watch.incidents[one]
            for update in said:
                item = [item for moment, item in history if moment <= self._at(update) + 0.5 or item is history[0][1]][-1]
                keys = {bank.key_of(slug) for slug in item.components}
                if not update.texts and any(part.key in keys and not part.private for part in bank.parts):
                    yield f"silence: {one} says {update.kind} at {self._at(update):.0f} s in no words"

    def _over(self, one: str, said: list[IncidentUpdate]) -> Iterator[str]:
        for update in said:
            if update.kind is not NoticeKind.RESOLVED_AUTO:
                continue
            at, stable = self._at(update), self.town.bank.stable_s
            item = next((item for moment, item in self.watch.incidents[one] if moment >= at - 0.5), None)
            unseen = [slug for slug in item.components if self._gone(slug, at)] if item else []
            if unseen:
                yield f"too early: {one} is resolved at {at:.0f} s, and nobody sees {unseen} any more"
            for slug in item.components if item else ():
                key = self.town.bank.key_of(slug)
                if key is None or self.town.bank.part(key).gone:
                    continue
                needed, levels = min(2, len(self.town.bank.places)), self.levels[key]
                every = [turn.at for turns in levels.turns.values() for turn in turns if turn.bad]
                within = [moment for moment in every if at - stable + 60.0 < moment < at - STALE_S]
                if self.strict and any(len(levels.failing(moment)) >= needed for moment in within):
                    yield f"too early: {one} is resolved at {at:.0f} s, and {slug} failed within the stable period"

    def _gone(self, slug: str, at: float) -> bool:
        """No configuration of the last moments had it."""
        banks = self.town.banks
        lately = [
            *[bank for since, bank in banks if since <= at - STALE_S][-1:],
            *[bank for since, bank in banks if at - STALE_S < since <= at],
        ]
        return not any(slug in (part.slug, *part.was) for bank in lately for part in bank.present)

    def promises(self) -> Iterator[str]:
        """Every promise is kept within its minute, unless the worker was away; what came late is counted."""
        late: set[tuple[str, str]] = set()
        for one, said in sorted(self.said.items()):
            told = [update for update in said if update.kind is not NoticeKind.CORRECTION]
            last = self.watch.incidents[one][-1][1]
            for update, following in [*pairwise(told), *([(told[-1], None)] if told and last.is_open else [])]:
                promised = update.next_update_by
                if promised is None:
                    continue
                due = self.town.seconds(promised)
                kept = self._at(following) if following else self.town.time
                if kept >= due + 60.0 + (0.0 if following else 5.0):
                    late.add((one, promised.isoformat()))
                    if not self.watch.was_down(due - 5.0, due + 60.0):
                        yield f"promise: {one} promised an update for {due:.0f} s, and it came at {kept:.0f} s"
        if self.strict and len(late) != self.broken:
            yield f"promise: {len(late)} were broken, {self.broken:.0f} are counted"


def of_episodes(town: Town, episodes: list[Episode]) -> Iterator[str]:
    """What was expected of each episode of a clean seed."""
    bank, watch = town.bank, town.watch
    begun = [(history[0][0], one) for one, history in sorted(watch.incidents.items()) if history[0][1].automatic]
    judge = Judge(town)
    for episode in episodes:
        mine = [one for at, one in begun if episode.begin <= at <= episode.until]
        where = f"{episode.kind} at {episode.begin:.0f} s"
        secret = [one for one in mine if {bank.key_of(slug) for slug in watch.incidents[one][0][1].components} == {"vault"}]
        if episode.named != {"vault"}:
            if len(secret) != episode.secret:
                yield f"{where}: {len(secret)} incidents of private components begin, {episode.secret} should"
            mine = [one for one in mine if one not in secret]
        least, most = episode.new
        if not least <= len(mine) <= most:
            yield f"{where}: {len(mine)} incidents begin, {least} to {most} should"
            continue
        for one in mine:
            yield from (f"{where}: {line}" for line in _incident(judge, episode, one))
    stray = [one for at, one in begun if not any(episode.begin <= at <= episode.until for episode in episodes)]
    if stray:
        yield f"incidents begin for no reason: {stray}"
    start_s = bank.interval_s * 2 + Script(town, town.chance, 0.0).detect()
    yield from _shown(town, episodes, start_s)
    yield from _dated(town, episodes, start_s)


def _incident(judge: Judge, episode: Episode, one: str) -> Iterator[str]:
    town, history = judge.town, judge.watch.incidents[one]
    bank = town.bank
    at, first = history[0]
    last = history[-1][1]
    named = {bank.key_of(slug) for _, item in history for slug in item.components}
    if episode.named and named != episode.named:
        yield f"it names {sorted(map(str, named))} instead of {sorted(episode.named)}"
    if episode.by and at > episode.by:
        yield f"it begins {at - episode.by:.1f} s too late"
    started = town.seconds(first.started_at)
    if episode.since and not episode.since - 0.01 <= started <= at:
        yield f"it is dated {started:.1f} s, and the trouble began at {episode.since:.1f} s"
    if episode.over is None:
        return
    told = [update for update in judge.said.get(one, []) if update.kind is NoticeKind.MONITORING and update.affected]
    if len(told) > episode.told_at_most:
        yield f"it says {len(told)} times that it works again"
    if last.status is not IncidentStatus.RESOLVED or last.moments.restored_at is None or last.moments.resolved_at is None:
        yield f"it ends as {last.status}"
        return
    restored, resolved = town.seconds(last.moments.restored_at), town.seconds(last.moments.resolved_at)
    earliest = episode.over - (70.0 if town.truth.noises else 0.01)
    if not earliest <= restored <= episode.until - Script(town, town.chance, 0.0).aftermath + 0.01:
        yield f"it is said to work again since {restored:.1f} s; that was at {episode.over:.1f} s"
    if not bank.stable_s <= resolved - restored + 0.001 <= bank.stable_s + IDLE_S["verdicts"] + TICKS_S + bank.interval_s:
        yield f"it is resolved {resolved - restored:.1f} s after it works again"


def _shown(town: Town, episodes: list[Episode], start_s: float) -> Iterator[str]:
    """The page says what is true, and says it in time."""
    editions = town.watch.editions
    windows = [window for episode in episodes for window in episode.windows]
    edges = {edge for window in windows for edge in (window.begin + 0.01, window.end - 0.01)}
    moments = sorted({edition.time for edition in editions} | {edge for edge in edges if edge > start_s})
    for part in town.bank.present:
        told: set[tuple[str, str]] = set()
        if part.private:
            continue
        own = [window for window in windows if window.key == part.key]
        place = 0
        for moment in moments:
            while place + 1 < len(editions) and editions[place + 1].time <= moment:
                place += 1
            status = editions[place].shown.get(part.name, "missing") if editions else "missing"
            around = [window for window in own if window.begin <= moment <= window.end]
            allowed = status == "operational" or any(status in window.shows for window in around)
            allowed = allowed or (status == "unknown" and moment < start_s)
            wanted = all(status in window.shows for window in around if window.must)
            kind = next((episode.kind for episode in episodes if episode.begin <= moment <= episode.until), "quiet")
            if not (allowed and wanted) and (status, kind) not in told:
                told.add((status, kind))
                yield f"page: {part.name} shows {status} at {moment:.1f} s ({kind})"


def _dated(town: Town, episodes: list[Episode], start_s: float) -> Iterator[str]:
    """What the timeline says that a component showed from some moment on, the component may have shown at that moment."""
    windows = [window for episode in episodes for window in episode.windows]
    with town.store.reading() as session:
        every = {part: timeline.changes(session, part.slug) for part in town.bank.present if not part.private}
    for part, changes in every.items():
        for change in changes:
            at, status = town.seconds(change.effective_at), change.status.value
            around = (window for window in windows if window.key == part.key and window.begin - SKEW_S <= at <= window.end)
            fits = status == "operational" or (status == "unknown" and at < start_s) or any(status in window.shows for window in around)
            if not fits:
                yield f"timeline: {part.name} shows {status} from {at:.1f} s on, and was not so then"
