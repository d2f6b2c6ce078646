"""Posts that wait: by policy, or for their network. Until one was tried, a person stops them, or puts other words in their place."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request

from statuspage.actions import notices
from statuspage.core.vocabulary import Role, SubjectKind
from statuspage.store import deliveries, updates
from statuspage.web.auth import context, me, needs
from statuspage.web.console import words
from statuspage.web.console.corrections import page_of, which_update
from statuspage.web.database import database
from statuspage.web.forms import Field, read


def add_routes(blueprint: Blueprint) -> None:
    blueprint.get("/waiting/<kind>/<subject_id>/<sequence>")(waiting)
    blueprint.post("/waiting/<kind>/<subject_id>/<sequence>/stop")(stop)
    blueprint.post("/waiting/<kind>/<subject_id>/<sequence>/reword")(reword)


@needs(Role.RESPONDER)
def waiting(kind: str, subject_id: str, sequence: str) -> str:
    which, number = which_update(kind, sequence)
    session = database.session()
    update = updates.get(session, which, subject_id, number)
    facts = updates.facts_of(session, which, subject_id, number)
    rows = [row for row in deliveries.of_subject(session, which, subject_id) if row.sequence == number]
    return render_template(
        "console/waiting.html",
        title=f"Stop or reword update {number}",
        section="Incidents" if which is SubjectKind.INCIDENT else "Planned work",
        kind=kind,
        update=update,
        own=facts.free_text,
        rows=sorted((row for row in rows if notices.stoppable(row)), key=lambda row: row.channel),
        may_reword=updates.next_sequence(session, which, subject_id) - 1 == number and all(notices.untried(row) for row in rows),
        back=page_of(which, subject_id),
    )


@needs(Role.RESPONDER)
def stop(kind: str, subject_id: str, sequence: str) -> Response:
    which, number = which_update(kind, sequence)
    form = read(request.form, {"reason": Field(longest=500)})
    who, reason = me().person.name, form.text("reason")
    stopped = notices.withdraw(context(), kind=which, subject_id=subject_id, sequence=number, who=who, reason=reason)
    done = f"Not sent any more on {len(stopped.channels)} channels. The page keeps what it said."
    if stopped.instead:
        older = ", ".join(str(number) for number in sorted(set(stopped.instead.values())))
        done = f"{done} Update {older} goes out in its place on {len(stopped.instead)} of them: stop that too, if it is not to."
    return redirect(page_of(which, subject_id, done=done), 303)  # type: ignore[return-value]


@needs(Role.RESPONDER)
def reword(kind: str, subject_id: str, sequence: str) -> Response:
    which, number = which_update(kind, sequence)
    texts = words.free_text(read(request.form, words.free_text_field_names()))
    notices.reword(context(), kind=which, subject_id=subject_id, sequence=number, free_text=texts, who=me().person.name)
    return redirect(page_of(which, subject_id, done="Page and posts say the new words."), 303)  # type: ignore[return-value]
