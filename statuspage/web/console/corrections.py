"""Corrections in the console: what was wrong and what is right, as a new update in the same threads."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, url_for

from statuspage.actions import corrections as acts
from statuspage.core.vocabulary import Role, SubjectKind
from statuspage.store import updates
from statuspage.web.auth import context, me, needs
from statuspage.web.console import asked, words
from statuspage.web.database import database

KINDS = {"incident": SubjectKind.INCIDENT, "maintenance": SubjectKind.MAINTENANCE}


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/corrections/<kind>/<subject_id>/<sequence>")(correction)
    blueprint.post("/corrections/<kind>/<subject_id>/<sequence>")(correct)


@needs(Role.RESPONDER)
def correction(kind: str, subject_id: str, sequence: str) -> str:
    which, number = which_update(kind, sequence)
    wrong = updates.get(database.session(), which, subject_id, number)
    return render_template(
        "console/correction.html",
        title=f"Correct update {number}",
        section="Incidents" if which is SubjectKind.INCIDENT else "Planned work",
        kind=kind,
        update=wrong,
        symptoms=words.sentences("symptom"),
        back=page_of(which, subject_id),
    )


@needs(Role.RESPONDER)
def correct(kind: str, subject_id: str, sequence: str) -> Response:
    which, number = which_update(kind, sequence)
    wrong, right, symptom = asked.correction()
    who = me().person.name
    acts.correct(context(), kind=which, subject_id=subject_id, sequence=number, wrong=wrong, text=right, who=who, symptom=symptom)
    return redirect(page_of(which, subject_id, done="The correction is published."), 303)  # type: ignore[return-value]


def which_update(kind: str, sequence: str) -> tuple[SubjectKind, int]:
    if kind not in KINDS or not sequence.isascii() or not sequence.isdigit() or len(sequence) > 9:
        abort(404)
    return KINDS[kind], int(sequence)


def page_of(kind: SubjectKind, subject_id: str, done: str | None = None) -> str:
    if kind is SubjectKind.INCIDENT:
        return url_for("console.incident", incident_id=subject_id, done=done)
    return url_for("console.work", work_id=subject_id, done=done)
