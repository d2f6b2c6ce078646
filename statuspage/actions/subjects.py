"""What a notice is about, as the public may know it: without private components, and on the channels that may carry it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from statuspage.actions.context import ChannelInfo, Context
from statuspage.core.errors import NotAllowed, NotFound
from statuspage.core.incidents import Incident
from statuspage.core.maintenance import Maintenance
from statuspage.core.policy import lone_network
from statuspage.core.status import impact_of
from statuspage.core.vocabulary import ComponentStatus, Impact, SubjectKind

GROUP_FROM = 3  # so many components of a group, and more than half of it: the group is named instead of the one hit first


@dataclass(frozen=True)
class Subject:
    """An incident, planned work or a warning as the public may know it.

    components   public slugs, hit first first
    private      it touches private components only: nothing is said in public
    """

    kind: SubjectKind
    id: str
    components: tuple[str, ...] = ()
    impact: Impact = Impact.NONE
    drill: bool = False
    private: bool = False


def of_incident(ctx: Context, incident: Incident) -> Subject:
    shown = public(ctx, incident.components)
    return Subject(SubjectKind.INCIDENT, incident.id, shown, incident.impact, incident.drill, private=not shown)


def of_maintenance(ctx: Context, work: Maintenance) -> Subject:
    shown = public(ctx, work.components)
    return Subject(SubjectKind.MAINTENANCE, work.id, shown, drill=work.drill, private=not shown)


def of_warning(warning_id: str, *, drill: bool) -> Subject:
    return Subject(SubjectKind.WARNING, warning_id, drill=drill)


def public(ctx: Context, slugs: Iterable[str]) -> tuple[str, ...]:
    """Those of the slugs of which the public may hear, in the order given: components that are not private, or were not when removed."""
    shown = {component.slug for component in ctx.settings.components if not component.private}
    return tuple(slug for slug in slugs if slug in shown or slug in ctx.former)


def public_impact(ctx: Context, components: Mapping[str, ComponentStatus]) -> Impact:
    """Impact as the public page shows it: private components count only where there is no other."""
    shown = public(ctx, components)
    return impact_of({slug: components[slug] for slug in shown} if shown else components)


def service(ctx: Context, components: Sequence[str]) -> str | None:
    """What a notice names: the component hit first, or its group when most of the group is hit; None for none."""
    if not components:
        return None
    group_of = {component.slug: component.group for component in ctx.settings.components if not component.private}
    group = group_of.get(components[0])
    if group is None:
        return components[0]
    hit = Counter(group_of.get(slug) for slug in components)[group]
    whole = Counter(group_of.values())[group]
    return group if hit >= GROUP_FROM and 2 * hit > whole else components[0]


def check_known(ctx: Context, slugs: Iterable[str]) -> None:
    """Raises NotFound if one of them is not in the configuration."""
    known = {component.slug for component in ctx.settings.components}
    unknown = [slug for slug in slugs if slug not in known]
    if unknown:
        raise NotFound(f"There is no component {unknown[0]!r}. Use: {', '.join(sorted(known))}. Nothing was changed.")


def channels(ctx: Context, subject: Subject, told: Container[str] = ()) -> list[ChannelInfo]:
    """The channels that may carry notices about it, by name.

    Operators' channels never; sandbox channels for drills and for nothing else; a channel with components of its own if one of
    them is hit (what concerns no component, such as a warning, goes to all), or if it is among those that were `told` of it before.
    """
    if subject.private:
        return []
    return [
        info
        for _, info in sorted(ctx.channels.items())
        if not info.channel.operators
        and info.channel.sandbox == subject.drill
        and (not info.components or not subject.components or info.components & set(subject.components) or info.channel.name in told)
    ]


def check_networks(ctx: Context, subject: Subject, statuses: Iterable[ComponentStatus]) -> None:
    """Raises NotAllowed if a major outage would be announced on a single social network only."""
    only = lone_network_of(ctx, subject, statuses)
    if only is not None:
        raise NotAllowed(
            f"A major outage of {', '.join(subject.components)} would be announced on {only} alone. Add a channel on a second network, "
            "or a webhook, to statuspage.yaml; or take the only one away: the page then speaks alone. Nothing was changed."
        )


def lone_network_of(ctx: Context, subject: Subject, statuses: Iterable[ComponentStatus]) -> str | None:
    """Kind of the network on which alone this would be announced, if that is refused; see core.policy."""
    if subject.drill:
        return None
    return lone_network(statuses, {info.channel.network for info in channels(ctx, subject)})
