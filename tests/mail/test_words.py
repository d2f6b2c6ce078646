"""A notice as a mail, in every language; and the account in the configuration."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcasters.email import leave_line, letter
from statuspage.actions.context import ChannelInfo, Context
from statuspage.actions.mail_words import mail_words
from statuspage.core.notices import Facts
from statuspage.core.seal import OneKey, digest_of, seal
from statuspage.core.vocabulary import NoticeKind
from statuspage.settings import Settings
from statuspage.settings.loader import ConfigError, Loaded, load_text
from statuspage.worker.assemble import build_words, channel_infos
from tests.mail.stage import ACCOUNT, KEY, PAGE, config, told

LANGUAGES = ["en", "es", "nl", "fr", "de"]
AT = datetime(2026, 3, 2, 9, 2, tzinfo=UTC)
FACTS = Facts(
    NoticeKind.INVESTIGATING,
    service="cards",
    affected=("cards",),
    symptom="card",
    start=datetime(2026, 3, 2, 9, tzinfo=UTC),
    next=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def ctx() -> Context:
    names = dict(zip(LANGUAGES, ("Card payments", "Pagos con tarjeta", "Betalen", "Paiements par carte", "Kartenzahlungen"), strict=True))
    settings = Settings.model_validate(
        {
            "page": {"name": "Example Bank", "bank": "Example", "url": PAGE, "languages": LANGUAGES},
            "components": [{"slug": "cards", "name": names}],
            "accounts": [{"name": ACCOUNT, "kind": "email", "config": {}}],
            "channels": [{"name": tongue, "account": ACCOUNT, "language": tongue} for tongue in LANGUAGES],
        }
    )
    configs = {ACCOUNT: config(25, Path("/nonexistent"))}
    infos = channel_infos(settings, configs)
    return Context(None, settings, build_words(settings), OneKey(KEY), configs, {}, infos)  # type: ignore[arg-type]


def info(ctx: Context, language: str) -> ChannelInfo:
    return ctx.channels[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_says_all_that_the_page_says_why_it_came_and_how_to_leave(ctx: Context, language: str) -> None:
    words = mail_words(ctx, info(ctx, language), FACTS, "ABCDEFG", (), AT)

    subject, blank, *rest = words.split("\n")
    assert subject == ctx.words.title(FACTS, language) and not blank
    assert ctx.words.page(FACTS, language, url=f"{PAGE}/u/ABCDEFG", now=AT) in words
    assert f"{PAGE}/u/ABCDEFG" in words and rest[-1] == leave_line(PAGE) and "Example Bank" in rest[-3]
    made = letter(words, language, config(25, Path()), run="d1", root="", page=PAGE, at=AT)
    assert b"unsubscribe" in made.content("ana@example.com", "a" * 32, "b" * 64)


def test_every_later_mail_has_the_subject_of_the_first(ctx: Context) -> None:
    words = "As it was called then\n\nMore."
    first = replace(told(1, "incident1", "en"), text=words, text_alone=words, story="", digest=digest_of(words, words, ""))
    first = replace(first, seal=seal(first, ctx.seal_key))
    changed = replace(first, text="Win 500 euros\n\nMore.")
    later = replace(FACTS, kind=NoticeKind.UPDATE)

    assert mail_words(ctx, info(ctx, "en"), later, "ABCDEFG", (first,), AT).startswith("As it was called then\n\n")
    assert mail_words(ctx, info(ctx, "en"), later, "ABCDEFG", (first, changed), AT).startswith("As it was called then\n\n")


def test_a_channel_that_comes_in_the_middle_begins_as_the_story_began(ctx: Context) -> None:
    later = replace(FACTS, kind=NoticeKind.UPDATE)

    words = mail_words(ctx, info(ctx, "en"), later, "ABCDEFG", (), AT)

    assert words.startswith(ctx.words.title(FACTS, "en") + "\n\n")


CONFIGURATION = """\
page: {{name: Example Bank, bank: Example, url: "https://status.bank.example", languages: [en]}}
components:
  - {{slug: cards, name: {{en: Cards}}}}
accounts:
  - name: mail
    kind: email
    config:
      {{host: relay.bank.example, user: me, password: {password}, sender: s@bank.example, leave_to: leave@bank.example, list: people.csv}}
channels:
  - {{name: mail-en, account: mail, operators: {operators}}}
"""


def loaded(folder: Path, password: str = "${RELAY_PASSWORD}", operators: str = "false") -> Loaded:
    text = CONFIGURATION.format(password=f'"{password}"', operators=operators)
    return load_text(text, name="statuspage.yaml", folder=folder, environ={"RELAY_PASSWORD": "canary-password"})


def test_the_list_is_looked_for_beside_the_configuration_and_the_password_is_a_reference(tmp_path: Path) -> None:
    found = loaded(tmp_path).configs["mail"]

    assert found.list == str(tmp_path / "people.csv")
    assert found.password == "canary-password" and "canary" not in repr(found)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"password": "plain-password"}, "a secret stands here in plain words"), ({"operators": "true"}, "a list of customers")],
)
def test_a_configuration_that_would_do_harm_is_refused(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        loaded(tmp_path, **changes)
