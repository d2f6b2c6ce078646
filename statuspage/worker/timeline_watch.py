"""Reads the own timelines: a post that no delivery of ours explains is an alarm, within one reading.

Whoever owns the account's dispatcher watches it, with the credentials that it has at that moment; this loop only reads, and never
renews anything: it asks the dispatcher to.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from broadcasters.errors import BroadcastError, OutcomeClass
from broadcasters.http import Http
from statuspage.actions import alarms
from statuspage.actions.context import Context
from statuspage.core.delivery_rules import obeyed_s
from statuspage.core.foreign import Oddity, Seen, codes_in, unexplained
from statuspage.settings.source import SourceError, read_yaml
from statuspage.store import explaining
from statuspage.worker.dispatcher import Dispatcher

ASK_AGAIN_S = 1.0  # while another process owns the account
LOOK_BACK = timedelta(days=1)  # at the first reading of a process: nobody may have watched meanwhile
OVERLAP = timedelta(minutes=15)  # of two readings: timelines lag, and clocks differ
UNREAD_ALARM_S = 600.0
_QUOTED = 200  # letters of a post that an alarm repeats
log = structlog.get_logger("statuspage.timeline_watch")

_SAID = {
    Oddity.UNKNOWN: "was not made by the product, and nobody knows here who made it",
    Oddity.CHANGED: "was made by the product and says something else now: somebody rewrote it",
    Oddity.COPY: "carries the code of a post of ours and is not that post: a copy, or a post that went out twice",
}
_WHAT_TO_DO = (
    "After a restore it may be one of ours that is younger than the backup. "
    "If nobody of the bank did it, take it down, revoke the account's sessions and tokens, change its password, and warn customers: "
    "statuspage warning fraud. If colleagues post here too, set watch: false for the account."
)


class TimelineWatch:
    """The watch over one account."""

    def __init__(self, ctx: Context, dispatcher: Dispatcher, account: str) -> None:
        self.name = watch_name(account)
        self._ctx = ctx
        self._dispatcher = dispatcher
        self._account = account
        own = ctx.settings.delivery
        self._http = Http(ctx.ports.http, deadline_s=own.deadline_s, connect_timeout_s=own.connect_timeout_s, now=ctx.now)
        self._known_since: datetime | None = None
        self._read_until: datetime | None = None
        self._read_at = ctx.ports.clock.monotonic()

    @property
    def owner(self) -> bool:
        return self._dispatcher.owner

    def step(self) -> float:
        """One reading. A network that does not answer is no fault of ours; it is an alarm when it lasts."""
        network = self._dispatcher.network
        if network is None:
            self._read_until = None  # somebody else watches; afterwards everything is looked at again
            return ASK_AGAIN_S
        now = self._ctx.now()
        since = max(self._since(now), now - LOOK_BACK if self._read_until is None else self._read_until - OVERLAP)
        try:
            posts = network.recent(since, self._http)
        except BroadcastError as error:
            self._failed(error)
            asked_s, _ = obeyed_s(error.retry_after_s, self._ctx.settings.delivery.retry_after_max_s)
            return max(self._ctx.settings.delivery.watch_s, asked_s)
        else:
            self._look([Seen(post.remote.id, post.text, post.at, post.url) for post in posts], since)
            self._read_until, self._read_at = now, self._ctx.ports.clock.monotonic()
            alarms.clear_alarm(self._ctx, f"timeline:{self._account}")
        return self._ctx.settings.delivery.watch_s

    def _since(self, now: datetime) -> datetime:
        """Since when the account is ours to watch: what was posted before is nobody's concern here."""
        if self._known_since is None:
            with self._ctx.ports.store.reading() as session:
                known = [at for at, text in explaining.configurations(session) if _names(text, self._account)]
            self._known_since = min(known, default=now)
        return self._known_since

    def _look(self, posts: list[Seen], since: datetime) -> None:
        codes = {code for post in posts for code in codes_in(post.text)}
        with self._ctx.ports.store.reading() as session:
            rows = explaining.of_posts(session, self._account, {post.id for post in posts}, codes)
            odd = {_key(self._account, post, oddity): (post, oddity) for post, oddity in unexplained(posts, rows, since).items()}
            new = odd.keys() - explaining.told_before(session, odd)
        for key in sorted(new):
            post, oddity = odd[key]
            log.warning("a post on an own account is not as it should be", account=self._account, post=post.id, oddity=str(oddity))
            alarms.raise_alarm(self._ctx, key, self._text(post, oddity))

    def _text(self, post: Seen, oddity: Oddity) -> str:
        at = "" if post.at is None else f" of {post.at:%Y-%m-%d %H:%M} UTC"
        quoted = " ".join(post.text.split())[:_QUOTED]
        return f"{self._account}: the post {post.url or post.id}{at} {_SAID[oddity]}. It says: “{quoted}”. {_WHAT_TO_DO}"

    def _failed(self, error: BroadcastError) -> None:
        if error.outcome is OutcomeClass.REAUTH:
            self._dispatcher.prove_soon()
        unread_s = self._ctx.ports.clock.monotonic() - self._read_at
        if unread_s >= UNREAD_ALARM_S:
            text = f"{self._account}: its timeline could not be read for {unread_s / 60:.0f} min, so nobody would notice a foreign post. "
            alarms.raise_alarm(self._ctx, f"timeline:{self._account}", f"{text}{error.detail}")


def watch_name(account: str) -> str:
    return f"timeline-{account}"


def _key(account: str, post: Seen, oddity: Oddity) -> str:
    return f"foreign:{account}:{post.id}:{oddity}"[-200:]


def _names(text: str, account: str) -> bool:
    """True if a configuration, as it was written, has that account."""
    try:
        data: Any = read_yaml(text).data
    except SourceError:
        return False
    accounts = data.get("accounts") or [] if isinstance(data, dict) else []
    return any(isinstance(one, dict) and one.get("name") == account for one in accounts)
