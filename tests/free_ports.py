"""Ports that nobody listens on, for servers that tests start."""

from __future__ import annotations

import random
import socket

LOWEST, ABOVE_ALL = 15_000, 32_000  # below those that Linux gives to connections going out: one of them may be any test's, at any moment


def free_port(in_a_row: int = 1) -> int:
    """The first of so many free ports in a row."""
    while True:
        first = random.SystemRandom().randrange(LOWEST, ABOVE_ALL)
        if all(_is_free(port) for port in range(first, first + in_a_row)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
