"""Each fault of the switchboard shows itself to customers as described, over http and https, and is mended."""

from __future__ import annotations

import contextlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from statuspage.demo.bank import CUSTOMERS, FAULTS, RunningBank
from statuspage.demo.bank.parts import PartDown
from tests.demo_bank.browser import Browser, code_now, landed
from tests.demo_bank.conftest import SetClock
from tests.demo_bank.test_customers import mobile_get, mobile_login
from tests.free_ports import free_port


@pytest.fixture
def sign_in(bank: RunningBank, browser: Browser, clock: SetClock) -> Callable[[], requests.Response]:
    """Sign in afresh as canary a, with a code that was not used before."""

    def fresh() -> requests.Response:
        clock.move(30)
        browser.jar.cookies.clear()
        return browser.sign_in("canary-a", code_now(bank, "canary-a"))

    return fresh


def works(browser: Browser, sign_in: Callable[[], requests.Response]) -> bool:
    """A whole visit as it should be: signed in, balance and bookings there."""
    page = browser.get(landed(sign_in())).text
    return "EUR 100.00" in page and 'class="booking"' in page


def test_a_healthy_bank_passes_what_the_other_tests_look_for(browser: Browser, sign_in: Callable[[], requests.Response]) -> None:
    assert works(browser, sign_in)


# --- signing in ---------------------------------------------------------------------------------------------------------------------


def test_a_stopped_sign_in_service_sends_everyone_back(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("sign_in_stopped")

    answer = sign_in()

    assert (answer.status_code, landed(answer)) == (302, "/sign-in?failed=1")
    assert "Login failed" in browser.get(landed(answer)).text
    assert requests.get(bank.url + "/ready", timeout=10).text == "ok\n"  # health answers lie
    bank.mend("sign_in_stopped")
    assert works(browser, sign_in)


def test_a_stopped_sign_in_service_is_hidden_by_a_kept_session(bank: RunningBank, browser: Browser, sign_in: Callable[[], object]) -> None:
    sign_in()

    bank.fault("sign_in_stopped")

    assert "EUR 100.00" in browser.get("/accounts").text


def test_a_frozen_sign_in_service_sends_back_after_the_websites_own_time_out(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("sign_in_frozen", seconds=0.3)

    started = time.monotonic()
    answer = sign_in()
    took = time.monotonic() - started

    assert landed(answer) == "/sign-in?failed=1"
    assert took >= 0.3
    bank.mend("sign_in_frozen")
    assert works(browser, sign_in)


def test_a_visitor_who_waits_for_the_frozen_service_goes_on_when_it_is_mended(bank: RunningBank) -> None:
    bank.fault("sign_in_frozen", seconds=60)
    got: list[str] = []
    visitor = threading.Thread(target=lambda: got.append(landed(Browser(bank.url).password("anna"))))
    visitor.start()

    visitor.join(0.2)
    waiting = visitor.is_alive()
    bank.mend("sign_in_frozen")
    visitor.join(30)

    assert waiting and got == ["/sign-in/code"]


def test_a_restarted_customer_database_fails_one_sign_in_and_no_more(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("database_restarted")

    answers = [landed(sign_in()) for _ in range(3)]

    assert answers == ["/sign-in?failed=1", "/accounts", "/accounts"]


def test_keys_out_of_step_let_everyone_in_and_send_them_back_for_ever(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("keys_out_of_step")

    answers = [landed(sign_in()) for _ in range(2)]
    then = browser.get("/accounts")

    assert answers == ["/accounts", "/accounts"]  # looks perfect
    assert landed(then) == "/sign-in?again=1"
    bank.mend("keys_out_of_step")
    assert works(browser, sign_in)


def test_short_sessions_sign_customers_out_too_early(
    bank: RunningBank, browser: Browser, clock: SetClock, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("session_short", seconds=5)

    sign_in()
    early = browser.get("/accounts").status_code
    clock.move(5)
    late = landed(browser.get("/accounts"))
    bank.fault("session_short")
    at_once = landed(browser.get(landed(sign_in())))

    assert (early, late, at_once) == (200, "/sign-in?again=1", "/sign-in?again=1")
    bank.mend("session_short")
    assert works(browser, sign_in)


def test_an_expired_canary_reads_like_an_outage_for_that_account_only(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("canary_expired")
    expired = [landed(sign_in()) for _ in range(8)]  # more often than wrong passwords are allowed: this is none
    other = landed(browser.password("canary-b"))
    bank.fault("sign_in_stopped")
    stopped = landed(sign_in())
    bank.mend("sign_in_stopped")

    bank.fault("canary_expired", account="b")
    moved = [landed(sign_in()), landed(browser.password("canary-b"))]

    assert expired == [stopped] * 8  # the same words
    assert other == "/sign-in/code"
    assert moved == ["/accounts", "/sign-in?failed=1"]
    bank.mend("canary_expired")
    assert landed(browser.password("canary-b")) == "/sign-in/code"


def test_an_expired_password_is_refused_more_slowly_than_by_a_dead_service(bank: RunningBank) -> None:
    def shortest_s() -> float:
        taken = []
        for _ in range(5):
            started = time.monotonic()
            with contextlib.suppress(PartDown):
                bank.bank.sign_in.call("password", user="canary-a", password=CUSTOMERS["canary-a"].password)
            taken.append(time.monotonic() - started)
        return min(taken)

    bank.fault("canary_expired")
    expired = shortest_s()
    bank.fault("sign_in_stopped")
    stopped = shortest_s()

    assert expired > stopped


# --- behind the pages ---------------------------------------------------------------------------------------------------------------


def test_a_missing_balance_is_a_page_like_any_other_with_dashes(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("balance_missing")
    sign_in()

    answer = browser.get("/accounts")

    assert answer.status_code == 200
    assert "EUR ---" in answer.text and "EUR 100.00" not in answer.text and 'class="booking"' in answer.text
    bank.mend("balance_missing")
    assert works(browser, sign_in)


def test_a_stopped_booking_database_leaves_an_empty_list_and_a_right_balance(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("database_stopped")
    sign_in()

    answers = [browser.get("/accounts"), browser.get("/history")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "EUR 100.00" in answers[0].text
    assert all("No bookings." in answer.text and 'class="booking"' not in answer.text for answer in answers)
    bank.mend("database_stopped")
    assert works(browser, sign_in)


def test_a_maintenance_page_from_a_back_end_becomes_a_500_of_the_front_end(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response], caplog: pytest.LogCaptureFixture
) -> None:
    bank.fault("maintenance_page")
    arrived = landed(sign_in())

    answer = browser.get("/accounts")

    assert arrived == "/accounts"
    assert answer.status_code == 500 and "Something went wrong" in answer.text
    assert browser.get("/sign-in").status_code == 200
    assert caplog.text == ""  # the fault was switched on: whoever watches the terminal is not frightened with a traceback
    bank.mend("maintenance_page")
    assert works(browser, sign_in)


@pytest.mark.parametrize(
    ("fault", "login", "balance", "bookings"),
    [
        ("sign_in_stopped", 503, None, None),
        ("canary_expired", 401, None, None),
        ("keys_out_of_step", 200, 401, 401),
        ("balance_missing", 200, 200, 200),
        ("database_stopped", 200, 200, 200),
        ("maintenance_page", 200, 500, 200),
    ],
)
def test_the_app_meets_the_same_faults(bank: RunningBank, fault: str, login: int, balance: int | None, bookings: int | None) -> None:
    bank.fault(fault)

    entry = mobile_login(bank, "canary-a")

    assert entry.status_code == login
    if login == 200:
        answers = [mobile_get(bank, path, entry.json()["token"]) for path in ("accounts", "bookings")]
        assert [answer.status_code for answer in answers] == [balance, bookings]
        if fault == "balance_missing":
            assert answers[0].json()["accounts"][0]["balance"] is None
        if fault == "database_stopped":
            assert answers[1].json() == {"bookings": []}


# --- the website answers badly ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        ("error_500", 500, "Something went wrong"),
        ("error_503", 503, "not available"),
        ("sorry_page", 200, "We are sorry"),
        ("empty_body", 200, ""),
    ],
)
def test_the_front_door_answers_badly_to_everything_but_its_own_health(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response], fault: str, status: int, says: str
) -> None:
    bank.fault(fault)

    answers = [browser.get(path) for path in ("/", "/sign-in", "/accounts", "/api/mobile/v1/config")]
    answers.append(browser.post("/sign-in", {"user": "anna", "password": "x" * 5000}))

    assert [answer.status_code for answer in answers] == [status] * 5
    assert all((says in answer.text) if says else answer.content == b"" for answer in answers)
    assert all("form_token" not in answer.text for answer in answers)
    assert browser.get("/ready").text == "ok\n"
    bank.mend(fault)
    assert works(browser, sign_in)


def test_a_redirect_loop_never_arrives(bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]) -> None:
    bank.fault("redirect_loop")

    with pytest.raises(requests.TooManyRedirects):
        browser.jar.get(browser.url + "/sign-in", verify=browser.ca_file, timeout=10)

    bank.mend("redirect_loop")
    assert works(browser, sign_in)


@pytest.mark.parametrize("fault", ["slow", "workers_busy"])
def test_pages_come_late_and_complete(bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response], fault: str) -> None:
    bank.fault(fault, seconds=0.3)

    started = time.monotonic()
    page = browser.get("/sign-in")
    took = time.monotonic() - started

    assert took >= 0.3 and "form_token" in page.text
    assert browser.get("/ready").text == "ok\n"
    bank.mend(fault)
    assert works(browser, sign_in)


@pytest.mark.parametrize(("fault", "settings"), [("slow", {"seconds": 120}), ("workers_busy", {"seconds": 120}), ("drip", {})])
def test_whoever_waits_gets_the_whole_page_as_soon_as_it_is_mended(bank: RunningBank, fault: str, settings: dict[str, float]) -> None:
    bank.fault(fault, **settings)
    got: list[str] = []
    visitor = threading.Thread(target=lambda: got.append(Browser(bank.url).get("/sign-in").text))
    visitor.start()

    visitor.join(0.2)
    waiting = visitor.is_alive()
    bank.mend(fault)
    visitor.join(30)

    assert waiting and "form_token" in got[0] and got[0].rstrip().endswith("</html>")


# --- the connection -----------------------------------------------------------------------------------------------------------------


def ports(bank: RunningBank) -> list[int]:
    return [int(url.rpartition(":")[2]) for url in (bank.url, bank.tls_url)]


@pytest.mark.parametrize("fault", ["refuse", "everything_down"])
def test_the_ports_really_refuse_connections_and_nobody_else_gets_them(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response], fault: str
) -> None:
    bank.fault(fault)

    for port in ports(bank):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=10)
        with pytest.raises(OSError), socket.socket() as other:
            other.bind(("127.0.0.1", port))
    assert requests.get(bank.switchboard + "/faults", timeout=10).json()[fault]["on"] is True
    bank.mend(fault)
    assert works(browser, sign_in)


def test_everything_down_cuts_the_connections_that_are_open(bank: RunningBank) -> None:
    cut = []
    for port in ports(bank):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as visitor:
            visitor.sendall(b"GET / HTTP/1.1\r\n" if port == ports(bank)[0] else b"")
            assert accepted(bank, port)
            bank.fault("everything_down")
            with contextlib.suppress(ConnectionResetError):
                cut.append(visitor.recv(10))
        bank.mend("everything_down")

    assert all(answer == b"" for answer in cut)


def accepted(bank: RunningBank, port: int) -> bool:
    """Connections are taken in order: once a later one was answered, the earlier one was taken."""
    url, ca_file = (bank.url, True) if bank.url.endswith(f":{port}") else (bank.tls_url, str(bank.ca_file))
    return bool(requests.get(url + "/ready", verify=ca_file, timeout=10).text)


def test_a_hanging_bank_takes_the_connection_and_says_nothing(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    bank.fault("hang")
    visitors = [socket.create_connection(("127.0.0.1", port), timeout=10) for port in ports(bank)]

    for visitor in visitors:
        visitor.sendall(b"GET / HTTP/1.1\r\nHost: bank\r\n\r\n")
        visitor.settimeout(0.2)
        with pytest.raises(TimeoutError):
            visitor.recv(1)

    bank.mend("hang")
    for visitor in visitors:  # what hung is cut, not answered
        visitor.settimeout(10)
        with visitor, contextlib.suppress(ConnectionResetError):
            assert visitor.recv(1) == b""
    assert works(browser, sign_in)


def test_a_hang_of_hours_does_not_use_up_files(bank: RunningBank) -> None:
    bank.fault("hang")
    for _ in range(300):
        socket.create_connection(("127.0.0.1", ports(bank)[0]), timeout=10).close()

    bank.mend("hang")
    bank.fault("hang")
    socket.create_connection(("127.0.0.1", ports(bank)[0]), timeout=10).close()

    assert len(bank._plain._hanging) <= 2


def test_a_dripping_bank_sends_byte_by_byte_from_the_first_one(bank: RunningBank) -> None:
    bank.fault("drip", bytes_per_s=20)

    with socket.create_connection(("127.0.0.1", ports(bank)[0]), timeout=10) as visitor:
        visitor.sendall(b"GET /ready HTTP/1.1\r\nHost: bank\r\n\r\n")
        started = time.monotonic()
        came = [visitor.recv(1000) for _ in range(6)]
        took = time.monotonic() - started

    assert b"HTTP/1".startswith(b"".join(came)[:6]) and max(len(piece) for piece in came) <= 3
    assert took >= 0.1


def test_a_dripping_bank_drips_over_https_too(bank: RunningBank) -> None:
    bank.fault("drip", bytes_per_s=20)
    trusting = ssl.create_default_context(cafile=str(bank.ca_file))

    with (
        socket.create_connection(("127.0.0.1", ports(bank)[1]), timeout=10) as raw,
        trusting.wrap_socket(raw, server_hostname="localhost") as visitor,
    ):
        visitor.sendall(b"GET /ready HTTP/1.1\r\nHost: bank\r\n\r\n")
        came = [visitor.recv(1000) for _ in range(4)]

    assert came == [b"H", b"T", b"T", b"P"]


def test_an_expired_certificate_stops_https_and_leaves_http_alone(bank: RunningBank) -> None:
    secure = Browser(bank.tls_url, str(bank.ca_file))
    bank.fault("expired_certificate")

    with pytest.raises(requests.exceptions.SSLError, match="expired"):
        secure.get("/")

    assert Browser(bank.url).get("/").status_code == 200
    bank.mend("expired_certificate")
    assert secure.get("/").status_code == 200


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_the_good_certificate_is_trusted_through_its_authority_alone(bank: RunningBank, name: str) -> None:
    trusting = ssl.create_default_context(cafile=str(bank.ca_file))

    with socket.create_connection(("127.0.0.1", ports(bank)[1]), timeout=10) as raw, trusting.wrap_socket(raw, server_hostname=name) as tls:
        until = ssl.cert_time_to_seconds(str((tls.getpeercert() or {})["notAfter"]))

    with pytest.raises(requests.exceptions.SSLError):
        requests.get(bank.tls_url, timeout=10)
    assert until - time.time() > 60 * 86400


# --- all of them --------------------------------------------------------------------------------------------------------------------


def test_all_faults_together_are_mended_one_after_the_other(
    bank: RunningBank, browser: Browser, sign_in: Callable[[], requests.Response]
) -> None:
    for name in FAULTS:
        bank.fault(name)
    for name in FAULTS:
        bank.mend(name)
    sign_in()  # the restart of the database costs one sign-in

    assert works(browser, sign_in)


def test_mending_one_of_two_faults_of_a_part_leaves_the_other(bank: RunningBank, browser: Browser) -> None:
    bank.fault("sign_in_stopped")
    bank.fault("sign_in_frozen", seconds=0.1)

    bank.mend("sign_in_frozen")

    assert landed(browser.password("anna")) == "/sign-in?failed=1"
    bank.mend("sign_in_stopped")
    assert landed(browser.password("anna")) == "/sign-in/code"


# --- the process --------------------------------------------------------------------------------------------------------------------


SERVE = """
import sys
from pathlib import Path
from statuspage.demo.bank import serve
serve("127.0.0.1", *map(int, sys.argv[1:4]), Path(sys.argv[4]))
"""


def test_serve_stops_on_sigterm_while_visitors_hang_and_says_which_port_is_taken(tmp_path: Path) -> None:
    numbers = [free_port() for _ in range(3)]
    command = [sys.executable, "-c", SERVE, *map(str, numbers), str(tmp_path)]
    process = subprocess.Popen(command)
    wait_until_open(numbers[2])
    requests.put(f"http://127.0.0.1:{numbers[2]}/faults/hang", json={}, timeout=10).raise_for_status()
    visitors = [socket.create_connection(("127.0.0.1", port), timeout=10) for port in numbers[:2] * 5]

    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    process.send_signal(signal.SIGTERM)
    ended = process.wait(60)

    for visitor in visitors:
        visitor.close()
    assert ended == 0
    assert second.returncode != 0 and f"port {numbers[0]} of 127.0.0.1 cannot be used" in second.stderr


def wait_until_open(port: int) -> None:
    """Connecting is asked for again until the process listens; the limit only keeps a broken start from lasting for ever."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=10):
            return
    raise AssertionError(f"nothing listens on {port}")
