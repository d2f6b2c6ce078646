"""The catalogue is loaded whole or not at all; a missing language is no fault of the others."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from statuspage.core.errors import InvalidText
from statuspage.core.vocabulary import ComponentStatus, IncidentStatus, MaintenanceStatus
from statuspage.words import CatalogueError, MissingTranslation, load_catalogue, parse_catalogue, sms
from statuspage.words.source import data_bytes
from tests.words.samples import KINDS, LANGUAGES


def changed(*path: str, value: Any = None, drop: bool = False) -> bytes:
    """The bytes of the catalogue with one place set to `value`, or dropped."""
    data = yaml.safe_load(data_bytes("notices.yaml"))
    node = data
    for key in path[:-1]:
        node = node[key]
    if drop:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode()


def test_the_catalogue_of_the_product_is_complete_in_five_languages() -> None:
    catalogue = load_catalogue()

    assert set(catalogue.languages) == set(LANGUAGES)
    assert catalogue.missing(LANGUAGES) == []
    assert sum(len(texts) for texts in catalogue.texts.values()) == 128 * len(LANGUAGES)


def test_every_status_and_phase_has_a_name_in_every_language() -> None:
    catalogue = load_catalogue()

    assert set(catalogue.keys("state_name")) == set(ComponentStatus)
    assert {*IncidentStatus, *MaintenanceStatus} <= set(catalogue.keys("phase_name"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_of_a_kind_has_the_same_slots_in_all_languages(kind: str) -> None:
    catalogue = load_catalogue()
    for form in catalogue.keys("notice", kind):
        texts = catalogue.texts["notice", kind, form]

        assert len({template.slots for template in texts.values()}) == 1, form


def test_the_header_of_the_catalogue_points_only_to_documents_of_the_project() -> None:
    header = data_bytes("notices.yaml").decode().split("drop_first:", 1)[0]

    assert [word for word in header.split() if ".md" in word] == ["docs/words.md."]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_short_safety_line_fits_and_is_gsm(language: str) -> None:
    line = load_catalogue().template(("safety_short",), language).source()

    assert len(line) <= 45
    assert sms.is_gsm(line)


def test_a_missing_language_is_named_and_does_not_invalidate_the_catalogue() -> None:
    catalogue = parse_catalogue(changed("symptom", "atm", "fr", drop=True))

    assert catalogue.missing(LANGUAGES) == ["symptom.atm.fr"]
    with pytest.raises(MissingTranslation, match=r"symptom\.atm does not exist in 'fr'; it exists in: de, en, es, nl"):
        catalogue.template(("symptom", "atm"), "fr")


def test_an_unknown_key_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(InvalidText, match=r"no symptom\.nothing\. Allowed: login, slow"):
        load_catalogue().template(("symptom", "nothing"), "en")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (changed("drop_first", value=["advice", "works", "cause"]), "drop_first"),
        (changed("drop_first", value=["advice", "works", "cause", "safety_short"]), "drop_first"),
        (changed("safety", drop=True), "the section 'safety' is missing"),
        (changed("jokes", value={"en": "x"}), "the section 'jokes' is not known"),
        (changed("notice", "update", "short", "fr", value="Rien. {safety_short} {url}"), r"notice\.update\.short\.fr: slots"),
        (changed("notice", "update", "short", "fr", value="{"), r"notice\.update\.short\.fr: a brace"),
        (changed("notice", "update", drop=True), "notice.update is missing"),
        (changed("notice", "update", "sms", drop=True), "notice.update: page, short, voice found"),
        (changed("notice", "update", "title", value={"en": "Title"}), "exactly these forms"),
        (changed("notice", "rumour", value={"page": {"en": "x"}}), "notice.rumour is not known"),
        (changed("safety_short", "en", value="We never ask for your codes, not even when asked."), "at most 45"),
        (changed("safety_short", "es", value="Nunca pedimos su contraseña, ¡jamás!"), "á found"),
        (changed("symptom", "card", "es", value="Los pagos con tarjeta están parados."), r"symptom\.card\.es: á found"),
        (changed("notice", "update", "sms", "fr", value="ê {bank} {symptom} {start} {works_line} {next} {safety_short}"), "ê found"),
        (changed("symptom", "card", value=dict.fromkeys(LANGUAGES, "{phone} x.")), "Allowed here: scheme"),
        (changed("cause", "busy", "en", value=""), r"cause\.busy\.en: ''"),
        (changed("cause", "busy", "en", value="Two  spaces."), "double spaces"),
        (changed("cause", "busy", "en", value=5), r"cause\.busy\.en: 5"),
        (changed("cause", "busy", value="Text."), "a text per language"),
        (changed("state_name", "unknown", drop=True), "state_name.unknown is missing"),
        (changed("phase_name", "monitoring", drop=True), "phase_name.monitoring is missing"),
        (b"- a list", "a mapping of sections"),
        (b"a: [", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"a: 1\na: 2", "line 2: the key 'a' stands there twice"),
        (b"1: a", "the key 1 is not a text"),
    ],
)
def test_a_wrong_catalogue_is_refused_and_says_where(raw: bytes, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        parse_catalogue(raw)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    data = yaml.safe_load(changed("cause", "busy", "en", value=""))
    data["symptom"]["atm"]["de"] = "{"

    with pytest.raises(CatalogueError, match=r"(?s)symptom\.atm\.de.*cause\.busy\.en"):
        parse_catalogue(yaml.safe_dump(data, allow_unicode=True).encode())
