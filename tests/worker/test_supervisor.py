"""The supervisor over real child processes, small ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from statuspage.outside import SystemClock
from statuspage.worker import supervisor as module
from statuspage.worker.signals import Signals
from statuspage.worker.supervisor import Supervisor, orphaned
from tests.processes import ended, until

NOTE = "import sys, pathlib, os; f = pathlib.Path(sys.argv[1]); f.open('a').write(f'{os.getpid()}\\n');"


class Stepped(SystemClock):
    """The machine's clock, put forward at will."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor(Stepped(), Signals(), {**os.environ})
    yield supervisor
    supervisor.end()


def child(supervisor: Supervisor, script: str, *arguments: object) -> module.Child:
    supervisor.add_command("child", [sys.executable, "-c", script, *map(str, arguments)])
    return supervisor.children[-1]


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def gone(pid: int) -> bool:
    """True for a process that ended, though nobody may have taken note of it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_child_that_dies_is_started_again_with_a_growing_delay_up_to_a_cap(supervisor: Supervisor, tmp_path: Path) -> None:
    clock = supervisor.clock
    assert isinstance(clock, Stepped)
    delays = []
    one = child(supervisor, NOTE + "sys.exit(7)", tmp_path / "runs")

    for run in range(1, 8):
        assert one.process is not None
        one.process.wait(30)
        supervisor._look_at(one)
        assert one.process is None  # never at once
        delays.append(round(one.start_at - clock.monotonic()))
        clock.ahead += delays[-1] + 0.5
        supervisor._look_at(one)
        assert one.process is not None
        until(lambda run=run: len(lines(tmp_path / "runs")) == run + 1)

    assert delays == [1, 2, 4, 8, 16, 30, 30]


def test_a_child_that_lived_long_is_started_again_at_once(supervisor: Supervisor, tmp_path: Path) -> None:
    clock = supervisor.clock
    assert isinstance(clock, Stepped)
    one = child(supervisor, NOTE + "sys.stdin.read(); import time; time.sleep(600)", tmp_path / "runs")
    until(lambda: lines(tmp_path / "runs"))
    first = one.process
    assert first is not None

    clock.ahead += module.STEADY_AFTER_S + 1
    os.kill(first.pid, signal.SIGKILL)
    first.wait(30)
    supervisor._look_at(one)

    assert one.process is not None
    assert one.process.pid != first.pid


def test_a_child_that_cannot_be_started_is_tried_again_and_holds_up_no_other(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add_command("missing", [str(tmp_path / "no-such-program")])

    missing = supervisor.children[0]

    assert missing.process is None
    assert missing.start_at > supervisor.clock.monotonic()


def test_the_end_is_sigterm_for_those_who_listen_and_sigkill_for_those_who_do_not(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_WITHIN_S", 1.0)
    kind = "import signal, sys, time, pathlib; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); "
    deaf = "import signal, sys, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    ready = "pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
    children = [child(supervisor, start + ready, tmp_path / name) for start, name in ((kind, "kind"), (deaf, "deaf"), (kind, "stopped"))]
    until(lambda: all((tmp_path / name).exists() for name in ("kind", "deaf", "stopped")))
    processes = [one.process for one in children if one.process is not None]
    os.kill(processes[2].pid, signal.SIGSTOP)

    supervisor.end()

    assert [process.returncode for process in processes] == [0, -signal.SIGKILL, 0]


def test_ctrl_c_at_the_terminal_reaches_the_supervisor_alone(supervisor: Supervisor, tmp_path: Path) -> None:
    one = child(supervisor, NOTE + "import time; time.sleep(600)", tmp_path / "runs")

    until(lambda: lines(tmp_path / "runs"))

    assert one.process is not None
    assert os.getpgid(one.process.pid) == one.process.pid != os.getpgrp()


TREE = """
import os, sys
from statuspage.outside import SystemClock
from statuspage.worker.signals import Signals
from statuspage.worker.supervisor import Supervisor

CHILD = '''
import os, pathlib, sys, time
from statuspage.worker.supervisor import orphaned
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
while not orphaned(os.environ):
    time.sleep(0.05)
'''
signals = Signals()
signals.listen()
supervisor = Supervisor(SystemClock(), signals, os.environ)
supervisor.add_command("child", [sys.executable, "-c", CHILD, sys.argv[1]])
supervisor.watch()
supervisor.end()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_child_outlives_its_supervisor_however_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    note = tmp_path / "pid"
    tree = subprocess.Popen([sys.executable, "-c", TREE, str(note)], cwd=Path(__file__).parent.parent.parent)
    with ended(tree):
        until(lambda: note.exists() and note.read_text(), tree)
        pid = int(note.read_text())

        tree.send_signal(how)

        until(lambda: gone(pid))
        assert tree.wait(30) == (-signal.SIGKILL if how is signal.SIGKILL else 0)


def test_only_the_child_of_that_very_supervisor_is_no_orphan() -> None:
    assert not orphaned({})
    assert not orphaned({module.SUPERVISED: str(os.getppid())})
    assert orphaned({module.SUPERVISED: str(os.getpid())})


def test_signals_are_met_between_rounds_and_reload_is_asked_for_once() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    signals = Signals()
    try:
        signals.listen()
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
        signals.wait(60)
        reloads = [signals.reload(), signals.reload()]
        stopped = signals.stop
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        signals.wait(60)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert reloads == [True, False]
    assert not stopped
    assert signals.stop


def test_a_terminal_that_was_closed_means_the_end_and_not_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    at_terminal = iter([True, False])
    monkeypatch.setattr("statuspage.worker.signals._has_terminal", lambda: next(at_terminal))
    signals = Signals()

    signals._take(signal.SIGHUP)

    assert signals.stop
    assert not signals.reload()
