"""What the bank keeps: customers, accounts and bookings, in one SQLite file of its data folder. Money only moves, it is never made."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from statuspage.demo.bank.customers import CUSTOMERS, Customer

_SCHEMA = """
CREATE TABLE IF NOT EXISTS customer (user TEXT PRIMARY KEY, name TEXT NOT NULL, password TEXT NOT NULL, canary INTEGER NOT NULL,
    last_step INTEGER NOT NULL DEFAULT 0, wrong INTEGER NOT NULL DEFAULT 0, locked_until REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS account (iban TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES customer, balance_cents INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS transfer (order_id TEXT PRIMARY KEY, payer TEXT NOT NULL, payee TEXT NOT NULL, cents INTEGER NOT NULL,
    message TEXT NOT NULL, booked_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS booking (id INTEGER PRIMARY KEY, iban TEXT NOT NULL REFERENCES account, day TEXT NOT NULL, text TEXT NOT NULL,
    cents INTEGER NOT NULL, order_id TEXT REFERENCES transfer);
CREATE INDEX IF NOT EXISTS booking_of_account ON booking (iban, id);
"""
# day before the first start, text, cents; the opening balance already contains them
_PAST = (
    (27, "Salary", 1_920_00),
    (21, "Rent", -780_00),
    (12, "Greengrocer on the square", -23_40),
    (5, "Railway", -14_20),
    (1, "Bakery", -3_65),
)
_CANARY_PAST = ((2, "Test payment received", 1), (1, "Test payment sent", -1))


class Refused(Exception):
    """An order that the bank does not take; the text is for the customer."""


def password_hash(user: str, password: str) -> str:
    """scrypt, cheap for a bank (about 10 ms): enough that a wrong password is slower than a refused connection."""
    return hashlib.scrypt(password.encode(), salt=f"example-bank:{user}".encode(), n=2**11, r=8, p=1).hex()


# Opening the accounts of many banks in one process (tests do) hashes each password once; checking a password is never remembered.
_opening_hash = lru_cache(maxsize=64)(password_hash)


class Ledger:
    """One connection behind one lock: a demonstration needs no more."""

    def __init__(self, path: Path, today: date) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA synchronous = OFF")  # invented money: a fast start is worth more
        self._connection.executescript(_SCHEMA)
        with self._transaction():
            for customer in CUSTOMERS.values():
                self._open_account(customer, today)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _open_account(self, customer: Customer, today: date) -> None:
        row = (customer.user, customer.name, _opening_hash(customer.user, customer.password), customer.canary)
        if self._connection.execute("INSERT OR IGNORE INTO customer (user, name, password, canary) VALUES (?, ?, ?, ?)", row).rowcount == 0:
            return
        self._connection.execute("INSERT INTO account VALUES (?, ?, ?)", (customer.iban, customer.user, customer.opening_cents))
        for days, text, amount in _CANARY_PAST if customer.canary else _PAST:
            self._book(customer.iban, today - timedelta(days=days), text, amount, None)

    def _book(self, iban: str, day: date, text: str, amount: int, order_id: str | None) -> None:
        self._connection.execute(
            "INSERT INTO booking (iban, day, text, cents, order_id) VALUES (?, ?, ?, ?, ?)", (iban, day.isoformat(), text, amount, order_id)
        )

    def _rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._connection.execute(query, values)]

    def customer(self, user: str) -> dict[str, Any] | None:
        return next(iter(self._rows("SELECT * FROM customer WHERE user = ?", user)), None)

    def password_fits(self, user: str, password: str) -> bool:
        """Costs the same time for a user that does not exist."""
        row = self.customer(user)
        return hmac.compare_digest(password_hash(user, password), row["password"] if row else "") and row is not None

    def remember(self, user: str, *, wrong: int, locked_until: float = 0.0) -> None:
        with self._transaction():
            self._connection.execute("UPDATE customer SET wrong = ?, locked_until = ? WHERE user = ?", (wrong, locked_until, user))

    def use_step(self, user: str, step: int) -> bool:
        """Use up a step of the customer's one-time code. False if it, or a later one, was used before."""
        with self._transaction():
            query = "UPDATE customer SET last_step = ? WHERE user = ? AND last_step < ?"
            return self._connection.execute(query, (step, user, step)).rowcount == 1

    def accounts(self, user: str) -> list[dict[str, Any]]:
        """iban, balance_cents"""
        return self._rows("SELECT iban, balance_cents FROM account WHERE user = ? ORDER BY iban", user)

    def bookings(self, user: str, limit: int) -> list[dict[str, Any]]:
        """iban, day, text, cents; newest first"""
        query = "SELECT iban, day, text, cents FROM booking JOIN account USING (iban) WHERE user = ? ORDER BY day DESC, id DESC LIMIT ?"
        return self._rows(query, user, limit)

    def holder(self, iban: str) -> dict[str, Any] | None:
        """user, name and canary of whoever has the account, None if it is not an account of this bank."""
        query = "SELECT user, name, canary FROM account JOIN customer USING (user) WHERE iban = ?"
        return next(iter(self._rows(query, iban)), None)

    def receipt(self, order_id: str) -> dict[str, Any] | None:
        """order_id, payer, payee, cents, message, booked_at; None if no such order was booked."""
        return next(iter(self._rows("SELECT * FROM transfer WHERE order_id = ?", order_id)), None)

    def transfer(self, order_id: str, payer: str, payee: str, amount: int, message: str, now: datetime) -> dict[str, Any]:
        """Book one order, once: the same order again gives the same receipt. Raises Refused; then nothing was booked."""
        wanted = {"order_id": order_id, "payer": payer, "payee": payee, "cents": amount, "message": message}
        with self._transaction():
            known = self.receipt(order_id)
            if known:
                if {key: known[key] for key in wanted} != wanted:
                    raise Refused("This order number was already used for another payment.")
                return known
            taken = self._connection.execute(
                "UPDATE account SET balance_cents = balance_cents - ? WHERE iban = ? AND balance_cents >= ?", (amount, payer, amount)
            )
            if taken.rowcount == 0:
                raise Refused("The balance is too low.")
            self._connection.execute("UPDATE account SET balance_cents = balance_cents + ? WHERE iban = ?", (amount, payee))
            receipt = wanted | {"booked_at": now.isoformat()}
            self._connection.execute("INSERT INTO transfer VALUES (:order_id, :payer, :payee, :cents, :message, :booked_at)", receipt)
            self._book(payer, now.date(), message or "Transfer", -amount, order_id)
            self._book(payee, now.date(), message or "Transfer", amount, order_id)
            return receipt
