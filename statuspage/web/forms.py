"""Reads a form strictly: each action names its fields; an unknown, doubled, missing or over-long one is refused with 400."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

CSRF_FIELD = "csrf_token"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # all but tab and the ends of lines


class BadForm(Exception):
    """What is wrong with a form, for the person who sent it. Nothing was changed."""


@dataclass(frozen=True)
class Field:
    """One field. choices: the only values allowed, beside "" where it is not required; many: may stand there several times."""

    required: bool = False
    choices: Collection[str] | None = None
    longest: int = 200
    many: bool = False


@dataclass(frozen=True)
class Form:
    """What was sent, checked."""

    values: Mapping[str, list[str]]

    def text(self, name: str) -> str:
        """The field's value, without blanks around it; "" if it was not sent."""
        return self.values.get(name, [""])[0]

    def texts(self, name: str) -> list[str]:
        """All values of a field that may stand there several times; empty ones left out."""
        return [value for value in self.values.get(name, []) if value]


def read(sent: MultiDict[str, str], fields: Mapping[str, Field]) -> Form:
    """Raises BadForm."""
    unknown = sorted(set(sent) - set(fields) - {CSRF_FIELD})
    if unknown:
        raise BadForm(f"The form has a field that is not known here: {unknown[0][:50]!r}. Nothing was changed.")
    return Form({name: _values(name, field, sent.getlist(name)) for name, field in fields.items()})


def _values(name: str, field: Field, sent: list[str]) -> list[str]:
    if len(sent) > 1 and not field.many:
        raise BadForm(f"The field {name!r} was sent {len(sent)} times; once is allowed. Nothing was changed.")
    values = [value.strip() for value in sent] or [""]
    if field.required and not any(values):
        raise BadForm(f"The field {name!r} is empty; it is needed. Nothing was changed.")
    for value in values:
        if _CONTROL.search(value):
            raise BadForm(f"The field {name!r} has a control character, which no text has. Nothing was changed.")
        if len(value) > field.longest:
            raise BadForm(f"The field {name!r} has {len(value)} letters; at most {field.longest} are allowed. Nothing was changed.")
        if value and field.choices is not None and value not in field.choices:
            allowed = ", ".join(sorted(field.choices))
            raise BadForm(f"The field {name!r} has a value that is not allowed. Allowed: {allowed}. Nothing was changed.")
    return values
