"""One incident or piece of planned work with all that was said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from statuspage.cli.common import Invocation, show, show_one
from statuspage.core.vocabulary import SubjectKind
from statuspage.store import Session, deliveries, updates


@dataclass(frozen=True)
class Thread:
    """Its updates, each with the number by which it is corrected, and where each post stands."""

    updates: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]


def thread_of(session: Session, kind: SubjectKind, subject_id: str) -> Thread:
    """What was said of it, and where."""
    said = [
        {"sequence": u.sequence, "kind": str(u.kind), "at": u.display_at, "author": u.author or "machine", "texts": dict(u.texts)}
        for u in updates.of_subject(session, kind, subject_id)
    ]
    sent = [
        {"id": p.id, "update": p.sequence, "channel": p.channel, "state": str(p.state), "attempts": p.attempts, "url": p.url}
        for p in deliveries.of_subject(session, kind, subject_id)
    ]
    return Thread(said, sent)


def show_thread(invocation: Invocation, whole: Mapping[str, Any], thread: Thread) -> None:
    """The thing, then two tables; with --json all of it as one object."""
    if invocation.as_json:
        show_one(invocation, {**whole, "updates": thread.updates, "deliveries": thread.deliveries})
        return
    show_one(invocation, whole)
    click.echo()
    rows = [{**row, "text": next(iter(row["texts"].values()), "")} for row in thread.updates]
    show(invocation, rows, ("sequence", "kind", "at", "author", "text"), "Updates")
    show(invocation, thread.deliveries, ("id", "update", "channel", "state", "attempts", "url"), "Deliveries")
