from __future__ import annotations

import pytest

from statuspage.core.hosts import everywhere, in_url, network_of, reached_at

HOSTS = [
    ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1/32"),
    ("0.0.0.0", "127.0.0.1", "127.0.0.1", "127.0.0.1/32"),
    ("::", "::1", "[::1]", "::1/128"),
    ("::1", "::1", "[::1]", "::1/128"),
    ("192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.7/32"),
    ("localhost", "localhost", "localhost", "127.0.0.0/8"),
]


@pytest.mark.parametrize(("listening", "reached", "url", "network"), HOSTS)
def test_a_server_is_reached_where_it_listens_and_one_that_listens_everywhere_on_loopback(
    listening: str, reached: str, url: str, network: str
) -> None:
    assert (reached_at(listening), in_url(listening), network_of(listening)) == (reached, url, network)
    assert everywhere(listening) is (reached != listening)
