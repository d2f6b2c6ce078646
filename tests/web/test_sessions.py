"""Sign-in, sessions and cookies: X10, X15, X16, X33."""

from __future__ import annotations

import pytest

from statuspage.actions import people
from statuspage.core.vocabulary import Role
from statuspage.web.auth import REFRESH
from statuspage.worker.process import accept_file
from tests.web.conftest import ORIGIN, PASSWORD, Console, send


def add(console: Console, name: str = "ana", role: Role = Role.RESPONDER) -> people.Person:
    person = people.add_person(console.ctx, name=name, role=role, who="test")
    people.set_password(console.ctx, name=name, password=PASSWORD, who="test")
    return person


def enter(console: Console, browser, name: str = "ana", password: str = PASSWORD, **more: str):
    return browser.post("/console/sign-in", data={"name": name, "password": password, **more}, headers={"Origin": ORIGIN})


def cookies(answer) -> list[str]:
    return answer.headers.getlist("Set-Cookie")


def test_name_and_password_sign_in(console: Console) -> None:
    add(console)
    browser = console.browser()

    answer = enter(console, browser)

    assert answer.status_code == 303
    assert browser.get("/console/").status_code == 200


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(console: Console) -> None:
    add(console)

    wrong = enter(console, console.browser(), password="wrong horse battery staple")
    unknown = enter(console, console.browser(), name="nobody")

    assert wrong.status_code == unknown.status_code == 403
    assert wrong.data == unknown.data


def test_a_session_gets_a_new_identity_at_sign_in(console: Console) -> None:
    add(console)
    browser = console.browser()
    browser.set_cookie("statuspage", "a" * people.TOKEN_LENGTH)

    answer = enter(console, browser)

    assert "a" * people.TOKEN_LENGTH not in "".join(cookies(answer))


def test_two_sign_ins_have_two_sessions(console: Console) -> None:
    add(console)

    first, second = cookies(enter(console, console.browser())), cookies(enter(console, console.browser()))

    assert first[0].split(";")[0] != second[0].split(";")[0]


def test_signing_out_ends_the_session_on_the_server(console: Console) -> None:
    browser = console.signed_in()
    cookie = browser.get_cookie("statuspage")
    send(browser, "/console/sign-out")
    browser.set_cookie("statuspage", cookie.value)

    answer = browser.get("/console/")

    assert answer.status_code == 303


@pytest.mark.parametrize(("ahead_s", "status"), [(29 * 60, 200), (31 * 60, 303)])
def test_a_session_ends_after_thirty_idle_minutes(console: Console, ahead_s: int, status: int) -> None:
    browser = console.signed_in()

    console.clock.ahead_s += ahead_s

    assert browser.get("/console/").status_code == status


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(console: Console) -> None:
    browser = console.signed_in()
    answers = []

    for _ in range(4):
        console.clock.ahead_s += 9 * 60
        answers.append(browser.get("/console/", headers={REFRESH: "1"}).status_code)

    assert answers == [200, 200, 200, 303]


def test_a_session_ends_after_twelve_hours_however_busy(console: Console) -> None:
    browser = console.signed_in()
    answers = []

    for _ in range(12 * 3):
        console.clock.ahead_s += 20 * 60 - 1
        answers.append(browser.get("/console/").status_code)
    console.clock.ahead_s += 60
    last = browser.get("/console/").status_code

    assert set(answers) == {200}
    assert last == 303


@pytest.mark.parametrize("deed", ["password", "role", "disable"])
def test_a_change_of_a_person_ends_their_sessions(console: Console, deed: str) -> None:
    browser = console.signed_in(Role.RESPONDER, "bram")
    assert browser.get("/console/").status_code == 200

    if deed == "password":
        people.set_password(console.ctx, name="bram", password=PASSWORD, who="test")
    elif deed == "role":
        people.set_role(console.ctx, name="bram", role=Role.VIEWER, who="test")
    else:
        people.disable(console.ctx, name="bram", who="test")

    assert browser.get("/console/").status_code == 303


def test_a_disabled_person_cannot_sign_in(console: Console) -> None:
    add(console)
    people.disable(console.ctx, name="ana", who="test")

    assert enter(console, console.browser()).status_code == 403


def test_a_link_shows_a_button_and_is_used_up_by_the_post_only(console: Console) -> None:
    person = add(console)
    path = people.sign_in_path(console.ctx, person)
    browser = console.browser()

    looked = [browser.get(path).status_code for _ in range(3)]
    first = browser.post(path, headers={"Origin": ORIGIN})
    second = console.browser().post(path, headers={"Origin": ORIGIN})

    assert looked == [200, 200, 200]
    assert first.status_code == 303
    assert second.status_code == 403


def test_a_link_is_over_after_a_day(console: Console) -> None:
    path = people.sign_in_path(console.ctx, add(console))

    console.clock.ahead_s += 24 * 3600 + 1

    assert console.browser().post(path, headers={"Origin": ORIGIN}).status_code == 403


def test_cookies_on_https_have_every_flag_and_the_host_prefix(console: Console) -> None:
    person = add(console)
    path = people.sign_in_path(console.ctx, person)

    answer = console.browser().post(path, base_url="https://status.example.com", headers={"Origin": "https://status.example.com"})

    (cookie,) = cookies(answer)
    assert cookie.startswith("__Host-statuspage=")
    for flag in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie


def test_behind_a_front_server_that_ends_tls_the_page_address_counts(console: Console) -> None:
    configuration = console.current.process.config
    configuration.write_text(configuration.read_text().replace("http://127.0.0.1", "https://status.bank.example"))
    accept_file(console.ctx.ports, console.current.process, {})
    console.clock.ahead_s += 2
    path = people.sign_in_path(console.ctx, add(console))
    browser = console.browser()

    refused = browser.post(path, base_url="http://status.bank.example", headers={"Origin": "http://status.bank.example"})
    answer = browser.post(path, base_url="http://status.bank.example", headers={"Origin": "https://status.bank.example"})

    assert refused.status_code == 403
    assert answer.status_code == 303
    assert cookies(answer)[0].startswith("__Host-statuspage=")
    assert "Secure" in cookies(answer)[0]


def test_over_plain_http_from_another_computer_nobody_signs_in_and_no_link_is_used_up(console: Console) -> None:
    plain, path = "http://bankbox:8000", people.sign_in_path(console.ctx, add(console))
    browser = console.browser()

    shown = browser.get(path, base_url=plain)
    refused = browser.post(path, base_url=plain, headers={"Origin": plain})
    form = browser.get("/console/sign-in", base_url=plain)
    answer = browser.post(path, base_url=ORIGIN, headers={"Origin": ORIGIN})

    assert [one.status_code for one in (shown, refused, form, answer)] == [403, 403, 403, 303]
    assert b"nobody can sign in from another computer" in refused.data and "Set-Cookie" not in refused.headers


def test_plain_loopback_is_the_one_stated_exception(console: Console) -> None:
    person = add(console)

    answer = console.browser().post(people.sign_in_path(console.ctx, person), base_url=ORIGIN, headers={"Origin": ORIGIN})

    (cookie,) = cookies(answer)
    assert cookie.startswith("statuspage=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


@pytest.mark.parametrize(("length", "status"), [(14, False), (15, True), (128, True), (129, False)])
def test_passwords_have_fifteen_to_128_letters(console: Console, length: int, status: bool) -> None:
    from statuspage.core.errors import NotAllowed

    people.add_person(console.ctx, name="eva", role=Role.VIEWER, who="test")

    try:
        people.set_password(console.ctx, name="eva", password="x" * length, who="test")
        taken = True
    except NotAllowed:
        taken = False

    assert taken is status


def test_guessing_is_slowed_down_and_the_owner_gets_in_from_elsewhere(console: Console) -> None:
    add(console)
    guesser = console.browser()
    answers = [
        guesser.post(
            "/console/sign-in",
            data={"name": "ana", "password": f"wrong horse battery {n}"},
            headers={"Origin": ORIGIN},
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        ).status_code
        for n in range(12)
    ]

    console.clock.ahead_s += 31

    assert answers[:5] == [403] * 5
    assert set(answers[5:]) == {429}
    assert enter(console, console.browser()).status_code == 303


FOREIGN = [
    *("https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example", "http:evil.example"),
    *("javascript:alert(1)", "data:text/html,x", "/console/../../evil", "/console//evil.example", "/consol/", "console/", " /console/"),
    *("/console/\t", "/console/\r\nLocation: https://evil.example", "/console/\x00", "https:/console/", "/console/%0d%0ax", "////", "/"),
    *(
        "http://localhost.evil.example/console/",
        "/%2f%2fevil.example",
        "//localhost@evil.example/console/",
        "https://localhost:80@evil.example",
    ),
    *(
        "/console/;@evil.example//x",
        "ftp://evil.example",
        "mailto:x@evil.example",
        "//[::1]/console/",
        "/\u2215evil.example",
        "/console/\u2028",
    ),
    *(
        "?next=/console/",
        "#/console/",
        "/console/\\..\\evil",
        "https://evil.example/console/",
        "HTTP://EVIL.EXAMPLE",
        "hTTps://evil.example",
    ),
    *("https://[", "//[", "https://]evil.example", "https://[::1", "https://[evil.example]/console/", "http://\u2100.example"),
    *("/.evil.example", "/console/..//evil", "/u/ABC", "//console/", "/console/../u/ABC"),
]


def test_after_signing_in_nobody_is_led_elsewhere(console: Console) -> None:
    add(console)
    answers = {wanted: enter(console, console.browser(), next=wanted) for wanted in FOREIGN}

    for wanted, answer in answers.items():
        assert answer.status_code in (303, 400), wanted
        if answer.status_code == 303:
            where = answer.headers["Location"]
            assert where.startswith("/console/"), wanted
            assert "//" not in where, wanted
            assert ".." not in where, wanted
    assert len(answers) >= 40
