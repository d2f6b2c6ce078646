"""A page with short names and one with the longest names, and facts for every kind of notice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product

from broadcasters import text as broadcaster_text
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import NoticeKind
from statuspage.words import PageFacts, Words, load_catalogue
from statuspage.words.catalogue import SPOKEN_KINDS

LANGUAGES = ("en", "es", "nl", "fr", "de")
NOW = datetime(2026, 11, 23, 13, 35, tzinfo=UTC)
CODE = "K7Q2MXP"
VERIFICATION = f"https://status.example.com/u/{CODE}"
INCIDENT_URL = "https://status.example.com/incidents/p31zjtct2jer"
X = broadcaster_text.Limits(unit=broadcaster_text.Unit.WEIGHTED, maximum=280)

SHORT_NAMES = {
    "cards": {"en": "Card payments", "es": "Pagos con tarjeta", "nl": "Betaalpas", "fr": "Paiements par carte", "de": "Kartenzahlung"},
    "cash": {"en": "Cash machines", "es": "Cajeros", "nl": "Geldautomaten", "fr": "Distributeurs", "de": "Geldautomaten"},
    "transfers": {"en": "Transfers", "es": "Transferencias", "nl": "Overboekingen", "fr": "Virements", "de": "Überweisungen"},
    "app": {"en": "Mobile app", "es": "Aplicación móvil", "nl": "Mobiele app", "fr": "Application mobile", "de": "Mobile App"},
    "web": {"en": "Website", "es": "Web", "nl": "Website", "fr": "Site", "de": "Website"},
    "bizum": {"en": "Bizum"},
}
LONG_NAMES = {slug: {language: f"Ñandú ç ê {slug} {language} ".ljust(57, "x") for language in LANGUAGES} for slug in SHORT_NAMES}


def page(**changes: object) -> PageFacts:
    base = PageFacts(
        bank="Example Bank",
        url="https://status.example.com",
        languages=LANGUAGES,
        default_language="en",
        time_zone="Europe/Madrid",
        names=SHORT_NAMES,
        phone="900 123 456",
        hosts=("www.example.com",),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def words(**changes: object) -> Words:
    return Words(page(**changes), load_catalogue()) if changes else _standard_words()


@cache
def _standard_words() -> Words:
    return Words(page(), load_catalogue())


@cache
def long_words() -> Words:
    """The longest names that settings allow."""
    return words(names=LONG_NAMES, bank="Bank of Long Names 1")


def facts(kind: NoticeKind, **changes: object) -> Facts:
    """Facts with which every form of the kind can be written."""
    base = Facts(
        kind=kind,
        service="cards",
        affected=("cards", "cash"),
        works=("transfers", "app", "web"),
        symptom="card",
        scheme="Bizum",
        cause="supplier",
        advice=("cards_ok", "no_call"),
        late="waiting",
        start=NOW - timedelta(minutes=75),
        end=NOW,
        was=NOW - timedelta(minutes=25),
        next=NOW + timedelta(minutes=20),
        late_until=NOW + timedelta(hours=5),
        review=NOW + timedelta(days=7),
        duration_s=4500,
        fake="bank-help[.]example",
        wrong=dict.fromkeys(LANGUAGES, "Cash machines were not affected."),
        text=dict.fromkeys(LANGUAGES, ("A sentence of a person " + "y" * 60)[:54] + "."),  # 55: these always fit
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def far(given: Facts) -> Facts:
    """The same after a fault that began so long ago that its start needs a date."""
    start = datetime(2026, 9, 30, 10, 0, tzinfo=UTC)  # a Wednesday in September: the longest names
    return replace(given, start=start, duration_s=11 * 86400 + 23 * 3600)


def choices(kind: NoticeKind, slots: frozenset[str]) -> Iterator[Facts]:
    """Facts for every combination of the catalogue's sentences that a text with these slots can take in."""
    catalogue = load_catalogue()
    symptoms: Sequence[str | None] = catalogue.keys("symptom") if "symptom" in slots else ("card",)
    causes: Sequence[str | None] = (*catalogue.keys("cause"), None) if "cause" in slots else (None,)
    if kind is NoticeKind.IDENTIFIED:
        causes = [cause for cause in causes if cause not in ("unknown", None)]
    advices: Sequence[tuple[str, ...]] = [(key,) for key in catalogue.keys("advice")] if "advice" in slots else [()]
    lates: Sequence[str | None] = (*catalogue.keys("late"), None) if "late" in slots else (None,)
    for symptom, cause, advice, late in product(symptoms, causes, advices, lates):
        yield facts(kind, symptom=symptom, cause=cause, advice=advice, late=late)


def all_slots(path: tuple[str, ...]) -> frozenset[str]:
    return load_catalogue().template(path, "en").slots


def fits_x(text: str) -> bool:
    return broadcaster_text.fits(text, X)


KINDS = SPOKEN_KINDS


def assert_well_formed(text: str) -> None:
    assert "{" not in text
    assert "}" not in text
    for line in text.split("\n"):
        assert line == " ".join(line.split()), line
        assert line
    assert ".." not in text.replace("...", "")
    assert not re.search(r" [.,;]", text)
