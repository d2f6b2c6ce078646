"""A customer with a browser, as far as a test needs one: cookies, forms with their tokens, no redirects followed by themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pyotp
import requests

from statuspage.demo.bank import CUSTOMERS, RunningBank


@dataclass
class Browser:
    """One customer's browser against one address of the bank."""

    url: str
    ca_file: str | bool = True
    jar: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **more: object) -> requests.Response:
        return self.jar.get(self.url + path, allow_redirects=False, verify=self.ca_file, timeout=(5, 30), **more)

    def post(self, path: str, fields: dict[str, str], token: str | None = None) -> requests.Response:
        sent = dict(fields) if token is None else fields | {"form_token": token}
        return self.jar.post(self.url + path, data=sent, allow_redirects=False, verify=self.ca_file, timeout=(5, 30))

    def password(self, user: str, password: str | None = None) -> requests.Response:
        """The first step of signing in, with a token from a freshly loaded page."""
        token = form_token(self.get("/sign-in").text)
        return self.post("/sign-in", {"user": user, "password": password or CUSTOMERS[user].password}, token)

    def code(self, code: str) -> requests.Response:
        return self.post("/sign-in/code", {"code": code}, form_token(self.get("/sign-in/code").text))

    def sign_in(self, user: str, code: str) -> requests.Response:
        """Both steps; the answer of the last one that was reached."""
        first = self.password(user)
        return self.code(code) if landed(first) == "/sign-in/code" else first


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"the page has no field {name}"
    return found[1]


def landed(response: requests.Response) -> str:
    """Where the answer sends the browser."""
    return response.headers.get("Location", "")


def code_now(bank: RunningBank, user: str, *, steps: int = 0) -> str:
    """The one-time code by the bank's own clock."""
    return pyotp.TOTP(CUSTOMERS[user].totp_secret).at(bank.bank.clock.now(), counter_offset=steps)
