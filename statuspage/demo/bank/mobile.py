"""What the bank's mobile app talks to: JSON over the same front end, errors as problem+json."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, json, jsonify, request

from statuspage.demo.bank.customers import CUSTOMERS
from statuspage.demo.bank.parts import PartDown
from statuspage.demo.bank.sessions import SESSION_LIFE_S, Visitor

api = Blueprint("mobile", __name__, url_prefix="/api/mobile/v1")


def problem(status: int, title: str, **more: object) -> Response:
    """An error as RFC 9457 has it."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, **more})
    return Response(body, status=status, content_type="application/problem+json")


def _parts() -> Any:
    return current_app.extensions["bank"]


def _visitor() -> Visitor | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    visitor: Visitor | None = _parts().sessions.visitor(token) if kind == "Bearer" else None
    return visitor


@api.get("/config")
def config() -> Response:
    return jsonify(minimum_version="4.0.0", current_version="4.7.1", update_required=False, languages=["en", "es", "nl", "fr", "de"])


@api.post("/login")
def login() -> Response:
    fields = _texts("user", "password", "device")
    if fields is None:
        return problem(400, "Send user, password and device as JSON texts")
    user, password, device = fields
    try:
        answer = _parts().sign_in.call("device", user=user, password=password, device=device)
    except PartDown:
        return problem(503, "Login failed")
    if answer["outcome"] != "ok":
        return problem(429 if answer["outcome"] == "locked" else 401, "Login failed")
    return jsonify(token=answer["token"], expires_in_s=int(SESSION_LIFE_S))


def _texts(*keys: str) -> list[str] | None:
    """Those fields of a JSON object; None if one is no text that can be sent on."""
    try:
        sent: Any = request.get_json(silent=True)
        fields = [sent[key] for key in keys]
        for value in fields:
            value.encode()
    except (LookupError, TypeError, AttributeError, UnicodeEncodeError, RecursionError):
        return None
    return fields


@api.get("/accounts")
def accounts() -> Response:
    visitor = _visitor()
    if visitor is None:
        return problem(401, "Sign in first")
    try:
        found = _parts().balances.call("balances", user=visitor.user)
    except PartDown:
        found = [{"iban": CUSTOMERS[visitor.user].iban, "balance_cents": None}]
    return jsonify(
        accounts=[
            {"iban": one["iban"], "currency": "EUR", "balance": None if one["balance_cents"] is None else one["balance_cents"] / 100}
            for one in found
        ]
    )


@api.get("/bookings")
def bookings() -> Response:
    visitor = _visitor()
    if visitor is None:
        return problem(401, "Sign in first")
    try:
        found = _parts().bookings.call("bookings", user=visitor.user, limit=100)
    except PartDown:
        found = []
    return jsonify(bookings=[{"iban": one["iban"], "day": one["day"], "text": one["text"], "amount": one["cents"] / 100} for one in found])
