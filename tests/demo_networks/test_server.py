"""The demonstration networks as scripts, tests and visitors meet them."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from statuspage.demo.networks import RunningNetworks, account_entries, environment, running_networks
from statuspage.demo.networks.accounts import ACCOUNTS, NETWORKS, OFF_BY_DEFAULT, account
from statuspage.demo.networks.faults import FAULTS
from tests.processes import until

MASTODON = {"Authorization": f"Bearer {account('mastodon').token}"}
KEYS = {"network", "account", "id", "in_reply_to", "root", "text", "revisions", "language", "at", "url", "picture", "alt", "removed_at"}


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[RunningNetworks]:
    with running_networks(tmp_path) as running:
        yield running


def ask(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Status, and the JSON or text of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    return status, json.loads(text) if text[:1] in ("{", "[") else text


def toot(networks: RunningNetworks, text: str, **more: Any) -> Any:
    return ask("POST", f"{networks.url}/mastodon/api/v1/statuses", {"status": text, **more}, MASTODON)[1]


# --- the truth ----------------------------------------------------------------------------------------------------------------------


def test_the_truth_lists_every_post_with_the_documented_keys(networks: RunningNetworks) -> None:
    first = toot(networks, "Uno", language="es")
    toot(networks, "Dos", in_reply_to_id=first["id"])

    status, truth = ask("GET", f"{networks.url}/truth")

    assert status == 200
    assert [set(post) for post in truth] == [KEYS, KEYS]
    assert [(post["network"], post["account"], post["text"], post["language"]) for post in truth] == [
        ("mastodon", "demobank", "Uno", "es"),
        ("mastodon", "demobank", "Dos", None),
    ]
    assert (truth[1]["in_reply_to"], truth[1]["root"]) == (first["id"], first["id"])
    assert datetime.fromisoformat(truth[0]["at"]).tzinfo is not None


def test_a_post_taken_down_stays_in_the_truth_and_leaves_the_timeline(networks: RunningNetworks) -> None:
    number = toot(networks, "Uno")["id"]

    removed, _ = ask("DELETE", f"{networks.url}/truth/mastodon?id={number}")
    missing, _ = ask("DELETE", f"{networks.url}/truth/mastodon?id=999")

    assert (removed, missing) == (204, 404)
    assert networks.truth()[0]["removed_at"] is not None
    assert ask("GET", f"{networks.url}/mastodon/api/v1/statuses/{number}", headers=MASTODON)[0] == 404
    assert "Uno" not in ask("GET", f"{networks.url}/")[1]


def test_the_truth_survives_a_restart_with_edits_keys_and_a_line_cut_short(tmp_path: Path) -> None:
    with running_networks(tmp_path) as first:
        headers = {**MASTODON, "Idempotency-Key": "k1"}
        number = ask("POST", f"{first.url}/mastodon/api/v1/statuses", {"status": "Uno"}, headers)[1]["id"]
        ask("PUT", f"{first.url}/mastodon/api/v1/statuses/{number}", {"status": "Dos"}, MASTODON)
        before = first.truth()
    with (tmp_path / "posts.jsonl").open("a") as file:
        file.write('{"number": 3, "net')

    with running_networks(tmp_path) as second:
        again = ask("POST", f"{second.url}/mastodon/api/v1/statuses", {"status": "Uno"}, headers)[1]["id"]
        toot(second, "Tres")
        after = second.truth()

    with running_networks(tmp_path) as third:
        assert third.truth() == after
    assert again == number
    assert after[:1] == before
    assert [post["text"] for post in after] == ["Dos", "Tres"]


# --- faults -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS)
def test_every_fault_can_be_set_seen_and_cleared_on_every_network(networks: RunningNetworks, network: str) -> None:
    url = f"{networks.url}/misbehave"

    for name, defaults in FAULTS.items():
        set_to, listing = ask("PUT", f"{url}/{network}", {"fault": name, "times": 3})
        seen = ask("GET", url)[1]
        cleared, _ = ask("DELETE", f"{url}/{network}")

        assert (set_to, cleared) == (200, 204)
        assert listing == seen == {network: [{"fault": name, **defaults, "times": 3}]}
        assert ask("GET", url)[1] == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"fault": "explode"}, "Allowed: 429, 5xx"),
        ({}, "found None"),
        ([], "found []"),
        ({"fault": "429", "seconds": 3}, "does not know it"),
        ({"fault": "5xx", "applied": "yes"}, "applied: found 'yes'. Allowed: true or false."),
        ({"fault": "5xx", "on": "sometimes"}, "Allowed: write, read, any"),
        ({"fault": "5xx", "status": 200}, "Allowed: a status of HTTP from 500"),
        ({"fault": "5xx", "status": 999}, "Allowed: a status of HTTP from 500"),
        ({"fault": "lag", "times": "twice"}, "Allowed: a whole number from 1, or null for ever"),
        ({"fault": "lag", "times": 0}, "Allowed: a whole number from 1"),
        ({"fault": "lag", "times": True}, "Allowed: a whole number from 1"),
        ({"fault": "lag", "seconds": -1}, "Allowed: a number from 0 to 86400"),
        ({"fault": "drip", "every_s": 1e300}, "Allowed: a number from 0 to 86400"),
        ({"fault": "429", "retry_after_s": -5}, "or null"),
        ({"fault": "429", "retry_after_s": "5\r\nX: y"}, "a text without control characters"),
        ({"fault": ["429"]}, "Allowed: 429, 5xx"),
        ("429", "Allowed: 429, 5xx"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_what_is_allowed(networks: RunningNetworks, body: Any, said: str) -> None:
    status, answer = ask("PUT", f"{networks.url}/misbehave/x", body)

    assert status == 400
    assert said in answer["error"]
    assert answer["error"].endswith("Nothing was changed.")


def test_an_unknown_network_is_refused_with_the_known_ones(networks: RunningNetworks) -> None:
    status, answer = ask("PUT", f"{networks.url}/misbehave/orkut", {"fault": "429"})

    assert status == 404
    assert "mastodon, bluesky" in answer["error"]


@pytest.mark.parametrize("path", ["", "/"])
def test_a_fault_is_one_networks(networks: RunningNetworks, path: str) -> None:
    status, answer = ask("PUT", f"{networks.url}/misbehave{path}", {"fault": "429"})

    assert status == 404 and "mastodon, bluesky" in answer["error"]
    assert ask("GET", f"{networks.url}/misbehave")[1] == {}


def test_a_body_that_is_no_json_is_told_so(networks: RunningNetworks) -> None:
    request = urllib.request.Request(f"{networks.url}/misbehave/x", data=b"{fault: 429}", method="PUT")

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert (answer.code, "The body is not JSON" in answer.read().decode()) == (400, True)


def test_the_truth_of_one_network_can_be_asked_for_alone(networks: RunningNetworks) -> None:
    toot(networks, "Uno")

    assert [post["text"] for post in ask("GET", f"{networks.url}/truth/mastodon")[1]] == ["Uno"]
    assert ask("GET", f"{networks.url}/truth/x")[1] == []
    assert ask("GET", f"{networks.url}/truth/orkut")[0] == 404


def test_asking_for_the_head_alone_gets_no_body(networks: RunningNetworks) -> None:
    with urllib.request.urlopen(urllib.request.Request(f"{networks.url}/truth", method="HEAD")) as answer:
        assert (answer.status, answer.read(), answer.headers["Content-Length"]) == (200, b"", "2")


def test_a_fault_mends_itself_after_its_times(networks: RunningNetworks) -> None:
    ask("PUT", f"{networks.url}/misbehave/mastodon", {"fault": "429", "retry_after_s": 5, "times": 2})

    statuses = [ask("POST", f"{networks.url}/mastodon/api/v1/statuses", {"status": f"{n}"}, MASTODON)[0] for n in range(4)]

    assert statuses == [429, 429, 200, 200]


def test_one_fault_of_several_can_be_cleared(networks: RunningNetworks) -> None:
    networks.misbehave("x", "429")
    networks.misbehave("x", "lag", seconds=3)

    ask("DELETE", f"{networks.url}/misbehave/x/429")

    assert [one["fault"] for one in ask("GET", f"{networks.url}/misbehave")[1]["x"]] == ["lag"]


def test_a_fault_on_reads_leaves_writes_alone_and_the_other_way_round(networks: RunningNetworks) -> None:
    networks.misbehave("mastodon", "5xx", on="read")
    written = ask("POST", f"{networks.url}/mastodon/api/v1/statuses", {"status": "Uno"}, MASTODON)[0]
    read = ask("GET", f"{networks.url}/mastodon/api/v1/accounts/verify_credentials", headers=MASTODON)[0]
    networks.mend("mastodon")
    networks.misbehave("mastodon", "5xx")

    assert (written, read) == (200, 503)
    assert ask("GET", f"{networks.url}/mastodon/api/v1/accounts/verify_credentials", headers=MASTODON)[0] == 200


def test_a_hanging_answer_ends_when_the_networks_stop(tmp_path: Path) -> None:
    ended = threading.Event()
    with running_networks(tmp_path) as networks:
        networks.misbehave("mastodon", "timeout", times=1)
        host = networks.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host)
        connection.request("POST", "/mastodon/api/v1/statuses", b"{}", MASTODON)
        until(lambda: networks.world.faults.standing("mastodon", "timeout") is None)  # the request has met it

        def wait() -> None:
            with pytest.raises(http.client.RemoteDisconnected):
                connection.getresponse()
            ended.set()

        thread = threading.Thread(target=wait)
        thread.start()
    thread.join(10)

    assert ended.is_set()


def test_what_is_sent_late_takes_effect_only_when_released(networks: RunningNetworks) -> None:
    networks.misbehave("mastodon", "late", after_s=3600, times=1)
    with socket.create_connection(("127.0.0.1", int(networks.url.rpartition(":")[2]))) as line:
        body = b'{"status": "tarde"}'
        head = (
            f"POST /mastodon/api/v1/statuses HTTP/1.1\r\nAuthorization: {MASTODON['Authorization']}\r\nContent-Type: application/json\r\n"
        )
        line.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        while not networks.waiting():
            pass  # until the request has met its fault
    before = networks.truth()

    networks.release()

    assert (before, [post["text"] for post in networks.truth()]) == ([], ["tarde"])


ODD: list[tuple[str, str, str, Any]] = [
    ("mastodon", "POST", "/api/v1/statuses", {"status": ["x"]}),
    ("mastodon", "GET", f"/api/v1/accounts/{account('mastodon').id}/statuses?limit=many", None),
    ("bluesky", "POST", "/xrpc/com.atproto.server.createSession", {"identifier": {}, "password": []}),
    ("x", "POST", "/2/tweets", {"text": "a", "reply": "b"}),
    ("x", "GET", f"/2/users/{account('x').id}/tweets?start_time=today", None),
    ("facebook", "GET", f"/v26.0/{account('facebook').id}/feed?since=today", None),
    ("telegram", "POST", f"/bot{account('telegram').token}/sendMessage", {"chat_id": "@demobank", "text": "a", "reply_parameters": 5}),
    ("webhook", "POST", "/hook", {}),
]


@pytest.mark.parametrize(("network", "method", "path", "body"), ODD)
def test_a_request_that_makes_no_sense_is_refused_and_applies_nothing(
    networks: RunningNetworks, network: str, method: str, path: str, body: Any
) -> None:
    headers = {"Authorization": f"Bearer {next(one.token for one in ACCOUNTS if one.network == network)}"}

    status, _ = ask(method, f"{networks.url}/{network}{path}", body, headers)

    assert 400 <= status < 500
    assert networks.truth() == []


# --- pages --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"GET http://[::1 HTTP/1.1\r\n",
        *(b"PUT / HTTP/1.1\r\nContent-Length: %s\r\n" % said for said in (b"abc", b"-1", b"9" * 5000)),
    ],
    ids=["address", "letters", "negative", "endless"],
)
def test_a_head_that_cannot_be_read_is_answered(networks: RunningNetworks, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(networks.url).port), timeout=10) as line:
        line.sendall(head + b"Host: x\r\n\r\n")

        assert line.makefile("rb").readline().split()[1] == b"400"


@pytest.mark.parametrize(("way", "path"), [("POST", "misbehave/x"), ("PATCH", "misbehave/x"), ("PATCH", "truth"), ("POST", "truth")])
def test_no_form_of_another_page_can_switch_anything(networks: RunningNetworks, way: str, path: str) -> None:
    status, told = ask(way, f"{networks.url}/{path}", {"fault": "hang"})

    assert status == 405 and "Nothing was changed" in told["error"]
    assert not any(ask("GET", f"{networks.url}/misbehave/")[1].values())


def test_the_pages_show_threads_edits_language_and_addresses(networks: RunningNetworks) -> None:
    first = toot(networks, "Pagos <b>mal</b> https://status.bank.es/u/K7Q2M3X.", language="es")
    toot(networks, "Sigue.", in_reply_to_id=first["id"])
    ask("PUT", f"{networks.url}/mastodon/api/v1/statuses/{first['id']}", {"status": "Pagos bien", "language": "es"}, MASTODON)
    networks.misbehave("mastodon", "lag", seconds=0)

    whole = ask("GET", f"{networks.url}/")[1]
    one = ask("GET", f"{networks.url}/mastodon/")[1]
    permalink = ask("GET", first["url"])[1]

    for page in (whole, one, permalink):
        assert "Pagos bien" in page
        assert "&lt;b&gt;mal" in page
        assert '<a href="https://status.bank.es/u/K7Q2M3X" rel="nofollow">' in page
        assert page.count("post--reply") == page.count(">reply<") + 1  # the style names it too
        assert 'lang="es"' in page
        assert "1 earlier wording<" in page
        assert "Made to misbehave: lag" in page
        assert '<noscript><meta http-equiv="refresh"' in page
        assert '<link rel="icon" href="data:,">' in page  # else a browser asks for one, and is told that there is none
        shown = re.findall(r"<time[^>]*>([^<]+)</time>", page)
        assert len(shown) > 3
        assert all(re.search(r" CES?T$", moment) for moment in shown), shown  # one zone, the bank's: its texts name times, too
    assert [name in whole for name in ("Bluesky", "Telegram", "Operators’ alarms")] == [True] * 3
    assert "Bluesky" not in one
    assert "post--asked" in re.sub(r"<style>.*</style>", "", permalink, flags=re.S)
    assert "post--asked" not in re.sub(r"<style>.*</style>", "", whole, flags=re.S)


def test_a_timeline_that_lags_hides_new_posts_from_visitors_too(tmp_path: Path) -> None:
    moment = [datetime(2026, 11, 22, 14, 35, tzinfo=UTC)]
    with running_networks(tmp_path, lambda: moment[0]) as networks:
        networks.misbehave("mastodon", "lag", seconds=20)
        toot(networks, "Nuevo")
        before = "Nuevo" in ask("GET", f"{networks.url}/")[1]
        moment[0] += timedelta(seconds=20)
        after = "Nuevo" in ask("GET", f"{networks.url}/")[1]

    assert (before, after) == (False, True)


@pytest.mark.parametrize("path", ["/nothing", "/orkut/api", "/mastodon/api/v1/nothing"])
def test_what_is_not_there_is_not_there(networks: RunningNetworks, path: str) -> None:
    assert ask("GET", f"{networks.url}{path}", headers=MASTODON)[0] == 404


# --- accounts and the process -------------------------------------------------------------------------------------------------------


def test_the_entries_for_a_configuration_hold_references_and_no_secret() -> None:
    entries = account_entries("http://127.0.0.1:8004")

    text = json.dumps(entries)
    assert all(value not in text for value in environment().values())
    assert all(f"${{{name}}}" in text for name in environment())
    assert {entry["name"] for entry in entries} == {one.config for one in ACCOUNTS} - set(OFF_BY_DEFAULT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_served_alone_they_stop_at_a_signal_and_leave_their_truth(tmp_path: Path, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = f"from pathlib import Path; from statuspage.demo.networks import serve; serve('127.0.0.1', {port}, Path({str(tmp_path)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) as process:
        while True:
            try:
                toot(RunningAt(f"http://127.0.0.1:{port}"), "Uno")  # type: ignore[arg-type]
                break
            except urllib.error.URLError:
                assert process.poll() is None
        process.send_signal(number)
        ended = process.wait(timeout=30)

    assert ended == 0
    assert '"text": "Uno"' in (tmp_path / "posts.jsonl").read_text(encoding="utf-8")


class RunningAt:
    """Networks in another process."""

    def __init__(self, url: str) -> None:
        self.url = url


def test_a_port_in_use_is_said_and_nothing_is_left_behind(networks: RunningNetworks, tmp_path: Path) -> None:
    port = int(networks.url.rpartition(":")[2])

    with pytest.raises(OSError, match="in use"):
        RunningNetworks("127.0.0.1", port, tmp_path / "other")

    assert not (tmp_path / "other").exists()
