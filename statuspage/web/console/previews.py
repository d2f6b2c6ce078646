"""The step before something is said: every text as it will look, made by the very action that would say it. Works without script."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for

from statuspage.actions import corrections as correcting
from statuspage.actions import incidents as acts
from statuspage.actions.previews import Deed, PostPreview, Preview, preview, refusals
from statuspage.core.errors import DomainError
from statuspage.core.vocabulary import Role
from statuspage.publish.card import alternative, draw
from statuspage.web.auth import context, me, needs
from statuspage.web.console import asked
from statuspage.web.console.corrections import page_of, which_update
from statuspage.web.forms import CSRF_FIELD
from statuspage.worker.cards import card_of

_OWN_WORDS = {"text": "Words of your own", "wrong": "What was wrong", "right": "What is right"}


@dataclass(frozen=True)
class Step:
    """What would be done. does: words of the button; act, again, back: addresses."""

    title: str
    section: str
    does: str
    act: str
    again: str
    back: str


@dataclass(frozen=True)
class Area:
    """A person's words in one language, still to be changed."""

    name: str
    label: str
    language: str
    value: str


def add_routes(blueprint: Blueprint) -> None:
    blueprint.post("/incidents/new/preview")(preview_declaration)
    blueprint.post("/incidents/<incident_id>/update/preview")(preview_update)
    blueprint.post("/incidents/<incident_id>/resolve/preview")(preview_resolution)
    blueprint.post("/incidents/<incident_id>/reopen/preview")(preview_reopening)
    blueprint.post("/incidents/<incident_id>/explain/preview")(preview_explanation)
    blueprint.post("/corrections/<kind>/<subject_id>/<sequence>/preview")(preview_correction)


@needs(Role.RESPONDER)
def preview_declaration() -> str:
    wanted = asked.declaration()
    step = Step(
        "Declare an incident",
        "Incidents",
        "Declare and tell customers",
        url_for("console.declare_submit"),
        url_for("console.preview_declaration"),
        url_for("console.declare"),
    )
    return _shown(step, lambda ctx: acts.declare(ctx, wanted), wanted.free_text)


@needs(Role.RESPONDER)
def preview_update(incident_id: str) -> str:
    wanted = asked.change(incident_id)
    step = _step(incident_id, f"Update of incident {incident_id}", "Publish update", act="update", again="preview_update")
    return _shown(step, lambda ctx: acts.update(ctx, wanted), wanted.free_text)


@needs(Role.RESPONDER)
def preview_resolution(incident_id: str) -> str:
    wanted = asked.resolution(incident_id)
    step = _step(incident_id, f"Resolve incident {incident_id}", "Resolve and tell customers", act="resolve", again="preview_resolution")
    return _shown(step, lambda ctx: acts.resolve(ctx, wanted))


@needs(Role.RESPONDER)
def preview_reopening(incident_id: str) -> str:
    wanted = asked.reopening(incident_id)
    step = _step(incident_id, f"Reopen incident {incident_id}", "Reopen and tell customers", act="reopen", again="preview_reopening")
    return _shown(step, lambda ctx: acts.reopen(ctx, wanted), wanted.free_text)


@needs(Role.RESPONDER)
def preview_explanation(incident_id: str) -> str:
    version, texts = asked.explanation()
    step = _step(incident_id, f"Explanation of incident {incident_id}", "Publish explanation", act="explain", again="preview_explanation")
    who = me().person.name
    return _shown(step, lambda ctx: acts.explain(ctx, incident_id=incident_id, who=who, free_text=texts, version=version), texts)


@needs(Role.RESPONDER)
def preview_correction(kind: str, subject_id: str, sequence: str) -> str:
    subject_kind, number = which_update(kind, sequence)
    wrong, right, symptom = asked.correction()
    place: dict[str, Any] = {"kind": kind, "subject_id": subject_id, "sequence": sequence}
    step = Step(
        f"Correction of update {number}",
        "Incidents" if kind == "incident" else "Planned work",
        "Publish the correction",
        url_for("console.correct", **place),
        url_for("console.preview_correction", **place),
        page_of(subject_kind, subject_id),
    )
    said: dict[str, Any] = {"kind": subject_kind, "subject_id": subject_id, "sequence": number, "who": ""}
    return _shown(step, lambda ctx: correcting.correct(ctx, wrong=wrong, text=right, symptom=symptom, **said), wrong, right)


def _step(incident_id: str, title: str, does: str, *, act: str, again: str) -> Step:
    """About an incident that stands. act, again: endpoints."""
    places = [url_for(f"console.{endpoint}", incident_id=incident_id) for endpoint in (act, again, "incident")]
    return Step(title, "Incidents", does, *places)


def _shown(step: Step, deed: Deed, *typed: Mapping[str, str]) -> str:
    """The page with all that would be said; or with why it may not be said, and the same words to put right."""
    refused = [f"{language}: {why}" for language, why in refusals(context(), *typed)]
    found = None
    if not refused:
        try:
            found = preview(context(), deed)
        except DomainError as error:
            refused = [str(error)]
    return render_template(
        "console/preview.html",
        title=f"Preview: {step.title}",
        section=step.section,
        step=step,
        refused=refused,
        preview=found,
        languages_told=_by_language(found) if found else [],
        pictures=_pictures(found) if found else {},
        kept=[(name, value) for name, value in request.form.items() if name != CSRF_FIELD and not _is_words(name)],
        areas=list(_areas()),
    )


def _is_words(name: str) -> bool:
    return name.partition("-")[0] in _OWN_WORDS


def _areas() -> Iterator[Area]:
    for name, value in request.form.items():
        prefix, _, language = name.partition("-")
        if prefix in _OWN_WORDS:
            yield Area(name, f"{_OWN_WORDS[prefix]}, {language}", language, value)


def _by_language(found: Preview) -> list[tuple[str, list[PostPreview]]]:
    """The page's languages, the default first, each with its posts."""
    page = context().settings.page
    order = [page.default_language, *(one for one in page.languages if one != page.default_language)]
    return [(language, [post for post in found.posts if post.row.language == language]) for language in order]


def _pictures(found: Preview) -> dict[str, tuple[str, str]]:
    """Channel -> the picture of the notice as a data: address, and what it says in words."""
    rows = [post.row for post in found.posts if post.picture]
    return {
        row.channel: (
            f"data:image/jpeg;base64,{base64.b64encode(draw(card_of(context(), row))).decode()}",
            alternative(row.text_alone, row.code),
        )
        for row in rows
    }
