"""X38 and X22: every form of the console as it stands on its page, one field at a time filled with nonsense; SQL in every address."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from statuspage.core.vocabulary import SubjectKind
from statuspage.store import deliveries, incidents, maintenance
from statuspage.store.tables import Base
from tests.web.conftest import CONFIGURATION, ORIGIN, Console, csrf_token, open_console, send

NONSENSE = [
    "", " ", "0", "-1", "1e9", "9" * 9, "9" * 400, "\u00b2", "\u0663", "null", "[]", "{}", "\x00", "a\x00b", "\x1b[31m", "\ufffe",
    "\u202e", "\U0001f600", "e\u0301" * 20, "' OR 1=1 --", "<script>", "{{7*7}}", "%s%n", "\r\nSet-Cookie: a=b", "https://[", "//[::1",
    "http://evil.example", "0001-01-01T00:00", "9999-12-31T23:59", "2026-02-30T00:00", "2026-03-29T02:30", "2026-01-01T00:00+99:99",
    "../../etc/passwd", "x" * 3000,
]  # fmt: skip


@dataclass
class Shown:
    """A form as a browser sees it: where it goes, and what its fields hold."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Shown] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Shown(told.get("action", "") if told.get("method", "").lower() == "post" else ""))
        elif self.forms and tag in ("input", "textarea", "button") and told.get("name"):
            self.forms[-1].fields.setdefault(told["name"], told.get("value", ""))
        elif self.forms and tag == "select":
            self._select = told["name"]
        elif self.forms and tag == "option" and self._select:
            self.forms[-1].fields.setdefault(self._select, told.get("value", ""))


def forms_on(browser: FlaskClient, path: str) -> list[Shown]:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    found = _Forms()
    found.feed(answer.text)
    return [form for form in found.forms if form.action and "sign-out" not in form.action]


def pages(console: Console, browser: FlaskClient) -> Iterator[str]:
    """Every page that has forms, with something on it."""
    send(browser, "/console/incidents/new", **{"component-login": "major_outage", "symptom": "login"})
    send(browser, "/console/maintenance/new", **{"component": "login", "from": "2027-03-01T10:00", "until": "2027-03-01T11:00"})
    with console.ctx.ports.store.reading() as session:
        (incident,), (work,) = incidents.listing(session), maintenance.listing(session)
        rows = deliveries.of_subject(session, SubjectKind.INCIDENT, incident.id)
    yield from ("/console/", "/console/incidents/new", "/console/maintenance/new", "/console/warnings/", "/console/people/")
    yield from (f"/console/incidents/{incident.id}", f"/console/maintenance/{work.id}")
    yield f"/console/waiting/incident/{incident.id}/1"
    yield from (f"/console/corrections/incident/{incident.id}/1", f"/console/corrections/maintenance/{work.id}/1")
    yield from (f"/console/deliveries/{row.id}" for row in rows)


POSTING = """\
accounts: [{name: hook, kind: webhook, config: {url: "https://127.0.0.1:1/", secret: "${HOOK}"}}]
channels: [{name: news, account: hook, language: en}]
"""


def fill_all_forms(folder: Path, url: str, nonsense: list[str]) -> Counter[int]:
    """How often each status was answered. AssertionError for a fault of ours."""
    console = open_console(folder, url, CONFIGURATION + POSTING, {"HOOK": "whsec_" + "QUFB" * 12})
    browser = console.signed_in()
    answers: Counter[int] = Counter()
    for page in pages(console, browser):
        for form in forms_on(browser, page):
            for name, value in itertools.product(list(form.fields), nonsense):
                status = browser.post(form.action, data={**form.fields, name: value}, headers={"Origin": ORIGIN}).status_code
                answers[status] += 1
                assert status < 500, (form.action, name, value[:20])
                if status < 400:  # it was taken: the page has a newer version of what it shows
                    form = next((one for one in forms_on(browser, page) if one.action == form.action), form)
    return answers


def test_no_form_of_the_console_meets_a_fault_of_ours_whatever_one_of_its_fields_holds(tmp_path: Path, sqlite_url: str) -> None:
    """X38, the first part of what the long job tries."""
    assert fill_all_forms(tmp_path, sqlite_url, NONSENSE[::12]).total() >= 80


@pytest.mark.long
def test_no_form_meets_a_fault_of_ours_whatever_nonsense_it_holds(tmp_path: Path, sqlite_url: str) -> None:
    """X38"""
    answers = fill_all_forms(tmp_path, sqlite_url, NONSENSE)

    assert answers.total() >= 500
    assert answers[303] >= 50, "most nonsense is legal somewhere; what is never taken is never tried"


@pytest.mark.parametrize("host", ["[", "]", "[::1", "a b", "x:y", "::", "a" * 300, "localhost:99999999", "localhost@evil"])
def test_a_host_that_is_none_is_not_a_fault_of_ours(console: Console, host: str) -> None:
    browser = console.browser()

    answers = [
        browser.get("/console/sign-in", headers={"Host": host}),
        browser.post("/console/sign-in", data={"name": "a", "password": "b"}, headers={"Host": host, "Origin": f"http://{host}"}),
    ]

    assert all(answer.status_code < 500 for answer in answers)


_SQL = (
    "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "1; DROP TABLE incident; --", "1 UNION SELECT * FROM person", "1) OR (1=1", "_%",
    "' UNION SELECT name FROM person --", "%' OR '%'='", "\\' OR 1=1 --", "' AND pg_sleep(5) --", "'||(SELECT password FROM person)||'",
)  # fmt: skip
SQL = [shape.format(text) for text in _SQL for shape in ("{}", "x{}", "{}/*", "({})", "{};")]


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Every address with arguments, the payload to stand for each of them; and every list with the queries that pages link to."""
    for rule in app.url_map.iter_rules():
        if rule.arguments and rule.endpoint != "static":
            for method in rule.methods & {"GET", "POST"}:
                yield method, re.sub(r"<[^>]+>", "{}", rule.rule)
    for path in (
        "/console/",
        "/console/incidents/",
        "/console/deliveries/",
        "/console/answers/",
        "/console/people/",
        "/console/maintenance/",
    ):
        yield "GET", path + "?state={}&done={}&language={}&ref={}&by={}&sort={}&q={}&page={}"


def rows(console: Console) -> dict[str, int]:
    with console.ctx.ports.store.reading() as session:
        return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in Base.metadata.tables.items()}


def ask_in_sql(console: Console, payloads: list[str]) -> Counter[int]:
    """How often each status was answered."""
    browser = console.signed_in()
    token = csrf_token(browser.get("/console/"))
    before, answers = rows(console), Counter[int]()
    for payload in payloads:
        for method, address in addresses(console.app):  # type: ignore[arg-type]
            path = address.replace("{}", quote(payload, safe=""))
            data = {"csrf_token": token} if method == "POST" else None
            answers[browser.open(path, method=method, data=data, headers={"Origin": ORIGIN}).status_code] += 1
    assert rows(console) == before
    assert browser.get("/console/").status_code == 200
    return answers


def test_sql_in_any_argument_is_only_a_text(console: Console) -> None:
    """X22, the first part of what the long job tries."""
    assert max(ask_in_sql(console, SQL[::20])) < 500


@pytest.mark.long
def test_sixty_pieces_of_sql_in_any_argument_are_only_texts(console: Console) -> None:
    """X22: 60 payloads in every argument of every address."""
    assert len(set(SQL)) == 60
    assert max(ask_in_sql(console, SQL)) < 500
