"""wrk, Debian's load generator: requests per second, and how long the slowest of a hundred took."""

from __future__ import annotations

import os
import re
import subprocess
from typing import NamedTuple

SECONDS = 5
CONNECTIONS = 32
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class Load(NamedTuple):
    per_second: float
    p99_ms: float
    requests: int


def load(url: str, *headers: str, seconds: int = SECONDS, connections: int = CONNECTIONS) -> Load:
    """Raises RuntimeError if an answer was other than 2xx or 3xx, or none."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "60s",
        *(part for header in headers for part in ("-H", header)),
        url,
    ]
    if (os.cpu_count() or 1) > 1:
        command = ["taskset", "-c", "1", *command]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate, slow = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", said)
    requests = re.search(r"(\d+) requests in", said)
    if "Non-2xx" in said or "Socket errors" in said or rate is None or slow is None or requests is None:
        raise RuntimeError(said)
    return Load(float(rate[1]), float(slow[1]) * _UNITS[slow[2]], int(requests[1]))
