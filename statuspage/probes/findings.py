"""What a probe hands back, and the cleaning of what is told about it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from html import escape
from urllib.parse import quote, quote_plus

import re2

from statuspage.core.vocabulary import Outcome, Reason

EVIDENCE_LENGTH = 500
_MASK = "***"
LONGEST_PATTERN = 1000  # letters of a secret; each becomes some twenty of a pattern, and RE2 refuses what is too large
_SHORTEST_SECRET = 3  # shorter ones would blot out half of every sentence; they are no secrets either


@dataclass(frozen=True)
class Finding:
    """One look at one target; the prober adds who looked and when.

    outcome, reason  what it says, and why
    phases_ms        phase or step -> milliseconds;  latency_ms: the whole of it, None where nothing was measured
    evidence         one sentence for engineers; clean() has been over it: never a credential, never a body
    partial          only a part failed: one address of five, a step after the sign-in
    alarms           key -> what operators must know; "" means that it is over
    at               when the last wait on our own side was over, and with it the moment it speaks for; None: the check's beginning
    """

    outcome: Outcome
    reason: Reason
    phases_ms: Mapping[str, float] = field(default_factory=dict)
    latency_ms: float | None = None
    evidence: str = ""
    partial: bool = False
    alarms: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True)
class Failure:
    """Why something did not work: the reason, and a sentence about it."""

    reason: Reason
    evidence: str


def clean(text: str) -> str:
    """One line fit for a log: control, format and surrogate characters become a blank, cut to 500 characters."""
    shown = "".join(" " if unicodedata.category(letter).startswith(("C", "Zl", "Zp")) else letter for letter in text[: 4 * EVIDENCE_LENGTH])
    shown = " ".join(shown.split())
    return shown if len(shown) <= EVIDENCE_LENGTH else shown[: EVIDENCE_LENGTH - 1] + "…"


_ENCODED = re2.compile("%[0-9A-F]{2}")
_SILENT = re2.Options()
_SILENT.log_errors = False  # it would write pieces of a secret to the log


class Mask:
    """Takes secrets out of sentences. Grows while a journey runs: captured values are secrets too."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._hidden: dict[str, Callable[[str], str]] = {}
        for secret in secrets:
            self.hide(secret)

    def hide(self, secret: str) -> None:
        """From now on `secret` is replaced, also where any of its letters is encoded for an address or a page.

        Of a secret above LONGEST_PATTERN letters: where all that are usually encoded are.
        """
        secret = _whole(secret)
        if len(secret) >= _SHORTEST_SECRET and secret not in self._hidden:
            self._hidden[secret] = _hider(secret)

    def __call__(self, text: str) -> str:
        text = _whole(text)
        for secret in sorted(self._hidden, key=len, reverse=True):
            text = self._hidden[secret](text)
        return text

    def __repr__(self) -> str:
        return f"Mask({len(self._hidden)} hidden)"


def _hider(secret: str) -> Callable[[str], str]:
    """What takes one secret out of a text."""
    if len(secret) <= LONGEST_PATTERN:
        return partial(re2.compile("".join(_spelt(letter) for letter in secret), _SILENT).sub, _MASK)
    encoded = {quote(secret), quote(secret, safe=""), quote_plus(secret), quote_plus(secret, safe="/")}
    small = {_ENCODED.sub(lambda found: found[0].lower(), form) for form in encoded}
    forms = sorted({secret, escape(secret), escape(secret, quote=False), *encoded, *small}, key=len, reverse=True)

    def hide(text: str) -> str:
        for form in forms:
            text = text.replace(form, _MASK)
        return text

    return hide


def _whole(text: str) -> str:
    """Without halves of letters (lone surrogates), which RE2 does not take."""
    return text.encode("utf-8", "replace").decode()


@lru_cache(maxsize=1024)
def _spelt(letter: str) -> str:
    """A pattern for all spellings of one letter: itself, in an address (%2f, %2F, a blank as +), in a page (&amp;, &#39;)."""
    forms = {letter, "".join(f"%{byte:02X}" for byte in letter.encode()), "".join(f"%{byte:02x}" for byte in letter.encode())}
    forms |= {escape(letter), f"&#{ord(letter)};", "+" if letter == " " else letter}
    return f"(?:{'|'.join(re2.escape(form) for form in sorted(forms))})"
