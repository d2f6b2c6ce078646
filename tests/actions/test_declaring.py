"""What a person's first word writes: update, notice and deliveries, for the public and for nobody else."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import resources

import pytest

from statuspage.actions import incidents
from statuspage.actions.incidents import Declaration
from statuspage.core.errors import Conflict, InvalidText, NotAllowed, NotFound
from statuspage.core.seal import seal_ok
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, Impact, IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import audit, notices
from statuspage.words import Words, parse_catalogue, sms
from tests.actions.stage import DOWN, LANGUAGES, PARTLY, PUBLIC, SECRET_NAME, SLOW, T0, Stage, channel, declared


def test_declaring_writes_update_notice_and_one_sealed_delivery_per_public_channel(stage: Stage) -> None:
    incident = declared(stage)

    (update,), posts = stage.said(incident), stage.posts(incident)
    with stage.database.reading() as session:
        (notice,) = notices.of_subject(session, SubjectKind.INCIDENT, incident.id)

    assert (incident.status, incident.impact, update.kind) == (IncidentStatus.INVESTIGATING, Impact.MAJOR, NoticeKind.INVESTIGATING)
    assert set(update.texts) == set(LANGUAGES) and "Card payments are refused." in update.texts["en"]
    assert {post.channel for post in posts} == PUBLIC
    assert all(post.state is DeliveryState.QUEUED and post.notice_id == notice.id for post in posts)
    assert all(seal_ok(post, stage.ctx.seal_key) for post in posts)
    assert len({post.code for post in posts}) == len(posts)
    assert incident.titles == {"en": "Cards: Card payments are refused.", "es": "Cards (es): Los pagos con tarjeta se rechazan."}


@pytest.mark.parametrize(
    ("slug", "told"),
    [
        ("cards", "Cards: Not everything works as it should."),
        ("atm", "Atm: Not everything works as it should."),
        ("bizum", "Bizum: Not everything works as it should."),
        ("login", "Login: Pages load slowly."),
    ],
)
def test_what_is_slow_or_unstable_is_not_said_to_work_not_at_all(quick: Stage, slug: str, told: str) -> None:
    assert declared(quick, slug, status=SLOW).titles["en"] == told


def test_unless_the_person_names_the_sentence(quick: Stage) -> None:
    assert declared(quick, "cards", status=SLOW, symptom="card").titles["en"] == "Cards: Card payments are refused."


def test_the_promise_is_a_whole_minute_and_the_posts_are_valid_until_then(quick: Stage) -> None:
    quick.forward(seconds=17)

    incident = declared(quick)

    assert incident.next_update_by == T0.replace(hour=14, minute=6)  # 30 min for a partial outage, rounded up
    assert {post.valid_until for post in quick.posts(incident)} == {incident.next_update_by}


def test_a_channel_gets_its_language_its_link_rule_and_its_mode(quick: Stage) -> None:
    incident = declared(quick)
    quick.deliver_all()
    incidents.update(quick.ctx, incidents.Change(incident.id, "Ana"))

    posts = {(post.channel, post.sequence): post for post in quick.posts(incident)}

    assert f"https://status.example.com/u/{posts['x-en', 1].code}" in posts["x-en", 1].text
    assert f"Ref {posts['x-en', 2].code}" in posts["x-en", 2].text and "https://" not in posts["x-en", 2].text
    assert f"/u/{posts['x-en', 2].code}" in posts["x-en", 2].text_alone
    assert "pagos con tarjeta" in posts["mastodon-es", 1].text
    assert posts["facebook-en", 2].story.startswith(posts["facebook-en", 2].text_alone)
    assert "We are looking for the cause." in posts["facebook-en", 2].story
    assert posts["mastodon-en", 2].story == ""


def test_private_components_reach_operators_and_nobody_else(stage: Stage) -> None:
    incident = declared(stage, "treasury", status=DOWN)

    (update,) = stage.said(incident)

    assert stage.posts(incident) == [] and update.texts == {} and incident.titles == {}
    assert "treasury: major_outage" in stage.alarms()[f"private:{incident.id}"]


def test_a_private_component_beside_a_public_one_is_not_named_and_does_not_count_for_the_impact(quick: Stage) -> None:
    asked = Declaration({"treasury": DOWN, "cards": SLOW}, "Ana")

    incident = incidents.declare(quick.ctx, asked)

    (update,) = quick.said(incident)
    public = [*update.texts.values(), *incident.titles.values(), *(post.text for post in quick.posts(incident))]
    assert not any(SECRET_NAME in text or "treasury" in text for text in public)
    assert incident.impact is Impact.MINOR
    assert [slug for slug, _, _ in update.affected] == ["cards"]


def test_a_drill_reaches_sandbox_channels_only_and_a_real_incident_none_of_them(quick: Stage) -> None:
    drill = declared(quick, "cards", drill=True)
    real = declared(quick, "cards")

    assert {post.channel for post in quick.posts(drill)} == {"sandbox-en"}
    assert {post.channel for post in quick.posts(real)} == PUBLIC


def test_a_channel_with_components_of_its_own_hears_of_these_alone(quick: Stage) -> None:
    stage = replace(quick, channels=(channel("cards-only", "mastodon", components=["cards"]), channel("all", "x")))

    login, cards = declared(stage, "login"), declared(stage, "cards")

    assert {post.channel for post in stage.posts(login)} == {"all"}
    assert {post.channel for post in stage.posts(cards)} == {"all", "cards-only"}


def test_a_group_is_named_when_most_of_it_is_hit_and_the_first_component_otherwise(quick: Stage) -> None:
    most = declared(quick, "cards", "atm", "transfers")
    few = declared(quick, "login", "app")

    assert most.titles["en"].startswith("Payments:") and few.titles["en"].startswith("Login:")
    assert "Affected: Cards, Atm, Transfers." in quick.said(most)[0].texts["en"]


def test_advice_is_what_holds_for_everything_that_is_hit(quick: Stage) -> None:
    incident = declared(quick, "login", "app")

    text = quick.said(incident)[0].texts["en"]

    assert "You do not need to call." in text and "Try our website instead." not in text and "pay by card" not in text


def test_works_names_what_checks_see_working_and_nothing_that_is_in_trouble(quick: Stage) -> None:
    good = ComponentStatus.OPERATIONAL
    quick.verdicts({"login": good, "app": DOWN, "cards": DOWN, "atm": good, "treasury": good, "bizum": ComponentStatus.UNKNOWN})
    declared(quick, "atm")
    soon, later = declared(quick, "cards"), quick.forward(minutes=2)

    incidents.update(quick.ctx, incidents.Change(soon.id, "Ana"))

    first, second = (update.texts["en"] for update in quick.said(soon))
    assert "Still working: Login.\n" in first
    assert "Still working" not in second, f"the results were old at {later}"


def test_a_text_that_does_not_fit_is_not_posted_there_and_operators_hear_of_it(quick: Stage) -> None:
    stage = replace(quick, channels=(channel("tiny", "x", most=20), channel("roomy", "mastodon")))

    incident = declared(stage)

    assert [post.channel for post in stage.posts(incident)] == ["roomy"]
    assert "tiny" in stage.alarms()["fit:tiny"]


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        (Declaration({}, "Ana"), NotAllowed, "at least one component"),
        (Declaration({"moon": DOWN}, "Ana"), NotFound, "no component 'moon'"),
        (Declaration({"cards": ComponentStatus.OPERATIONAL}, "Ana"), NotAllowed, "cannot be given the status operational"),
        (Declaration({"cards": SLOW}, "Ana", symptom="dragons"), InvalidText, "dragons"),
        (Declaration({"cards": SLOW}, "Ana", symptom="scheme"), NotAllowed, "payment scheme"),
        (Declaration({"cards": SLOW}, "Ana", started_at=T0.replace(hour=23)), NotAllowed, "in the future"),
        (Declaration({"cards": SLOW}, "Ana", next_update_by=T0), NotAllowed, "that is past"),
        (Declaration({"cards": SLOW}, "Ana", free_text={"en": "See https://evil.example/x now."}), InvalidText, "evil.example"),
        (Declaration({"cards": SLOW}, "Ana", free_text={"sv": "Hej."}), NotAllowed, "does not speak 'sv'"),
    ],
)
def test_what_may_not_be_declared_is_refused_whole(quick: Stage, asked: Declaration, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        incidents.declare(quick.ctx, asked)

    with quick.database.reading() as session:
        assert audit.listing(session) == [] and incidents.incidents.listing(session) == []


def test_a_second_declaration_of_the_same_trouble_is_a_conflict_that_shows_the_first(quick: Stage) -> None:
    first = declared(quick, "cards", "atm")

    with pytest.raises(Conflict) as refused:
        declared(quick, "atm")

    assert refused.value.current == first


def test_a_major_outage_on_one_social_network_alone_is_refused(quick: Stage) -> None:
    """N9"""
    lonely = replace(quick, channels=(channel("mastodon-en", "mastodon"), channel("mastodon-es", "mastodon", language="es")))

    with pytest.raises(NotAllowed, match="mastodon alone"):
        declared(lonely, status=DOWN)

    assert declared(lonely, status=PARTLY).impact is Impact.MAJOR
    assert declared(replace(lonely, channels=()), "login", status=DOWN).impact is Impact.CRITICAL
    assert declared(replace(lonely, channels=(*lonely.channels, channel("hook", "webhook"))), "app", status=DOWN)


def test_free_text_follows_the_template_and_goes_first_where_room_is_short(quick: Stage) -> None:
    own = "Cash machines of other banks work. " * 5

    incident = declared(quick, free_text={"en": own.strip()})

    posts = {post.channel: post for post in quick.posts(incident)}
    assert f"\n{own.strip()}\nWe never ask" in quick.said(incident)[0].texts["en"]
    assert own.strip() in posts["facebook-en"].text and own.strip() not in posts["x-en"].text
    assert "(es)" in posts["mastodon-es"].text and "Cash machines" not in posts["mastodon-es"].text


def test_a_missing_translation_blocks_its_language_and_no_other(quick: Stage) -> None:
    text = resources.files("statuspage.data").joinpath("notices.yaml").read_text(encoding="utf-8")
    lacking = parse_catalogue(re.sub(r"(\n  card: .*?), es: \"[^\"]*\"", r"\1", text).encode())
    quick.ctx = replace(quick.ctx, words=Words(quick.ctx.words._page, lacking))

    incident = declared(quick, "cards")

    assert set(incident.titles) == set(quick.said(incident)[0].texts) == {"en"}
    assert {post.channel for post in quick.posts(incident)} == PUBLIC - {"mastodon-es"}
    assert "'es'" in quick.alarms()["language:es:investigating"]
    assert set(declared(quick, "login").titles) == {"en", "es"}


def test_only_codes_that_no_message_carries_are_given_out(quick: Stage) -> None:
    class Repeats:
        def __init__(self) -> None:
            self.codes = iter(["AAAAAAA", "AAAAAAA", "BBBBBBB", "BBBBBBB", "CCCCCCC", "DDDDDDD"])

        def token(self, length: int, alphabet: str) -> str:
            return next(self.codes) if length == 7 else ids.token(length, alphabet)

    ids = quick.ctx.ports.random
    quick.ctx = replace(quick.ctx, ports=replace(quick.ctx.ports, random=Repeats()))

    incident = declared(quick)

    assert {post.code for post in quick.posts(incident)} == {"AAAAAAA", "BBBBBBB", "CCCCCCC", "DDDDDDD"}


def test_a_channel_of_short_messages_gets_the_form_made_for_them(quick: Stage) -> None:
    """No address, letters that phone networks carry cheaply, at most two parts, and the code by which anybody can check it."""
    phones = [replace(channel(f"phones-{one}", "sms", language=one, mode="new"), fits=sms.fits, sms=True) for one in LANGUAGES]
    stage = replace(quick, channels=phones)

    incident = declared(stage)

    posts = stage.posts(incident)
    assert {post.language for post in posts} == set(LANGUAGES)
    for post in posts:
        assert post.text.endswith(f" {post.code}") and post.text_alone == post.text and post.story == ""
        assert "http" not in post.text and sms.is_gsm(post.text) and sms.segments(post.text).parts <= 2
        assert stage.ctx.genuine(post)
