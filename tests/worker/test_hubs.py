"""WebSub: hubs hear of every changed feed, and a hub that fails or hangs holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from broadcasters.http import RequestsTransport
from statuspage.ports import Ports
from statuspage.store.engine import Database
from statuspage.worker import hubs
from statuspage.worker.hubs import Hub
from statuspage.worker.roles import expected_loops
from tests.actions.stage import Chance, declared
from tests.publish.stage import Press, probed

SITE = "https://status.example.com"


class Middle(Chance):
    """Half of what chance could give at most."""

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


@dataclass
class Told:
    """A hub on this machine. `status` is what it answers; while `hanging` is set it answers nothing. `broken`: a feed at which it fails.

    contents   what the hub read in the public folder at the moment when it was told
    """

    folder: Path
    url: str = ""
    status: int = 202
    broken: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    topics: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    hanging: threading.Event | None = None
    asked: threading.Event = field(default_factory=threading.Event)

    def take(self) -> list[str]:
        """What it was told of since the last look."""
        topics, self.topics = self.topics, []
        return topics


@contextmanager
def listening(folder: Path) -> Iterator[Told]:
    told = Told(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            told.forms.append(form)
            told.asked.set()
            if told.hanging is not None:
                told.hanging.wait(30)
                return
            topic = form["hub.topic"][0]
            status = 500 if topic == told.broken else told.status
            if 200 <= status < 300:
                told.topics.append(topic)
                told.contents.append((told.folder / urlsplit(topic).path.lstrip("/")).read_bytes())
            self.send_response(status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}/hub"
    try:
        yield told
    finally:
        if told.hanging is not None:
            told.hanging.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Told]:
    with listening(tmp_path / "public") as told:
        yield told


def press(database: Database, root: Path, *urls: str) -> Press:
    """A publisher that knows these hubs, with the real way out."""
    made = Press(database, root, probed(publishing={"hubs": list(urls)}))
    ports: Ports = made.stage.ctx.ports
    made.stage.ctx = replace(made.stage.ctx, ports=replace(ports, http=RequestsTransport(), random=Middle()))
    made.restart()
    return made


def pass_time(made: Press, seconds: float) -> None:
    made.stage.forward(seconds=seconds)


def tell(hub_loop: Hub, most: int = 200) -> None:
    """Steps until there is nothing to do at this moment."""
    for _ in range(most):
        if hub_loop.step() > 0:
            return
    raise AssertionError("the hub is told without end")


def settled(made: Press, told: Told) -> None:
    """All feeds were told once, as after every start."""
    made.publish()
    pass_time(made, hubs.SETTLE_S)
    tell(made.publisher.hubs[0])
    told.take()


def test_a_feed_at_which_a_hub_fails_does_not_keep_the_others_from_it(sqlite_database: Database, tmp_path: Path, hub: Told) -> None:
    made = press(sqlite_database, tmp_path, hub.url)
    made.publish()
    hub.broken = f"{SITE}/en/feed.atom"
    pass_time(made, hubs.SETTLE_S)
    tell(made.publisher.hubs[0])

    pass_time(made, hubs.BACKOFF.cap_s)
    tell(made.publisher.hubs[0])

    told = hub.take()
    assert f"{SITE}/en/feed.rss" in told and f"{SITE}/es/feed.atom" in told and hub.broken not in told
    hub.broken = ""
    pass_time(made, hubs.BACKOFF.cap_s)
    tell(made.publisher.hubs[0])
    assert hub.take() == [f"{SITE}/en/feed.atom"]


def test_after_a_start_a_hub_is_told_of_every_feed_once(sqlite_database: Database, tmp_path: Path, hub: Told) -> None:
    made = press(sqlite_database, tmp_path, hub.url)
    made.publish()
    tell(made.publisher.hubs[0])
    early = hub.take()
    pass_time(made, hubs.SETTLE_S)

    tell(made.publisher.hubs[0])

    feeds = {f"{SITE}/{path}" for path in made.everything() if path.rpartition("/")[2] in hubs.FEEDS}
    assert early == []
    assert len(feeds) >= 6 and sorted(hub.take()) == sorted(feeds)
    assert {tuple(form) for form in hub.forms} == {("hub.mode", "hub.url", "hub.topic")}
    assert all(form["hub.mode"] == ["publish"] and form["hub.url"] == form["hub.topic"] for form in hub.forms)


def test_a_change_is_told_of_the_feeds_that_it_changed_and_a_heartbeat_of_none(
    sqlite_database: Database, tmp_path: Path, hub: Told
) -> None:
    made = press(sqlite_database, tmp_path, hub.url)
    settled(made, hub)
    trouble = declared(made.stage, "cards")
    made.publish()
    pass_time(made, hubs.SETTLE_S)
    hub.contents.clear()

    tell(made.publisher.hubs[0])
    changed = hub.take()
    made.publish(61)
    pass_time(made, hubs.SETTLE_S)
    tell(made.publisher.hubs[0])

    assert f"{SITE}/en/feed.atom" in changed and f"{SITE}/es/components/cards/feed.rss" in changed
    assert not [topic for topic in changed if "/components/login/" in topic]
    assert all(trouble.id.encode() in content for content in hub.contents), "the hub reads what it was told of"
    assert hub.take() == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_hub_that_fails_is_asked_again_after_a_pause_and_then_hears_of_everything(
    status: int, sqlite_database: Database, tmp_path: Path, hub: Told
) -> None:
    made = press(sqlite_database, tmp_path, hub.url)
    settled(made, hub)
    declared(made.stage, "cards")
    made.publish()
    pass_time(made, hubs.SETTLE_S)
    hub.status, hub.headers, asked = status, {"Retry-After": "90"}, len(hub.forms)

    tell(made.publisher.hubs[0])
    pass_time(made, 89)
    tell(made.publisher.hubs[0])
    while_waiting = len(hub.forms) - asked
    hub.status = 204
    pass_time(made, 2)
    tell(made.publisher.hubs[0])

    assert while_waiting == 1
    assert f"{SITE}/en/feed.json" in hub.take()


def test_without_a_word_from_the_hub_the_pauses_grow_to_ten_minutes(sqlite_database: Database, tmp_path: Path, hub: Told) -> None:
    made = press(sqlite_database, tmp_path, hub.url)
    settled(made, hub)
    declared(made.stage, "cards")
    made.publish()
    pass_time(made, hubs.SETTLE_S)
    hub.status, asked = 500, len(hub.forms)

    for _ in range(2 * 60 * 60):  # two hours, looked at each second
        tell(made.publisher.hubs[0])
        pass_time(made, 1)
        if len(hub.forms) - asked > 500:
            break

    assert 10 <= len(hub.forms) - asked <= 200


def test_a_feed_that_a_hub_refuses_for_good_holds_up_no_other(sqlite_database: Database, tmp_path: Path, hub: Told) -> None:
    made = press(sqlite_database, tmp_path, hub.url)
    made.publish()
    pass_time(made, hubs.SETTLE_S)
    hub.status = 400
    tell(made.publisher.hubs[0])
    refused, hub.status = len(hub.forms), 202
    declared(made.stage, "cards")
    made.publish()
    pass_time(made, hubs.SETTLE_S)

    tell(made.publisher.hubs[0])

    assert refused >= 6
    assert f"{SITE}/en/feed.atom" in hub.take()


def test_while_one_hub_hangs_the_page_and_the_other_hub_go_on(sqlite_database: Database, tmp_path: Path, hub: Told) -> None:
    with listening(tmp_path / "public") as stuck:
        stuck.hanging = threading.Event()
        made = press(sqlite_database, tmp_path, stuck.url, hub.url)
        made.publish()
        pass_time(made, hubs.SETTLE_S)
        thread = threading.Thread(target=made.publisher.hubs[0].step)
        thread.start()
        assert stuck.asked.wait(30)

        trouble = declared(made.stage, "cards")
        made.publish()
        pass_time(made, hubs.SETTLE_S)
        tell(made.publisher.hubs[1])
        alive = thread.is_alive()
        stuck.hanging.set()
        thread.join()

    assert alive
    assert trouble.id in made.text("en/feed.atom")
    assert f"{SITE}/en/feed.atom" in hub.take()


def test_a_process_that_hands_over_tells_of_nothing_more_and_of_everything_when_it_is_back(
    sqlite_database: Database, tmp_path: Path, hub: Told
) -> None:
    made = press(sqlite_database, tmp_path, hub.url)
    settled(made, hub)
    declared(made.stage, "cards")
    made.publish()
    pass_time(made, hubs.SETTLE_S)

    made.publisher.close()
    tell(made.publisher.hubs[0])
    silent = hub.take()
    made.publish()
    pass_time(made, hubs.SETTLE_S)
    tell(made.publisher.hubs[0])

    assert silent == []
    assert f"{SITE}/en/components/login/feed.atom" in hub.take()


def test_health_expects_a_loop_for_each_hub_and_none_without() -> None:
    assert {"hub:1", "hub:2"} <= expected_loops(probed(publishing={"hubs": ["https://a.example", "https://b.example"]}))
    assert not [name for name in expected_loops(probed()) if name.startswith("hub")]
