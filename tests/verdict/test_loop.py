"""The real loop: from recorded results to incidents, alarms and the timeline, and through crashes."""

from datetime import timedelta

import pytest

from statuspage.actions.alarms import raise_alarm
from statuspage.actions.checks import record
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, NoticeKind, Outcome, Reason, Source
from statuspage.store import detector
from statuspage.store.tables import DetectorRow
from tests.verdict.desk import BAD, GOOD, T0, Desk, bank

ACCOUNT = (Outcome.ACCOUNT_PROBLEM, Reason.CREDENTIALS_REFUSED)
BLOCKED = (Outcome.BLOCKED, Reason.BLOCKED_AS_BOT)
BLIND = (Outcome.NO_DATA, Reason.LOCATION_BLIND)
SOON = {"stable_s": 120}


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_an_outage_becomes_an_incident_that_recovers_and_is_resolved(database):
    of = bank("login", incidents=SOON)
    desk = Desk(database, of, truth=lambda component, place, t: BAD if 60 <= t < 120 else GOOD)

    desk.run(330)

    (incident,) = desk.incidents()
    assert incident.status is IncidentStatus.RESOLVED
    assert desk.said(incident) == [NoticeKind.INVESTIGATING, NoticeKind.MONITORING, NoticeKind.RESOLVED_AUTO]
    assert incident.moments.first_failed_at == T0 + seconds(60)
    assert incident.moments.confirmed_at == T0 + seconds(64)
    assert incident.moments.restored_at == T0 + seconds(124)
    history = [(change.status, change.source, change.effective_at - T0) for change in desk.shown("login")]
    assert history == [
        (ComponentStatus.OPERATIONAL, Source.VERDICT, seconds(0)),
        (ComponentStatus.MAJOR_OUTAGE, Source.VERDICT, seconds(60)),
        (ComponentStatus.OPERATIONAL, Source.VERDICT, seconds(124)),
    ]
    assert desk.alarms() == {}


@pytest.mark.parametrize("point", ["read", "saved", "acted", "recorded"])
def test_a_loop_killed_at_any_point_goes_on_where_it_was(sqlite_database, point):
    of = bank("login", "app", incidents=SOON)
    desk = Desk(sqlite_database, of, truth=lambda component, place, t: BAD if 60 <= t < 100 else GOOD)

    def killed_then_started_again() -> None:
        for name in desk.verdicts.work():
            if name == point:
                break
        desk.restart()
        desk.verdicts.step()

    desk.run(270, each=killed_then_started_again)

    (incident,) = desk.incidents()
    assert desk.said(incident) == [NoticeKind.INVESTIGATING, NoticeKind.MONITORING, NoticeKind.RESOLVED_AUTO]
    assert [change.status for change in desk.shown("app")] == [
        ComponentStatus.OPERATIONAL,
        ComponentStatus.MAJOR_OUTAGE,
        ComponentStatus.OPERATIONAL,
    ]


def test_a_loop_that_was_suspended_before_it_acts_looks_again_first(sqlite_database):
    """What it was about to announce may be over by then, and nobody can tell without a new look."""
    desk = Desk(sqlite_database, bank("login"), truth=lambda component, place, t: BAD if 60 <= t < 65 else GOOD)
    suspended = []

    def step() -> None:
        for name in desk.verdicts.work():
            if name == "saved" and desk.clock.seconds >= 64 and not suspended:
                suspended.append(desk.clock.seconds)
                for _ in range(3):
                    desk.clock.seconds += 20
                    record(desk.ctx, [desk.result("login-probe", "madrid", GOOD)])

    desk.run(200, each=step)

    assert suspended == [64]
    assert desk.incidents() == []
    assert ComponentStatus.MAJOR_OUTAGE not in {change.status for change in desk.shown("login")}


@pytest.mark.parametrize("shows", [ACCOUNT, BLOCKED, BLIND])
def test_trouble_of_our_own_never_reddens_the_page(sqlite_database, shows):
    desk = Desk(sqlite_database, bank("login"), truth=lambda component, place, t: shows if 60 <= t < 140 else GOOD)

    desk.run(130)

    assert desk.incidents() == []
    assert {change.status for change in desk.shown("login")} <= {ComponentStatus.OPERATIONAL, ComponentStatus.UNKNOWN}

    desk.run(400)

    assert desk.shown("login")[-1].status is ComponentStatus.OPERATIONAL


def test_an_account_problem_leaves_the_page_as_it_was(sqlite_database):
    desk = Desk(sqlite_database, bank("login"), truth=lambda component, place, t: ACCOUNT if 60 <= t < 200 else GOOD)

    desk.run(260)

    assert [change.status for change in desk.shown("login")] == [ComponentStatus.OPERATIONAL]


def test_without_results_the_page_says_unknown_after_three_intervals_and_operators_are_told(sqlite_database):
    desk = Desk(sqlite_database, bank("login"), truth=lambda component, place, t: GOOD if t < 60 or t > 205 else None)

    desk.run(95)
    desk.run(105, tick_s=1.0)
    desk.run(190)

    assert [change.status for change in desk.shown("login")] == [ComponentStatus.OPERATIONAL, ComponentStatus.UNKNOWN]
    assert timedelta(0) < desk.shown("login")[-1].effective_at - (T0 + seconds(40 + 60)) <= seconds(1)
    assert "unseen:login" in desk.alarms()

    desk.run(250)

    back = desk.shown("login")[-1]
    assert back.status is ComponentStatus.OPERATIONAL
    assert back.effective_at == T0 + seconds(220)  # from when it was seen again, not from when it began to work
    assert "unseen:login" not in desk.alarms()


def test_with_automatic_incidents_off_the_page_shows_it_and_a_person_is_asked(sqlite_database):
    of = bank("login", incidents={"automatic": False})
    desk = Desk(sqlite_database, of, truth=lambda component, place, t: BAD if t >= 60 else GOOD)

    desk.run(120)

    assert desk.incidents() == []
    assert desk.shown("login")[-1].status is ComponentStatus.MAJOR_OUTAGE
    assert "turned off" in desk.alarms()["withheld:login"]


def test_what_is_remembered_of_a_component_goes_with_its_last_probe(sqlite_database):
    desk = Desk(sqlite_database, bank("login", "app"))
    desk.run(30)

    fewer = Desk(sqlite_database, bank("login"), clock=desk.clock)
    fewer.verdicts.step()

    with sqlite_database.reading() as session:
        assert detector.verdicts(session) == {"login": ComponentStatus.OPERATIONAL}


def test_alarms_of_others_are_left_alone(sqlite_database):
    desk = Desk(sqlite_database, bank("login"))
    others = ("account:mastodon", "blind:madrid", "blocked:login-probe", "clock:madrid-2")
    for key in others:
        raise_alarm(desk.ctx, key, "something else")

    desk.run(60)

    assert set(desk.alarms()) == set(others)


def test_a_memory_written_by_a_neighbouring_version_is_read(sqlite_database):
    desk = Desk(sqlite_database, bank("login"))
    desk.run(30)
    with sqlite_database.writing() as session:
        row = session.get(DetectorRow, ("login-probe", "madrid"))
        row.state = {**{name: value for name, value in row.state.items() if name != "hurt_at"}, "invented_later": 7}

    desk.run(60)

    assert desk.shown("login")[-1].status is ComponentStatus.OPERATIONAL
