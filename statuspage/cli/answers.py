"""What people who answer customers one by one write, and what staff at counter and phone say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import click

from statuspage.actions.answers import MEANT, About, Answer, AnswerCard, answers, as_json
from statuspage.cli.common import Invocation, explained, plain
from statuspage.cli.values import MOMENT
from statuspage.core.errors import NotAllowed


@click.command("answers")
@click.option("--language", help="Only this language of the page; default: all.")
@click.option("--staff", "only_staff", is_flag=True, help="Only the text for counter and phone.")
@click.option("--ref", help="Case number of one customer, for the answer that needs it.")
@click.option("--reply-by", type=MOMENT, help="By when that customer gets an answer.")
@click.pass_obj
@explained
def show_answers(invocation: Invocation, language: str | None, only_staff: bool, ref: str | None, reply_by: datetime | None) -> None:
    """Answers to customers, per class of message and language, and the text for counter and phone, as of now.

    \b
    statuspage answers --language nl
    statuspage answers --ref 2026-1234 --reply-by 2026-03-01T18:00+01:00
    """
    context = invocation.context()
    languages = list(context.settings.page.languages)
    if language is not None and language not in languages:
        raise NotAllowed(f"The page does not speak {language!r}. Use: {', '.join(languages)}. Nothing was shown.")
    with context.ports.store.reading() as session:
        found = answers(session, context, ref=ref, reply_by=reply_by)
    chosen = languages if language is None else [language]
    if invocation.as_json:
        click.echo(json.dumps(as_json(found, chosen), default=plain, ensure_ascii=False, indent=2))
        return
    _show(found, chosen, only_staff=only_staff)


def _show(card: AnswerCard, languages: list[str], *, only_staff: bool) -> None:
    click.echo(f"As of {card.as_of:%Y-%m-%d %H:%M:%S} UTC. {card.standing}")
    for about in card.about:
        until = f", due to be replaced by {about.good_until:%H:%M} UTC" if about.good_until else ""
        click.echo(f"\n=== {about.name}\nBased on update {about.update.sequence} of {about.update.created_at:%H:%M:%S} UTC{until}.")
        if not only_staff:
            for answer in about.answers:
                _answer(answer, languages)
        _staff(about, languages)
    if only_staff:
        return
    if card.nothing:
        click.echo("\n=== To who asks")
        _texts(card.nothing, languages)
    click.echo("\n=== Whatever goes on")
    for answer in card.general:
        _answer(answer, languages)


def _answer(answer: Answer, languages: list[str]) -> None:
    click.echo(f"\n--- {answer.message_class}: {MEANT[answer.message_class]}")
    _texts(answer.texts, languages)
    if answer.missing:
        click.echo(answer.missing)


def _staff(about: About, languages: list[str]) -> None:
    for language in languages:
        if language in about.staff:
            click.echo(f"\n--- counter and phone, {language}\n{about.staff[language]}")


def _texts(texts: Mapping[str, str], languages: list[str]) -> None:
    for language in languages:
        if language in texts:
            click.echo(f"[{language}] {texts[language]}")


COMMANDS = [show_answers]
