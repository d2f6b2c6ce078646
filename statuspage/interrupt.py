"""Ctrl-C before a command has begun to listen for signals.

It is raised as KeyboardInterrupt, wherever the program is. Somebody else's `except:` can swallow that, in a library that is just being
read, say; so it is remembered too, and whoever listens later hears of it.
"""

from __future__ import annotations

import signal
from types import FrameType

_heard = False


def raise_on(*numbers: signal.Signals) -> None:
    """From now on these signals raise KeyboardInterrupt. Called in the main thread."""
    for number in numbers:
        signal.signal(number, _raise)


def heard() -> bool:
    """True if one has come since."""
    return _heard


def _raise(number: int, frame: FrameType | None) -> None:
    global _heard
    _heard = True
    signal.default_int_handler(number, frame)
