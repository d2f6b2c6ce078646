"""Every notice in every language and form: whole, filled, the same each time, and never without what a customer must read."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from statuspage.core.errors import CannotFit, InvalidText, NotAllowed
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import NoticeKind
from statuspage.words import MissingTranslation, PageFacts, Words, load_catalogue, parse_catalogue, reading, sms
from statuspage.words.catalogue import BEGINNING_KINDS
from tests.words.samples import (
    CODE,
    INCIDENT_URL,
    KINDS,
    LANGUAGES,
    LONG_NAMES,
    NOW,
    SHORT_NAMES,
    all_slots,
    choices,
    facts,
    far,
    fits_x,
    long_words,
    page,
    words,
)
from tests.words.test_catalogue import changed

KINDS_AND_LANGUAGES = list(product(KINDS, LANGUAGES))
VERIFICATION = f"https://status.example.com/u/{CODE}"


def forms(speaker: Words, given: Facts, language: str) -> dict[str, str]:
    """Every form of a notice."""
    return {
        "page": speaker.page(given, language, url=INCIDENT_URL, now=NOW),
        "link": speaker.short(given, language, code=CODE, link=True, fits=fits_x, now=NOW),
        "reference": speaker.short(given, language, code=CODE, link=False, fits=fits_x, now=NOW),
        "sms": speaker.sms(given, language, now=NOW),
        "voice": speaker.voice(given, language, now=NOW),
    } | ({"title": speaker.title(given, language)} if given.kind in BEGINNING_KINDS else {})


def assert_well_formed(text: str) -> None:
    assert "{" not in text
    assert "}" not in text
    for line in text.split("\n"):
        assert line == " ".join(line.split()), line
        assert line
    assert ".." not in text.replace("...", "")
    assert not re.search(r" [.,;]", text)


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


def never_dropped(given: Facts, language: str, slots: frozenset[str]) -> list[str]:
    """What every fitted text of these facts must still hold, as far as its template speaks of it."""
    catalogue = load_catalogue()
    held: list[str] = []
    if "service" in slots:
        held.append(" ".join(LONG_NAMES["cards"][language].split()))
    if "symptom" in slots and given.symptom:
        held.append(catalogue.template(("symptom", given.symptom), language).fill(lambda _: given.scheme or ""))
    if "late" in slots and given.late:
        held.append(catalogue.template(("late", given.late), language).source().split("{")[0].strip())
    dated = given.kind in (NoticeKind.PLANNED, NoticeKind.PLANNED_CANCELLED)
    for slot in sorted(slots & {"start", "end", "next", "was"}):
        held.append(LONG.moment(getattr(given, slot), language, now=NOW, with_date=dated))
    return [*held, catalogue.template(("safety_short",), language).source()]


def check_short(given: Facts, language: str, *, link: bool) -> None:
    text = LONG.short(given, language, code=CODE, link=link, fits=fits_x, now=NOW)

    assert fits_x(text)
    assert_well_formed(text)
    for part in never_dropped(given, language, all_slots(("notice", given.kind, "short"))):
        assert part in text, f"{part!r} is lost in {text!r}"
    end = VERIFICATION if link else load_catalogue().template(("reference",), language).fill(lambda _: CODE)
    assert text.endswith(" " + end)
    assert (VERIFICATION in text) is link


def check_sms(given: Facts, language: str) -> None:
    text = LONG.sms(given, language, now=NOW)

    assert sms.segments(text).parts <= 2
    assert sms.is_gsm(text)
    assert "http" not in text
    for part in never_dropped(given, language, all_slots(("notice", given.kind, "sms"))):
        assert sms.to_gsm(part) in text


def check_voice(given: Facts, language: str) -> None:
    text = LONG.voice(given, language, now=NOW)

    assert len(text) <= 340
    assert "http" not in text
    assert text.startswith(load_catalogue().template(("fraud_voice",), language).source())
    assert text.endswith(load_catalogue().template(("safety_voice",), language).source())


LONG = long_words()
EVERYTHING = [
    (given, language)
    for kind in KINDS
    for near in choices(kind, all_slots(("notice", kind, "short")) | all_slots(("notice", kind, "sms")))
    for given in (near, far(near))
    for language in LANGUAGES
]


def test_a_sample_of_all_combinations_fits_with_the_longest_names_and_loses_nothing() -> None:
    for given, language in random.Random(7).sample(EVERYTHING, 200):
        check_short(given, language, link=True)
        check_short(given, language, link=False)
        check_sms(given, language)
        check_voice(given, language)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "language"), KINDS_AND_LANGUAGES)
def test_every_combination_fits_with_the_longest_names_and_loses_nothing(kind: NoticeKind, language: str) -> None:
    mine = [given for given, spoken in EVERYTHING if given.kind is kind and spoken == language]
    assert mine

    for given in mine:
        check_short(given, language, link=True)
        check_short(given, language, link=False)
        check_sms(given, language)
        check_voice(given, language)


def test_all_symptoms_causes_advice_and_waiting_sentences_are_among_the_combinations() -> None:
    catalogue = load_catalogue()

    assert {given.symptom for given, _ in EVERYTHING} >= set(catalogue.keys("symptom"))
    assert {given.cause for given, _ in EVERYTHING} >= set(catalogue.keys("cause"))
    assert {key for given, _ in EVERYTHING for key in given.advice} == set(catalogue.keys("advice"))
    assert {given.late for given, _ in EVERYTHING} >= set(catalogue.keys("late"))
    assert {given.kind for given, _ in EVERYTHING} == set(KINDS)


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


def test_a_persons_free_text_stands_only_after_the_template() -> None:
    given = facts(NoticeKind.UPDATE, free_text={"en": "Our branches are open until 20:00"}, works=(), advice=())
    bare = replace(given, free_text={})

    whole = words().page(given, "en", url=INCIDENT_URL, now=NOW)
    post = words().short(given, "en", code=CODE, link=True, fits=fits_x, now=NOW)

    assert whole == words().page(bare, "en", url=INCIDENT_URL, now=NOW) + "\nOur branches are open until 20:00."
    assert post == words().short(bare, "en", code=CODE, link=True, fits=fits_x, now=NOW) + " Our branches are open until 20:00."
    assert words().sms(given, "en", now=NOW) == words().sms(bare, "en", now=NOW)
    assert words().voice(given, "en", now=NOW) == words().voice(bare, "en", now=NOW)
    assert words().page(given, "nl", url=INCIDENT_URL, now=NOW) == words().page(bare, "nl", url=INCIDENT_URL, now=NOW)


def test_a_free_text_that_does_not_fit_a_post_goes_before_anything_else() -> None:
    given = facts(NoticeKind.UPDATE, free_text={"en": "A long addition of a person. " * 8})
    bare = replace(given, free_text={})

    assert words().short(given, "en", code=CODE, link=True, fits=fits_x, now=NOW) == words().short(
        bare, "en", code=CODE, link=True, fits=fits_x, now=NOW
    )


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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message_class", load_catalogue().keys("reply"))
def test_a_reply_fits_and_never_loses_the_safety_line(message_class: str, language: str) -> None:
    for symptom, works in product(load_catalogue().keys("symptom"), [(), ("transfers", "app", "web")]):
        given = facts(NoticeKind.UPDATE, symptom=symptom, works=works, free_text={language: "Not for one customer."})

        text = LONG.reply(
            message_class, given, language, url=VERIFICATION, fits=fits_x, now=NOW, ref="2026-1234", reply_by=NOW + timedelta(hours=20)
        )

        assert_well_formed(text)
        assert fits_x(text)
        assert load_catalogue().template(("safety_short",), language).source() in text
        assert "Not for one" not in text


def test_a_personal_reply_needs_its_case_number() -> None:
    with pytest.raises(NotAllowed, match=r"{reply_by} has no value"):
        words().reply("question_personal", facts(NoticeKind.UPDATE), "en", url=VERIFICATION, fits=fits_x, now=NOW, ref="2026-1234")
    with pytest.raises(InvalidText, match="Allowed: reaction, question_simple"):
        words().reply("praise", facts(NoticeKind.UPDATE), "en", url=VERIFICATION, fits=fits_x, now=NOW)


def test_states_and_phases_have_names() -> None:
    assert words().state_name("partial_outage", "en") == "Partly down"
    assert words().phase_name("monitoring", "de") == "Läuft wieder, wird beobachtet"
    assert words().verification_url(CODE) == VERIFICATION


# --- limits of other networks ------------------------------------------------------------------------------------------

LIMITS: list[tuple[str, Callable[[str], int], int]] = [
    ("characters", len, 500),
    ("bytes", lambda text: len(text.encode()), 400),
    ("utf-16", lambda text: len(text.encode("utf-16-le")) // 2, 300),
]


@pytest.mark.parametrize(("name", "measure", "most"), LIMITS, ids=[name for name, _, _ in LIMITS])
def test_texts_fit_however_a_network_counts_and_keep_state_and_link(name: str, measure: Callable[[str], int], most: int) -> None:
    """D25"""
    chance = random.Random(most)
    for given, language in chance.sample(EVERYTHING, 100):
        text = LONG.short(given, language, code=CODE, link=True, fits=lambda text: measure(text) <= most, now=NOW)

        assert measure(text) <= most
        assert text.endswith(VERIFICATION)
        assert all(part in text for part in never_dropped(given, language, all_slots(("notice", given.kind, "short"))))


def test_a_channel_too_small_for_what_may_not_be_dropped_is_refused() -> None:
    with pytest.raises(CannotFit, match=r"notice\.update\.short in 'en' does not fit: the shortest version still has \d+ characters"):
        words().short(facts(NoticeKind.UPDATE), "en", code=CODE, link=True, fits=lambda text: len(text) < 100, now=NOW)


def test_the_sentences_go_in_the_order_of_the_catalogue() -> None:
    given = facts(NoticeKind.IDENTIFIED, cause="change", advice=("use_web",), free_text={"en": "Extra."})
    seen: list[str] = []

    def never(text: str) -> bool:
        seen.append(text)
        return False

    with pytest.raises(CannotFit):
        words().short(given, "en", code=CODE, link=False, fits=never, now=NOW)

    parts = {
        "free": "Extra.",
        "advice": "Try our website",
        "third": ", Website.",
        "second": ", Mobile app",
        "cause": "A change",
        "works": "Still working",
    }
    assert [[name for name, part in parts.items() if part in text] for text in seen] == [
        ["free", "advice", "third", "second", "cause", "works"],
        ["advice", "third", "second", "cause", "works"],
        ["third", "second", "cause", "works"],
        ["second", "cause", "works"],
        ["cause", "works"],
        ["works"],
        [],
    ]


def test_page_facts_are_carried_by_the_words() -> None:
    assert isinstance(words().facts, PageFacts)
    assert words().facts.names == SHORT_NAMES
