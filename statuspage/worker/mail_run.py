"""One notice on its way to a list: what this process remembers of it, and what the ledger says when it is over."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from broadcasters.errors import BroadcastError, OutcomeClass, Rejected
from broadcasters.post import Remote
from broadcasters.runs import ACCOUNT, Draft
from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import mails
from statuspage.store.mails import Due
from statuspage.worker.verdict import Verdict, accepted, stuck


@dataclass
class Run:
    """One delivery under way.

    seen, edition   the tag up to which the list was looked through, and in which edition of it; whole: to its end
    ready, waiting  subscribers read from the list and not handed out yet; tags of those, and of those on their way
    taken           mails that the relay has taken, for people; told_at: monotonic, when they were told last
    heard           it is noted that the relay has taken one
    refused, why    refused by this process though nothing says that they are gone; what was said to the last of them
    held_until      monotonic: until then some wait whose turn it would be, since they may have arrived
    """

    row: Delivery
    draft: Draft
    secret: bytes = field(repr=False)
    edition: int = 0
    seen: str = ""
    whole: bool = False
    ready: deque[Due] = field(default_factory=deque)
    waiting: set[str] = field(default_factory=set)
    taken: int = 0
    told_at: float = 0.0
    heard: bool = False
    refused: int = 0
    why: Rejected | None = None
    held_until: float = 0.0

    @property
    def under_way(self) -> bool:
        return len(self.waiting) > len(self.ready)

    @property
    def through(self) -> bool:
        """True if the list was looked through and nothing of it is left to be tried now."""
        return self.whole and not self.ready

    def count(self, error: BroadcastError | None) -> None:
        """Of one answer. Who is gone says nothing of the others."""
        if isinstance(error, Rejected) and error.code != ACCOUNT and error.outcome is not OutcomeClass.GONE:
            self.refused, self.why = self.refused + 1, error

    @property
    def suspicion(self) -> Rejected | None:
        """What the first ones were refused with, if all of them were: it is about us, and not about them."""
        most = self.draft.refused_first
        if self.why is None or self.taken or not most or self.refused < most:
            return None
        detail = f"The first {most} were refused, and nobody reached: this is taken for our own trouble. {self.why.detail}"
        return Rejected(self.why.outcome, detail, code=ACCOUNT, single=True)  # suspected only: the next notice may try


@dataclass(frozen=True)
class End:
    """Why a run goes on no further before its list is through. stale: its statement is out of date, and nothing newer is there."""

    why: str
    stale: bool


def progress(run: Run) -> str:
    """How far it has come, for people."""
    return f"{run.draft.noun} that {run.draft.taker} has taken so far: {run.taken}."


def judged(run: Run, found: Mapping[str, int], end: End | None, *, missed: bool) -> Verdict:
    """What the ledger says of a run that is over. missed: somebody on the list was not tried."""
    row, taker = run.row, run.draft.taker
    sent, refused = found.get(mails.SENT, 0), found.get(mails.REFUSED, 0)
    parts = [
        (sent, f"taken by {taker}"),
        (refused, "refused for good"),
        (found.get(mails.DEFERRED, 0), "put off and not sent"),
        (found.get(mails.SENDING, 0), "still on their way"),
        (found.get(mails.LEFT, 0), "not sent to people who had left the list"),
        (found.get("doubtful", 0), f"{run.draft.in_doubt}, since nobody knew whether they had arrived"),
    ]
    detail = f"{run.draft.noun}: " + ", ".join(f"{number} {what}" for number, what in parts if number or what == parts[0][1])
    detail += f"; {end.why}." if end else "."
    if sent:
        verdict = accepted(row, Remote(row.id), None, "ok", detail)
        if end is not None and end.stale and missed:
            verdict.alarms[f"list:{row.id}"] = f"Delivery {row.id} on {row.channel} did not reach everybody in time. {detail}"
        return verdict
    if end is not None:
        return Verdict(DeliveryState.SUPERSEDED, "superseded", detail)
    if refused:
        return stuck(row, "denied", f"{taker.capitalize()} refused all of them. {detail}")
    return Verdict(DeliveryState.WITHDRAWN, "withdrawn", f"Nobody on the list reads {row.language}: nothing was sent.")
