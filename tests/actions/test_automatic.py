"""What the verdict does: it begins, extends, watches, reopens and ends, repeats without harm, and keeps within its limits."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from statuspage.actions import automatic, incidents
from statuspage.actions.deliveries import RESTORED
from statuspage.actions.incidents import Change
from statuspage.core.detector import Side, Streak
from statuspage.core.errors import InvalidText
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, IncidentStatus, NoticeKind, Reason
from statuspage.store import deliveries, detector
from statuspage.store import incidents as store
from tests.actions.stage import CHANNELS, DOWN, GOOD, PARTLY, SLOW, T0, Stage, channel, declared, settings
from tests.simulation.ports import SimStore

INVESTIGATING, MONITORING, RESOLVED = IncidentStatus.INVESTIGATING, IncidentStatus.MONITORING, IncidentStatus.RESOLVED


def begun(stage: Stage, *slugs: str, status: ComponentStatus = DOWN) -> Incident:
    names = slugs or ("cards",)
    incident = automatic.begin_automatic(
        stage.ctx, components=dict.fromkeys(names, status), lead=names[0], first_failed_at=stage.clock.now() - timedelta(seconds=24)
    )
    assert incident is not None
    return incident


def all_incidents(stage: Stage) -> list[Incident]:
    with stage.database.reading() as session:
        return store.listing(session, limit=None)


def test_the_machine_tells_start_symptom_and_next_update_from_the_first_failed_check(stage: Stage) -> None:
    incident = begun(stage)

    (update,) = stage.said(incident)
    assert incident.automatic and update.author == "" and incident.started_at == T0 - timedelta(seconds=24)
    assert incident.moments.first_failed_at == incident.started_at and incident.moments.confirmed_at == T0
    assert "Card payments are refused. Start: Mon 14:34 CET." in update.texts["en"]
    assert {post.channel for post in stage.posts(incident)} == {"mastodon-en", "mastodon-es", "x-en", "facebook-en"}


def test_the_leading_component_names_the_incident_and_gives_its_symptom(quick: Stage) -> None:
    incident = automatic.begin_automatic(
        quick.ctx, components={"app": SLOW, "atm": DOWN, "login": DOWN}, lead="atm", first_failed_at=T0, detected_at=T0
    )

    assert incident is not None and incident.titles["en"] == "Atm: Cash machines do not give money."
    assert list(incident.components) == ["atm", "app", "login"]


def test_beginning_twice_is_one_incident(stage: Stage) -> None:
    first = begun(stage, "cards", "atm")

    assert begun(stage, "cards", "atm") == first and begun(stage, "atm") == first
    assert len(all_incidents(stage)) == 1 and len(stage.said(first)) == 1


def test_every_step_asked_again_changes_nothing_more(stage: Stage) -> None:
    incident = begun(stage)
    stage.deliver_all()
    again = {"incident_id": incident.id}

    for _ in range(2):
        automatic.extend_automatic(stage.ctx, components={"atm": DOWN}, tell=True, **again)
    for _ in range(2):
        automatic.recover(stage.ctx, restored_at=T0 + timedelta(minutes=3), **again)
    for _ in range(2):
        automatic.fail_again(stage.ctx, components={"cards": DOWN}, first_failed_at=T0 + timedelta(minutes=4), **again)
    automatic.recover(stage.ctx, restored_at=T0 + timedelta(minutes=5), **again)
    for _ in range(2):
        automatic.resolve_automatic(stage.ctx, **again)

    kinds = [update.kind for update in stage.said(incident)]
    assert kinds == [
        NoticeKind.INVESTIGATING,
        NoticeKind.INVESTIGATING,
        NoticeKind.MONITORING,
        NoticeKind.REOPENED,
        NoticeKind.MONITORING,
        NoticeKind.RESOLVED_AUTO,
    ]


@pytest.mark.parametrize(("fails", "named_after"), [({"atm": DOWN}, "atm"), ({"atm": DOWN, "cards": PARTLY}, "cards")])
def test_an_incident_that_fails_again_otherwise_bears_the_name_of_what_fails_now(
    stage: Stage, fails: dict[str, ComponentStatus], named_after: str
) -> None:
    """Customers are never told of a fault that is mended: the name that an incident began with may have become untrue."""
    incident = begun(stage, "cards", "atm")
    first = {"cards": incident.titles["en"], "symptom": incident.symptom}
    automatic.recover(stage.ctx, incident_id=incident.id, restored_at=T0 + timedelta(minutes=3))

    automatic.fail_again(stage.ctx, incident_id=incident.id, components=fails, first_failed_at=T0 + timedelta(minutes=4), symptom="slow")

    (now,) = all_incidents(stage)
    said = stage.said(incident)[-1]
    if named_after == "cards":
        assert (now.titles["en"], now.symptom) == (first["cards"], first["symptom"])
    else:
        assert now.symptom == "slow" and now.titles["en"] != first["cards"]
        assert next(iter(now.components)) == "atm"
        assert first["cards"].split(":")[0] not in now.titles["en"] + said.texts["en"].partition("\n")[0]


def test_what_is_not_worth_a_statement_changes_the_components_alone_and_is_told_with_the_next_one(quick: Stage) -> None:
    incident = begun(quick, "cards", "atm")
    quick.deliver_all()

    quiet = automatic.extend_automatic(quick.ctx, incident_id=incident.id, components={"atm": GOOD}, tell=False)
    automatic.recover(quick.ctx, incident_id=incident.id, restored_at=T0)

    first, last = quick.said(incident)
    assert quiet.components == {"cards": DOWN, "atm": GOOD}
    assert last.affected == (("cards", DOWN, GOOD), ("atm", DOWN, GOOD)), "compared with what was said, not with the row"
    assert first.kind is NoticeKind.INVESTIGATING


def test_failing_again_within_the_window_goes_on_in_the_same_thread_and_later_begins_anew(stage: Stage) -> None:
    """P15, second half."""
    incident = begun(stage)
    automatic.recover(stage.ctx, incident_id=incident.id, restored_at=T0)
    automatic.resolve_automatic(stage.ctx, incident_id=incident.id)
    stage.forward(minutes=29)
    assert begun(stage).id == incident.id
    automatic.recover(stage.ctx, incident_id=incident.id, restored_at=stage.clock.now())
    automatic.resolve_automatic(stage.ctx, incident_id=incident.id)
    stage.forward(minutes=31)

    assert begun(stage).id != incident.id


def test_if_it_heals_before_anything_was_posted_nothing_is_posted_and_the_page_still_tells(stage: Stage) -> None:
    incident = begun(stage)

    automatic.recover(stage.ctx, incident_id=incident.id, restored_at=T0)
    automatic.resolve_automatic(stage.ctx, incident_id=incident.id)

    assert {post.state for post in stage.posts(incident)} == {DeliveryState.WITHDRAWN}
    assert {post.sequence for post in stage.posts(incident)} == {1}
    assert [update.kind for update in stage.said(incident)][1:] == [NoticeKind.MONITORING, NoticeKind.RESOLVED_AUTO]


def test_once_one_channel_has_spoken_all_of_them_tell_the_end(quick: Stage) -> None:
    incident = begun(quick)
    quick.deliver_all()

    automatic.recover(quick.ctx, incident_id=incident.id, restored_at=T0)

    assert {post.channel for post in quick.posts(incident) if post.sequence == 2} == {"mastodon-en", "mastodon-es", "x-en", "facebook-en"}


@pytest.mark.parametrize(
    "known",
    [
        {"state": DeliveryState.DELIVERED.value, "remote_id": "r"},  # found on the own timeline
        {"state": DeliveryState.UNKNOWN.value, "error_class": RESTORED},
        {"state": DeliveryState.STUCK.value, "error_class": RESTORED},  # left to a person
    ],
    ids=lambda known: known["state"],
)
def test_what_may_stand_since_before_a_backup_is_told_the_end_and_is_not_withdrawn(quick: Stage, known: dict[str, str]) -> None:
    incident = begun(quick)
    first = quick.posts(incident)[0]
    with quick.database.writing() as session:
        deliveries.change(session, first, **known)

    automatic.recover(quick.ctx, incident_id=incident.id, restored_at=T0)

    told = [post.channel for post in quick.posts(incident) if post.sequence == 2]
    (now,) = [post for post in quick.posts(incident) if post.id == first.id]
    assert first.channel in told and len(told) > 1
    assert (now.state, now.attempts) == (DeliveryState(known["state"]), 0)


def test_the_machine_does_not_resolve_where_people_want_to_be_asked(quick: Stage) -> None:
    stage = quick.with_settings(incidents={"resolve_automatically": False})
    incident = begun(stage)
    automatic.recover(stage.ctx, incident_id=incident.id, restored_at=T0)

    standing = automatic.resolve_automatic(stage.ctx, incident_id=incident.id)
    assert standing.status is MONITORING and f"resolve:{incident.id}" in stage.alarms()

    incidents.resolve(stage.ctx, incidents.Resolution(incident.id, "Ana"))
    assert f"resolve:{incident.id}" not in stage.alarms()


def test_a_persons_incident_is_not_doubled_by_the_machine_and_not_touched(quick: Stage) -> None:
    by_hand = declared(quick, "cards", "atm")

    assert begun(quick, "cards") == by_hand
    assert len(quick.said(by_hand)) == 1


def came_and_went(stage: Stage, *slugs: str) -> Incident:
    """An automatic incident that came and went."""
    incident = begun(stage, *slugs)
    automatic.recover(stage.ctx, incident_id=incident.id, restored_at=stage.clock.now())
    return automatic.resolve_automatic(stage.ctx, incident_id=incident.id)


def test_what_people_declared_since_the_verdict_looked_is_not_told_by_a_second_incident(quick: Stage) -> None:
    before = came_and_went(quick, "cards")
    by_hand = declared(quick, "cards")

    assert automatic.fail_again(quick.ctx, incident_id=before.id, components={"cards": DOWN}, first_failed_at=T0) == before
    assert begun(quick, "cards") == by_hand
    assert len(quick.said(before)) == 3 and len(quick.said(by_hand)) == 1


def test_of_what_fails_again_only_that_comes_back_which_people_do_not_tell_of(quick: Stage) -> None:
    before = came_and_went(quick, "cards", "login")
    declared(quick, "cards")

    both = {"cards": DOWN, "login": SLOW}
    back = automatic.fail_again(quick.ctx, incident_id=before.id, components=both, first_failed_at=T0, symptom="refused")

    assert back.status is INVESTIGATING and back.components == {"login": SLOW, "cards": GOOD}
    assert back.symptom != "refused", "that was said of cards"


def test_an_incident_is_not_known_again_by_what_joined_its_failure(quick: Stage) -> None:
    before = came_and_went(quick, "cards")
    declared(quick, "cards")

    both = {"cards": DOWN, "atm": DOWN}
    assert automatic.fail_again(quick.ctx, incident_id=before.id, components=both, first_failed_at=T0) == before
    assert begun(quick, "cards", "atm").components == {"atm": DOWN}


def test_an_incident_is_not_extended_by_what_people_declared_since_the_verdict_looked(quick: Stage) -> None:
    running = begun(quick, "login")
    declared(quick, "cards")

    both = {"login": PARTLY, "cards": DOWN}
    assert automatic.extend_automatic(quick.ctx, incident_id=running.id, components=both, tell=True).components == {"login": PARTLY}


def test_only_what_no_open_incident_names_is_begun(quick: Stage) -> None:
    first = begun(quick, "cards")

    second = begun(quick, "cards", "login")

    assert second.id != first.id and set(second.components) == {"login"}
    assert not any(key.startswith("withheld") for key in quick.alarms())


def test_a_drill_hides_no_real_trouble(quick: Stage) -> None:
    drill = declared(quick, "cards", drill=True)

    assert begun(quick, "cards").id != drill.id


def test_withheld_incidents_alarm_operators_instead_of_being_silent(quick: Stage) -> None:
    stage = quick.with_settings(incidents={"automatic": False})

    none = automatic.begin_automatic(stage.ctx, components={"cards": DOWN}, lead="cards", first_failed_at=T0)

    assert none is None and all_incidents(stage) == []
    assert "automatic incidents are turned off" in stage.alarms()["withheld:cards"]


def test_what_cannot_be_put_into_words_alarms_operators_until_it_can(quick: Stage) -> None:
    failing = {"components": {"cards": DOWN}, "lead": "cards", "first_failed_at": T0}

    with pytest.raises(InvalidText, match="dragons"):
        automatic.begin_automatic(quick.ctx, symptom="dragons", **failing)  # type: ignore[arg-type]

    assert all_incidents(quick) == [] and "dragons" in quick.alarms()["refused:cards"]
    assert automatic.begin_automatic(quick.ctx, **failing) and quick.alarms() == {}  # type: ignore[arg-type]


def test_a_lone_network_is_used_by_the_machine_and_operators_are_told(quick: Stage) -> None:
    """N9: silence would be worse, so the machine speaks; a person is refused (see test_declaring)."""
    stage = Stage(quick.database, channels=(channel("mastodon-en", "mastodon"), CHANNELS[-1]))

    incident = begun(stage)

    assert [post.channel for post in stage.posts(incident)] == ["mastodon-en"] and "mastodon alone" in stage.alarms()["lone-network"]


def test_a_person_takes_over_and_the_machine_still_tells_recovery(quick: Stage) -> None:
    incident = begun(quick)
    quick.deliver_all()
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=IncidentStatus.IDENTIFIED, cause="network"))

    automatic.recover(quick.ctx, incident_id=incident.id, restored_at=T0)
    over = automatic.resolve_automatic(quick.ctx, incident_id=incident.id)

    assert over.status is RESOLVED and over.cause == "network"
    assert "network" not in quick.said(incident)[-1].texts["en"], "the machine's words claim no cause"


def over(stage: Stage, incident: Incident) -> None:
    automatic.recover(stage.ctx, incident_id=incident.id, restored_at=stage.clock.now())
    automatic.resolve_automatic(stage.ctx, incident_id=incident.id)


def test_the_seventh_automatic_incident_of_a_day_is_withheld(quick: Stage) -> None:
    """X7, with the limits as they come."""
    for _ in range(6):
        over(quick, begun(quick))
        quick.forward(minutes=61)

    seventh = automatic.begin_automatic(quick.ctx, components={"cards": DOWN}, lead="cards", first_failed_at=quick.clock.now())

    assert seventh is None and len(all_incidents(quick)) == 6
    assert "enough automatic incidents" in quick.alarms()["withheld:cards"]
    quick.forward(hours=18)
    assert begun(quick) and "withheld:cards" not in quick.alarms()


def wild_hours(seed: int, per_day: int) -> dict[str, list[datetime]]:
    """Whatever the verdict might ask for, in any order. Returns when incidents naming each component were begun."""
    chance = random.Random(seed)
    of = settings(incidents={"new_per_day": per_day, "reopen_within_s": chance.choice([1, 1800])})
    stage = Stage(SimStore(), of=of, channels=())  # type: ignore[arg-type]
    starts: dict[str, list[datetime]] = defaultdict(list)
    known: dict[str, Incident] = {}
    for _ in range(12):
        stage.forward(seconds=chance.choice([1, 400, 1799, 1801, 4000]))
        hit = dict.fromkeys(chance.sample(["login", "app", "cards"], chance.randint(1, 2)), chance.choice([DOWN, PARTLY, SLOW]))
        if chance.random() < 0.7 or not known:
            found = automatic.begin_automatic(stage.ctx, components=hit, lead=next(iter(hit)), first_failed_at=stage.clock.now())
            if found is not None and found.id not in known:
                known[found.id] = found
                for slug in found.components:
                    starts[slug].append(found.created_at)
        else:
            over(stage, chance.choice(list(known.values())))
    return starts


def check_limits(seeds: range, per_day: int) -> None:
    most = 0
    for seed in seeds:
        for moments in wild_hours(seed, per_day).values():
            assert all(later - earlier >= timedelta(minutes=30) for earlier, later in pairwise(moments)), seed
            days = [sum(moment <= other < moment + timedelta(hours=24) for other in moments) for moment in moments]
            assert max(days) <= per_day, seed
            most = max(most, *days)
    assert most == per_day, "the limit was never reached: the test proves nothing"


def test_new_automatic_incidents_stay_within_their_limits_whatever_the_verdict_asks() -> None:
    """X7: at most one new incident per component in 30 min, and so many a day; the first 20 seeds."""
    check_limits(range(20), per_day=2)


@pytest.mark.long
def test_new_automatic_incidents_stay_within_their_limits_over_all_seeds() -> None:
    """X7, 500 seeds."""
    check_limits(range(20, 520), per_day=2)


def test_the_machine_says_that_something_works_only_if_it_was_seen_since_the_trouble_began(quick: Stage) -> None:
    quick.verdicts({"login": DOWN, "atm": GOOD, "bizum": GOOD})
    before = automatic.begin_automatic(quick.ctx, components={"login": DOWN}, lead="login", first_failed_at=quick.clock.now())
    early = quick.said(before)[0].texts["en"]
    quick.forward(minutes=1)
    quick.verdicts({"login": DOWN, "atm": GOOD, "bizum": GOOD})

    incidents.update(quick.ctx, incidents.Change(before.id, "Ana"))

    late = quick.said(before)[1].texts["en"]
    assert "Still working" not in early
    assert "Still working: Atm, Bizum." in late


def test_what_is_named_first_and_only_slow_is_not_called_down_since_something_else_is(quick: Stage) -> None:
    both = declared(quick, "cards", symptom="slow", status=SLOW)

    incidents.update(quick.ctx, Change(both.id, "Ana", components={"atm": DOWN}))

    assert "Pages load slowly." in quick.said(both)[-1].texts["en"]


def test_slow_is_not_said_of_what_is_down(quick: Stage) -> None:
    slow = declared(quick, "cards", symptom="slow", status=SLOW)
    down = declared(quick, "atm", symptom="slow", status=DOWN)

    assert "Pages load slowly." in quick.said(slow)[0].texts["en"]
    assert "Pages do not open." in quick.said(down)[0].texts["en"]


def test_a_component_that_is_only_degraded_is_not_said_to_let_nobody_in(quick: Stage) -> None:
    incident = begun(quick, "app", status=SLOW)

    assert incident.titles["en"] == "App: Pages load slowly."
    assert "Logging in" not in quick.said(incident)[0].texts["en"]


@pytest.mark.parametrize("tell", [True, False])
def test_the_symptom_follows_the_component_that_the_text_names(quick: Stage, tell: bool) -> None:
    incident = begun(quick, "login", "atm")
    quick.deliver_all()

    automatic.extend_automatic(quick.ctx, incident_id=incident.id, components={"login": GOOD}, tell=tell)
    incidents.update(quick.ctx, Change(incident.id, "Ana"))

    said = quick.said(incident)[-1].texts["en"]
    assert "Cash machines do not give money." in said and "Logging in" not in said
    assert incident.titles["en"] == "Login: Logging in does not work.", "it began as that"


def test_what_gets_better_or_worse_is_told_as_it_is(quick: Stage) -> None:
    incident = begun(quick, "app")
    quick.deliver_all()

    automatic.extend_automatic(quick.ctx, incident_id=incident.id, components={"app": SLOW}, tell=True)
    better = quick.said(incident)[-1].texts["en"]
    failing_probe(quick, "app-probe", Reason.HTTP_STATUS)
    automatic.extend_automatic(quick.ctx, incident_id=incident.id, components={"app": DOWN}, tell=True)
    worse = quick.said(incident)[-1].texts["en"]

    assert "Pages load slowly." in better and "Logging in" not in better
    assert "Logging in does not work." in worse


def test_a_symptom_that_a_person_chose_stays_with_its_component(quick: Stage) -> None:
    incident = begun(quick, "app", status=SLOW)
    incidents.update(quick.ctx, Change(incident.id, "Ana", symptom="late"))

    automatic.extend_automatic(quick.ctx, incident_id=incident.id, components={"app": DOWN}, tell=True)

    assert all_incidents(quick)[0].symptom == "late"


def test_an_incident_that_fails_again_worse_under_its_old_name_says_so(quick: Stage) -> None:
    incident = begun(quick, "app", status=SLOW)
    automatic.recover(quick.ctx, incident_id=incident.id, restored_at=T0)
    failing_probe(quick, "app-probe", Reason.HTTP_STATUS)

    again = automatic.fail_again(quick.ctx, incident_id=incident.id, components={"app": DOWN}, first_failed_at=T0)

    assert again.titles["en"] == "App: Logging in does not work."
    assert "Logging in does not work." in quick.said(incident)[-1].texts["en"]


def test_an_incident_that_fails_again_elsewhere_and_mildly_does_not_say_that_nobody_gets_in(quick: Stage) -> None:
    incident = begun(quick, "login", status=SLOW)
    automatic.recover(quick.ctx, incident_id=incident.id, restored_at=T0)

    again = automatic.fail_again(quick.ctx, incident_id=incident.id, components={"app": SLOW}, first_failed_at=T0)

    assert again.titles["en"] == "App: Pages load slowly."


def failing_probe(stage: Stage, name: str, reason: Reason) -> None:
    """One probe that is confirmed to fail, as the store knows it."""
    now = stage.clock.now()
    bad = Side(bad=True, changed_at=now)
    streak = Streak(hurt=bad, down=bad, sure=True, seen_at=now, hurt_at=now, reason=reason)
    with stage.database.writing() as session:
        detector.save(session, detector.State({(name, "here"): streak}, {}), now)
