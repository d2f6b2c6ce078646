"""D16 to D19, D21, D24 and the seal: waiting, breaker, credentials, backups. In virtual time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from broadcasters.http import Answer, Request
from statuspage.actions import deliveries as deeds
from statuspage.core.delivery_rules import Backoff, obeyed_s
from statuspage.core.delivery_story import told
from statuspage.core.errors import NotAllowed
from statuspage.core.seal import seal, seal_ok
from statuspage.core.vocabulary import DeliveryState, NoticeKind
from statuspage.store import accounts, deliveries, switches
from statuspage.worker.public_posts import Posts
from tests.delivery.stage import Stage
from tests.simulation.networks import _answer
from tests.simulation.world import SEAL_KEY

DELIVERED = DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("asked", "least_s"),
    [("1", 1), ("30", 30), ("90", 90), ("600", 600), ("3600", 3600), ("-5", 0), ("soon", 0), ("", 0), ("0", 0), ("1e9", 0),
     ("Mon, 02 Mar 2026 09:01:31 GMT", 85), ("Mon, 02 Mar 2026 08:00:00 GMT", 0)],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["natural", "bare"])
def test_a_network_that_asks_to_wait_is_not_asked_before(asked: str, least_s: float, kind: str) -> None:
    """D16, 24 cases."""
    stage = Stage(kind)
    network = stage.network(kind)
    network.script, network.retry_after = ["throttled"], asked

    stage.tell()
    stage.passes(least_s + 120.0)

    sent = [at for at, method, path in network.requests if method == "POST"]
    assert len(sent) == 2 and sent[1] - sent[0] >= least_s
    assert stage.states(kind) == [DELIVERED]


@pytest.mark.parametrize("asked", ["7200", "99999999"])
def test_a_wait_of_more_than_an_hour_is_an_alarm_and_an_hour(asked: str) -> None:
    stage = Stage("bare")
    network = stage.network("bare")
    network.script, network.retry_after = ["throttled"], asked
    stage.tell()
    stage.passes(5.0)
    assert "wait:bare" in stage.alarms()

    stage.passes(3700.0)

    assert stage.states("bare") == [DELIVERED]


def test_nonsense_in_a_wait_counts_as_nothing() -> None:
    assert [obeyed_s(value, 3600.0) for value in (None, -1.0, 0.0, float("nan"))] == [(0.0, False)] * 4
    assert obeyed_s(float("inf"), 3600.0) == (3600.0, True)


def test_one_hanging_network_delays_no_other_by_a_second() -> None:
    """D17: four networks, three hang for 30 s; 50 notices."""
    delays = []
    for seed in range(50):
        stage = Stage("natural", "keyed", "staged", "bare", seed=seed)
        for name in ("natural", "keyed", "staged"):
            stage.network(name).script = ["lost"] * 20
        begun = stage.world.time
        stage.tell()
        stage.passes(10.0)
        delays.append(stage.network("bare").posts[0].revisions[0][1] - begun)
    assert max(delays) <= 1.0


def test_the_breaker_opens_after_five_failures_and_a_trial_comes_each_thirty_seconds() -> None:
    """D17."""
    stage = Stage("bare")
    network = stage.network("bare")
    network.down = True
    stage.tell()
    stage.passes(600.0)
    posts = [at for at, method, _ in network.requests if method == "POST"]
    trials = [at for at, method, path in network.requests if path == "me"]

    network.down = False
    stage.passes(40.0)

    assert len(posts) == 5
    assert all(30.0 <= after - before <= 36.0 for before, after in pairwise(trials))
    assert stage.states("bare") == [DELIVERED]


@pytest.mark.parametrize("refreshable", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_revoked_credentials_are_renewed_once_or_stop_the_account_until_they_are_repaired(refreshable: bool, seed: int) -> None:
    """D19, 20 cases."""
    stage = Stage("bare", seed=seed)
    network = stage.network("bare")
    network.token, network.refreshable = "revoked", refreshable

    stage.tell()
    stage.passes(5.0)
    if refreshable:
        assert stage.states("bare") == [DELIVERED]
        return
    assert stage.states("bare") == [DeliveryState.QUEUED]
    assert "account:bare" in stage.alarms()
    network.token = "good"
    stage.passes(310.0)

    assert stage.states("bare") == [DELIVERED]
    assert "account:bare" not in stage.alarms()


def test_a_quiet_account_renews_short_lived_credentials_again_and_again() -> None:
    """Nothing is posted meanwhile: the reading of the timeline meets the refusals and asks the dispatcher to look."""
    stage = Stage("bare")
    network = stage.network("bare")
    network.refreshable = True
    tokens = []

    for _ in range(5):
        network.token = f"ran-out-{len(tokens)}"
        stage.process.threads[0].dispatcher.prove_soon()
        stage.world.poke()
        stage.passes(5.0)
        tokens.append(network.token)

    stage.tell()
    stage.passes(5.0)
    assert all(token.startswith("renewed-") for token in tokens) and stage.alarms() == []
    assert stage.states("bare") == [DELIVERED]


@pytest.mark.parametrize("posting", [True, False])
def test_new_credentials_that_are_refused_too_stop_the_account(posting: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage("bare")
    network = stage.network("bare")
    network.token = "ran-out"
    monkeypatch.setattr(network, "_renewed", lambda: _answer(200, {"token": "useless"}))

    if posting:
        stage.tell()
    else:
        stage.process.threads[0].dispatcher.prove_soon()
        stage.world.poke()
    stage.passes(60.0)

    assert stage.states("bare") == [DeliveryState.QUEUED] * posting
    assert "account:bare" in stage.alarms()


def test_a_stopped_account_that_a_person_resumes_is_tried_at_once() -> None:
    stage = Stage("bare")
    network = stage.network("bare")
    network.token, network.refreshable = "revoked", False
    stage.tell()
    stage.passes(5.0)
    assert stage.states("bare") == [DeliveryState.QUEUED]
    network.token = "good"

    deeds.resume_account(stage.world.outside, "bare", "Ada")
    stage.world.poke()
    stage.passes(2.0)

    assert stage.states("bare") == [DELIVERED]
    assert "account:bare" not in stage.alarms()


def test_an_account_that_is_resumed_too_early_stops_again() -> None:
    stage = Stage("bare")
    network = stage.network("bare")
    network.token, network.refreshable = "revoked", False
    stage.tell()
    stage.passes(5.0)

    deeds.resume_account(stage.world.outside, "bare", "Ada")
    stage.world.poke()
    stage.passes(2.0)

    assert stage.states("bare") == [DeliveryState.QUEUED]
    assert "account:bare" in stage.alarms()


def test_renewed_credentials_outlive_the_process_sealed() -> None:
    """X35, in part."""
    stage = Stage("bare")
    network = stage.network("bare")
    network.token, network.refreshable = "revoked", True
    stage.tell()
    stage.passes(5.0)
    network.refreshable = False
    stage.world.kill(stage.process, "in the test")
    stage.passes(70.0)

    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)

    assert stage.states("bare") == [DELIVERED, DELIVERED]
    with stage.world.store.reading() as session:
        sealed = accounts.credentials(session, "bare")
    assert sealed is not None and network.token.encode() not in sealed


def test_sealed_credentials_open_only_in_their_row_for_their_configuration_under_their_key() -> None:
    """X35, in part."""
    sealed = accounts.seal_credentials({"token": "t"}, key=b"k", account="a", configured="c", nonce=bytes(12))

    def opened(key: bytes = b"k", account: str = "a", configured: str = "c", value: bytes = sealed) -> object:
        return accounts.open_credentials(value, key=key, account=account, configured=configured)

    assert opened() == {"token": "t"}
    changed = [opened(key=b"x"), opened(account="b"), opened(configured="d"), opened(value=sealed[:-1] + b"!"), opened(value=b"")]
    assert changed == [None] * 5


def test_retries_are_spread_and_few() -> None:
    """D21: a hundred deliveries fail at once and ten times each; no second holds a tenth of their 1,000 retries. At most 30 a day."""
    chance, backoff = Random(1), Backoff()
    seconds: Counter[int] = Counter()
    for _ in range(100):
        at = 0.0
        for attempt in range(1, 11):
            at += backoff.wait_s(attempt, at, chance.random())
            seconds[int(at)] += 1

    assert seconds.total() == 1000
    assert max(seconds.values()) <= 100

    stage = Stage("bare")
    stage.network("bare").script = ["throttled"] * 1000
    stage.network("bare").retry_after = ""
    stage.tell()
    stage.passes(86_400.0)
    attempts = [path for _, method, path in stage.network("bare").requests if method == "POST"]
    assert len(attempts) <= 30
    assert stage.states("bare") == [DeliveryState.STUCK]


@pytest.mark.parametrize("fault", ["error", "lost", "throttled", "refused"])
@pytest.mark.parametrize("kind", ["natural", "keyed", "staged", "bare"])
def test_a_network_that_takes_no_post_for_a_day_gets_thirty_attempts_however_they_fail(kind: str, fault: str) -> None:
    """D21: over all epochs of a delivery; the network answers every other question, so that no breaker hides it."""
    stage = Stage(kind)
    network = stage.network(kind)
    network.script, network.retry_after = [fault] * 2000, ""
    stage.tell()

    stage.passes(86_400.0)

    attempts = [path for _, method, path in network.requests if method == "POST" and (path == "posts" or path.endswith("publish"))]
    assert 6 <= len(attempts) <= 30
    row = stage.rows(kind)[0]
    assert (row.state, row.error_class) == (DeliveryState.STUCK, "throttled" if fault == "throttled" else "retry")
    assert f"delivery:{row.id}" in stage.alarms()


@pytest.mark.parametrize(("kind", "method", "fault"), [("bare", "PUT", "error"), ("blind", "PUT", "lost"), ("natural", "POST", "error")])
def test_every_attempt_that_is_counted_of_what_may_be_repeated_is_sent(kind: str, method: str, fault: str) -> None:
    """Edits and natural keys are harmless to repeat, and are repeated thirty times: the last one, too."""
    stage = Stage(kind, mode="edit")
    stage.tell()
    stage.passes(5.0)
    network = stage.network(kind)
    network.requests.clear()
    network.script, network.retry_after = [fault] * 2000, ""
    stage.tell(NoticeKind.IDENTIFIED)

    stage.passes(4 * 3600.0)

    row = stage.rows(kind)[-1]
    sent = [path for _, how, path in network.requests if how == method]
    assert len(sent) == deliveries_tried(stage, row.id) == 30
    assert (row.state, f"delivery:{row.id}" in stage.alarms()) == (DeliveryState.STUCK, True)
    assert "A person sends it again" not in [told(*line) for line in stage.story(row)]


def deliveries_tried(stage: Stage, delivery_id: str) -> int:
    with stage.world.store.reading() as session:
        return deliveries.tries(session, delivery_id)


def test_a_wait_that_a_failing_network_asks_for_holds_for_the_account_whatever_proves_that_it_works() -> None:
    """Retry-After with a 503, too: no trial and no other row makes it shorter."""
    stage = Stage("natural")
    network = stage.network("natural")
    network.script, network.retry_after = ["error"], "900"
    network.status = 503
    stage.tell()
    stage.passes(10.0)
    stage.people.update("incident0001", NoticeKind.INVESTIGATING, valid_s=None)

    stage.passes(1200.0)

    sent = [at for at, method, _ in network.requests if method == "POST"]
    assert len(sent) == 3 and sent[1] - sent[0] >= 900.0


def test_a_wait_that_a_network_asked_for_runs_on_while_the_machine_sleeps() -> None:
    stage = Stage("bare")
    network = stage.network("bare")
    network.script, network.retry_after = ["throttled"], "900"
    stage.tell()
    stage.passes(5.0)

    stage.world.nap(1200.0)
    stage.passes(1200.0 + 5.0)

    assert stage.states("bare") == [DELIVERED]
    sent = [at for at, method, _ in network.requests if method == "POST"]
    assert sent[1] - sent[0] >= 900.0


def test_a_clock_set_back_while_a_process_restarts_does_not_stretch_a_wait() -> None:
    """D23: what is written down in wall time is believed for no longer than it was meant to last."""
    stage = Stage("bare")
    network = stage.network("bare")
    network.script, network.retry_after = ["throttled"], "300"
    stage.tell()
    stage.passes(5.0)
    stage.world.kill(stage.process, "in the test")
    stage.world.wall_offset_s = -7200.0

    stage.passes(60.0 + 300.0 + 5.0)

    assert stage.states("bare") == [DELIVERED]


def test_one_post_that_goes_wakes_all_that_back_off() -> None:
    """D28: no row waits out the long pause that was drawn while the network failed."""
    waits = []
    for seed in range(10):
        stage = Stage("natural", seed=seed)
        network = stage.network("natural")
        network.script, network.status = ["error"] * 12, 503
        stage.tell()
        while network.script:
            stage.passes(1.0)
        stage.people.update("incident0001", NoticeKind.INVESTIGATING, valid_s=None)
        stage.passes(600.0)
        first, second = (post.revisions[0][0] for post in network.posts)
        waits.append(abs(second - first))
    assert max(waits) <= 3.0


@pytest.mark.parametrize("minutes", [1, 10, 60])
@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=pytest.mark.long) for first in (23, 46))])
def test_a_restored_backup_makes_no_second_post(minutes: int, first: int) -> None:
    """D24, 207 seeds: made while something was under way, restored 1, 10 or 60 minutes later."""
    for seed in range(first, first + 23):
        stage = Stage("natural", "bare", seed=seed)
        stage.tell()
        stage.passes(stage.world.chance.uniform(0.0, 1.0))
        copy = stage.world.store.backup()
        stage.passes(minutes * 60.0)
        stage.world.kill(stage.process, "in the test")
        stage.world.store.restore(copy)
        deeds.after_restore(stage.world.outside, "Ada", stage.world.wall())

        stage.passes(400.0)

        assert [len(stage.texts(name)) for name in ("natural", "bare")] == [1, 1], seed
        assert stage.states("natural") == stage.states("bare") == [DELIVERED], seed


@pytest.mark.parametrize("kind", ["keyed", "bare"])
def test_a_restored_post_that_an_update_may_have_rewritten_is_left_to_a_person(kind: str) -> None:
    """The backup does not know the update, and the post bears its code alone by now; found by seed 5261 as a second post."""
    stage = Stage(kind, mode="edit")
    stage.tell(hold_s=30.0)
    copy = stage.world.store.backup()
    stage.passes(60.0)
    stage.tell(NoticeKind.UPDATE)
    stage.passes(60.0)
    stage.world.kill(stage.process, "in the test")
    stage.world.store.restore(copy)
    deeds.after_restore(stage.world.outside, "Ada", stage.world.wall())

    stage.passes(900.0)

    (row,) = stage.rows(kind)
    assert (row.state, row.error_class) == (DeliveryState.STUCK, "restored")
    assert f"delivery:{row.id}" in stage.alarms()
    with pytest.raises(NotAllowed, match="could post it twice"):
        deeds.retry(stage.world.outside, row.id, "Ada")
    assert len(stage.texts(kind)) == 1

    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(60.0)

    genuine, _ = Posts(()).codes(stage.rows(kind), "/incidents/x/")
    assert stage.rows(kind)[0].state is DeliveryState.SUPERSEDED
    assert row.code in {one.code for one in genuine}, "somebody may have read it"


@pytest.mark.parametrize("kind", ["bare", "blind"])
def test_the_end_is_told_where_a_backup_forgot_that_the_beginning_was_tried(kind: str) -> None:
    """The backup is older than every attempt: what was found since, or counts as published, is no reason to say nothing."""
    stage = Stage(kind)
    stage.tell(hold_s=30.0)
    copy = stage.world.store.backup()
    stage.passes(60.0)
    stage.world.kill(stage.process, "in the test")
    stage.world.store.restore(copy)
    deeds.after_restore(stage.world.outside, "Ada", stage.world.wall())
    stage.passes(900.0)
    before = len(stage.texts(kind))

    stage.tell(NoticeKind.RESOLVED)
    stage.passes(60.0)

    assert [row.attempts for row in stage.rows(kind)] == [0, 1]
    assert stage.states(kind) == [DELIVERED, DELIVERED]
    assert (before, len(stage.texts(kind))) == (1, 2)
    assert stage.wrong() == []


@pytest.mark.parametrize("minutes", [1, 10, 60])
@pytest.mark.parametrize("seed", range(5))
def test_a_restored_post_that_nobody_can_look_for_is_held_for_a_person(minutes: int, seed: int) -> None:
    """D24 on a blind network: an alarm at once, ten minutes to look, no second post."""
    stage = Stage("blind", seed=seed)
    stage.network("blind").script = ["slow"]
    stage.tell()
    stage.passes(1.5)
    copy = stage.world.store.backup()
    stage.passes(minutes * 60.0)
    stage.world.kill(stage.process, "in the test")
    stage.world.store.restore(copy)
    deeds.after_restore(stage.world.outside, "Ada", stage.world.wall())
    stage.world.start(stage.process)
    stage.passes(5.0)
    (row,) = stage.rows("blind")
    alarms = stage.alarms()

    stage.passes(650.0)

    assert row.state is DeliveryState.UNKNOWN and f"unknown:{row.id}" in alarms
    assert stage.states("blind") == [DELIVERED]
    assert len(stage.texts("blind")) == 1


def test_what_waited_for_a_person_when_the_backup_was_made_waits_again() -> None:
    stage = Stage("bare")
    stage.tell(hold_s=600.0)
    deeds.after_restore(stage.world.outside, "Ada", stage.world.wall())
    stage.world.poke()

    stage.passes(300.0)

    assert stage.states("bare") == [DeliveryState.WAITING]


def test_a_seal_holds_only_under_its_key() -> None:
    stage = Stage("bare")
    stage.tell()
    row = stage.rows("bare")[0]

    assert seal_ok(row, SEAL_KEY)
    assert not seal_ok(row, b"another key")
    assert not seal_ok(replace(row, seal=seal(row, b"another key")), SEAL_KEY)


def test_a_rehearsal_is_refused_on_a_real_channel() -> None:
    stage = Stage("bare")
    stage.people.update("drill0000000", NoticeKind.INVESTIGATING, valid_s=None, drill=True)

    stage.passes(5.0)

    assert stage.texts("bare") == []
    assert len([key for key in stage.alarms() if key.startswith("delivery:")]) == 1


def test_the_off_switch_stops_posts_and_its_end_lets_them_go() -> None:
    stage = Stage("bare")
    with stage.world.store.writing() as session:
        switches.turn(session, switches.POSTING, off=True, by="Ada", reason="", at=stage.world.wall())
    stage.tell()
    stage.passes(60.0)
    assert stage.texts("bare") == []

    stage.people.switch(off=False)
    stage.passes(5.0)

    assert len(stage.texts("bare")) == 1


def test_a_stuck_delivery_from_a_backup_is_looked_for_and_never_sent_by_itself() -> None:
    """A person was to decide about it, and may have done so since; and a post that the network calls a repeat may hide."""
    stage = Stage("bare")
    network = stage.network("bare")
    network.script, network.refuses_equal = ["lost_applied"], True
    stage.tell()
    stage.passes(5.0)
    network.posts[0].visible_at = float("inf")
    stage.passes(600.0)
    assert [row.error_class for row in stage.rows("bare")] == ["duplicate"]
    copy = stage.world.store.backup()
    stage.world.kill(stage.process, "in the test")
    stage.world.store.restore(copy)
    deeds.after_restore(stage.world.outside, "Ada", stage.world.wall())
    network.refuses_equal = False

    stage.passes(1800.0)

    (row,) = stage.rows("bare")
    assert (row.state, len(network.posts)) == (DeliveryState.STUCK, 1)
    assert f"delivery:{row.id}" in stage.alarms()


@pytest.mark.parametrize("kind", ["natural", "keyed", "staged", "bare", "blind"])
def test_what_was_refused_before_the_backup_is_not_sent_after_it_by_itself(kind: str) -> None:
    stage = Stage(kind)
    stage.network(kind).script = ["rejected"]
    stage.tell()
    stage.passes(30.0)
    assert stage.states(kind) == [DeliveryState.STUCK]
    copy = stage.world.store.backup()
    stage.world.kill(stage.process, "in the test")
    stage.world.store.restore(copy)
    deeds.after_restore(stage.world.outside, "Ada", stage.world.wall())

    stage.passes(1800.0)

    assert (stage.states(kind), stage.texts(kind)) == ([DeliveryState.STUCK], [])


def test_a_wait_that_the_trial_is_asked_for_is_kept() -> None:
    """D16: the answer to the question who we are counts like any other."""
    stage = Stage("bare")
    network = stage.network("bare")
    network.down = True
    stage.tell()
    stage.passes(60.0)
    network.down = False
    asked, real = [], network.exchange

    def throttled(request: Request) -> Answer:
        if request.url.endswith("/me") and stage.world.time < 600.0:
            asked.append(stage.world.time)
            return _answer(429, {}, {"Retry-After": "7200"})
        return real(request)

    network.exchange = throttled  # type: ignore[method-assign]
    stage.passes(1800.0)

    assert len(asked) == 1 and "wait:bare" in stage.alarms()
    assert stage.texts("bare") == []


@pytest.mark.parametrize(
    ("kind", "script", "reads"), [("natural", "error", []), ("keyed", "error", []), ("bare", "lost_applied", ["throttled"])]
)
def test_what_a_network_asked_to_wait_outlives_the_process(kind: str, script: str, reads: list[str]) -> None:
    """D16: whatever status it came with, and whatever was asked."""
    stage = Stage(kind)
    network = stage.network(kind)
    network.status, network.retry_after, network.script, network.reads = 503, "900", [script], reads
    stage.tell()
    stage.passes(40.0)
    before = len(network.requests)
    stage.world.kill(stage.process, "in the test")
    stage.world.start(stage.process)

    stage.passes(800.0)
    assert len(network.requests) == before

    stage.passes(900.0)
    assert stage.states(kind) == [DELIVERED] and len(stage.texts(kind)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_timeline_that_cannot_be_read_holds_up_no_other_thread_for_longer_than_one_look(seed: int) -> None:
    stage = Stage("bare", seed=seed)
    network = stage.network("bare")
    network.script, network.reads = ["lost_applied"], ["lost"] * 5000
    stage.tell()
    stage.passes(900.0 + seed * 17.0)

    for number in range(5):
        at, other = stage.world.time, f"another{number:05d}"
        stage.people.update(other, NoticeKind.INVESTIGATING, valid_s=None)
        stage.passes(120.0)
        (post,) = [post for post in network.posts if other in post.text]
        assert post.revisions[0][0] - at <= 16.0, "the deadline of one request, and the time that a post takes"


@pytest.mark.parametrize("jump_s", [-7200.0, -60.0])
def test_the_word_that_a_post_is_not_there_is_not_taken_early_where_the_clock_was_set_back(jump_s: float) -> None:
    """D23: what may still arrive does so by another clock."""
    stage = Stage("bare")
    stage.network("bare").script, stage.network("bare").late_s = ["late"], 60.0
    stage.tell()
    stage.passes(32.0)
    stage.world.wall_offset_s = jump_s

    with pytest.raises(NotAllowed, match="may still appear"):
        deeds.retry(stage.world.outside, stage.rows("bare")[0].id, "Ada", looked=True)

    stage.passes(300.0)
    assert stage.states("bare") == [DELIVERED] and len(stage.texts("bare")) == 1
