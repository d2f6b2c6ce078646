"""What customers are advised to do holds while they read it: in the statement, and in the answer that stands until the next one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statuspage.actions import incidents, maintenance
from statuspage.core.vocabulary import ComponentStatus
from statuspage.store.engine import Database
from tests.actions.stage import DOWN, GOOD, SLOW, component, declared, settings
from tests.publish.stage import Press, probed

CARDS, WEB, APP = "You can still pay by card and take out cash.", "Try our website instead.", "Try our app instead."
BANK = [
    component("log-in", symptom="login", advice=["cards_ok", "no_repeat"]),
    component("website", symptom="slow", advice=["use_app"]),
    component("app", symptom="login", advice=["use_web", "no_repeat"]),
    component("cards", symptom="card", advice=["urgent"]),
    component("contactless", symptom="contactless", advice=["cards_ok"]),
    component("cash-machines", symptom="atm"),
    component("transfers", symptom="transfer", advice=["no_repeat"]),
    component("test-cards", symptom="card", private=True),
]


@pytest.fixture
def press(sqlite_database: Database, tmp_path: Path) -> Press:
    made = Press(sqlite_database, tmp_path, probed("cards", components=BANK))
    made.publish()
    return made


def statement(press: Press, incident: Any) -> str:
    """What the newest update says."""
    return press.stage.said(incident)[-1].texts["en"]


def answer(press: Press) -> str:
    """The first part of the front page, as published now."""
    press.publish()
    return press.text("en/index.html").partition('<section class="answer')[2].partition("</section>")[0]


@pytest.mark.parametrize("slug", ["cards", "cash-machines"])
def test_nobody_is_told_to_pay_by_card_while_cards_or_cash_fail(press: Press, slug: str) -> None:
    declared(press.stage, slug)

    incident = declared(press.stage, "log-in", status=DOWN)

    assert CARDS not in statement(press, incident) and "Do not send a payment twice." in statement(press, incident)
    assert CARDS not in answer(press)


def test_the_page_stops_saying_so_when_cards_fail_after_the_statement(press: Press) -> None:
    incident = declared(press.stage, "log-in", status=DOWN)
    before = answer(press)
    declared(press.stage, "cards")

    after = answer(press)

    assert CARDS in statement(press, incident) and CARDS in before
    assert CARDS not in after and "Do not send a payment twice." in after


def test_nor_while_checks_see_cards_fail_that_nobody_has_declared(press: Press) -> None:
    press.stage.verdicts({"cards": ComponentStatus.PARTIAL_OUTAGE})

    incident = declared(press.stage, "log-in", status=DOWN)

    assert CARDS not in statement(press, incident)


def test_nor_while_planned_work_on_cards_is_under_way(press: Press) -> None:
    now = press.stage.clock.now()
    plan = maintenance.Plan(("cards",), now + timedelta(hours=1), now + timedelta(hours=2), "Ana")
    work = maintenance.plan(press.stage.ctx, plan).work
    ahead = declared(press.stage, "log-in", status=DOWN)
    press.stage.forward(hours=1, minutes=1)
    maintenance.start(press.stage.ctx, work_id=work.id, who="Ana")

    incidents.update(press.stage.ctx, incidents.Change(ahead.id, "Ana"))

    assert CARDS in press.stage.said(ahead)[0].texts["en"] and CARDS not in statement(press, ahead)


@pytest.mark.parametrize(("other", "status"), [("contactless", DOWN), ("transfers", DOWN), ("test-cards", DOWN)])
def test_it_stands_while_only_something_else_fails_or_what_the_bank_itself_advises_it_for(press: Press, other: str, status: Any) -> None:
    declared(press.stage, other, status=status)

    incident = declared(press.stage, "log-in", status=DOWN)

    assert CARDS in statement(press, incident)


@pytest.mark.parametrize(
    ("also", "told"),
    [
        ({"website": DOWN}, False),
        ({"log-in": DOWN}, False),
        ({"transfers": DOWN, "cards": DOWN}, True),
    ],
)
def test_nobody_is_sent_to_the_website_while_a_way_in_fails_that_does_not_advise_it(
    press: Press, also: Mapping[str, ComponentStatus], told: bool
) -> None:
    for slug, status in also.items():
        declared(press.stage, slug, status=status)

    incident = declared(press.stage, "app", status=DOWN)

    assert (WEB in statement(press, incident)) is told


def test_nobody_is_sent_to_the_app_while_it_fails(press: Press) -> None:
    alone = statement(press, declared(press.stage, "website", status=DOWN))
    declared(press.stage, "app", status=DOWN)

    answered = answer(press)

    assert APP in alone and APP not in answered and WEB not in answered


def test_the_number_for_lost_cards_stands_in_a_large_outage_and_how_to_reach_the_bank_where_nothing_else_helps(press: Press) -> None:
    incident = declared(press.stage, "log-in", "app", "transfers", "cards", status=DOWN)
    number = answer(press)
    incidents.update(press.stage.ctx, incidents.Change(incident.id, "Ana", components={"cards": GOOD, "cash-machines": DOWN}))
    contact = answer(press)

    assert all("Lost card or fraud? Call 900 123 456." in text for text in (number, press.stage.said(incident)[0].texts["en"]))
    assert '<a href="/en/contact/">How to reach us: https://status.example.com/contact.</a>' in contact
    assert "How to reach us: https://status.example.com/contact." in statement(press, incident)


def test_the_number_stays_when_cards_fail_besides_what_names_it(press: Press) -> None:
    bank = [component("log-in", symptom="login", advice=["cards_ok", "no_call", "urgent"]), *BANK[1:]]
    press.stage.of = press.stage.of.model_copy(update={"components": settings(components=bank).components})
    press.stage.__post_init__()
    press.restart()
    declared(press.stage, "log-in", "app", status=DOWN)

    declared(press.stage, "cards", status=SLOW)

    assert "Lost card or fraud? Call 900 123 456." in answer(press)
