"""Why a broadcast did not end with a Receipt. Each error carries its outcome class and how long the network asks to wait."""

from __future__ import annotations

from enum import StrEnum


class OutcomeClass(StrEnum):
    """How an attempt ended; every attempt ends in exactly one."""

    OK = "ok"
    RETRY = "retry"
    THROTTLED = "throttled"
    AMBIGUOUS = "ambiguous"
    DUPLICATE = "duplicate"
    REAUTH = "reauth"
    CONTENT = "content"
    DENIED = "denied"
    BILLING = "billing"
    GONE = "gone"


class BroadcastError(Exception):
    """detail: for people, without any secret. retry_after_s: a lower bound, None if the network said nothing."""

    def __init__(
        self,
        outcome: OutcomeClass,
        detail: str,
        retry_after_s: float | None = None,
        *,
        parent_gone: bool = False,
        container_spent: bool = False,
        single: bool = False,
        code: str = "",
    ) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.parent_gone = parent_gone  # the post replied to (or edited) is no longer there
        self.container_spent = container_spent  # a staged post's container can never be published: make another
        self.single = single  # a refusal of this one request: it says nothing of the account, the next post may be taken
        self.code = code  # the network's own name or number for it, where it has one


class Rejected(BroadcastError):
    """Definitely not published, and asking again alone will not help: content, denied, billing, reauth, gone."""


class Unavailable(BroadcastError):
    """Definitely not published, or harmless to ask again (a read, an edit); may work later: retry, throttled."""


class Uncertain(BroadcastError):
    """May have been published: ambiguous, duplicate. Reconcile before anything else."""
