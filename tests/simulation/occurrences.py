"""What truly happened in a world: a fault that is drawn but never comes about tests nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState, SubjectKind
from statuspage.store import deliveries
from tests.simulation.world import World

# Each of these happens at least once in the first 200 seeds, or the simulator has gone blind on one eye.
EXPECTED = (
    *(f"answer {name}" for name in ("ok", "throttled", "error", "error_applied", "lost", "lost_applied", "late", "cut", "slow")),
    *("answer refused", "answer rejected", "answer down", "all networks down", "all networks up"),
    *("crash at a point", "crash around a commit", "process suspended", "machine asleep", "wall clock jumped"),
    *("lock connection lost", "database busy", "database restored", "row changed in the database"),
    *("account disowned", "account refused", "account resumed", "waited while its account was off"),
    *("credentials revoked", "post deleted by staff", "posting off", "rehearsal on a real channel"),
    *("configuration reloaded", "account added", "account removed", "account still to come", "mode changed"),
    *("two channels on one account", "channel moved"),
    *("hold", "withdrawn while waiting", "withdrawn while queued", "sent again by a person", "reworded while queued"),
    *("reworded while waiting", "told correction", "told resolved", "told resolved_auto", "parent arrived late", "edited post"),
    *("thread begun with a later statement", "correction among collapsing updates", "past its valid_until", "thread begun anew"),
    *("assumed on a blind network", "never posted, for it was over", "key proven unused", "found on the timeline"),
)


def of_ledger(world: World) -> Counter[str]:
    """What only the finished ledger and the networks' truth can tell."""
    with world.store.reading() as session:
        rows = [row for row in deliveries.listing(session, limit=10_000) if row.subject_kind is SubjectKind.INCIDENT]
        outcomes = Counter(f"{line.act} {line.outcome}" for row in rows for line in deliveries.story(session, row.id))
    seen = Counter(
        {
            "assumed on a blind network": outcomes["decide assumed"],
            "key proven unused": outcomes["find absent"],
            "found on the timeline": outcomes["find found"],
            "thread begun anew": outcomes["send parent_gone"] + outcomes["edit parent_gone"],
            "edited post": sum(len(post.revisions) > 1 for network in world.networks.values() for post in network.posts),
        }
    )
    for _, thread in groupby(sorted(rows, key=attrgetter("thread", "sequence")), key=attrgetter("thread")):
        seen.update(_of_thread(list(thread)))
    return seen


def _of_thread(rows: list[Delivery]) -> Iterator[str]:
    out = [row for row in rows if row.state is DeliveryState.DELIVERED]
    replaced = [row for row in rows if row.state is DeliveryState.SUPERSEDED]
    if out and out[0].sequence > 1:
        yield "thread begun with a later statement"
    if any(row.essential for row in out) and replaced:
        yield "correction among collapsing updates"
    for row in rows:
        if row.error_class == "expired" or "out of date" in row.detail:
            yield "past its valid_until"
        if "over before anything was posted" in row.detail:
            yield "never posted, for it was over"
