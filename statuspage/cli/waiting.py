"""Posts that wait, from a terminal: until one was tried, they are stopped, or say other words. For incidents and planned work alike."""

from __future__ import annotations

from collections.abc import Mapping

import click

from statuspage.actions import notices
from statuspage.cli.common import Invocation, explained, show_one, who
from statuspage.cli.values import SEQUENCE, WORDS
from statuspage.core.vocabulary import SubjectKind


def add_commands(group: click.Group, kind: SubjectKind) -> None:
    """Puts `stop` and `reword` into the group of that kind."""

    @group.command()
    @click.argument("subject_id", metavar=f"{kind.value.upper()}_ID")
    @click.argument("sequence", type=SEQUENCE)
    @click.option("--reason", default="", help="Why; recorded, never public.")
    @click.pass_obj
    @explained
    def stop(invocation: Invocation, subject_id: str, sequence: int, reason: str) -> None:
        """Stop the posts of update SEQUENCE that have not left yet. The page keeps what it said.

        Where an update before it had given way to this one and is still true, that goes out in its place: see `sent_instead`.
        """
        stopped = notices.withdraw(invocation.context(), kind=kind, subject_id=subject_id, sequence=sequence, who=who(), reason=reason)
        show_one(invocation, {"sequence": sequence, "stopped": stopped.channels, "sent_instead": dict(stopped.instead)})

    @group.command()
    @click.argument("subject_id", metavar=f"{kind.value.upper()}_ID")
    @click.argument("sequence", type=SEQUENCE)
    @WORDS
    @click.pass_obj
    @explained
    def reword(invocation: Invocation, subject_id: str, sequence: int, texts: Mapping[str, str]) -> None:
        """Put other words of your own into update SEQUENCE, the newest, while all its posts wait.

        They stand after the approved ones, on the page and in the posts. Without --text there are none any more.
        """
        said = notices.reword(invocation.context(), kind=kind, subject_id=subject_id, sequence=sequence, free_text=texts, who=who())
        show_one(invocation, {"sequence": sequence, "languages": sorted(said.texts)})
