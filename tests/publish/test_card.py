"""Notices as pictures: whole, readable on a phone, told apart without colour, the same bytes every time."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import partial
from itertools import combinations

import pytest
from PIL import Image, ImageChops, ImageDraw

from statuspage.core.vocabulary import NoticeKind
from statuspage.publish import card as cards
from statuspage.publish.card import TONES, Card, Tone, alternative, bare_words, draw
from statuspage.publish.shapes import draw_shape
from statuspage.words.catalogue import load_catalogue
from tests.publish.drawing import written

WORDS = {
    "en": "International instant transfers: not working since Mon 14:35 CET. We are looking for the cause.\n\nDo not repeat payments.",
    "es": "Transferencias inmediatas internacionales: no funcionan desde el lun 14:35 CET. Buscamos la causa.\n\nNo repita pagos.",
    "nl": "Internationale directe overboekingen: werken niet sinds ma 14:35 CET. We zoeken de oorzaak.\n\nHerhaal geen betalingen.",
    "fr": "Authentification forte à l’ouverture de session dans « Espace Entreprises & Professions libérales » : ne fonctionne pas.",
    "de": "Echtzeitüberweisungsauftragsbestätigungen und Unternehmenskundenanmeldeverfahren funktionieren nicht. Beginn: Mo 14:35 MEZ.",
}
CARD = Card("Example Bank", "#0b3d6e", Tone.TROUBLE, "Being looked into", WORDS["en"], "status.example.com/u/K7Q2M3X")


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("kind", [NoticeKind.INVESTIGATING, NoticeKind.MONITORING, NoticeKind.FRAUD_WARNING, NoticeKind.PLANNED_DONE])
def test_every_word_stands_on_the_card_inside_its_edges(monkeypatch: pytest.MonkeyPatch, language: str, kind: NoticeKind) -> None:
    state = load_catalogue().template(("phase_name", kind.phase), language).source()
    bank = "Gemeinschaftsbank Norddeutschland"

    lines = written(
        monkeypatch, partial(draw, replace(CARD, bank=bank, tone=TONES.get(kind, Tone.TROUBLE), state=state, words=WORDS[language]))
    )

    shown = "".join(line for line, _, _ in lines).replace("-", "").replace(" ", "")
    for expected in (bank, state, *WORDS[language].split(), CARD.address):
        assert expected.replace("-", "").replace(" ", "") in shown
    assert all(size >= 26 for _, size, _ in lines)
    assert all(left >= 0 and top >= 0 and right <= cards.WIDTH and bottom <= cards.HEIGHT for _, _, (left, top, right, bottom) in lines)


def test_what_does_not_fit_ends_in_an_ellipsis_above_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written(monkeypatch, partial(draw, replace(CARD, words="A first sentence.\n\n" + "And a long addition by a person. " * 60)))

    body = lines[2:-1]
    assert body[-1][0].endswith("…")
    assert max(box[3] for _, _, box in body) <= cards.HEIGHT - cards.FOOT
    assert min(size for _, size, _ in body) == cards.SMALLEST


def test_a_card_is_a_jpeg_of_a_shape_that_networks_take_and_always_the_same_bytes() -> None:
    first, again = draw(CARD), draw(CARD)

    with Image.open(io.BytesIO(first)) as image:
        assert (image.format, image.size) == ("JPEG", (1080, 1350))
    assert first == again
    assert len(first) < 1_000_000


def test_emoji_and_marks_without_a_letter_are_left_out_and_accents_apart_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written(monkeypatch, partial(draw, replace(CARD, words="⚠️ Cafe\u0301 \u202ecerrado\u202c 👨‍👩‍👧.")))

    assert "Café cerrado" in "".join(line for line, _, _ in lines)


@pytest.mark.parametrize("tone", Tone)
def test_white_on_every_colour_of_state_is_readable(tone: Tone) -> None:
    parts = [int(str(tone)[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]

    assert 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05) >= 4.5


def test_states_are_told_apart_by_their_shapes_alone() -> None:
    drawn = {}
    for tone in Tone:
        drawn[tone] = Image.new("L", (100, 100), 0)
        draw_shape(ImageDraw.Draw(drawn[tone]), tone.name, (5, 5), 90, "#000000")

    for one, other in combinations(Tone, 2):
        differing = ImageChops.difference(drawn[one], drawn[other]).histogram()[255]
        assert differing > 500, f"{one.name} looks like {other.name}"


def test_the_logo_stands_before_the_name() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (600, 200), (255, 0, 0, 255)).save(stream, "PNG")

    with Image.open(io.BytesIO(draw(replace(CARD, logo=stream.getvalue())))) as image:
        red, green, blue = image.convert("RGB").getpixel((cards.MARGIN + 40, cards.BAND // 2))  # type: ignore[misc]
    assert (red > 240, green < 20, blue < 20) == (True, True, True)


def test_every_kind_of_notice_has_a_word_in_every_language() -> None:
    catalogue = load_catalogue()
    for kind in set(NoticeKind) - {NoticeKind.ALARM}:
        for language in catalogue.languages:
            assert catalogue.template(("phase_name", kind.phase), language).source()


@pytest.mark.parametrize(
    "tail", ["https://status.bank.es/u/K7Q2M3X", "Ref K7Q2M3X", "Ref. K7Q2M3X", "Kenmerk K7Q2M3X", "Réf. K7Q2M3X", "Ref.-Nr. K7Q2M3X"]
)
def test_the_alternative_is_the_words_of_the_notice(tail: str) -> None:
    text = f"Pagos con tarjeta: no funcionan.\n\nPróxima información: 15:05 CET. {tail}"

    assert bare_words(text, "K7Q2M3X") == "Pagos con tarjeta: no funcionan.\n\nPróxima información: 15:05 CET."
    assert alternative(text, "K7Q2M3X") == "Pagos con tarjeta: no funcionan. Próxima información: 15:05 CET."
    assert len(alternative(text * 20, "K7Q2M3X")) <= 500
    assert re.search(r"\w…$", alternative("palabra " * 200, "K7Q2M3X"))
