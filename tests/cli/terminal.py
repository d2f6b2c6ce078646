"""A terminal at which the `statuspage` command is typed, against a real database, with secrets that must never be seen."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from statuspage.cli import main

TOP = Path(__file__).parent.parent.parent
TOKEN = "canary-7f3a9c1e5b"
SIGNING = "whsec_" + base64.b64encode(b"canary-4d8b2f6a9e-canary-4d8b2f6a").decode()
PASSWORD = "canary-92c4e6a1d8-password"
SECRETS = (TOKEN, SIGNING, SIGNING.removeprefix("whsec_"), PASSWORD)
CONFIGURATION = """\
page: {{name: Canary Bank, bank: Canary, url: "http://127.0.0.1:9", languages: [en, es]}}
components:
  - {{slug: login, name: {{en: Log in, es: Entrar}}, symptom: login}}
  - {{slug: transfers, name: {{en: Transfers, es: Transferencias}}, symptom: transfer}}
  - {{slug: vault, name: {{en: Vault}}, private: true}}
locations: [{{name: here, allow_addresses: [127.0.0.0/8]}}]
probes:
  - {{name: login-port, kind: tcp, component: login, target: {{host: 127.0.0.1, port: {port}}}, timeout_s: 2}}
accounts:
  - {{name: mastodon, kind: mastodon, config: {{base_url: "http://127.0.0.1:9", access_token: "${{CANARY_TOKEN}}"}}}}
  - {{name: operators, kind: webhook, config: {{url: "http://127.0.0.1:9/hook", secret: "file:signing.secret"}}}}
  - {{name: press, kind: webhook, config: {{url: "http://127.0.0.1:9/press", secret: "file:signing.secret"}}}}
channels:
  - {{name: mastodon-en, account: mastodon, language: en}}
  - {{name: press, account: press, language: es}}
  - {{name: operators, account: operators, language: en, operators: true}}
"""


@dataclass
class Terminal:
    """Where a person types. Every answer is searched for the secrets."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "statuspage.yaml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        own = {"STATUSPAGE_CONFIG": str(self.config), "STATUSPAGE_DATA": str(self.data), "STATUSPAGE_WHO": "Ana"}
        return own | {"CANARY_TOKEN": TOKEN}

    def configure(self, port: int = 9) -> None:
        """Writes the configuration; `port` is that of the probe's target."""
        (self.folder / "signing.secret").write_text(SIGNING + "\n")
        self.config.write_text(CONFIGURATION.format(port=port))

    def type(self, *arguments: str, stdin: str | None = None, env: Mapping[str, str | None] | None = None) -> Result:
        """Runs a command in this process."""
        result = CliRunner().invoke(main, list(arguments), input=stdin, env={**self.environment, **(env or {})})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert_no_secret(result.stdout + result.stderr)
        return result

    def ok(self, *arguments: str, stdin: str | None = None) -> str:
        result = self.type(*arguments, stdin=stdin)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok("--json", *arguments))

    def refused(self, status: int, *arguments: str) -> str:
        """What was said on standard error by a command that must end with that status, and says nothing on standard output."""
        result = self.type(*arguments)
        assert (result.exit_code, result.stdout) == (status, ""), result.stdout + result.stderr
        return result.stderr

    def really(self, *arguments: str, without: tuple[str, ...] = (), stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        """Runs a command in a process of its own."""
        environment = {key: value for key, value in (os.environ | self.environment).items() if key not in without}
        command = [sys.executable, "-m", "statuspage", *arguments]
        done = subprocess.run(command, cwd=TOP, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
        assert_no_secret((done.stdout or "") + done.stderr)
        return done


def assert_no_secret(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []
