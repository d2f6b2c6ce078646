"""Every notice in every language and form: whole, filled, the same each time, and never without what a customer must read."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from statuspage.core.errors import InvalidText, NotAllowed
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import NoticeKind
from statuspage.words import MissingTranslation, PageFacts, Words, load_catalogue, parse_catalogue, reading
from statuspage.words.catalogue import BEGINNING_KINDS
from tests.words.samples import (
    CODE,
    INCIDENT_URL,
    KINDS,
    LANGUAGES,
    NOW,
    SHORT_NAMES,
    VERIFICATION,
    all_slots,
    assert_well_formed,
    facts,
    fits_x,
    page,
    words,
)
from tests.words.test_catalogue import changed

KINDS_AND_LANGUAGES = list(product(KINDS, LANGUAGES))


def forms(speaker: Words, given: Facts, language: str) -> dict[str, str]:
    """Every form of a notice."""
    return {
        "page": speaker.page(given, language, url=INCIDENT_URL, now=NOW),
        "link": speaker.short(given, language, code=CODE, link=True, fits=fits_x, now=NOW),
        "reference": speaker.short(given, language, code=CODE, link=False, fits=fits_x, now=NOW),
        "sms": speaker.sms(given, language, now=NOW),
        "voice": speaker.voice(given, language, now=NOW),
    } | ({"title": speaker.title(given, language)} if given.kind in BEGINNING_KINDS else {})


@pytest.mark.parametrize(("kind", "language"), KINDS_AND_LANGUAGES)
def test_every_form_is_well_formed_and_the_same_each_time(kind: NoticeKind, language: str) -> None:
    given = facts(kind)

    written = forms(words(), given, language)

    for text in written.values():
        assert_well_formed(text)
    assert forms(words(), given, language) == written


@pytest.mark.parametrize(("kind", "language"), KINDS_AND_LANGUAGES)
def test_without_the_optional_sentences_nothing_is_left_of_them(kind: NoticeKind, language: str) -> None:
    bare = facts(kind, works=(), advice=(), late=None, cause="change" if kind is NoticeKind.IDENTIFIED else None)
    bare = replace(bare, next=None) if kind is NoticeKind.CORRECTION else bare
    sentences = ("works_line", "next_line") if kind is NoticeKind.CORRECTION else ("works_line",)
    labels = [load_catalogue().template((name,), language).source().split("{")[0].strip() for name in sentences]

    for form, text in forms(words(), bare, language).items():
        assert_well_formed(text)
        assert not any(label in text for label in labels), form


@pytest.mark.parametrize(("kind", "language"), KINDS_AND_LANGUAGES)
def test_page_notices_are_easy_to_read(kind: NoticeKind, language: str) -> None:
    for given in (facts(kind), facts(kind, advice=(), late=None, cause="change")):
        measured = reading.measure(words().page(given, language, url=INCIDENT_URL, now=NOW))

        assert measured.plain, measured


# --- what a page, a title and a post hold ------------------------------------------------------------------------------


def test_the_page_links_safety_to_the_page_and_the_rest_to_the_incident_and_the_forms() -> None:
    resolved = words().page(facts(NoticeKind.RESOLVED), "en", url=INCIDENT_URL, now=NOW)
    automatic = words().page(facts(NoticeKind.RESOLVED_AUTO), "en", url=INCIDENT_URL, now=NOW)
    monitoring = words().page(facts(NoticeKind.MONITORING), "en", url=INCIDENT_URL, now=NOW)

    assert resolved.endswith("Trust only https://status.example.com.")
    assert "Tell us: https://status.example.com/claim." in resolved
    assert f"Tell us: {INCIDENT_URL}." in automatic
    assert "Tell us: https://status.example.com/contact." in monitoring


def test_the_page_names_all_that_works_and_a_post_at_most_three() -> None:
    given = facts(NoticeKind.INVESTIGATING, works=("transfers", "app", "web", "bizum", "cash"), advice=())

    assert "Still working: Transfers, Mobile app, Website, Bizum, Cash machines." in words().page(given, "en", url=INCIDENT_URL, now=NOW)
    assert "Still working: Transfers, Mobile app, Website. " in words().short(given, "en", code=CODE, link=True, fits=fits_x, now=NOW)


def test_the_page_gives_two_pieces_of_advice_and_a_post_one() -> None:
    given = facts(NoticeKind.UPDATE, advice=("use_web", "use_app", "no_call"))

    whole = words().page(given, "en", url=INCIDENT_URL, now=NOW)
    post = words().short(given, "en", code=CODE, link=True, fits=fits_x, now=NOW)

    assert "Try our website instead. Try our app instead.\n" in whole
    assert "Try our website instead. Next update" in post


def test_planned_work_always_has_its_dates() -> None:
    text = words().page(facts(NoticeKind.PLANNED), "en", url=INCIDENT_URL, now=NOW)

    assert "Start: Mon 23 Nov 13:20 CET. End: Mon 23 Nov 14:35 CET." in text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in BEGINNING_KINDS])
def test_only_kinds_that_begin_something_have_a_title(kind: NoticeKind) -> None:
    with pytest.raises(NotAllowed, match="has no title"):
        words().title(facts(kind), "en")


def test_titles_name_the_service_and_what_customers_notice() -> None:
    assert words().title(facts(NoticeKind.INVESTIGATING), "fr") == "Paiements par carte : Les paiements par carte sont refusés."
    assert words().title(facts(NoticeKind.PLANNED, free_text={"fr": "Bonjour."}), "fr") == "Travaux prévus : Paiements par carte."


def test_a_persons_free_text_stands_between_the_template_and_its_safety_line() -> None:
    given = facts(NoticeKind.UPDATE, free_text={"en": "Our branches are open until 20:00"}, works=(), advice=())
    bare = replace(given, free_text={})

    whole = words().page(given, "en", url=INCIDENT_URL, now=NOW)
    post = words().short(given, "en", code=CODE, link=True, fits=fits_x, now=NOW)

    said, safety = words().page(bare, "en", url=INCIDENT_URL, now=NOW).rsplit("\n", 1)
    assert whole == f"{said}\nOur branches are open until 20:00.\n{safety}" and safety.startswith("We never ask")
    posted, end = words().short(bare, "en", code=CODE, link=True, fits=fits_x, now=NOW).split(" We never ask")
    assert post == f"{posted} Our branches are open until 20:00. We never ask{end}"
    assert words().sms(given, "en", now=NOW) == words().sms(bare, "en", now=NOW)
    assert words().voice(given, "en", now=NOW) == words().voice(bare, "en", now=NOW)
    assert words().page(given, "nl", url=INCIDENT_URL, now=NOW) == words().page(bare, "nl", url=INCIDENT_URL, now=NOW)


def test_a_persons_sentences_get_the_full_stop_they_lack() -> None:
    given = facts(NoticeKind.CORRECTION, text={"en": "Cash machines work"}, wrong={"en": "All is down!"})

    text = words().page(given, "en", url=INCIDENT_URL, now=NOW)

    assert "\nWrong: All is down!\nCorrect: Cash machines work.\nNext update" in text


# --- what must be there ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", ["service", "symptom", "start", "end", "was", "next", "review", "duration_s", "fake", "text", "wrong", "affected"]
)
def test_a_page_text_without_a_value_that_it_needs_is_refused(kind: NoticeKind, name: str) -> None:
    slot = "duration" if name == "duration_s" else name
    slots = all_slots(("notice", kind, "page"))
    without: object = {} if name in ("text", "wrong") else () if name == "affected" else None
    given = facts(kind, **{name: without})

    if slot in slots:
        with pytest.raises(NotAllowed, match=rf"notice\.{kind}\.page in 'en': {{{slot}}} has no value"):
            words().page(given, "en", url=INCIDENT_URL, now=NOW)
    else:
        assert words().page(given, "en", url=INCIDENT_URL, now=NOW)


def test_the_symptom_of_a_scheme_needs_the_name_of_the_scheme() -> None:
    with pytest.raises(NotAllowed, match=r"{scheme} has no value"):
        words().page(facts(NoticeKind.UPDATE, symptom="scheme", scheme=None), "en", url=INCIDENT_URL, now=NOW)


def test_identified_needs_a_cause_that_is_known() -> None:
    with pytest.raises(NotAllowed, match="no cause was given"):
        words().page(facts(NoticeKind.IDENTIFIED, cause=None), "en", url=INCIDENT_URL, now=NOW)
    with pytest.raises(NotAllowed, match="'unknown' was given"):
        words().page(facts(NoticeKind.IDENTIFIED, cause="unknown"), "en", url=INCIDENT_URL, now=NOW)


@pytest.mark.parametrize(
    "wrong", [{"symptom": "nothing"}, {"cause": "aliens"}, {"advice": ("pray",)}, {"late": "never"}, {"service": "submarine"}]
)
def test_a_key_that_no_list_has_is_refused(wrong: dict[str, object]) -> None:
    given = facts(NoticeKind.RESOLVED if {"late", "service"} & set(wrong) else NoticeKind.UPDATE, **wrong)

    with pytest.raises(InvalidText, match=r"nothing|aliens|pray|never|submarine"):
        words().page(given, "en", url=INCIDENT_URL, now=NOW)


def test_an_alarm_has_no_public_text() -> None:
    with pytest.raises(InvalidText, match=r"notice\.alarm"):
        words().page(Facts(kind=NoticeKind.ALARM), "en", url=INCIDENT_URL, now=NOW)


def test_without_a_phone_number_the_advice_that_gives_it_is_left_out() -> None:
    given = facts(NoticeKind.UPDATE, advice=("urgent", "use_web"))

    text = words(phone=None).page(given, "en", url=INCIDENT_URL, now=NOW)

    assert "Lost card" not in text
    assert "Try our website instead." in text
    assert words(phone=None).blocked_languages(given) == set()


def test_without_a_phone_number_a_fraud_warning_is_refused() -> None:
    with pytest.raises(NotAllowed, match=r"page\.phone is not set in statuspage\.yaml"):
        words(phone=None).page(facts(NoticeKind.FRAUD_WARNING), "en", url=INCIDENT_URL, now=NOW)


# --- languages ---------------------------------------------------------------------------------------------------------


def test_a_missing_translation_blocks_its_language_and_no_other() -> None:
    speaker = Words(page(), parse_catalogue(changed("symptom", "atm", "fr", drop=True)))

    assert speaker.blocked_languages(facts(NoticeKind.UPDATE, symptom="atm")) == {"fr"}
    assert speaker.blocked_languages(facts(NoticeKind.UPDATE, symptom="card")) == set()
    with pytest.raises(MissingTranslation):
        speaker.page(facts(NoticeKind.UPDATE, symptom="atm"), "fr", url=INCIDENT_URL, now=NOW)
    assert speaker.page(facts(NoticeKind.UPDATE, symptom="atm"), "nl", url=INCIDENT_URL, now=NOW)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("safety", "nl"), NoticeKind.UPDATE),
        (("notice", "update", "sms", "nl"), NoticeKind.UPDATE),
        (("works_line", "nl"), NoticeKind.UPDATE),
        (("reference", "nl"), NoticeKind.UPDATE),
        (("fraud_voice", "nl"), NoticeKind.FRAUD_WARNING),
        (("next_line", "nl"), NoticeKind.CORRECTION),
        (("late", "waiting", "nl"), NoticeKind.MONITORING),
        (("cause", "supplier", "nl"), NoticeKind.IDENTIFIED),
        (("advice", "no_call", "nl"), NoticeKind.PLANNED),
    ],
)
def test_whatever_a_notice_takes_in_must_exist_in_the_language(path: tuple[str, ...], kind: NoticeKind) -> None:
    speaker = Words(page(), parse_catalogue(changed(*path, drop=True)))

    assert speaker.blocked_languages(facts(kind)) == {"nl"}


def test_a_language_of_the_page_that_nobody_wrote_is_blocked() -> None:
    assert words(languages=(*LANGUAGES, "it")).blocked_languages(facts(NoticeKind.UPDATE)) == {"it"}


def test_a_correction_needs_a_persons_sentences_in_the_language_and_a_free_addition_does_not() -> None:
    assert words().blocked_languages(facts(NoticeKind.CORRECTION, text={"en": "So."})) == {"es", "nl", "fr", "de"}
    assert words().blocked_languages(facts(NoticeKind.UPDATE, free_text={"en": "So."})) == set()


def test_a_name_without_translation_is_the_default_languages() -> None:
    given = facts(NoticeKind.PLANNED_DONE, service="bizum")

    assert "Bizum" in words().page(given, "de", url=INCIDENT_URL, now=NOW)


# --- replies and single words ------------------------------------------------------------------------------------------


def test_a_personal_reply_needs_its_case_number() -> None:
    with pytest.raises(NotAllowed, match=r"{reply_by} has no value"):
        words().reply("question_personal", facts(NoticeKind.UPDATE), "en", url=VERIFICATION, fits=fits_x, now=NOW, ref="2026-1234")
    with pytest.raises(InvalidText, match="Allowed: reaction, question_simple"):
        words().reply("praise", facts(NoticeKind.UPDATE), "en", url=VERIFICATION, fits=fits_x, now=NOW)


def test_states_and_phases_have_names() -> None:
    assert words().state_name("partial_outage", "en") == "Partly down"
    assert words().phase_name("monitoring", "de") == "Läuft wieder, wird beobachtet"
    assert words().verification_url(CODE) == VERIFICATION


def test_page_facts_are_carried_by_the_words() -> None:
    assert isinstance(words().facts, PageFacts)
    assert words().facts.names == SHORT_NAMES
