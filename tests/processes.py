"""Real processes in tests: waiting for what they do rather than for time to pass, and ending exactly those."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 120.0  # after this the test has failed; no test waits so long when all is well


def until(condition: Callable[[], object], process: subprocess.Popen[bytes] | None = None, patience_s: float = PATIENCE_S) -> None:
    """Returns when the condition holds; fails if the process ends first or patience does."""
    end = time.monotonic() + patience_s
    pause = time.sleep  # polling what another process does; nothing is assumed about when
    while not condition():
        if process is not None and process.poll() is not None:
            output = process.stdout.read().decode(errors="replace") if process.stdout else ""
            raise AssertionError(f"the process ended with {process.returncode}: {output[-3000:]}")
        if time.monotonic() > end:
            raise AssertionError(f"did not come true within {patience_s:.0f} s")
        pause(0.05)


@contextmanager
def ended(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> Iterator[subprocess.Popen[bytes]]:
    """Ends the process after the block, kindly first."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()
