"""Leaving the list: V3 and RFC 8058, over the real web application; and once through the real server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from broadcasters.http import RequestsTransport
from statuspage import create_app
from statuspage.core.subscribers import tag_of, token_of
from statuspage.outside import Folder, SystemClock, SystemRandomness
from statuspage.ports import Ports
from statuspage.publish.assets import digest_source
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, mails
from statuspage.web.public import PublishedFiles
from statuspage.worker.current import Current
from tests.mail.sink import Sink
from tests.mail.stage import ACCOUNT, PAGE, Office, people
from tests.web_public.serving import application

CONFIGURATION = f"""\
page: {{name: Example Bank, bank: Example, url: "{PAGE}", languages: [en, es]}}
components:
  - {{slug: cards, name: {{en: Cards}}}}
"""
ONE_CLICK = b"List-Unsubscribe=One-Click"


class Web:
    """What stands at the page's address, asked as a mailbox provider asks: no cookie, no origin, no token of a form."""

    def __init__(self, url: str, folder: Path) -> None:
        (folder / "statuspage.yaml").write_text(CONFIGURATION)
        ports = Ports(SystemClock(), SystemRandomness(), RequestsTransport(), Database(url), Folder(folder))
        self.current = Current(ports, ProcessSettings(folder / "statuspage.yaml", folder, url), {})
        self.app = PublishedFiles(folder / "public", create_app(self.current))

    def ask(self, method: str, address: str, body: bytes = b"", **headers: str) -> tuple[str, dict[str, str], str]:
        from werkzeug.test import create_environ, run_wsgi_app

        environ = create_environ(
            urlsplit(address).path, method=method, data=body, headers=headers, content_type="application/x-www-form-urlencoded"
        )
        found, status, sent = run_wsgi_app(self.app, environ)
        return status, dict(sent), b"".join(found).decode()


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Web:
    return Web(sqlite_url, tmp_path)


@pytest.fixture
def office(sink: Sink, office_at: Callable[..., Office]) -> Office:
    return office_at(sink.port)


def address_in(sink: Sink, recipient: str) -> str:
    """As a mailbox provider finds it."""
    mail = next(mail for mail in sink.mails if mail.recipient == recipient)
    assert mail.message["List-Unsubscribe-Post"] == ONE_CLICK.decode()
    return str(mail.message["List-Unsubscribe"]).partition("<")[2].partition(">")[0]


def left(office: Office) -> int:
    from sqlalchemy import text

    with office.ctx.ports.store.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM mail_left")).scalar_one())


def test_one_click_in_the_mail_takes_its_reader_off_the_list_for_ever(sink: Sink, office: Office, web: Web) -> None:
    office.take_list(people(3))
    office.settled(office.say(1))

    status, _, page = web.ask("POST", address_in(sink, "person1@example.com"), ONE_CLICK)
    assert status == "200 OK" and "no more mails" in page
    office.take_list(["PERSON1@example.com,en", "person0@example.com", "person2@example.com", "person3@example.com"])
    office.settled(office.say(2))

    assert sink.got() == {"person0@example.com": 2, "person1@example.com": 1, "person2@example.com": 2, "person3@example.com": 1}


def test_a_scanner_that_follows_every_link_takes_nobody_off(sink: Sink, office: Office, web: Web) -> None:
    office.take_list(people(1))
    office.settled(office.say())
    address = address_in(sink, "person0@example.com")

    answers = [web.ask(method, address) for method in ("GET", "HEAD", "GET", "OPTIONS", "PUT", "DELETE")]

    assert left(office) == 0
    assert [status for status, _, _ in answers[:3]] == ["200 OK"] * 3 and answers[4][0].startswith("405")
    assert 'method="post"' in answers[0][2] and "person0" not in answers[0][2]


@pytest.mark.parametrize("body", [ONE_CLICK, b"", b"List-Unsubscribe=One-Click&x=y", b"\xff\xfe"])
def test_the_click_needs_no_sign_in_no_cookie_no_origin_and_may_come_twice(sink: Sink, office: Office, web: Web, body: bytes) -> None:
    office.take_list(people(1))
    office.settled(office.say())
    address = address_in(sink, "person0@example.com")

    answers = [web.ask("POST", address, body), web.ask("POST", address, body, Origin="https://mail.example"), web.ask("GET", address)]

    assert [status for status, _, _ in answers] == ["200 OK"] * 3 and left(office) == 1
    assert not any("Set-Cookie" in headers for _, headers, _ in answers)
    assert all(headers["Cache-Control"] == "no-store" for _, headers, _ in answers)


def test_the_address_is_answered_in_the_readers_language(sink: Sink, office: Office, web: Web) -> None:
    office.take_list(people(1))
    office.settled(office.say())

    _, headers, page = web.ask("GET", address_in(sink, "person0@example.com"), **{"Accept-Language": "es-ES,es;q=0.9"})

    assert '<html lang="es">' in page and "Darse de baja" in page and headers["Vary"] == "Accept-Language"


def test_the_page_has_the_look_of_the_others_and_its_policy_allows_no_script(sink: Sink, office: Office, web: Web) -> None:
    office.take_list(people(1))
    office.settled(office.say())

    answers = [web.ask(method, address_in(sink, "person0@example.com"), ONE_CLICK) for method in ("GET", "POST")]

    for _, headers, page in answers:
        style = page.partition("<style>")[2].partition("</style>")[0]
        assert style and f"style-src '{digest_source(style)}'" in headers["Content-Security-Policy"]
        assert "script-src" not in headers["Content-Security-Policy"] and "<script" not in page
    assert "<button" in answers[0][2] and "<button" not in answers[1][2]


def test_nobody_else_can_be_taken_off_by_guessing(sink: Sink, office: Office, web: Web) -> None:
    known = office.take_list(people(2))
    assert known is not None
    tag = tag_of("person0@example.com", known.secret)
    wrong: list[Any] = ["0" * 64, tag + "0" * 32, tag, token_of(tag, b"x" * 32), token_of(tag, known.secret)[:-1], "a%2fb", "%00", "ñ"]

    answers = [web.ask(method, f"{PAGE}/unsubscribe/{token}", ONE_CLICK) for token in wrong for method in ("GET", "POST")]

    assert left(office) == 0 and {status[:3] for status, _, _ in answers} <= {"404", "400"}
    assert not any("example.com" in page for _, _, page in answers)


def test_a_fault_writes_no_token_into_the_log(sink: Sink, office: Office, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    office.take_list(people(1))
    office.settled(office.say())
    address = address_in(sink, "person0@example.com")
    monkeypatch.setattr(mails, "leave", lambda *_: 1 / 0)

    with capture_logs() as lines:
        status, _, _ = web.ask("POST", address, ONE_CLICK)

    shown = str([{name: value for name, value in line.items() if name != "exc_info"} for line in lines])
    assert status.startswith("500") and lines and address.rpartition("/")[2] not in shown


def test_the_command_takes_off_who_wrote_a_mail(office: Office) -> None:
    from statuspage.actions import subscribers
    from statuspage.core.errors import NotFound

    known = office.take_list(people(1))
    assert known is not None and known.account == ACCOUNT

    subscribers.leave(office.ctx, token_of(tag_of("person0@example.com", known.secret), known.secret))

    assert left(office) == 1
    with pytest.raises(NotFound, match="64 letters"):
        subscribers.leave(office.ctx, "rubbish")


def test_a_page_below_a_path_is_left_below_that_path(tmp_path: Path) -> None:
    from werkzeug.test import create_environ, run_wsgi_app

    files = PublishedFiles(tmp_path, application)
    files._shelf.manifest = replace(files._shelf.manifest, prefix="/status")

    asked = [run_wsgi_app(files, create_environ(path, method="POST")) for path in ("/status/unsubscribe/abc", "/status/console/")]

    assert asked[0][2]["X-Behind"] == "/unsubscribe/abc" and asked[1][1].startswith("405")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_any_other_request_is_answered_with_the_button_and_takes_nobody_off(sink: Sink, office: Office, web: Web, method: str) -> None:
    office.take_list(people(1))
    office.settled(office.say())

    status, headers, body = web.ask(method, address_in(sink, "person0@example.com"), **{"Accept-Language": "es"})

    assert (status, headers["Allow"]) == ("405 METHOD NOT ALLOWED", "GET, HEAD, POST")
    assert '<html lang="es">' in body and "One-Click" in body and "overview" not in body
    assert left(office) == 0
