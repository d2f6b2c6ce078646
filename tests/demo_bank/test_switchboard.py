"""The switchboard: shapes that scripts rely on, a page that works without script, and only its own page may switch."""

from __future__ import annotations

import html
import re

import pytest
import requests

from statuspage.demo.bank import FAULTS, RunningBank, references

STABLE = {
    "sign_in_stopped", "sign_in_frozen", "database_stopped", "database_restarted", "balance_missing", "maintenance_page",
    "keys_out_of_step", "session_short", "canary_expired", "workers_busy", "everything_down", "refuse", "hang", "drip", "slow",
    "error_500", "error_503", "sorry_page", "empty_body", "expired_certificate", "redirect_loop",
}  # fmt: skip


def listing(bank: RunningBank) -> dict[str, dict[str, object]]:
    answer = requests.get(bank.switchboard + "/faults", timeout=10)
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, dict[str, object]] = answer.json()
    return found


def put(bank: RunningBank, name: str, body: bytes = b"{}", **headers: str) -> requests.Response:
    return requests.put(f"{bank.switchboard}/faults/{name}", data=body, headers=headers, timeout=10)


def test_the_listing_names_every_fault_with_its_state_settings_and_what_it_does(bank: RunningBank) -> None:
    found = listing(bank)

    assert set(found) == STABLE == set(FAULTS)
    assert all(set(fault) == {"on", "settings", "description"} for fault in found.values())
    assert not any(fault["on"] for fault in found.values())
    assert found["canary_expired"]["settings"] == {"account": "a"}
    assert found["workers_busy"]["settings"] == {"seconds": 13.0}


def test_a_fault_is_turned_on_with_settings_changed_and_turned_off(bank: RunningBank) -> None:
    on = put(bank, "slow", b'{"seconds": 7}')
    changed = put(bank, "slow", b"")
    off = requests.delete(bank.switchboard + "/faults/slow", timeout=10)

    assert (on.status_code, on.json()["on"], on.json()["settings"]) == (200, True, {"seconds": 7.0})
    assert (changed.json()["on"], changed.json()["settings"]) == (True, {"seconds": 3.0})
    assert (off.status_code, off.json()["on"]) == (200, False)
    assert requests.delete(bank.switchboard + "/faults/slow", timeout=10).status_code == 200


@pytest.mark.parametrize("name", sorted(STABLE))
def test_every_fault_can_be_switched_without_settings(bank: RunningBank, name: str) -> None:
    put(bank, name).raise_for_status()
    on = [fault for fault, state in listing(bank).items() if state["on"]]
    requests.delete(f"{bank.switchboard}/faults/{name}", timeout=10).raise_for_status()

    assert on == [name]
    assert not any(state["on"] for state in listing(bank).values())


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/switches", 404), ("POST", "/faults", 405), ("PATCH", "/faults/slow", 405)]
)
def test_what_is_not_there_is_told_with_what_is(bank: RunningBank, method: str, path: str, status: int) -> None:
    answer = requests.request(method, bank.switchboard + path, headers={"Origin": bank.switchboard}, timeout=10)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert "PUT and DELETE /faults/NAME" in answer.json()["detail"]
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_fault_can_be_asked_for_alone(bank: RunningBank) -> None:
    put(bank, "slow", b'{"seconds": 7}')

    answer = requests.get(bank.switchboard + "/faults/slow", timeout=10)

    assert answer.json() == listing(bank)["slow"]
    assert (answer.json()["on"], answer.json()["settings"]) == (True, {"seconds": 7.0})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_fault_is_a_problem_that_lists_the_known_ones(bank: RunningBank, method: str) -> None:
    answer = requests.request(method, bank.switchboard + "/faults/sign_in_sleepy", timeout=10)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.json()["faults"]) == STABLE


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("slow", b'{"seconds": -1}', "a number from 0.1 to 120"),
        ("slow", b'{"seconds": 1e9}', "a number from 0.1 to 120"),
        ("slow", b'{"seconds": NaN}', "a number from 0.1 to 120"),
        ("slow", b'{"seconds": "7"}', "a number from 0.1 to 120"),
        ("slow", b'{"seconds": true}', "a number from 0.1 to 120"),
        ("slow", b'{"minutes": 1}', "Allowed: seconds"),
        ("refuse", b'{"seconds": 1}', "Allowed: none"),
        ("canary_expired", b'{"account": "z"}', "one of a, b, c"),
        ("canary_expired", b'{"account": ["a"]}', "one of a, b, c"),
        ("slow", b"[]", "JSON object"),
        ("slow", b"{", "not JSON"),
        ("slow", b"[" * 15_000, "not JSON"),
        ("slow", b"null", "JSON object"),
        ("slow", b"\xff", "not JSON"),
    ],
)
def test_wrong_settings_are_refused_with_what_is_allowed_and_switch_nothing(bank: RunningBank, name: str, body: bytes, says: str) -> None:
    answer = put(bank, name, body)

    assert answer.status_code == 400
    assert says in answer.json()["detail"] and "Nothing was switched" in answer.json()["detail"]
    assert listing(bank)[name]["on"] is False


def forms(page: str) -> dict[str, str]:
    """Action of each form of the page -> the form's HTML."""
    return dict(re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', page, re.S))


def submit(bank: RunningBank, action: str, origin: str | None, **fields: str) -> requests.Response:
    headers = {"Origin": origin} if origin is not None else {}
    return requests.post(bank.switchboard + action, data=fields, headers=headers, allow_redirects=False, timeout=10)


def test_the_page_switches_every_fault_by_plain_forms(bank: RunningBank) -> None:
    page = requests.get(bank.switchboard + "/", timeout=10).text
    actions = forms(page)

    for name, fault in FAULTS.items():
        defaults = {
            key: f"{setting.default:g}" if isinstance(setting.default, float) else setting.default
            for key, setting in fault.settings.items()
        }
        assert all(f'name="{key}"' in actions[f"/switch/{name}"] for key in defaults)
        answer = submit(bank, f"/switch/{name}", bank.switchboard, to="on", **defaults)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/#{name}")
    broken = requests.get(bank.switchboard + "/", timeout=10).text
    submit(bank, "/mend-all", bank.switchboard)

    assert "Everything works" in page and "<script" not in page and "http-equiv" not in page
    assert f"{len(FAULTS)} things broken" in broken
    assert all('value="off"' in form for action, form in forms(broken).items() if action.startswith("/switch/"))
    assert not any(state["on"] for state in listing(bank).values())


def test_the_page_says_for_each_fault_what_customers_see_and_what_to_watch(bank: RunningBank) -> None:
    page = html.unescape(requests.get(bank.switchboard + "/", timeout=10).text)

    for fault in FAULTS.values():
        assert fault.title in page
        assert f"<p>{fault.sees}</p>" in page and f"Watch: {fault.watch}" in page
        assert f'id="{fault.name}"' in page


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1"])
def test_another_site_cannot_switch_by_a_form(bank: RunningBank, origin: str | None) -> None:
    answers = [submit(bank, action, origin, to="on") for action in ("/switch/refuse", "/mend-all")]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert listing(bank)["refuse"]["on"] is False


@pytest.mark.parametrize("origin", ["null", "http://evil.example"])
def test_another_site_cannot_switch_by_a_script(bank: RunningBank, origin: str) -> None:
    put_answer = put(bank, "refuse", Origin=origin)
    put(bank, "slow")
    delete_answer = requests.delete(bank.switchboard + "/faults/slow", headers={"Origin": origin}, timeout=10)

    assert (put_answer.status_code, delete_answer.status_code) == (403, 403)
    assert (listing(bank)["refuse"]["on"], listing(bank)["slow"]["on"]) == (False, True)


def test_the_configuration_finds_every_secret_of_every_canary() -> None:
    found = references()

    for letter in "ABCDEF":
        for part in ("USER", "PASSWORD", "TOTP", "DEVICE", "IBAN", "NAME"):
            assert found[f"BANK_CANARY_{letter}_{part}"]
