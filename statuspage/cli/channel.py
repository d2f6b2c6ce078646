"""Channels from a terminal: do their credentials count?"""

from __future__ import annotations

import sys

import click

from statuspage.actions import subscribers
from statuspage.cli.common import NOT_TRIED, REFUSED, Invocation, explained, show_one
from statuspage.worker.trial import try_channel

ANSWERS = {True: ("yes", 0), False: ("no", REFUSED), None: ("cannot be tried", NOT_TRIED)}


@click.group()
def channel() -> None:
    """Channels."""


@channel.command()
@click.argument("name")
@click.pass_obj
@explained
def test(invocation: Invocation, name: str) -> None:
    """Ask the channel's network who we are. Nothing is posted.

    Exit status 0: the credentials count; 1: they do not; 7: this kind cannot be tried, nothing was asked.
    """
    found = try_channel(invocation.context(), name)
    good, status = ANSWERS[found.good]
    show_one(invocation, {"channel": found.channel, "network": found.kind, "account": found.account, "good": good, "said": found.said})
    if status:
        sys.exit(status)


@channel.command()
@click.argument("token")
@click.pass_obj
@explained
def leave(invocation: Invocation, token: str) -> None:
    """Take the owner of a mail off its list, by the TOKEN that stands in the subject of a mail to leave_to."""
    subscribers.leave(invocation.context(), token)
    invocation.done("Done: no more mails of that list go there.", left=True)


COMMANDS = [channel]
