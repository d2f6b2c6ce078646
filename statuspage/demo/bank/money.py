"""Amounts in cents and account numbers, as the demonstration bank writes them."""

from __future__ import annotations

import re

BANK_CODE = "XMPL"  # four letters that no Dutch bank has
_AMOUNT = re.compile(r"[0-9]{1,7}([.,][0-9]{1,2})?")


def _remainder(text: str) -> int:
    """ISO 13616: letters count as 10 to 35, the whole is read as one number modulo 97."""
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def iban(number: int) -> str:
    """The account number of this bank that ends in `number`, with correct check digits."""
    rest = f"{BANK_CODE}{number:010d}"
    return f"NL{98 - _remainder(f'{rest}NL00'):02d}{rest}"


def compact(text: str) -> str:
    """An account number as typed, without spaces and in capitals."""
    return re.sub(r"\s", "", text).upper()


def iban_is_valid(text: str) -> bool:
    """True if the check digits of an account number (compact) are right."""
    return bool(re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", text)) and _remainder(text[4:] + text[:4]) == 1


def grouped(text: str) -> str:
    """NL47 XMPL 0000 0010 00"""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def cents(text: str) -> int | None:
    """12.34 and 12,34 as 1234; None if it is no amount above zero."""
    text = text.strip()
    if not _AMOUNT.fullmatch(text):
        return None
    whole, _, part = text.replace(",", ".").partition(".")
    return (int(whole) * 100 + int(part.ljust(2, "0") or "0")) or None


def euros(amount: int) -> str:
    """123456 as "EUR 1,234.56", negative ones with a leading minus."""
    sign = "-" if amount < 0 else ""
    return f"{sign}EUR {abs(amount) // 100:,}.{abs(amount) % 100:02d}"
