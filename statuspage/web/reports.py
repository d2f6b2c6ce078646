"""The form "I have this problem too": a plain POST that is counted and answered with a published page. No address is ever kept."""

from __future__ import annotations

import hmac
import ipaddress
import re
import threading
from collections import Counter
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, redirect, request

from statuspage.actions import reports
from statuspage.actions.context import Context
from statuspage.core.ids import ID_ALPHABET
from statuspage.ports import Clock, Randomness
from statuspage.publish.site import REPORT, Site
from statuspage.store.trouble import StoreTrouble
from statuspage.web.operations import current
from statuspage.words import load_catalogue
from statuspage.worker.public_page import public_page

WINDOW_S = 600.0
MOST = 5  # reports from one network within a window; what comes after says nothing new
REMEMBERED = 50_000  # networks; when there are more in one window, the rest is not counted
WRITE_EVERY_S = 1.0  # a rush of reports becomes one write a second
_LANGUAGE = re.compile(r"[a-z]{2}")
blueprint = Blueprint("reports", __name__)
log = structlog.get_logger("statuspage.reports")


class Crowd:
    """How often each network has reported in this window. It knows networks by a digest under a key that nobody keeps.

    The key is drawn anew for each window, so that not even this process could tell who reported before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._key = b""
        self._seen: Counter[bytes] = Counter()

    def admits(self, address: str, clock: Clock, chance: Randomness) -> bool:
        """True if one more report from the network of this address counts."""
        with self._lock:
            now = clock.monotonic()
            if now >= self._until:
                self._until, self._key = now + WINDOW_S, chance.token(40, ID_ALPHABET).encode()
                self._seen.clear()
            name = hmac.digest(self._key, network(address).encode(), "sha256")
            if self._seen[name] >= MOST or (name not in self._seen and len(self._seen) >= REMEMBERED):
                return False
            self._seen[name] += 1
            return True


class Tally:
    """Reports that wait for the next write. A process that dies loses at most those of the last second.

    The first is written at once; what comes within WRITE_EVERY_S after a write is written together at its end, by a thread of its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Counter[reports.Said] = Counter()
        self._written_at = float("-inf")
        self._timer: threading.Timer | None = None

    def add(self, ctx: Context, said: reports.Said) -> None:
        """Counts one more, and writes if it is time. Raises StoreTrouble; what could not be written waits for the next write."""
        with self._lock:
            self._waiting[said] += 1
            if ctx.ports.clock.monotonic() - self._written_at < WRITE_EVERY_S:
                self._write_soon(ctx)
                return
        self._write(ctx)

    def _write_soon(self, ctx: Context) -> None:
        if self._timer is None:
            self._timer = threading.Timer(WRITE_EVERY_S, self._write_late, (ctx,))
            self._timer.daemon = True
            self._timer.start()

    def _write_late(self, ctx: Context) -> None:
        with self._lock:
            self._timer = None
        try:
            self._write(ctx)
        except StoreTrouble as error:
            log.error("reports wait: they could not be counted", error=str(error))

    def _write(self, ctx: Context) -> None:
        with self._lock:
            batch, since = self._waiting, self._written_at
            self._waiting, self._written_at = Counter(), ctx.ports.clock.monotonic()
        try:
            if batch:
                reports.count(ctx, batch)
        except StoreTrouble:
            with self._lock:
                self._waiting += batch
                self._written_at = since
                self._write_soon(ctx)
            raise


CROWD, TALLY = Crowd(), Tally()


def network(address: str) -> str:
    """The network that counts as one sender: /24 or /48; what is no address counts as one network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


@blueprint.post(REPORT)
def send() -> Response:
    """Counts, and leads to the page that says so. Whatever fails, the customer reads a page in their own language."""
    asked = request.form.get("language", "")
    language = asked if _LANGUAGE.fullmatch(asked) else "en"
    try:
        ctx = current().context()
        return _to(ctx, language if language in ctx.settings.page.languages else ctx.settings.page.default_language, _outcome(ctx))
    except Exception as error:  # a customer must not read a page made for engineers, whatever is wrong
        log.error("a report could not be counted", error=type(error).__name__, known=isinstance(error, StoreTrouble))
        return redirect(f"/{language}/report/failed/", 303)  # type: ignore[return-value]


def _outcome(ctx: Context) -> str:
    """The last part of the address of the page that answers."""
    component, symptom = request.form.get("component", ""), request.form.get("symptom", "")
    known = {one.slug for one in ctx.settings.components if not one.private}
    if _foreign(ctx) or component not in known or symptom not in load_catalogue().keys("symptom"):
        return "failed/"
    if not CROWD.admits(_sender(), ctx.ports.clock, ctx.ports.random):
        return "enough/"
    TALLY.add(ctx, reports.said_now(ctx, component, symptom))
    return "thanks/"


def _to(ctx: Context, language: str, place: str) -> Response:
    site = Site(public_page(ctx.settings))
    return redirect(site.link(site.report(language) + place), 303)  # type: ignore[return-value]


def _foreign(ctx: Context) -> bool:
    """True if another site's page sent the form."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc not in (request.host, urlsplit(ctx.settings.page.url).netloc)


def _sender() -> str:
    """The address before the front server, if there is one on this machine: it writes the last entry itself."""
    direct = request.remote_addr or ""
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return told if told and direct in ("127.0.0.1", "::1") else direct
