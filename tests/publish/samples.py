"""Snapshots for the tests of publishing: a bank of any size, in any state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, MaintenanceStatus
from statuspage.publish.build import Builder
from statuspage.publish.snapshot import (
    Day,
    Permalink,
    PublicCode,
    PublicComponent,
    PublicGroup,
    PublicIncident,
    PublicMaintenance,
    PublicPage,
    PublicUpdate,
    PublicWarning,
    Snapshot,
)
from statuspage.publish.wording import Wording
from statuspage.words import load_catalogue

NOW = datetime(2026, 11, 22, 13, 35, 10, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
LANGUAGES = ("en", "es", "nl", "fr", "de")
PAGE = PublicPage(
    id="pg00examples",
    name="Example Bank",
    bank="Example Bank",
    url="https://status.example.com",
    time_zone="Europe/Madrid",
    languages=LANGUAGES,
    default_language="en",
    phone="900 123 456",
)
GROUPS = (
    ("Online banking", "Online-Banking"),
    ("Payments", "Zahlungsverkehr"),
    ("Cards and cash", "Karten und Bargeld"),
    ("For businesses", "Für Unternehmen"),
)
NAMES = (
    ("Logging in", "Anmeldung im Online-Banking"),
    ("Mobile app", "Mobile Banking-App"),
    ("Balance and history", "Kontostand und Umsatzanzeige"),
    ("Security codes", "Sicherheitscodes (TAN-Verfahren)"),
    ("Messages", "Elektronisches Postfach"),
    ("Transfers", "Überweisungen innerhalb Europas"),
    ("Instant transfers", "Echtzeitüberweisungen"),
    ("Direct debits", "Lastschriften und Daueraufträge"),
    ("Card payments", "Kartenzahlungen im Geschäft"),
    ("Cash machines", "Geldautomaten und Kassen"),
    ("Phone payments", "Kontaktloses Bezahlen mit dem Telefon"),
    ("Open banking", "Schnittstelle für Drittanbieter"),
)
INVESTIGATING = {
    "en": "Logging in does not work. Start: Sun 14:05 CET. We are looking for the cause.\nAffected: Logging in. "
    "Still working: Card payments, Cash machines.\nCards work in shops and at cash machines.\n"
    "Next update: Sun 14:45 CET, even if nothing has changed.\n"
    "We never ask for your password, PIN or codes. Trust only https://status.example.com.",
    "de": "Das Anmelden funktioniert nicht. Beginn: So 14:05 MEZ. Wir suchen die Ursache.\nBetroffen: Anmeldung im Online-Banking. "
    "Was weiter funktioniert: Kartenzahlungen im Geschäft, Geldautomaten und Kassen.\nKarten funktionieren im Geschäft und am Automaten.\n"
    "Nächste Meldung: So 14:45 MEZ, auch ohne Änderung.\nWir fragen nie nach Passwort, PIN oder TAN. Vertrauen Sie nur https://status.example.com.",
}
_NETWORKS = ("facebook-es", "instagram-es", "matrix-nl", "threads-nl", "discord-fr", "pinterest-fr", "linkedin-de", "telegram-de")
PERMALINKS = (
    Permalink("mastodon", "mastodon-en", "en", "https://social.example.com/@bank/1"),
    Permalink("bluesky", "bluesky-en", "en", "https://bsky.example.com/profile/bank/post/1"),
    *(Permalink(*one.split("-")[:1], one, one[-2:], f"https://{one}.example.com/posts/1234567890") for one in _NETWORKS),
    Permalink("x", "x-en", "en", "https://x.example.com/bank/status/1234567890"),
    Permalink("slack", "slack-en", "en", "https://slack.example.com/archives/C024BE91L/p1234567890"),
    Permalink("mastodon", "mastodon-de", "de", "https://social.example.com/@bank/2"),
)


def identifier(kind: str, number: int) -> str:
    return f"{kind}{number:0{12 - len(kind)}d}"


def days(status_on: dict[int, tuple[ComponentStatus, int]], known: int = 90, now: datetime = NOW) -> tuple[Day, ...]:
    """`known` days that end today, all good but for: days ago -> (status, seconds)."""
    found = []
    for ago in range(known - 1, -1, -1):
        length = 86400 if ago else 52510
        status, bad = status_on.get(ago, (ComponentStatus.OPERATIONAL, 0))
        seconds = {ComponentStatus.OPERATIONAL: length - bad}
        if bad:
            seconds[status] = seconds.get(status, 0) + bad
        found.append(Day((now - timedelta(days=ago)).date(), seconds))
    return tuple(found)


def component(number: int, status: ComponentStatus = ComponentStatus.OPERATIONAL, **changes: object) -> PublicComponent:
    english, german = NAMES[number % len(NAMES)]
    again = f" {number // len(NAMES) + 1}" if number >= len(NAMES) else ""
    bad = {(7 * number + 11 * step) % 88 + 1: (list(ComponentStatus)[2 + step % 3], 600 * (step + 1)) for step in range(number % 3)}
    made = PublicComponent(
        id=identifier("cp", number),
        slug=f"component-{number}",
        names={"en": english + again, "de": german + again},
        descriptions={},
        group_id=identifier("gr", number * len(GROUPS) // max(12, number + 1) % len(GROUPS)),
        position=number + 1,
        status=status,
        last_known=ComponentStatus.OPERATIONAL if status is ComponentStatus.UNKNOWN else status,
        since=NOW - timedelta(minutes=30),
        created_at=LONG_AGO,
        updated_at=NOW - timedelta(minutes=30),
        start_date=LONG_AGO.date(),
        days=days(bad),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def groups(count: int = 4) -> tuple[PublicGroup, ...]:
    return tuple(
        PublicGroup(identifier("gr", number), f"group-{number}", {"en": english, "de": german}, LONG_AGO, LONG_AGO)
        for number, (english, german) in enumerate(GROUPS[:count])
    )


def components(count: int = 12, statuses: dict[int, ComponentStatus] | None = None) -> tuple[PublicComponent, ...]:
    found = []
    for number in range(count):
        status = (statuses or {}).get(number, ComponentStatus.OPERATIONAL)
        found.append(component(number, status, group_id=identifier("gr", number * len(GROUPS) // count)))
    return tuple(found)


def update(sequence: int, minutes_ago: float, status: str = "investigating", **changes: object) -> PublicUpdate:
    at = NOW - timedelta(minutes=minutes_ago)
    made = PublicUpdate(
        id=identifier("up", sequence), sequence=sequence, kind=status, status=status, texts=INVESTIGATING, created_at=at, display_at=at
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def incident(number: int = 1, count: int = 3, **changes: object) -> PublicIncident:
    phases = ["investigating", "identified", "monitoring", "resolved"]
    told = tuple(update(sequence, 30 - 4 * sequence, phases[min(sequence // 3, 1)]) for sequence in range(count, 0, -1))
    made = PublicIncident(
        id=identifier("in", number),
        titles={"en": "Logging in: Logging in does not work.", "de": "Anmeldung im Online-Banking: Das Anmelden funktioniert nicht."},
        status=IncidentStatus(told[0].status) if told else IncidentStatus.INVESTIGATING,
        impact=Impact.MAJOR,
        component_ids=(identifier("cp", 0),),
        created_at=NOW - timedelta(minutes=29),
        updated_at=told[0].created_at if told else NOW - timedelta(minutes=29),
        started_at=NOW - timedelta(minutes=30),
        updates=told,
        next_update_by=NOW + timedelta(minutes=10),
        permalinks=PERMALINKS,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def past_incident(number: int, days_ago: float, hours: float = 1.0) -> PublicIncident:
    start = NOW - timedelta(days=days_ago)
    end = start + timedelta(hours=hours)
    told = replace(update(1, 0, "resolved"), created_at=end, display_at=end)
    times = {"created_at": start, "started_at": start, "updated_at": end, "resolved_at": end}
    return incident(number, status=IncidentStatus.RESOLVED, updates=(told,), next_update_by=None, **times)


def maintenance(number: int = 1, starts_in: timedelta = timedelta(days=3), **changes: object) -> PublicMaintenance:
    start = NOW + starts_in
    made = PublicMaintenance(
        id=identifier("ma", number),
        titles={"en": "Transfers: planned work", "de": "Überweisungen innerhalb Europas: geplante Arbeiten"},
        status=MaintenanceStatus.SCHEDULED,
        component_ids=(identifier("cp", 5),),
        created_at=NOW - timedelta(days=2),
        updated_at=NOW - timedelta(days=2),
        scheduled_for=start,
        scheduled_until=start + timedelta(hours=3),
        updates=(update(1, 2880, "scheduled", kind="planned"),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def warning(number: int = 1, minutes_ago: float = 12) -> PublicWarning:
    text = "Watch out: someone is pretending to be us. Name or site: bank-help[.]example.\n"
    told = {"en": text + "We never ask for your password, PIN or codes. Trust only https://status.example.com."}
    return PublicWarning(identifier("wa", number), (update(1, minutes_ago, "none", kind="fraud_warning", texts=told),))


def code(text: str = "Logging in does not work. We never ask for your codes. https://status.example.com/u/K7Q2MXP") -> PublicCode:
    return PublicCode(
        code="K7Q2MXP",
        text=text,
        at=NOW - timedelta(minutes=29),
        network="mastodon",
        channel="mastodon-en",
        language="en",
        path="/{language}/incidents/in0000000001/",
        url="https://social.example.com/@bank/1",
    )


def snapshot(**changes: object) -> Snapshot:
    """All is well, with a little past; any part may be given."""
    made = Snapshot(
        page=PAGE,
        groups=groups(),
        components=components(),
        incidents=(past_incident(8, 9.2), past_incident(9, 17.4, 2.5)),
        maintenances=(),
        months=((2026, 11), (2026, 10)),
        codes=(),
        impaired=False,
        content_at=NOW - timedelta(minutes=6),
        made_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def outage(count: int = 12, updates: int = 6) -> Snapshot:
    """One open incident with several updates, planned work, and codes."""
    return snapshot(
        components=components(count, {0: ComponentStatus.MAJOR_OUTAGE, 3: ComponentStatus.DEGRADED_PERFORMANCE}),
        incidents=(incident(1, updates), past_incident(8, 9.2), past_incident(9, 17.4, 2.5)),
        maintenances=(maintenance(),),
        codes=(code(),),
    )


def crowded() -> Snapshot:
    """As much as fits on a page that must stay small: 40 components, a hundred bad days, an open incident of six updates."""
    big = outage(count=40, updates=6)
    bad = (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE)
    listed = [
        replace(one, days=days({(17 * number + 9 * step) % 89 + 1: (bad[step], 700 * (step + 1)) for step in range(2 + number % 2)}))
        for number, one in enumerate(big.components)
    ]
    return replace(big, components=tuple(listed), months=((2026, 11), (2026, 10), (2026, 9), (2026, 8)))


def wording(page: PublicPage = PAGE) -> Wording:
    return Wording(page, load_catalogue())


def builder(page: PublicPage = PAGE) -> Builder:
    return Builder(wording(page))
