"""The front page in every state that it may show, and the other pages, for the tests that look at them and for their pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from statuspage.core.vocabulary import ComponentStatus, Impact, IncidentStatus, MaintenanceStatus
from statuspage.publish.page import Pages
from statuspage.publish.snapshot import Lasting, PublicAccount, PublicUpdate, Snapshot
from statuspage.words import Interface
from tests.publish.samples import (
    NOW,
    PAGE,
    code,
    components,
    days,
    identifier,
    incident,
    maintenance,
    outage,
    past_incident,
    snapshot,
    update,
    wording,
)

ACCOUNTS = (
    PublicAccount("mastodon", "@service@a-long-name-of-a-bank.example", "https://social.example/@service", ("en", "de")),
    PublicAccount("bluesky", "service.bank.example", "https://bsky.example/profile/service.bank.example", ("en",)),
    PublicAccount("sms", "EXAMPLEBANK", "", ("en", "de")),
)
START = NOW - timedelta(minutes=30)
PAST = (past_incident(8, 9.2), past_incident(9, 17.4, 2.5))


def _today(found: Snapshot) -> Snapshot:
    """What is in trouble now is so since START in its days too."""
    seconds = int((NOW - START).total_seconds())
    listed = tuple(
        replace(one, days=(*one.days[:-1], *days({0: (one.status, seconds)}, known=1)) if one.days else ()) for one in found.components
    )
    return replace(found, components=listed)


def _works(*numbers: int) -> tuple[str, ...]:
    return tuple(identifier("cp", number) for number in numbers)


def partial(count: int = 12) -> Snapshot:
    """The usual bad day: one service down, another slow, the rest works."""
    now = Lasting(START, "login", advice=("cards_ok", "no_call"), works=_works(1, 2, 5, 8, 9, 10))
    return _today(replace(outage(count), lasting={identifier("in", 1): now}))


def _saying(title: Mapping[str, str], text: Mapping[str, str], *updates: PublicUpdate) -> dict[str, object]:
    """A title and updates with these words."""
    return {"titles": title, "updates": tuple(replace(one, texts=text) for one in updates)}


def degraded() -> Snapshot:
    words = _saying(
        {"en": "Transfers: pages load slowly.", "de": "Überweisungen: Seiten laden langsam."},
        {
            "en": "Transfers: pages load slowly. Start: Sun 14:05 CET. We are looking for the cause.\n"
            "Do not send a payment twice. Check first whether it went through.\nNext update: Sun 14:45 CET, even if nothing has changed.",
            "de": "Überweisungen: Seiten laden langsam. Beginn: So 14:05 MEZ. Wir suchen die Ursache.\n"
            "Zahlen Sie nicht doppelt. Prüfen Sie erst, ob die Zahlung ausgeführt ist.\nNächste Meldung: So 14:45 MEZ, auch ohne Änderung.",
        },
        update(1, 26),
    )
    slow = incident(1, 1, impact=Impact.MINOR, component_ids=_works(5), **words)
    now = Lasting(START, "slow", advice=("no_repeat",), works=_works(0, 1, 8))
    shown = components(12, {5: ComponentStatus.DEGRADED_PERFORMANCE})
    return _today(snapshot(components=shown, incidents=(slow, *PAST), lasting={slow.id: now}))


def major() -> Snapshot:
    """Everything is down, the update is late, and there is planned work besides."""
    down = dict.fromkeys(range(12), ComponentStatus.MAJOR_OUTAGE)
    words = _saying(
        {"en": "All services: pages do not open.", "de": "Alle Dienste: Seiten öffnen sich nicht."},
        {
            "en": "Pages do not open, in the app and on the website. Start: Sun 14:05 CET. We are looking for the cause.\n"
            "Lost card or fraud? Call 900 123 456.\nNext update: Sun 14:31 CET, even if nothing has changed.",
            "de": "Seiten öffnen sich nicht, in der App und auf der Website. Beginn: So 14:05 MEZ. Wir suchen die Ursache.\n"
            "Karte verloren oder Betrug? Rufen Sie 900 123 456 an.\nNächste Meldung: So 14:31 MEZ, auch ohne Änderung.",
        },
        update(2, 14),
        update(1, 28),
    )
    told = incident(1, impact=Impact.CRITICAL, component_ids=_works(*down), next_update_by=NOW - timedelta(minutes=4), **words)
    now = Lasting(START, "unreachable", advice=("no_call", "urgent"))
    shown = components(12, down)
    return _today(snapshot(components=shown, incidents=(told, *PAST), maintenances=(maintenance(),), lasting={told.id: now}))


def planned() -> Snapshot:
    began = NOW - timedelta(hours=1)
    text = {
        "en": "The planned work has begun: Transfers. Until: Sun 16:35 CET. Transfers that you send meanwhile are carried out afterwards.",
        "de": "Die geplanten Arbeiten haben begonnen: Überweisungen. Bis: So 16:35 MEZ. Aufträge werden danach ausgeführt.",
    }
    running = maintenance(
        1,
        -timedelta(hours=1),
        status=MaintenanceStatus.IN_PROGRESS,
        started_at=began,
        updates=(update(1, 60, "in_progress", kind="planned_started", texts=text),),
        next_update_by=NOW + timedelta(hours=2),
    )
    at_work = components(12, {5: ComponentStatus.UNDER_MAINTENANCE})
    return snapshot(components=at_work, maintenances=(running, maintenance(2)), incidents=PAST)


def watched() -> Snapshot:
    """It works again, and is watched."""
    texts = {
        "en": "Logging in: working again since Sun 14:31 CET. We are still watching.\nNext update: Sun 14:45 CET.",
        "de": "Anmeldung im Online-Banking: wieder verfügbar seit So 14:31 MEZ. Wir beobachten weiter.\nNächste Meldung: So 14:45 MEZ.",
    }
    newest = update(2, 4, "monitoring", texts=texts)
    told = incident(1, status=IncidentStatus.MONITORING, updates=(newest, update(1, 29)))
    return snapshot(incidents=(replace(told, monitoring_at=NOW - timedelta(minutes=4)), *PAST))


def impaired() -> Snapshot:
    return snapshot(components=components(12, {3: ComponentStatus.UNKNOWN, 4: ComponentStatus.UNKNOWN}), impaired=True)


def no_data() -> Snapshot:
    """A page that was put up just now: nobody has seen anything."""
    unseen = tuple(replace(one, days=(), since=None) for one in components(12, dict.fromkeys(range(12), ComponentStatus.UNKNOWN)))
    return snapshot(components=unseen, incidents=(), impaired=True, months=())


def fine() -> Snapshot:
    return snapshot(maintenances=(maintenance(1, timedelta(days=2)),))


STATES: Mapping[str, Callable[[], Snapshot]] = {
    "fine": fine,
    "degraded": degraded,
    "partial": partial,
    "major": major,
    "planned": planned,
    "watched": watched,
    "impaired": impaired,
    "no_data": no_data,
}


def body(state: str, language: str) -> bytes:
    """The front page in one state, made at NOW."""
    found = STATES[state]()
    return Pages(found.page, wording()).front(found, language)


def other_pages(language: str) -> dict[str, bytes]:
    """Each other kind of page in one language, by a short name."""
    page = replace(PAGE, accounts=ACCOUNTS)
    found = replace(partial(), page=page)
    pages, text = Pages(page, wording()), Interface(language).text
    explained = replace(past_incident(7, 5.2, 1.3), automatic=True, lead_s=240.0)
    everything = (*found.subjects, explained, maintenance(4, -timedelta(days=12)))
    return {
        "incident": pages.subject(found, replace(found.incidents[0], automatic=True, lead_s=240.0), language),
        "over": pages.subject(found, explained, language),
        "work": pages.subject(found, maintenance(), language),
        "archive": pages.archive(((2026, 11), (2026, 10), (2026, 9)), language),
        "empty": pages.archive((), language),
        "month": pages.month(found, 2026, 11, everything, language),
        "stay": pages.stay(found.components, language),
        "codes": pages.codes(language),
        "unknown": pages.codes(language, unknown=True),
        "genuine": pages.code(replace(code(), language=language), signed=True),
        "report": pages.report(found.components, language),
        "thanks": pages.reported("thanks", language),
        "contact": pages.contact(language),
        "claim": pages.claim(language),
        "missing": pages.missing(language),
        "leave": pages.leaving(language, text("mail.title"), text("mail.lead", bank=page.name), text("mail.button")),
        "card": pages.card(found, language),
    }
