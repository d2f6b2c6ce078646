"""Tells one WebSub hub of changed feeds, in a loop of its own: a hub that fails or hangs holds up nobody.

Contract: https://www.w3.org/TR/websub/, which leaves the publisher's call to the hub open. Hubs in use take a form with hub.mode=publish
and the feed as hub.url, others as hub.topic: both are sent. To repeat it is harmless.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import PurePosixPath

import structlog

from broadcasters.errors import BroadcastError, Rejected
from broadcasters.http import Http
from statuspage.actions.context import Context
from statuspage.core.delivery_rules import Backoff
from statuspage.publish.encode import Encoded
from statuspage.publish.site import Site
from statuspage.publish.snapshot import PublicPage

LOOK_EVERY_S = 0.2
SETTLE_S = 1.0  # the further folders are written meanwhile; a hub fetches at once
DEADLINE_S = 10.0
BACKOFF = Backoff(base_s=5.0, cap_s=120.0, slow_after_s=3600.0, slow_s=600.0)
LONGEST_ASKED_S = 3600.0  # a hub that asks for a longer pause is asked again all the same
FEEDS = frozenset({"feed.atom", "feed.rss", "feed.json"})
log = structlog.get_logger("statuspage.hubs")


def hub_name(number: int) -> str:
    return f"hub:{number}"


def feed_digests(page: PublicPage, files: Mapping[PurePosixPath, Encoded]) -> dict[str, str]:
    """Address of each feed among the files -> digest of its bytes."""
    site = Site(page)
    return {site.url(f"/{path.as_posix()}"): one.digests["identity"] for path, one in files.items() if path.name in FEEDS}


class Hub:
    """offer() and forget() are called by the publisher's thread, step() by the hub's own."""

    def __init__(self, name: str, url: str, ctx: Context) -> None:
        self.name = name
        self._url, self._ports = url, ctx.ports
        self._http = Http(ctx.ports.http, deadline_s=DEADLINE_S, now=ctx.ports.clock.now)
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}  # feed -> digest that the hub was, or is to be, told of
        self._due: dict[str, tuple[str, float]] = {}  # feed that it was not told of yet -> digest, monotonic moment from which it may be
        self._not_before = 0.0  # monotonic; the hub failed, or asked to wait
        self._failures = 0
        self._failing_since = 0.0

    def offer(self, feeds: Mapping[str, str]) -> None:
        """What the newest edition has. Feeds that are gone are forgotten."""
        with self._lock:
            ready = self._ports.clock.monotonic() + SETTLE_S
            changed = {feed: (digest, ready) for feed, digest in feeds.items() if self._known.get(feed) != digest}
            self._due = {feed: due for feed, due in {**self._due, **changed}.items() if feed in feeds}
            self._known = dict(feeds)

    def forget(self) -> None:
        """Another process publishes from now on, and tells the hub of everything."""
        with self._lock:
            self._known, self._due = {}, {}

    def step(self) -> float:
        """Tells of one feed, if one is due. Seconds until there may be more to do."""
        now = self._ports.clock.monotonic()
        with self._lock:
            ripe = ((feed, due) for feed, due in self._due.items() if max(due[1], self._not_before) <= now)
            feed, due = next(ripe, ("", None))
        if not feed:
            return LOOK_EVERY_S
        try:
            self._tell(feed)
        except Rejected as error:
            log.warning("a hub refuses a feed, which it is not told of until it changes again", hub=self.name, feed=feed, why=error.detail)
        except BroadcastError as error:
            self._wait(feed, error)
            return LOOK_EVERY_S
        self._failures = 0
        with self._lock:
            if self._due.get(feed) == due:  # it may have changed while the hub was told
                del self._due[feed]
        return 0.0

    def _tell(self, feed: str) -> None:
        form = {"hub.mode": "publish", "hub.url": feed, "hub.topic": feed}
        self._http.send("POST", self._url, form=form, create=False, read=lambda _: None)

    def _wait(self, feed: str, error: BroadcastError) -> None:
        """The hub is left alone for a while; then the other feeds come first, since it may be this one at which it fails."""
        now = self._ports.clock.monotonic()
        self._failures += 1
        if self._failures == 1:
            self._failing_since = now
        drawn = BACKOFF.wait_s(self._failures, now - self._failing_since, self._ports.random.uniform(0.0, 1.0))
        wait_s = max(drawn, min(error.retry_after_s or 0.0, LONGEST_ASKED_S))
        with self._lock:
            self._not_before = now + wait_s
            if feed in self._due:
                self._due[feed] = self._due.pop(feed)
        log.warning(
            "a hub was not told of changed feeds and is asked again", hub=self.name, why=error.detail, again_after_s=round(wait_s, 1)
        )
