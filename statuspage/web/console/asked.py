"""What the forms about incidents ask for, read once: the same for what is only previewed and for what is done."""

from __future__ import annotations

from flask import request

from statuspage.actions.incidents import Change, Declaration, Reopening, Resolution
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus
from statuspage.web.auth import context, me
from statuspage.web.console import words
from statuspage.web.forms import BadForm, Field, Form, read

TROUBLE = (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE)
SAID_OF_COMPONENTS = (*TROUBLE, ComponentStatus.OPERATIONAL)


def declaration() -> Declaration:
    """Raises BadForm."""
    fields = _component_fields(TROUBLE)
    fields |= {"symptom": _symptom(), "scheme": Field(longest=40), "drill": Field(choices=("yes",))}
    form = read(request.form, fields | words.free_text_field_names())
    hit = _components(form)
    if not hit:
        raise BadForm("No component was chosen. Say what is hit; nothing was changed.")
    return Declaration(
        components=hit,
        who=me().person.name,
        symptom=form.text("symptom") or None,
        scheme=form.text("scheme") or None,
        drill=form.text("drill") == "yes",
        free_text=words.free_text(form),
    )


def change(incident_id: str) -> Change:
    """Raises BadForm."""
    fields = {
        "version": Field(required=True, longest=9),
        "status": Field(choices=[str(status) for status in words.STATES]),
        "cause": Field(choices=[key for key, _ in words.sentences("cause")]),
        "symptom": _symptom(),
        "late": Field(choices=[key for key, _ in words.sentences("late")]),
        "late_until": Field(longest=40),
        "reason": Field(longest=500),
    }
    form = read(request.form, fields | _component_fields(SAID_OF_COMPONENTS) | words.free_text_field_names())
    until = form.text("late_until")
    return Change(
        incident_id=incident_id,
        who=me().person.name,
        version=words.version_of(form),
        status=IncidentStatus(form.text("status")) if form.text("status") else None,
        cause=form.text("cause") or None,
        components=_components(form),
        symptom=form.text("symptom") or None,
        late=form.text("late") or None,
        late_until=words.moment_typed(until, "late_until", ends=True) if until else None,
        reason=form.text("reason"),
        free_text=words.free_text(form),
    )


def resolution(incident_id: str) -> Resolution:
    """Raises BadForm."""
    fields = {
        "version": Field(required=True, longest=9),
        "late": Field(choices=[key for key, _ in words.sentences("late")]),
        "reason": Field(longest=500),
    }
    form = read(request.form, fields)
    return Resolution(
        incident_id=incident_id,
        who=me().person.name,
        version=words.version_of(form),
        late=form.text("late") or None,
        reason=form.text("reason"),
    )


def reopening(incident_id: str) -> Reopening:
    """Raises BadForm."""
    form = read(request.form, {"version": Field(required=True, longest=9)} | words.free_text_field_names())
    return Reopening(incident_id=incident_id, who=me().person.name, version=words.version_of(form), free_text=words.free_text(form))


def explanation() -> tuple[int, dict[str, str]]:
    """The version that was seen, and what happened and what changes, per language. Raises BadForm."""
    form = read(request.form, {"version": Field(required=True, longest=9)} | words.free_text_field_names())
    return words.version_of(form), words.free_text(form)


def correction() -> tuple[dict[str, str], dict[str, str], str | None]:
    """What was wrong and what is right, per language; what customers notice instead, if that was chosen. Raises BadForm."""
    form = read(request.form, words.free_text_field_names("wrong") | words.free_text_field_names("right") | {"symptom": _symptom()})
    wrong, right = words.free_text(form, "wrong"), words.free_text(form, "right")
    if not set(wrong) & set(right):
        raise BadForm("Say in at least one language what was wrong and what is right. Nothing was changed.")
    return wrong, right, form.text("symptom") or None


def _component_fields(statuses: tuple[ComponentStatus, ...]) -> dict[str, Field]:
    choices = [str(status) for status in statuses]
    return {f"component-{item.slug}": Field(choices=choices) for item in context().settings.components}


def _components(form: Form) -> dict[str, ComponentStatus]:
    """What was chosen for each component, where anything was."""
    chosen = {item.slug: form.text(f"component-{item.slug}") for item in context().settings.components}
    return {slug: ComponentStatus(value) for slug, value in chosen.items() if value}


def _symptom() -> Field:
    return Field(choices=[key for key, _ in words.sentences("symptom")])
