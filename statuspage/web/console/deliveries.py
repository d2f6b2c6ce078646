"""Deliveries in the console: where each post stands, why it waits, and what a person can do about it."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for

from statuspage.actions import deliveries as acts
from statuspage.core.vocabulary import DeliveryState, Role
from statuspage.store import deliveries
from statuspage.web.auth import context, me, needs
from statuspage.web.database import database
from statuspage.web.forms import read


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/deliveries/", endpoint="deliveries")(list_deliveries)
    blueprint.get("/deliveries/<delivery_id>")(delivery)
    blueprint.post("/deliveries/<delivery_id>/retry")(retry)
    blueprint.post("/deliveries/<delivery_id>/withdraw")(withdraw)


@needs(Role.VIEWER)
def list_deliveries() -> str:
    chosen = request.args.get("state", "")
    states = (DeliveryState(chosen),) if chosen in list(DeliveryState) else None
    rows = deliveries.listing(database.session(), states, limit=200)
    return render_template(
        "console/deliveries.html",
        title="Deliveries",
        section="Deliveries",
        rows=rows,
        states=[str(state) for state in DeliveryState],
        chosen=chosen if states else "",
    )


@needs(Role.VIEWER)
def delivery(delivery_id: str) -> str:
    session = database.session()
    row = deliveries.get(session, delivery_id)
    attempts = deliveries.story(session, delivery_id)
    return render_template(
        "console/delivery.html", title=f"{row.channel}, update {row.sequence}", section="Deliveries", row=row, attempts=attempts
    )


@needs(Role.RESPONDER)
def retry(delivery_id: str) -> Response:
    read(request.form, {})
    acts.retry(context(), delivery_id, who=me().person.name)
    return _back(delivery_id, "It will be tried again.")


@needs(Role.RESPONDER)
def withdraw(delivery_id: str) -> Response:
    read(request.form, {})
    acts.withdraw(context(), delivery_id, who=me().person.name)
    return _back(delivery_id, "Withdrawn.")


def _back(delivery_id: str, done: str) -> Response:
    return redirect(url_for("console.delivery", delivery_id=delivery_id, done=done), 303)  # type: ignore[return-value]
