"""Deliveries in the console: where each post stands, its whole story, and what a person can do about it."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, render_template, request, url_for

from statuspage.actions import alarms as alarm_acts
from statuspage.actions import deliveries as acts
from statuspage.actions.stories import story_of, subject_names
from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import DeliveryState, Role, SubjectKind
from statuspage.store import audit, deliveries
from statuspage.web.auth import context, me, needs
from statuspage.web.console.words import NEEDS_A_PERSON
from statuspage.web.database import database
from statuspage.web.forms import BadForm, Field, read

LISTED = 200
ATTENTION = "attention"  # beside the states: everything that needs a person


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/deliveries/", endpoint="deliveries")(list_deliveries)
    blueprint.get("/deliveries/<delivery_id>")(delivery)
    for deed in (retry, not_there, seen, withdraw):
        blueprint.post(f"/deliveries/<delivery_id>/{deed.__name__.replace('_', '-')}")(deed)
    blueprint.post("/alarms/<alarm_id>/dismiss")(dismiss)


@needs(Role.VIEWER)
def list_deliveries() -> str:
    session = database.session()
    chosen = request.args.get("state", "")
    known = {str(state): (state,) for state in DeliveryState} | {ATTENTION: NEEDS_A_PERSON}
    rows = deliveries.listing(session, known.get(chosen), limit=LISTED)
    return render_template(
        "console/deliveries.html",
        title="Deliveries",
        section="Deliveries",
        rows=rows,
        most=LISTED,
        names=subject_names(session, rows),
        states=[ATTENTION, *(str(state) for state in DeliveryState)],
        chosen=chosen if chosen in known else "",
    )


@needs(Role.VIEWER)
def delivery(delivery_id: str) -> str:
    session = database.session()
    story = story_of(session, context(), delivery_id)
    row = story.row
    return render_template(
        "console/delivery.html",
        title=f"{row.channel}, update {row.sequence}",
        section="Deliveries",
        story=story,
        row=row,
        subject_page=_subject_page(row),
        deeds=audit.listing(session, subject=row.id),
    )


@needs(Role.RESPONDER)
def retry(delivery_id: str) -> Response:
    read(request.form, {})
    acts.retry(context(), delivery_id, who=me().person.name)
    return _back(delivery_id, "It will be sent again.")


@needs(Role.RESPONDER)
def not_there(delivery_id: str) -> Response:
    read(request.form, {"looked": Field(required=True, choices=("yes",))})
    acts.retry(context(), delivery_id, who=me().person.name, looked=True)
    return _back(delivery_id, "It will be sent anew.")


@needs(Role.RESPONDER)
def seen(delivery_id: str) -> Response:
    form = read(request.form, {"url": Field(longest=500)})
    acts.mark_seen(context(), delivery_id, who=me().person.name, url=_address(form.text("url")))
    return _back(delivery_id, "Noted: it is there.")


@needs(Role.RESPONDER)
def withdraw(delivery_id: str) -> Response:
    form = read(request.form, {"reason": Field()})
    instead = acts.withdraw(context(), delivery_id, who=me().person.name, reason=form.text("reason"))
    told = "" if instead is None else f" Update {instead.sequence}, which it had replaced, goes out in its place."
    return _back(delivery_id, f"Withdrawn.{told}")


@needs(Role.RESPONDER)
def dismiss(alarm_id: str) -> Response:
    read(request.form, {})
    alarm_acts.dismiss(context(), alarm_id, who=me().person.name)
    return redirect(url_for("console.overview", done="The alarm is over."), 303)  # type: ignore[return-value]


def _subject_page(row: Delivery) -> str:
    """The page of what a delivery speaks of; "" if it has none."""
    match row.subject_kind:
        case SubjectKind.INCIDENT:
            return url_for("console.incident", incident_id=row.subject_id)
        case SubjectKind.MAINTENANCE:
            return url_for("console.work", work_id=row.subject_id)
        case SubjectKind.WARNING:
            return url_for("console.warnings")
        case SubjectKind.ALARM:
            return ""


def _address(text: str) -> str | None:
    """Where the post was seen; it becomes a link, so that nothing but http may stand there. Raises BadForm."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadForm("The field 'url' is no web address. Give https://…, or leave it empty. Nothing was changed.")
    return text


def _back(delivery_id: str, done: str) -> Response:
    return redirect(url_for("console.delivery", delivery_id=delivery_id, done=done), 303)  # type: ignore[return-value]
