"""A notice as a mail: the subject on the first line, the whole text, why it came, and where to leave the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.deliveries import Delivery
from statuspage.core.errors import CannotFit, DomainError
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import DeliveryState, NoticeKind
from statuspage.words.interface import Interface


def mail_words(ctx: Context, info: ChannelInfo, facts: Facts, code: str, earlier: Sequence[Delivery], at: datetime) -> str:
    """The frozen text. Every mail of a thread has the subject of its first one: mail programs then show them together.

    A correction that takes back what the subject says gives the thread a new one: that it stays together matters less.

    earlier   the thread so far;  raises   CannotFit
    """
    language = info.channel.language
    unsaid = (DeliveryState.WITHDRAWN, DeliveryState.REFUSED)
    told = [row for row in earlier if row.state not in unsaid and ctx.genuine(row)]  # somebody may have changed the others
    subject = told[-1].text.partition("\n")[0] if told else _subject(ctx, facts, language)
    if facts.kind is NoticeKind.CORRECTION and facts.symptom and ctx.words.symptoms_in({language: subject}, facts.scheme):
        subject = _subject(ctx, facts, language)
    body = ctx.words.page(facts, language, url=ctx.words.verification_url(code), now=at)
    if f"/u/{code}" not in body:
        body += f"\n{ctx.words.verification_url(code)}"
    interface = Interface(language)
    foot = f"{interface.text('mail.why', bank=ctx.settings.page.name)}\n{interface.text('mail.leave')}\n{info.mail}"
    text = f"{subject}\n\n{body}\n\n{foot}"
    if not info.fits(text):
        raise CannotFit(f"{len(text)} letters are more than a mail takes here.")
    return text


def _subject(ctx: Context, facts: Facts, language: str) -> str:
    """The title; for a channel that comes in the middle of a story the one that it would begin with; at the least the bank's name."""
    for kind in (facts.kind, NoticeKind.INVESTIGATING, NoticeKind.PLANNED):
        try:
            return " ".join(ctx.words.title(replace(facts, kind=kind), language).split())
        except DomainError:
            continue
    return ctx.settings.page.name
