"""The prober against a real store and real servers: when it looks, what it hands over, what it does while the store is away."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import pytest

from statuspage.actions.switches import turn_off, turn_on
from statuspage.core.errors import NotAllowed, NotFound
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.outside import SystemClock
from statuspage.probes import PROBES
from statuspage.probes.engine import Pause
from statuspage.probes.findings import Finding
from statuspage.probes.journey import account_key
from statuspage.probes.notebook import Notebook
from statuspage.store import otp, switches
from statuspage.store.engine import Database
from statuspage.worker import prober as module
from statuspage.worker.errands import Errands
from statuspage.worker.prober import Prober, run_once
from tests.probes.servers import Conversation, hang, page, serving
from tests.probes.stage import HERE, Stage, probe, probing, until

# --- results -----------------------------------------------------------------------------------------------------------


def test_results_reach_the_store_with_sequences_that_rise(stage: Stage) -> None:
    with serving(page()) as server, probing(stage.context([probe("a", server.url), probe("b", server.url)])) as prober:
        until(prober, lambda: Counter(row.probe for row in stage.rows()).total() >= 6)

    rows = stage.rows()
    assert {row.outcome for row in rows} == {"passed"}
    for name in ("a", "b"):
        numbers = [row.sequence for row in rows if row.probe == name]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(set(row.phases_ms) >= {"dns", "connect", "total"} for row in rows)


def test_a_first_failure_is_looked_at_again_soon_until_it_is_confirmed(stage: Stage) -> None:
    """The interval is far longer than the test: only re-checks can confirm."""
    with serving(page(b"x", 500)) as server:
        ctx = stage.context([probe("a", server.url, interval_s=3600)])
        with probing(ctx) as prober:
            until(prober, lambda: len(stage.rows()) >= 3)
            streak = prober._plans[0].streak

    assert streak.down.bad and not streak.in_doubt
    assert server.accepted == 3


def test_rechecks_of_a_hanging_target_do_not_wait_for_each_other(stage: Stage) -> None:
    with serving(hang) as server:
        ctx = stage.context([probe("a", server.url, interval_s=3600, timeout_s=0.4)])
        with probing(ctx) as prober:
            until(prober, lambda: len(stage.rows()) >= 1)
            until(prober, lambda: prober._plans[0].running == 2)  # both re-checks at once
            until(prober, lambda: len(stage.rows()) >= 3)

    rows = stage.rows()
    assert {row.reason for row in rows} == {"read_timeout"}
    assert rows[2].at - rows[1].at < rows[1].at - rows[0].at


def test_one_probe_that_breaks_us_is_our_fault_and_leaves_the_others_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_target: Any, _look: Any) -> Any:
        raise RuntimeError("canary-word")
        yield

    with serving(page()) as server:
        ctx = stage.context([probe("a", server.url), {**probe("b", server.url), "kind": "tcp", "target": {"host": "127.0.0.1", "port": 1}}])
        monkeypatch.setattr(PROBES["tcp"], "probe", broken)
        with probing(ctx) as prober:
            until(prober, lambda: {row.probe for row in stage.rows()} == {"a", "b"} and "prober-fault:b" in stage.open_alarms())

    by_name = {row.probe: row for row in stage.rows()}
    assert (by_name["a"].outcome, by_name["b"].outcome, by_name["b"].reason) == ("passed", "no_data", "prober_fault")
    assert "canary-word" not in by_name["b"].evidence


def test_a_denied_address_is_no_outage_and_alarms(stage: Stage) -> None:
    with probing(stage.context([probe("a", "http://10.0.0.1/")])) as prober:
        until(prober, lambda: bool(stage.rows()) and "address:a" in stage.open_alarms())

    assert {(row.outcome, row.reason) for row in stage.rows()} == {("no_data", "address_denied")}


def test_a_result_is_dated_from_the_moment_that_its_probe_names(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journey that waited for a one-time code looked later than it began."""
    moments: list[datetime] = []

    def waiting(_target: Any, look: Any) -> Any:
        yield Pause(0.05)
        moments.append(look.now())
        return Finding(Outcome.PASSED, Reason.AS_EXPECTED, at=moments[-1])

    monkeypatch.setattr(PROBES["http"], "probe", waiting)
    ctx = stage.context([probe("a", "http://127.0.0.1:1/", interval_s=3600)])
    with probing(ctx) as prober:
        until(prober, lambda: bool(stage.rows()))

    assert [row.at for row in stage.rows()] == moments
    assert run_once(ctx, "a").at == moments[-1]


# --- the store is away -------------------------------------------------------------------------------------------------


def test_results_wait_on_disk_while_the_store_is_away_and_arrive_afterwards(stage: Stage) -> None:
    with serving(page()) as server:
        ctx = stage.context([probe("a", server.url)])
        with probing(ctx) as prober:
            until(prober, lambda: len(stage.rows()) >= 2)
            stage.store.away = True
            until(prober, lambda: bool(list((stage.folder / "prober").rglob("*.jsonl"))) and len(prober.outbox) >= 3)
        kept = len(stage.rows())

        with probing(ctx) as prober:  # a new process, the store still away: what is on disk is taken up, and looking goes on
            until(prober, lambda: len(prober.outbox) >= 5)
            stage.store.away = False
            until(prober, lambda: len(stage.rows()) >= kept + 5 and not list((stage.folder / "prober").rglob("*.jsonl")))

    numbers = [row.sequence for row in stage.rows()]
    assert len(set(numbers)) == len(numbers)
    assert numbers[kept : kept + 3] == list(range(numbers[kept - 1] + 1, numbers[kept - 1] + 4))  # nothing was lost on the way


def test_what_is_too_much_is_dropped_from_the_old_end_and_counted(stage: Stage) -> None:
    with serving(page()) as server:
        stage.store.away = True
        with probing(stage.context([probe("a", server.url, interval_s=0.02)])) as prober:
            prober.outbox.limit = 5
            until(prober, lambda: prober._counts[module.DROPPED_COUNTER, ""] >= 3)
            stage.store.away = False
            until(prober, lambda: stage.counted(module.DROPPED_COUNTER) >= 3 and "dropped:here" in stage.open_alarms())


def test_a_store_that_hangs_makes_no_check_late(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store blocks until the test lets it go; meanwhile checks go on and pass."""
    gate = threading.Event()
    with serving(page()) as server:
        ctx = stage.context([probe("a", server.url, interval_s=0.05)])
        with probing(ctx) as prober:
            until(prober, lambda: len(stage.rows()) >= 1)
            taken = server.accepted
            monkeypatch.setattr(stage.store, "writing", lambda: gate.wait(30) and stage.store.database.writing())
            until(prober, lambda: server.accepted >= taken + 10)
            gate.set()
            until(prober, lambda: len(stage.rows()) >= 10)

    assert {row.outcome for row in stage.rows()} == {"passed"}


# --- the off switch ----------------------------------------------------------------------------------------------------


def test_the_off_switch_cuts_what_is_in_flight_and_stops_the_rest(stage: Stage) -> None:
    with serving(hang) as server:
        ctx = stage.context([probe("a", server.url, timeout_s=30)])
        with probing(ctx) as prober:
            until(prober, lambda: server.accepted == 1)
            _switch(stage, off=True)
            until(prober, lambda: len(stage.rows()) >= 3)
            accepted = server.accepted
            _switch(stage, off=False)
            until(prober, lambda: server.accepted > accepted)

    assert accepted == 1
    assert {(row.outcome, row.reason) for row in stage.rows()[:3]} == {("no_data", "paused")}


def _switch(stage: Stage, *, off: bool) -> None:
    with stage.store.database.writing() as session:
        switches.turn(session, switches.PROBING, off=off, by="a person", reason="", at=SystemClock().now())


# --- blindness ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("alive", "blind"), [(3, False), (2, False), (1, True), (0, True)])
def test_a_location_whose_references_mostly_fail_is_blind(alive: int, blind: bool, stage: Stage) -> None:
    with serving(page()) as reference, serving(page(b"x", 500)) as server:
        references = [reference.url] * alive + ["tcp://127.0.0.1:1"] * (3 - alive)
        ctx = stage.context([probe("a", server.url)], {**HERE, "references": references, "reference_interval_s": 0.2})
        with probing(ctx) as prober:
            until(prober, lambda: len(stage.rows()) >= 4 and ("blind:here" in stage.open_alarms()) is blind)

    expected = ("no_data", "location_blind") if blind else ("failed", "http_status")
    assert {(row.outcome, row.reason) for row in stage.rows()} == {expected}


def test_the_first_failure_is_told_only_after_the_references_were_asked_anew(stage: Stage) -> None:
    """The network goes down between two rounds: the regular round would come far too late."""
    down = threading.Event()

    def target(conversation: Conversation) -> None:
        if not down.is_set():
            conversation.answer(200, b"Welcome")

    with serving(target) as server, serving(page()) as reference:
        location = {**HERE, "references": [reference.url] * 3, "reference_interval_s": 3600}
        with probing(stage.context([probe("a", server.url)], location)) as prober:
            until(prober, lambda: len(stage.rows()) >= 2)
            reference.close()
            down.set()
            until(prober, lambda: len(stage.rows()) >= 6)

    assert {(row.outcome, row.reason) for row in stage.rows()} == {("passed", "as_expected"), ("no_data", "location_blind")}


# --- late checks (P13) -------------------------------------------------------------------------------------------------


def test_checks_that_begin_late_are_counted_and_alarmed(stage: Stage) -> None:
    with serving(page()) as server:
        ctx = stage.context([probe("a", server.url, interval_s=10)])
        with probing(ctx) as prober:
            until(prober, lambda: len(stage.rows()) >= 1)
            prober._plans[0]._slot = (
                ctx.ports.clock.monotonic() - 495.0
            )  # as if the process had stood still: 49 were missed, one is 5 s late
            until(prober, lambda: stage.counted(module.LATE_COUNTER) >= 50 and "late:here" in stage.open_alarms())

    assert stage.counted(module.LATE_COUNTER) == 50
    assert len(stage.rows()) >= 2  # and looked at all the same


METRONOME = """
import select, sys, time
last, still = time.monotonic(), 0.0
while not select.select([sys.stdin], [], [], 0.1)[0]:
    now = time.monotonic()
    still, last = still + (now - last if now - last > 1 else 0), now
print(still)
"""


@contextmanager
def metronome() -> Iterator[list[float]]:
    """For how many seconds the machine itself stood still, as a process saw it that does nothing else: known when the block has ended."""
    stood_still: list[float] = []
    with subprocess.Popen([sys.executable, "-c", METRONOME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield stood_still
        stood_still.append(float(process.communicate()[0]))


@pytest.mark.long
def test_five_hundred_targets_each_twenty_seconds_are_on_time(stage: Stage) -> None:
    """P13: 500 targets, 60 s, at least 99 % begin within 2 s of their moment, but for those that the machine stood still for."""
    with serving(page()) as server, metronome() as stood_still:
        ctx = stage.context([probe(f"p{number}", server.url, interval_s=20, recheck_s=2) for number in range(500)])
        clock = ctx.ports.clock
        with probing(ctx) as prober:
            ends = clock.monotonic() + 60
            while clock.monotonic() < ends:
                prober.step()
            until(prober, lambda: stage.counted(module.CHECKS_COUNTER) >= 0.99 * 1500)

    made, late = stage.counted(module.CHECKS_COUNTER), stage.counted(module.LATE_COUNTER)
    assert late <= 0.01 * made + made / 60 * stood_still[0]
    assert Counter(row.outcome for row in stage.rows())["passed"] >= 0.98 * made


# --- one check by hand -------------------------------------------------------------------------------------------------


def test_one_check_can_be_made_by_hand_and_is_recorded_nowhere(stage: Stage) -> None:
    with serving(page(b"x", 503)) as server:
        result = run_once(stage.context([probe("a", server.url)]), "a")

    assert (result.outcome, result.reason, result.location) == (Outcome.FAILED, Reason.HTTP_STATUS, "here")
    assert "503" in result.evidence and stage.rows() == []


def test_a_check_by_hand_leaves_test_accounts_alone_that_the_prober_has_used_up(stage: Stage) -> None:
    accounts = [{"name": name, "user": name, "password": "secret-word"} for name in ("anna", "bert")]
    asked: list[str] = []

    def answer(conversation: Conversation) -> None:
        asked.append(conversation.path)
        page(b"welcome")(conversation)

    with serving(answer) as server:
        steps = [{"name": "sign in", "url": "/", "form": {"user": "{user}", "password": "{password}"}, "method": "POST"}]
        target = {"url": server.url, "accounts": accounts, "steps": steps, "attempts_per_hour": 1}
        ctx = stage.context([{"name": "in", "kind": "journey", "target": target}])
        fresh = run_once(ctx, "in")
        used = Notebook()
        for account in ctx.targets["in"].accounts:
            used.note_attempt(account_key(ctx.targets["in"], account), ctx.now())
        ctx.ports.files.write(PurePosixPath("prober/here/notebook.json"), json.dumps(used.dump()).encode())
        result = run_once(ctx, "in")

    assert fresh.outcome is Outcome.PASSED, fresh
    assert (result.outcome, result.reason, asked) == (Outcome.NO_DATA, Reason.ATTEMPTS_EXHAUSTED, ["/"])


def test_the_attempts_and_rests_of_checks_by_hand_hold_for_the_next_one_and_for_the_prober(stage: Stage) -> None:
    """Also while the prober works, whose own notes are in its memory."""
    tried: list[str] = []

    def answer(conversation: Conversation) -> None:
        tried.append(conversation.body.decode().partition("&")[0])
        page(b"refused" if "anna" in tried[-1] else b"welcome")(conversation)

    accounts = [{"name": name, "user": name, "password": "secret-word"} for name in ("anna", "bert")]
    form = {"user": "{user}", "password": "{password}"}
    steps = [{"name": "sign in", "url": "/", "form": form, "method": "POST", "refused": {"texts": ["refused"]}}]
    with serving(answer) as server:
        target = {"url": server.url, "accounts": accounts, "steps": steps, "attempts_per_hour": 2}
        ctx = stage.context([{"name": "in", "kind": "journey", "target": target}])
        found = [run_once(ctx, "in") for _ in range(4)]
        notes = Errands(ctx, "here", ctx.ports.files).prepare().notebook

    assert [result.outcome for result in found] == [Outcome.ACCOUNT_PROBLEM, Outcome.PASSED, Outcome.ACCOUNT_PROBLEM, Outcome.NO_DATA]
    assert tried == ["user=anna", "user=bert", "user=bert", "user=anna"]  # anna rests, until nobody else is left
    assert [notes.attempts(account_key(ctx.targets["in"], account), ctx.now()) for account in ctx.targets["in"].accounts] == [2, 2]
    assert ctx.ports.files.read(PurePosixPath("prober/here/notebook.json")) is None


def test_no_check_by_hand_while_all_probing_is_switched_off(stage: Stage) -> None:
    with serving(page()) as server:
        ctx = stage.context([probe("a", server.url)])
        turn_off(ctx, switches.PROBING, who="Ana", reason="The bank's fire wall is being changed")
        with pytest.raises(NotAllowed, match=r"switched off by Ana .*fire wall is being changed.*statuspage resume probing"):
            run_once(ctx, "a")
        accepted = server.accepted
        turn_on(ctx, switches.PROBING, who="Ana")
        result = run_once(ctx, "a")

    assert (accepted, result.outcome) == (0, Outcome.PASSED)


def test_an_unknown_probe_or_location_is_named(stage: Stage) -> None:
    ctx = stage.context([probe("a", "http://127.0.0.1/")])

    with pytest.raises(NotFound, match="Known: a"):
        run_once(ctx, "b")
    with pytest.raises(NotFound, match="Known: here"):
        Prober(ctx, "there")


def test_probes_of_other_locations_are_left_to_them(stage: Stage) -> None:
    with serving(page()) as server:
        ctx = stage.context([probe("a", server.url)])
        two = replace(
            ctx, settings=ctx.settings.model_copy(update={"probes": [ctx.settings.probes[0].model_copy(update={"locations": ["x"]})]})
        )
        with probing(two) as prober:
            until(prober, lambda: prober._references is not None)
            assert prober._plans == []


# --- one-time codes in the store ---------------------------------------------------------------------------------------


def test_a_step_is_claimed_once_and_none_before_it(database: Database) -> None:
    claims = []
    for step in (7, 7, 6, 8, 8):
        with database.writing() as session:
            claims.append(otp.claim(session, "totp-a", step))
    with database.writing() as session:
        other = otp.claim(session, "totp-b", 7)

    assert claims == [True, False, False, True, False]
    assert other


def test_of_many_that_claim_a_step_at_once_one_gets_it(database: Database) -> None:
    won: list[bool] = []
    barrier = threading.Barrier(8)

    def claim() -> None:
        barrier.wait()
        with database.writing() as session:
            won.append(otp.claim(session, "totp-a", 9))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False] * 7 + [True]
