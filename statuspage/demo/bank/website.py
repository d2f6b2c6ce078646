"""The bank's website: sign-in, accounts, history, transfers. It calls the parts and copes with their failures as such sites do."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path

import pyotp
from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from statuspage.demo.bank import mobile
from statuspage.demo.bank.bank import Bank
from statuspage.demo.bank.customers import CUSTOMERS, PEOPLE
from statuspage.demo.bank.money import cents, compact, euros, grouped
from statuspage.demo.bank.parts import PartDown, PartUnreadable
from statuspage.demo.bank.sessions import Visitor

TEMPLATES = Path(__file__).resolve().parents[3] / "templates" / "demo_bank"
_STYLE_FILE = Path(__file__).resolve().parents[2] / "static" / "css" / "demonstration_bank.css"
STYLE = Markup(_STYLE_FILE.read_text(encoding="utf-8"))  # noqa: S704  (our own file, nothing is filled in)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_POLICY = (
    f"default-src 'none'; img-src data:; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

pages = Blueprint("pages", __name__)
View = Callable[..., AnyResponse | str]


def create_website(bank: Bank) -> Flask:
    """The WSGI application in front of `bank`."""
    app = Flask("example-bank", template_folder=str(TEMPLATES), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.extensions["bank"] = bank
    app.jinja_env.globals["style"] = STYLE
    app.jinja_env.filters |= {"euros": euros, "grouped": grouped}
    app.register_blueprint(pages)
    app.register_blueprint(mobile.api)
    app.after_request(_headers)
    for unexpected in (400, 404, 405, 500, PartUnreadable):  # the last is a fault that was switched on: nothing for the log
        app.register_error_handler(unexpected, _error_page)
    app.context_processor(lambda: {"form_token": _form_token, "visitor": g.get("visitor")})
    return app


def _bank() -> Bank:
    bank: Bank = current_app.extensions["bank"]
    return bank


def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if "new_form_cookie" in g:
        _set_cookie(response, "form", g.new_form_cookie)
    return response


def _error_page(error: Exception) -> tuple[str, int]:
    status = getattr(error, "code", None) or 500
    return render_template("error.html", status=status), status


# --- cookies and forms -------------------------------------------------------------------------------------------------------------


def _cookie_name(name: str) -> str:
    """Browsers keep one jar for all ports of a host, so both listeners and the neighbours on it need names of their own."""
    return f"__Secure-bank-{name}" if request.is_secure else f"bank-{name}"


def _cookie(name: str) -> str:
    return request.cookies.get(_cookie_name(name), "")


def _set_cookie(response: AnyResponse, name: str, value: str) -> None:
    if value:
        response.set_cookie(_cookie_name(name), value, httponly=True, samesite="Lax", secure=request.is_secure)
    else:
        response.delete_cookie(_cookie_name(name), httponly=True, samesite="Lax", secure=request.is_secure)


def _form_token() -> str:
    cookie = _cookie("form") or g.get("new_form_cookie")
    if not cookie:
        cookie = g.new_form_cookie = _bank().forms.new_cookie()
    return _bank().forms.token(cookie)


@pages.before_request
def _check_form() -> None:
    if request.method == "POST" and not _bank().forms.fits(_cookie("form"), request.form.get("form_token", "")):
        abort(400)


def signed_in(view: View) -> View:
    """Show the view to a signed-in customer only; everybody else is sent to the sign-in page."""

    @wraps(view)
    def guarded() -> AnyResponse | str:
        visitor = _bank().sessions.visitor(_cookie("session"))
        if visitor is None:
            return redirect(url_for("pages.sign_in", again=1) if _cookie("session") else url_for("pages.sign_in"))
        g.visitor = visitor
        return view(visitor)

    return guarded


# --- signing in --------------------------------------------------------------------------------------------------------------------


@pages.get("/")
def home() -> str:
    return render_template("home.html")


@pages.get("/sign-in")
def sign_in() -> str:
    return render_template("sign_in.html", failed=request.args.get("failed"), again=request.args.get("again"), people=PEOPLE)


def _failed(why: str = "1") -> AnyResponse:
    """Back to the first page. A refused password and a dead service read the same, as at most banks."""
    response = redirect(url_for("pages.sign_in", failed=why))
    _set_cookie(response, "ticket", "")
    return response


@pages.post("/sign-in")
def password() -> AnyResponse:
    user = request.form.get("user", "").strip().lower()
    try:
        answer = _bank().sign_in.call("password", user=user, password=request.form.get("password", ""))
    except PartDown:
        return _failed()
    if answer["outcome"] != "ok":
        return _failed("locked" if answer["outcome"] == "locked" else "1")
    response = redirect(url_for("pages.code"))
    _set_cookie(response, "ticket", f"{user}.{answer['ticket']}")
    return response


@pages.get("/sign-in/code")
def code() -> AnyResponse | str:
    user = _cookie("ticket").partition(".")[0]
    if user not in CUSTOMERS:
        return redirect(url_for("pages.sign_in"))
    person = CUSTOMERS[user]
    shown = None if person.canary else pyotp.TOTP(person.totp_secret).at(_bank().clock.now())
    return render_template("code.html", person=person, shown=shown)


@pages.post("/sign-in/code")
def check_code() -> AnyResponse:
    ticket = _cookie("ticket").partition(".")[2]
    typed = request.form.get("code", "").replace(" ", "")
    try:
        answer = _bank().sign_in.call("code", ticket=ticket, code=typed)
    except PartDown:
        return _failed()
    if answer["outcome"] != "ok":
        return _failed("locked" if answer["outcome"] == "locked" else "code")
    response = redirect(url_for("pages.accounts"))
    _set_cookie(response, "ticket", "")
    _set_cookie(response, "session", answer["token"])
    return response


@pages.post("/sign-out")
def sign_out() -> AnyResponse:
    visitor = _bank().sessions.visitor(_cookie("session"))
    if visitor:
        _bank().sessions.end(visitor)
    response = redirect(url_for("pages.home"))
    _set_cookie(response, "session", "")
    return response


# --- accounts ----------------------------------------------------------------------------------------------------------------------


def _balances(visitor: Visitor) -> list[dict[str, object]]:
    """Accounts with their balance; the balance is None where the service does not say."""
    try:
        found: list[dict[str, object]] = _bank().balances.call("balances", user=visitor.user)
    except PartDown:
        found = [{"iban": CUSTOMERS[visitor.user].iban, "balance_cents": None}]
    return found


def _bookings(visitor: Visitor, limit: int) -> list[dict[str, object]]:
    try:
        found: list[dict[str, object]] = _bank().bookings.call("bookings", user=visitor.user, limit=limit)
    except PartDown:
        found = []  # the classic mistake: trouble is shown as "nothing there"
    return found


@pages.get("/accounts")
@signed_in
def accounts(visitor: Visitor) -> str:
    return render_template(
        "accounts.html", person=CUSTOMERS[visitor.user], accounts=_balances(visitor), bookings=_bookings(visitor, limit=5)
    )


@pages.get("/history")
@signed_in
def history(visitor: Visitor) -> str:
    return render_template("history.html", bookings=_bookings(visitor, limit=100))


# --- transfers ---------------------------------------------------------------------------------------------------------------------


@pages.get("/transfers/new")
@signed_in
def new_transfer(visitor: Visitor) -> str:
    return render_template("transfer.html", values={}, problem=None, payees=_suggested_payees(visitor))


def _suggested_payees(visitor: Visitor) -> list[tuple[str, str]]:
    same_kind = (person for person in CUSTOMERS.values() if person.canary == CUSTOMERS[visitor.user].canary and person.user != visitor.user)
    return [(person.name, person.iban) for person in same_kind]


def _order() -> dict[str, object]:
    """The order as the form has it."""
    form = request.form
    return {
        "payee": compact(form.get("iban", "")),
        "name": form.get("name", "").strip()[:70],
        "cents": cents(form.get("amount", "")),
        "message": form.get("message", "").strip()[:140],
    }


def _try_again(visitor: Visitor, problem: str) -> str:
    return render_template("transfer.html", values=request.form, problem=problem, payees=_suggested_payees(visitor))


@pages.post("/transfers/check")
@signed_in
def check_transfer(visitor: Visitor) -> str:
    order = _order()
    if order["cents"] is None:
        return _try_again(visitor, "The amount must be a number above zero, like 12.50.")
    try:
        checked = _bank().orders.call("check", user=visitor.user, payee=order["payee"], name=order["name"], cents=order["cents"])
    except PartDown:
        return _try_again(visitor, "Transfers are not possible at the moment.")
    if refused := checked.get("refused"):
        return _try_again(visitor, refused)
    return render_template("confirm.html", order=order, checked=checked, order_id=_bank().forms.order_id())


@pages.post("/transfers/cancel")
@signed_in
def cancel_transfer(visitor: Visitor) -> str:
    return render_template("cancelled.html")


@pages.post("/transfers/sign")
@signed_in
def sign_transfer(visitor: Visitor) -> str:
    order, order_id = _order(), request.form.get("order_id", "")
    if order["cents"] is None or not 8 <= len(order_id) <= 64:
        abort(400)
    try:
        booked = _sign_and_book(visitor, order, order_id)
    except PartDown:
        return _try_again(visitor, "Transfers are not possible at the moment.")
    if refused := booked.get("refused"):
        return _try_again(visitor, f"{refused} Nothing was paid.")
    return render_template("paid.html", receipt=booked, name=order["name"])


def _sign_and_book(visitor: Visitor, order: dict[str, object], order_id: str) -> dict[str, object]:
    """The receipt, or {"refused": ...}. An order that was booked before asks for no second code: it only shows its receipt again."""
    bank = _bank()
    if bank.orders.call("known", user=visitor.user, order_id=order_id) is None:
        checked = bank.orders.call("check", user=visitor.user, payee=order["payee"], name=order["name"], cents=order["cents"])
        if checked.get("code_needed"):
            typed = request.form.get("code", "").replace(" ", "")
            if bank.sign_in.call("sign", user=visitor.user, code=typed)["outcome"] != "ok":
                return {"refused": "The code was not accepted; each code works once."}
    wanted = {key: order[key] for key in ("payee", "cents", "message")}
    booked: dict[str, object] = bank.orders.call("book", user=visitor.user, order_id=order_id, **wanted)
    return booked
