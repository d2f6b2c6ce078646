"""deploy/nginx and deploy/caddy: what a reader gets through them while the product runs, and when it does not."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from statuspage.cli import main
from statuspage.publish.assets import load_assets
from statuspage.publish.headers import RouteClass, headers_for
from tests.deploy.servers import Front, Start, caddy, fronted, nginx
from tests.free_ports import free_port
from tests.processes import until
from tests.publish.samples import outage
from tests.web_public.serving import publish, served

CLASSES = {
    "/en/": (RouteClass.PAGE, "text/html; charset=utf-8"),
    "/es/history/": (RouteClass.PAGE, "text/html; charset=utf-8"),
    "/en/card.htm": (RouteClass.FRAME, "text/html; charset=utf-8"),
    "/en/badges/component-0.svg": (RouteClass.EMBED, "image/svg+xml; charset=utf-8"),
    "/banner.js": (RouteClass.EMBED, "text/javascript; charset=utf-8"),
    "/en/feed.atom": (RouteClass.MACHINE, "application/atom+xml; charset=utf-8"),
    "/en/feed.rss": (RouteClass.MACHINE, "application/rss+xml; charset=utf-8"),
    "/history.rss": (RouteClass.MACHINE, "application/rss+xml; charset=utf-8"),
    "/en/calendar.ics": (RouteClass.MACHINE, "text/calendar; charset=utf-8"),
    "/api/v2/summary.json": (RouteClass.MACHINE, "application/json; charset=utf-8"),
    "/status.txt": (RouteClass.MACHINE, "text/plain; charset=utf-8"),
}


class Place(NamedTuple):
    """A front server, the folder that it may read, and the port at which the product would be."""

    front: Front
    public: Path
    behind: int


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    start: Start = request.param
    folder, data = tmp_path_factory.mktemp("front"), tmp_path_factory.mktemp("data")
    folder.chmod(0o755)
    publish(data / "public", outage())
    done = CliRunner().invoke(main, ["--data", str(data), "front", start.__name__, str(folder)])
    assert done.exit_code == 0, done.output
    behind = free_port()
    with fronted(start, folder, data / "public", behind) as front:
        yield Place(front, data / "public", behind)


def assert_as_published(front: Front, path: str) -> None:
    """The answer is whole and carries the headers of its class, each once."""
    route, kind = CLASSES[path]
    answer = front.ask(path)
    assert answer.status == 200, path
    assert answer.headers["content-type"].lower() == kind, path
    for name, value in headers_for(route, load_assets().hashes).items():
        assert answer.headers.get(name.lower()) == value, (path, name)
    packed = front.ask(path, Accept_Encoding="gzip")
    if packed.headers.get("content-encoding") == "gzip":
        assert gzip.decompress(packed.body) == answer.body, path


def test_with_the_product_down_every_class_of_route_is_read_from_the_folder(place: Place) -> None:
    for path in CLASSES:
        assert_as_published(place.front, path)
    front = place.front.ask("/en/", Accept_Encoding="gzip")
    assert front.headers["content-encoding"] == "gzip"
    assert place.front.ask("/").status == 200
    missing = place.front.ask("/nothing/")
    assert (missing.status, missing.headers["content-type"].lower()) == (404, "text/html; charset=utf-8")
    assert missing.headers["x-content-type-options"] == "nosniff"
    assert place.front.ask("/../../key.pem").status in (400, 404)
    assert place.front.ask("/en/", "POST", body=b"x").status == 503  # what somebody sends is never taken for received


def test_the_address_of_a_code_is_known_with_a_language_too_whether_the_product_runs_or_not(place: Place) -> None:
    def found() -> None:
        page = place.front.ask("/u/K7Q2MXP/")
        assert page.status == 200
        for path in ("/u/K7Q2MXP", "/en/u/K7Q2MXP", "/de/u/K7Q2MXP/", "/U/K7Q2MXP"):
            answer = place.front.ask(path)
            assert (answer.status, answer.body) == (200, page.body), path
        assert place.front.ask("/en/u/").status == 200
        assert place.front.ask("/en/u/ZZZZZZZ").status == 404

    found()
    with served(place.public, place.behind):
        found()


def test_with_the_product_up_its_own_answers_pass_unchanged(place: Place) -> None:
    with served(place.public, place.behind):
        for path in CLASSES:
            assert_as_published(place.front, path)
        etag = place.front.ask("/en/feed.atom").headers["etag"]
        assert place.front.ask("/en/feed.atom", If_None_Match=etag).status == 304
        preflight = place.front.ask("/api/v2/summary.json", "OPTIONS", Origin="https://bank.example", Access_Control_Request_Method="GET")
        assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, "*")
        assert b'<html lang="es"' in place.front.ask("/", Accept_Language="es").body
        assert place.front.ask("/nothing/").status == 404
        assert place.front.ask("/console/sign-in").headers["x-behind"] == "/console/sign-in"


def test_operators_are_never_answered_from_the_folder_and_measures_stay_on_the_host(place: Place) -> None:
    assert place.front.ask("/console/").status in (502, 504)
    assert place.front.ask("/api/v1/incidents").status in (502, 504)
    with served(place.public, place.behind):
        assert place.front.ask("/health").status == 404
        assert place.front.ask("/metrics").status == 404


def test_no_reader_notices_that_the_product_goes_and_comes_back(place: Place) -> None:
    seen: list[int] = []
    enough = threading.Event()

    def read() -> None:
        while not enough.is_set():
            try:
                seen.append(place.front.ask("/en/").status)
            except OSError:
                seen.append(0)

    readers = [threading.Thread(target=read) for _ in range(4)]
    with ExitStack() as stack:
        stack.callback(enough.set)
        for reader in readers:
            reader.start()
        for _ in range(3):
            with served(place.public, place.behind):
                twenty_more(seen)
            twenty_more(seen)
    for reader in readers:
        reader.join()

    assert set(seen) == {200}


def twenty_more(seen: list[int]) -> None:
    """Readers go on by themselves."""
    wanted = len(seen) + 20
    until(lambda: len(seen) >= wanted)
