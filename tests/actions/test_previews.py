"""What is shown before it is said is what is then said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from statuspage.actions import corrections, incidents, warnings
from statuspage.actions.context import Context
from statuspage.actions.incidents import Change, Declaration, Resolution
from statuspage.actions.previews import Preview, preview, refusals
from statuspage.core.delivery_rules import Place
from statuspage.core.errors import Conflict, InvalidText, NotAllowed
from statuspage.core.lengths import Length
from statuspage.core.vocabulary import DeliveryState, IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import deliveries
from statuspage.store.tables import Base
from statuspage.worker.postmaster import freeze
from tests.actions.stage import CHANNELS, DOWN, GOOD, PARTLY, Stage, channel, declared

INCIDENT = SubjectKind.INCIDENT


def everything(stage: Stage) -> dict[str, list[Any]]:
    """Every row of every table."""
    with stage.database.reading() as session:
        return {table.name: sorted(map(repr, session.execute(select(table)))) for table in Base.metadata.sorted_tables}


def shown(found: Preview) -> dict[str, tuple[str, str, str]]:
    """channel -> its three texts, with the same word for every code."""
    rows = [post.row for post in found.posts]
    return {row.channel: tuple(text.replace(row.code, "CODE") for text in (row.text, row.text_alone, row.story)) for row in rows}  # type: ignore[misc]


def held(stage: Stage, incident_id: str, sequence: int) -> dict[str, tuple[str, str, str]]:
    """The same, of what stands in the ledger."""
    rows = [row for row in stage.posts(incident_id) if row.sequence == sequence]
    return {row.channel: tuple(text.replace(row.code, "CODE") for text in (row.text, row.text_alone, row.story)) for row in rows}  # type: ignore[misc]


def correct(ctx: Context, incident_id: str) -> Any:
    return corrections.correct(
        ctx,
        kind=INCIDENT,
        subject_id=incident_id,
        sequence=1,
        wrong={"en": "We said cards.", "es": "Dijimos tarjetas."},
        text={"en": "It is transfers.", "es": "Son transferencias."},
        who="Ana",
    )


DEEDS: dict[str, Callable[[Context, str], Any]] = {
    "update": lambda ctx, one: incidents.update(ctx, Change(one, "Ana", free_text={"en": "The app works.", "es": "La app va."})),
    "identified": lambda ctx, one: incidents.update(ctx, Change(one, "Ana", status=IncidentStatus.IDENTIFIED, cause="change")),
    "monitoring": lambda ctx, one: incidents.update(ctx, Change(one, "Ana", status=IncidentStatus.MONITORING, late="waiting_open")),
    "resolve": lambda ctx, one: incidents.resolve(ctx, Resolution(one, "Ana", cause="network")),
    "correct": correct,
}


@pytest.mark.parametrize("name", DEEDS)
def test_what_was_previewed_is_what_the_ledger_then_holds(stage: Stage, name: str) -> None:
    stage.verdicts({"login": GOOD, "app": GOOD})
    one = declared(stage, "cards", "bizum").id
    stage.deliver_all()
    stage.forward(minutes=3)

    before = preview(stage.ctx, lambda ctx: DEEDS[name](ctx, one))
    DEEDS[name](stage.ctx, one)

    said = stage.said(one)[-1]
    assert len(shown(before)) == 4
    assert shown(before) == held(stage, one, 2)
    assert (before.texts, before.update.kind, before.update.next_update_by) == (said.texts, said.kind, said.next_update_by)


def test_a_declaration_is_previewed_with_its_name_and_changes_nothing(stage: Stage) -> None:
    asked = Declaration({"cards": DOWN, "treasury": DOWN}, "Ana", free_text={"en": "Cash machines work."})
    before = everything(stage)

    found = preview(stage.ctx, lambda ctx: incidents.declare(ctx, asked))

    assert everything(stage) == before
    begun = incidents.declare(stage.ctx, asked)
    assert found.titles == begun.titles and set(found.titles) == {"en", "es"}
    assert shown(found) == held(stage, begun.id, 1)
    assert "Cash machines work." in found.texts["en"]


def test_what_is_refused_is_refused_in_the_preview_too_and_every_language_is_named(stage: Stage) -> None:
    incident = declared(stage)
    words = {"en": "Call 0900 123 987", "es": "Escriba a ayuda@evil.example"}
    before = everything(stage)

    with pytest.raises(NotAllowed):
        preview(stage.ctx, lambda ctx: incidents.update(ctx, Change(incident.id, "Ana", status=IncidentStatus.IDENTIFIED)))
    with pytest.raises(Conflict):
        preview(stage.ctx, lambda ctx: incidents.update(ctx, Change(incident.id, "Ana", version=7)))
    with pytest.raises(InvalidText):
        preview(stage.ctx, lambda ctx: incidents.update(ctx, Change(incident.id, "Ana", free_text=words)))

    assert [language for language, _ in refusals(stage.ctx, words, {"en": "All is well."})] == ["en", "es"]
    assert everything(stage) == before


def test_each_post_says_where_it_would_stand_in_its_thread(quick: Stage) -> None:
    incident = declared(quick)
    first = preview(quick.ctx, lambda ctx: incidents.update(ctx, Change(incident.id, "Ana")))
    quick.deliver_all()
    second = preview(quick.ctx, lambda ctx: incidents.update(ctx, Change(incident.id, "Ana")))

    assert {post.place for post in first.posts} == {Place.FIRST} and {post.replaces for post in first.posts} == {(1,)}
    assert {post.row.channel: (post.place, post.continues, post.replaces) for post in second.posts} == {
        "mastodon-en": (Place.REPLY, 1, ()),
        "mastodon-es": (Place.REPLY, 1, ()),
        "x-en": (Place.NEW, 1, ()),
        "facebook-en": (Place.NEW, 1, ()),  # this stage's Facebook cannot rewrite
    }


def test_an_edit_is_shown_with_the_whole_story_where_the_network_allows_edits(quick: Stage) -> None:
    stage = replace(quick, channels=[replace(info, can_edit=info.channel.network == "facebook") for info in CHANNELS])
    incident = declared(stage)
    stage.deliver_all()

    found = preview(stage.ctx, lambda ctx: incidents.update(ctx, Change(incident.id, "Ana")))

    facebook = next(post for post in found.posts if post.row.channel == "facebook-en")
    assert (facebook.place, facebook.continues) == (Place.EDIT, 1)
    assert facebook.words == facebook.row.story and "Earlier:" in facebook.words


@pytest.mark.parametrize("delivered", [False, True])
def test_the_words_shown_are_those_that_would_be_frozen_for_sending(quick: Stage, delivered: bool) -> None:
    incident = declared(quick)
    if delivered:
        quick.deliver_all()
    found = preview(quick.ctx, lambda ctx: incidents.update(ctx, Change(incident.id, "Ana")))
    incidents.update(quick.ctx, Change(incident.id, "Ana"))

    with quick.database.reading() as session:
        rows = deliveries.of_subject(session, INCIDENT, incident.id)
    for post in found.posts:
        thread = sorted((row for row in rows if row.channel == post.row.channel), key=lambda row: row.sequence)
        request = freeze(thread[-1], thread, can_edit=False, now=quick.clock.now(), address=quick.ctx.words.verification_url)
        assert request["text"].replace(thread[-1].code, "CODE") == post.words.replace(post.row.code, "CODE")
        assert bool(request["reply_to"]) is (post.place is Place.REPLY)


def test_what_fitting_left_out_is_named_and_the_length_is_counted_by_every_limit(quick: Stage) -> None:
    info = channel("x-en", "x", most=280)
    counted = replace(info, lengths=lambda text: (Length(len(text), 280, "characters"), Length(1, 2, "links")))
    stage = replace(quick, channels=[counted, channel("roomy", "mastodon", most=5000)])
    stage.verdicts({"login": GOOD, "app": GOOD})
    asked = Declaration({"cards": PARTLY}, "Ana", free_text={"en": "We are sorry. " * 12})

    found = preview(stage.ctx, lambda ctx: incidents.declare(ctx, asked))

    roomy, small = found.posts
    assert (roomy.left_out, roomy.shortened) == ((), "")
    assert small.left_out[:1] == ("free_text",) and small.shortened.startswith("your own words")
    assert small.lengths == (Length(len(small.words), 280, "characters"), Length(1, 2, "links")) and len(small.words) <= 280
    assert small.link == f"https://status.example.com/u/{small.row.code}"


@pytest.mark.parametrize(("most", "gone"), [(1000, False), (150, True)])
def test_what_was_left_out_of_a_short_message_is_named_too(quick: Stage, most: int, gone: bool) -> None:
    stage = replace(quick, channels=[replace(channel("sms-es", "sms", language="es", most=most), sms=True)])
    quick.verdicts({"login": GOOD, "app": GOOD, "atm": GOOD})

    (post,) = preview(stage.ctx, lambda ctx: incidents.declare(ctx, Declaration({"cards": PARTLY}, "Ana"))).posts

    assert bool(post.left_out) is gone and bool(post.shortened) is gone
    assert post.words.endswith(post.row.code) and post.link == "" and len(post.words) <= most


def test_a_channel_that_would_stay_silent_says_why(quick: Stage) -> None:
    stage = replace(quick, channels=[*CHANNELS, channel("tiny", "mastodon", most=20)])
    spanish = {"en": "Wrong."}, {"en": "Right."}

    found = preview(stage.ctx, lambda ctx: incidents.declare(ctx, Declaration({"cards": PARTLY}, "Ana")))
    one = declared(stage)
    stage.deliver_all()
    correction = preview(
        stage.ctx,
        lambda ctx: corrections.correct(ctx, kind=INCIDENT, subject_id=one.id, sequence=1, wrong=spanish[0], text=spanish[1], who="Ana"),
    )

    assert "does not fit" in found.silent["tiny"] and len(found.silent) == 1 and found.missing == ()
    assert "'es'" in correction.silent["mastodon-es"] and correction.missing == ("es",)


def test_the_end_of_what_nobody_read_of_is_silent(quick: Stage) -> None:
    stage = quick.with_settings(policy={"default": "hold", "hold_s": 120.0})
    incident = declared(stage)

    found = preview(stage.ctx, lambda ctx: incidents.resolve(ctx, Resolution(incident.id, "Ana", cause="change")))

    assert found.posts == () and set(found.silent) == {"mastodon-en", "mastodon-es", "x-en", "facebook-en"}
    assert "no channel speaks of its end" in found.silent["x-en"]
    assert {row.state for row in stage.posts(incident)} == {DeliveryState.WAITING}, "the waiting posts were not withdrawn"


def test_a_warning_and_private_trouble_can_be_previewed_too(quick: Stage) -> None:
    warning = preview(quick.ctx, lambda ctx: warnings.fraud_warning(ctx, fake="bank-help[.]example", who="Ana"))
    private = preview(quick.ctx, lambda ctx: incidents.declare(ctx, Declaration({"treasury": DOWN}, "Ana")))

    assert warning.update.kind is NoticeKind.FRAUD_WARNING and len(warning.posts) == 4
    assert (private.texts, private.posts, private.silent, private.missing) == ({}, (), {}, ())
