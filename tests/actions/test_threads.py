"""What the deliveries of one incident look like to a channel that could not speak for hours: the shapes of D13 and D14."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from statuspage.actions import automatic, incidents
from statuspage.actions.incidents import Change
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import plan_thread
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import DeliveryState, IncidentStatus
from statuspage.store import deliveries
from tests.actions.stage import CHANNELS, DOWN, GOOD, Stage, declared, settings
from tests.simulation.ports import SimStore


def sent_when_the_channel_is_back(stage: Stage, incident: Incident) -> list[Delivery]:
    """What a dispatcher that finds the channel working again sends in the thread, in its order."""
    sent: list[Delivery] = []
    while True:
        rows = stage.posts(incident)
        plan = plan_thread(rows, now=stage.clock.now(), released=[row.id for row in rows])
        with stage.database.writing() as session:
            for row, _ in plan.supersede:
                deliveries.change(session, row, state=DeliveryState.SUPERSEDED.value)
            for row in plan.expire:
                deliveries.change(session, row, state=DeliveryState.STUCK.value)
            if plan.send is not None:
                deliveries.change(session, plan.send, state=DeliveryState.DELIVERED.value, attempts=1)
                sent.append(plan.send)
        if plan.send is None:
            return sent


def troubled(seed: int, updates: int) -> tuple[Stage, Incident, int]:
    """An incident with so many updates of any legal kind, among them corrections. Returns also how many of these."""
    chance = random.Random(seed)
    stage = Stage(SimStore(), of=settings(), channels=CHANNELS[:1])  # type: ignore[arg-type]
    incident = declared(stage)
    with stage.database.writing() as session:  # the channel was tried once and refused for the time being
        (row,) = deliveries.of_subject(session, incidents.SubjectKind.INCIDENT, incident.id)
        deliveries.change(session, row, attempts=1)
    corrections = 0
    for _ in range(updates):
        stage.forward(minutes=chance.randint(1, 14))
        standing = incidents.update(stage.ctx, Change(incident.id, "Ana")) if chance.random() < 0.4 else None
        if standing is None and chance.random() < 0.3:
            incidents.correct(stage.ctx, incident_id=incident.id, sequence=1, wrong={"en": "Wrong."}, text={"en": "Right."}, who="Ana")
            corrections += 1
        elif chance.random() < 0.5:
            automatic.recover(stage.ctx, incident_id=incident.id, restored_at=stage.clock.now())
        else:
            automatic.fail_again(stage.ctx, incident_id=incident.id, components={"cards": DOWN}, first_failed_at=stage.clock.now())
    incidents.update(stage.ctx, Change(incident.id, "Ana"))
    return stage, incident, corrections


def check_thread(seed: int) -> None:
    stage, incident, corrections = troubled(seed, updates=4)

    sent = sent_when_the_channel_is_back(stage, incident)

    sequences = [row.sequence for row in sent]
    newest = stage.said(incident)[-1].sequence
    assert sequences == sorted(set(sequences)) and sequences[-1] == newest, f"seed {seed}: {sequences} of {newest}"
    fate = Counter(row.state for row in stage.posts(incident) if row.essential)
    assert fate == Counter({DeliveryState.DELIVERED: corrections}), f"seed {seed}: corrections never collapse, nor go stale: {fate}"
    assert f"/u/{sent[0].code}" in sent[0].text_alone, "the first post of a thread stands alone, with its link"
    assert "We never ask for your codes." in sent[0].text_alone


@pytest.mark.parametrize("seeds", [range(25), pytest.param(range(25, 200), marks=pytest.mark.long)], ids=["25", "200"])
def test_a_thread_never_goes_back_and_begins_with_the_newest_state_as_a_post_of_its_own(seeds: range) -> None:
    """D13, 200 incidents on a channel that is down for all of them."""
    for seed in seeds:
        check_thread(seed)


def test_after_three_hours_and_twelve_updates_a_channel_says_the_newest_state_alone(quick: Stage) -> None:
    """D14: at most two posts per thread."""
    incident = declared(quick)
    quick.deliver_all()
    for _ in range(12):
        quick.forward(minutes=15)
        incidents.update(quick.ctx, Change(incident.id, "Ana"))
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=IncidentStatus.MONITORING))

    by_channel = {name: [row for row in quick.posts(incident) if row.channel == name] for name in ("mastodon-en", "x-en", "facebook-en")}
    for rows in by_channel.values():
        plan = plan_thread(rows, now=quick.clock.now())
        assert plan.send is not None and plan.send.sequence == 14
        assert [row.sequence for row, _ in plan.supersede] == list(range(2, 14))
    story = by_channel["facebook-en"][-1].story
    assert "working again" in story and story.count("still the case") == 12, "an edited post tells all of it"
    with quick.database.reading() as session:
        assert set(incidents.incidents.get(session, incident.id).components.values()) == {GOOD}
