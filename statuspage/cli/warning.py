"""Warnings from a terminal: somebody pretends to be the bank."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import click

from statuspage.actions import warnings as acts
from statuspage.actions.stories import title
from statuspage.cli.common import Invocation, explained, show, show_one, who
from statuspage.cli.values import WORDS
from statuspage.store import updates


@click.group()
def warning() -> None:
    """Warn customers of somebody who pretends to be the bank.

    \b
    statuspage warning fraud "bank-help[.]example"
    """


@warning.command()
@click.argument("fake")
@WORDS
@click.option("--drill", is_flag=True, help="A rehearsal: nothing public, sandbox channels only.")
@click.pass_obj
@explained
def fraud(invocation: Invocation, fake: str, texts: Mapping[str, str], drill: bool) -> None:
    """Warn of FAKE on page and channels. Write it so that nobody lands there: bank-help[.]example"""
    said = acts.fraud_warning(invocation.context(), fake=fake, who=who(), free_text=texts, drill=drill)
    show_one(invocation, {"id": said.subject_id, "at": said.created_at, "texts": dict(said.texts)})


@warning.command("list")
@click.option("--days", type=click.IntRange(1, 36_525), default=90, show_default=True, help="How far back.")
@click.pass_obj
@explained
def list_warnings(invocation: Invocation, days: int) -> None:
    """Warnings that were given, the newest first."""
    context = invocation.context()
    with context.ports.store.reading() as session:
        found = updates.warnings(session, since=context.now() - timedelta(days=days))
    rows = [{"id": one.subject_id, "at": one.created_at, "author": one.author, "text": title(one.texts)} for one in found]
    show(invocation, rows, ("id", "at", "author", "text"), "Warnings")


COMMANDS = [warning]
