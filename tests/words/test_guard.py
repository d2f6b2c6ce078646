"""Guard rails: what a person's text, or a value, may not do to customers."""

from __future__ import annotations

import unicodedata
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.errors import InvalidText
from statuspage.core.vocabulary import NoticeKind
from statuspage.words import load_catalogue
from statuspage.words.characters import ALLOWED, LETTERS
from statuspage.words.guard import check_fake, digests, guard
from tests.words.payloads import ASKING, CONTROL, GOOD, HEADERS, INVISIBLE, LINKS, LOOK_ALIKES, PHONES
from tests.words.samples import INCIDENT_URL, LANGUAGES, NOW, facts, page, words

OWN = ("status.example.com", "www.example.com")


def check(text: str) -> None:
    guard(text, own_hosts=OWN)


@pytest.mark.parametrize("text", GOOD)
def test_ordinary_sentences_pass(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", LINKS)
def test_anything_that_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(InvalidText, match=r"text: .*found.*The text was not taken"):
        check(text)


@pytest.mark.parametrize("host", ["bit.ly", "t.co", "tinyurl.com"])
def test_a_shortener_is_refused_even_as_an_own_host(host: str) -> None:
    with pytest.raises(InvalidText, match="an address"):
        guard(f"See https://{host}/abc", own_hosts=(host,))


def test_loopback_hosts_may_be_plain_and_on_a_port() -> None:
    guard("See http://127.0.0.1:8080/u/K7Q2MXP and http://localhost:99/x.", own_hosts=("127.0.0.1", "localhost"))

    with pytest.raises(InvalidText):
        guard("See http://127.0.0.1:8080/u/K7Q2MXP", own_hosts=OWN)


@pytest.mark.parametrize("text", PHONES)
def test_telephone_numbers_are_refused(text: str) -> None:
    with pytest.raises(InvalidText, match=r"telephone number|taken for another"):
        check(text)


@pytest.mark.parametrize("text", ASKING)
def test_asking_for_a_secret_is_refused_in_five_languages(text: str) -> None:
    with pytest.raises(InvalidText, match="asks customers for a secret"):
        check(text)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_letters_that_look_like_others_are_refused(text: str) -> None:
    with pytest.raises(InvalidText, match=r"U\+[0-9A-F]{4,} .*found at place \d+|U\+[0-9A-F]{4,}\) found"):
        check(text)


@pytest.mark.parametrize("sign", INVISIBLE, ids=lambda sign: f"U+{ord(sign):04X}")
def test_invisible_signs_and_changes_of_direction_are_refused(sign: str) -> None:
    with pytest.raises(InvalidText, match=f"U\\+{ord(sign):04X}"):
        check(f"a{sign}b")


# --- every field -------------------------------------------------------------------------------------------------------


def speak(field: str, value: str) -> None:
    """Put a value where the outside puts it: into the page's facts or into those of a notice."""
    in_page = {
        "name": lambda: words(names={"cards": {"en": value}}),
        "bank": lambda: words(bank=value[:20]),
        "phone": lambda: words(phone=value),
        "url": lambda: words(url=f"https://status.example.com/{value}"),
    }
    if field in in_page:
        in_page[field]()
        return
    changes: dict[str, object] = {field: value if field in ("scheme", "fake") else {"en": value}}
    kind = NoticeKind.FRAUD_WARNING if field == "fake" else NoticeKind.CORRECTION
    words().page(facts(kind, **changes), "en", url=INCIDENT_URL, now=NOW)


FIELDS = ["name", "bank", "phone", "url", "scheme", "fake", "wrong", "text", "free_text"]


@pytest.mark.parametrize(("field", "sign"), list(product(FIELDS, CONTROL)), ids=lambda value: ascii(value))
def test_control_characters_surrogates_and_non_characters_are_refused_in_every_field(field: str, sign: str) -> None:
    """A13, on the way in: 8 characters x 9 fields."""
    with pytest.raises(InvalidText):
        speak(field, f"ab{sign}cd")


@pytest.mark.parametrize(("field", "payload"), list(product(FIELDS, HEADERS)), ids=lambda value: ascii(value))
def test_headers_and_log_lines_cannot_be_slipped_in(field: str, payload: str) -> None:
    """X29: 20 payloads x 9 fields."""
    with pytest.raises(InvalidText):
        speak(field, f"Cards{payload}")


def test_the_counts_of_payloads_are_reached() -> None:
    assert len(set(CONTROL)) == 8
    assert len(set(HEADERS)) == 20
    assert len(FIELDS) >= 8


@pytest.mark.parametrize("field", ["name", "bank", "scheme", "wrong", "text", "free_text"])
@pytest.mark.parametrize("value", ["evil.com", "Send your PIN", "900 123 456", "Bаnk"])
def test_every_field_that_is_typed_is_behind_the_rails(field: str, value: str) -> None:
    with pytest.raises(InvalidText):
        speak(field, value)


# --- sentences that pass, messages, false names --------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_the_catalogue_pass_by_digest(language: str) -> None:
    catalogue, own = load_catalogue(), {"phone": "900 123 456", "contact": page().contact_url}
    for family in ("advice", "cause"):
        for key in catalogue.keys(family):
            words().guard(catalogue.template((family, key), language).fill(own.__getitem__))
    words().guard(catalogue.template(("safety",), language).fill(lambda _: page().url))


def test_the_banks_number_passes_in_its_own_sentence_only() -> None:
    words().guard("We are sorry. Lost card or fraud? Call 900 123 456.")
    with pytest.raises(InvalidText, match="telephone number"):
        words().guard("Call 900 123 456. Or 900 123 457.")
    with pytest.raises(InvalidText, match="telephone number"):
        words().guard("Lost card or fraud? Call 900 123 457.")


def test_a_sentence_of_the_catalogue_does_not_hide_what_stands_around_it() -> None:
    known = digests(["Try our app instead."])

    with pytest.raises(InvalidText, match="asks customers"):
        guard("Try our app instead. Send us your password.", own_hosts=OWN, known=known)


def test_a_message_says_where_what_and_what_is_allowed() -> None:
    with pytest.raises(InvalidText) as links:
        guard("See https://evil.example/x now", own_hosts=OWN, where="free text in 'fr'")
    with pytest.raises(InvalidText) as letters:
        guard("Bаnk", own_hosts=OWN, where="page.bank")

    assert str(links.value) == (
        "free text in 'fr': an address with its protocol found: 'https://evil.example/x'. "
        "Links allowed: https://status.example.com/..., https://www.example.com/...; after a full stop comes a space. "
        "The text was not taken."
    )
    assert str(letters.value).startswith(
        "page.bank: a letter or digit that can be taken for another (U+0430 CYRILLIC SMALL LETTER A) found at place 2."
    )


@pytest.mark.parametrize(
    "name", ["bank-help[.]example", "NatWest_Quick", "Example Bank Help", "bank[.]help[.]example", "Exampel Bank S.L."]
)
def test_a_false_name_that_nobody_can_follow_passes(name: str) -> None:
    check_fake(name)


@pytest.mark.parametrize(
    "name",
    [
        "bank-help.example",
        "https://bank-help[.]example",
        "@NatWest_Quick",
        "www[.]evil[.]com",
        "evil[.]com/login.php",
        "t.co/x",
        "",
        " ",
        "x" * 58,
        "bank\u2024help",
        "a:b/c",
        "bаnk[.]example",
        "mail@bank[.]example",
    ],
)
def test_a_false_name_that_a_network_could_link_is_refused(name: str) -> None:
    with pytest.raises(InvalidText, match="fake"):
        check_fake(name)


@given(st.text())
def test_whatever_passes_is_made_of_allowed_characters_only(text: str) -> None:
    try:
        check(text)
    except InvalidText:
        return
    assert set(text) <= ALLOWED | {letter for letter in text if letter not in ALLOWED and _composed_away(text, letter)}


def _composed_away(text: str, letter: str) -> bool:
    """True if the letter is a mark or a form that composition turns into an allowed letter."""
    return letter not in unicodedata.normalize("NFC", text)


@given(st.lists(st.sampled_from([*sorted(LETTERS), " "]), max_size=40).map("".join))
def test_letters_alone_are_refused_for_their_meaning_only(text: str) -> None:
    try:
        check(text)
    except InvalidText as fault:
        assert "asks customers" in str(fault) or "telephone" in str(fault)


@given(st.text(max_size=3000))
def test_the_rails_answer_any_text_with_yes_or_invalid_text(text: str) -> None:
    try:
        check(text)
    except InvalidText as fault:
        assert str(fault)


def test_a_text_of_any_length_beyond_the_limit_is_refused_unread() -> None:
    check("a" * 2_000)
    with pytest.raises(InvalidText, match="2001 characters found; at most 2000"):
        check("a" * 2_001)
    with pytest.raises(InvalidText, match="10000000 characters found"):
        check("a-" * 5_000_000)
