"""Signing in, accounts, transfers and the mobile API of a bank on which nothing is broken."""

from __future__ import annotations

import itertools
from contextlib import closing
from pathlib import Path

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from statuspage.demo.bank import CUSTOMERS, RunningBank, running_bank
from statuspage.demo.bank.ledger import Ledger
from statuspage.demo.bank.money import cents, euros, iban, iban_is_valid
from statuspage.demo.bank.services import WRONG_BEFORE_LOCK, Orders
from tests.demo_bank.browser import Browser, code_now, form_token, hidden, landed
from tests.demo_bank.conftest import SetClock


def test_signing_in_leads_to_the_balance_and_the_newest_bookings(bank: RunningBank, browser: Browser) -> None:
    answer = browser.sign_in("anna", code_now(bank, "anna"))

    page = browser.get(landed(answer)).text
    assert landed(answer) == "/accounts"
    assert "EUR 2,431.07" in page and "Bakery" in page and "---" not in page


def test_the_sign_in_page_tells_a_newcomer_how_to_get_in(browser: Browser) -> None:
    page = browser.get("/sign-in").text

    assert "Demonstration: an invented bank" in page
    assert "anna" in page and CUSTOMERS["anna"].password in page
    assert "http:" not in page and "https:" not in page  # nothing from elsewhere


def test_the_code_page_shows_an_invented_person_the_code_and_a_canary_none(bank: RunningBank, browser: Browser) -> None:
    browser.password("anna")
    for_anna = browser.get("/sign-in/code").text
    browser.password("canary-a")
    for_canary = browser.get("/sign-in/code").text

    assert code_now(bank, "anna") in for_anna
    assert code_now(bank, "canary-a") not in for_canary


def test_a_wrong_password_goes_back_and_says_login_failed(browser: Browser) -> None:
    answer = browser.password("anna", "wrong")

    assert answer.status_code == 302
    assert "Login failed" in browser.get(landed(answer)).text


def test_a_code_works_once(bank: RunningBank, browser: Browser) -> None:
    code = code_now(bank, "anna")

    first = browser.sign_in("anna", code)
    again = browser.sign_in("anna", code)

    assert landed(first) == "/accounts"
    assert landed(again) == "/sign-in?failed=code"


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_code_of_the_step_before_and_after_is_accepted_too(bank: RunningBank, steps: int, good: bool) -> None:
    answer = Browser(bank.url).sign_in("anna", code_now(bank, "anna", steps=steps))

    assert (landed(answer) == "/accounts") is good


def test_an_older_code_is_refused_after_a_newer_one(bank: RunningBank, browser: Browser) -> None:
    newer = browser.sign_in("anna", code_now(bank, "anna", steps=1))
    older = browser.sign_in("anna", code_now(bank, "anna"))

    assert landed(newer) == "/accounts"
    assert landed(older) == "/sign-in?failed=code"


def test_a_password_ticket_is_good_for_one_try_at_the_code(bank: RunningBank, browser: Browser) -> None:
    browser.password("anna")
    page = form_token(browser.get("/sign-in/code").text)
    ticket = {name: value for name, value in browser.jar.cookies.items() if name.endswith("ticket")}
    browser.post("/sign-in/code", {"code": "000000"}, page)
    browser.jar.cookies.update(ticket)

    answer = browser.post("/sign-in/code", {"code": code_now(bank, "anna")}, page)

    assert landed(answer) == "/sign-in?failed=code"


def test_access_is_locked_after_repeated_wrong_passwords_and_opens_again(bank: RunningBank, clock: SetClock, browser: Browser) -> None:
    answers = [landed(browser.password("anna", "wrong")) for _ in range(WRONG_BEFORE_LOCK)]
    while_locked = landed(browser.password("anna"))
    clock.move(61)
    afterwards = landed(browser.password("anna"))

    assert answers == ["/sign-in?failed=1"] * (WRONG_BEFORE_LOCK - 1) + ["/sign-in?failed=locked"]
    assert while_locked == "/sign-in?failed=locked"
    assert afterwards == "/sign-in/code"


def test_a_complete_sign_in_forgives_earlier_wrong_passwords(bank: RunningBank, clock: SetClock, browser: Browser) -> None:
    for _ in range(2):
        for _ in range(WRONG_BEFORE_LOCK - 1):
            browser.password("anna", "wrong")
        clock.move(30)
        assert landed(browser.sign_in("anna", code_now(bank, "anna"))) == "/accounts"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/sign-out", "/transfers/check", "/transfers/sign", "/transfers/cancel"])
def test_a_form_without_the_token_of_this_browser_changes_nothing(bank: RunningBank, path: str) -> None:
    mine, foreign = Browser(bank.url), Browser(bank.url)
    mine.sign_in("anna", code_now(bank, "anna"))
    stolen = form_token(foreign.get("/sign-in").text)
    fields = {"iban": CUSTOMERS["bram"].iban, "name": "Bram de Vries", "amount": "5", "order_id": "o" * 20, "user": "bram", "code": "1"}

    answers = [mine.post(path, fields, token).status_code for token in (None, "", "wrong", stolen)]

    assert answers == [400] * 4
    assert "EUR 2,431.07" in mine.get("/accounts").text


@pytest.mark.parametrize("path", ["/accounts", "/history", "/transfers/new"])
def test_pages_behind_the_sign_in_send_strangers_to_it(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    assert (answer.status_code, landed(answer)) == (302, "/sign-in")


def test_signing_out_ends_the_session_at_the_bank_and_not_only_in_the_browser(bank: RunningBank, browser: Browser) -> None:
    browser.sign_in("anna", code_now(bank, "anna"))
    kept = dict(browser.jar.cookies.items())
    browser.post("/sign-out", {}, form_token(browser.get("/accounts").text))

    browser.jar.cookies.update(kept)

    assert landed(browser.get("/accounts")) == "/sign-in?again=1"


def test_a_forged_or_cut_session_is_no_session(bank: RunningBank, browser: Browser) -> None:
    browser.sign_in("anna", code_now(bank, "anna"))
    name, token = next((name, value) for name, value in browser.jar.cookies.items() if name.endswith("session"))

    for broken in (token[:-1], token.partition(".")[0], "." + token.partition(".")[2], "é" + token, "x.y", token + "=", ""):
        answer = requests.get(
            browser.url + "/accounts",
            headers={"Cookie": f"{name}={broken}".encode()},
            verify=browser.ca_file,
            allow_redirects=False,
            timeout=10,
        )
        assert answer.status_code == 302, broken


def order(browser: Browser, payee: str, amount: str, name: str | None = None) -> requests.Response:
    """Fill in the transfer form and press Check."""
    page = browser.get("/transfers/new").text
    fields = {"name": name or CUSTOMERS[payee].name, "iban": CUSTOMERS[payee].iban, "amount": amount, "message": "a test"}
    return browser.post("/transfers/check", fields, form_token(page))


def signed(browser: Browser, confirmation: str, code: str = "") -> requests.Response:
    fields = {name: hidden(confirmation, name) for name in ("order_id", "name", "iban", "amount", "message")}
    return browser.post("/transfers/sign", fields | {"code": code}, form_token(confirmation))


def balances(bank: RunningBank) -> dict[str, int]:
    return {user: bank.bank.ledger.accounts(user)[0]["balance_cents"] for user in CUSTOMERS}


def test_a_transfer_moves_the_money_once_however_often_it_is_sent(bank: RunningBank, browser: Browser) -> None:
    browser.sign_in("canary-a", code_now(bank, "canary-a"))
    before = balances(bank)

    confirmation = order(browser, "canary-b", "0.01").text
    receipts = [signed(browser, confirmation).text for _ in range(3)]

    after = balances(bank)
    assert "the name fits" in confirmation
    assert all("The transfer was sent" in receipt for receipt in receipts)
    assert len({hidden_order(receipt) for receipt in receipts}) == 1
    assert after["canary-a"] == before["canary-a"] - 1 and after["canary-b"] == before["canary-b"] + 1
    assert sum(after.values()) == sum(before.values())
    assert browser.get("/history").text.count("a test") == 1


def hidden_order(receipt: str) -> str:
    return receipt.partition("Order number</dt><dd><code>")[2].partition("<")[0]


def test_a_transfer_that_is_cancelled_before_signing_leaves_no_mark(bank: RunningBank, browser: Browser) -> None:
    browser.sign_in("canary-a", code_now(bank, "canary-a"))
    before = (balances(bank), browser.get("/history").text)

    answer = browser.post("/transfers/cancel", {}, form_token(order(browser, "canary-b", "0.01").text))

    assert "Nothing was paid" in answer.text
    assert (balances(bank), browser.get("/history").text) == before


def test_the_payee_check_warns_of_a_name_that_does_not_fit(bank: RunningBank, browser: Browser) -> None:
    browser.sign_in("canary-a", code_now(bank, "canary-a"))

    answer = order(browser, "canary-b", "0.01", name="Somebody Else")

    assert "does not fit" in answer.text


def test_a_large_transfer_needs_a_fresh_code_and_a_repeat_of_it_shows_the_receipt(
    bank: RunningBank, clock: SetClock, browser: Browser
) -> None:
    browser.sign_in("anna", code_now(bank, "anna"))
    confirmation = order(browser, "bram", "250,00").text
    refused = signed(browser, confirmation, code_now(bank, "anna")).text  # used to sign in
    untouched = balances(bank)
    clock.move(30)

    sent = [signed(browser, confirmation, code_now(bank, "anna")).text for _ in range(2)]

    assert "Nothing was paid" in refused and untouched["bram"] == CUSTOMERS["bram"].opening_cents
    assert all("The transfer was sent" in receipt for receipt in sent)
    assert balances(bank)["bram"] == CUSTOMERS["bram"].opening_cents + 250_00


@pytest.mark.parametrize(
    ("user", "payee", "amount", "says"),
    [
        ("canary-a", "bram", "0.01", "Test accounts may pay at most"),
        ("canary-a", "canary-b", "1.01", "Test accounts may pay at most"),
        ("bram", "bram", "1", "the same account"),
        ("bram", "anna", "0", "above zero"),
        ("bram", "anna", "-5", "above zero"),
        ("bram", "anna", "ten", "above zero"),
    ],
)
def test_an_order_that_the_bank_does_not_take_says_why(bank: RunningBank, user: str, payee: str, amount: str, says: str) -> None:
    browser = Browser(bank.url)
    browser.sign_in(user, code_now(bank, user))

    answer = order(browser, payee, amount)

    assert says in answer.text
    assert balances(bank) == {person.user: person.opening_cents for person in CUSTOMERS.values()}


def test_nobody_can_pay_more_than_there_is(bank: RunningBank, clock: SetClock) -> None:
    browser = Browser(bank.url)
    browser.sign_in("bram", code_now(bank, "bram"))
    confirmation = order(browser, "anna", "318.51").text
    clock.move(30)

    answer = signed(browser, confirmation, code_now(bank, "bram"))

    assert "The balance is too low" in answer.text and "Nothing was paid" in answer.text
    assert balances(bank) == {person.user: person.opening_cents for person in CUSTOMERS.values()}


def test_the_same_order_number_for_another_payment_is_refused(bank: RunningBank) -> None:
    browser = Browser(bank.url)
    browser.sign_in("canary-a", code_now(bank, "canary-a"))
    signed(browser, order(browser, "canary-b", "0.01").text)
    first = bank.bank.ledger.bookings("canary-a", 1)
    number = bank.bank.ledger._rows("SELECT order_id FROM transfer")[0]["order_id"]

    answer = bank.bank.orders.call("book", user="canary-a", order_id=number, payee=CUSTOMERS["canary-c"].iban, cents=1, message="a test")

    assert answer == {"refused": "This order number was already used for another payment."}
    assert bank.bank.ledger.bookings("canary-a", 1) == first


@settings(max_examples=50, deadline=None)
@given(moves=st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.integers(1, 120), st.integers(0, 9)), max_size=30))
def test_money_is_only_moved_whatever_is_ordered(moves: list[tuple[str, str, int, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    clock = SetClock()
    with closing(Ledger(tmp_path_factory.mktemp("bank") / "bank.db", clock.now().date())) as ledger:
        before = [ledger.accounts(user)[0]["balance_cents"] for user in CUSTOMERS]

        for payer, payee, amount, number in moves:
            Orders(ledger, clock).book(f"canary-{payer}", f"order-{number}", CUSTOMERS[f"canary-{payee}"].iban, amount, "")

        after = [ledger.accounts(user)[0]["balance_cents"] for user in CUSTOMERS]
    assert sum(after) == sum(before)
    assert all(left >= 0 for left in after)


def test_customers_and_their_money_outlive_a_restart(tmp_path: Path, clock: SetClock) -> None:
    with running_bank(tmp_path, clock) as bank:
        browser = Browser(bank.url)
        code = code_now(bank, "canary-a")
        browser.sign_in("canary-a", code)
        signed(browser, order(browser, "canary-b", "0.01").text)
        before, authority = balances(bank), bank.ca_file.read_bytes()

    with running_bank(tmp_path, clock) as bank:
        after, same_authority = balances(bank), bank.ca_file.read_bytes()
        again = Browser(bank.url).sign_in("canary-a", code)

    assert after == before and after["canary-b"] == CUSTOMERS["canary-b"].opening_cents + 1
    assert same_authority == authority
    assert landed(again) == "/sign-in?failed=code"  # used before the restart


# --- the mobile API -----------------------------------------------------------------------------------------------------------------


def mobile_login(bank: RunningBank, name: str, **other: str) -> requests.Response:
    customer = CUSTOMERS[name]
    fields = {"user": name, "password": customer.password, "device": customer.device_key} | other
    return requests.post(bank.url + "/api/mobile/v1/login", json=fields, timeout=10)


def mobile_get(bank: RunningBank, path: str, token: str) -> requests.Response:
    return requests.get(f"{bank.url}/api/mobile/v1/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)


def test_the_app_reads_its_version_balance_and_bookings(bank: RunningBank) -> None:
    config = requests.get(bank.url + "/api/mobile/v1/config", timeout=10).json()
    token = mobile_login(bank, "canary-a").json()["token"]

    accounts = mobile_get(bank, "accounts", token).json()
    bookings = mobile_get(bank, "bookings", token).json()

    assert config["update_required"] is False and config["minimum_version"] == "4.0.0"
    assert accounts == {"accounts": [{"iban": CUSTOMERS["canary-a"].iban, "currency": "EUR", "balance": 100.0}]}
    assert [booking["amount"] for booking in bookings["bookings"]] == [-0.01, 0.01]


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"device": "x"}, {"user": "nobody"}])
def test_the_app_is_refused_with_a_problem_in_json(bank: RunningBank, wrong: dict[str, str]) -> None:
    answer = mobile_login(bank, "canary-a", **wrong)

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "Login failed"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"user": 1}', b"[" * 100_000, b'{"user": "\\ud800", "password": "x", "device": "x"}'],
    ids=lambda body: body[:40].decode(),
)
def test_the_app_must_send_what_a_login_needs(bank: RunningBank, body: bytes) -> None:
    answer = requests.post(bank.url + "/api/mobile/v1/login", data=body, headers={"Content-Type": "application/json"}, timeout=10)

    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["accounts", "bookings"])
def test_the_api_shows_nothing_without_a_token(bank: RunningBank, path: str) -> None:
    answers = [requests.get(f"{bank.url}/api/mobile/v1/{path}", timeout=10), mobile_get(bank, path, "x.y")]

    assert [answer.status_code for answer in answers] == [401, 401]


# --- amounts and account numbers ----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 999_999_999))
def test_an_amount_reads_back_as_it_was_written(amount: int) -> None:
    assert cents(euros(amount).removeprefix("EUR ").replace(",", "")) == amount


@settings(deadline=None)
@given(st.integers(0, 9_999_999_999), st.integers(0, 17), st.sampled_from("0123456789"))
def test_an_account_number_has_check_digits_that_find_one_wrong_digit(number: int, place: int, digit: str) -> None:
    right = iban(number)
    wrong = right[:place] + digit + right[place + 1 :]

    assert iban_is_valid(right)
    assert wrong == right or not iban_is_valid(wrong)


def test_every_customer_has_an_account_number_and_secrets_of_their_own() -> None:
    for one, other in itertools.combinations(CUSTOMERS.values(), 2):
        assert {one.iban, one.totp_secret, one.device_key, one.password}.isdisjoint(
            {other.iban, other.totp_secret, other.device_key, other.password}
        )
