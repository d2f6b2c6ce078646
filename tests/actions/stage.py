"""A bank with a few components and channels, a clock that the test moves, and real words: what actions need to work for real."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from statuspage.actions import incidents
from statuspage.actions.context import ChannelInfo, Context
from statuspage.actions.incidents import Declaration
from statuspage.core.deliveries import Delivery
from statuspage.core.detector import Streak
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.notices import Channel
from statuspage.core.seal import OneKey
from statuspage.core.sights import Memory
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, LinkMode, SubjectKind, UpdateMode
from statuspage.ports import Ports
from statuspage.settings import Settings
from statuspage.store import alarms, deliveries, detector, updates
from statuspage.store.engine import Database
from statuspage.words import PageFacts, Words, load_catalogue

T0 = datetime(2026, 11, 23, 13, 35, tzinfo=UTC)  # a Monday
LANGUAGES = ["en", "es"]
DOWN, PARTLY, SLOW, GOOD = (
    ComponentStatus.MAJOR_OUTAGE,
    ComponentStatus.PARTIAL_OUTAGE,
    ComponentStatus.DEGRADED_PERFORMANCE,
    ComponentStatus.OPERATIONAL,
)
SECRET_NAME = "Treasury mainframe"  # canary: the name of the private component


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = T0

    def now(self) -> datetime:
        return self.at

    def forward(self, **units: float) -> datetime:
        self.at += timedelta(**units)
        return self.at


class Chance:
    """Repeatable letters."""

    def __init__(self, seed: int = 1) -> None:
        self.source = random.Random(seed)

    def token(self, length: int, alphabet: str) -> str:
        return "".join(self.source.choices(alphabet, k=length))


def component(slug: str, group: str | None = None, **values: Any) -> dict[str, Any]:
    name = values.pop("name", slug.capitalize())
    return {"slug": slug, "name": {"en": name, "es": f"{name} (es)"}, "group": group, **values}


def settings(**changes: Any) -> Settings:
    """Six public components, four of them in one group, and a private one."""
    base: dict[str, Any] = {
        "page": {
            "name": "Example Bank",
            "bank": "Example Bank",
            "url": "https://status.example.com",
            "languages": LANGUAGES,
            "default_language": "en",
            "phone": "900 123 456",
            "hosts": ["www.example.com"],
        },
        "groups": [{"slug": "payments", "name": {"en": "Payments", "es": "Pagos"}}],
        "components": [
            component("login", symptom="login", advice=["cards_ok", "no_call"]),
            component("app", symptom="login", advice=["use_web", "no_call"]),
            component("cards", "payments", symptom="card", advice=["no_repeat"]),
            component("atm", "payments", symptom="atm"),
            component("transfers", "payments", symptom="transfer", advice=["no_repeat"]),
            component("bizum", "payments", symptom="scheme", scheme="Bizum"),
            component("treasury", private=True, name=SECRET_NAME),
        ],
        **changes,
    }
    slugs = [named["slug"] for named in base["components"]]
    base["probes"] = [{"name": f"{slug}-probe", "kind": "http", "component": slug, "target": {}} for slug in slugs]
    return Settings.model_validate(base)


def words(of: Settings) -> Words:
    page = of.page
    return Words(
        PageFacts(
            bank=page.bank,
            url=page.url,
            languages=tuple(page.languages),
            default_language=page.default_language,
            time_zone=page.time_zone,
            names={named.slug: dict(named.name) for named in (*of.groups, *of.components)},
            phone=page.phone,
            hosts=tuple(page.hosts),
        ),
        load_catalogue(),
    )


def channel(
    name: str, network: str, *, language: str = "en", mode: str = "reply", link: str = "every", most: int = 500, **more: Any
) -> ChannelInfo:
    components = more.pop("components", ())
    value = Channel(name, network, network, language, UpdateMode(mode), LinkMode(link), **more)
    return ChannelInfo(value, lambda text: len(text) <= most, components=frozenset(components))


CHANNELS = (
    channel("mastodon-en", "mastodon"),
    channel("mastodon-es", "mastodon", language="es"),
    channel("x-en", "x", mode="new", link="first", most=280),
    channel("facebook-en", "facebook", mode="edit", most=5000),
    channel("sandbox-en", "mastodon", sandbox=True),
    channel("operators", "webhook", operators=True, most=50_000),
)
PUBLIC = {"mastodon-en", "mastodon-es", "x-en", "facebook-en"}


@dataclass
class Stage:
    """Everything an action needs, and short ways to look at what it did."""

    database: Database
    of: Settings = field(default_factory=settings)
    channels: Sequence[ChannelInfo] = CHANNELS
    clock: Clock = field(default_factory=Clock)
    chance: Chance = field(default_factory=Chance)

    def __post_init__(self) -> None:
        ports: Any = Ports(self.clock, self.chance, None, self.database, None)  # type: ignore[arg-type]
        self.ctx = Context(ports, self.of, words(self.of), OneKey(b"k" * 32), channels={info.channel.name: info for info in self.channels})

    def with_settings(self, **changes: Any) -> Stage:
        return replace(self, of=settings(**changes))

    def forward(self, **units: float) -> datetime:
        return self.clock.forward(**units)

    def verdicts(self, statuses: Mapping[str, ComponentStatus]) -> None:
        """What the probes say from now on."""
        now = self.clock.now()
        memories = {slug: Memory(status, now) for slug, status in statuses.items()}
        streaks = {(f"{slug}-probe", "here"): Streak(sure=True, seen_at=now) for slug in statuses}
        with self.database.writing() as session:
            detector.save(session, detector.State(streaks, memories), now)

    def said(self, incident: Incident | str, kind: SubjectKind = SubjectKind.INCIDENT) -> list[IncidentUpdate]:
        with self.database.reading() as session:
            return updates.of_subject(session, kind, incident if isinstance(incident, str) else incident.id)

    def posts(self, incident: Incident | str, kind: SubjectKind = SubjectKind.INCIDENT) -> list[Delivery]:
        with self.database.reading() as session:
            return deliveries.of_subject(session, kind, incident if isinstance(incident, str) else incident.id)

    def alarms(self) -> dict[str, str]:
        """key -> text of the alarms that are open."""
        with self.database.reading() as session:
            return {alarm.key: alarm.text for alarm in alarms.listing(session)}

    def deliver_all(self) -> None:
        """As if the dispatcher had sent everything that waits."""
        with self.database.writing() as session:
            for row in deliveries.listing(session, [DeliveryState.QUEUED, DeliveryState.WAITING]):
                if row.subject_kind is not SubjectKind.ALARM:
                    deliveries.change(session, row, state=DeliveryState.DELIVERED.value, attempts=1, remote_id=f"r-{row.id}")


def declared(stage: Stage, *slugs: str, status: ComponentStatus = PARTLY, **more: Any) -> Incident:
    """An incident that Ana declares, on cards unless told otherwise."""
    return incidents.declare(stage.ctx, Declaration(dict.fromkeys(slugs or ("cards",), status), "Ana", **more))
