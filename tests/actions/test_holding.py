"""Posts that wait: by policy, until a person stops or rewords them; never after."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from statuspage.actions import corrections, incidents, notices
from statuspage.actions import deliveries as deeds
from statuspage.actions.incidents import Change, Reopening, Resolution
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_rules import plan_thread
from statuspage.core.errors import Conflict, InvalidText, NotAllowed
from statuspage.core.seal import seal_ok
from statuspage.core.vocabulary import DeliveryState, SubjectKind
from statuspage.store import audit, deliveries
from tests.actions.stage import PUBLIC, T0, Stage, declared
from tests.simulation.ports import SimStore

INCIDENT = SubjectKind.INCIDENT
HOLD = {"policy": {"default": "hold", "hold_s": 120.0}}


@pytest.fixture
def holding(stage: Stage) -> Stage:
    return stage.with_settings(**HOLD)


def take(stage: Stage, row: Delivery) -> bool:
    """As the dispatcher does before it touches a socket. False: the row is no longer what was seen."""
    with stage.database.writing() as session:
        return deliveries.change(session, row, state=DeliveryState.SENDING.value, attempts=row.attempts + 1)


def reword(stage: Stage, subject_id: str, text: str, sequence: int = 1) -> None:
    notices.reword(stage.ctx, kind=INCIDENT, subject_id=subject_id, sequence=sequence, free_text={"en": text}, who="Bea")


def test_held_posts_wait_their_seconds_while_the_page_tells_at_once(holding: Stage) -> None:
    incident = declared(holding)

    posts = holding.posts(incident)

    assert {(post.state, post.not_before) for post in posts} == {(DeliveryState.WAITING, T0 + timedelta(seconds=120))}
    assert holding.said(incident)[0].texts["en"]


def test_the_first_rule_that_matches_decides_per_component_impact_and_channel(quick: Stage) -> None:
    rules = [
        {"components": ["cards"], "channels": ["x-en"], "policy": "hold", "hold_s": 300},
        {"impacts": ["major", "critical"], "policy": "at_once"},
        {"policy": "hold", "hold_s": 60},
    ]
    stage = quick.with_settings(policy={"rules": rules, "default": "at_once"})

    grave, mild = declared(stage, "cards"), declared(stage, "app", status=incidents.ComponentStatus.DEGRADED_PERFORMANCE)

    assert {post.channel for post in stage.posts(grave) if post.not_before} == {"x-en"}
    assert {post.not_before for post in stage.posts(mild)} == {T0 + timedelta(seconds=60)}


def test_a_hold_never_outlasts_the_words(quick: Stage) -> None:
    stage = quick.with_settings(policy={"default": "hold", "hold_s": 7200.0})

    incident = declared(stage)

    assert {post.not_before for post in stage.posts(incident)} == {T0 + timedelta(minutes=15)}, "half of the 30 min that they are valid"


def test_stopping_withdraws_what_waits_and_the_next_update_begins_the_thread(holding: Stage) -> None:
    incident = declared(holding)

    stopped = notices.withdraw(holding.ctx, kind=INCIDENT, subject_id=incident.id, sequence=1, who="Bea", reason="wrong component")
    incidents.update(holding.ctx, Change(incident.id, "Ana"))

    first = [post for post in holding.posts(incident) if post.sequence == 1]
    second = [post for post in holding.posts(incident) if post.sequence == 2]
    assert set(stopped.channels) == PUBLIC and stopped.instead == {} and {post.state for post in first} == {DeliveryState.WITHDRAWN}
    assert {post.channel for post in second} == PUBLIC and len(holding.said(incident)) == 2
    facebook = next(post for post in second if post.channel == "facebook-en")
    assert "looking for the cause" not in facebook.story, "what was withdrawn is no part of the story"


@pytest.mark.parametrize("heard", [False, True])
def test_nothing_comes_back_for_who_never_heard_of_it(holding: Stage, heard: bool) -> None:
    """It heals while the first posts are held, and fails again: the page tells that it is back, and networks that it begins."""
    incident = declared(holding)
    if heard:
        holding.deliver_all()
    incidents.resolve(holding.ctx, Resolution(incident.id, "Ana"))
    reopened = incidents.reopen(holding.ctx, Reopening(incident.id, "Ana"))

    last = [post for post in holding.posts(incident) if post.sequence == len(holding.said(reopened))]
    assert {post.channel for post in last} == PUBLIC
    assert {"again:" in post.text for post in last if post.language == "en"} == {heard}
    assert {"otra vez:" in post.text for post in last if post.language == "es"} == {heard}
    assert "The problem is back." in holding.said(incident)[-1].texts["en"]


def test_nor_on_a_channel_that_is_still_held_while_others_were_told(quick: Stage) -> None:
    stage = quick.with_settings(policy={"rules": [{"channels": ["x-en"], "policy": "hold", "hold_s": 600}], "default": "at_once"})
    incident = declared(stage)
    with stage.database.writing() as session:
        for row in deliveries.listing(session, [DeliveryState.QUEUED]):
            deliveries.change(session, row, state=DeliveryState.DELIVERED.value, attempts=1, remote_id="1")
    incidents.resolve(stage.ctx, Resolution(incident.id, "Ana"))
    incidents.reopen(stage.ctx, Reopening(incident.id, "Ana"))

    last = {post.channel: post.text for post in stage.posts(incident) if post.sequence == 3}
    assert "again:" not in last["x-en"] and "again:" in last["mastodon-en"]


def test_what_was_tried_cannot_be_stopped(holding: Stage) -> None:
    incident = declared(holding)
    holding.deliver_all()

    with pytest.raises(NotAllowed, match="Publish a correction"):
        notices.withdraw(holding.ctx, kind=INCIDENT, subject_id=incident.id, sequence=1, who="Bea")


@pytest.mark.parametrize("entrance", ["the update", "each delivery"])
def test_withdrawing_takes_the_words_out_of_stories_that_still_wait(holding: Stage, entrance: str) -> None:
    incident = declared(holding)
    incidents.update(holding.ctx, Change(incident.id, "Ana"))

    if entrance == "the update":
        notices.withdraw(holding.ctx, kind=INCIDENT, subject_id=incident.id, sequence=1, who="Bea")
    else:
        for post in [post for post in holding.posts(incident) if post.sequence == 1]:
            deeds.withdraw(holding.ctx, post.id, "Bea")

    facebook = next(post for post in holding.posts(incident) if post.channel == "facebook-en" and post.sequence == 2)
    assert facebook.story == facebook.text_alone and seal_ok(facebook, holding.ctx.seal_key)


def test_they_leave_the_story_of_a_channel_that_is_not_configured_just_then(holding: Stage) -> None:
    incident = declared(holding)
    incidents.update(holding.ctx, Change(incident.id, "Ana"))
    first = next(post for post in holding.posts(incident) if post.channel == "facebook-en" and post.sequence == 1)
    others = {name: info for name, info in holding.ctx.channels.items() if name != "facebook-en"}

    deeds.withdraw(replace(holding.ctx, channels=others), first.id, "Bea")

    second = next(post for post in holding.posts(incident) if post.channel == "facebook-en" and post.sequence == 2)
    assert second.story == second.text_alone and seal_ok(second, holding.ctx.seal_key)


def test_words_that_a_network_refused_are_told_in_no_later_story(quick: Stage) -> None:
    """Else every update after it would be refused for them, too."""
    incident = declared(quick, free_text={"en": "Words that it does not like."})
    with quick.ctx.ports.store.writing() as session:
        (first,) = [post for post in quick.posts(incident) if post.channel == "facebook-en"]
        deliveries.change(session, first, state=DeliveryState.STUCK, error_class="content", attempts=1)

    incidents.update(quick.ctx, Change(incident.id, "Ana"))

    second = next(post for post in quick.posts(incident) if post.channel == "facebook-en" and post.sequence == 2)
    assert second.story == second.text_alone and "does not like" not in second.story


def test_rewording_replaces_page_and_posts_and_keeps_code_and_place(holding: Stage) -> None:
    incident = declared(holding, free_text={"en": "Teh cards fail."})
    before = {post.channel: post for post in holding.posts(incident)}

    reword(holding, incident.id, "The cards fail.")

    after = {post.channel: post for post in holding.posts(incident)}
    (update,) = holding.said(incident)
    assert "\nThe cards fail.\nWe never ask" in update.texts["en"] and "Teh" not in update.texts["en"]
    assert "The cards fail." in after["mastodon-en"].text and "Teh" not in after["facebook-en"].story
    for channel, post in after.items():
        assert (post.code, post.sequence, post.not_before) == (before[channel].code, 1, before[channel].not_before)
        assert seal_ok(post, holding.ctx.seal_key) and (post.digest != before[channel].digest) == (post.language == "en")
    with holding.database.reading() as session:
        detail = audit.listing(session)[0].detail
    assert "\nTeh cards fail.\n" in detail["before"]["en"] and "\nThe cards fail.\n" in detail["after"]["en"]


@pytest.mark.parametrize("text", ["Write to help@evil.example", "Call 0900 123 987", "Send us your password"])
def test_reworded_text_passes_the_same_guard_rails(quick: Stage, text: str) -> None:
    stage = quick.with_settings(**HOLD)
    incident = declared(stage)

    with pytest.raises(InvalidText):
        reword(stage, incident.id, text)

    assert len({post.digest for post in stage.posts(incident)}) == len(PUBLIC)


def test_once_one_post_was_taken_or_something_newer_was_said_nothing_is_reworded(holding: Stage) -> None:
    incident = declared(holding)
    assert take(holding, holding.posts(incident)[0])
    with pytest.raises(NotAllowed, match="its posts have left"):
        reword(holding, incident.id, "Too late.")
    incidents.update(holding.ctx, Change(incident.id, "Ana"))

    with pytest.raises(NotAllowed, match="something newer was said"):
        reword(holding, incident.id, "Too late.")

    assert "Too late." not in holding.said(incident)[0].texts["en"]


def test_words_that_stand_somewhere_since_before_a_backup_are_not_reworded(holding: Stage) -> None:
    incident = declared(holding)
    with holding.database.writing() as session:
        deliveries.change(session, holding.posts(incident)[0], state=DeliveryState.DELIVERED.value, remote_id="found")

    with pytest.raises(NotAllowed, match="its posts have left"):
        reword(holding, incident.id, "Too late.")


def test_a_dispatcher_that_saw_the_old_words_cannot_take_them_after_the_edit(holding: Stage) -> None:
    """D26: the row it saw is no longer the row that stands."""
    incident = declared(holding)
    seen = holding.posts(incident)

    reword(holding, incident.id, "New words.")

    assert [take(holding, row) for row in seen if row.language == "en"] == [False, False, False]


def edits_and_sends(seed: int) -> int:
    """A person rewords or stops, a dispatcher sends what it saw a moment ago, in any order. Returns how many posts left."""
    chance = random.Random(seed)
    stage = Stage(SimStore(), of=STAGE_SETTINGS)  # type: ignore[arg-type]
    incident = declared(stage, free_text={"en": "Words 0."})
    seen: list[Delivery] = stage.posts(incident)
    standing, left = 0, 0
    for step in range(1, 7):
        try:
            match chance.choice(["look", "send", "reword", "stop"]):
                case "look":
                    seen = stage.posts(incident)
                case "reword":
                    reword(stage, incident.id, f"Words {step}.")
                    standing = step
                case "stop":
                    notices.withdraw(stage.ctx, kind=INCIDENT, subject_id=incident.id, sequence=1, who="Bea")
                case "send":
                    row = chance.choice(seen)
                    plan = plan_thread([row], now=stage.clock.now(), released=[row.id])
                    if plan.send is not None and take(stage, row):
                        left += 1
                        assert row.language != "en" or f"Words {standing}." in row.text, seed
                        assert seal_ok(row, stage.ctx.seal_key), seed
        except (NotAllowed, Conflict):
            continue
    return left


STAGE_SETTINGS = Stage.__dataclass_fields__["of"].default_factory()  # type: ignore[misc]


@pytest.mark.parametrize("seeds", [range(60), pytest.param(range(60, 300), marks=pytest.mark.long)], ids=["60", "300"])
def test_old_words_are_never_sent_after_an_edit_commits(seeds: range) -> None:
    """D26, 300 seeds."""
    assert sum(edits_and_sends(seed) for seed in seeds) > len(seeds) / 4, "too little was sent to prove anything"


def test_a_reworded_correction_names_no_promise_in_its_posts_either(quick: Stage) -> None:
    stage = quick.with_settings(**HOLD)
    incident = declared(stage)
    stage.deliver_all()
    said = {"wrong": {"en": "We said cards."}, "text": {"en": "It is the app."}}
    corrections.correct(stage.ctx, kind=INCIDENT, subject_id=incident.id, sequence=1, who="Ana", **said)

    reword(stage, incident.id, "We are sorry.", sequence=2)

    (post,) = (row for row in stage.posts(incident) if row.sequence == 2 and row.channel == "mastodon-en")
    assert "We are sorry." in post.text and "Next update" not in post.text
    assert "Next update" in stage.said(incident)[1].texts["en"]
