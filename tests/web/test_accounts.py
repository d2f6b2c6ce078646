"""Logins at networks in console and terminal: how each stands, what of it ends soon, and the way back for one that was refused."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from statuspage.actions.alarms import address, raise_alarm
from statuspage.cli import main
from statuspage.core.vocabulary import Role
from statuspage.outside import SystemClock
from statuspage.store import Database, accounts, alarms, audit
from tests.web.conftest import CONFIGURATION, Console, open_console, send

WHY = "telegram: may not post (api.telegram.org answered 403: the bot was removed.)"
SECRETS = {"ALARMS_SECRET": "whsec_" + b64encode(b"canary-secret-91d2-of-the-alarms").decode()}


def with_accounts(credentials_end: str) -> str:
    return f"""{CONFIGURATION}
accounts:
  - {{name: telegram, kind: telegram, config: {{chat_id: "@bank", bot_token: "${{ALARMS_SECRET}}"}}}}
  - {{name: slow, kind: ntfy, config: {{topic: bank}}}}
  - {{name: refused, kind: ntfy, config: {{topic: bank-2}}}}
  - {{name: busy, kind: ntfy, config: {{topic: bank-3}}}}
  - name: alarms
    kind: webhook
    expires: {credentials_end}
    config: {{url: "https://alarms.bank.example/", secret: "${{ALARMS_SECRET}}"}}
channels:
  - {{name: telegram-en, account: telegram}}
  - {{name: telegram-es, account: telegram, language: es}}
"""


def trouble(store: Database) -> None:
    """Of the five accounts one is off, two are paused, one is stopped."""
    now = SystemClock().now()
    with store.writing() as session:
        accounts.save(session, accounts.Account("telegram", stopped=WHY, held_for="mark"), now)
        accounts.save(
            session,
            accounts.Account("slow", failures=5, open_until=now + timedelta(seconds=600), paused_until=now + timedelta(seconds=60)),
            now,
        )
        accounts.save(session, accounts.Account("busy", paused_until=now + timedelta(seconds=600)), now)
        accounts.save(session, accounts.Account("refused", stopped="The token is no longer good."), now)


def in_three_days() -> str:
    return f"{SystemClock().now() + timedelta(days=3):%Y-%m-%d}"


@pytest.fixture
def console(tmp_path: Path, sqlite_url: str) -> Console:
    console = open_console(tmp_path, sqlite_url, with_accounts(in_three_days()), SECRETS)
    trouble(console.ctx.ports.store)
    return console


def shown(console: Console, role: Role) -> dict[str, str]:
    """The page's entries by account, as words."""
    page = console.signed_in(role).get("/console/accounts/").get_data(as_text=True)
    entries = re.findall(r'id="([\w-]+)">(.*?)</li>', page, re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", entry).split()) for name, entry in entries}


def test_the_console_tells_how_each_account_stands_and_offers_the_way_back(console: Console) -> None:
    page = shown(console, Role.RESPONDER)

    assert "telegram-en, telegram-es off" in page["telegram"] and WHY in page["telegram"] and page["telegram"].endswith("Use it again")
    assert "stopped The token is no longer good." in page["refused"] and page["refused"].endswith("Use it again")
    assert "paused It failed several times in a row and rests. It is asked again at" in page["slow"] and "Use it again" not in page["slow"]
    assert "paused The network asked not to be asked for a while. It is asked again at" in page["busy"]
    assert "in use The credentials run out in 3 days" in page["alarms"] and "Use it again" not in page["alarms"]


def test_a_viewer_sees_them_and_may_change_nothing(console: Console) -> None:
    assert "Use it again" not in shown(console, Role.VIEWER)["telegram"]
    assert send(console.signed_in(Role.VIEWER), "/console/accounts/telegram/resume").status_code == 403


def test_the_button_resumes_the_account_ends_its_alarm_and_stands_in_the_log(console: Console) -> None:
    raise_alarm(console.ctx, "account:telegram", WHY)
    browser = console.signed_in(Role.RESPONDER, name="Bo")
    overview = browser.get("/console/").get_data(as_text=True)

    done = send(browser, "/console/accounts/telegram/resume")
    unknown = send(browser, "/console/accounts/myspace/resume")

    assert address(console.ctx, "account:telegram").endswith("/console/accounts/") and 'href="/console/accounts/">Deal with it' in overview
    assert (done.status_code, unknown.status_code) == (303, 404)
    assert shown(console, Role.VIEWER)["telegram"].endswith("in use")
    with console.ctx.ports.store.reading() as session:
        assert alarms.listing(session) == []
        assert [(deed.who, deed.what) for deed in audit.listing(session, subject="telegram")] == [("Bo", "account.resume")]


def test_the_terminal_lists_the_same(tmp_path: Path) -> None:
    (tmp_path / "statuspage.yaml").write_text(with_accounts(in_three_days()))
    environ = SECRETS | {"STATUSPAGE_CONFIG": str(tmp_path / "statuspage.yaml"), "STATUSPAGE_DATA": str(tmp_path)}
    CliRunner().invoke(main, ["migrate"], env=environ)
    with closing(Database(f"sqlite:///{tmp_path / 'statuspage.db'}")) as store:
        trouble(store)

    table = CliRunner().invoke(main, ["account", "list"], env=environ)
    told = CliRunner().invoke(main, ["--json", "account", "list"], env=environ)

    assert table.exit_code == told.exit_code == 0, table.output + told.output
    listed = {one["name"]: one for one in json.loads(told.stdout)}
    states = {name: one["state"] for name, one in listed.items()}
    assert states == {"telegram": "off", "slow": "paused", "refused": "stopped", "busy": "paused", "alarms": "in use"}
    assert listed["busy"]["until"] is not None and listed["alarms"]["until"] is None
    assert listed["telegram"]["channels"] == ["telegram-en", "telegram-es"] and listed["telegram"]["why"] == WHY
    assert listed["alarms"]["near"] == listed["alarms"]["ends"] != []
    assert WHY in table.output and SECRETS["ALARMS_SECRET"] not in table.output + told.output
