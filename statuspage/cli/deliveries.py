"""Deliveries from a terminal: where each post stands, its whole story, and what a person can do about it."""

from __future__ import annotations

import click

from statuspage.actions import deliveries as acts
from statuspage.cli.common import Invocation, explained, show, show_one, who
from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import deliveries as stored


@click.group()
def deliveries() -> None:
    """Posts: list them, look at one, and decide where a person is asked.

    \b
    statuspage deliveries list --state stuck
    statuspage deliveries show ID
    statuspage deliveries seen ID --url https://t.me/bank/123
    """


def summary(row: Delivery) -> dict[str, object]:
    """One delivery as lists show it."""
    return {
        "id": row.id,
        "subject": f"{row.subject_kind} {row.subject_id}",
        "update": row.sequence,
        "kind": str(row.kind),
        "channel": row.channel,
        "state": str(row.state),
        "attempts": row.attempts,
        "why": row.detail,
        "next_attempt_at": row.next_attempt_at,
        "url": row.url,
    }


@deliveries.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice([str(state) for state in DeliveryState]), help="Only these; may be repeated."
)
@click.option("--limit", default=100, show_default=True)
@click.pass_obj
@explained
def list_deliveries(invocation: Invocation, states: tuple[str, ...], limit: int) -> None:
    """The newest first."""
    with invocation.context().ports.store.reading() as session:
        rows = stored.listing(session, [DeliveryState(state) for state in states] or None, limit=limit)
    columns = ("id", "subject", "update", "channel", "state", "attempts", "why", "next_attempt_at")
    show(invocation, [summary(row) for row in rows], columns, "Deliveries")


@deliveries.command("show")
@click.argument("delivery_id")
@click.pass_obj
@explained
def show_delivery(invocation: Invocation, delivery_id: str) -> None:
    """One delivery: text, state, why it waits, until when, and every attempt with its evidence."""
    with invocation.context().ports.store.reading() as session:
        row = stored.get(session, delivery_id)
        story = stored.story(session, delivery_id)
    attempts = [{"at": line.at, "epoch": line.epoch, "act": line.act, "outcome": line.outcome, "detail": line.detail} for line in story]
    whole = {
        **summary(row),
        "network": row.network,
        "language": row.language,
        "mode": str(row.mode),
        "code": row.code,
        "epoch": row.epoch,
        "not_before": row.not_before,
        "valid_until": row.valid_until,
        "settled_at": row.settled_at,
        "error_class": row.error_class,
        "text": row.story or row.text,
    }
    if invocation.as_json:
        show_one(invocation, whole | {"attempts_made": attempts})
        return
    show_one(invocation, whole)
    click.echo()
    show(invocation, attempts, ("at", "epoch", "act", "outcome", "detail"), "What was done")


@deliveries.command()
@click.argument("delivery_id")
@click.pass_obj
@explained
def retry(invocation: Invocation, delivery_id: str) -> None:
    """Send a stuck one again; an unknown one only if you have looked at the network and it is not there."""
    acts.retry(invocation.context(), delivery_id, who())
    invocation.done(f"{delivery_id} will be sent again.", id=delivery_id, state="queued")


@deliveries.command()
@click.argument("delivery_id")
@click.option("--reason", default="", help="Why; kept in its story.")
@click.pass_obj
@explained
def withdraw(invocation: Invocation, delivery_id: str, reason: str) -> None:
    """Take one back before it is sent. What is out already is corrected instead."""
    acts.withdraw(invocation.context(), delivery_id, who(), reason)
    invocation.done(f"{delivery_id} is withdrawn.", id=delivery_id, state="withdrawn")


@deliveries.command()
@click.argument("delivery_id")
@click.option("--url", help="Where you saw it.")
@click.pass_obj
@explained
def seen(invocation: Invocation, delivery_id: str, url: str | None) -> None:
    """You have seen the post on the network: it is delivered."""
    acts.mark_seen(invocation.context(), delivery_id, who(), url)
    invocation.done(f"{delivery_id} is delivered.", id=delivery_id, state="delivered")


@click.group()
def account() -> None:
    """Logins at networks."""


@account.command()
@click.argument("name")
@click.pass_obj
@explained
def resume(invocation: Invocation, name: str) -> None:
    """Use a stopped account again, after its credentials were mended."""
    acts.resume_account(invocation.context(), name, who())
    invocation.done(f"{name} is used again.", account=name)


COMMANDS = [deliveries, account]
