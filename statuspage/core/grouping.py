"""Which failures are one incident: close in time, and perhaps of one cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from statuspage.core.vocabulary import GRAVITY, ComponentStatus, Reason

WIDESPREAD = 3  # so many components failing together share a cause, whatever each of them looks like


class Family(StrEnum):
    """Kinds of cause that one fault can show itself by."""

    NAME = "name"
    NETWORK = "network"
    CERTIFICATE = "certificate"
    ANSWER = "answer"


_PREFIXES = (("dns_", Family.NAME), ("tls_", Family.CERTIFICATE), ("connect", Family.NETWORK))
_NETWORK = frozenset({Reason.READ_TIMEOUT, Reason.TOO_SLOW, Reason.SOME_ADDRESSES, Reason.HTTP_PROTOCOL})


def family(reason: Reason) -> Family:
    """The kind of cause behind a reason: name, network, certificate, or what the target answered."""
    for prefix, found in _PREFIXES:
        if reason.startswith(prefix):
            return found
    return Family.NETWORK if reason in _NETWORK else Family.ANSWER


@dataclass(frozen=True)
class Failure:
    """One component that fails by its own probes' verdict.

    since        moment of the first failed check
    confirmed_at moment at which the verdict was first known
    """

    slug: str
    status: ComponentStatus
    since: datetime
    confirmed_at: datetime
    families: frozenset[Family] = frozenset()


@dataclass(frozen=True)
class Landscape:
    """How components hang together: slug -> what it depends on; slug -> heading of the page; the order of the page.

    private   components of which the public never hears: no incident names them beside others, for it could not be told
    """

    depends_on: Mapping[str, Sequence[str]]
    groups: Mapping[str, str | None]
    order: Sequence[str] = ()
    private: frozenset[str] = frozenset()

    def ancestors(self, slug: str) -> frozenset[str]:
        """Everything that a component depends on, directly or not."""
        return self._ancestors.get(slug, frozenset())

    @cached_property
    def _ancestors(self) -> Mapping[str, frozenset[str]]:
        return {slug: frozenset(self._climb(slug)) for slug in self.depends_on}

    def _climb(self, slug: str) -> set[str]:
        found: set[str] = set()
        queue = list(self.depends_on.get(slug, ()))
        while queue:
            parent = queue.pop()
            if parent not in found:
                found.add(parent)
                queue.extend(self.depends_on.get(parent, ()))
        return found

    def dependent(self, one: str, other: str) -> bool:
        """True if one of them depends on the other."""
        return other in self.ancestors(one) or one in self.ancestors(other)


def related(one: Failure, other: Failure, landscape: Landscape, within_s: float) -> bool:
    """True if two failures may share a cause.

    They do if one component depends on the other. Else they must have begun within `within_s` of each other, and share
    something they depend on, a heading of the page, or the kind of their cause.
    """
    if landscape.dependent(one.slug, other.slug):
        return True
    if abs(one.since - other.since) > timedelta(seconds=within_s):
        return False
    group = landscape.groups.get(one.slug)
    return bool(
        landscape.ancestors(one.slug) & landscape.ancestors(other.slug)
        or (group is not None and group == landscape.groups.get(other.slug))
        or one.families & other.families
    )


def clusters(failures: Iterable[Failure], landscape: Landscape, within_s: float) -> list[tuple[Failure, ...]]:
    """The failures, put together where they are related, directly or through others; those that began first come first.

    WIDESPREAD failures or more that began within `within_s` of the first are one cluster, related or not. Private components stay
    among themselves.
    """
    told: dict[bool, list[Failure]] = {False: [], True: []}
    for failure in failures:
        told[failure.slug in landscape.private].append(failure)
    found = [cluster for part in told.values() for cluster in _of_one_kind(part, landscape, within_s)]
    return sorted(found, key=lambda cluster: (cluster[0].since, cluster[0].slug))


def _of_one_kind(failures: Iterable[Failure], landscape: Landscape, within_s: float) -> list[tuple[Failure, ...]]:
    found: list[list[Failure]] = []
    for failure in sorted(failures, key=lambda failure: (failure.since, failure.slug)):
        joined = [cluster for cluster in found if any(related(failure, member, landscape, within_s) for member in cluster)]
        found = [cluster for cluster in found if cluster not in joined]
        found.append(
            sorted([failure, *(member for cluster in joined for member in cluster)], key=lambda member: (member.since, member.slug))
        )
    return [tuple(cluster) for cluster in _widespread(found, within_s)]


def _widespread(found: list[list[Failure]], within_s: float) -> list[list[Failure]]:
    found = sorted(found, key=lambda cluster: (cluster[0].since, cluster[0].slug))
    merged: list[list[Failure]] = []
    while found:
        first, end = found[0], found[0][0].since + timedelta(seconds=within_s)
        near = [cluster for cluster in found if cluster[0].since <= end]
        if sum(len(cluster) for cluster in near) >= WIDESPREAD:
            first = [failure for cluster in near for failure in cluster]
        else:
            near = [first]
        merged.append(first)
        found = [cluster for cluster in found if cluster not in near]
    return merged


def lead(cluster: Iterable[Failure], landscape: Landscape) -> str:
    """The component that names the incident: one that explains others and is explained by none; of these the gravest, the first.

    Among equals the one that began to fail first, then the one that stands higher on the page.
    """
    members = list(cluster)
    slugs = {member.slug for member in members}
    roots = [member for member in members if not landscape.ancestors(member.slug) & slugs] or members
    place = {slug: index for index, slug in enumerate(landscape.order)}
    explains = {root.slug: sum(root.slug in landscape.ancestors(slug) for slug in slugs) for root in roots}
    first = min(
        roots, key=lambda root: (-explains[root.slug], GRAVITY.index(root.status), root.since, place.get(root.slug, len(place)), root.slug)
    )
    return first.slug
