"""P3: what a machine's incident promised is said by itself only while checks see that it is so."""

from __future__ import annotations

from statuspage.actions import changes
from statuspage.core.vocabulary import NoticeKind, SubjectKind
from statuspage.store import updates
from statuspage.worker.promises import Promises
from tests.verdict.desk import BAD, GOOD, Desk, bank, probe

SOON = {"next_update_s": {"critical": 120.0, "major": 120.0, "minor": 120.0, "none": 120.0}, "stable_s": 60.0}
BLIND_FROM, BLIND_UNTIL = 150, 500  # the promise falls due in between


def unseen_until(heals):
    """Fails from 60 s until it heals; nobody looks for a while."""
    return lambda component, place, t: None if BLIND_FROM <= t < BLIND_UNTIL else BAD if 60 <= t < heals else GOOD


def watched(database, truth):
    """The loops of verdicts and promises, side by side."""
    desk = Desk(database, bank(probes=[probe("login", interval_s=20.0)], incidents=SOON), truth=truth)
    promises = Promises(desk.ctx)

    def each():
        desk.verdicts.step()
        promises.step()

    return desk, each


def updates_of(desk):
    (incident,) = desk.incidents()
    return [kind for kind in desk.said(incident) if kind is NoticeKind.UPDATE]


def delay_s(desk, promised):
    """Seconds from the promised moment to the first update by itself."""
    (incident,) = desk.incidents()
    with desk.database.reading() as session:
        said = updates.of_subject(session, SubjectKind.INCIDENT, incident.id)
    return (next(one.created_at for one in said if one.kind is NoticeKind.UPDATE) - promised).total_seconds()


def test_nobody_says_that_it_is_still_the_case_while_nobody_sees_it(sqlite_database):
    desk, each = watched(sqlite_database, unseen_until(9999))
    desk.run(BLIND_UNTIL - 1, tick_s=1.0, each=each)
    (incident,) = desk.incidents()

    assert updates_of(desk) == []
    assert "no check sees login now" in desk.alarms()[changes.unseen_key(incident.id)]

    desk.run(BLIND_UNTIL + 200, tick_s=1.0, each=each)
    assert updates_of(desk) != [], "it is seen again, and it is still so"


def test_people_who_heard_that_updates_come_by_themselves_hear_when_none_comes(sqlite_database):
    """The first promise is kept by itself, and the next one falls due while nobody looks."""
    desk, each = watched(sqlite_database, lambda component, place, t: None if 250 <= t < 500 else BAD if t >= 60 else GOOD)
    desk.run(240, tick_s=1.0, each=each)
    (incident,) = desk.incidents()
    unkept, unseen = changes.unkept_key(incident.id), changes.unseen_key(incident.id)
    assert "and will again" in desk.alarms()[unkept]

    desk.run(499, tick_s=1.0, each=each)
    told = desk.alarms()
    assert unkept not in told, "nothing goes out by itself any more"
    assert "no check sees login now" in told[unseen]

    desk.run(700, tick_s=1.0, each=each)
    told = desk.alarms()
    assert unseen not in told and "and will again" in told[unkept], "it is seen again, and said again"


def test_what_healed_while_nobody_looked_is_not_called_still_the_case_before_it_is_said_to_work(sqlite_database):
    """As after a start: the promise is overdue, and the first looks are on their way."""
    desk, each = watched(
        sqlite_database, lambda component, place, t: None if BLIND_FROM <= t < BLIND_UNTIL else BAD if 60 <= t < 300 else GOOD
    )
    desk.run(BLIND_UNTIL + 40, tick_s=1.0, each=each)

    (incident,) = desk.incidents()
    assert desk.said(incident)[:2] == [NoticeKind.INVESTIGATING, NoticeKind.MONITORING]


def test_what_is_seen_is_said_within_the_promised_minute(sqlite_database):
    desk, each = watched(sqlite_database, lambda component, place, t: BAD if t >= 60 else GOOD)
    desk.run(100, tick_s=1.0, each=each)
    (incident,) = desk.incidents()
    promised = incident.next_update_by

    desk.run(400, tick_s=1.0, each=each)

    assert 0.0 <= delay_s(desk, promised) < 2.0


def test_a_look_that_contradicts_delays_it_within_its_minute_and_does_not_silence_it(sqlite_database):
    """Good and bad in turns: the verdict stands, and what it says is said."""
    desk, each = watched(sqlite_database, lambda component, place, t: GOOD if t < 60 or (t > 100 and int(t / 2) % 2) else BAD)
    desk.run(100, tick_s=1.0, each=each)
    (incident,) = desk.incidents()
    promised = incident.next_update_by

    desk.run(420, tick_s=1.0, each=each)

    assert 0.0 <= delay_s(desk, promised) < 60.0
