"""What a correction took back is not said again: by no promised update, no title, no answer, and no person who does not mean to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from statuspage.actions import answers, automatic, corrections, facts, incidents, maintenance
from statuspage.actions.incidents import Change, Declaration, Reopening
from statuspage.actions.previews import preview
from statuspage.core.errors import InvalidText, NotAllowed
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, NoticeKind, SubjectKind
from statuspage.store.engine import Database
from statuspage.words import load_catalogue
from tests.actions.stage import DOWN, GOOD, PARTLY, SLOW, T0, Stage, channel, declared, settings

LANGUAGES = ("en", "es", "nl", "fr", "de")
RIGHT = {"en": "Only refunds are late.", "es": "Solo se retrasan las devoluciones.", "nl": "Alleen terugbetalingen komen later."}
RIGHT |= {"fr": "Seuls les remboursements sont en retard.", "de": "Nur Erstattungen sind verspätet."}
SYMPTOMS = load_catalogue().keys("symptom")


def sentence(symptom: str, language: str) -> str:
    return load_catalogue().template(("symptom", symptom), language).fill(lambda _: "Bizum")


@pytest.fixture
def five(sqlite_database: Database) -> Stage:
    """A page in five languages, with a post in each."""
    page = {**settings().page.model_dump(exclude_none=True), "languages": list(LANGUAGES)}
    posts = [channel(f"mastodon-{language}", "mastodon", language=language) for language in LANGUAGES]
    return Stage(sqlite_database, settings(page=page), channels=posts)


def corrected(stage: Stage, incident: Incident, wrong: Mapping[str, str], symptom: str | None = None, sequence: int = 1) -> Any:
    right = {language: RIGHT[language] for language in wrong}
    return incidents.correct(
        stage.ctx, incident_id=incident.id, sequence=sequence, wrong=wrong, text=right, who="Ana", symptom=symptom
    )  # fmt: skip


def standing(stage: Stage, incident: Incident) -> Incident:
    with stage.database.reading() as session:
        return incidents.incidents.get(session, incident.id)


def promised(stage: Stage, incident: Incident) -> Incident:
    """The promised update without news goes out."""
    return incidents.keep_promise(stage.ctx, incident_id=incident.id, promised=standing(stage, incident).next_update_by)  # type: ignore[arg-type]


def said_since(stage: Stage, incident: Incident, sequence: int) -> Iterator[str]:
    """Every text about it that is newer than an update, its titles, the answers to customers and what the page's answer is made of."""
    for update in stage.said(incident):
        yield from update.texts.values() if update.sequence > sequence else ()
    for post in stage.posts(incident):
        yield from (post.text, post.text_alone) if post.sequence > sequence else ()
    yield from standing(stage, incident).titles.values()
    with stage.database.reading() as session:
        for about in answers.answers(session, stage.ctx).about:
            yield from (text for answer in about.answers for text in answer.texts.values())
        told = facts.while_it_lasts(session, stage.ctx, standing(stage, incident), NoticeKind.UPDATE, {})
    yield from (sentence(str(told.symptom), language) for language in LANGUAGES)


@pytest.mark.parametrize("symptom", [key for key in SYMPTOMS if key != "trouble"])
def test_no_text_repeats_a_sentence_that_was_called_wrong_in_any_language(five: Stage, symptom: str) -> None:
    for language in LANGUAGES:
        incident = declared(five, "cards", symptom=symptom, scheme="Bizum")
        promised(five, incident)
        corrected(five, incident, {language: sentence(symptom, language)})
        five.forward(minutes=1)

        promised(five, incident)
        incidents.update(five.ctx, Change(incident.id, "Ana", status=IncidentStatus.IDENTIFIED, cause="supplier"))
        incidents.update(five.ctx, Change(incident.id, "Ana", components={"cards": DOWN}))

        wrong = {sentence(symptom, each) for each in LANGUAGES}
        found = list(said_since(five, incident, 3))
        assert [text for text in found if any(one in text for one in wrong)] == []
        assert sentence("trouble", language) in standing(five, incident).titles[language]
        incidents.resolve(five.ctx, incidents.Resolution(incident.id, "Ana"))


def test_the_answers_give_the_correction_though_the_wrong_sentence_was_repeated_before_it(five: Stage) -> None:
    incident = declared(five, "cards")
    promised(five, incident)

    corrected(five, incident, {"en": "Card payments are refused."})

    assert [text for text in said_since(five, incident, 3) if "Card payments are refused" in text] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "Card payments are refused.",
        "card payments are  refused",
        "We wrote: “Card payments are refused.” That was wrong.",
        "Cards, still the case: Card payments are refused.",
        "Card payments are refused, all of them.",
    ],
)
def test_the_sentence_is_known_however_it_is_quoted(quick: Stage, wrong: str) -> None:
    incident = declared(quick, "cards")

    corrected(quick, incident, {"en": wrong})

    now = standing(quick, incident)
    assert (now.symptom, now.titles["es"]) == ("trouble", "Cards (es): No todo funciona con normalidad.")


@pytest.mark.parametrize("wrong", ["Card payments are refused abroad only.", "It began at noon.", "We said that the app fails."])
def test_what_was_not_called_wrong_is_still_said(quick: Stage, wrong: str) -> None:
    incident = declared(quick, "cards")

    corrected(quick, incident, {"en": wrong})
    promised(quick, incident)

    assert standing(quick, incident).titles == incident.titles
    assert "Card payments are refused." in quick.said(incident)[-1].texts["en"]


def test_nor_is_what_the_correction_itself_calls_right(quick: Stage) -> None:
    incident = declared(quick, "cards")
    wrong, right = "Card payments are refused. It began at noon.", "Card payments are refused. It began in the morning."

    incidents.correct(quick.ctx, incident_id=incident.id, sequence=1, wrong={"en": wrong}, text={"en": right}, who="Ana")

    assert standing(quick, incident) == incident


def test_the_person_names_what_customers_notice_instead(quick: Stage) -> None:
    incident = declared(quick, "cards")

    corrected(quick, incident, {"en": "We said that no card works."}, symptom="late")
    promised(quick, incident)

    now = standing(quick, incident)
    assert (now.symptom, now.titles["en"], now.version) == ("late", "Cards: Payments arrive late.", incident.version + 2)
    assert "Payments arrive late." in quick.said(incident)[-1].texts["en"]


@pytest.mark.parametrize(
    ("symptom", "error", "message"),
    [("card", NotAllowed, "calls wrong"), ("dragons", InvalidText, "dragons"), ("scheme", NotAllowed, "payment scheme")],
)
def test_a_sentence_that_cannot_stand_instead_is_refused_and_nothing_is_said(
    quick: Stage, symptom: str, error: type[Exception], message: str
) -> None:
    incident = declared(quick, "cards")

    with pytest.raises(error, match=message):
        corrected(quick, incident, {"en": "Card payments are refused."}, symptom=symptom)

    assert len(quick.said(incident)) == 1 and standing(quick, incident) == incident


def test_when_even_the_sentence_that_names_nothing_is_wrong_a_person_has_to_name_one(quick: Stage) -> None:
    incident = declared(quick, "cards", symptom="trouble")

    with pytest.raises(NotAllowed, match="Name what customers notice instead: login, slow"):
        corrected(quick, incident, {"en": "Not everything works as it should."})


def test_what_is_slow_and_down_was_told_as_pages_that_do_not_open_and_that_is_taken_back(quick: Stage) -> None:
    incident = declared(quick, "cards", symptom="slow", status=DOWN)

    corrected(quick, incident, {"en": "Pages do not open."})
    promised(quick, incident)

    assert "Not everything works as it should." in quick.said(incident)[-1].texts["en"]


CHANGES: list[Mapping[str, ComponentStatus]] = [{"cards": SLOW}, {"cards": DOWN}, {"cards": GOOD, "transfers": DOWN}]


@pytest.mark.parametrize("change", CHANGES)
def test_an_update_about_components_does_not_bring_it_back(quick: Stage, change: Mapping[str, ComponentStatus]) -> None:
    incident = declared(quick, "cards")
    corrected(quick, incident, {"en": "Card payments are refused."})

    incidents.update(quick.ctx, Change(incident.id, "Ana", components=change))
    incidents.update(quick.ctx, Change(incident.id, "Ana", components={"cards": PARTLY}))

    assert all("Card payments are refused" not in update.texts["en"] for update in quick.said(incident)[2:])


def test_nor_does_reopening_but_a_person_who_names_it_does(quick: Stage) -> None:
    incident = declared(quick, "cards")
    corrected(quick, incident, {"en": "Card payments are refused."})
    incidents.update(quick.ctx, Change(incident.id, "Ana", status=IncidentStatus.MONITORING))
    incidents.reopen(quick.ctx, Reopening(incident.id, "Ana", components={"cards": DOWN}))

    incidents.update(quick.ctx, Change(incident.id, "Ana", symptom="card"))
    promised(quick, incident)

    said = [update.texts["en"] for update in quick.said(incident)]
    assert ["Card payments are refused" in text for text in said[2:]] == [False, False, True, True]


def test_nor_does_the_machine_in_an_incident_of_its_own(quick: Stage) -> None:
    incident = automatic.begin_automatic(quick.ctx, components={"cards": DOWN}, lead="cards", first_failed_at=T0)
    assert incident is not None
    corrected(quick, incident, {"en": "Card payments are refused."})
    automatic.extend_automatic(quick.ctx, incident_id=incident.id, components={"cards": PARTLY}, tell=True)
    automatic.recover(quick.ctx, incident_id=incident.id, restored_at=quick.forward(minutes=1))

    automatic.fail_again(
        quick.ctx, incident_id=incident.id, components={"cards": DOWN}, first_failed_at=quick.clock.now(), symptom="card"
    )  # fmt: skip

    assert [text for text in said_since(quick, incident, 2) if "Card payments are refused" in text] == []


def test_the_preview_of_the_next_update_says_what_is_true_now(quick: Stage) -> None:
    incident = declared(quick, "cards")
    corrected(quick, incident, {"en": "Card payments are refused."})

    found = preview(quick.ctx, lambda ctx: incidents.update(ctx, Change(incident.id, "Ana")))

    assert all("refused" not in text for text in (found.texts["en"], *(post.words for post in found.posts if post.row.language == "en")))


def test_the_subject_of_the_mails_does_not_go_on_to_say_it(quick: Stage) -> None:
    mails = Stage(quick.database, channels=[replace(channel("mail-en", "email", most=50_000), mail="To leave: …")])
    incident = declared(mails, "cards")
    promised(mails, incident)
    corrected(mails, incident, {"en": "Card payments are refused."})
    promised(mails, incident)

    subjects = [post.text.partition("\n")[0] for post in sorted(mails.posts(incident), key=lambda post: post.sequence)]

    assert subjects == ["Cards: Card payments are refused."] * 2 + ["Cards: Not everything works as it should."] * 2


def test_a_title_that_tells_what_was_wrong_is_made_anew_though_something_else_is_noticed_by_now(quick: Stage) -> None:
    incident = declared(quick, "cards")
    incidents.update(quick.ctx, Change(incident.id, "Ana", symptom="late"))

    corrected(quick, incident, {"en": "Card payments are refused."})

    now = standing(quick, incident)
    assert (now.symptom, now.titles["en"]) == ("late", "Cards: Payments arrive late.")


def test_work_that_was_planned_under_a_wrong_sentence_does_not_repeat_it(quick: Stage) -> None:
    asked = maintenance.Plan(("cards",), T0 + timedelta(hours=30), T0 + timedelta(hours=31), "Ana")
    work = maintenance.plan(quick.ctx, asked).work
    said: dict[str, Any] = {"kind": SubjectKind.MAINTENANCE, "subject_id": work.id, "sequence": 1, "who": "Ana"}
    corrections.correct(quick.ctx, wrong={"en": "Card payments are refused."}, text={"en": RIGHT["en"]}, **said)

    maintenance.start(quick.ctx, work_id=work.id, who="Ana")

    assert "Not everything works as it should." in quick.said(work.id, SubjectKind.MAINTENANCE)[-1].texts["en"]
    assert work.titles == {"en": "Planned work: Cards.", "es": "Trabajos previstos: Cards (es)."}


def test_a_declaration_is_not_minded_by_corrections_of_others(quick: Stage) -> None:
    corrected(quick, declared(quick, "cards"), {"en": "Card payments are refused."})

    other = incidents.declare(quick.ctx, Declaration({"cards": DOWN, "atm": DOWN}, "Ana"))

    assert other.titles["en"] == "Cards: Card payments are refused."
