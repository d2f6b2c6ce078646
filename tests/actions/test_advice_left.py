"""There is something to do in every outage, however much of the bank it hits; and it leads nobody to what fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statuspage.actions import facts
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import Impact, IncidentStatus, NoticeKind
from statuspage.publish.answer import ADVICE_SHOWN, NEEDLESS
from statuspage.settings import Settings
from statuspage.settings.loader import load_file
from statuspage.store import incidents
from statuspage.store.engine import Database
from tests.actions.stage import DOWN, T0, Stage, declared

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def bank() -> Settings:
    text = (EXAMPLES / "realistic-bank.env").read_text(encoding="utf-8")
    return load_file(EXAMPLES / "realistic-bank.yaml", dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))).settings


PUBLIC = [one.slug for one in bank().components if not one.private]
ADVICE = {one.slug: one.advice for one in bank().components}
SYMPTOM = {one.slug: one.symptom for one in bank().components}


@pytest.fixture(params=[True, False], ids=["a number", "no number"])
def large(sqlite_database: Database, request: pytest.FixtureRequest) -> Stage:
    """The bank, with and without a number for lost cards. Nothing stays in its database."""
    page = bank().page if request.param else bank().page.model_copy(update={"phone": None})
    return Stage(sqlite_database, bank().model_copy(update={"page": page}))


class _Undone(Exception):
    """Ends a transaction that is not to be kept."""


def told(stage: Stage, hit: Sequence[str], further: Sequence[str] = ()) -> tuple[str, ...]:
    """What a notice about `hit` advises; `further`: what another incident tells of."""
    advice: tuple[str, ...] = ()
    try:
        with stage.database.writing() as session:
            one, other = incident("one", hit), incident("other", further)
            for found in (one, other):
                incidents.add(session, found)
            advice = facts.while_it_lasts(session, stage.ctx, one, NoticeKind.UPDATE, {}).advice
            raise _Undone
    except _Undone:
        return advice


def incident(name: str, hit: Sequence[str]) -> Incident:
    return Incident(
        id=name,
        titles={},
        status=IncidentStatus.INVESTIGATING,
        impact=Impact.MAJOR,
        components=dict.fromkeys(hit, DOWN),
        automatic=False,
        drill=False,
        created_at=T0,
        updated_at=T0,
        started_at=T0,
        symptom="slow",
    )


def shown(advice: Sequence[str]) -> list[str]:
    """What the answer at the top of the page shows of it."""
    return [key for key in advice if key not in NEEDLESS][:ADVICE_SHOWN]


def check(stage: Stage, hit: Sequence[str], further: Sequence[str] = ()) -> None:
    """Something to do, the number where it holds, and nobody led to what fails."""
    advice = told(stage, hit, further)
    number = stage.of.page.phone and any("urgent" in ADVICE[slug] for slug in hit)
    found = shown(advice)
    assert found, "there is something to do"
    assert ("urgent" in found) == bool(number), "whoever loses a card is told the number"
    assert ("contact" in advice) == (set(advice) <= {"contact", "no_call"}), "how to reach the bank stands where nothing else helps"
    for key in set(advice) - {"urgent", "contact"}:
        assert all(key in ADVICE[slug] for slug in hit), "advice is true of all that is hit"
        fails = {SYMPTOM[slug] for slug in (*hit, *further) if key not in ADVICE[slug]}
        assert not fails & facts.DISPROVED_BY.get(key, set()), "and leads nobody to what fails"


def test_each_component_alone_and_each_two_of_them_leave_something_to_do(large: Stage) -> None:
    for hit in (*((slug,) for slug in PUBLIC), *combinations(PUBLIC, 2)):
        check(large, hit)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hit=st.lists(st.sampled_from(PUBLIC), min_size=1, unique=True), further=st.lists(st.sampled_from(PUBLIC), unique=True))
def test_so_does_everything_at_once_and_two_incidents_beside_each_other(large: Stage, hit: list[str], further: list[str]) -> None:
    check(large, hit, further)


def test_the_advice_that_gives_an_address_stands_on_the_page_and_in_no_post(quick: Stage) -> None:
    told = declared(quick, "bizum", "atm")

    assert "How to reach us: https://status.example.com/contact." in quick.said(told)[0].texts["en"]
    assert [post.channel for post in quick.posts(told) if "/contact" in post.text + post.text_alone + post.story] == []
