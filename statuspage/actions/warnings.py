"""Warnings of their own, not about any component: somebody pretends to be the bank."""

from __future__ import annotations

from collections.abc import Mapping

from statuspage.actions import subjects
from statuspage.actions.context import Context
from statuspage.actions.notices import Statement, announce, check_free_text
from statuspage.core.incidents import IncidentUpdate
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import NoticeKind
from statuspage.store import audit

NO_STATUS = "none"


def fraud_warning(ctx: Context, *, fake: str, who: str, free_text: Mapping[str, str] | None = None, drill: bool = False) -> IncidentUpdate:
    """Warns on page and channels of a false name or site. Its subject has no row of its own: the statement is all there is.

    fake     written so that nobody lands there: bank-help[.]example
    raises   InvalidText if it could become a link; NotAllowed if the page has no phone number to give
    """
    words = free_text or {}
    check_free_text(ctx, words)
    with ctx.ports.store.writing() as session:
        now = ctx.now()
        subject = subjects.of_warning(ctx.new_id(), drill=drill)
        facts = Facts(NoticeKind.FRAUD_WARNING, fake=fake, free_text=dict(words))
        update = announce(session, ctx, Statement(subject, facts, NO_STATUS, who), now)
        audit.append(session, at=now, who=who, what="warning.fraud", subject=subject.id, detail={"fake": fake, "drill": drill})
        return update
