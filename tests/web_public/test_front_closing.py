"""The embedded server as it ends: nobody is left with a connection that nothing is heard of any more."""

from __future__ import annotations

import asyncio
import gc
import socket
from pathlib import Path

import pytest

from statuspage.outside import SystemClock
from statuspage.web.front import Front
from statuspage.web.public import PublishedFiles
from tests.web_public.serving import application


@pytest.mark.parametrize("steps", range(6))
def test_who_comes_at_the_very_moment_is_told_that_it_is_over(tmp_path: Path, steps: int) -> None:
    """The system has taken the connection; of that the server knows nothing yet, or a little, or all: so many rounds of its loop later."""

    async def live() -> socket.socket:
        front = Front(PublishedFiles(tmp_path, application), application, SystemClock())
        port = await front.open("127.0.0.1", 0)
        client = socket.create_connection(("127.0.0.1", port))
        for _ in range(steps):
            await asyncio.sleep(0)
        await front.close()
        return client

    with asyncio.run(live()) as client:
        gc.collect()  # a connection that was forgotten is complained of here
        client.settimeout(60)
        try:
            heard = client.recv(1)
        except ConnectionResetError:
            heard = b""

    assert heard == b""
