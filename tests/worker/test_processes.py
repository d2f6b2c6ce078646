"""The product as real processes: what a person at a terminal and a watcher from outside see."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from statuspage.worker.health import LOOP_SLACK_S
from tests.free_ports import free_port
from tests.processes import until
from tests.worker.real import SECRET, Place, alive, place, tree

pytestmark = pytest.mark.long
POSTED_WITHIN_S = 5  # delivery.deadline_s of this configuration


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        yield found


def test_reload_second_start_secrets_switches_restarts_and_orphans_of_one_process_tree(here: Place) -> None:
    up = here.start("up", "--port", str(here.port))
    until(lambda: "Everything is up." in here.log.read_text(), up)
    until(lambda: here.unhealthy() == set())
    before = here.log.read_text().split("Everything is up.")[0]

    assert "http://" not in before  # an address is printed only when it answers
    assert "/console/link/" not in here.log.read_text()  # nobody is at a terminal: no link that signs in gets into a log

    metrics_have_every_name_before_anything_went_wrong(here)
    reload_is_followed_everywhere_or_says_why_not(here, up.pid)
    a_second_start_is_refused(here)
    posting_stops_and_goes_on(here)
    no_secret_is_anywhere(here, up.pid)
    a_dead_child_is_started_again(here, up.pid)
    everything_ends_with_the_supervisor(here, up.pid)


def metrics_have_every_name_before_anything_went_wrong(here: Place) -> None:
    lines = here.get("/metrics")[1].splitlines()

    for wanted in (
        'statuspage_late_checks_total{location="here",probe="login-port"}',
        "statuspage_verdict_seconds_count",
        "statuspage_page_seconds_count",
        'statuspage_post_seconds_count{network="webhook"} 0.0',
        'statuspage_deliveries{network="webhook",state="unknown"} 0.0',
        'statuspage_deliveries{network="webhook",state="stuck"} 0.0',
        'statuspage_breaker_open{account="sink"} 0.0',
        'statuspage_account_stopped{account="sink"} 0.0',
        'statuspage_switched_off{switch="posting"} 0.0',
        'statuspage_loop_age_seconds{loop="verdicts"}',
        "statuspage_snapshot_age_seconds",
    ):
        assert [line for line in lines if line.startswith(wanted)], wanted


def reload_is_followed_everywhere_or_says_why_not(here: Place, pid: int) -> None:
    here.configure(**{"Log in": "Sign in"})
    asked = time.time()
    os.kill(pid, signal.SIGHUP)
    until(lambda: {line["role"] for line in here.lines("configuration in force") if line["generation"] == 2} == {"prober", "worker"})
    until(lambda: "Sign in" in here.get("/en/")[1])
    followed = [line for line in here.lines("configuration in force") if line["generation"] == 2]
    took = [datetime.fromisoformat(line["timestamp"]).timestamp() - asked for line in followed]

    here.configure(**{"languages: [en]": "languages: [english]"})
    os.kill(pid, signal.SIGHUP)
    until(lambda: here.lines("the configuration file is wrong; the old one keeps running"))
    (refused,) = here.lines("the configuration file is wrong; the old one keeps running")

    assert max(took) <= 2.0  # the promise itself is a time
    assert "statuspage.yaml:1: page.languages[0]: found 'english'" in refused["problems"][0]
    assert "Sign in" in here.get("/en/")[1]
    assert here.unhealthy() == set()


def a_second_start_is_refused(here: Place) -> None:
    second = here.command("up", "--port", str(free_port()))

    assert second.returncode == 1
    assert f"running on {here.data} already; nothing was started" in second.stderr
    assert "--data elsewhere" in second.stderr


def posting_stops_and_goes_on(here: Place) -> None:
    paused = here.command("pause", "posting", "--reason", "trying it")
    time.sleep(1.0)  # the promise itself is a time
    declared = here.command("incident", "declare", "login=partial_outage")
    until(lambda: "investigating" in here.get("/api/v2/incidents/unresolved.json")[1])
    time.sleep(2.0)  # four passes of the dispatcher, which sees a new row within half a second
    silent = list(here.sink.received)
    here.command("resume", "posting")
    until(lambda: here.sink.received)

    assert (paused.returncode, declared.returncode) == (0, 0), declared.stderr
    assert silent == []


def no_secret_is_anywhere(here: Place, pid: int) -> None:
    """X34 at this level."""
    answers = [here.get(path)[1] for path in ("/health", "/metrics", "/en/", "/api/v2/summary.json", "/console/")]
    commands = [" ".join(command) for command in tree(pid).values()]
    files = [path.read_bytes().decode("latin-1") for path in here.data.rglob("*") if path.is_file()]

    assert len(commands) >= 3
    assert all(answers)
    canary = SECRET.removeprefix("whsec_")
    assert [text[:80] for text in (*answers, *commands, *files, here.log.read_text()) if canary in text] == []


def a_dead_child_is_started_again(here: Place, pid: int) -> None:
    (worker,) = [child for child, command in tree(pid).items() if "worker" in command]

    os.kill(worker, signal.SIGKILL)
    until(lambda: [c for c, command in tree(pid).items() if "worker" in command and c != worker])
    until(lambda: here.lines("a process is started again"))
    until(lambda: here.unhealthy() == set())

    (said,) = here.lines("a process is started again")
    assert (said["process"], said["why"]) == ("worker", "ended by SIGKILL")


def everything_ends_with_the_supervisor(here: Place, pid: int) -> None:
    children = list(tree(pid))

    os.kill(pid, signal.SIGKILL)

    until(lambda: not any(alive(child) for child in children))
    assert len(children) >= 3


def test_ctrl_c_in_any_phase_of_the_start_is_clean_and_the_next_start_works(here: Place) -> None:
    took = []
    statuses = set()
    for after_s in (0.3, 1.0, 2.5):
        up = here.start("up", "--port", str(here.port))
        time.sleep(after_s)  # wherever it is by then
        begun = time.monotonic()
        up.send_signal(signal.SIGINT)
        statuses.add(up.wait(60))
        took.append(time.monotonic() - begun)
    stopped = here.log.read_text()
    again = here.start("up", "--port", str(here.port))
    until(lambda: "Everything is up." in here.log.read_text(), again)

    assert "Traceback" not in stopped
    assert statuses <= {0, 130, -signal.SIGINT}, stopped  # the last: before the first line of our program ran
    assert max(took) <= 6.0


def test_a9_each_process_that_is_killed_or_stopped_is_reported_within_two_intervals(here: Place) -> None:
    assert here.command("migrate").returncode == 0
    processes = {role: here.start(role) for role in ("worker", "prober", "web")}
    wanted = {"worker": {"loop:verdicts", "loop:promises", "loop:publisher", "loop:cleaner", "loop:dispatcher-sink"}}
    wanted["prober"] = {"loop:prober:here"}
    until(lambda: here.unhealthy() == set())
    limit = LOOP_SLACK_S + POSTED_WITHIN_S + 60  # the cleaner works once a minute: it is the last to be missed
    seen: dict[tuple[str, str], float] = {}

    for how in (signal.SIGSTOP, signal.SIGKILL):
        begun = time.monotonic()
        for role in wanted:
            processes[role].send_signal(how)
        first = {"worker": wanted["worker"] - {"loop:cleaner"}, "prober": wanted["prober"]}
        for role, parts in first.items():
            until(lambda parts=parts, how=how: reported(here, parts, how), patience_s=limit)
            seen[role, how.name] = time.monotonic() - begun
        if how is signal.SIGSTOP:
            for role in wanted:
                processes[role].send_signal(signal.SIGCONT)
        else:
            for role in wanted:
                processes[role].wait()
                processes[role] = here.start(role)
        until(lambda: here.unhealthy() == set())
    web = [processes["web"].pid, *tree(processes["web"].pid)]
    for pid in web:
        os.kill(pid, signal.SIGSTOP)
    stopped = asks_in_vain(here)
    for pid in web:
        os.kill(pid, signal.SIGCONT)
    until(lambda: here.get("/health")[0] == 200)
    os.kill(processes["web"].pid, signal.SIGKILL)
    until(lambda: here.unhealthy() == {"web"})  # its own worker process ends too

    assert stopped
    assert max(seen.values()) <= LOOP_SLACK_S + POSTED_WITHIN_S + 3, seen  # 20 s, and a post may take 5 s; asking takes a moment


def reported(here: Place, parts: set[str], how: signal.Signals) -> bool:
    """Whoever is stopped (not killed) in the middle of a write holds the database: then that is what a watcher hears of."""
    found = here.unhealthy()
    return parts <= found or (how is signal.SIGSTOP and "database" in found)


def asks_in_vain(here: Place) -> bool:
    """True if a watcher gets no answer in 5 s."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", here.port, timeout=5)
    try:
        connection.request("GET", "/health")
        connection.getresponse()
    except OSError:
        return True
    finally:
        connection.close()
    return False
