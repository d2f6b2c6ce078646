"""What the front end itself knows: who is signed in, and which form it handed out."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass

from statuspage.demo.bank.services import LETTERS, SigningKey
from statuspage.ports import Clock, Randomness

SESSION_LIFE_S = 900.0


@dataclass(frozen=True)
class Visitor:
    """A signed-in customer."""

    user: str
    session_id: str


class Sessions:
    """Reads session tokens with the front end's own copy of the signing key."""

    def __init__(self, key: SigningKey, clock: Clock) -> None:
        self.key = key
        self.life_s = SESSION_LIFE_S
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()

    def visitor(self, token: str) -> Visitor | None:
        """None: no token, signed with another key, too old, or signed out."""
        claims = self.key.read(token) if token else None
        if claims is None or self._clock.now().timestamp() - claims["at"] >= self.life_s:
            return None
        with self._lock:
            return None if claims["id"] in self._ended else Visitor(claims["user"], claims["id"])

    def end(self, visitor: Visitor) -> None:
        now = self._clock.now().timestamp()
        with self._lock:
            self._ended = {known: until for known, until in self._ended.items() if until > now}
            self._ended[visitor.session_id] = now + SESSION_LIFE_S


class Forms:
    """Form tokens: what the page carries must fit the cookie of the same browser, so no other site can fill in a form."""

    def __init__(self, random: Randomness) -> None:
        self._random = random
        self._secret = random.token(43, LETTERS).encode()

    def new_cookie(self) -> str:
        return self._random.token(26, LETTERS)

    def order_id(self) -> str:
        return self._random.token(20, LETTERS)

    def token(self, cookie: str) -> str:
        return hmac.new(self._secret, cookie.encode(), hashlib.sha256).hexdigest()

    def fits(self, cookie: str, token: str) -> bool:
        return bool(cookie) and hmac.compare_digest(self.token(cookie).encode(), token.encode())
