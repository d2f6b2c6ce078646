"""The back ends that the front end calls: sign-in, balances, bookings, orders. Each is the content of one Part."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from typing import Any

import pyotp

from statuspage.demo.bank.customers import CUSTOMERS
from statuspage.demo.bank.ledger import Ledger, Refused
from statuspage.demo.bank.money import iban_is_valid
from statuspage.demo.bank.parts import PartDown
from statuspage.ports import Clock, Randomness

WRONG_BEFORE_LOCK = 5
LOCK_S = 60.0
TICKET_S = 300.0
CODE_FREE_CENTS = 30_00  # as European law allows for small payments
CANARY_LIMIT_CENTS = 1_00
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class SigningKey:
    """Signs and reads session tokens. The sign-in service has one, the front end has its copy."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def sign(self, claims: dict[str, Any]) -> str:
        body = _encode(json.dumps(claims, separators=(",", ":")).encode())
        return f"{body}.{_encode(hmac.digest(self.secret, body.encode(), hashlib.sha256))}"

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims, or None if the token was not signed with this very key."""
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), _encode(hmac.digest(self.secret, body.encode(), hashlib.sha256)).encode()):
            return None
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return claims


class DatabaseLink:
    """A kept connection to a database: after the database was restarted the first use fails, the next one connects anew."""

    def __init__(self) -> None:
        self._broken = False
        self._lock = threading.Lock()

    def database_restarted(self) -> None:
        self._broken = True

    def use(self) -> None:
        with self._lock:
            broken, self._broken = self._broken, False
        if broken:
            raise PartDown("the connection to the customer database was reset")


class SignIn:
    """Passwords, one-time codes, session tokens."""

    def __init__(self, ledger: Ledger, clock: Clock, random: Randomness, key: SigningKey) -> None:
        self.key = key
        self.expired: frozenset[str] = frozenset()  # users whose password has run out
        self.database = DatabaseLink()
        self._ledger = ledger
        self._clock = clock
        self._random = random
        self._tickets: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    @property
    def operations(self) -> dict[str, Callable[..., object]]:
        return {"password": self.password, "code": self.code, "device": self.device, "sign": self.sign}

    def password(self, user: str, password: str) -> dict[str, Any]:
        """{"outcome": "ok", "ticket": ...}; the ticket is good for one try at the code page. Else "refused" or "locked"."""
        self.database.use()
        outcome = self._check_password(user, password)
        if outcome != "ok":
            return {"outcome": outcome}
        ticket = self._random.token(32, LETTERS)
        now = self._clock.now().timestamp()
        with self._lock:
            self._tickets = {key: value for key, value in self._tickets.items() if value[1] > now}
            self._tickets[ticket] = (user, now + TICKET_S)
        return {"outcome": "ok", "ticket": ticket}

    def code(self, ticket: str, code: str) -> dict[str, Any]:
        """{"outcome": "ok", "token": ...} for a right and unused code. Else "refused", or "locked"."""
        with self._lock:
            user, until = self._tickets.pop(ticket, ("", 0.0))
        if until <= self._clock.now().timestamp():
            return {"outcome": "refused"}
        if not self.code_fits(user, code):
            return {"outcome": self._count_wrong(user)}
        self._ledger.remember(user, wrong=0)
        return {"outcome": "ok", "token": self._token(user)}

    def device(self, user: str, password: str, device: str) -> dict[str, Any]:
        """Sign-in from a registered phone: its key is the second factor."""
        self.database.use()
        outcome = self._check_password(user, password)
        if outcome != "ok":
            return {"outcome": outcome}
        if not hmac.compare_digest(device.encode(), CUSTOMERS[user].device_key.encode()):
            return {"outcome": self._count_wrong(user)}
        self._ledger.remember(user, wrong=0)
        return {"outcome": "ok", "token": self._token(user)}

    def sign(self, user: str, code: str) -> dict[str, Any]:
        """Does this code sign an order of this customer? {"outcome": "ok" | "refused" | "locked"}"""
        return {"outcome": "ok" if self.code_fits(user, code) else self._count_wrong(user)}

    def code_fits(self, user: str, code: str) -> bool:
        """True for the code of this step of 30 s, the one before or the one after, once: RFC 6238, 5.2."""
        totp = pyotp.TOTP(CUSTOMERS[user].totp_secret)
        step = totp.timecode(self._clock.now())
        fitting = [near for near in (step - 1, step, step + 1) if hmac.compare_digest(totp.generate_otp(near).encode(), code.encode())]
        return any(self._ledger.use_step(user, near) for near in fitting)

    def _check_password(self, user: str, password: str) -> str:
        known = self._ledger.customer(user)
        if known and known["locked_until"] > self._clock.now().timestamp():
            return "locked"
        if not self._ledger.password_fits(user, password):
            return self._count_wrong(user)
        return "refused" if user in self.expired else "ok"  # expired: the same words as any refusal

    def _count_wrong(self, user: str) -> str:
        known = self._ledger.customer(user)
        if known is None:
            return "refused"
        wrong = known["wrong"] + 1
        if wrong < WRONG_BEFORE_LOCK:
            self._ledger.remember(user, wrong=wrong)
            return "refused"
        self._ledger.remember(user, wrong=0, locked_until=self._clock.now().timestamp() + LOCK_S)
        return "locked"

    def _token(self, user: str) -> str:
        return self.key.sign({"user": user, "id": self._random.token(16, LETTERS), "at": self._clock.now().timestamp()})


class Orders:
    """Payment orders: who may pay whom how much, and is the payee who the payer thinks."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    @property
    def operations(self) -> dict[str, Callable[..., object]]:
        return {"check": self.check, "known": self.known, "book": self.book}

    def check(self, user: str, payee: str, name: str, cents: int) -> dict[str, Any]:
        """{"payee_check": "match" | "no_match", "name": ..., "code_needed": ...} or {"refused": text}."""
        refusal = self._refusal(user, payee, cents)
        if refusal:
            return {"refused": refusal}
        holder = self._ledger.holder(payee)
        fits = holder is not None and holder["name"].casefold() == " ".join(name.split()).casefold()
        return {"payee_check": "match" if fits else "no_match", "code_needed": cents > CODE_FREE_CENTS}

    def known(self, user: str, order_id: str) -> dict[str, Any] | None:
        """The receipt of an order of this customer that was booked before; None if there is none."""
        receipt = self._ledger.receipt(order_id)
        return receipt if receipt and receipt["payer"] == self._ledger.accounts(user)[0]["iban"] else None

    def book(self, user: str, order_id: str, payee: str, cents: int, message: str) -> dict[str, Any]:
        """The receipt, the same for the same order however often it comes; or {"refused": text}."""
        refusal = self._refusal(user, payee, cents)
        if refusal:
            return {"refused": refusal}
        payer = self._ledger.accounts(user)[0]["iban"]
        try:
            return self._ledger.transfer(order_id, payer, payee, cents, message, self._clock.now())
        except Refused as refused:
            return {"refused": str(refused)}

    def _refusal(self, user: str, payee: str, cents: int) -> str | None:
        if not iban_is_valid(payee):
            return "This is not a correct account number."
        holder = self._ledger.holder(payee)
        if holder is None:
            return "The demonstration bank can only pay to its own accounts."
        if holder["user"] == user:
            return "Payer and payee are the same account."
        if CUSTOMERS[user].canary and (not holder["canary"] or cents > CANARY_LIMIT_CENTS):
            return "Test accounts may pay at most EUR 1.00, to test accounts only."
        return None
