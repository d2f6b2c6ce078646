"""Signals that come before anybody listens."""

from __future__ import annotations

import subprocess
import sys

SWALLOWED = """
import signal, sys
from statuspage import interrupt
from statuspage.worker.signals import Signals

interrupt.raise_on(signal.SIGINT, signal.SIGTERM)
try:
    signal.raise_signal(signal.Signals[sys.argv[1]])
except:
    pass  # as a library does that is just being read
signals = Signals()
signals.listen()
print(signals.stop)
"""


def listening(came: str) -> str:
    done = subprocess.run([sys.executable, "-c", SWALLOWED, came], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_an_interrupt_that_somebody_swallowed_is_still_heard() -> None:
    """Ctrl-C early in a start under load was lost, and the product ran on."""
    assert listening("SIGINT") == listening("SIGTERM") == "True"
    assert listening("SIGWINCH") == "False"
