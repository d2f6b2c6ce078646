"""What is stuck, refused or unknown for too long reaches the operators' own channel within 5 s, and is over when it is settled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text as sql

from statuspage.actions import alarms as alarm_deeds
from statuspage.actions import deliveries as deeds
from statuspage.core.delivery_rules import INTENT_GOOD_FOR_S
from statuspage.core.errors import NotAllowed
from statuspage.core.vocabulary import DeliveryState, NoticeKind
from statuspage.store import alarms, audit, switches
from statuspage.worker.watchman import STEP_S, Watchman
from tests.delivery.stage import Stage

OPERATORS = "natural"
WITHIN_S = 5.0
QUIET = 120.0


class Watched(Stage):
    """A quiet world whose natural-key account is the operators' channel, with a watchman who works every second."""

    def __init__(self, *classes: str, seed: int = 1, mode: str = "reply") -> None:
        super().__init__(OPERATORS, *classes, seed=seed, mode=mode)
        info = self.world.channels[OPERATORS]
        self.world.channels[OPERATORS] = replace(info, channel=replace(info.channel, operators=True))  # type: ignore[index]
        self.watchman = Watchman(self.world.outside)
        self._watch()

    def _watch(self) -> None:
        self.watchman.step()
        self.world.poke()
        self.world.later(STEP_S, self._watch)

    def heard(self, topic: str = "") -> list[str]:
        """What operators were told of deliveries."""
        return [text for text in self.texts(OPERATORS) if "Delivery " in text and topic in text]

    def until(self, wanted: DeliveryState, channel: str, most_s: float = 400.0) -> None:
        """Passes until the channel's newest row is in that state."""
        end = self.world.time + most_s
        self.world.run_until(end, lambda: self.states(channel)[-1:] == [wanted])
        assert self.states(channel)[-1] is wanted


def test_an_alarm_that_a_backup_forgot_was_told_is_told_to_be_over() -> None:
    stage = Watched()
    alarm_deeds.raise_alarm(stage.world.outside, "disk", "The disk is full.")
    copy = stage.world.store.backup()
    stage.world.poke()
    stage.passes(5.0)
    stage.world.kill(stage.process, "in the test")
    stage.world.store.restore(copy)
    deeds.after_restore(stage.world.outside, "Ada", stage.world.wall())

    alarm_deeds.clear_alarm(stage.world.outside, "disk")
    stage.passes(900.0)

    told = stage.texts(OPERATORS)
    assert [text.startswith("The disk is full.") for text in told[:1]] == [True]
    assert any(text.startswith("Over") and "The disk is full." in text for text in told[1:]), told


@pytest.mark.parametrize("kind", ["keyed", "staged", "bare", "blind"])
def test_a_refused_text_is_told_within_five_seconds_with_what_to_do_and_where(kind: str) -> None:
    stage = Watched(kind)
    stage.network(kind).script = ["rejected"]
    stage.tell()
    stage.until(DeliveryState.STUCK, kind)

    stage.passes(WITHIN_S)

    row = stage.rows(kind)[0]
    (said,) = stage.heard()
    assert f"Delivery {row.id} on {kind} is stuck" in said
    assert "Retry or withdraw it" in said
    assert "It is update 1 of incident incident0000." in said
    assert f"https://page.sim/console/deliveries/{row.id}" in said


def test_a_row_that_somebody_changed_is_told_within_five_seconds_and_stays_until_a_person_looked() -> None:
    stage = Watched("bare")
    stage.network("bare").down = True
    stage.tell()
    stage.passes(3.0)
    row = stage.rows("bare")[0]
    with stage.world.store.writing() as session:
        session.execute(sql("UPDATE delivery SET text = 'x', text_alone = 'x', request = NULL WHERE id = :id"), {"id": row.id})
    stage.network("bare").down = False
    stage.until(DeliveryState.REFUSED, "bare")

    stage.passes(WITHIN_S)
    told = stage.heard("its seal is wrong")
    stage.passes(300.0)
    still = stage.alarms()
    with stage.world.store.reading() as session:
        alarm = next(one for one in alarms.listing(session) if one.key == f"delivery:{row.id}")
    alarm_deeds.dismiss(stage.world.outside, alarm.id, "Ada")
    stage.passes(60.0)

    assert len(told) == 1
    assert f"delivery:{row.id}" in still
    assert f"delivery:{row.id}" not in stage.alarms()
    assert len(stage.heard("Looked into by Ada")) == 1
    with stage.world.store.reading() as session:
        assert ("Ada", "alarm.dismiss") in [(entry.who, entry.what) for entry in audit.listing(session)]


@pytest.mark.parametrize("kind", ["keyed", "bare"])
def test_what_stays_unknown_beyond_the_quiet_period_is_told_within_five_seconds(kind: str) -> None:
    """The network never answers, also while a dispatcher hangs in it for half a minute at a time."""
    stage = Watched(kind)
    network = stage.network(kind)
    network.script, network.reads = ["lost"] * 100, ["lost"] * 100
    stage.tell()
    stage.until(DeliveryState.UNKNOWN, kind)
    row = stage.rows(kind)[0]

    stage.passes(QUIET - 1.0)
    before = stage.heard()
    stage.passes(1.0 + WITHIN_S)
    said = stage.heard()

    assert before == []
    assert len(said) == 1
    assert "nobody knows whether it was published" in said[0]
    assert f"https://page.sim/console/deliveries/{row.id}" in said[0]


def test_what_settles_in_its_quiet_period_alarms_nobody() -> None:
    stage = Watched("bare", "keyed")
    for kind in ("bare", "keyed"):
        stage.network(kind).script = ["lost"]

    stage.tell()
    stage.passes(600.0)

    assert [stage.states(kind) for kind in ("bare", "keyed")] == [[DeliveryState.DELIVERED]] * 2
    assert stage.heard() == []


def test_a_blind_network_alarms_at_once_and_the_alarm_ends_with_the_decision() -> None:
    stage = Watched("blind")
    stage.network("blind").script = ["error"]
    stage.tell()
    stage.until(DeliveryState.UNKNOWN, "blind")
    stage.passes(WITHIN_S)
    told = stage.heard("the network cannot be asked")

    deeds.mark_seen(stage.world.outside, stage.rows("blind")[0].id, "Ada")
    stage.passes(WITHIN_S)

    assert len(told) == 1
    assert stage.alarms() == []
    assert len(stage.heard("Over: ")) == 1


def test_an_alarm_ends_when_the_next_update_replaces_what_was_stuck() -> None:
    stage = Watched("bare")
    stage.network("bare").script = ["rejected"]
    stage.tell()
    stage.until(DeliveryState.STUCK, "bare")
    stage.passes(WITHIN_S)
    raised = stage.alarms()

    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(WITHIN_S + 5.0)

    assert len(raised) == 1
    assert stage.states("bare") == [DeliveryState.SUPERSEDED, DeliveryState.DELIVERED]
    assert stage.alarms() == []


def test_a_new_owner_of_the_watch_does_not_begin_the_quiet_period_anew() -> None:
    stage = Watched("bare")
    stage.network("bare").script, stage.network("bare").reads = ["lost"], ["lost"] * 100
    stage.tell()
    stage.until(DeliveryState.UNKNOWN, "bare")
    stage.passes(QUIET - 10.0)

    stage.watchman._since, stage.watchman._new = {}, True
    stage.passes(10.0 + WITHIN_S)

    assert len(stage.heard()) == 1


def test_a_delivery_of_an_account_that_is_configured_no_more_is_told() -> None:
    stage = Watched("bare")
    stage.network("bare").down = True
    stage.tell()
    stage.passes(3.0)
    without = {name: info for name, info in stage.world.channels.items() if name != "bare"}
    stage.watchman.ctx = replace(stage.watchman.ctx, channels=without)

    stage.passes(WITHIN_S)

    assert len(stage.heard("no channel uses the account bare any more")) == 1


def test_a_person_who_did_not_look_sends_nothing_twice() -> None:
    stage = Watched("blind")
    stage.network("blind").script = ["error_applied"]
    stage.tell()
    stage.until(DeliveryState.UNKNOWN, "blind")
    row = stage.rows("blind")[0]

    with pytest.raises(NotAllowed, match="could post it twice"):
        deeds.retry(stage.world.outside, row.id, "Ada")
    with pytest.raises(NotAllowed, match="may still appear"):
        deeds.retry(stage.world.outside, row.id, "Ada", looked=True)

    assert stage.states("blind") == [DeliveryState.UNKNOWN]


def test_a_person_who_looked_after_the_quiet_period_may_send_it_again() -> None:
    stage = Watched("blind")
    stage.network("blind").script = ["error"]
    stage.tell()
    stage.until(DeliveryState.UNKNOWN, "blind")
    stage.passes(QUIET + 1.0)

    deeds.retry(stage.world.outside, stage.rows("blind")[0].id, "Ada", looked=True)
    stage.passes(WITHIN_S)

    assert stage.states("blind") == [DeliveryState.DELIVERED]
    assert len(stage.texts("blind")) == 1


def without_account(stage: Watched, name: str) -> None:
    """The account leaves the configuration: its dispatcher ends, the watchman knows the new one."""
    stage.world.reload((OPERATORS,))
    stage.passes(3.0)
    channels = {key: info for key, info in stage.world.channels.items() if key != name}
    stage.watchman.ctx = replace(stage.watchman.ctx, channels=channels)


def test_a_held_delivery_of_an_account_that_is_configured_no_more_is_told_and_can_be_withdrawn() -> None:
    stage = Watched("bare")
    stage.tell(hold_s=30.0)
    without_account(stage, "bare")

    stage.passes(60.0)

    row = stage.rows("bare")[0]
    assert row.state is DeliveryState.WAITING and f"delivery:{row.id}" in stage.alarms()
    deeds.withdraw(stage.world.outside, row.id, "Ada")
    stage.passes(5.0)
    assert f"delivery:{row.id}" not in stage.alarms()


def test_a_delivery_that_was_being_sent_when_its_account_left_the_configuration_is_unknown_and_told() -> None:
    stage = Watched("bare")
    stage.tell(hold_s=30.0)
    without_account(stage, "bare")
    with stage.world.store.writing() as session:
        session.execute(sql("UPDATE delivery SET state = 'sending', attempts = 1 WHERE channel = 'bare'"))

    stage.passes(5.0)
    at_first = stage.rows("bare")[0]
    stage.passes(QUIET + 5.0)

    assert at_first.state is DeliveryState.UNKNOWN and "left the configuration" in at_first.detail
    assert f"unknown:{at_first.id}" in stage.alarms()


@pytest.mark.parametrize("valid_s", [None, 1800.0])
def test_an_account_on_which_nothing_gets_through_is_told_once_whatever_replaces_what(valid_s: float | None) -> None:
    """Each promised update takes the place of the one before, so that none ever goes out of date: nobody else would hear of it."""
    stage = Watched("bare")
    stage.network("bare").down = True
    for number in range(4):
        stage.tell(NoticeKind.UPDATE if number else NoticeKind.INVESTIGATING, valid_s=valid_s)
        stage.passes(1680.0)

    assert [key for key in stage.alarms() if key.startswith("late:")] == ["late:bare"]
    (said,) = [text for text in stage.texts(OPERATORS) if "does not get through" in text]
    assert said.startswith("bare: for more than 120 s a post that is to go does not get through")
    assert said.endswith("https://page.sim/console/deliveries/")

    stage.network("bare").down = False
    stage.passes(120.0)

    assert stage.states("bare")[-1] is DeliveryState.DELIVERED and stage.alarms() == []


def held(stage: Watched) -> list[str]:
    return [text for text in stage.texts(OPERATORS) if "waits to be posted" in text and not text.startswith("Looked into")]


def test_an_update_on_hold_is_told_once_within_five_seconds_with_the_page_on_which_to_stop_it() -> None:
    stage = Watched("bare", "keyed")
    stage.tell(hold_s=60.0)

    stage.passes(WITHIN_S)
    (said,) = held(stage)
    stage.passes(50.0)
    standing = stage.alarms()
    stage.passes(60.0)

    assert said.startswith("Update 1 of incident incident0000 (investigating) waits to be posted on bare, keyed, natural")
    assert said.endswith("https://page.sim/console/waiting/incident/incident0000/1")
    assert standing == ["held:incident/incident0000/1"] and stage.alarms() == []
    assert [text for text in stage.texts(OPERATORS) if "waits" in text or "Over" in text] == [said], "its end is no news"


def test_an_update_on_hold_that_a_person_has_looked_into_or_stopped_is_not_told_again() -> None:
    stage = Watched("bare")
    stage.tell(hold_s=600.0)
    stage.passes(WITHIN_S)
    with stage.world.store.reading() as session:
        (alarm,) = alarms.listing(session)
    alarm_deeds.dismiss(stage.world.outside, alarm.id, "Ada")
    stage.passes(60.0)
    looked_into = stage.alarms()
    stage.tell(NoticeKind.UPDATE, hold_s=600.0)
    stage.passes(WITHIN_S)
    second = stage.alarms()
    for channel in ("bare", OPERATORS):
        deeds.withdraw(stage.world.outside, stage.rows(channel)[-1].id, "Ada")
    stage.passes(WITHIN_S)

    assert (looked_into, second) == ([], ["held:incident/incident0000/2"])
    assert len(held(stage)) == 2 and "held:incident/incident0000/2" not in stage.alarms()


def test_what_waits_because_a_person_wants_it_so_is_no_alarm() -> None:
    """Posting is off, or the hold of a post is long: of that operators hear once, as it begins."""
    stage = Watched("bare")
    stage.tell(hold_s=900.0)
    stage.passes(600.0)
    waiting = stage.alarms()
    with stage.world.store.writing() as session:
        switches.turn(session, switches.POSTING, off=True, by="Ada", reason="", at=stage.world.wall())
    stage.people.update("incident0001", NoticeKind.INVESTIGATING, valid_s=None)
    stage.passes(900.0)

    assert (waiting, stage.alarms()) == (["held:incident/incident0000/1"], [])


def test_a_post_whose_sender_is_suspended_is_told_when_the_quiet_period_is_over() -> None:
    """Whoever holds the account's lock sleeps: nobody else may call it unknown, and it is."""
    stage = Watched("bare")
    stage.once_at("sent", lambda: stage.world.freeze(stage.process, 3600.0))
    stage.tell()
    stage.world.run_until(60.0, lambda: stage.states("bare")[-1:] == [DeliveryState.SENDING])
    stage.passes(QUIET + stage.world.settings.delivery.deadline_s + INTENT_GOOD_FOR_S + WITHIN_S)

    row = stage.rows("bare")[0]
    assert (row.state, f"unknown:{row.id}" in stage.alarms()) == (DeliveryState.SENDING, True)

    stage.passes(3600.0 + 600.0)
    assert stage.states("bare") == [DeliveryState.DELIVERED] and stage.alarms() == []


@pytest.mark.parametrize("way", ["hangs", "comes and goes"])
def test_what_does_not_get_through_is_one_alarm_while_it_is_tried_again_and_again(way: str) -> None:
    """An attempt takes seconds, in which nothing waits in the queue: that ends nothing."""
    stage = Watched("bare")
    network = stage.network("bare")
    network.script, network.retry_after = ["lost" if way == "hangs" else "refused"] * 500, ""
    stage.tell()
    seen: list[bool] = []
    for _ in range(20):
        stage.passes(60.0)
        seen.append("late:bare" in stage.alarms())

    assert seen == sorted(seen) and [text for text in stage.texts(OPERATORS) if text.startswith("Over") and "get through" in text] == []


def test_an_alarm_that_nothing_gets_through_ends_without_a_word_when_posting_is_switched_off() -> None:
    stage = Watched("bare")
    stage.network("bare").down = True
    stage.tell()
    stage.passes(200.0)
    before = "late:bare" in stage.alarms()
    with stage.world.store.writing() as session:
        switches.turn(session, switches.POSTING, off=True, by="Ada", reason="", at=stage.world.wall())
    stage.passes(60.0)

    assert before and "late:bare" not in stage.alarms()
    assert [text for text in stage.texts(OPERATORS) if text.startswith("Over") and "get through" in text] == []
