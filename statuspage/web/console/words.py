"""What the console's templates need to speak: filters for moments, titles and texts, and the fields that several forms share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, g, request
from markupsafe import Markup, escape

from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.vocabulary import ComponentStatus
from statuspage.web.auth import context
from statuspage.web.forms import CSRF_FIELD, Field, Form
from statuspage.words.catalogue import load_catalogue

LANGUAGE = "en"  # the console speaks English; what customers read is in their languages
LONGEST_TEXT = 1000


def register(blueprint: Blueprint) -> None:
    """Makes the words known to every template of the console; error pages use them too."""
    blueprint.app_template_filter("bank_time")(bank_time)
    blueprint.app_template_filter("title_of")(title_of)
    blueprint.app_template_filter("text_of")(text_of)
    blueprint.app_context_processor(_common)


def _common() -> dict[str, Any]:
    return {
        "me": g.get("signed_in"),
        "page_name": context().settings.page.name,
        "section": "",
        "done": request.args.get("done", "")[:200] if g.get("signed_in") else "",
        "csrf": csrf,
        "free_text_fields": free_text_fields,
        "title": "Console",
    }


def csrf() -> Markup:
    """The hidden field that every form of a signed-in person carries."""
    signed_in = g.get("signed_in")
    token = signed_in.csrf_token if signed_in else ""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token)


def free_text_fields() -> Markup:
    """One text area per language of the page, for words after the template's."""
    rows = [
        Markup('<label>Words of your own, {0} <textarea name="text-{0}" rows="2" maxlength="{1}" lang="{0}"></textarea></label>').format(
            language, LONGEST_TEXT
        )
        for language in context().settings.page.languages
    ]
    note = escape("Optional. They follow the approved words, in the languages that you fill; the others go out without.")
    head = Markup('<details><summary>Words of your own</summary><p class="hint">{}</p>').format(note)
    return head + Markup("").join(rows) + Markup("</details>")


def free_text_field_names() -> dict[str, Field]:
    """The fields that free_text_fields() makes."""
    return {f"text-{language}": Field(longest=LONGEST_TEXT) for language in context().settings.page.languages}


def free_text(form: Form) -> dict[str, str]:
    """language -> a person's words, those left empty not among them."""
    found = {language: form.text(f"text-{language}") for language in context().settings.page.languages}
    return {language: text for language, text in found.items() if text}


def bank_time(at: datetime) -> str:
    """A moment in the bank's zone, with the date where it needs one."""
    ctx = context()
    return ctx.words.moment(at, LANGUAGE, now=ctx.now())


def title_of(incident: Incident) -> str:
    """The incident's name in English, else in any language; a private one has none."""
    titles = incident.titles
    return titles.get(LANGUAGE) or next(iter(titles.values()), "") or f"{', '.join(incident.components)}: {incident.symptom} (not public)"


def text_of(update: IncidentUpdate) -> str:
    """What was said, in English, else in any language."""
    return update.texts.get(LANGUAGE) or next(iter(update.texts.values()), "")


def sentences(section: str) -> list[tuple[str, str]]:
    """Keys and English sentences of one section of the catalogue."""
    catalogue = load_catalogue()
    return [(key, catalogue.template((section, key), LANGUAGE).source()) for key in catalogue.keys(section)]


def status_words(statuses: tuple[ComponentStatus, ...]) -> list[tuple[str, str]]:
    """Component statuses and what they are called."""
    return [(str(status), context().words.state_name(status, LANGUAGE)) for status in statuses]
