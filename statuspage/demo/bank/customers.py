"""The invented customers of the invented bank. Nothing here is a secret: the sign-in page shows it to every visitor.

Canaries are the test accounts that probes use (least power: EUR 1 an order, other canaries as the only payees). There are three
pairs, because a one-time code counts once: each journey that needs codes has two accounts of its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from statuspage.demo.bank.money import iban


@dataclass(frozen=True)
class Customer:
    """One customer with one current account. `opening_cents` is the balance on the first day."""

    user: str
    name: str
    password: str
    totp_secret: str  # base32, as an authenticator app takes it
    device_key: str  # what the mobile app keeps on a phone that was registered; stands for the second factor there
    iban: str
    opening_cents: int
    canary: bool = False


def _customer(number: int, user: str, name: str, password: str, opening_cents: int) -> Customer:
    mark = hashlib.sha256(f"Example Bank demonstration {user}".encode()).digest()
    return Customer(
        user=user,
        name=name,
        password=password,
        totp_secret=base64.b32encode(mark[:20]).decode(),
        device_key=mark[20:].hex(),
        iban=iban(number),
        opening_cents=opening_cents,
        canary=user.startswith("canary-"),
    )


CANARIES = tuple(
    _customer(1000 + number, f"canary-{letter}", f"Canary {letter.upper()}", f"{letter}-sings-in-the-mine", 100_00)
    for number, letter in enumerate("abcdef")
)
PEOPLE = (
    _customer(2001, "anna", "Anna García", "sunny-monday-42", 2_431_07),
    _customer(2002, "bram", "Bram de Vries", "rainy-tuesday-17", 318_50),
)
CUSTOMERS: Mapping[str, Customer] = {customer.user: customer for customer in (*PEOPLE, *CANARIES)}
ACCOUNT_LETTERS = tuple(canary.user.removeprefix("canary-") for canary in CANARIES)


def references() -> dict[str, str]:
    """What a configuration may refer to: BANK_CANARY_A_USER, _PASSWORD, _TOTP, _DEVICE, _IBAN, _NAME, and so on for each letter."""
    found: dict[str, str] = {}
    for canary in CANARIES:
        prefix = f"BANK_{canary.user.upper().replace('-', '_')}"
        found |= {
            f"{prefix}_USER": canary.user,
            f"{prefix}_PASSWORD": canary.password,
            f"{prefix}_TOTP": canary.totp_secret,
            f"{prefix}_DEVICE": canary.device_key,
            f"{prefix}_IBAN": canary.iban,
            f"{prefix}_NAME": canary.name,
        }
    return found
