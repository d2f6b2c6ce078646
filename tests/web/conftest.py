"""A console over a real database, without a server: requests go through the same WSGI application."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broadcasters.http import RequestsTransport
from statuspage import create_app
from statuspage.actions import people
from statuspage.actions.context import Context
from statuspage.core.vocabulary import Role
from statuspage.outside import Folder, SystemClock, SystemRandomness
from statuspage.ports import Ports
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database
from statuspage.web.throttle import GUESSES
from statuspage.worker.current import Current

ORIGIN = "http://localhost"  # where the test browser believes to be
PASSWORD = "correct horse battery staple"
CONFIGURATION = """\
page: {name: Canary Bank, bank: Canary, url: "http://127.0.0.1", languages: [en, es]}
components:
  - {slug: login, name: {en: Log in, es: Entrar}, symptom: login}
  - {slug: vault, name: {en: Vault}, private: true}
"""


class MovedClock(SystemClock):
    """The machine's clock, and some time later when a test says so; from stand() on, no minute passes between two texts."""

    def __init__(self) -> None:
        super().__init__(Event())
        self.ahead_s = 0.0
        self._stands_at: datetime | None = None

    def now(self) -> datetime:
        return (self._stands_at or super().now()) + timedelta(seconds=self.ahead_s)

    def stand(self) -> None:
        self._stands_at = super().now()

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


@dataclass
class Console:
    """The application, and browsers at it."""

    app: object
    current: Current
    clock: MovedClock

    @property
    def ctx(self) -> Context:
        return self.current.context()

    def browser(self) -> FlaskClient:
        return self.app.test_client()  # type: ignore[attr-defined, no-any-return]

    def signed_in(self, role: Role = Role.ADMINISTRATOR, name: str | None = None) -> FlaskClient:
        """A browser of somebody with that role, signed in by a one-time link."""
        person = people.add_person(self.ctx, name=name or f"{role} {self.ctx.new_id()}", role=role, who="test")
        browser = self.browser()
        answer = browser.post(people.sign_in_path(self.ctx, person), headers={"Origin": ORIGIN})
        assert answer.status_code == 303
        return browser


def csrf_token(page: TestResponse | str) -> str:
    """The token of the forms on a page."""
    text = page if isinstance(page, str) else page.get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert found, "the page has no form of a signed-in person"
    return found.group(1)


def send(browser: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Sends a form as a browser on the console's own page does."""
    token = csrf_token(browser.get("/console/"))
    return browser.post(path, data={"csrf_token": token, **fields}, headers={"Origin": ORIGIN})


def open_console(folder: Path, url: str, configuration: str = CONFIGURATION, environ: Mapping[str, str] | None = None) -> Console:
    """The console of a bank with that configuration, over the empty database at `url`."""
    GUESSES.__init__()  # type: ignore[misc]  # one process serves all tests: what one guessed is not another's
    (folder / "statuspage.yaml").write_text(configuration)
    process = ProcessSettings(folder / "statuspage.yaml", folder, url)
    clock = MovedClock()
    ports = Ports(clock, SystemRandomness(), RequestsTransport(), Database(url), Folder(folder))
    current = Current(ports, process, environ or {})
    return Console(create_app(current), current, clock)


@pytest.fixture
def console(tmp_path: Path, sqlite_url: str) -> Console:
    return open_console(tmp_path, sqlite_url)
