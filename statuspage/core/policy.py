"""At once, or after a hold in which a person can stop or edit the posts; and what one network alone may not announce."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from statuspage.core.vocabulary import ComponentStatus, Impact

# Networks on which customers read posts. A webhook or a mail is not one of them: it may stand alone.
SOCIAL_NETWORKS = frozenset(
    {
        "mastodon", "bluesky", "x", "facebook", "instagram", "threads", "linkedin", "pinterest", "snapchat", "google_business",
        "telegram", "discord", "whatsapp",
    }
)  # fmt: skip


class Rule(Protocol):
    """One rule of the publish policy. An empty list of components, impacts or channels matches any."""

    @property
    def components(self) -> Sequence[str]: ...
    @property
    def impacts(self) -> Sequence[Impact]: ...
    @property
    def channels(self) -> Sequence[str]: ...
    @property
    def policy(self) -> Literal["at_once", "hold"]: ...
    @property
    def hold_s(self) -> float: ...


@dataclass(frozen=True)
class Decision:
    """hold_s: seconds for which the posts wait; 0.0 for at once."""

    hold_s: float


def decide(rules: Iterable[Rule], default: Decision, *, components: Collection[str], impact: Impact, channel: str) -> Decision:
    """What the first rule that matches says, else the default.

    components   slugs that the notice is about; a rule for components matches if any of them is hit
    """
    for rule in rules:
        if rule.components and not set(rule.components) & set(components):
            continue
        if rule.impacts and impact not in rule.impacts:
            continue
        if rule.channels and channel not in rule.channels:
            continue
        return decision(rule.policy, rule.hold_s)
    return default


def decision(policy: Literal["at_once", "hold"], hold_s: float) -> Decision:
    """A policy as it stands in the configuration, as a Decision."""
    return Decision(hold_s if policy == "hold" else 0.0)


def lone_network(statuses: Iterable[ComponentStatus], networks: Iterable[str]) -> str | None:
    """Name of the network, if a major outage would be announced on that single social network only; else None.

    networks   kinds of the networks whose public channels would carry it; a kind counts once, whatever its number of accounts
    why        a network may be down, or close the account, on the very day; what is grave may not rest on one alone
    """
    reached = set(networks)
    if ComponentStatus.MAJOR_OUTAGE not in statuses or len(reached) != 1:
        return None
    only = reached.pop()
    return only if only in SOCIAL_NETWORKS else None
