"""What goes when a text does not fit, and what never does."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import hypothesis
import pytest
from hypothesis import strategies as st

from statuspage.core.errors import CannotFit
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import NoticeKind
from statuspage.words import Words, load_catalogue, sms
from statuspage.words.fitting import CORE
from tests.words.samples import (
    CODE,
    KINDS,
    LANGUAGES,
    LONG_NAMES,
    NOW,
    VERIFICATION,
    all_slots,
    assert_well_formed,
    choices,
    facts,
    far,
    fits_x,
    long_words,
    words,
)

KINDS_AND_LANGUAGES = list(product(KINDS, LANGUAGES))


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
    reference = load_catalogue().template(("reference",), language).fill(lambda _: CODE)
    coded = LONG.sms(given, language, now=NOW, code=CODE)

    assert coded.endswith(f" {reference}")
    for text in (LONG.sms(given, language, now=NOW), coded):
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
    for given in {(given.symptom, given.late, given.start): given for given in mine}.values():  # all that these forms take in
        check_sms(given, language)
        check_voice(given, language)


VERY_FAR = {"next": NOW + timedelta(days=9, hours=10), "late_until": NOW + timedelta(days=9), "was": NOW - timedelta(days=8)}
WORK = {"start": NOW + timedelta(days=300), "end": NOW + timedelta(days=301)}


BESIDE = Words(replace(LONG.facts, url="https://status-of-the-services.bank-of-long-names-1.example/services"), load_catalogue())


@pytest.mark.parametrize(("kind", "language"), KINDS_AND_LANGUAGES)
def test_a_post_goes_out_however_far_its_moments_and_however_long_its_names_are(kind: NoticeKind, language: str) -> None:
    """All dates far away at once, and a network that counts every letter of a long address."""
    moments = {**VERY_FAR, **(WORK if kind.value.startswith("planned") else {"end": NOW - timedelta(days=9)})}
    combinations = list(choices(kind, all_slots(("notice", kind, "short"))))
    for given in random.Random(kind).sample(combinations, min(3, len(combinations))):
        told = replace(far(given), late=given.late and "waiting", **moments)  # type: ignore[arg-type]
        for spoken, most, link in ((LONG, fits_x, True), (LONG, fits_x, False), (BESIDE, lambda text: len(text) <= 300, True)):
            text = spoken.short(told, language, code=CODE, link=link, fits=most, now=NOW)
            assert most(text)
            assert_well_formed(text)
            named = LONG.moment(told.next, language, now=NOW) if told.next else ""
            for part in (language if kind is not NoticeKind.FRAUD_WARNING else "bank-help", CODE):
                assert part in text
            assert load_catalogue().template(("safety_short",), language).source() in text
            if "{next" in load_catalogue().template(("notice", kind, "short"), language).source():
                assert named.split(" ", 1)[1] in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_weekdays_beside_dates_go_before_anything_that_a_reader_needs(language: str) -> None:
    given = far(facts(NoticeKind.MONITORING, late="waiting", **VERY_FAR))
    whole = LONG.short(given, language, code=CODE, link=True, fits=lambda text: len(text) < 1000, now=NOW)

    text = LONG.short(given, language, code=CODE, link=True, fits=lambda text: len(text) < len(whole) - 3, now=NOW)

    dated = LONG.moment(given.late_until, language, now=NOW)  # type: ignore[arg-type]
    assert dated in whole
    assert dated not in text
    assert dated.split(" ", 1)[1] in text
    assert len(text.split(". ")) == len(whole.split(". ")) - whole.count(". ") + text.count(". ")


def test_a_correction_longer_than_a_post_says_that_there_is_one_and_where() -> None:
    given = facts(
        NoticeKind.CORRECTION, text=dict.fromkeys(LANGUAGES, "Transfers were never affected, and nothing was lost. " * 7), next=None
    )

    text = words().short(given, "en", code=CODE, link=True, fits=fits_x, now=NOW)

    assert text == f"Card payments: Correction. We never ask for your codes. {VERIFICATION}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_shortest_post_still_names_service_state_and_promise(kind: NoticeKind) -> None:
    seen: list[str] = []
    promises = "{next" in load_catalogue().template(("notice", kind, "short"), "en").source()
    told = facts(kind) if promises else facts(kind, next=None)

    with pytest.raises(CannotFit):
        words().short(told, "en", code=CODE, link=True, fits=lambda text: bool(seen.append(text)), now=NOW)

    assert seen[-1] == SHORTEST[kind].format(end=f"We never ask for your codes. {VERIFICATION}")
    assert len(seen[-1]) <= len(seen[-2]) <= len(seen[-3])


SHORTEST = {
    NoticeKind.INVESTIGATING: "Card payments: Card payments are refused. Next update: Mon 14:55 CET. {end}",
    NoticeKind.UPDATE: "Card payments: Card payments are refused. Next update: Mon 14:55 CET. {end}",
    NoticeKind.IDENTIFIED: "Card payments: Card payments are refused. Next update: Mon 14:55 CET. {end}",
    NoticeKind.REOPENED: "Card payments: Card payments are refused. Next update: Mon 14:55 CET. {end}",
    NoticeKind.MONITORING: "Card payments: Working again, still watched. Next update: Mon 14:55 CET. {end}",
    NoticeKind.RESOLVED: "Card payments: Solved. {end}",
    NoticeKind.RESOLVED_AUTO: "Card payments: Solved. {end}",
    NoticeKind.POSTMORTEM: "Card payments: Explained. {end}",
    NoticeKind.PLANNED: "Card payments: Planned. 23 Nov 13:20 CET – 23 Nov 14:35 CET. {end}",
    NoticeKind.PLANNED_STARTED: "Card payments: Work under way. Mon 13:20 CET – Mon 14:35 CET. {end}",
    NoticeKind.PLANNED_LONGER: "Card payments: Work under way. Mon 13:20 CET – Mon 14:35 CET. Next update: Mon 14:55 CET. {end}",
    NoticeKind.PLANNED_OVERDUE: "Card payments: Work under way. Next update: Mon 14:55 CET. {end}",
    NoticeKind.PLANNED_DONE: "Card payments: Work finished. {end}",
    NoticeKind.PLANNED_CANCELLED: "Card payments: Cancelled. 23 Nov 13:20 CET. {end}",
    NoticeKind.CORRECTION: "Card payments: Correction. Next update: Mon 14:55 CET. {end}",
    NoticeKind.FRAUD_WARNING: "Fraud warning: bank-help[.]example. {end}",
}


def test_all_symptoms_causes_advice_and_waiting_sentences_are_among_the_combinations() -> None:
    catalogue = load_catalogue()

    assert {given.symptom for given, _ in EVERYTHING} >= set(catalogue.keys("symptom"))
    assert {given.cause for given, _ in EVERYTHING} >= set(catalogue.keys("cause"))
    assert {key for given, _ in EVERYTHING for key in given.advice} == set(catalogue.keys("advice"))
    assert {given.late for given, _ in EVERYTHING} >= set(catalogue.keys("late"))
    assert {given.kind for given, _ in EVERYTHING} == set(KINDS)


def test_a_free_text_that_does_not_fit_a_post_goes_before_anything_else() -> None:
    given = facts(NoticeKind.UPDATE, free_text={"en": "A long addition of a person. " * 8})
    bare = replace(given, free_text={})

    assert words().short(given, "en", code=CODE, link=True, fits=fits_x, now=NOW) == words().short(
        bare, "en", code=CODE, link=True, fits=fits_x, now=NOW
    )


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
        "looking": "Cause found",
    }
    assert [[name for name, part in parts.items() if part in text] for text in seen] == [
        ["free", "advice", "third", "second", "cause", "works", "looking"],
        ["advice", "third", "second", "cause", "works", "looking"],
        ["third", "second", "cause", "works", "looking"],
        ["second", "cause", "works", "looking"],
        ["cause", "works", "looking"],
        ["works", "looking"],
        ["looking"],
        ["looking"],  # moments without weekdays: none here has a date
        [],
        [],
    ]


@hypothesis.given(st.sampled_from(KINDS), st.sampled_from(LANGUAGES), st.integers(60, 400))
def test_what_was_left_out_of_a_fitted_text_is_named(kind: NoticeKind, language: str, most: int) -> None:
    """Nothing was left out of the whole text, and the shortest form stands alone."""
    given_facts = replace(facts(kind), free_text={language: "OK."})

    def short(fits: Callable[[str], bool]) -> str:
        return words().short(given_facts, language, code=CODE, link=True, fits=fits, now=NOW)

    try:
        text = short(lambda text: len(text) <= most)
    except CannotFit:
        return

    gone = words().left_out(given_facts, language, text, code=CODE, sms_form=False, now=NOW)

    assert (gone == ()) is (text == short(lambda _: True))
    assert gone == () or gone == (CORE,) or gone[0] == "free_text", "a person's own words go first"
