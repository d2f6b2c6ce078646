"""The fraud warning, the two off switches, and the components that the configuration names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from statuspage.actions import components, incidents, switches, warnings
from statuspage.core.errors import InvalidText, NotAllowed, NotFound
from statuspage.core.vocabulary import NoticeKind, SubjectKind
from statuspage.store import audit, updates
from statuspage.store import components as component_store
from statuspage.store import switches as switch_store
from tests.actions.stage import PUBLIC, T0, Stage, component, declared, settings

WARNING = SubjectKind.WARNING


def test_a_fraud_warning_goes_to_every_public_channel_and_collapses_into_nothing(stage: Stage) -> None:
    update = warnings.fraud_warning(stage.ctx, fake="bank-help[.]example", who="Ana")

    posts = stage.posts(update.subject_id, WARNING)
    with stage.database.reading() as session:
        listed = updates.warnings(session, since=T0)
    assert {post.channel for post in posts} == PUBLIC and all(post.essential for post in posts)
    assert {post.valid_until for post in posts} == {T0 + timedelta(hours=24)}
    assert "Name or site: bank-help[.]example." in update.texts["en"] and update.kind is NoticeKind.FRAUD_WARNING
    assert listed == [update]


@pytest.mark.parametrize("fake", ["bank-help.example", "@bank_help", "https://bank-help[.]example", ""])
def test_a_fake_that_could_be_followed_is_refused(quick: Stage, fake: str) -> None:
    with pytest.raises((InvalidText, NotAllowed)):
        warnings.fraud_warning(quick.ctx, fake=fake, who="Ana")

    with quick.database.reading() as session:
        assert updates.warnings(session, since=T0) == []


def test_a_switch_is_turned_with_a_reason_and_remembered_with_who_and_when(stage: Stage) -> None:
    with pytest.raises(NotAllowed, match="needs a reason"):
        switches.turn_off(stage.ctx, "posting", who="Ana", reason=" ")
    with pytest.raises(NotFound, match="Use: posting, probing"):
        switches.turn_off(stage.ctx, "everything", who="Ana", reason="panic")

    switches.turn_off(stage.ctx, "posting", who="Ana", reason="wrong text everywhere")

    with stage.database.reading() as session:
        assert switch_store.is_off(session, "posting") and not switch_store.is_off(session, "probing")
        posting = switch_store.listing(session)[0]
    assert (posting.by, posting.reason, posting.at) == ("Ana", "wrong text everywhere", T0)
    switches.turn_on(stage.ctx, "posting", who="Bea")
    with stage.database.reading() as session:
        assert not switch_store.is_off(session, "posting")
        assert [(line.who, line.what) for line in audit.listing(session)] == [("Bea", "switch.on"), ("Ana", "switch.off")]


def test_statements_are_written_while_posting_is_off(quick: Stage) -> None:
    switches.turn_off(quick.ctx, "posting", who="Ana", reason="drill")

    incident = declared(quick)

    assert len(quick.said(incident)) == 1 and len(quick.posts(incident)) == len(PUBLIC)


def test_components_get_ids_once_keep_them_and_are_remembered_when_they_go(stage: Stage) -> None:
    components.sync(stage.ctx)
    with stage.database.reading() as session:
        first = component_store.all(session)
    stage.forward(days=1)
    fewer = replace(stage, of=settings(components=[component("login")], groups=[]))
    components.sync(fewer.ctx)
    with stage.database.reading() as session:
        second = component_store.all(session)
    components.sync(stage.ctx)
    with stage.database.reading() as session:
        third = component_store.all(session)

    assert {slug: record.id for slug, record in first.items()} == {slug: record.id for slug, record in third.items()}
    assert first["payments"].is_group and not first["cards"].is_group
    assert second["cards"].removed_at == T0 + timedelta(days=1) and second["login"].removed_at is None
    assert third["cards"].removed_at is None and second["cards"].names == first["cards"].names


def test_a_renamed_component_takes_its_id_and_its_whole_history_along(stage: Stage) -> None:
    components.sync(stage.ctx)
    with stage.database.reading() as session:
        before = component_store.all(session)["cards"]
    incident = declared(stage, "cards", "login")
    renamed = replace(
        stage, of=settings(components=[component("card-payments", name="Cards", was=["cards"]), component("login")], groups=[])
    )

    components.sync(renamed.ctx)

    with stage.database.reading() as session:
        after = component_store.all(session)
        standing = incidents.incidents.get(session, incident.id)
        facts = updates.facts_of(session, SubjectKind.INCIDENT, incident.id, 1)
    assert after["card-payments"].id == before.id and "cards" not in after
    assert set(standing.components) == {"card-payments", "login"}
    assert [slug for slug, _, _ in stage.said(incident)[0].affected] == ["card-payments", "login"]
    assert facts.service == "card-payments" and facts.affected == ("card-payments", "login")
