"""Deliveries from a terminal: where each post stands, its whole story, and what a person can do about it."""

from __future__ import annotations

from dataclasses import asdict

import click

from statuspage.actions import alarms as alarm_acts
from statuspage.actions import deliveries as acts
from statuspage.actions.alarms import address
from statuspage.actions.stories import Story, story_of, subject_names
from statuspage.cli.common import Invocation, explained, show, show_one, who
from statuspage.cli.values import limit_option
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_story import words_of
from statuspage.core.vocabulary import DeliveryState
from statuspage.store import alarms as stored_alarms
from statuspage.store import deliveries as stored
from statuspage.worker.logins import logins


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
@limit_option(100)
@click.pass_obj
@explained
def list_deliveries(invocation: Invocation, states: tuple[str, ...], limit: int) -> None:
    """The newest first."""
    with invocation.context().ports.store.reading() as session:
        rows = stored.listing(session, [DeliveryState(state) for state in states] or None, limit=limit)
        names = subject_names(session, rows)
    columns = ("id", "about", "update", "channel", "state", "attempts", "why", "next_attempt_at")
    listed = [{**summary(row), "about": names[row.subject_kind, row.subject_id]} for row in rows]
    show(invocation, listed, columns, "Deliveries")


@deliveries.command("show")
@click.argument("delivery_id")
@click.pass_obj
@explained
def show_delivery(invocation: Invocation, delivery_id: str) -> None:
    """The whole story of one delivery: why it waits, until when, every attempt with its evidence, and what you can do now."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        story = story_of(session, context, delivery_id)
    whole, attempts, thread = _facts(story), _attempts(story), [_in_thread(row) for row in story.thread]
    choices = [{"do": choice.command, "meaning": choice.meaning, "may_double": choice.may_double} for choice in story.choices]
    console = address(context, f"delivery:{delivery_id}")
    if invocation.as_json:
        show_one(invocation, whole | {"console": console, "thread": thread, "attempts_made": attempts, "choices": choices})
        return
    show_one(invocation, whole | {"console": console})
    click.echo()
    show(invocation, attempts, ("at", "what", "detail"), "What was asked and what came of it")
    click.echo()
    show(invocation, thread, ("update", "kind", "state", "id", "url"), "The thread it is in")
    click.echo()
    show(invocation, choices, ("do", "meaning"), "What you can do now")


def _facts(story: Story) -> dict[str, object]:
    row = story.row
    return {
        **summary(row),
        "about": story.about,
        "why": story.standing.why,
        "until": story.standing.until,
        "next_attempt_at": story.standing.next_at,
        "network": row.network,
        "class": story.delivery_class or None,
        "account": row.account,
        "language": row.language,
        "mode": str(row.mode),
        "code": row.code,
        "epoch": row.epoch,
        "not_before": row.not_before,
        "valid_until": row.valid_until,
        "settled_at": row.settled_at,
        "error_class": row.error_class,
        "remote_id": row.remote_id,
        "text": words_of(row),
    }


def _attempts(story: Story) -> list[dict[str, object]]:
    return [
        {
            "at": line.attempt.at,
            "epoch": line.attempt.epoch,
            "act": line.attempt.act,
            "outcome": line.attempt.outcome,
            "what": line.what,
            "detail": line.evidence,
        }
        for line in story.lines
    ]


def _in_thread(row: Delivery) -> dict[str, object]:
    return {"update": row.sequence, "kind": str(row.kind), "state": str(row.state), "id": row.id, "url": row.url}


@deliveries.command()
@click.argument("delivery_id")
@click.pass_obj
@explained
def retry(invocation: Invocation, delivery_id: str) -> None:
    """Send a stuck one again. Refused for one that may be out: there say `seen` or `not-there`."""
    acts.retry(invocation.context(), delivery_id, who())
    invocation.done(f"{delivery_id} will be sent again.", id=delivery_id, state="queued")


@deliveries.command("not-there")
@click.argument("delivery_id")
@click.option("--yes", is_flag=True, help="I have looked at the channel. Without it you are asked.")
@click.pass_obj
@explained
def not_there(invocation: Invocation, delivery_id: str, yes: bool) -> None:
    """You have looked, and the post is not on the network: it is sent anew. If you are wrong, customers see it twice."""
    if not yes:
        click.confirm(f"Have you looked at the channel, and the post of {delivery_id} is not there?", abort=True, err=True)
    acts.retry(invocation.context(), delivery_id, who(), looked=True)
    invocation.done(f"{delivery_id} will be sent anew.", id=delivery_id, state="queued")


@deliveries.command()
@click.argument("delivery_id")
@click.option("--reason", default="", help="Why; kept in its story.")
@click.pass_obj
@explained
def withdraw(invocation: Invocation, delivery_id: str, reason: str) -> None:
    """Take one back before it is sent. What is out already is corrected instead."""
    instead = acts.withdraw(invocation.context(), delivery_id, who(), reason)
    told = "" if instead is None else f" Update {instead.sequence}, which it had replaced, goes out in its place ({instead.id})."
    invocation.done(f"{delivery_id} is withdrawn.{told}", id=delivery_id, state="withdrawn", instead=instead and instead.id)


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


@account.command("list")
@click.pass_obj
@explained
def list_accounts(invocation: Invocation) -> None:
    """How each login stands: in use, paused, stopped or off, why, and what of it ends soon."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        found = logins(session, context)
    rows = [{**asdict(login), "says": " ".join(filter(None, [login.why, *login.ends]))} for login in found]
    show(invocation, rows, ("name", "kind", "state", "until", "channels", "says"), "Accounts")


@account.command()
@click.argument("name")
@click.pass_obj
@explained
def resume(invocation: Invocation, name: str) -> None:
    """Use a stopped account again, after what its network refused was put right."""
    acts.resume_account(invocation.context(), name, who())
    invocation.done(f"{name} is used again.", account=name)


@click.group()
def alarms() -> None:
    """What somebody of the bank must look at: the same that operators' channels are told."""


@alarms.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@limit_option(100)
@click.pass_obj
@explained
def list_alarms(invocation: Invocation, everything: bool, limit: int) -> None:
    """The newest first, with the console's page on which to deal with it."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        found = stored_alarms.listing(session, only_open=not everything, limit=limit)
    rows = [
        {
            "id": one.id,
            "key": one.key,
            "raised_at": one.raised_at,
            "cleared_at": one.cleared_at,
            "text": one.text,
            "console": address(context, one.key),
        }
        for one in found
    ]
    show(
        invocation,
        rows,
        ("id", "raised_at", "cleared_at", "text", "console") if everything else ("id", "raised_at", "text", "console"),
        "Alarms",
    )


@alarms.command()
@click.argument("alarm_id")
@click.pass_obj
@explained
def dismiss(invocation: Invocation, alarm_id: str) -> None:
    """You have looked into it. What is found again comes again; a delivery's alarm ends with your decision on the delivery."""
    alarm_acts.dismiss(invocation.context(), alarm_id, who())
    invocation.done(f"{alarm_id} is over.", id=alarm_id)


COMMANDS = [deliveries, account, alarms]
