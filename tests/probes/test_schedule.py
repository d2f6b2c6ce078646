"""When a probe is due, what waits in the outbox, and what `statuspage check` may promise. No clock, no network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count as count_from
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from statuspage.core.budget import Timing, budget, slots_needed, survives
from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.outside import Folder
from statuspage.probes.references import parse_reference
from statuspage.settings.models import ProbeSettings
from statuspage.worker.outbox import BATCH, Outbox, decode, encode, read_segments, write_segment
from statuspage.worker.plan import LATE_S, Check, Plan

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
FAILED, PASSED, NO_DATA = Outcome.FAILED, Outcome.PASSED, Outcome.NO_DATA


def a_plan(place: int = 0, **settings: float) -> Plan:
    probe = ProbeSettings.model_validate({"name": "a", "kind": "http", "component": "web", "target": {}, **settings})
    return Plan(probe, None, place=place, now=0.0, sequence=0)


def a_result(number: int, outcome: Outcome = PASSED, **values: object) -> CheckResult:
    reason = Reason.AS_EXPECTED if outcome is PASSED else Reason.HTTP_STATUS
    return CheckResult("a", "here", number, T0 + timedelta(seconds=number), outcome, reason, **values)  # type: ignore[arg-type]


def end(plan: Plan, check: Check, outcome: Outcome) -> list[CheckResult]:
    check.result, check.ready = a_result(check.sequence, outcome), True
    return plan.take_ready()


# --- the grid ----------------------------------------------------------------------------------------------------------


def test_a_grid_keeps_its_beat_although_checks_begin_a_little_late() -> None:
    plan = a_plan(interval_s=20)
    began = []

    for delay in (0.0, 1.5, 0.3, 1.9):
        now = plan.due_at() + delay
        check, late = plan.begin(now)
        began.append(now - delay)
        assert late == 0
        end(plan, check, PASSED)

    assert began == [0.0, 20.0, 40.0, 60.0]


@pytest.mark.parametrize(("now", "late"), [(1.9, 0), (2.1, 1), (19.9, 1), (20.5, 1), (23.0, 2), (65.0, 4)])
def test_late_and_missed_checks_are_counted(now: float, late: int) -> None:
    plan = a_plan(interval_s=20)

    assert plan.begin(now)[1] == late
    assert plan.due_at() == float("inf")  # one at a time


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=30))
def test_every_moment_of_the_grid_is_either_kept_or_counted(delays: list[float]) -> None:
    plan, kept, late, now = a_plan(interval_s=20), 0, 0, 0.0

    for delay in delays:
        now = max(plan.due_at(), now) + delay
        check, counted = plan.begin(now)
        kept, late = kept + 1, late + counted
        end(plan, check, PASSED)

    moments = int(now // 20) + 1  # of the grid up to now
    assert kept + late >= moments  # nothing is skipped silently
    assert late <= moments


@given(st.integers(2, 500))
def test_probes_are_spread_over_their_interval(count: int) -> None:
    starts = sorted(a_plan(place, interval_s=20).due_at() for place in range(count))
    gaps = [after - before for before, after in zip(starts, [*starts[1:], starts[0] + 20], strict=True)]

    assert max(gaps) <= 3 * 20 / count  # no crowd, no desert


# --- re-checks ---------------------------------------------------------------------------------------------------------


def test_after_a_first_failure_rechecks_come_every_two_seconds_until_confirmed() -> None:
    plan = a_plan(interval_s=20, recheck_s=2)
    moments = []

    for _ in range(3):
        now = plan.due_at()
        moments.append(now)
        end(plan, plan.begin(now)[0], FAILED)

    assert moments == [0.0, 2.0, 4.0]
    assert not plan.streak.in_doubt and plan.due_at() == 20.0


def test_a_doubt_that_clears_ends_the_rechecks() -> None:
    plan = a_plan(interval_s=20, recheck_s=2)
    end(plan, plan.begin(0.0)[0], FAILED)

    moments = []
    while plan.streak.in_doubt:
        now = plan.due_at()
        moments.append(now)
        end(plan, plan.begin(now)[0], PASSED)

    assert moments == [2.0, 4.0, 6.0]
    assert plan.due_at() == 20.0


def test_what_says_nothing_about_the_target_asks_for_no_recheck() -> None:
    plan = a_plan(interval_s=20)

    end(plan, plan.begin(0.0)[0], NO_DATA)

    assert plan.due_at() == 20.0


def test_rechecks_of_a_hanging_target_overlap_and_are_no_more_than_needed() -> None:
    plan = a_plan(interval_s=20, recheck_s=2, timeout_s=10)
    first, _ = plan.begin(0.0)
    end(plan, first, FAILED)  # at 10 s

    second, _ = plan.begin(max(10.0, plan.due_at()))
    third, _ = plan.begin(plan.due_at())

    assert (second.began, third.began) == (10.0, 12.0)
    assert plan.due_at() == float("inf")
    end(plan, second, FAILED)
    end(plan, third, FAILED)
    assert plan.streak.down.bad


def test_results_leave_in_the_order_of_their_sequence_whichever_ended_first() -> None:
    plan = a_plan()
    end(plan, plan.begin(0.0)[0], FAILED)
    second, third = plan.begin(2.0)[0], plan.begin(4.0)[0]

    early = end(plan, third, FAILED)
    both = end(plan, second, FAILED)

    assert early == []
    assert [result.sequence for result in both] == [second.sequence, third.sequence]


# --- the outbox --------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["add", "done", "save", "fail"]), st.integers(1, 8)), max_size=40))
@example([("add", 1), ("save", 1), ("add", 4), ("save", 1), ("add", 6), ("save", 1), ("done", 1)])
def test_every_result_is_handed_over_once_and_in_order_or_counted_as_dropped(acts: list[tuple[str, int]]) -> None:
    outbox, number, handed, dropped, on_disk, names = Outbox(limit=10), 0, [], 0, {}, count_from(0)

    for act, count in acts:
        if act == "add":
            results = [a_result(number + index) for index in range(count)]
            number += count
            dropped += outbox.add(results)
        elif act == "done":
            batch = outbox.batch()
            dropped += outbox.add([])
            handed += [result.sequence for result in batch.results]
            outbox.done(batch.end)
        elif act == "save" and outbox.unsaved().results:
            batch = outbox.unsaved()
            path = PurePosixPath(f"{next(names)}.jsonl")  # never the same twice, as segments
            on_disk[path] = [result.sequence for result in batch.results]
            outbox.saved(path, batch.end)
        for path in outbox.finished_files():
            waiting = {result.sequence for result in outbox.batch().results}
            assert not waiting & set(on_disk.pop(path))
    waiting = [result.sequence for result in outbox.batch().results]

    assert handed == sorted(set(handed))
    assert len(handed) + dropped + len(waiting) == number
    assert waiting == list(range(number - len(waiting), number))  # the newest; the oldest were dropped first


def test_a_batch_that_was_partly_dropped_meanwhile_does_no_harm() -> None:
    outbox = Outbox(limit=4)
    outbox.add([a_result(n) for n in range(4)])
    batch = outbox.batch()

    dropped = outbox.add([a_result(n) for n in (4, 5)])
    outbox.done(batch.end)

    assert dropped == 2
    assert [result.sequence for result in outbox.batch().results] == [4, 5]


def test_batches_are_of_limited_size() -> None:
    outbox = Outbox()
    outbox.add([a_result(n) for n in range(BATCH + 7)])

    first = outbox.batch()
    outbox.done(first.end)

    assert (len(first.results), len(outbox.batch().results)) == (BATCH, 7)


def test_what_was_kept_on_disk_comes_back_as_it_was(tmp_path: Path) -> None:
    files, folder = Folder(tmp_path), PurePosixPath("prober/here/waiting")
    results = [
        a_result(1, latency_ms=12.5, phases_ms={"dns": 1.0}, evidence="Konto “geöffnet”"),
        a_result(2, FAILED, partial=True),
    ]

    path = write_segment(files, folder, results)
    found = read_segments(files, folder)

    assert found == [(path, results)]


def test_lines_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    files, folder = Folder(tmp_path), PurePosixPath("waiting")
    good = encode(a_result(1))
    files.write(folder / "x.jsonl", f"{good}\n{good[:40]}\n\xff\n{{}}\n[]\n\n".encode("latin-1"))

    assert [result.sequence for _, results in read_segments(files, folder) for result in results] == [1]


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.none())
def test_any_result_survives_its_line(evidence: str, latency_ms: float | None) -> None:
    result = a_result(1, evidence=evidence.encode("utf-8", "replace").decode(), latency_ms=latency_ms)

    assert decode(encode(result)) == result
    assert "\n" not in encode(result)


# --- budgets -----------------------------------------------------------------------------------------------------------


def a_timing(**values: object) -> Timing:
    given_values = {"name": "a", "interval_s": 20.0, "recheck_s": 2.0, "timeout_s": 10.0, "failures_to_open": 3, **values}
    return Timing(**given_values)  # type: ignore[arg-type]


def test_the_defaults_keep_the_promise() -> None:
    found = budget(a_timing())

    assert found.answers_s <= 20 + 10 and found.hangs_s <= 20 + 2 * 10 + 10
    assert (found.slots, found.warnings) == (2, ())


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"recheck_s": 6.0}, r"more than the 30 s"),
        ({"failures_to_open": 9}, r"more than the 30 s"),
        ({"recheck_s": 30.0}, r"hanging target may take"),
        ({"timeout_s": 30.0}, r"checks are late"),
        ({"accounts": 2, "attempts_per_hour": 60}, r"each test account would sign in 90 times"),
        ({"accounts": 2, "attempts_per_hour": 120}, r"a long outage would end in no data"),
        ({"accounts": 2, "attempts_per_hour": 999, "codes": True, "interval_s": 10.0}, r"faster than one in 30 s"),
        ({"accounts": 2, "attempts_per_hour": 999, "codes": True}, r"or add test accounts"),
    ],
)
def test_what_does_not_fit_together_is_said(values: dict[str, object], complaint: str) -> None:
    warnings = " ".join(budget(a_timing(**values)).warnings)

    assert __import__("re").search(complaint, warnings), warnings


def simulated(failures: int, interval_s: float, recheck_s: float, duration_s: float) -> float:
    """Seconds from the failure to its confirmation by a plan that is driven through virtual time."""
    plan = a_plan(interval_s=interval_s, recheck_s=recheck_s, failures_to_open=failures, timeout_s=max(duration_s, 0.001))
    end(plan, plan.begin(0.0)[0], PASSED)  # the failure begins just after this one
    now, running = 0.0, []
    while not plan.streak.down.bad:
        due, ending = plan.due_at(), min((check.began + duration_s for check in running), default=float("inf"))
        now = max(now, min(due, ending))
        if ending <= due:
            check = min(running, key=lambda check: check.began)
            running.remove(check)
            end(plan, check, FAILED)
        else:
            running.append(plan.begin(now)[0])
    return now


@given(st.integers(1, 6), st.floats(1, 60), st.floats(0.5, 10), st.booleans(), st.floats(0.5, 20))
def test_no_verdict_takes_longer_than_the_budget_says(
    failures: int, interval_s: float, recheck_s: float, hangs: bool, timeout_s: float
) -> None:
    found = budget(a_timing(failures_to_open=failures, interval_s=interval_s, recheck_s=recheck_s, timeout_s=timeout_s))

    took_s = simulated(failures, interval_s, recheck_s, timeout_s if hangs else 0.0)

    assert took_s <= (found.hangs_s if hangs else found.answers_s)


def test_slots_keep_hanging_targets_on_time() -> None:
    assert slots_needed([a_timing()] * 10) == 20
    assert slots_needed([a_timing(interval_s=5.0, timeout_s=12.0)]) == 6
    assert survives(400, interval_s=20, timeout_s=10) == 800


# --- references --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("https://example.org", ("example.org", 443, True)),
        ("http://127.0.0.1:8080/x", ("127.0.0.1", 8080, False)),
        ("tcp://192.0.2.1:53", ("192.0.2.1", 53, False)),
    ],
)
def test_references_are_read(text: str, parsed: Sequence[object]) -> None:
    found = parse_reference(text)

    assert (found.host, found.port, found.secure) == tuple(parsed)


@pytest.mark.parametrize("text", ["ftp://x", "tcp://host", "nothing", "https://"])
def test_a_reference_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        parse_reference(text)


def test_lateness_begins_after_two_seconds() -> None:
    assert LATE_S == 2.0
