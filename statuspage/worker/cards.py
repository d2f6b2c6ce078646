"""Pictures of notices: made from what stands in the ledger, put on the public page, and only then spoken of in a post."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.publish.card import TONES, Card, Tone, alternative, bare_words, card_path, draw
from statuspage.publish.encode import Encoded
from statuspage.store import Session, cards

AT_ONCE = 4  # drawn between two looks of the publisher: some 0.1 s each
KEPT = timedelta(days=7)  # networks keep pictures of their own; a post leaves within hours or never


def card_of(ctx: Context, row: Delivery) -> Card:
    """The picture of a delivery: its frozen words as a post that stands alone, its state by word and shape."""
    page = ctx.settings.page
    return Card(
        bank=page.bank,
        colour=page.colour,
        tone=TONES.get(row.kind, Tone.TROUBLE),
        state=ctx.words.phase_name(row.kind.phase, row.language),
        words=bare_words(row.text_alone, row.code),
        address=ctx.words.verification_url(row.code).partition("//")[2],
        logo=ctx.logo,
    )


def image_of(ctx: Context, row: Delivery) -> dict[str, str]:
    """What a post says of its picture: its public address, and its words."""
    return {"url": f"{ctx.settings.page.url}/{card_path(row.code, row.digest)}", "alt": alternative(row.text_alone, row.code)}


class CardTable:
    """The publisher's side: which pictures to put out next, and which to take away."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        infos = ctx.channels.values()
        self.channels = {info.channel.name for info in infos if info.pictures and not info.channel.sandbox and not info.channel.operators}

    def wanted(self, session: Session) -> list[Delivery]:
        """Some of the posts whose pictures are missing; all of them by asking again."""
        return cards.wanted(session, self.channels, AT_ONCE) if self.channels else []

    def files(self, rows: Sequence[Delivery]) -> dict[PurePosixPath, Encoded]:
        """Their pictures. They are packed already: no other coding would make them smaller."""
        return {card_path(row.code, row.digest): Encoded({"identity": draw(card_of(self._ctx, row))}) for row in rows}

    def take_old(self, session: Session, now: datetime) -> list[PurePosixPath]:
        """Files that have been out for so long that nobody fetches them any more; they are forgotten with this."""
        found = cards.old(session, now - KEPT, 100)
        cards.forget(session, found)
        return [card_path(code, digest) for code, digest in found]
