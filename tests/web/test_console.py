"""What the console's routes refuse and do: X1 in its first form, X17, X19, X20, X22, X38, and the main deeds."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from markupsafe import escape

from statuspage.actions.rules import NEEDS_APPROVAL
from statuspage.core.vocabulary import IncidentStatus, Role
from statuspage.store import alarms, audit, incidents, switches
from tests.web.conftest import ORIGIN, Console, csrf_token, send

OPEN_TO_ALL = {"console.sign_in", "console.sign_in_submit", "console.link", "console.link_submit", "console.style", "console.script"}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method and path (with made-up arguments) of every route of the console."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console."):
            path = re.sub(r"<[^>]+>", "x", rule.rule)
            found += [(rule.endpoint, method, path) for method in sorted(rule.methods - {"OPTIONS", "HEAD"})]
    return found


def unsafe(app: Flask) -> list[tuple[str, str]]:
    return [(endpoint, path) for endpoint, method, path in routes(app) if method != "GET"]


def test_every_route_says_which_role_it_needs(console: Console) -> None:
    silent = [endpoint for endpoint, *_ in routes(console.app) if not hasattr(console.app.view_functions[endpoint], "needed_role")]

    assert silent == []


def test_without_signing_in_only_the_entrance_answers(console: Console) -> None:
    open_routes = set()

    for endpoint, method, path in routes(console.app):
        answer = console.browser().open(path, method=method, headers={"Origin": ORIGIN})
        if answer.status_code not in (303, 403) or (answer.status_code == 303 and "/console/sign-in" not in answer.headers["Location"]):
            open_routes.add(endpoint)

    assert open_routes <= OPEN_TO_ALL


def test_a_viewer_may_change_nothing(console: Console) -> None:
    browser = console.signed_in(Role.VIEWER)
    token = csrf_token(browser.get("/console/"))
    allowed = []

    for endpoint, path in unsafe(console.app):
        answer = browser.post(path, data={"csrf_token": token}, headers={"Origin": ORIGIN})
        if answer.status_code != 403:
            allowed.append(endpoint)
        browser = console.signed_in(Role.VIEWER) if endpoint in ("console.sign_out",) else browser
        token = csrf_token(browser.get("/console/"))

    assert set(allowed) <= OPEN_TO_ALL | {"console.sign_out"}


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://localhost.evil.example", "http://localhost:81"])
def test_a_form_from_elsewhere_is_refused_on_every_route(console: Console, origin: str | None) -> None:
    browser = console.signed_in()
    token = csrf_token(browser.get("/console/"))
    headers = {} if origin is None else {"Origin": origin}

    answers = {path: browser.post(path, data={"csrf_token": token}, headers=headers).status_code for _, path in unsafe(console.app)}

    assert set(answers.values()) == {403}, answers


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 50])
def test_a_form_without_the_right_token_is_refused_on_every_route(console: Console, token: str | None) -> None:
    browser = console.signed_in()
    data = {} if token is None else {"csrf_token": token}
    closed = [(endpoint, path) for endpoint, path in unsafe(console.app) if endpoint not in OPEN_TO_ALL]

    answers = {path: browser.post(path, data=data, headers={"Origin": ORIGIN}).status_code for _, path in closed}

    assert set(answers.values()) == {403}, answers


def test_a_token_sent_twice_is_refused(console: Console) -> None:
    browser = console.signed_in()
    token = csrf_token(browser.get("/console/"))

    answer = browser.post("/console/sign-out", data={"csrf_token": [token, token]}, headers={"Origin": ORIGIN})

    assert answer.status_code == 403


def test_reading_changes_nothing(console: Console) -> None:
    browser = console.signed_in()
    with console.ctx.ports.store.reading() as session:
        before = audit.head(session)

    for _, method, path in routes(console.app):
        if method == "GET":
            browser.get(path)

    with console.ctx.ports.store.reading() as session:
        assert audit.head(session) == before


def test_an_incident_is_declared_updated_and_resolved(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)

    declared = send(browser, "/console/incidents/new", **{"component-login": "major_outage", "symptom": "login"})
    where = declared.headers["Location"].split("?")[0]
    version = re.search(r'name="version" value="(\d+)"', browser.get(where).get_data(as_text=True)).group(1)
    updated = send(browser, f"{where}/update", version=version, status="identified", cause="change")
    version = re.search(r'name="version" value="(\d+)"', browser.get(where).get_data(as_text=True)).group(1)
    resolved = send(browser, f"{where}/resolve", version=version)
    page = browser.get(where).get_data(as_text=True)
    with console.ctx.ports.store.reading() as session:
        incident = incidents.listing(session)[0]
        deeds = [entry.what for entry in audit.listing(session)]

    assert (declared.status_code, updated.status_code, resolved.status_code) == (303, 303, 303)
    assert incident.status is IncidentStatus.RESOLVED
    assert "Logging in does not work" in page
    assert {"incident.declare", "incident.update", "incident.resolve"} <= set(deeds)


def test_once_it_works_again_customers_hear_by_when_payments_that_wait_are_done(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"].split("?")[0]
    form = browser.get(where).get_data(as_text=True)
    ctx = console.ctx
    by = (ctx.now() + timedelta(hours=2)).astimezone(ZoneInfo(ctx.settings.page.time_zone)).replace(second=0, microsecond=0)

    past = send(browser, f"{where}/update", version="1", status="monitoring", late="waiting", late_until="2026-01-05T10:00")
    said = send(browser, f"{where}/update", version="1", status="monitoring", late="waiting", late_until=f"{by:%Y-%m-%dT%H:%M}")
    page = browser.get(where).get_data(as_text=True)

    assert "Expected to be done: …." in form and NEEDS_APPROVAL not in form
    assert (past.status_code, said.status_code) == (422, 303)
    assert f"Some payments are still waiting. Expected to be done: {ctx.words.moment(by, 'en', now=ctx.now())}." in page


def test_an_update_says_which_components_work_again_and_which_are_hit_too(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"].split("?")[0]
    form = browser.get(where).get_data(as_text=True)

    told = send(browser, f"{where}/update", version="1", **{"component-login": "partial_outage", "component-vault": "degraded_performance"})
    wrong = send(browser, f"{where}/update", version="2", **{"component-vault": "under_maintenance"})

    assert 'name="component-login"><option value="">unchanged' in form and 'name="component-vault"><option value="">not hit' in form
    assert (told.status_code, wrong.status_code) == (303, 400)
    with console.ctx.ports.store.reading() as session:
        (stands,) = incidents.opened(session)
    assert stands.components == {"login": "partial_outage", "vault": "degraded_performance"}


def test_an_old_form_is_refused_with_what_stands_now(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"].split("?")[0]
    send(browser, f"{where}/update", version="1", status="identified", cause="change")

    answer = send(browser, f"{where}/resolve", version="1")

    assert answer.status_code == 409
    assert "identified" in answer.get_data(as_text=True)


def test_the_off_switches_need_a_reason_and_work_both_ways(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)

    without = send(browser, "/console/switches/posting", turn="off")
    off = send(browser, "/console/switches/posting", turn="off", reason="drill went wrong")
    with console.ctx.ports.store.reading() as session:
        was_off = switches.is_off(session, "posting")
    on = send(browser, "/console/switches/posting", turn="on")
    with console.ctx.ports.store.reading() as session:
        is_off = switches.is_off(session, "posting")

    assert without.status_code == 422
    assert (off.status_code, on.status_code) == (303, 303)
    assert (was_off, is_off) == (True, False)


BAD_FORMS = [
    {"component-login": "broken"},
    {"component-login": "major_outage", "admin": "1"},
    {"component-login": "major_outage", "symptom": "../../etc/passwd"},
    {"component-login": "major_outage", "drill": "maybe"},
    {"component-login": "major_outage", "text-en": "x" * 1001},
    {"component-nowhere": "major_outage"},
    {"component-login": "major_outage", "automatic": "true"},
    {"component-login": "major_outage", "id": "aaaaaaaaaaaa"},
    {"component-login": "major_outage", "status": "resolved"},
    {},
]


@pytest.mark.parametrize("fields", BAD_FORMS)
def test_a_form_with_anything_else_is_refused_and_begins_nothing(console: Console, fields: dict[str, str]) -> None:
    browser = console.signed_in(Role.RESPONDER)

    answer = send(browser, "/console/incidents/new", **fields)

    assert answer.status_code == 400
    with console.ctx.ports.store.reading() as session:
        assert incidents.listing(session) == []


def test_generated_nonsense_in_forms_is_never_a_fault_of_ours(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    token = csrf_token(browser.get("/console/"))
    values = [
        "",
        "x",
        "[]",
        "{}",
        "null",
        "-1",
        "9" * 40,
        "\x00",
        "é" * 300,
        "' OR 1=1 --",
        "<script>",
        "{{7*7}}",
        "%s%n",
        "\N{GRINNING FACE}",
    ]
    faults = []
    tried = 0

    for endpoint, path in unsafe(console.app):
        if endpoint in OPEN_TO_ALL | {"console.sign_out"}:
            continue
        for name in ("component-login", "version", "status", "cause", "turn", "reason", "text-en", "symptom"):
            for value in values:
                answer = browser.post(path, data={"csrf_token": token, name: value}, headers={"Origin": ORIGIN})
                tried += 1
                if answer.status_code >= 500:
                    faults.append((path, name, value, answer.status_code))

    assert tried >= 500
    assert faults == []


HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "Strict-Transport-Security": "max-age=",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def test_every_answer_carries_the_console_headers_errors_too(console: Console) -> None:
    browser = console.signed_in()
    answers = [browser.open(path, method=method, headers={"Origin": ORIGIN}) for _, method, path in routes(console.app)]
    answers += [browser.get("/console/nowhere"), browser.open("/console/", method="TRACE"), browser.put("/console/")]

    for answer in answers:
        for name, part in HEADERS.items():
            assert part in answer.headers.get(name, ""), (answer.request.path, name)
        policy = answer.headers["Content-Security-Policy"]
        for rule in ("object-src 'none'", "base-uri 'none'", "form-action", "frame-ancestors 'none'"):
            assert rule in policy
        assert "unsafe-inline" not in policy
    assert all("no-store" in a.headers["Cache-Control"] for a in answers if not a.request.path.endswith((".css", ".js")))


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "{% raw %}",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_people_and_targets_say_is_shown_as_text(console: Console, payload: str) -> None:
    browser = console.signed_in(Role.RESPONDER)
    send(browser, "/console/switches/probing", turn="off", reason=payload)
    with console.ctx.ports.store.writing() as session:
        alarms.add(session, alarms.Alarm(console.ctx.new_id(), "test", f"target said {payload}", console.ctx.now()))

    page = browser.get("/console/").get_data(as_text=True)

    assert str(escape(payload)) in page
    assert payload not in page or str(escape(payload)) == payload


def test_no_template_of_the_console_carries_inline_code(console: Console) -> None:
    browser = console.signed_in()

    pages = [browser.get(path).get_data(as_text=True) for _, method, path in routes(console.app) if method == "GET"]

    for page in pages:
        assert set(re.findall(r"<script[^<]*</script>|<script", page)) <= {'<script src="/console/script.js" defer></script>'}
        assert " style=" not in page
        assert not re.search(r"\son[a-z]+=", page)


SQL = ["'", "' OR '1'='1", '"; DROP TABLE incident; --', "1; SELECT pg_sleep(1)", "%27", "x' UNION SELECT * FROM person --"]


@pytest.mark.parametrize("payload", SQL)
def test_sql_in_addresses_and_queries_finds_nothing(console: Console, payload: str) -> None:
    browser = console.signed_in()

    answers = [
        browser.get(f"/console/incidents/{payload}"),
        browser.get(f"/console/deliveries/{payload}"),
        browser.get("/console/deliveries/", query_string={"state": payload}),
        browser.get("/console/", query_string={"done": payload}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 200, 200]


@pytest.mark.parametrize("path", ["/console/nothing-here", "/console/incidents/none/none", "/console/sign-out"])
def test_somebody_signed_in_who_misses_a_page_keeps_the_menu(console: Console, path: str) -> None:
    inside, outside = console.signed_in().get(path), console.browser().get(path)

    assert inside.status_code == outside.status_code in (404, 405)
    assert 'aria-label="Console"' in inside.text and "Sign out" in inside.text
    assert 'aria-label="Console"' not in outside.text


def test_what_is_over_can_be_explained_and_reopened_and_says_nothing_else(console: Console) -> None:
    browser = console.signed_in(Role.RESPONDER)
    where = send(browser, "/console/incidents/new", **{"component-login": "major_outage"}).headers["Location"].split("?")[0]
    send(browser, f"{where}/resolve", version="1")
    over = browser.get(where).get_data(as_text=True)

    empty = send(browser, f"{where}/explain", version="2")
    reopened = send(browser, f"{where}/reopen", version="2", **{"text-en": "It is back."})
    again = browser.get(where).get_data(as_text=True)
    send(browser, f"{where}/resolve", version="3")
    explained = send(browser, f"{where}/explain", version="4", **{"text-en": "A disk was full; we watch it now."})
    last = browser.get(where).get_data(as_text=True)
    with console.ctx.ports.store.reading() as session:
        incident = incidents.listing(session)[0]
        deeds = [entry.what for entry in audit.listing(session)]

    assert f'action="{where}/reopen"' in over and f'action="{where}/explain"' in over and f'action="{where}/update"' not in over
    assert f'action="{where}/update"' in again and f'action="{where}/explain"' not in again
    assert f'action="{where}/reopen"' not in last and f'action="{where}/explain"' in last
    assert (empty.status_code, reopened.status_code, explained.status_code) == (422, 303, 303)
    assert incident.status is IncidentStatus.POSTMORTEM
    assert {"incident.reopen", "incident.explain"} <= set(deeds)


def test_the_address_that_is_printed_leads_nowhere_else(console: Console) -> None:
    """A redirect to http://HOST/console/ would leave https where a front server ends TLS."""
    stranger, browser = console.app.test_client().get("/console"), console.signed_in(Role.VIEWER).get("/console")

    assert stranger.status_code == 303 and stranger.headers["Location"].startswith("/console/sign-in")
    assert browser.status_code == 200
