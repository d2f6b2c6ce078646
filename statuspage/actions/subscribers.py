"""Leaving a list of subscribers: by the token that every mail carries, for ever, whatever the list says later."""

from __future__ import annotations

from statuspage.actions.context import Context
from statuspage.core.errors import NotFound
from statuspage.core.subscribers import tag_in
from statuspage.store import mails


def is_ours(ctx: Context, token: str) -> bool:
    """True if one of our mails may carry the token."""
    with ctx.ports.store.reading() as session:
        return any(tag_in(token, known.secret) for known in mails.mail_lists(session))


def leave(ctx: Context, token: str) -> None:
    """No mail of the list goes to the owner of the token any more, not even one that is queued. Twice is as once. Raises NotFound."""
    with ctx.ports.store.writing() as session:
        tags = [tag for known in mails.mail_lists(session) if (tag := tag_in(token, known.secret)) is not None]
        if not tags:
            raise NotFound("This token is not one of ours, or not whole: it has 64 letters of 0-9 and a-f. Nobody was taken off a list.")
        for tag in tags:
            mails.leave(session, tag, ctx.now())
