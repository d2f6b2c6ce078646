"""L1, L4, L5: the day on which everybody looks. Counts, not times: how fast it is, `make bench` says."""

from __future__ import annotations

import http.client
import random
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from statuspage.cli import main
from tests.deploy.servers import HOST, fronted, nginx
from tests.free_ports import free_port
from tests.processes import ended, until
from tests.publish.samples import outage
from tests.web_public.serving import ask, publish

TOP = Path(__file__).parent.parent.parent
READERS = 8
HTML, JSON, FEED = ("/", "/en/", "/es/", "/de/"), ("/api/v2/summary.json", "/api/v2/status.json"), ("/en/feed.atom", "/en/feed.rss")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real `web` process that has a page to show and, once it runs, no database."""
    folder = tmp_path_factory.mktemp("web")
    publish(folder / "public", outage())
    port = free_port()
    command = [sys.executable, "-m", "statuspage", "--config", str(TOP / "examples/minimal.yaml"), "--data", str(folder)]
    subprocess.run([*command, "migrate"], cwd=TOP, check=True, stdout=subprocess.DEVNULL)
    with (folder / "said.txt").open("wb") as log:
        process = subprocess.Popen([*command, "web", "--port", str(port)], cwd=TOP, stdout=log, stderr=subprocess.STDOUT)
    with ended(process):
        until(lambda: listens(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "said.txt").read_text()
        (folder / "statuspage.db").unlink()
        yield port


def listens(port: int) -> bool:
    try:
        return ask(port, "/en/").status == 200
    except OSError:
        return False


class Request(NamedTuple):
    """What is asked, and the status that is due."""

    path: str
    headers: dict[str, str]
    due: int = 200


def keep_asking(port: int, requests: Iterable[Request]) -> Counter[str]:
    """One reader over one connection: how many answers were right and whole, and what the others were."""
    seen: Counter[str] = Counter()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for request in requests:
            connection.request("GET", request.path, headers=request.headers)
            answer = connection.getresponse()
            body = answer.read()
            whole = len(body) == int(answer.headers["Content-Length"]) if answer.status == 200 else body == b""
            seen["right" if answer.status == request.due and whole else f"{answer.status} for {request}"] += 1
    return seen


def together(jobs: list[Callable[[], Counter[str]]]) -> Counter[str]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        return sum((future.result() for future in [pool.submit(job) for job in jobs]), Counter())


@pytest.mark.long
def test_18_000_readers_are_answered_without_the_database(web: int) -> None:
    """L1: pages, JSON and feeds as 80 to 10 to 10."""

    def mix(seed: int) -> Iterator[Request]:
        chance = random.Random(seed)
        for _ in range(18_000 // READERS):
            (kind,) = chance.choices((HTML, JSON, FEED), (80, 10, 10))
            yield Request(chance.choice(kind), {"Accept-Encoding": chance.choice(("gzip", "br", "identity"))})

    assert together([partial(keep_asking, web, mix(seed)) for seed in range(READERS)]) == {"right": 18_000}


@pytest.mark.long
def test_of_5_000_pollers_none_is_sent_what_it_has(web: int) -> None:
    """L4: six of ten have the newest feed and say so, one has an old one, three say nothing."""
    known = {path: ask(web, path).headers for path in FEED}

    def poll(seed: int) -> Iterator[Request]:
        chance = random.Random(seed)
        for _ in range(5_000 // READERS):
            path = chance.choice(FEED)
            etag, changed = known[path]["etag"], parsedate_to_datetime(known[path]["last-modified"])
            conditions: tuple[tuple[dict[str, str], int], ...] = (
                ({"If-None-Match": etag}, 304),
                ({"If-None-Match": f'"of-yesterday", {etag}'}, 304),
                ({"If-Modified-Since": format_datetime(changed, usegmt=True)}, 304),
                ({"If-None-Match": '"of-yesterday"'}, 200),
                ({"If-Modified-Since": format_datetime(changed - timedelta(seconds=1), usegmt=True)}, 200),
                ({}, 200),
            )
            yield Request(path, *chance.choices(conditions, (30, 10, 20, 5, 5, 30))[0])

    assert together([partial(keep_asking, web, poll(seed)) for seed in range(READERS)]) == {"right": 5_000}


@pytest.mark.long
def test_hundreds_of_slow_clients_keep_nobody_from_the_page_and_are_cut_off(web: int, tmp_path: Path) -> None:
    """L5, behind nginx as documented: 200 that say nothing, 50 that go on without end; all gone after its limits."""
    public = tmp_path / "data/public"
    publish(public, outage())
    tmp_path.chmod(0o755)
    assert CliRunner().invoke(main, ["--data", str(tmp_path / "data"), "front", "nginx", str(tmp_path)]).exit_code == 0
    with fronted(nginx, tmp_path, public, web) as front, ExitStack() as stack:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        secure.check_hostname, secure.verify_mode = False, ssl.CERT_NONE
        silent = [stack.enter_context(closing(socket.create_connection(("127.0.0.1", front.port), 30))) for _ in range(200)]
        dripping = []
        for _ in range(50):
            plain = socket.create_connection(("127.0.0.1", front.port), 30)
            dripping.append(stack.enter_context(closing(secure.wrap_socket(plain, server_hostname=HOST))))
            dripping[-1].sendall(b"GET /en/ HTTP/1.1\r\nHost: status.bank.example\r\nX-Slow: ")
        gone = threading.Event()
        dripper = threading.Thread(target=drip, args=(dripping, gone))
        dripper.start()
        stack.callback(dripper.join)
        stack.callback(gone.set)

        assert {front.ask("/en/").status for _ in range(300)} == {200}
        until(gone.is_set)
        for client in silent:
            assert client.recv(1) == b"", "nginx ends what says nothing"


def drip(clients: list[ssl.SSLSocket], gone: threading.Event) -> None:
    """A letter each, again and again, until the server has hung up on all of them."""
    left = list(clients)
    while left and not gone.wait(0.5):
        for client in list(left):
            try:
                client.sendall(b"x")
            except OSError:
                left.remove(client)
    gone.set()
