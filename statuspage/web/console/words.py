"""What the console's templates need to speak: filters for moments, titles and texts, and the fields that several forms share."""

from __future__ import annotations

import math
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, request
from markupsafe import Markup, escape

from statuspage.actions import notices
from statuspage.actions.stories import LANGUAGE, title
from statuspage.core.access import may
from statuspage.core.deliveries import Delivery
from statuspage.core.delivery_story import words_of
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.maintenance import Maintenance
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, IncidentStatus, Role
from statuspage.web.auth import context
from statuspage.web.forms import CSRF_FIELD, BadForm, Field, Form
from statuspage.words.catalogue import load_catalogue

LONGEST_TEXT = 1000
LONGEST_DONE = 400
UNITS = ((90.0, 1, "s"), (5_400.0, 60, "min"), (129_600.0, 3_600, "h"), (math.inf, 86_400, "days"))  # below so many s, one has so many s
STATES = {  # of an open incident, as a person chooses among them
    IncidentStatus.INVESTIGATING: "Investigating: the cause is not known",
    IncidentStatus.IDENTIFIED: "Identified: the cause is known",
    IncidentStatus.MONITORING: "Monitoring: it works again, and we watch it",
}
NEEDS_A_PERSON = (DeliveryState.STUCK, DeliveryState.UNKNOWN, DeliveryState.REFUSED)


def register(blueprint: Blueprint) -> None:
    """Makes the words known to every template of the console; error pages use them too."""
    for name, function in (
        ("bank_time", bank_time),
        ("exact_time", exact_time),
        ("relative", relative),
        ("title_of", title_of),
        ("text_of", text_of),
        ("component", component_name),
        ("words_of", words_of),
    ):
        blueprint.app_template_filter(name)(function)
    blueprint.app_context_processor(_common)


def _common() -> dict[str, Any]:
    signed_in = g.get("signed_in")
    return {
        "me": signed_in,
        "i_may": lambda role: bool(signed_in) and may(signed_in.person.role, Role(role)),
        "page_name": context().settings.page.name,
        "section": "",
        "done": request.args.get("done", "")[:LONGEST_DONE] if signed_in else "",
        "csrf": csrf,
        "free_text_fields": free_text_fields,
        "languages": context().settings.page.languages,
        "now": context().now(),
        "title": "Console",
    }


def csrf() -> Markup:
    """The hidden field that every form of a signed-in person carries."""
    signed_in = g.get("signed_in")
    token = signed_in.csrf_token if signed_in else ""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token)


def free_text_fields(*, needed: bool = False) -> Markup:
    """One text area per language of the page, for words after the template's. needed: nothing is said without them."""
    rows = [
        Markup('<label>Words of your own, {0} <textarea name="text-{0}" rows="2" maxlength="{1}" lang="{0}"></textarea></label>').format(
            language, LONGEST_TEXT
        )
        for language in context().settings.page.languages
    ]
    if needed:
        return Markup("").join(rows)
    note = escape("Optional. They follow the approved words, in the languages that you fill; the others go out without.")
    head = Markup('<details><summary>Words of your own</summary><p class="hint">{}</p>').format(note)
    return head + Markup("").join(rows) + Markup("</details>")


def free_text_field_names(prefix: str = "text") -> dict[str, Field]:
    """The fields that free_text_fields() makes."""
    return {f"{prefix}-{language}": Field(longest=LONGEST_TEXT) for language in context().settings.page.languages}


def free_text(form: Form, prefix: str = "text") -> dict[str, str]:
    """language -> a person's words, those left empty not among them."""
    found = {language: form.text(f"{prefix}-{language}") for language in context().settings.page.languages}
    return {language: text for language, text in found.items() if text}


def bank_time(at: datetime) -> str:
    """A moment in the bank's zone, as customers read it."""
    ctx = context()
    return ctx.words.moment(at, LANGUAGE, now=ctx.now())


def exact_time(at: datetime) -> str:
    """A moment for engineers: with seconds and zone, and with the date unless it is today's in the bank's zone."""
    ctx = context()
    zone = ZoneInfo(ctx.settings.page.time_zone)
    local, today = at.astimezone(zone), ctx.now().astimezone(zone).date()
    day = "" if local.date() == today else f"{local:%d %b} " if local.year == today.year else f"{local:%d %b %Y} "
    return f"{day}{local:%H:%M:%S} {local.tzname() or 'UTC'}"


def relative(at: datetime) -> str:
    """How long ago a moment is, or how far ahead, e.g. “3 min ago”, “in 40 s”. The page's script goes on with the same words."""
    ahead_s = (at - context().now()).total_seconds()
    unit_s, unit = next((size_s, name) for below_s, size_s, name in UNITS if abs(ahead_s) < below_s)
    words = f"{int(abs(ahead_s) / unit_s + 0.5)} {unit}"
    return f"in {words}" if ahead_s > 0 else f"{words} ago"


def moment_typed(text: str, field: str, *, ends: bool = False) -> datetime:
    """What a datetime-local field was filled with, in the bank's zone. Raises BadForm.

    ends   in the hour that comes twice when summer time ends, what begins does so the first time, and what ends the second time
    """
    zone = ZoneInfo(context().settings.page.time_zone)
    try:
        naive = datetime.fromisoformat(text)
    except ValueError:
        raise BadForm(f"The field {field!r} is not a time. Write it like 2026-03-01T14:05, in {zone.key}. Nothing was changed.") from None
    if naive.tzinfo is not None:
        raise BadForm(f"The field {field!r} must be without a zone: it is read in {zone.key}. Nothing was changed.")
    if not MINYEAR < naive.year < MAXYEAR:
        raise BadForm(f"The field {field!r} is in the year {naive.year}. Look at the year. Nothing was changed.")
    at = naive.replace(tzinfo=zone, fold=int(ends)).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != naive:
        raise BadForm(f"{naive:%H:%M} does not exist on that day in {zone.key}: the clocks change. Nothing was changed.")
    return at


def typed(at: datetime) -> str:
    """A moment as a datetime-local field shows it."""
    return f"{at.astimezone(ZoneInfo(context().settings.page.time_zone)):%Y-%m-%dT%H:%M}"


def component_name(slug: str) -> str:
    """A component's name in English, else in the page's language; one that is configured no more keeps its last one."""
    ctx = context()
    found = ctx.words.facts.names.get(slug)
    return slug if found is None else found.get(LANGUAGE) or found[ctx.settings.page.default_language]


def title_of(subject: Incident | Maintenance) -> str:
    """The name of an incident or of planned work in English, else in any language; a private one has none."""
    named = ", ".join(component_name(slug) for slug in subject.components)
    return title(subject.titles) or f"{named}: {subject.symptom.replace('_', ' ')} (not public)"


def text_of(update: IncidentUpdate) -> str:
    """What was said, in English, else in any language."""
    return title(update.texts)


def sentences(section: str) -> list[tuple[str, str]]:
    """Keys and English sentences of one section of the catalogue."""
    catalogue = load_catalogue()
    return [(key, catalogue.template((section, key), LANGUAGE).source()) for key in catalogue.keys(section)]


def status_words(statuses: tuple[ComponentStatus, ...]) -> list[tuple[str, str]]:
    """Component statuses and what they are called."""
    return [(str(status), context().words.state_name(status, LANGUAGE)) for status in statuses]


def version_of(form: Form) -> int:
    """The version that a person saw when they filled the form. Raises BadForm."""
    text = form.text("version")
    if not text.isascii() or not text.isdigit():
        raise BadForm("The field 'version' is not a number. Open the page again; nothing was changed.")
    return int(text)


def stoppable(rows: list[Delivery]) -> set[int]:
    """Updates of one subject with posts that have not left yet."""
    return {row.sequence for row in rows if notices.stoppable(row)}


def threads(rows: list[Delivery]) -> list[list[Delivery]]:
    """Deliveries of one subject as threads, one per channel by name, each in the order of its updates."""
    found: dict[str, list[Delivery]] = {}
    for row in sorted(rows, key=lambda row: (row.channel, row.sequence)):
        found.setdefault(row.channel, []).append(row)
    return list(found.values())
