"""The demonstration's servers begin again at once on the port that they had, whoever was served before."""

from __future__ import annotations

import http.client
from pathlib import Path

from statuspage.demo.networks.server import RunningNetworks


def ask(port: int) -> int:
    """One request, read to its end: the server closes first, and the system keeps the connection's remains for a minute."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/truth", headers={"Connection": "close"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_the_networks_begin_again_on_the_port_of_those_that_just_ended(tmp_path: Path) -> None:
    first = RunningNetworks("127.0.0.1", 0, tmp_path / "first")
    port = int(first.url.rsplit(":", 1)[1])
    assert [ask(port) for _ in range(3)] == [200] * 3
    first.stop()

    second = RunningNetworks("127.0.0.1", port, tmp_path / "second")
    try:
        assert ask(port) == 200
    finally:
        second.stop()
