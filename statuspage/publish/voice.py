"""What the bank's phone line says now, per language: as plain text, and as TwiML for a line that Twilio or a compatible service runs.

TwiML: https://www.twilio.com/docs/voice/twiml. Nothing here depends on when it is made, so the files stay the same bytes until
something else is to be said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from statuspage.core.vocabulary import Impact
from statuspage.publish.snapshot import Snapshot, Subject, said, said_in
from statuspage.publish.wording import Wording

AT_ONCE = 3  # statements of about 20 s each; the others are counted
SPEAKERS = {"en": "en-GB", "es": "es-ES", "nl": "nl-NL", "fr": "fr-FR", "de": "de-DE"}
_GRAVEST_FIRST = tuple(reversed(Impact))


class Sentence(NamedTuple):
    """Words, and the language they are in: where a statement is missing in the caller's, it is said in the page's own.

    key   the caller is told to press a key: not to be said where nobody takes it
    """

    language: str
    text: str
    key: bool = False


class Speech(NamedTuple):
    """`menu` is where the line goes on and takes the key that a caller presses; "" if nowhere."""

    sentences: tuple[Sentence, ...]
    menu: str


def speech_of(snapshot: Snapshot, wording: Wording, language: str) -> Speech:
    """What a caller hears: each open incident, gravest first, then work under way, or how things are; then fraud warnings."""
    begin, end = wording.spoken_frame(language)
    state = list(_statements(snapshot, language))
    if not state:
        state.append(Sentence(language, wording.text(f"headline.{snapshot.status.sentence.value}", language) + "."))
    told = [*state, *_warnings(snapshot, language)]
    rest = [Sentence(language, wording.text("voice_more", language, n=len(told) - AT_ONCE))] if len(told) > AT_ONCE else []
    return Speech((Sentence(language, begin, key=True), *told[:AT_ONCE], *rest, Sentence(language, end)), snapshot.page.phone_menu)


def text(speech: Speech) -> bytes:
    """One statement a line, the key for lost cards first: the phone system that reads this aloud has a menu of its own."""
    return "\n".join((*(one.text for one in speech.sentences), "")).encode()


def twiml(speech: Speech) -> bytes:
    """With a menu, it gets the key that is pressed while the text is spoken, and the call afterwards; without, no key is offered."""
    answer = Element("Response")
    into = SubElement(answer, "Gather", numDigits="1", action=speech.menu) if speech.menu else answer
    for one in speech.sentences:
        if speech.menu or not one.key:
            SubElement(into, "Say", language=SPEAKERS.get(one.language, one.language)).text = one.text
    if speech.menu:
        SubElement(answer, "Redirect").text = speech.menu
    return bytes(tostring(answer, encoding="utf-8", xml_declaration=True))


def _statements(snapshot: Snapshot, language: str) -> Iterator[Sentence]:
    incidents = sorted(snapshot.open_incidents, key=lambda one: _GRAVEST_FIRST.index(one.impact))
    default = snapshot.page.default_language
    subjects: tuple[Subject, ...] = (*incidents, *snapshot.active_maintenances)
    for subject in subjects:
        named = Sentence(said_in(subject.titles, language, default), _titled(said(subject.titles, language, default)))
        yield _spoken(snapshot, subject.id, language) or named


def _warnings(snapshot: Snapshot, language: str) -> Iterator[Sentence]:
    """They too name the key: for who has already given a code away."""
    for warning in snapshot.warnings:
        if found := _spoken(snapshot, warning.id, language):
            yield found._replace(key=True)


def _spoken(snapshot: Snapshot, subject_id: str, language: str) -> Sentence | None:
    texts = snapshot.spoken.get(subject_id, {})
    return next((Sentence(one, texts[one]) for one in (language, snapshot.page.default_language) if texts.get(one)), None)


def _titled(title: str) -> str:
    """A title as a sentence."""
    return title if title.endswith((".", "!", "?")) else title + "."
