"""Values as they are typed at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from statuspage.actions.rules import NEEDS_APPROVAL
from statuspage.core.vocabulary import ComponentStatus
from statuspage.words.catalogue import load_catalogue

MOST_ROWS = 100_000
Value = TypeVar("Value")


class Moment(click.ParamType[datetime]):
    """An ISO time; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(value)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):  # the second: before the year 1 in UTC
            self.fail(f"{value!r} is not a time. Write it like 2026-03-01T14:05 (UTC) or 2026-03-01T14:05+01:00.", param, ctx)


class ComponentWithStatus(click.ParamType["tuple[str, ComponentStatus]"]):
    """SLUG=STATUS; SLUG alone where there is a default."""

    name = "component"

    def __init__(self, default: ComponentStatus | None = None) -> None:
        self.default = default

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ComponentStatus]:
        if isinstance(value, tuple):
            return value
        slug, _, status = value.partition("=")
        if not status and self.default is not None:
            return slug, self.default
        if status not in list(ComponentStatus):
            found = f"{status!r} is not a status of a component." if status else f"{slug!r} is to show what?"
            allowed = "major_outage, partial_outage, degraded_performance, operational"
            self.fail(f"{found} Write it like {slug}=degraded_performance. Use one of: {allowed}.", param, ctx)
        return slug, ComponentStatus(status)


class Text(click.ParamType["tuple[str, str]"]):
    """LANGUAGE=WORDS."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        language, separator, words = value.partition("=")
        if not separator or not words.strip():
            self.fail(f"{value!r} has no language or no words. Write it like en='Cards work again.'", param, ctx)
        return language, words.strip()


class Sentence(click.ParamType[str]):
    """A key of the catalogue's sentences. The catalogue is read only when one is typed, or help is asked for.

    name   which sentences: symptom, cause, late; said_of: what they are about, in words
    """

    def __init__(self, name: str, said_of: str) -> None:
        self.name, self._said_of = name, said_of

    def _keys(self) -> tuple[str, ...]:
        return tuple(key for key in load_catalogue().keys(self.name) if key != NEEDS_APPROVAL)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in load_catalogue().keys(self.name):
            self.fail(f"{value!r} is not a key of {self._said_of}. Use one of: {', '.join(self._keys())}.", param, ctx)
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return f"[{'|'.join(self._keys())}]"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = (key for key in self._keys() if key.startswith(incomplete))
        return [CompletionItem(key, help=load_catalogue().template((self.name, key), "en").source()) for key in found]


def once_each(ctx: click.Context, param: click.Parameter, pairs: Sequence[tuple[str, Value]]) -> dict[str, Value]:
    """What was typed with a key, in that order. Refuses a key that is typed twice: the first would be dropped without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise click.BadParameter(f"{twice!r} is given twice. Give everything about it at once.", ctx, param)
    return found


MOMENT, TEXT = Moment(), Text()
SYMPTOM, CAUSE, LATE = Sentence("symptom", "what customers notice"), Sentence("cause", "a cause"), Sentence("late", "payments that wait")
COMPONENT, HIT_COMPONENT = ComponentWithStatus(), ComponentWithStatus(default=ComponentStatus.MAJOR_OUTAGE)
SEQUENCE = click.IntRange(1, 1_000_000)  # number of an update within its incident
VERSION = click.IntRange(1, 1_000_000_000)  # of an incident, as somebody saw it
_SAID: dict[str, Any] = {"multiple": True, "type": TEXT, "metavar": "LANGUAGE=WORDS", "callback": once_each}
WORDS = click.option("--text", "texts", **_SAID, help="Words of your own, after the approved ones.")
EXPLANATION = click.option("--text", "texts", **_SAID, required=True, help="What happened and what changes, in whole sentences.")
INSTEAD = click.option(
    "--symptom",
    type=SYMPTOM,
    help="What customers notice instead; default: as it is, but trouble (nothing in particular) where --wrong is the sentence on it.",
)
WRONG = click.option("--wrong", **_SAID, required=True, help="What was wrong, in whole sentences.")
RIGHT = click.option("--right", **_SAID, required=True, help="What is right, in whole sentences.")


def limit_option(default: int) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """How many rows a list has at most."""
    return click.option("--limit", type=click.IntRange(1, MOST_ROWS), default=default, show_default=True, help="So many at most.")
